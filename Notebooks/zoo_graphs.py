"""The other half of the zoo: small ONNX graphs, written by hand, that end in every kind of label and score.

All take `x`, float [N, 6], but those that say so. W and b are the same random layer of 3 outputs everywhere.
"""

import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper, parser

SEED = 7
FEATURES = 6

# Outputs, then the body. S is the layer's scores; p, s the first score's sigmoid, and the score.
LAYER = "S = Gemm(x, W, b)"
ONE = "s = Gemm(x, w, c)"
GRAPHS = {
    "scores": ("float[N,3] S", LAYER),
    "softmax": ("float[N,3] y", LAYER + " y = Softmax<axis=1>(S)"),
    "log-softmax": ("float[N,3] y", LAYER + " y = LogSoftmax<axis=1>(S)"),
    "softmax and label": ("float[N,3] y, int64[N] z", LAYER + " y = Softmax<axis=1>(S) z = ArgMax<axis=1, keepdims=0>(y)"),
    "arg max": ("int64[N,1] z", LAYER + " z = ArgMax<axis=1>(S)"),
    "arg min": ("int64[N] z", LAYER + " z = ArgMin<axis=1, keepdims=0>(S)"),
    "arg max of negatives": ("int64[N] z", LAYER + " t = Neg(S) z = ArgMax<axis=1, keepdims=0>(t)"),
    "arg max, last of equals": (
        "int64[N] z", LAYER + " r = Round(S) z = ArgMax<axis=1, keepdims=0, select_last_index=1>(r)"),
    "arg max of distances": ("int64[N] z", LAYER + " t = Abs(S) z = ArgMax<axis=1, keepdims=0>(t)"),
    "arg max of squares": ("int64[N] z", LAYER + " t = Mul(S, S) z = ArgMax<axis=1, keepdims=0>(t)"),
    "arg max, temperatures": ("int64[N] z", LAYER + " t = Mul(S, v) z = ArgMax<axis=1, keepdims=0>(t)"),
    "arg max, plus one": ("int64[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = Add(t, one)"),
    "arg max, odd labels": ("int64[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) d = Mul(t, two) z = Add(d, one)"),
    "arg max as float": ("float[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = Cast<to=1>(t)"),
    "arg max as int32": ("int32[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = Cast<to=6>(t)"),
    "arg max, table of classes": ("int64[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = Gather<axis=0>(classes, t)"),
    "arg max over samples": ("int64[1,3] z", LAYER + " z = ArgMax<axis=0>(S)"),
    "softmax over samples": ("float[N,3] y", LAYER + " y = Softmax<axis=0>(S)"),
    "less the mean of samples": ("float[N,3] y", LAYER + " m = ReduceMean<keepdims=1>(S, axis0) y = Sub(S, m)"),
    "cumulated over samples": ("float[N,3] y", LAYER + " y = CumSum(S, zero)"),
    "arg max, two of a sample": (
        "int64[N,2] z", "s6 = Gemm(x, V) r = Reshape(s6, shape) z = ArgMax<axis=2, keepdims=0>(r)"),
    "top 1": ("float[N,1] y, int64[N,1] z", LAYER + " y, z = TopK<axis=1>(S, oneK)"),
    "top 2": ("float[N,2] y, int64[N,2] z", LAYER + " y, z = TopK<axis=1>(S, twoK)"),
    "lowest 1": ("float[N,1] y, int64[N,1] z", LAYER + " y, z = TopK<axis=1, largest=0>(S, oneK)"),
    "hard max": ("float[N,3] z", LAYER + " z = Hardmax<axis=1>(S)"),
    "one hot": ("float[N,3] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = OneHot(t, three, offOn)"),
    "equal to the largest": ("bool[N,3] z", LAYER + " m = ReduceMax<keepdims=1>(S, axis1) z = Equal(S, m)"),
    "largest score": ("float[N] y", LAYER + " y = ReduceMax<keepdims=0>(S, axis1)"),
    "mean score": ("float[N] y", LAYER + " y = ReduceMean<keepdims=0>(S, axis1)"),
    "sum of squares": ("float[N] y", LAYER + " y = ReduceSumSquare<keepdims=0>(S, axis1)"),
    "log sum exp": ("float[N] y", LAYER + " y = ReduceLogSumExp<keepdims=0>(S, axis1)"),
    "product of scores": ("float[N] y", LAYER + " y = ReduceProd<keepdims=0>(S, axis1)"),
    "norm": ("float[N] y", LAYER + " y = ReduceL2<keepdims=0>(S, axis1)"),
    "positive": ("bool[N,1] z", ONE + " z = Greater(s, zeroF)"),
    "positive, as int": ("int64[N,1] z", ONE + " t = Greater(s, zeroF) z = Cast<to=7>(t)"),
    "not negative": ("bool[N,1] z", ONE + " t = Less(s, zeroF) z = Not(t)"),
    "probability over 0.9": ("float[N,1] p, bool[N,1] z", ONE + " p = Sigmoid(s) z = Greater(p, high)"),
    "probability over 0.9, alone": ("int64[N,1] z", ONE + " p = Sigmoid(s) t = Greater(p, high) z = Cast<to=7>(t)"),
    "at most 0.1": ("int64[N,1] z", ONE + " p = Sigmoid(s) t = LessOrEqual(p, low) z = Cast<to=7>(t)"),
    "at least 0.5": ("int64[N,1] z", ONE + " p = Sigmoid(s) t = GreaterOrEqual(p, half) z = Cast<to=7>(t)"),
    "half under it": ("int64[N,1] z", ONE + " p = Sigmoid(s) t = Less(half, p) z = Cast<to=7>(t)"),
    "between": ("bool[N,1] z", ONE + " u = Greater(s, low) t = Less(s, high) z = And(u, t)"),
    "outside": ("bool[N,1] z", ONE + " u = Less(s, low) t = Greater(s, high) z = Or(u, t)"),
    "one of two": ("bool[N,3] z", LAYER + " u = Greater(S, low) t = Greater(S, high) z = Xor(u, t)"),
    "minus one or one": ("float[N,1] z", ONE + " t = Greater(s, zeroF) z = Where(t, oneF, minus)"),
    "sign": ("float[N,1] z", ONE + " z = Sign(s)"),
    "rounded": ("float[N,1] z", ONE + " z = Round(s)"),
    "rounded sigmoid": ("float[N,1] z", ONE + " p = Sigmoid(s) z = Round(p)"),
    "floor": ("int64[N,1] z", ONE + " t = Floor(s) z = Cast<to=7>(t)"),
    "cast to int": ("int64[N,1] z", ONE + " z = Cast<to=7>(s)"),
    "step of abs": ("bool[N,1] z", ONE + " t = Abs(s) z = Greater(t, high)"),
    "several labels": ("int64[N,3] z", LAYER + " p = Sigmoid(S) t = Greater(p, half) z = Cast<to=7>(t)"),
    "several labels and probabilities": ("float[N,3] p, bool[N,3] z", LAYER + " p = Sigmoid(S) z = Greater(p, half)"),
    "several thresholds": ("float[N,3] p, bool[N,3] z", LAYER + " p = Sigmoid(S) z = Greater(p, thresholds)"),
    "ordinal": ("int64[N] z", LAYER + " t = Greater(S, zeroF) u = Cast<to=7>(t) z = ReduceSum<keepdims=0>(u, axis1)"),
    "two heads": ("float[N,3] y, float[N,1] s", LAYER + " y = Softmax<axis=1>(S) " + ONE),
    "two heads of different scales": (
        "float[N,3] y, float[N,1] s", LAYER + " y = Mul(S, thousand) " + ONE),
    "two networks of different scales": (
        "float[N,3] y, float[N,1] s",
        "h = Gemm(x, V) r = Mul(h, h) S = Gemm(r, W, b) y = Mul(S, thousand) s = Gemm(r, w, c)"),
    "targets of different scales": ("float[N,3] y", LAYER + " y = Mul(S, scales)"),
    "two heads, two labels": (
        "int64[N] z, bool[N,1] u",
        LAYER + " z = ArgMax<axis=1, keepdims=0>(S) " + ONE + " u = Greater(s, zeroF)"),
    "two labels of different scores": (
        "int64[N] z, int64[N] u",
        LAYER + " z = ArgMax<axis=1, keepdims=0>(S) T = Gemm(x, V3) u = ArgMin<axis=1, keepdims=0>(T)"),
    "label of both heads": (
        "int64[N] z", LAYER + " " + ONE + " t = Concat<axis=1>(S, s) z = ArgMax<axis=1, keepdims=0>(t)"),
    "label first, scores after": ("int64[N] z, float[N,3] S", LAYER + " z = ArgMax<axis=1, keepdims=0>(S)"),
    "scores in another order": (
        "float[N,3] y, int64[N] z",
        LAYER + " y = Gather<axis=1>(S, order) z = ArgMax<axis=1, keepdims=0>(y)"),
    "scores and their negatives": ("float[N,3] S, float[N,3] y", LAYER + " y = Neg(S)"),
    "two of three scores": ("float[N,2] y", LAYER + " y = Slice(S, from, to, axis1)"),
    "inner and outer": ("float[N,3] S, float[N,1] s", LAYER + " h = Relu(S) s = Gemm(h, w3)"),
    "exponential": ("float[N,1] y", ONE + " y = Exp(s)"),
    "softplus": ("float[N,1] y", ONE + " y = Softplus(s)"),
    "clipped": ("float[N,1] y", ONE + " y = Clip(s, low, high)"),
    "relu at the end": ("float[N,3] y", LAYER + " y = Relu(S)"),
    "tanh at the end": ("float[N,3] y", LAYER + " y = Tanh(S)"),
    "probabilities of two": ("float[N,2] y", ONE + " p = Sigmoid(s) q = Sub(oneF, p) y = Concat<axis=1>(q, p)"),
    "probabilities of two, turned": (
        "float[N,2] y, int64[N] z",
        ONE + " p = Sigmoid(s) q = Sub(oneF, p) y = Concat<axis=1>(p, q) z = ArgMax<axis=1, keepdims=0>(y)"),
    "smaller of two": ("float[N,1] y", ONE + " t = Gemm(x, w2) y = Min(s, t)"),
    "first is larger": ("bool[N,1] z", ONE + " t = Gemm(x, w2) z = Greater(s, t)"),
    "ratio": ("float[N,1] y", ONE + " t = Gemm(x, w2) e = Exp(t) y = Div(s, e)"),
    "names": ("string[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = ai.onnx.ml.LabelEncoder"
              "<keys_int64s=[0,1,2], values_strings=[\"no\",\"=yes\",\"may, be\"]>(t)"),
    "names with a default": ("string[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = ai.onnx.ml.LabelEncoder"
                             "<keys_int64s=[0,2], values_strings=[\"no\",\"yes\"], default_string=\"else\">(t)"),
    "numbers for labels": ("int64[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = ai.onnx.ml.LabelEncoder"
                           "<keys_int64s=[0,1,2], values_int64s=[30,-1,7]>(t)"),
    "floats for labels": ("float[N] z", LAYER + " t = ArgMax<axis=1, keepdims=0>(S) z = ai.onnx.ml.LabelEncoder"
                          "<keys_int64s=[0,1,2], values_floats=[0.5,-1.0,7.25]>(t)"),
    "binarizer": ("float[N,3] z", LAYER + " z = ai.onnx.ml.Binarizer<threshold=0.25>(S)"),
    "normalizer, L1": ("float[N,3] y", LAYER + " p = Sigmoid(S) y = ai.onnx.ml.Normalizer<norm=\"L1\">(p)"),
    "normalizer, L2": ("float[N,3] y", LAYER + " y = ai.onnx.ml.Normalizer<norm=\"L2\">(S)"),
    "normalizer, max": ("float[N,3] y", LAYER + " p = Sigmoid(S) y = ai.onnx.ml.Normalizer<norm=\"MAX\">(p)"),
    "scaler, imputer, scores": (
        "float[N,3] S",
        "t = ai.onnx.ml.Imputer<imputed_value_floats=[0.5], replaced_value_float=-9.0>(x)"
        " u = ai.onnx.ml.Scaler<offset=[0.1], scale=[2.0]>(t) S = Gemm(u, W, b)"),
    "relu network": ("float[N,3] y, int64[N] z", "h = Gemm(x, V) r = Relu(h) y = Gemm(r, W, b)"
                     " z = ArgMax<axis=1, keepdims=0>(y)"),
    "quadratic network": ("float[N,3] y", "h = Gemm(x, V) r = Mul(h, h) y = Gemm(r, W, b)"),
}

# Of ai.onnx.ml: rows and classes, the transform, and the labels.
CLASSIFIERS = {
    f"LinearClassifier, {rows} rows, {transform}{', names' if names else ''}": (rows, transform, names)
    for rows in (1, 2, 3)
    for transform in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT")
    for names in ((False, True) if transform == "LOGISTIC" else (False,))
}


def constants():
    generator = np.random.default_rng(SEED)
    normal = lambda *shape: generator.normal(size=shape).astype(np.float32)  # noqa: E731
    whole = lambda *values: np.array(values, np.int64)  # noqa: E731
    scalar = lambda value: np.array(value, np.float32)  # noqa: E731
    return {
        "W": normal(FEATURES, 3), "b": normal(3), "w": normal(FEATURES, 1), "c": normal(1), "w2": normal(FEATURES, 1),
        "V": normal(FEATURES, 6), "V3": normal(FEATURES, 3), "w3": normal(3, 1), "v": np.array([1, 3, -2], np.float32),
        "one": whole(1)[0], "two": whole(2)[0], "oneK": whole(1), "twoK": whole(2), "three": whole(3)[0],
        "zero": whole(0)[0], "from": whole(0), "to": whole(2),
        "axis0": whole(0), "axis1": whole(1), "shape": whole(-1, 2, 3), "order": whole(2, 0, 1),
        "classes": whole(30, -1, 7), "offOn": np.array([0, 1], np.float32),
        "zeroF": scalar(0), "oneF": scalar(1), "minus": scalar(-1), "thousand": scalar(1000),
        "scales": np.array([1, 30, 1000], np.float32), "high": scalar(0.9), "low": scalar(0.1),
        "half": scalar(0.5), "thresholds": np.array([0.2, 0.5, 0.95], np.float32),
    }


def samples():
    generator = np.random.default_rng(SEED + 1)
    return [generator.normal(size=(n, FEATURES)).astype(np.float32) for n in (300, 100)]


def of_text(outputs, body):
    model = parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 18, "ai.onnx.ml" : 3]> g (float[N,{FEATURES}] x) => ({outputs}) {{{body}}}'
    )
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants().items() if name in used
    )
    onnx.checker.check_model(model)
    return model


def layer(rows, transform):
    """Coefficients and intercepts; of PROBIT so that the scores are probabilities."""
    values = constants()
    factor, middle = (0.03, 0.5) if transform == "PROBIT" else (1, 0)
    return {"coefficients": (values["W"].T[:rows] * factor).reshape(-1).tolist(),
            "intercepts": (values["b"][:rows] * factor + middle).tolist()}


def classifier(rows, transform, names):
    classes = max(rows, 2)
    labels = {"classlabels_strings": ["low", "mid", "high"][:classes]} if names else {
        "classlabels_ints": [5, 3, 8][:classes]}
    node = helper.make_node(
        "LinearClassifier", ["x"], ["label", "scores"], domain="ai.onnx.ml", post_transform=transform,
        **layer(rows, transform), **labels)
    return of_nodes([node], [("label", onnx.TensorProto.STRING if names else onnx.TensorProto.INT64, ["N"]),
                             ("scores", onnx.TensorProto.FLOAT, ["N", classes])])


def regressor(targets, transform):
    node = helper.make_node(
        "LinearRegressor", ["x"], ["y"], domain="ai.onnx.ml", post_transform=transform, targets=targets,
        **layer(targets, transform))
    return of_nodes([node], [("y", onnx.TensorProto.FLOAT, ["N", targets])])


def of_nodes(nodes, outputs):
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [info("x", onnx.TensorProto.FLOAT, ["N", FEATURES])], [info(*output) for output in outputs])
    return helper.make_model(
        graph, ir_version=8, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)])


def quantized(train):
    """What onnxruntime's quantizers make of two small networks."""
    import logging

    from onnxruntime import quantization as q

    logging.disable(logging.WARNING)

    class Reader(q.CalibrationDataReader):
        def __init__(self):
            self.left = iter([{"x": train}])

        def get_next(self):
            return next(self.left, None)

    networks = {
        "linear": ("float[N,3] S, int64[N] z", LAYER + " z = ArgMax<axis=1, keepdims=0>(S)"),
        "relu": ("float[N,3] y", "h = Gemm(x, V) r = Relu(h) y = Gemm(r, W, b)"),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, graph in networks.items():
            source, target = f"{folder}/float.onnx", f"{folder}/integers.onnx"
            onnx.save(of_text(*graph), source)
            for label, make in {
                "static, QDQ": lambda: q.quantize_static(source, target, Reader()),
                "static, QDQ, by channel": lambda: q.quantize_static(source, target, Reader(), per_channel=True),
                "static, QDQ, unsigned": lambda: q.quantize_static(
                    source, target, Reader(), weight_type=q.QuantType.QUInt8, activation_type=q.QuantType.QUInt8),
                "static, operators": lambda: q.quantize_static(
                    source, target, Reader(), quant_format=q.QuantFormat.QOperator),
                "dynamic": lambda: q.quantize_dynamic(source, target),
            }.items():
                try:
                    make()
                    yield f"quantized {name}, {label}", onnx.load(target)
                except Exception as error:
                    yield f"quantized {name}, {label}", f"{type(error).__name__}: {error}"


def models(only="", done=()):
    """Name, ONNX model, calibration samples, test samples."""
    train, test = samples()
    made = [(name, lambda graph=graph: of_text(*graph)) for name, graph in GRAPHS.items()]
    made += [(name, lambda case=case: classifier(*case)) for name, case in CLASSIFIERS.items()]
    made += [
        (f"LinearRegressor, {targets} targets, {transform}", lambda t=targets, p=transform: regressor(t, p))
        for targets in (1, 3)
        for transform in ("NONE", "LOGISTIC", "SOFTMAX", "PROBIT")
    ]
    for name, make in made:
        if only not in name or name in done:
            continue
        try:
            yield name, make(), train, test
        except Exception as error:
            yield name, None, f"{type(error).__name__}: {error}", None
    for name, model in quantized(train):
        if only not in name or name in done:
            continue
        if isinstance(model, str):
            yield name, None, model, None
        else:
            yield name, model, train, test
