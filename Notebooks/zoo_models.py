"""The scikit-learn half of the zoo: an ONNX file of every estimator that skl2onnx converts with its defaults.

Estimators come from scikit-learn's own list, so that a new release brings new ones; what isn't converted is left out.
Seeds are fixed, and the data are scikit-learn's own.
"""

import re
import warnings

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn import datasets
from sklearn.base import clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.utils import all_estimators

SEED = 7
SETS = {}
# The fitted estimators of models that were converted, by their names.
ESTIMATORS = {}


def split(features, targets, train=300, test=100):
    count = len(features)
    test = min(test, count // 3)
    return train_test_split(
        features.astype(np.float32), targets, train_size=min(train, count - test), test_size=test, random_state=SEED
    )


def data(name):
    """train, test, train targets, test targets."""
    if name not in SETS:
        if name == "wine":  # three classes, by names
            bunch = datasets.load_wine()
            SETS[name] = split(bunch.data, bunch.target_names[bunch.target].astype(str))
        elif name == "breast cancer":  # two classes
            bunch = datasets.load_breast_cancer()
            SETS[name] = split(bunch.data, bunch.target)
        elif name == "digits":  # counts, ten classes
            bunch = datasets.load_digits()
            SETS[name] = split(bunch.data, bunch.target)
        elif name == "bits":  # 0 and 1, ten classes
            bunch = datasets.load_digits()
            SETS[name] = split((bunch.data > 7) * 1.0, bunch.target)
        elif name == "tags":  # several labels a sample
            bunch = datasets.load_breast_cancer()
            tags = np.stack([bunch.target, bunch.data[:, 0] > 14, bunch.data[:, 1] > 20], 1).astype(np.int64)
            SETS[name] = split(bunch.data, tags)
        elif name == "diabetes":
            bunch = datasets.load_diabetes()
            SETS[name] = split(bunch.data, bunch.target)
        elif name == "several targets":
            bunch = datasets.load_diabetes()
            targets = np.stack([bunch.target, bunch.data[:, 2] * 1000, bunch.target**0.5], 1)
            SETS[name] = split(bunch.data, targets)
        else:
            raise KeyError(name)
    return SETS[name]


# What a meta-estimator is given. Others are made without arguments, or with those of SMALLER.
INNER = {
    "estimator": lambda kind: LinearRegression() if kind == "regressor" else LogisticRegression(),
    "base_estimator": lambda kind: Ridge() if kind == "regressor" else LogisticRegression(),
    "regressor": lambda kind: Ridge(),
    "estimators": lambda kind: (
        [("a", Ridge()), ("b", LinearRegression())]
        if kind == "regressor"
        else [("a", LogisticRegression()), ("b", GaussianNB())]
    ),
    "param_grid": lambda kind: {},
    "param_distributions": lambda kind: {},
}
SMALLER = {
    "n_estimators": 5,
    "n_components": 3,
    "max_iter": 300,
    "random_state": SEED,
    "n_clusters": 4,
}
KEEP = {
    "MLPClassifier": {"hidden_layer_sizes": (8,)},
    "MLPRegressor": {"hidden_layer_sizes": (8,)},
    "VotingClassifier": {"flatten_transform": False},
}
# Trees and the like are refused whatever the data: once is enough, and quick.
ONCE = re.compile("Tree|Forest|Boost|Neighbors|GaussianProcess|Hist")


def make(kind, constructor):
    names = constructor.__init__.__code__.co_varnames if hasattr(constructor.__init__, "__code__") else ()
    required = {n: INNER[n](kind) for n in INNER if n in names}
    try:
        estimator = constructor(**required)
    except TypeError:
        estimator = constructor()
    known = estimator.get_params(deep=False)
    smaller = {n: v for n, v in SMALLER.items() if n in known and not (n == "n_components" and kind == "classifier")}
    return estimator.set_params(**smaller, **KEEP.get(constructor.__name__, {}))


def listed():
    """Name, the data to try in order, a pipeline."""
    for kind, sets in (
        ("classifier", [["wine"], ["breast cancer"], ["tags"]]),
        ("regressor", [["diabetes"], ["several targets"]]),
        ("cluster", [["wine"]]),
        ("transformer", [["wine"]]),
    ):
        for name, constructor in all_estimators(type_filter=kind):
            if kind == "transformer" and hasattr(constructor, "predict"):
                continue
            try:
                estimator = make(kind, constructor)
            except Exception:
                continue
            for choice in sets[: 1 if ONCE.search(name) else None]:
                suffix = f", {choice[0]}" if len(sets) > 1 else ""
                if name in ("MultinomialNB", "ComplementNB", "CategoricalNB", "BernoulliNB"):
                    if choice[0] == "tags":
                        continue
                    choice = ["bits" if name in ("CategoricalNB", "BernoulliNB") else "digits"]
                    suffix = ", " + choice[0]
                    yield name + suffix, choice, estimator
                    break
                if kind == "transformer":
                    yield f"{name} in a pipeline", choice, make_pipeline(
                        MinMaxScaler(), estimator, LogisticRegression(max_iter=300)
                    )
                elif choice[0] == "tags" and "MultiOutput" not in name and "OneVsRest" not in name and name[:4] not in (
                    "MLPC",
                    "Ridg",
                ):
                    continue
                else:
                    yield name + suffix, choice, make_pipeline(StandardScaler(), estimator)
    from sklearn.covariance import EllipticEnvelope
    from sklearn.ensemble import IsolationForest
    from sklearn.linear_model import SGDOneClassSVM
    from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.svm import OneClassSVM

    for name, estimator in (
        ("IsolationForest", IsolationForest(n_estimators=5, random_state=SEED)),
        ("LocalOutlierFactor", LocalOutlierFactor(novelty=True)),
        ("EllipticEnvelope", EllipticEnvelope(random_state=SEED)),
        ("OneClassSVM", OneClassSVM()),
        ("OneClassSVM, linear", OneClassSVM(kernel="linear", nu=0.1)),
        ("OneClassSVM, poly", OneClassSVM(kernel="poly", degree=2, nu=0.1)),
        ("SGDOneClassSVM", SGDOneClassSVM(random_state=SEED)),
        ("GaussianMixture", GaussianMixture(3, random_state=SEED)),
        ("GaussianMixture, diagonal", GaussianMixture(3, covariance_type="diag", random_state=SEED)),
        ("BayesianGaussianMixture", BayesianGaussianMixture(n_components=3, random_state=SEED)),
    ):
        yield name, ["wine"], make_pipeline(StandardScaler(), estimator)


def chosen():
    """Pipelines and options that the list doesn't have."""
    from sklearn.linear_model import SGDClassifier, TweedieRegressor
    from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier

    scaled = lambda *steps: make_pipeline(StandardScaler(), *steps)  # noqa: E731
    for name, set_name, pipeline in (
        ("SVC, linear", "wine", scaled(SVC(kernel="linear"))),
        ("SVC, linear, two classes", "breast cancer", scaled(SVC(kernel="linear"))),
        ("SVC, poly", "wine", scaled(SVC(kernel="poly", degree=2, coef0=1.0))),
        ("SVC, poly, two classes", "breast cancer", scaled(SVC(kernel="poly", degree=2, coef0=1.0))),
        ("SVR, linear", "diabetes", scaled(SVR(kernel="linear", C=10.0))),
        ("SVR, poly", "diabetes", scaled(SVR(kernel="poly", degree=2, coef0=1.0, C=10.0))),
        ("SGD, log loss", "wine", scaled(SGDClassifier(loss="log_loss", random_state=SEED))),
        ("SGD, log loss, two classes", "breast cancer", scaled(SGDClassifier(loss="log_loss", random_state=SEED))),
        ("SGD, modified Huber", "wine", scaled(SGDClassifier(loss="modified_huber", random_state=SEED))),
        ("OneVsRest of LinearSVC", "wine", scaled(OneVsRestClassifier(LinearSVC()))),
        ("OneVsOne of LinearSVC", "wine", scaled(OneVsOneClassifier(LinearSVC()))),
        ("TweedieRegressor, 1.5", "diabetes", scaled(TweedieRegressor(power=1.5))),
        ("PCA, LogisticRegression", "wine", scaled(PCA(5), LogisticRegression())),
        ("PCA, whitened, Ridge", "diabetes", scaled(PCA(5, whiten=True), Ridge())),
        ("TruncatedSVD, LinearRegression", "diabetes", scaled(TruncatedSVD(5, random_state=SEED), LinearRegression())),
        ("polynomial features, Ridge", "diabetes", scaled(PolynomialFeatures(2), Ridge(100.0))),
        (
            "union of PCA and scaler, LogisticRegression",
            "wine",
            make_pipeline(
                FeatureUnion([("p", PCA(3, random_state=SEED)), ("s", StandardScaler())]),
                LogisticRegression(max_iter=500),
            ),
        ),
        ("identity, LogisticRegression", "wine", scaled(FunctionTransformer(), LogisticRegression())),
        ("StandardScaler alone", "diabetes", StandardScaler()),
        ("PCA alone", "wine", scaled(PCA(3))),
        ("PolynomialFeatures alone", "diabetes", scaled(PolynomialFeatures(2))),
        ("LogisticRegression, unscaled", "digits", LogisticRegression(max_iter=300)),
        ("GaussianNB, unscaled", "wine", GaussianNB()),
    ):
        yield name, [set_name], pipeline
    for name, options in (("no ZipMap", {"zipmap": False}), ("raw scores", {"raw_scores": True}),
                          ("ZipMap to columns", {"zipmap": "columns"}), ("raw, no ZipMap", {"zipmap": False, "raw_scores": True})):
        for set_name in ("wine", "breast cancer"):
            yield f"LogisticRegression, {name}, {set_name}", [set_name], scaled(LogisticRegression()), options


def models(only="", done=()):
    """Name, ONNX model, calibration samples, test samples; of what isn't converted, the reason in their place."""
    for name, sets, estimator, *options in [*listed(), *chosen()]:
        if only not in name or name in done:
            continue
        train, test, targets, _ = data(sets[0])
        estimator = clone(estimator)
        final = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                estimator.fit(train, targets)
                model = to_onnx(
                    estimator,
                    initial_types=[("features", FloatTensorType([None, train.shape[1]]))],
                    options={id(final): options[0]} if options else None,
                    target_opset={"": 18, "ai.onnx.ml": 3},
                )
            except Exception as error:  # of two dozen kinds: not converted, or not with these data
                yield name, None, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", None
                continue
        ESTIMATORS[name] = estimator
        yield name, model, train, test
