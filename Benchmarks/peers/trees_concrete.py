"""One model of trees under Concrete ML, 6 bits, through its client and server with everything serialized.

    trees_concrete.py FOLDER 10x3 SAMPLES

FOLDER is trees_model.py's. Concrete ML brings an old XGBoost, so it trains the model again, with the same parameters.
"""

import os
import sys

folder, size, samples = sys.argv[1], sys.argv[2], int(sys.argv[3])
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
from concrete.ml.deployment import FHEModelClient, FHEModelDev, FHEModelServer  # noqa: E402
from concrete.ml.sklearn import XGBClassifier  # noqa: E402
from concrete.ml.version import __version__ as version  # noqa: E402

trees, depth = map(int, size.split("x"))
load = lambda name: np.load(os.path.join(folder, f"{name}.npy"))  # noqa: E731
train, test, labels = load("train"), load("test"), load("test-labels")


def timed(operation, *arguments):
    """On one core: processor time of all threads, which other programs on the machine add little to."""
    start = time.process_time()
    result = operation(*arguments)
    return result, time.process_time() - start


model = XGBClassifier(
    n_bits=6, n_estimators=trees, max_depth=depth, max_bin=64, tree_method="hist", base_score=0.5, n_jobs=1,
    random_state=1)
model, float_model = model.fit_benchmark(train, load("train-labels"))
float_labels, quantized = float_model.predict(test), model.predict(test)
_, compiling = timed(model.compile, train)
with tempfile.TemporaryDirectory() as work:
    files, keys = os.path.join(work, "files"), os.path.join(work, "keys")
    FHEModelDev(path_dir=files, model=model).save()
    client, server = FHEModelClient(path_dir=files, key_dir=keys), FHEModelServer(path_dir=files)
    server.load()
    _, making = timed(client.generate_private_and_evaluation_keys)
    evaluation = client.get_serialized_evaluation_keys()
    times, encrypting, decrypting, wrong = [], [], [], 0
    for k in range(samples):
        request, taken = timed(client.quantize_encrypt_serialize, test[k : k + 1])
        encrypting.append(taken)
        reply, taken = timed(server.run, request, evaluation)
        times.append(taken)
        answer, taken = timed(client.deserialize_decrypt_dequantize, reply)
        decrypting.append(taken)
        wrong += int(np.argmax(answer) != quantized[k])
print("\n" + json.dumps({
    "version": version, "samples": samples, "seconds": statistics.median(times), "compile_seconds": compiling,
    "keygen_seconds": making, "encrypt_seconds": statistics.median(encrypting),
    "decrypt_seconds": statistics.median(decrypting), "key_bytes": len(evaluation), "request_bytes": len(request),
    "reply_bytes": len(reply), "encrypted_unlike_quantized": wrong, "accuracy": float((quantized == labels).mean()),
    "agreement": float((quantized == float_labels).mean()),
    "float_like_ours": float((float_labels == load(f"{size}-labels")).mean()),
    "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
