# SPDX-License-Identifier: Apache-2.0
"""Models of other packages as ONNX. A package is imported where a model of it comes, and not before."""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any, NamedTuple, Optional

import numpy as np

from ._arrays import table_columns
from ._errors import InvalidArgument, MissingPackage, ModelError, Remedy
from ._library import BytesLike, make, path_bytes


class Source(NamedTuple):
    """onnx: the model. columns: names of a table's columns, where it was fitted to one. classes: what stands for the
    places of labels, where the model itself names none."""

    onnx: BytesLike
    columns: Optional[tuple[str, ...]] = None
    classes: Optional[list[str]] = None


def onnx_of(model: Any, calibration: Any) -> Source:
    columns = table_columns(calibration)
    named = None if columns is None else tuple(columns)
    if isinstance(model, (bytes, bytearray, memoryview)):
        return Source(model, named)
    if isinstance(model, (str, os.PathLike)):
        return Source(make("bs_model_read", path_bytes(model)).view(), named)
    homes = {base.__module__.split(".")[0] for base in type(model).__mro__}
    if "onnx" in homes and hasattr(model, "SerializeToString"):
        return Source(model.SerializeToString(), named)
    if "torch" in homes:
        return Source(_torch(model, calibration), named)
    if "keras" in homes or "tensorflow" in homes:
        raise ModelError(
            "a model of Keras is not converted here",
            type(model).__name__,
            (Remedy("convert it with tf2onnx (tf2onnx.convert.from_keras), and give the ONNX file"),),
        )
    if homes & {"sklearn", "xgboost", "lightgbm"}:
        return _estimator(model, calibration)
    raise InvalidArgument(
        f"a {type(model).__name__} is no model that is known here: give an ONNX file (its path or bytes), a "
        "torch.nn.Module, or an estimator of scikit-learn, XGBoost or LightGBM",
        "model",
    )


def need(package: str, purpose: str, install: Optional[str] = None) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        name = install or package
        raise MissingPackage(
            f"{purpose} needs the package {name} ({error})",
            name,
            (
                Remedy(f"pip install {name}"),
                Remedy("convert the model elsewhere, and give the ONNX file's path"),
            ),
        ) from error


# PyTorch


def _torch(model: Any, calibration: Any) -> bytes:
    import io

    torch = need("torch", "a torch.nn.Module")
    need("onnx", "torch.onnx")
    if calibration is None:
        raise InvalidArgument("a torch.nn.Module is exported with an example: give calibration samples", "calibration")
    parameter = next(model.parameters(), None)
    dtype = torch.float32 if parameter is None else parameter.dtype
    if hasattr(calibration, "detach"):
        sample = calibration[:1].detach().cpu()
    else:
        rows = calibration.to_numpy() if hasattr(calibration, "to_numpy") else np.asarray(calibration)
        sample = torch.from_numpy(np.ascontiguousarray(rows[:1], dtype=np.float32))
    # Two samples, of which exporters don't conclude that there is always one.
    example = torch.cat([sample, sample]).to(dtype)
    if parameter is not None:
        example = example.to(parameter.device)
    was_training = {module: module.training for module in model.modules()}
    buffer = io.BytesIO()
    try:
        model.eval()
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model,
                (example,),
                buffer,
                input_names=["samples"],
                output_names=["outputs"],
                dynamic_axes={"samples": {0: "N"}, "outputs": {0: "N"}},
                opset_version=17,
                **_torch_exporter(torch),
            )
    except Exception as error:
        raise ModelError(
            f"torch.onnx could not export it: {error}",
            type(model).__name__,
            (Remedy("export it to ONNX as suits the model, and give the file's path"),),
        ) from error
    finally:
        for module, training in was_training.items():
            module.training = training
    return buffer.getvalue()


def _torch_exporter(torch: Any) -> dict[str, Any]:
    """The exporter that traces: it needs no further package, and keeps one node a layer."""
    import inspect

    return {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}


# scikit-learn, XGBoost, LightGBM


def _estimator(model: Any, calibration: Any) -> Source:
    purpose = f"a {type(model).__name__}"
    onnx = need("onnx", purpose)
    names = getattr(model, "feature_names_in_", None)
    columns = table_columns(calibration)
    if names is None and columns is not None:
        names = columns
    names = None if names is None else tuple(str(name) for name in names)
    count = _feature_count(model, calibration)
    home = type(model).__module__.split(".")[0]
    if home in ("xgboost", "lightgbm"):
        proto = _boosted(model, home, count, purpose)
    else:
        proto = _sklearn(model, calibration, count, purpose)
    inputs = len(proto.graph.input)
    if names is not None and inputs == 1 and len(names) == count > 1:
        _name_columns(proto, names, onnx)
    classes = getattr(model, "classes_", None)
    texts = None
    if classes is not None and np.asarray(classes).ndim == 1 and np.asarray(classes).dtype.kind in "USO":
        texts = [str(name) for name in classes]
    return Source(proto.SerializeToString(), names, texts)


def _feature_count(model: Any, calibration: Any) -> int:
    for candidate in (model, *(step for _, step in getattr(model, "steps", ()))):
        count = getattr(candidate, "n_features_in_", None)
        if count is not None:
            return int(count)
    if calibration is not None and len(np.shape(calibration)) == 2:
        return int(np.shape(calibration)[1])
    raise InvalidArgument(
        f"the {type(model).__name__} says nothing of its features: fit it first, or give calibration samples", "model"
    )


def _sklearn(model: Any, calibration: Any, count: int, purpose: str) -> Any:
    skl2onnx = need("skl2onnx", purpose)
    types = importlib.import_module("skl2onnx.common.data_types")
    _register_boosted(model)
    initial = [("samples", types.FloatTensorType([None, count]))]
    if _takes_table(model):
        initial = _table_types(model, calibration, types)
    options: dict[Any, Any] = {}
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    if getattr(last, "_estimator_type", None) == "classifier" or hasattr(last, "classes_"):
        options[id(last)] = {"zipmap": False}
    try:
        try:
            return skl2onnx.convert_sklearn(model, initial_types=initial, options=options or None, target_opset=_SETS)
        except NameError:
            # Some have no such option.
            return skl2onnx.convert_sklearn(model, initial_types=initial, target_opset=_SETS)
    except Exception as error:
        raise ModelError(
            f"skl2onnx could not convert it: {error}",
            type(model).__name__,
            (
                Remedy("fit it first, if that was forgotten"),
                Remedy("a model whose steps are all of scikit-learn, XGBoost or LightGBM"),
            ),
        ) from error


_SETS = {"": 17, "ai.onnx.ml": 3}


def _takes_table(model: Any) -> bool:
    """Whether it picks columns by itself."""
    first = model.steps[0][1] if hasattr(model, "steps") else model
    return type(first).__name__ == "ColumnTransformer"


def _table_types(model: Any, calibration: Any, types: Any) -> list[tuple[str, Any]]:
    found = table_columns(calibration)
    if found is None:
        raise InvalidArgument(
            "a pipeline that picks columns is calibrated with a table (pandas, polars or Arrow), of which the columns' "
            "names and types are known",
            "calibration",
        )
    if hasattr(calibration, "to_pandas"):
        calibration = calibration.to_pandas()
    initial = []
    for name in found:
        kind = getattr(calibration[name].dtype, "kind", "O")
        if kind in "iub":
            tensor = types.Int64TensorType([None, 1])
        elif kind == "f":
            tensor = types.FloatTensorType([None, 1])
        else:
            tensor = types.StringTensorType([None, 1])
        initial.append((name, tensor))
    return initial


def _boosted(model: Any, home: str, count: int, purpose: str) -> Any:
    onnxmltools = need("onnxmltools", purpose)
    types = importlib.import_module("onnxmltools.convert.common.data_types")
    initial = [("samples", types.FloatTensorType([None, count]))]
    try:
        if home == "xgboost":
            return onnxmltools.convert_xgboost(_unnamed(model), initial_types=initial, target_opset=15)
        return onnxmltools.convert_lightgbm(model, initial_types=initial, target_opset=15, zipmap=False)
    except Exception as error:
        raise ModelError(
            f"onnxmltools could not convert it: {error}",
            type(model).__name__,
            (Remedy("fit it first, if that was forgotten"),),
        ) from error


def _unnamed(model: Any) -> Any:
    """The converter takes features by number only."""
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    if getattr(booster, "feature_names", None) is None:
        return model
    import copy

    model = copy.deepcopy(model)
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    booster.feature_names = None
    return model


def _register_boosted(model: Any) -> None:
    """Teaches skl2onnx the boosted trees that are steps of a pipeline."""
    homes = {type(step).__module__.split(".")[0] for _, step in getattr(model, "steps", ())} & {"xgboost", "lightgbm"}
    if not homes:
        return
    need("onnxmltools", "a pipeline that ends in boosted trees")
    skl2onnx = importlib.import_module("skl2onnx")
    shapes = importlib.import_module("skl2onnx.common.shape_calculator")
    for home in sorted(homes):
        package = importlib.import_module(home)
        name = {"xgboost": "XGBoost", "lightgbm": "LightGbm"}[home]
        folder = f"onnxmltools.convert.{home}.operator_converters"
        convert = getattr(importlib.import_module(f"{folder}.{name}"), f"convert_{home}")
        prefix = {"xgboost": "XGB", "lightgbm": "LGBM"}[home]
        for kind in ("Classifier", "Regressor"):
            calculate = (
                shapes.calculate_linear_classifier_output_shapes
                if kind == "Classifier"
                else shapes.calculate_linear_regressor_output_shapes
            )
            options = {"nocl": [True, False], "zipmap": [True, False, "columns"], "split": None}
            skl2onnx.update_registered_converter(
                getattr(package, prefix + kind),
                f"{name}{prefix}{kind}",
                calculate,
                convert,
                options=options if kind == "Classifier" else {"split": None},
            )


def _name_columns(proto: Any, names: tuple[str, ...], onnx: Any) -> None:
    """Gives the model an input for each column, so that the plan knows their names."""
    graph = proto.graph
    joined = graph.input[0].name
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    taken |= {tensor.name for tensor in graph.initializer}
    if len(set(names)) != len(names) or taken & set(names):
        return
    kind = graph.input[0].type.tensor_type.elem_type
    del graph.input[:]
    for name in names:
        graph.input.append(onnx.helper.make_tensor_value_info(name, kind, [None, 1]))
    node = onnx.helper.make_node("Concat", list(names), [joined], name="columns", axis=1)
    graph.node.insert(0, node)
