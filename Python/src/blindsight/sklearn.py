# SPDX-License-Identifier: Apache-2.0
"""Estimators of scikit-learn that predict on encrypted samples.

    from blindsight.sklearn import EncryptedClassifier

    clf = EncryptedClassifier(XGBClassifier()).fit(X, y)
    clf.predict(X)                     # encrypts
    clf.predict(X, simulate=True)      # the same numbers, in the clear

Client and server live in one process here: for evaluations, pipelines and grid searches. Elsewhere use `clf.plan_`.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    from ._errors import MissingPackage

    raise MissingPackage("blindsight.sklearn needs the package scikit-learn", "sklearn") from error

from ._arrays import table_columns
from ._client import Client
from ._compile import compile as compile_model
from ._errors import PlanRefused
from ._plan import Plan
from ._predictions import Predictions
from ._server import PreparedModel

__all__ = ["Answers", "EncryptedClassifier", "EncryptedRegressor"]


class Answers(np.ndarray):
    """An array that says how it came about.

    is_encrypted: whether the samples were encrypted; False where the same integers were computed in the clear.
    """

    is_encrypted: bool

    def __new__(cls, values: Any, is_encrypted: bool) -> Answers:
        array = np.asarray(values).view(cls)
        array.is_encrypted = is_encrypted
        return array

    def __array_finalize__(self, source: Any) -> None:
        self.is_encrypted = getattr(source, "is_encrypted", False)


class _Encrypted(BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor have in common.

    estimator: what is fitted; then it is compiled.
    calibration: how many training samples it is quantized by, at most.
    trees: what clients may know of a model's trees: "grid" tells them nothing.
    options: further arguments of `compile`.
    simulate: whether predictions are computed in the clear unless asked otherwise.
    """

    _outputs: Optional[str] = None

    def __init__(
        self,
        estimator: Any = None,
        *,
        calibration: int = 300,
        trees: str = "grid",
        options: Optional[dict[str, Any]] = None,
        simulate: bool = False,
        random_state: Optional[int] = 0,
    ) -> None:
        self.estimator = estimator
        self.calibration = calibration
        self.trees = trees
        self.options = options
        self.simulate = simulate
        self.random_state = random_state

    def _default(self) -> Any:
        raise NotImplementedError

    def fit(self, X: Any, y: Any, **parameters: Any) -> Any:
        """Fits the estimator, and compiles it with some of X for calibration.

        X: [n, features], a table or an array. y: [n].
        """
        estimator = self._default() if self.estimator is None else clone(self.estimator)
        self.estimator_ = estimator.fit(X, y, **parameters)
        for name in ("classes_", "n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        self._close()
        self.plan_ = self._compiled(*self._chosen(X, y))
        return self

    def _chosen(self, X: Any, y: Any) -> tuple[Any, Any]:
        count = X.shape[0] if hasattr(X, "shape") else len(X)
        if count <= self.calibration:
            return X, y
        places = np.random.default_rng(self.random_state).permutation(count)[: self.calibration]
        labels = y.iloc[places] if hasattr(y, "iloc") else np.asarray(y)[places]
        if hasattr(X, "iloc"):
            return X.iloc[places], labels
        if table_columns(X) is not None:
            return (X.take(places) if hasattr(X, "column_names") else X[places.tolist()]), labels
        return (X[places] if hasattr(X, "shape") else np.asarray(X)[places]), labels

    def _compiled(self, X: Any, y: Any) -> Plan:
        options = dict(self.options or {})
        labels = y if self._outputs is None else None
        try:
            return compile_model(self.estimator_, X, labels, **options)
        except PlanRefused as refusal:
            # What it predicts, and that its trees are to be hidden, is known here.
            asked = " ".join(remedy.option or "" for remedy in refusal.remedies)
            if "trees=" in asked and "trees" not in options:
                options["trees"] = self.trees
            elif "outputs=" in asked and "outputs" not in options and self._outputs is not None:
                options["outputs"] = self._outputs
            else:
                raise
        return compile_model(self.estimator_, X, labels, **options)

    def run(self, X: Any, *, simulate: Optional[bool] = None) -> Predictions:
        """All that the model says of samples, [n, features]. It says whether it was encrypted."""
        check_is_fitted(self, "plan_")
        if self.simulate if simulate is None else simulate:
            return self.plan_.simulate(X)
        if getattr(self, "_client", None) is None:
            self._client = Client(self.plan_.client)
            self._server = PreparedModel(self.plan_).server(self._client.evaluation_keys)
        found: Predictions = self._client.decrypt(self._server.predict(self._client.encrypt(X)))
        return found

    def _close(self) -> None:
        client = self.__dict__.pop("_client", None)
        self.__dict__.pop("_server", None)
        if client is not None:
            client.close()

    def __getstate__(self) -> Any:
        state = dict(super().__getstate__())
        # The copy makes keys of its own: a secret key is never pickled.
        state.pop("_client", None)
        state.pop("_server", None)
        return state


class EncryptedClassifier(ClassifierMixin, _Encrypted):  # type: ignore[misc]
    """A classifier whose predictions are made on encrypted samples. By default it fits a logistic regression."""

    def _default(self) -> Any:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression())

    def predict(self, X: Any, *, simulate: Optional[bool] = None) -> Answers:
        """The class of each sample, [n].

        simulate: True computes the same integers in the clear; the result's `is_encrypted` says which it was.
        """
        found = self.run(X, simulate=simulate)
        return Answers(self._classes(found), found.is_encrypted)

    def _classes(self, found: Predictions) -> Any:
        labels = found.labels
        classes = np.asarray(self.classes_)
        if labels.dtype == classes.dtype:
            return labels
        # The model knows them as texts or numbers.
        names = {str(name): place for place, name in enumerate(classes.tolist())}
        texts = [str(label) for label in labels.tolist()]
        if all(text in names for text in texts):
            return classes[[names[text] for text in texts]]
        return classes[labels.astype(np.int64)]

    def predict_proba(self, X: Any, *, simulate: Optional[bool] = None) -> Answers:
        """[n, classes], in the order of `classes_`. An error where the model shows no probabilities."""
        found = self.run(X, simulate=simulate)
        return Answers(found.probabilities, found.is_encrypted)


class EncryptedRegressor(RegressorMixin, _Encrypted):  # type: ignore[misc]
    """A regressor whose predictions are made on encrypted samples. By default it fits a linear regression."""

    _outputs = "quantities"

    def _default(self) -> Any:
        from sklearn.linear_model import LinearRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LinearRegression())

    def predict(self, X: Any, *, simulate: Optional[bool] = None) -> Answers:
        """The prediction for each sample, [n] or [n, targets].

        simulate: True computes the same integers in the clear; the result's `is_encrypted` says which it was.
        """
        found = self.run(X, simulate=simulate)
        values = found.values
        return Answers(values[:, 0] if values.shape[1] == 1 else values, found.is_encrypted)
