"""One logistic regression of scikit-learn through one library's Python, on one core.

    logistic.py {blindsight,slots,concrete,tenseal} SAMPLES

What a user writes is in four steps, whose lines are counted: the import, the model's compilation, keys, and a sample's
prediction from the clear to the clear. Prints JSON. Times are processor time of all threads, medians over the samples.
"""

import os
import sys

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import importlib  # noqa: E402
import inspect  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
from sklearn.datasets import load_breast_cancer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402


class Blindsight:
    def load(self):
        self.bs = importlib.import_module("blindsight")

    def compile(self, model, X):
        self.plan = self.bs.compile(model, X, function_privacy=0)

    def keys(self):
        self.client = self.bs.Client(self.plan.client)
        self.server = self.bs.PreparedModel(self.plan).server(self.client.evaluation_keys, threads=1)

    def predict(self, sample):
        return self.client.decrypt(self.server.predict(self.client.encrypt(sample))).labels[0]

    def sizes(self, sample):
        request = self.client.encrypt(sample)
        return self.client.evaluation_keys, request, self.server.predict(request)

    def version(self):
        return f"Blindsight, method {self.plan.client.method}"


class Slots(Blindsight):
    def compile(self, model, X):
        self.plan = self.bs.compile(model, X, method="slots", function_privacy=0)


class ConcreteML:
    def load(self):
        self.sklearn = importlib.import_module("concrete.ml.sklearn")

    def compile(self, model, X):
        self.model = self.sklearn.LogisticRegression.from_sklearn_model(model, X, n_bits=8)
        self.circuit = self.model.compile(X)

    def keys(self):
        self.circuit.client.keygen(force=True)

    def predict(self, sample):
        return self.model.predict(sample, fhe="execute")[0]

    def sizes(self, sample):
        sent = self.circuit.encrypt(self.model.quantize_input(sample))
        return (part.serialize() for part in (self.circuit.client.evaluation_keys, sent, self.circuit.run(sent)))

    def version(self):
        from concrete.ml.version import __version__ as version

        return f"Concrete ML {version}, 8 bits"


class TenSEAL:
    def load(self):
        self.ts = importlib.import_module("tenseal")

    def compile(self, model, X):
        self.weights, self.bias = model.coef_[0].tolist(), model.intercept_.tolist()

    def keys(self):
        kind, sizes = self.ts.SCHEME_TYPE.CKKS, [40, 21, 21, 40]
        self.context = self.ts.context(kind, 8192, coeff_mod_bit_sizes=sizes, n_threads=1)
        self.context.global_scale = 2**21
        self.context.generate_galois_keys()

    def predict(self, sample):
        request = self.ts.ckks_vector(self.context, sample[0].tolist())
        reply = request.dot(self.weights) + self.bias
        return int(reply.decrypt()[0] > 0)

    def sizes(self, sample):
        sent = self.ts.ckks_vector(self.context, sample[0].tolist())
        back = sent.dot(self.weights) + self.bias
        return self.context.serialize(save_secret_key=False), sent.serialize(), back.serialize()

    def version(self):
        return f"TenSEAL {self.ts.__version__}, CKKS"


def seconds(operation, *arguments):
    start = time.process_time()
    result = operation(*arguments)
    return time.process_time() - start, result


def main():
    count = int(sys.argv[2])
    run = {"blindsight": Blindsight, "slots": Slots, "concrete": ConcreteML, "tenseal": TenSEAL}[sys.argv[1]]()
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    model = LogisticRegression().fit(X[:400], y[:400])
    importing, _ = seconds(run.load)
    compiling, _ = seconds(run.compile, model, X[:300])
    making, _ = seconds(run.keys)
    times, same = [], 0
    for sample in X[400 : 400 + count]:
        taken, label = seconds(run.predict, sample[None])
        times.append(taken)
        same += int(label == model.predict(sample[None])[0])
    keys, request, reply = (len(data) for data in run.sizes(X[400:401]))
    steps = (run.load, run.compile, run.keys, run.predict)
    lines = sum(1 for step in steps for line in inspect.getsource(step).splitlines()[1:] if line.strip())
    print("\n" + json.dumps({
        "version": run.version(), "lines": lines, "import": importing, "compile": compiling, "keygen": making,
        "sample": statistics.median(times), "keys": keys, "request": request, "reply": reply, "same": same,
        "samples": len(times)}))


if __name__ == "__main__":
    main()
