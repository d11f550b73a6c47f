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
# # Four models of trees
#
# Gradient boosting and a forest as their libraries train and export them. Nothing here knows about encryption:
# `blindsight plan --trees` does the rest.
#
#     python Notebooks/trees.py --output Models --data out/data [--tabular FOLDER]
#
# | file | data | model |
# |---|---|---|
# | `forest.onnx` | breast cancer | scikit-learn's random forest, 50 trees of depth 5 |
# | `digits-trees.onnx` | digits | LightGBM, ten classes, 50 rounds of trees with 4 leaves |
# | `credit.onnx` | card holders in Taiwan | XGBoost, 50 trees of depth 3 |
# | `income.onnx` | adult census | one-hot encoder of texts, XGBoost, 100 trees of depth 3 |
#
# The tables of the last two hold people's records: without `--tabular`, the folder with `taiwan_credit_card.csv` and
# `adult.csv`, both models are left out. Beside them go made-up samples that anyone may have, drawn from nothing but the
# ranges and the names of categories below. `NAME-labels.csv` has the labels that onnxruntime gives the made-up samples,
# or the test split where the data are scikit-learn's: what encrypted answers are compared with.

# %%
import argparse
import os
import sys

import lightgbm
import numpy as np
import onnx
import onnxmltools
import onnxruntime
import pandas
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as BoostedFloats
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import data

parser = argparse.ArgumentParser(description="Trains and exports the models of trees.")
parser.add_argument("--output", default="Models", help="folder for the ONNX files")
parser.add_argument("--samples", default="Samples", help="folder for the made-up samples")
parser.add_argument("--data", default="out/data", help="folder for calibration and test data")
parser.add_argument("--tabular", default=os.environ.get("TABULAR"), help="folder with the two tables")
arguments, _ = parser.parse_known_args([] if "ipykernel" in sys.modules else None)
os.makedirs(arguments.output, exist_ok=True)
OPSETS = {"": 18, "ai.onnx.ml": 3}


# %%
def write(name, model):
    model.graph.name = name  # some converters write random ones, and operator sets in any order
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    onnx.checker.check_model(model, full_check=True)
    with open(os.path.join(arguments.output, f"{name}.onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


def answers(name, samples):
    """Labels and the second class's probabilities, by onnxruntime."""
    path = os.path.join(arguments.output, f"{name}.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    if hasattr(samples, "columns"):
        kinds = {i.name: np.float32 if "float" in i.type else object for i in session.get_inputs()}
        feeds = {column: samples[column].to_numpy(kind)[:, None] for column, kind in kinds.items()}
    else:
        feeds = {session.get_inputs()[0].name: samples}
    labels, probabilities = session.run(None, feeds)
    return labels, probabilities[:, 1]


def write_labels(name, labels):
    path = os.path.join(arguments.samples, f"{name}-labels.csv")
    np.savetxt(path, labels, fmt="%d", header="label", comments="")


def report(name, splits):
    """Says how good a model is on its test split, and writes that for `blindsight verify`. Returns the labels."""
    _, _, test, test_labels = splits
    data.write(arguments.data, name, splits)
    labels, probabilities = answers(name, test)
    text = f"{name}.onnx: {os.path.getsize(os.path.join(arguments.output, name + '.onnx'))} bytes, test accuracy"
    text += f" {np.mean(labels == test_labels):.2%}"
    print(text + (f", AUC {roc_auc_score(test_labels, probabilities):.4f}" if test_labels.max() == 1 else ""))
    return labels


# %% [markdown]
# ## From scikit-learn's data
#
# Few bins (`max_bin`) mean few thresholds, so that a request holds less and the server rotates less; accuracy doesn't
# suffer. Pixels have 17 values anyway.

# %%
splits = data.breast_cancer()
forest = RandomForestClassifier(50, max_depth=5, random_state=data.SEED).fit(*splits[:2])
types = [("features", FloatTensorType([None, splits[0].shape[1]]))]
write("forest", to_onnx(forest, initial_types=types, options={id(forest): {"zipmap": False}}, target_opset=OPSETS))
write_labels("forest", report("forest", splits))

splits = data.digits()
boosted = lightgbm.LGBMClassifier(
    n_estimators=50, num_leaves=4, learning_rate=0.3, max_bin=16, colsample_bytree=0.5, subsample=0.8,
    subsample_freq=1, min_child_samples=5, n_jobs=1, verbose=-1, random_state=data.SEED,
).fit(*splits[:2])  # fmt: skip
types = [("features", BoostedFloats([None, splits[0].shape[1]]))]
write("digits-trees", onnxmltools.convert_lightgbm(boosted, initial_types=types, target_opset=15, zipmap=False))
write_labels("digits-trees", report("digits-trees", splits))

# %% [markdown]
# ## From people's records
#
# A table with texts takes an input a column, as skl2onnx writes a ColumnTransformer. The census's own weights
# (`fnlwgt`) and countries of birth are left out, and so is `education`, which `education_num` counts.

# %%
BOOSTED = {
    "max_bin": 64, "tree_method": "hist", "subsample": 0.8, "colsample_bytree": 0.8, "min_child_weight": 10,
    "n_jobs": 1, "random_state": data.SEED,
}  # fmt: skip


def train_credit(splits):
    boosted = xgboost.XGBClassifier(n_estimators=50, max_depth=3, learning_rate=0.2, **BOOSTED).fit(*splits[:2])
    types = [("features", BoostedFloats([None, splits[0].shape[1]]))]
    return onnxmltools.convert_xgboost(boosted, initial_types=types, target_opset=15)


def train_income(splits):
    update_registered_converter(
        xgboost.XGBClassifier, "XGBClassifier", calculate_linear_classifier_output_shapes, convert_xgboost,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )  # fmt: skip
    boosted = xgboost.XGBClassifier(n_estimators=100, max_depth=3, learning_rate=0.3, **BOOSTED)
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [("numbers", "passthrough", data.INCOME_NUMBERS), ("texts", texts, data.INCOME_TEXTS)], sparse_threshold=0)
    pipeline = make_pipeline(columns, boosted).fit(*splits[:2])
    types = [(name, FloatTensorType([None, 1])) for name in data.INCOME_NUMBERS]
    types += [(name, StringTensorType([None, 1])) for name in data.INCOME_TEXTS]
    return to_onnx(pipeline, initial_types=types, options={id(boosted): {"zipmap": False}}, target_opset=OPSETS)


# %% [markdown]
# Made-up samples: numbers evenly from their ranges, amounts so that their digits vary, texts evenly from the
# categories. No record was looked at for them, so they are no likely people, and what a model says of them is of no
# use but to compare.

# %%
MADE_UP = 300
CREDIT = {
    "limit_bal": ("amount", 10_000, 1_000_000), "sex": ("whole", 1, 2), "education": ("whole", 0, 6),
    "marriage": ("whole", 0, 3), "age": ("whole", 21, 79),
    **{f"pay_{k}": ("whole", -2, 8) for k in (0, 2, 3, 4, 5, 6)},
    **{f"bill_amt{k}": ("amount", 1, 1_000_000) for k in range(1, 7)},
    **{f"pay_amt{k}": ("amount", 1, 1_000_000) for k in range(1, 7)},
}  # fmt: skip
INCOME = {
    "age": ("whole", 17, 90), "education_num": ("whole", 1, 16), "capital_gain": ("rare", 1, 99_999),
    "capital_loss": ("rare", 1, 4_500), "hours_per_week": ("whole", 1, 99),
    "workclass": ["Private", "Self-emp-not-inc", "Self-emp-inc", "Federal-gov", "Local-gov", "State-gov"],
    "marital_status": ["Married-civ-spouse", "Divorced", "Never-married", "Separated", "Widowed"],
    "occupation": ["Tech-support", "Craft-repair", "Sales", "Exec-managerial", "Prof-specialty", "Adm-clerical", "?"],
    "relationship": ["Wife", "Own-child", "Husband", "Not-in-family", "Other-relative", "Unmarried"],
    "race": ["White", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other", "Black"],
    "sex": ["Female", "Male"],
}  # fmt: skip


def made_up(columns):
    generator = np.random.default_rng(data.SEED)

    def column(kind):
        if isinstance(kind, list):
            return generator.choice(kind, MADE_UP).astype(object)
        name, low, high = kind
        if name == "whole":
            return generator.integers(low, high, MADE_UP, endpoint=True).astype(np.float32)
        values = np.exp(generator.uniform(np.log(low), np.log(high), MADE_UP)).round().astype(np.float32)
        return values * (generator.random(MADE_UP) < 0.1).astype(np.float32) if name == "rare" else values

    return pandas.DataFrame({name: column(kind) for name, kind in columns.items()})


if arguments.tabular:
    for name, load, train, columns in (
        ("credit", data.credit, train_credit, CREDIT), ("income", data.income, train_income, INCOME),
    ):  # fmt: skip
        splits = load(arguments.tabular)
        write(name, train(splits))
        report(name, splits)
        samples = made_up(columns)
        samples.to_csv(os.path.join(arguments.samples, f"{name}.csv"), index=False, float_format="%.9g")
        labels, _ = answers(name, samples if name == "income" else samples.to_numpy(np.float32))
        write_labels(name, labels)
        print(f"  {MADE_UP} made-up samples, {np.mean(labels):.0%} of the second class")
