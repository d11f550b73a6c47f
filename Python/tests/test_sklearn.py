# SPDX-License-Identifier: Apache-2.0
"""Estimators that predict on encrypted samples: what scikit-learn asks of its own."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("skl2onnx")
sklearn = pytest.importorskip("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_diabetes, load_iris  # noqa: E402
from sklearn.linear_model import LogisticRegression, Ridge  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from blindsight.sklearn import EncryptedClassifier, EncryptedRegressor  # noqa: E402


@pytest.fixture(scope="module")
def iris() -> Any:
    return load_iris(return_X_y=True)


def test_classifier(iris: Any) -> None:
    X, y = iris
    classifier = EncryptedClassifier(LogisticRegression(max_iter=300), calibration=100).fit(X, y)
    found = classifier.predict(X[:10])
    assert found.is_encrypted
    simulated = classifier.predict(X[:10], simulate=True)
    assert not simulated.is_encrypted
    np.testing.assert_array_equal(found, simulated)
    assert classifier.predict_proba(X[:5]).shape == (5, 3)
    assert classifier.score(X[::5], y[::5]) > 0.9
    again = pickle.loads(pickle.dumps(classifier))
    assert not hasattr(again, "_client")
    np.testing.assert_array_equal(again.predict(X[:3]), found[:3])


def test_names_and_pipelines(iris: Any) -> None:
    X, y = iris
    names = np.array(["a", "b", "c"])[y]
    pipeline = make_pipeline(StandardScaler(), EncryptedClassifier(LogisticRegression(), simulate=True)).fit(X, names)
    assert pipeline.score(X, names) > 0.9
    assert set(pipeline.predict(X)) <= {"a", "b", "c"}


def test_search_and_clone(iris: Any) -> None:
    X, y = iris
    search = GridSearchCV(
        EncryptedClassifier(LogisticRegression(max_iter=200), simulate=True), {"estimator__C": [0.1, 1.0]}, cv=2
    ).fit(X, y)
    assert search.best_score_ > 0.8
    copy = clone(search.best_estimator_)
    assert copy.get_params()["estimator__C"] == search.best_params_["estimator__C"]
    assert not hasattr(copy, "plan_")


def test_regressor() -> None:
    X, y = load_diabetes(return_X_y=True)
    regressor = EncryptedRegressor(make_pipeline(StandardScaler(), Ridge())).fit(X, y)
    found = regressor.predict(X[:5])
    assert found.is_encrypted and found.shape == (5,)
    expected = regressor.estimator_.predict(X[:5])
    assert np.max(np.abs(found - expected)) < 0.1 * np.std(y)


def test_what_check_estimator_asks() -> None:
    """The checks that apply to what is served: others ask for fits on a handful of equal samples."""
    from sklearn.utils import estimator_checks as checks

    name = "EncryptedClassifier"
    estimator = EncryptedClassifier(simulate=True)
    for check in (
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_get_params_invariance",
        "check_set_params",
        "check_estimators_unfitted",
    ):
        getattr(checks, check)(name, clone(estimator))


def test_trees_are_hidden_by_default(iris: Any) -> None:
    xgboost = pytest.importorskip("xgboost")
    pytest.importorskip("onnxmltools")
    X, y = iris
    classifier = EncryptedClassifier(xgboost.XGBClassifier(n_estimators=5, max_depth=2)).fit(X, y)
    found = classifier.predict(X[:4])
    assert found.is_encrypted
    assert (np.asarray(classifier.predict(X, simulate=True)) == y).mean() > 0.9
