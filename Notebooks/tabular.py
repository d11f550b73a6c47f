# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Four scikit-learn models
#
# Ordinary pipelines, trained in floats and exported by skl2onnx as anyone would. Nothing here knows about encryption or
# integers: `blindsight plan` quantizes the files afterwards, with the calibration data that this notebook writes.
#
#     python Notebooks/tabular.py --output Models --data out/data
#
# | file | data | pipeline |
# |---|---|---|
# | `logistic.onnx` | breast cancer | scaler, logistic regression |
# | `sigmoid-mlp.onnx` | breast cancer | scaler, 16 sigmoid neurons, one output |
# | `svm.onnx` | wine | scaler, support vectors with a quadratic kernel |
# | `regression.onnx` | diabetes | scaler, ridge regression |

# %%
import argparse
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import data

parser = argparse.ArgumentParser(description="Trains and exports the scikit-learn models.")
parser.add_argument("--output", default="Models", help="folder for the ONNX files")
parser.add_argument("--data", default="out/data", help="folder for calibration and test data")
arguments, _ = parser.parse_known_args([] if "ipykernel" in sys.modules else None)
os.makedirs(arguments.output, exist_ok=True)
warnings.simplefilter("ignore", FutureWarning)  # skl2onnx reads attributes of SVC that scikit-learn will drop

# %% [markdown]
# The MLP's penalty `alpha` keeps its sigmoids where they are smooth, which also serves accuracy on so few samples. The
# kernel is (x.y / 13 + 1)^2, and `C` was chosen by cross-validation on the training split. With "ovo" the file holds the
# three one-against-one scores as they are.

# %%
MODELS = {
    "logistic": (data.breast_cancer, LogisticRegression()),
    "sigmoid-mlp": (
        data.breast_cancer,
        MLPClassifier((16,), activation="logistic", alpha=0.1, solver="lbfgs", max_iter=1000, random_state=data.SEED),
    ),
    "svm": (
        data.wine,
        SVC(kernel="poly", degree=2, gamma=1 / 13, coef0=1.0, C=0.1, decision_function_shape="ovo"),
    ),
    "regression": (data.diabetes, Ridge(alpha=1.0)),
}


# %%
def export(path, pipeline, features):
    options = {"zipmap": False} if is_classifier(pipeline) else None
    model = to_onnx(
        pipeline,
        initial_types=[("features", FloatTensorType([None, features]))],
        options={id(pipeline): options} if options else None,
        target_opset={"": 18, "ai.onnx.ml": 3},
    )
    onnx.checker.check_model(model, full_check=True)
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    return [node.op_type for node in model.graph.node]


for name, (load, estimator) in MODELS.items():
    splits = load()
    train, train_labels, test, test_labels = splits
    pipeline = make_pipeline(StandardScaler(), estimator).fit(train, train_labels)
    path = os.path.join(arguments.output, f"{name}.onnx")
    operators = export(path, pipeline, train.shape[1])
    data.write(arguments.data, name, splits)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answers = session.run(None, {"features": test})[0]
    if is_classifier(pipeline):
        assert (answers == pipeline.predict(test)).all()
        score = f"test accuracy {np.mean(answers == test_labels):.2%}"
    else:
        score = f"test R^2 {r2_score(test_labels, answers[:, 0]):.4f}"
    print(f"{path}: {os.path.getsize(path)} bytes, {score}")
    print("  operators:", " ".join(operators))
