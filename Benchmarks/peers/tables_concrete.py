"""A quantized network 64-32-10 with ReLU on scikit-learn's digits under Concrete ML, 4 bits, everything serialized.

    tables_concrete.py SAMPLES
"""

import os
import sys

samples = int(sys.argv[1])
os.environ.update(OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1")

import json  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from concrete.ml.deployment import FHEModelClient, FHEModelDev, FHEModelServer  # noqa: E402
from concrete.ml.sklearn import NeuralNetClassifier  # noqa: E402
from concrete.ml.version import __version__ as version  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402

torch.manual_seed(1)
images, labels = load_digits(return_X_y=True)
train, test, train_labels, test_labels = train_test_split(
    images.astype(np.float32), labels.astype(np.int64), test_size=450, random_state=1, stratify=labels)


def timed(operation, *arguments):
    """On one core: processor time of all threads, which other programs on the machine add little to."""
    start = time.process_time()
    result = operation(*arguments)
    return result, time.process_time() - start


model = NeuralNetClassifier(
    module__n_layers=2, module__n_hidden_neurons_multiplier=0.5, module__activation_function=torch.nn.ReLU,
    module__n_w_bits=4, module__n_a_bits=4, module__n_accum_bits=16, module__n_prune_neurons_percentage=0.0,
    max_epochs=60, verbose=0)
model.fit(train, train_labels)
quantized = model.predict(test)
_, compiling = timed(model.compile, train)
with tempfile.TemporaryDirectory() as work:
    files, keys = os.path.join(work, "files"), os.path.join(work, "keys")
    FHEModelDev(path_dir=files, model=model).save()
    client, server = FHEModelClient(path_dir=files, key_dir=keys), FHEModelServer(path_dir=files)
    server.load()
    _, making = timed(client.generate_private_and_evaluation_keys)
    evaluation = client.get_serialized_evaluation_keys()
    times, wrong = [], 0
    for k in range(samples):
        request = client.quantize_encrypt_serialize(test[k : k + 1])
        reply, taken = timed(server.run, request, evaluation)
        times.append(taken)
        wrong += int(np.argmax(client.deserialize_decrypt_dequantize(reply)) != quantized[k])
print("\n" + json.dumps({
    "version": version, "samples": samples, "seconds": statistics.median(times), "compile_seconds": compiling,
    "keygen_seconds": making, "key_bytes": len(evaluation), "request_bytes": len(request),
    "encrypted_unlike_quantized": wrong, "accuracy": float((quantized == test_labels).mean()),
    "neurons": [int(layer.weight.shape[0]) for layer in model.base_module.modules() if hasattr(layer, "weight")
                and getattr(layer, "weight", None) is not None],
}))
