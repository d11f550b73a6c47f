"""The sixth part of the zoo: trees, as scikit-learn, XGBoost, LightGBM and CatBoost export them.

Each library may be missing: then its models are left out. Data are scikit-learn's own, or made up with a fixed seed.
"""

import os
import tempfile
import warnings

import numpy as np
import onnx
import pandas as pd
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from zoo_models import ESTIMATORS, SEED, data
from zoo_tables import TYPES, Table, table

try:
    import lightgbm
except ImportError:
    lightgbm = None
try:
    import xgboost
except ImportError:
    xgboost = None
try:
    import catboost
except ImportError:
    catboost = None

OPSETS = {"": 18, "ai.onnx.ml": 3}
SETS = ("breast cancer", "wine", "diabetes")


def missing(array):
    """The same with a tenth of what each sample has left out."""
    array = array.copy()
    array[np.random.default_rng(SEED).random(array.shape) < 0.1] = np.nan
    return array


def load(name):
    """train, test, train targets, by words in the name: missing values, counts, positive targets."""
    kind = name.split(":")[1].strip()
    base = next((s for s in (*SETS, "digits", "several targets", "tags") if kind.startswith(s)), None)
    if base:
        train, test, targets, _ = data(base)
        if "missing" in kind:
            train, test = missing(train), missing(test)
        return train, test, targets
    generator = np.random.default_rng(SEED)
    samples = generator.normal(size=(500, 6)).astype(np.float32)
    if "categories" in kind:
        samples[:, 0] = generator.integers(0, 8, 500)
        samples[:, 1] = generator.integers(0, 5, 500)
    signal = samples[:, 2] + np.sin(3 * samples[:, 3]) + np.isin(samples[:, 0], (1, 4, 6)) * 1.5
    targets = {
        "counts": lambda: generator.poisson(np.exp(0.5 * signal)),
        "positive": lambda: generator.gamma(2.0, np.exp(0.5 * signal)) + 0.01,
        "yes or no": lambda: (signal + 0.3 * generator.normal(size=500) > 0.5).astype(int),
        "quantity": lambda: signal,
        "ranks": lambda: np.digitize(signal, [-1, 0, 1]),
    }[next(k for k in ("counts", "positive", "yes or no", "quantity", "ranks") if k in kind)]()
    return samples[:400], samples[400:], targets[:400]


def scikit():
    small = {"n_estimators": 10, "random_state": SEED}
    for set_name in ("breast cancer", "wine"):
        for name, estimator in (
            ("DecisionTree", DecisionTreeClassifier(max_depth=5, random_state=SEED)),
            ("DecisionTree, a stump", DecisionTreeClassifier(max_depth=1, random_state=SEED)),
            ("ExtraTree", ExtraTreeClassifier(max_depth=5, random_state=SEED)),
            ("RandomForest", RandomForestClassifier(max_depth=5, **small)),
            ("RandomForest, unlimited", RandomForestClassifier(**small)),
            ("ExtraTrees", ExtraTreesClassifier(max_depth=5, **small)),
            ("GradientBoosting", GradientBoostingClassifier(max_depth=3, **small)),
            ("HistGradientBoosting", HistGradientBoostingClassifier(max_iter=10, max_depth=4, random_state=SEED)),
            ("AdaBoost", AdaBoostClassifier(**small)),
            ("AdaBoost of trees", AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), **small)),
            ("Bagging of trees", BaggingClassifier(DecisionTreeClassifier(max_depth=3), **small)),
            ("Voting, soft, of forests", VotingClassifier(
                [("a", RandomForestClassifier(max_depth=3, **small)),
                 ("b", ExtraTreesClassifier(max_depth=3, **small))],
                voting="soft", flatten_transform=False)),
            ("Stacking of a forest", StackingClassifier(
                [("a", RandomForestClassifier(max_depth=3, **small))], LogisticRegression(), cv=3)),
        ):
            yield f"trees, {name}: {set_name}", estimator
    for set_name in ("breast cancer, missing", "wine, missing"):
        yield f"trees, HistGradientBoosting: {set_name}", HistGradientBoostingClassifier(
            max_iter=10, max_depth=4, random_state=SEED)
        yield f"trees, DecisionTree: {set_name}", DecisionTreeClassifier(max_depth=5, random_state=SEED)
        yield f"trees, RandomForest: {set_name}", RandomForestClassifier(max_depth=5, **small)
    yield "trees, RandomForest: tags", RandomForestClassifier(max_depth=4, **small)
    for name, estimator in (
        ("DecisionTree", DecisionTreeRegressor(max_depth=5, random_state=SEED)),
        ("RandomForest", RandomForestRegressor(max_depth=5, **small)),
        ("ExtraTrees", ExtraTreesRegressor(max_depth=5, **small)),
        ("GradientBoosting", GradientBoostingRegressor(max_depth=3, **small)),
        ("HistGradientBoosting", HistGradientBoostingRegressor(max_iter=10, max_depth=4, random_state=SEED)),
        ("AdaBoost", AdaBoostRegressor(**small)),
    ):
        yield f"trees, {name}: diabetes", estimator
    yield "trees, HistGradientBoosting: diabetes, missing", HistGradientBoostingRegressor(
        max_iter=10, max_depth=4, random_state=SEED)
    for loss in ("poisson", "gamma"):
        yield f"trees, HistGradientBoosting, {loss}: positive", HistGradientBoostingRegressor(
            loss=loss, max_iter=10, max_depth=4, random_state=SEED)
    yield "trees, HistGradientBoosting: yes or no, categories", HistGradientBoostingClassifier(
        categorical_features=[0, 1], max_iter=10, max_depth=4, random_state=SEED)
    yield "trees, DecisionTree: several targets", DecisionTreeRegressor(max_depth=5, random_state=SEED)
    yield "trees, RandomForest: several targets", RandomForestRegressor(max_depth=5, **small)
    yield "trees, IsolationForest: wine", IsolationForest(n_estimators=10, random_state=SEED)
    yield "trees, scaler, RandomForest: wine", make_pipeline(
        StandardScaler(), RandomForestClassifier(max_depth=5, **small))
    yield "trees, imputer, GradientBoosting: breast cancer, missing", make_pipeline(
        SimpleImputer(), GradientBoostingClassifier(max_depth=3, **small))


def xgboosts():
    small = {"n_estimators": 10, "max_depth": 3, "random_state": SEED, "n_jobs": 1}
    one = {**small, "n_estimators": 20}
    classifier, regressor = xgboost.XGBClassifier, xgboost.XGBRegressor
    for set_name in ("breast cancer", "breast cancer, missing", "wine", "wine, missing", "digits"):
        yield f"XGBoost: {set_name}", classifier(**small)
    yield "XGBoost, 64 bins: breast cancer", classifier(tree_method="hist", max_bin=64, **small)
    yield "XGBoost, a base score: breast cancer", classifier(base_score=0.2, **small)
    yield "XGBoost, raw: breast cancer", classifier(objective="binary:logitraw", **small)
    yield "XGBoost, hinge: breast cancer", classifier(objective="binary:hinge", **small)
    yield "XGBoost, DART: breast cancer", classifier(booster="dart", rate_drop=0.2, **small)
    yield "XGBoost, DART: wine", classifier(booster="dart", rate_drop=0.2, **small)
    yield "XGBoost, leaf-wise: breast cancer", classifier(
        grow_policy="lossguide", max_leaves=15, **{**small, "max_depth": 0})
    yield "XGBoost, stopped early: breast cancer", classifier(**one, early_stopping_rounds=2)
    yield "XGBoost, forest: breast cancer", xgboost.XGBRFClassifier(**small)
    yield "XGBoost, forest: diabetes", xgboost.XGBRFRegressor(**small)
    yield "XGBoost: diabetes", regressor(**small)
    yield "XGBoost: diabetes, missing", regressor(**small)
    yield "XGBoost, absolute error: diabetes", regressor(objective="reg:absoluteerror", **small)
    yield "XGBoost, Huber: diabetes", regressor(
        objective="reg:pseudohubererror", huber_slope=100, **small)
    yield "XGBoost, quantile: diabetes", regressor(objective="reg:quantileerror", quantile_alpha=0.8, **small)
    yield "XGBoost, logistic: yes or no", regressor(objective="reg:logistic", **small)
    yield "XGBoost, Poisson: counts", regressor(objective="count:poisson", **small)
    yield "XGBoost, gamma: positive", regressor(objective="reg:gamma", **small)
    yield "XGBoost, Tweedie: positive", regressor(objective="reg:tweedie", **small)
    yield "XGBoost, squared log: positive", regressor(objective="reg:squaredlogerror", **small)
    yield "XGBoost: several targets", regressor(**small)
    yield "XGBoost, several targets a leaf: several targets", regressor(
        multi_strategy="multi_output_tree", tree_method="hist", **small)
    yield "XGBoost: tags", classifier(**small)
    yield "XGBoost, ranks: ranks", xgboost.XGBRanker(objective="rank:ndcg", **small)
    yield "XGBoost, categorical: yes or no, categories", classifier(
        enable_categorical=True, tree_method="hist", feature_types=["c", "c", "q", "q", "q", "q"], **small)
    yield "XGBoost, scaler: wine", make_pipeline(StandardScaler(), classifier(**small))
    yield "XGBoost, imputer: breast cancer, missing", make_pipeline(SimpleImputer(), classifier(**small))


def lightgbms():
    small = {"n_estimators": 10, "num_leaves": 8, "random_state": SEED, "n_jobs": 1, "verbose": -1,
             "min_child_samples": 5}
    classifier, regressor = lightgbm.LGBMClassifier, lightgbm.LGBMRegressor
    for set_name in ("breast cancer", "breast cancer, missing", "wine", "wine, missing", "digits"):
        yield f"LightGBM: {set_name}", classifier(**small)
    for kind in ("dart", "goss", "rf"):
        more = {"bagging_freq": 1, "bagging_fraction": 0.8} if kind == "rf" else {}
        yield f"LightGBM, {kind}: breast cancer", classifier(boosting_type=kind, **more, **small)
    yield "LightGBM, dart: wine", classifier(boosting_type="dart", **small)
    yield "LightGBM, cross entropy: breast cancer", classifier(objective="cross_entropy", **small)
    yield "LightGBM, one against all: wine", classifier(objective="multiclassova", **small)
    yield "LightGBM, sigmoid 2: breast cancer", classifier(sigmoid=2.0, **small)
    yield "LightGBM, zero as missing: breast cancer", classifier(zero_as_missing=True, **small)
    yield "LightGBM, linear trees: diabetes", regressor(linear_tree=True, **small)
    yield "LightGBM: diabetes", regressor(**small)
    yield "LightGBM: diabetes, missing", regressor(**small)
    for objective, set_name in (("poisson", "counts"), ("gamma", "positive"), ("tweedie", "positive"),
                                ("quantile", "diabetes"), ("regression_l1", "diabetes"), ("huber", "diabetes"),
                                ("mape", "positive")):
        yield f"LightGBM, {objective}: {set_name}", regressor(objective=objective, **small)
    yield "LightGBM, square root: positive", regressor(reg_sqrt=True, **small)
    yield "LightGBM, categorical: yes or no, categories", classifier(**small)
    yield "LightGBM, categorical: ranks, categories", classifier(**small)
    yield "LightGBM, categorical: quantity, categories", regressor(**small)
    yield "LightGBM, ranks: ranks", lightgbm.LGBMRanker(**small)
    yield "LightGBM, depth 20 and 255 leaves: digits", classifier(
        **{**small, "n_estimators": 2, "max_depth": 20, "num_leaves": 255, "min_child_samples": 1})
    yield "LightGBM, depth 20 and 255 leaves: quantity", regressor(
        **{**small, "n_estimators": 3, "max_depth": 20, "num_leaves": 255, "min_child_samples": 1})
    yield "LightGBM, scaler: wine", make_pipeline(StandardScaler(), classifier(**small))
    yield "LightGBM, imputer: breast cancer, missing", make_pipeline(SimpleImputer(), classifier(**small))


def catboosts():
    small = {"iterations": 10, "depth": 4, "random_seed": SEED, "verbose": 0, "thread_count": 1,
             "allow_writing_files": False}
    for set_name in ("breast cancer", "breast cancer, missing", "wine", "digits"):
        yield f"CatBoost: {set_name}", catboost.CatBoostClassifier(**small)
    yield "CatBoost, leaf-wise: breast cancer", catboost.CatBoostClassifier(grow_policy="Lossguide", **small)
    yield "CatBoost, one against all: wine", catboost.CatBoostClassifier(loss_function="MultiClassOneVsAll", **small)
    yield "CatBoost: diabetes", catboost.CatBoostRegressor(**small)
    yield "CatBoost: diabetes, missing", catboost.CatBoostRegressor(**small)
    yield "CatBoost, Poisson: counts", catboost.CatBoostRegressor(loss_function="Poisson", **small)
    yield "CatBoost: several targets", catboost.CatBoostRegressor(loss_function="MultiRMSE", **small)


def pipelines():
    """Tables with texts and missing values before a tree; yields whether there are missing values, too."""
    numbers, texts = ["age", "income"], ["city", "job"]
    small = {"n_estimators": 10, "random_state": SEED}

    def columns(filled, encoder):
        numeric = make_pipeline(SimpleImputer(), StandardScaler()) if filled else "passthrough"
        return ColumnTransformer(
            [("n", numeric, numbers), ("t", encoder, texts), ("c", "passthrough", ["children"])], sparse_threshold=0)

    def one_hot():
        return OneHotEncoder(handle_unknown="ignore", sparse_output=False)

    for name, final in (
        ("RandomForest", RandomForestClassifier(max_depth=4, **small)),
        ("GradientBoosting", GradientBoostingClassifier(max_depth=3, **small)),
        ("HistGradientBoosting", HistGradientBoostingClassifier(max_iter=10, max_depth=4, random_state=SEED)),
        ("GradientBoosting, regression", GradientBoostingRegressor(max_depth=3, **small)),
    ):
        yield f"columns, {name}", True, columns(True, one_hot()), final
    yield "columns, ordinal, RandomForest", True, columns(True, OrdinalEncoder()), RandomForestClassifier(
        max_depth=4, **small)
    yield "columns, kept missing, HistGradientBoosting", True, columns(False, OrdinalEncoder()), (
        HistGradientBoostingClassifier(max_iter=10, max_depth=4, random_state=SEED))
    if xgboost:
        final = xgboost.XGBClassifier(max_depth=3, n_jobs=1, **small)
        yield "columns, XGBoost", True, columns(True, one_hot()), final
        yield "columns, kept missing, XGBoost", True, columns(False, one_hot()), final
    if lightgbm:
        final = lightgbm.LGBMClassifier(num_leaves=8, n_jobs=1, verbose=-1, **small)
        yield "columns, LightGBM", True, columns(True, one_hot()), final
        yield "columns, kept missing, LightGBM", True, columns(False, OrdinalEncoder()), final


def register():
    """The boosters' converters, for pipelines of skl2onnx."""
    made = []
    if lightgbm:
        from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

        made += [(lightgbm.LGBMClassifier, convert_lightgbm), (lightgbm.LGBMRegressor, convert_lightgbm)]
    if xgboost:
        from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost

        made += [(xgboost.XGBClassifier, convert_xgboost), (xgboost.XGBRegressor, convert_xgboost)]
    for kind, converter in made:
        classifies = kind.__name__.endswith("Classifier")
        update_registered_converter(
            kind, kind.__name__,
            calculate_linear_classifier_output_shapes if classifies else calculate_linear_regressor_output_shapes,
            converter, options={"nocl": [True, False], "zipmap": [True, False, "columns"]} if classifies else None)


def convert(name, estimator, train):
    """As users of each library do."""
    if catboost and isinstance(estimator, catboost.CatBoost):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.onnx")
            estimator.save_model(path, format="onnx")
            return onnx.load(path)
    if not isinstance(estimator, (getattr(xgboost, "XGBModel", ()), getattr(lightgbm, "LGBMModel", ()))):
        return to_onnx(
            estimator, initial_types=[("features", FloatTensorType([None, train.shape[1]]))], target_opset=OPSETS)
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType as Floats  # another class than skl2onnx's

    features = [("features", Floats([None, train.shape[1]]))]
    if isinstance(estimator, getattr(xgboost, "XGBModel", ())):
        return onnxmltools.convert_xgboost(estimator, initial_types=features, target_opset=15)
    return onnxmltools.convert_lightgbm(estimator, initial_types=features, target_opset=15, zipmap=False)


def fit(name, estimator, train, targets):
    classes = np.unique(targets)
    if classes.dtype.kind in "US":  # XGBoost takes numbers only
        targets = np.searchsorted(classes, targets)
    more = {}
    if "categorical" in name and "LightGBM" in name:
        more = {"categorical_feature": [0, 1]}
    if "ranks" in name and "Rank" in type(estimator).__name__:
        more = {"group": [20] * (len(train) // 20)}
    if "stopped early" in name:
        more = {"eval_set": [(train[200:], targets[200:])], "verbose": False}
    return estimator.fit(train, targets, **more)


def shipped():
    """Those under Models/, with the samples that they are checked with."""
    import data as splits

    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    for name, load in (("forest", splits.breast_cancer), ("digits-trees", splits.digits), ("credit", None),
                       ("income", None)):
        if load:
            train, _, test, _ = load()
            train, test = train[: splits.CALIBRATION], test[:100]
        else:
            frame = pd.read_csv(os.path.join(root, "Samples", f"{name}.csv"), keep_default_na=False)
            if name == "credit":
                whole = frame.to_numpy(np.float32)
            else:
                whole = Table({n: c.to_numpy(float if c.dtype.kind in "if" else object) for n, c in frame.items()})
            train, test = whole, whole[:100]
        yield f"Models/{name}.onnx", onnx.load(os.path.join(root, "Models", f"{name}.onnx")), train, test


def models(only="", done=()):
    """As of zoo_models."""
    yield from (model for model in shipped() if only in model[0] and model[0] not in done)
    register()
    parts = [scikit, xgboost and xgboosts, lightgbm and lightgbms, catboost and catboosts]
    for name, estimator in (model for part in parts if part for model in part()):
        if only not in name or name in done:
            continue
        train, test, targets = load(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                estimator = fit(name, estimator, train, targets)
                model = convert(name, estimator, train)
            except Exception as error:  # of many kinds: not converted, or not with these data
                yield name, None, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", None
                continue
        if not (catboost and isinstance(estimator, catboost.CatBoost)):
            ESTIMATORS[name] = estimator
        yield name, model, train, test
    for name, has_missing, columns, final in pipelines():
        if only not in name or name in done:
            continue
        whole, target = table(has_missing)
        frame = pd.DataFrame(whole.columns)
        types = [(n, TYPES[v.dtype.kind][0]([None, 1])) for n, v in whole.columns.items()]
        try:
            pipeline = make_pipeline(columns, final).fit(frame[:300], target[:300])
            options = {id(final): {"zipmap": False}} if is_classifier(final) else {}
            model = to_onnx(pipeline, initial_types=types, options=options, target_opset=OPSETS)
        except Exception as error:
            yield name, None, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", None
            continue
        ESTIMATORS[name] = pipeline
        yield name, model, whole[:300], whole[300:]
