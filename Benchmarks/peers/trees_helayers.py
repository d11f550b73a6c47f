"""One model of trees under HElayers (CKKS), through its client and server.

    trees_helayers.py FOLDER 10x3 SECONDS

FOLDER is trees_model.py's. The client is given the model's thresholds (`store_thresholds`), which HElayers says is
faster and more accurate. Such models have no free batch size: all slots are filled, with the test samples over and
over. Where its compiler estimates more than SECONDS, the estimate is the result, and nothing is run.
"""

import os
import sys

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import importlib.metadata  # noqa: E402
import json  # noqa: E402
import re  # noqa: E402
import resource  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
import pyhelayers  # noqa: E402

folder, size, most = sys.argv[1], sys.argv[2], float(sys.argv[3])
load = lambda name: np.load(os.path.join(folder, f"{name}.npy"))  # noqa: E731
train, test, labels, float_labels = load("train"), load("test"), load("test-labels"), load(f"{size}-labels")


def timed(operation, *arguments):
    """Of one thread alone: processor time, which other programs on the machine add little to."""
    start = time.process_time()
    result = operation(*arguments)
    return result, time.process_time() - start


hyper = pyhelayers.PlainModelHyperParams()
hyper.store_thresholds = True
plain = pyhelayers.PlainModel.create(hyper, [os.path.join(folder, f"{size}.json")])
requirements = pyhelayers.HeRunRequirements()
requirements.set_he_context_options([pyhelayers.DefaultContext()])
requirements.set_model_encrypted(False)
profile, compiling = timed(pyhelayers.HeModel.compile, plain, requirements)
text = str(profile)
found = re.findall(r"Estimated ([^()]*) \((?:s|MB|samples/s)\): ([0-9.]+)", text)
estimate = {key: float(value) for key, value in found}
common = {
    "version": importlib.metadata.version("pyhelayers"), "batch": profile.get_optimal_batch_size(),
    "estimated_seconds": estimate["predict CPU time"]}
if estimate["predict CPU time"] > most:
    print("\n" + json.dumps({
        **common, "is_estimate": True, "seconds": estimate["predict CPU time"],
        "request_bytes": estimate["input memory"] * 1e6, "reply_bytes": estimate["output memory"] * 1e6,
        "key_bytes": estimate["context memory"] * 1e6,
    }))
    sys.exit()
context, making = timed(pyhelayers.HeModel.create_context, profile)
model = plain.get_empty_he_model(context)
_, encoding = timed(model.encode, plain, profile)
coder, batch = model.create_model_io_encoder(), profile.get_optimal_batch_size()
samples = np.resize(test, (batch, test.shape[1])).astype(np.float64)
request, reply = pyhelayers.EncryptedData(context), pyhelayers.EncryptedData(context)
_, encrypting = timed(coder.encode_encrypt, request, [samples])
sent = request.save_to_buffer()


def serve():
    """From a request's bytes to a reply's."""
    got, made = pyhelayers.EncryptedData(context), pyhelayers.EncryptedData(context)
    got.load_from_buffer(sent)
    model.predict(made, got)
    return made.save_to_buffer()


back, serving = timed(serve)
reply.load_from_buffer(back)
scores, decrypting = timed(coder.decrypt_decode_output, reply)
scores = np.asarray(scores).reshape(batch, -1)[:, 0]
kept = min(batch, len(test))
predicted = (scores[:kept] > 0).astype(int)
print("\n" + json.dumps({
    **common, "seconds": serving,
    "compile_seconds": compiling, "keygen_seconds": making, "encode_seconds": encoding, "encrypt_seconds": encrypting,
    "decrypt_seconds": decrypting, "key_bytes": len(context.save_to_buffer()), "request_bytes": len(sent),
    "reply_bytes": len(back), "accuracy": float((predicted == labels[:kept]).mean()),
    "agreement": float((predicted == float_labels[:kept]).mean()), "compared": kept,
    "security": context.get_security_level(), "slots": context.slot_count(),
    "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
