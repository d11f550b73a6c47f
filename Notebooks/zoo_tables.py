"""The third part of the zoo: pipelines over tables, with texts, whole numbers and missing values.

Tables are made up with a fixed seed. A column is an input of its own, as skl2onnx converts a ColumnTransformer.
"""

import csv

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, Normalizer, OneHotEncoder, OrdinalEncoder, StandardScaler

from zoo_models import ESTIMATORS, SEED

TYPES = {"f": (FloatTensorType, np.float32), "i": (Int64TensorType, np.int64), "O": (StringTensorType, object)}


class Table:
    """Columns by name, all samples; floats, whole numbers or texts."""

    suffix = "csv"

    def __init__(self, columns):
        self.columns = columns

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, rows):
        return Table({name: values[rows] for name, values in self.columns.items()})

    def feeds(self, session):
        return {i.name: self.columns[i.name].astype(TYPES[self.columns[i.name].dtype.kind][1])[:, None]
                for i in session.get_inputs()}

    def moved(self, generator, train, error):
        moved = {}
        for name, values in self.columns.items():
            if values.dtype.kind == "f":
                values = values + generator.normal(size=len(values)) * np.nanstd(train.columns[name]) * error
            moved[name] = values
        return Table(moved)

    def save(self, path):
        """With a column of names that no model reads, and columns in another order than the model's."""
        names = ["row", *reversed(self.columns)]
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for row in range(len(self)):
                cells = [self.columns[n][row] for n in names[1:]]
                writer.writerow([row, *("" if isinstance(c, float) and np.isnan(c) else c for c in cells)])


def table(missing, count=400):
    generator = np.random.default_rng(SEED)
    columns = {
        "age": generator.normal(45, 15, count),
        "income": generator.lognormal(8, 0.6, count),
        "city": generator.choice(["Bern", "Basel", "Zürich, CH", 'the "other"'], count).astype(object),
        "job": generator.choice(["nurse", "teacher", "=none"], count).astype(object),
        "children": generator.integers(0, 5, count),
    }
    target = (columns["age"] > 45).astype(int) + (columns["city"] == "Bern") + (columns["children"] > 2)
    if missing:
        for name in ("age", "income"):
            columns[name][generator.random(count) < 0.1] = np.nan
    columns = {n: v.astype(np.float32).astype(float) if v.dtype.kind == "f" else v for n, v in columns.items()}
    return Table(columns), target


def pipelines():
    numbers, texts = ["age", "income"], ["city", "job"]
    filled = make_pipeline(SimpleImputer(), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore")
    usual = [("n", filled, numbers), ("t", one_hot, texts), ("c", OneHotEncoder(), ["children"])]
    plain = [("n", StandardScaler(), numbers), ("t", OrdinalEncoder(), texts), ("c", "passthrough", ["children"])]
    yield "columns, logistic regression", True, ColumnTransformer(usual), LogisticRegression(max_iter=2000)
    yield "columns, Ridge", True, ColumnTransformer(usual), Ridge()
    yield "columns, GaussianNB", True, ColumnTransformer([usual[0]]), GaussianNB()
    yield "columns, MLP", True, ColumnTransformer(usual, sparse_threshold=0), MLPClassifier(
        [12], activation="identity", max_iter=500, random_state=SEED)
    yield "columns, ordinal", False, ColumnTransformer(plain), LogisticRegression(max_iter=2000)
    yield "columns, bins", False, ColumnTransformer(
        [("n", KBinsDiscretizer(4, encode="onehot-dense"), numbers), usual[1]], sparse_threshold=0
    ), LogisticRegression(max_iter=2000)
    yield "columns, norms", True, ColumnTransformer(
        [("n", make_pipeline(SimpleImputer(strategy="median"), Normalizer()), numbers), usual[1]], sparse_threshold=0
    ), LogisticRegression(max_iter=2000)


def models(only="", done=()):
    """As of zoo_models; samples are tables."""
    for name, missing, columns, final in pipelines():
        if only not in name or name in done:
            continue
        whole, target = table(missing)
        frame = pd.DataFrame(whole.columns)
        pipeline = make_pipeline(columns, final).fit(frame[:300], target[:300])
        used = [c for _, _, group in columns.transformers for c in group]
        whole = Table({n: v for n, v in whole.columns.items() if n in used})
        types = [(n, TYPES[v.dtype.kind][0]([None, 1])) for n, v in whole.columns.items()]
        options = {} if isinstance(final, Ridge) else {id(final): {"zipmap": False}}
        ESTIMATORS[name] = pipeline
        yield name, to_onnx(pipeline, initial_types=types, options=options, target_opset=17), whole[:300], whole[300:]
