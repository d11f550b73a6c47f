"""Trains XGBoost on breast cancer, 64 bins, and writes what all that are compared get: FOLDER/TREESxDEPTH and the data.

    trees_model.py FOLDER 10x3,50x3
"""

import json
import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import onnxmltools  # noqa: E402
import onnxruntime  # noqa: E402
import xgboost  # noqa: E402
from onnxmltools.convert.common.data_types import FloatTensorType  # noqa: E402
from sklearn.datasets import load_breast_cancer  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402

folder, sizes = sys.argv[1:]
samples, labels = load_breast_cancer(return_X_y=True)
train, test, train_labels, test_labels = train_test_split(
    samples.astype(np.float32), labels, test_size=0.3, random_state=1, stratify=labels)
os.makedirs(folder, exist_ok=True)
for name, array in (("train", train), ("test", test), ("train-labels", train_labels), ("test-labels", test_labels)):
    np.save(os.path.join(folder, f"{name}.npy"), array)
np.save(os.path.join(folder, "one.npy"), test[:1])
np.save(os.path.join(folder, "batch.npy"), np.resize(test, (8192, test.shape[1])))
found = {}
for size in sizes.split(","):
    trees, depth = map(int, size.split("x"))
    model = xgboost.XGBClassifier(
        n_estimators=trees, max_depth=depth, max_bin=64, tree_method="hist", base_score=0.5, n_jobs=1, random_state=1)
    model.fit(train, train_labels)
    path = os.path.join(folder, size)
    model.save_model(path + ".json")
    types = [("features", FloatTensorType([None, train.shape[1]]))]
    graph = onnxmltools.convert_xgboost(model, initial_types=types, target_opset=15)
    with open(path + ".onnx", "wb") as file:
        file.write(graph.SerializeToString())
    session = onnxruntime.InferenceSession(path + ".onnx", providers=["CPUExecutionProvider"])
    predicted = session.run(None, {"features": test})[0]
    np.save(path + "-labels.npy", predicted)
    table = model.get_booster().trees_to_dataframe()
    splits = table[table.Feature != "Leaf"]
    found[size] = {
        "accuracy": float((predicted == test_labels).mean()), "splits": len(splits),
        "conditions": len(splits[["Feature", "Split"]].drop_duplicates()),
    }
json.dump({"version": xgboost.__version__, "models": found}, sys.stdout)
