# SPDX-License-Identifier: Apache-2.0
"""Models of other packages, and tables. What isn't installed is left out, and pytest says so."""

from __future__ import annotations

import importlib
from typing import Any, Optional

import numpy as np
import pytest
from conftest import Pair

import blindsight as bs


def agreement(found: Any, expected: Any) -> float:
    return float((np.asarray(found) == np.asarray(expected)).mean())


@pytest.fixture(scope="module")
def wine() -> Any:
    pytest.importorskip("skl2onnx")
    datasets = pytest.importorskip("sklearn.datasets")
    samples, labels = datasets.load_wine(return_X_y=True)
    return samples.astype(np.float32), labels


def test_scikit_learn(wine: Any) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = wine
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    plan = bs.compile(model, X, y)
    found = Pair(plan).run(X[:10])
    assert agreement(plan.simulate(X).labels, model.predict(X)) > 0.98
    np.testing.assert_array_equal(found.logits, plan.simulate(X[:10]).logits)
    np.testing.assert_allclose(found.probabilities, model.predict_proba(X[:10]), atol=0.1)


def test_names_of_classes(wine: Any) -> None:
    from sklearn.linear_model import LogisticRegression

    X, y = wine
    names = np.array(["red", "rose", "white"])[y]
    scaled = (X - X.mean(0)) / X.std(0)
    model = LogisticRegression().fit(scaled, names)
    plan = bs.compile(model, scaled, names)
    assert plan.report["quantization"]["stages"][0]["accuracy"] > 0.95
    assert agreement(plan.simulate(scaled).labels, model.predict(scaled)) > 0.98


def test_regression(wine: Any) -> None:
    from sklearn.linear_model import Ridge

    X, _ = wine
    scaled = (X - X.mean(0)) / X.std(0)
    model = Ridge().fit(scaled[:, 1:], scaled[:, 0])
    plan = bs.compile(model, scaled[:, 1:])
    found = plan.simulate(scaled[:, 1:])
    assert np.corrcoef(found.values[:, 0], model.predict(scaled[:, 1:]))[0, 1] > 0.99
    with pytest.raises(bs.BlindsightError, match="values"):
        _ = found.labels


def test_columns_of_tables_are_found_by_name(wine: Any) -> None:
    pandas = pytest.importorskip("pandas")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = wine
    names = [f"column {index}" for index in range(X.shape[1])]
    table = pandas.DataFrame(X, columns=names)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, y)
    plan = bs.compile(model, table, y)
    assert plan.client.columns == tuple(names)
    expected = plan.simulate(X[:5]).logits
    turned = table[names[::-1]].assign(another=1)
    tables = [turned[:5]]
    try:
        import polars

        tables.append(polars.from_numpy(turned[:5].to_numpy(), list(turned.columns)))
    except ImportError:
        pass
    try:
        import pyarrow

        tables.append(pyarrow.Table.from_pydict({name: turned[name][:5].to_numpy() for name in turned.columns}))
    except ImportError:
        pass
    for same in tables:
        np.testing.assert_array_equal(plan.simulate(same).logits, expected)
    # The names are in the plan's own bytes.
    again = bs.ClientPlan.from_bytes(bytes(plan.client))
    assert again.columns == tuple(names)
    with pytest.raises(bs.DataError, match="column 3"):
        plan.simulate(table.drop(columns="column 3"))


def test_columns_of_texts() -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("skl2onnx")
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    generator = np.random.default_rng(1)
    table = pandas.DataFrame(
        {
            "income": generator.normal(3000, 800, 400).astype(np.float32),
            "home": generator.choice(["own", "rent", "other"], 400),
        }
    )
    y = ((table["income"] > 3000) ^ (table["home"] == "rent")).astype(int)
    columns = ColumnTransformer([("n", StandardScaler(), ["income"]), ("t", OneHotEncoder(), ["home"])])
    model = make_pipeline(columns, LogisticRegression()).fit(table, y)
    plan = bs.compile(model, table, y)
    found = Pair(plan).run(table[:20])
    assert agreement(found.labels, model.predict(table[:20])) >= 0.95
    shuffled = table[["home", "income"]][:20]
    np.testing.assert_array_equal(plan.simulate(shuffled).logits, found.logits)
    with pytest.raises(bs.InvalidArgument, match="table"):
        bs.compile(model, table.to_numpy())


@pytest.mark.parametrize("package", ["xgboost", "lightgbm"])
def test_boosted_trees(package: str, wine: Any) -> None:
    module = pytest.importorskip(package)
    pytest.importorskip("onnxmltools")
    X, y = wine
    kinds = {"xgboost": ("XGBClassifier", {"max_depth": 3}), "lightgbm": ("LGBMClassifier", {"verbose": -1})}
    name, options = kinds[package]
    model = getattr(module, name)(n_estimators=8, **options).fit(X, y)
    with pytest.raises(bs.PlanRefused) as refusal:
        bs.compile(model, X, y)
    assert 'trees="grid"' in [remedy.option for remedy in refusal.value.remedies]
    plan = bs.compile(model, X, y, trees="thresholds")
    found = Pair(plan).run(X[:4])
    np.testing.assert_array_equal(found.logits, plan.simulate(X[:4]).logits)
    assert agreement(plan.simulate(X).labels, model.predict(X)) > 0.95


def test_pytorch(digits: Any) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    torch.manual_seed(1)
    network = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, 16), torch.nn.Dropout(0.5), torch.nn.ReLU(), torch.nn.Linear(16, 10)
    )
    network.train()
    images = np.repeat(digits[0], 4, axis=0)[:, None].astype(np.float32) / 255
    images += np.random.default_rng(1).normal(0, 0.05, images.shape).astype(np.float32)
    plan = bs.compile(network, images, accept_errors=True)
    assert network.training
    network.eval()
    expected = network(torch.from_numpy(images)).argmax(1).numpy()
    found = Pair(plan).run(images[:3])
    np.testing.assert_array_equal(found.logits, plan.simulate(images[:3]).logits)
    assert agreement(plan.simulate(images).labels, expected) > 0.9
    with pytest.raises(bs.InvalidArgument, match="calibration"):
        bs.compile(network)


def test_packages_that_are_missing_are_named(wine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.linear_model import LogisticRegression

    X, y = wine
    model = LogisticRegression(max_iter=10).fit(X[:, :2], y)
    real = importlib.import_module

    def missing(name: str, package: Optional[str] = None) -> Any:
        if name == "skl2onnx":
            raise ImportError("no module")
        return real(name, package)

    monkeypatch.setattr("blindsight._models.importlib.import_module", missing)
    with pytest.raises(bs.MissingPackage) as refusal:
        bs.compile(model, X[:, :2])
    assert any(remedy.what == "pip install skl2onnx" for remedy in refusal.value.remedies)
