"""Small models as exporters and quantizers write them, with onnxruntime's answers: writes onnx.json.

python3 -m venv venv && venv/bin/pip install onnx onnxruntime numpy && venv/bin/python onnx.py
"""

import base64
import json
import pathlib
import sys
import tempfile

sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != pathlib.Path(__file__).parent.resolve()]
import numpy as np
import onnx
import onnxruntime
import onnxruntime.quantization
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh

rng = np.random.default_rng(1)
cases = []


def w(name, array, dtype=np.float32):
    return nh.from_array(np.asarray(array, dtype), name)


def r(name, *shape, dtype=np.float32):
    return w(name, rng.normal(size=shape), dtype)


def short(value):
    """The shortest decimal that gives the same Float; JSON has none for NaN."""
    return "nan" if np.isnan(value) else float(str(np.float32(value)))


def model(nodes, inits, shape, out=None, opset=17, type=T.FLOAT, batch="n", domains=(), functions=(), out_type=T.FLOAT):
    graph = h.make_graph(
        nodes, "g", [h.make_tensor_value_info("x", type, [batch] + list(shape))],
        [h.make_tensor_value_info("y", out_type, out)], inits)
    sets = [h.make_opsetid("", opset)] + [h.make_opsetid(d, 1) for d in domains]
    m = h.make_model(graph, opset_imports=sets, functions=functions)
    m.ir_version = 10 if opset > 20 else 8 if opset > 10 else 6
    return m


def case(name, m, samples=None, refusal=None, check=True):
    entry = {"name": name, "model": base64.b64encode(m.SerializeToString()).decode()}
    if refusal:
        entry["refusal"] = refusal
    else:
        dims = m.graph.input[0].type.tensor_type
        shape = [d.dim_value for d in dims.shape.dim[1:]]
        batch = dims.shape.dim[0].dim_value or 1
        count = max(3, batch)
        if samples is None:
            samples = rng.normal(size=[count] + shape) * 1.5
        samples = np.round(samples, 4)
        dtype = h.tensor_dtype_to_np_dtype(dims.elem_type)
        samples = np.asarray(samples).astype(dtype)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(m.SerializeToString(), options)
        outputs = np.concatenate([
            np.reshape(session.run(None, {"x": samples[k:k + batch]})[0], [batch, -1])
            for k in range(0, len(samples), batch)])
        entry["samples"] = [[short(v) for v in s.ravel()] for s in samples]
        entry["outputs"] = [[short(v) for v in o.ravel()] for o in outputs]
    cases.append(entry)


def n(op, inputs, outputs, **attributes):
    return h.make_node(op, inputs.split(), outputs.split(), name=f"{op}_{outputs.split()[0]}", **attributes)


# Operator sets 7 to 10.
case("clip-6", model([n("Clip", "x", "y", min=-0.5, max=1.0)], [], [4], opset=7))
case("pad-2", model([n("Pad", "x", "y", pads=[0, 1, 0, 2], value=0.25)], [], [4], opset=8))
case("slice-1", model([n("Slice", "x", "y", starts=[0, 1], ends=[99, -1], axes=[0, 1])], [], [5], opset=9))
case("slice-1-negative-axis", model([n("Slice", "x", "y", starts=[-3], ends=[-1], axes=[2])], [], [2, 5], opset=7))
case("upsample-7", model([n("Upsample", "x", "y", scales=[1.0, 1.0, 2.0, 3.0])], [], [1, 2, 2], opset=7))
case("upsample-9", model([n("Upsample", "x s", "y", mode="linear")], [w("s", [1, 1, 2, 2])], [1, 2, 3], opset=9))
case("resize-10", model([n("Resize", "x s", "y")], [w("s", [1, 1, 1.5, 2])], [1, 2, 3], opset=10))
case("resize-13-half-pixel", model([n("Resize", "x  s".replace("  ", " r "), "y", mode="linear")], [w("r", []), w("s", [1, 1, 2, 1.5])], [1, 3, 4], opset=13))
case("resize-13-sizes", model([h.make_node("Resize", ["x", "", "", "z"], ["y"], mode="nearest", coordinate_transformation_mode="align_corners", nearest_mode="round_prefer_ceil")], [w("z", [1, 1, 5, 2], np.int64)], [1, 3, 4], opset=13))
case("reduce-sum-1", model([n("ReduceSum", "x", "y", axes=[2], keepdims=0)], [], [3, 4], opset=9))
case("squeeze-1", model([n("Squeeze", "x", "a", axes=[1]), n("Unsqueeze", "a", "y", axes=[2])], [], [1, 4], opset=9))
case("split-2", model([n("Split", "x", "a b", axis=1, split=[1, 3]), n("Concat", "b a", "y", axis=1)], [], [4], opset=9))
case("dropout-7", model([n("Dropout", "x", "y", ratio=0.4)], [], [4], opset=7))
case("dropout-12", model([n("Dropout", "x r", "y")], [w("r", 0.4)], [4], opset=12))
case("batchnorm-7", model([n("BatchNormalization", "x a b c d", "y", epsilon=0.01)], [r("a", 2), r("b", 2), r("c", 2), w("d", [0.5, 2])], [2, 3], opset=7))
case("softmax-1-flattens", model([n("Softmax", "x", "y", axis=1)], [], [2, 3], opset=9))
case("softmax-13", model([n("Softmax", "x", "y")], [], [2, 3], opset=13))
case("flatten-7", model([n("Flatten", "x", "a"), n("Gemm", "a b c", "y")], [r("b", 6, 2), r("c", 2)], [2, 3], opset=7))
case("cast-6", model([n("Cast", "x", "a", to=T.DOUBLE), n("Cast", "a", "y", to=T.FLOAT)], [], [3], opset=7))
case("operator-set-6", model([n("Relu", "x", "y")], [], [3], opset=6), refusal="convert_version")

# Convolutions that see padding only.
case("conv-pad", model([n("Conv", "x w b", "y", pads=[1, 1, 1, 1])], [r("w", 2, 1, 1, 1), r("b", 2)], [1, 2, 2]))
case("conv-pad-dilated", model([n("Conv", "x w", "y", pads=[3, 0, 1, 4], strides=[2, 1])], [r("w", 1, 2, 2, 2)], [2, 3, 3]))

# Types.
half = np.float16
case("fp16-weights", model([n("Cast", "w", "a", to=T.FLOAT), n("MatMul", "x a", "y")], [r("w", 3, 2, dtype=half)], [3]))
bf = onnx.helper.make_tensor("w", T.BFLOAT16, [3, 2], [1.5, -0.25, 3.0, 0.0078125, -7.0, 2.0])
case("bf16-weights", model([n("Cast", "w", "a", to=T.FLOAT), n("MatMul", "x a", "y")], [bf], [3]))
case("double", model([n("Gemm", "x w b", "y")], [r("w", 3, 2, dtype=np.float64), r("b", 2, dtype=np.float64)], [3], type=T.DOUBLE, out_type=T.DOUBLE))
case("int64-input", model([n("Cast", "x", "a", to=T.FLOAT), n("MatMul", "a w", "y")], [r("w", 3, 2)], [3], type=T.INT64), samples=rng.integers(-9, 9, [3, 3]))
case("uint8-input", model([n("Cast", "x", "a", to=T.FLOAT), n("Div", "a c", "b"), n("MatMul", "b w", "y")], [w("c", 255), r("w", 3, 2)], [3], type=T.UINT8), samples=rng.integers(0, 255, [3, 3]))
case("fixed-batch", model([n("Reshape", "x s", "a"), n("MatMul", "a w", "y")], [w("s", [4, 6], np.int64), r("w", 6, 2)], [2, 3], batch=4))
case("fixed-batch-softmax", model([n("MatMul", "x w", "a"), n("Softmax", "a", "y", axis=1)], [r("w", 3, 2)], [3], batch=4))
case("mixed-batch", model([n("ReduceMean", "x", "m", axes=[0], keepdims=1), n("Sub", "x m", "y")], [], [3], batch=4), refusal="ReduceMean_m")
case("mixed-batch-softmax", model([n("MatMul", "x w", "a"), n("Softmax", "a", "y", axis=0)], [r("w", 3, 2)], [3], batch=4), refusal="mixes the samples")
case("constant-of-shape", model([n("ConstantOfShape", "s", "c", value=w("v", [0.5])), n("Add", "x c", "y")], [w("s", [1, 3], np.int64)], [3]))

# Quantization, as ONNX says.
def quantization(name, dtype, zero, scale=0.125, opset=17, low=-40, high=40):
    samples = np.concatenate([np.arange(low, high, 0.0625)[:8], rng.uniform(low, high, 8)])
    samples = np.stack([samples, np.arange(16) * scale / 2 - 4 * scale, samples * 10])
    case(name, model([n("QuantizeLinear", "x s z", "q"), n("DequantizeLinear", "q s z", "y")], [w("s", scale), w("z", zero, dtype)], [16], opset=opset), samples=samples)


quantization("qdq-uint8", np.uint8, 0)
quantization("qdq-uint8-zero", np.uint8, 131)
quantization("qdq-int8", np.int8, -3)
quantization("qdq-uint16", np.uint16, 1000, opset=21, scale=0.01)
quantization("qdq-int16", np.int16, -7, opset=21, scale=0.001)
case("qdq-axis", model([n("QuantizeLinear", "x s z", "q", axis=1), n("DequantizeLinear", "q s z", "y", axis=1)], [w("s", [0.1, 0.02, 0.5]), w("z", [0, 128, 7], np.uint8)], [3, 4]), samples=rng.normal(size=[3, 3, 4]) * 20)
case("qdq-different-scales", model([n("QuantizeLinear", "x s z", "q"), n("DequantizeLinear", "q t u", "y")], [w("s", 0.1), w("z", 10, np.uint8), w("t", 0.3), w("u", 30, np.uint8)], [6]))
case("qdq-float-weights", model([n("QuantizeLinear", "w s z", "q", axis=1), n("DequantizeLinear", "q s z", "a", axis=1), n("MatMul", "x a", "y")], [r("w", 3, 2), w("s", [0.05, 0.01]), w("z", [0, 0], np.int8)], [3]))
u8, i8 = np.uint8, np.int8
qin = [n("QuantizeLinear", "x s z", "q")]
qs = [w("s", 0.05), w("z", 120, u8), w("t", 0.07), w("u", 9, u8)]
case("qlinear-conv", model(qin + [n("QLinearConv", "q s z w ws wz t u b", "c", pads=[1, 1, 1, 1]), n("DequantizeLinear", "c t u", "y")], qs + [w("w", rng.integers(-127, 127, [2, 1, 3, 3]), i8), w("ws", [0.01, 0.02]), w("wz", [0, 0], i8), w("b", [100, -200], np.int32)], [1, 3, 3]))
case("qlinear-matmul", model(qin + [n("QLinearMatMul", "q s z w ws wz t u", "c"), n("DequantizeLinear", "c t u", "y")], qs + [w("w", rng.integers(0, 255, [4, 3]), u8), w("ws", 0.01), w("wz", 128, u8)], [4]))
case("qgemm", model(qin + [n("QGemm", "q s z w ws wz b t u", "c", domain="com.microsoft", transB=1), n("DequantizeLinear", "c t u", "y")], qs + [w("w", rng.integers(-127, 127, [3, 4]), i8), w("ws", [0.01, 0.02, 0.03]), w("wz", [0, 0, 0], i8), w("b", [50, 0, -50], np.int32)], [4], domains=["com.microsoft"]))
case("qlinear-add", model(qin + [n("QLinearAdd", "q s z q s z t u", "c", domain="com.microsoft"), n("DequantizeLinear", "c t u", "y")], qs, [4], domains=["com.microsoft"]))
case("matmul-integer", model(qin + [n("MatMulInteger", "q w z wz", "c"), n("Cast", "c", "d", to=T.FLOAT), n("Mul", "d f", "y")], qs + [w("w", rng.integers(0, 255, [4, 3]), u8), w("wz", 128, u8), w("f", 0.0005)], [4]))
case("conv-integer", model(qin + [n("ConvInteger", "q w z", "c"), n("Cast", "c", "d", to=T.FLOAT), n("Mul", "d f", "y")], qs + [w("w", rng.integers(0, 255, [2, 1, 2, 2]), u8), w("f", 0.0005)], [1, 3, 3]))
case("dynamic-quantization", model([n("DynamicQuantizeLinear", "x", "q s z"), n("MatMulInteger", "q w z", "c"), n("Cast", "c", "d", to=T.FLOAT), n("Mul", "d s", "y")], [w("w", rng.integers(-9, 9, [4, 3]), i8)], [4]), refusal="quantize_static")
case("fused", model([n("FusedGemm", "x w b", "y", domain="com.microsoft", activation="Relu")], [r("w", 3, 2), r("b", 2)], [3], domains=["com.microsoft"]), refusal="without optimization")

# Functions, control flow and indices.
f = h.make_function("own", "Twice", ["a", "w"], ["b"], [n("MatMul", "a w", "m"), h.make_node("LeakyRelu", ["m"], ["b"], name="act")], [h.make_opsetid("", 17)])
f.node[1].attribute.append(onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope"))
f.attribute.append("slope")
outer = h.make_function("own", "Outer", ["a"], ["b"], [n("Constant", "", "c", value=r("v", 3, 3)), h.make_node("Twice", ["a", "c"], ["t"], domain="own", slope=0.25), n("Add", "t a", "b")], [h.make_opsetid("", 17), h.make_opsetid("own", 1)])
case("functions", model([h.make_node("Outer", ["x"], ["p"], domain="own"), h.make_node("Twice", ["p", "w"], ["y"], domain="own", slope=0.5)], [r("w", 3, 2)], [3], domains=["own"], functions=[f, outer]))
own = h.make_graph([n("Squeeze", "x a", "sq")], "t", [], [h.make_tensor_value_info("sq", T.FLOAT, None)])
other = h.make_graph([n("Identity", "x", "id")], "e", [], [h.make_tensor_value_info("id", T.FLOAT, None)])
case("if-of-a-shape", model([n("Shape", "x", "s"), n("Gather", "s one", "d"), n("Equal", "d one", "c"), h.make_node("If", ["c"], ["y"], name="if", then_branch=own, else_branch=other)], [w("one", 1, np.int64), w("a", [1], np.int64)], [1, 3], out=None))
case("if-of-the-sample", model([n("ReduceSum", "x k", "s", keepdims=0), n("Greater", "s z", "c"), h.make_node("If", ["c"], ["y"], name="if", then_branch=own, else_branch=other)], [w("k", [0, 1, 2], np.int64), w("z", 0.0), w("a", [1], np.int64)], [1, 3]), refusal="depends on the sample")
body = h.make_graph([n("MatMul", "v w", "m"), n("Tanh", "m", "v2"), n("Identity", "go", "go2"), n("Identity", "v2", "scan")], "b", [h.make_tensor_value_info("i", T.INT64, []), h.make_tensor_value_info("go", T.BOOL, []), h.make_tensor_value_info("v", T.FLOAT, None)], [h.make_tensor_value_info("go2", T.BOOL, []), h.make_tensor_value_info("v2", T.FLOAT, None), h.make_tensor_value_info("scan", T.FLOAT, None)])
case("loop-of-three", model([h.make_node("Loop", ["trips", "", "x"], ["last", "all"], name="loop", body=body), n("ReduceSum", "all k", "sum", keepdims=0), n("Add", "sum last", "y")], [w("trips", 3, np.int64), r("w", 3, 3), w("k", [0], np.int64)], [3]))
case("einsum", model([n("Einsum", "x w", "y", equation="bij,kj->bki")], [r("w", 2, 3)], [4, 3]))
case("einsum-activations", model([n("Einsum", "x x", "y", equation="bij,bkj->bik")], [], [2, 3]))
case("gather-scalar", model([n("Gather", "x i", "y", axis=1)], [w("i", -1, np.int64)], [3, 2]))
case("gather-nd", model([n("GatherND", "x i", "y")], [w("i", [[0, 2], [0, 0]], np.int64)], [3, 2]))
case("own-domain", model([n("Relu6", "x", "y", domain="my.ops")], [], [3], domains=["my.ops"]), refusal="only its maker's runtime")

# A classifier of two rings, quantized by onnxruntime with its defaults: the Relu is folded into a saturation.
angles = np.arange(16) * np.pi / 8
weights = np.stack([np.cos(angles), np.sin(angles)])
rings = model([n("Gemm", "x w b", "a"), n("Relu", "a", "h"), n("Gemm", "h v c", "y")], [w("w", weights), w("b", -0.4 * np.ones(16)), w("v", np.stack([-np.ones(16), np.ones(16)], 1)), w("c", [1.3, -1.3])], [2])
points = rng.uniform(0, 2 * np.pi, 60)
radius = np.where(np.arange(60) % 2 == 0, 0.4, 1.0) + rng.normal(size=60) * 0.03
points = np.stack([np.cos(points) * radius, np.sin(points) * radius], 1).astype(np.float32)


class Reader(onnxruntime.quantization.CalibrationDataReader):
    def __init__(self):
        self.rows = iter([{"x": points[k:k + 1]} for k in range(60)])

    def get_next(self):
        return next(self.rows, None)


with tempfile.TemporaryDirectory() as folder:
    onnx.save(rings, f"{folder}/float.onnx")
    onnxruntime.quantization.quantize_static(
        f"{folder}/float.onnx", f"{folder}/qdq.onnx", Reader(), quant_format=onnxruntime.quantization.QuantFormat.QDQ,
        activation_type=onnxruntime.quantization.QuantType.QUInt8, weight_type=onnxruntime.quantization.QuantType.QInt8)
    quantized = onnx.load(f"{folder}/qdq.onnx")
assert not [x for x in quantized.graph.node if x.op_type == "Relu"]
case("rings-quantized", quantized, samples=points)

# Ends that the client computes: labels, truth values and ranks of four scores, exactly as the runtime does.
score = n("MatMul", "x w", "s")
matrix = r("w", 3, 4)
best = n("ArgMax", "s", "a", axis=1)


def end(name, nodes, inits=(), out_type=T.FLOAT, samples=None, first=(score,), opset=17):
    domains = ["ai.onnx.ml"] if any(x.domain for x in nodes) else []
    m = model(list(first) + nodes, [matrix] * bool(first) + list(inits), [3], domains=domains, out_type=out_type, opset=opset)
    case(f"end-{name}", m, samples=rng.normal(size=[8, 3]) * 1.5 if samples is None else samples)


for op in ["Sign", "Round", "Floor", "Ceil", "Hardmax"]:
    end(op.lower(), [n(op, "s", "y")])
end("hardmax-flattens", [n("Reshape", "s z", "b"), n("Hardmax", "b", "y", axis=1)], [w("z", [0, 2, 2], np.int64)], opset=11)
end("cast-bool", [n("Relu", "s", "a"), n("Cast", "a", "y", to=T.BOOL)], out_type=T.BOOL)
end("cast-int64", [n("Cast", "s", "y", to=T.INT64)], out_type=T.INT64)
end("cast-to-and-fro", [n("Cast", "s", "a", to=T.INT32), n("Cast", "a", "b", to=T.FLOAT), n("Mul", "b c", "y")], [w("c", 0.3)])
end("binarizer", [n("Binarizer", "s", "y", domain="ai.onnx.ml", threshold=0.25)])
end("one-hot", [n("Squeeze", "a o", "b"), n("OneHot", "b d v", "y")], [w("o", [1], np.int64), w("d", 4, np.int64), w("v", [-1, 2.5])], first=(score, best))
end("one-hot-from-the-end", [n("Cast", "s", "a", to=T.INT64), n("OneHot", "a d v", "y", axis=1)], [w("d", 3, np.int64), w("v", [0, 1])])
end("top", [n("TopK", "s k", "y i", axis=1)], [w("k", [3], np.int64)])
end("top-places", [n("TopK", "s k", "v y", axis=-1, largest=0)], [w("k", [2], np.int64)], out_type=T.INT64)
end("top-of-labels", [n("Cast", "s", "a", to=T.INT64), n("TopK", "a k", "y i", axis=1)], [w("k", [4], np.int64)], out_type=T.INT64)
compare = [n("Greater", "s c", "t"), n("Less", "s d", "u")]
bounds = [w("c", -0.5), w("d", 0.75)]
end("xor", compare + [n("Xor", "t u", "y")], bounds, out_type=T.BOOL)
end("logic-with-constants", compare + [n("And", "t e", "a"), n("Or", "u e", "b"), n("Not", "e", "f"), n("Xor", "a f", "g"), n("Xor", "g b", "y")], bounds + [w("e", [True, False, True, False], np.bool_)], out_type=T.BOOL)
end("ordinal", compare + [n("Cast", "t", "a", to=T.INT64), n("ReduceSum", "a k", "y", keepdims=0)], bounds + [w("k", [1], np.int64)], out_type=T.INT64)
whole = [w(name, value, np.int64) for name, value in (("m", -5), ("p", 3), ("q", 2))]
end("label-arithmetic", [n("Mul", "a m", "b"), n("Add", "p b", "c"), n("Div", "c q", "y")], whole, out_type=T.INT64, first=(score, best))
end("label-arithmetic-by-element", [n("Mul", "a m", "b"), n("Sub", "p b", "c"), n("Div", "c q", "y")], [w("m", [-5, 3, 7], np.int64), w("p", [1, 2, 40], np.int64), w("q", [2, -3, 49], np.int64)], out_type=T.INT64, first=(score, best))
end("label-negated", [n("Neg", "a", "b"), n("Abs", "b", "c"), n("Max", "c q", "d"), n("Equal", "d q", "y")], whole[2:], out_type=T.BOOL, first=(score, best))
end("labels-of-two", [n("ArgMin", "s", "b", axis=1), n("Sub", "a b", "c"), n("Equal", "a b", "e"), n("Cast", "e", "f", to=T.INT64), n("Min", "c f m", "y")], whole[:1], out_type=T.INT64, first=(score, best))
end("label-or-none", [n("Softmax", "s", "b", axis=1), n("ReduceMax", "b", "c", axes=[1]), n("Greater", "c d", "t"), n("Where", "t a m", "y")], [w("d", 0.6), w("m", -1, np.int64)], out_type=T.INT64, first=(score, best))
end("label-name", [n("ArrayFeatureExtractor", "l a", "b", domain="ai.onnx.ml"), n("Cast", "b", "c", to=T.FLOAT), n("Mul", "c d", "y")], [w("l", [7, -3, 100, 12], np.int64), w("d", [0.5])], first=(score, best))
end("votes", [n("Equal", "a c", "t"), n("Where", "t o z", "b"), n("Mul", "b d", "e"), n("Softmax", "s", "p"), n("Add", "e p", "y")], [w("c", [0, 1, 2, 3], np.int64), w("o", 1.0), w("z", 0.0), w("d", 0.25)], first=(score, best))
log = n("Log", "s", "l")
end("is-nan", [n("IsNaN", "l", "y")], out_type=T.BOOL, first=(score, log))
end("where-is-nan", [n("IsNaN", "l", "t"), n("Where", "t s l", "y")], first=(score, log))
end("is-inf", [n("Relu", "s", "a"), n("Div", "s a", "b"), n("IsInf", "b", "y", detect_positive=0)], out_type=T.BOOL)
end("equal-to-the-largest", [n("ReduceMax", "s", "m", axes=[1]), n("Equal", "s m", "y")], out_type=T.BOOL)
for op in ["ReduceMax", "ReduceMin", "ReduceLogSumExp"]:
    end(op.lower(), [n(op, "s", "y", axes=[1], keepdims=0)])
for op in ["Max", "Min"]:
    end(op.lower(), [n("Split", "s", "a b", axis=1), n(op, "a b", "y")])
shares = rng.uniform(-0.9, 0.9, [6, 3])
for targets, transforms in ((1, ["LOGISTIC", "SOFTMAX", "PROBIT"]), (3, ["LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"])):
    for transform in transforms:
        rows = dict(coefficients=[0.06, -0.03, 0.03, 0.03, 0.06, -0.03, -0.1, 0.0, 0.03][:3 * targets], intercepts=[0.25, 0.2, 0.8][:targets], post_transform=transform, domain="ai.onnx.ml")
        name = transform.lower().replace("_", "-")
        end(f"regressor-{targets}-{name}", [n("LinearRegressor", "x", "y", targets=targets, **rows)], samples=shares, first=())
        if targets > 1:
            end(f"classifier-{name}", [n("LinearClassifier", "x", "l y", classlabels_ints=[5, 3, 8], **rows)], samples=shares, first=())
sequence = model([score, n("Softmax", "s", "a"), n("Sigmoid", "s", "b"), n("SequenceConstruct", "a b", "y")], [matrix], [3])
sequence.graph.output[0].CopyFrom(h.make_tensor_sequence_value_info("y", T.FLOAT, None))
case("end-sequence", sequence)
end_rings = model([n("Gemm", "x w b", "a"), n("Relu", "a", "h"), n("Gemm", "h v c", "s"), n("ArgMax", "s", "y", axis=1)], list(rings.graph.initializer), [2], out_type=T.INT64)
with tempfile.TemporaryDirectory() as folder:
    onnx.save(end_rings, f"{folder}/float.onnx")
    onnxruntime.quantization.quantize_static(
        f"{folder}/float.onnx", f"{folder}/operators.onnx", Reader(), quant_format=onnxruntime.quantization.QuantFormat.QOperator)
    quantized = onnx.load(f"{folder}/operators.onnx")
print([x.op_type for x in quantized.graph.node])
case("rings-operators-argmax", quantized, samples=points)

# What is refused is refused with its own reason.
case("radial-kernel", model([n("SVMRegressor", "x", "y", domain="ai.onnx.ml", kernel_type="RBF")], [], [3], domains=["ai.onnx.ml"]), refusal="exponentials of the distances")
far = h.make_graph([n("Sub", "p q", "d"), n("ReduceSumSquare", "d", "e", axes=[1], keepdims=0), n("Identity", "p", "p2")], "b", [h.make_tensor_value_info("p", T.FLOAT, None), h.make_tensor_value_info("q", T.FLOAT, None)], [h.make_tensor_value_info("p2", T.FLOAT, None), h.make_tensor_value_info("e", T.FLOAT, None)])
case("neighbors", model([h.make_node("Scan", ["x", "w"], ["x2", "t"], name="scan", num_scan_inputs=1, body=far), n("Transpose", "t", "u", perm=[1, 0]), n("TopK", "u k", "v y", axis=1, largest=0)], [r("w", 5, 3), w("k", [2], np.int64)], [3], out_type=T.INT64), refusal="nearest neighbors")
case("words-as-numbers", model([score, best, n("ArrayFeatureExtractor", "l a", "b", domain="ai.onnx.ml"), n("Cast", "b", "y", to=T.FLOAT)], [matrix, nh.from_array(np.array(["p", "q", "r", "s"], object), "l")], [3], domains=["ai.onnx.ml"]), refusal="labels to float")

# Whatever depends on constants and static shapes alone is folded.
more = np.random.default_rng(2)


def v(name, *shape):
    return w(name, np.round(more.normal(size=shape), 3))


def i64(name, values):
    return w(name, values, np.int64)


def integers(name, op, inputs, values, **attributes):
    """A row of the input plus constants that an operator on integers makes."""
    inits = [value if isinstance(value, onnx.TensorProto) else i64(f"k{k}", value) for k, value in enumerate(values)]
    case(f"folded-{name}", model([n(op, inputs, "a", **attributes), n("Cast", "a", "b", to=T.FLOAT), n("Add", "x b", "y")], inits, [3]), samples=more.normal(size=[3, 3]))


integers("mod", "Mod", "k0 k1", [[7, -7, -9], [3, 3, -4]])
integers("fmod", "Mod", "k0 k1", [[7, -7, -9], [3, 3, -4]], fmod=1)
for op in ["ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceSumSquare"]:
    integers(op.lower(), op, "k0", [[[7, -2, 3], [1, 5, -4]]], axes=[0], keepdims=0)
integers("reduce-sum", "ReduceSum", "k0 k1", [[[7, -2, 3], [1, 5, -4]], [0]], keepdims=1)
integers("product-of-nothing", "ReduceProd", "k0", [i64("k0", [])], keepdims=0)
integers("clip", "Clip", "k0 k1 k2", [i64("k0", [7, -2, 2]), i64("k1", 0), i64("k2", 5)])
integers("running-sum", "CumSum", "k0 k1", [i64("k0", [7, -2, 2]), i64("k1", 0)], exclusive=1, reverse=1)
integers("arg-max", "ArgMax", "k0", [[[7, 2, 3], [1, 5, 4], [8, 0, 9]]], axis=0, keepdims=0)
integers("non-zero", "NonZero", "k0", [[0, 3, 5, 0, 1]])
integers("one-hot", "OneHot", "k0 k1 k2", [i64("k0", [1]), i64("k1", 3), i64("k2", [4, 6])])
case("folded-is-nan", model([n("IsNaN", "k", "t"), n("Where", "t o x", "y")], [w("k", [np.nan, 1, 2]), w("o", 0.5)], [3]))
case("folded-sines", model([n("Range", "f t d", "r"), n("Sin", "r", "s"), n("Cos", "s", "c"), n("Mul", "x c", "y")], [w("f", 0), w("t", 3), w("d", 1)], [3]))
case("unflattened", model([n("Shape", "x", "s"), n("Gather", "s one", "d"), n("Div", "d k", "e"), n("Mod", "d k", "m"), n("Add", "e m", "f"), n("Concat", "b k f", "t", axis=0), n("Reshape", "x t", "y")], [i64("one", [1]), i64("k", [2]), i64("b", [-1])], [6]))

# Activations with constants of their own, functions of one value.
case("prelu", model([n("PRelu", "x s", "y")], [w("s", [0.2])], [2, 3]))
case("prelu-channels", model([n("PRelu", "x s", "y")], [w("s", [[[0.2]], [[-0.5]]])], [2, 3, 2]))
case("thresholded-relu", model([n("ThresholdedRelu", "x", "y", alpha=0.4)], [], [6]))
case("shrink", model([n("Shrink", "x", "y", lambd=0.7, bias=0.3)], [], [6]))
for op, low, high in [("Sin", -9, 9), ("Cos", -9, 9), ("Tan", -1.4, 1.4), ("Asin", -1, 1), ("Acos", -1, 1), ("Atan", -5, 5), ("Sinh", -4, 4), ("Cosh", -4, 4), ("Asinh", -5, 5), ("Acosh", 1, 9), ("Atanh", -0.9, 0.9)]:
    case(op.lower(), model([n(op, "x", "y")], [], [6]), samples=more.uniform(low, high, [3, 6]))

# Transposed convolutions.
for name, inits, shape, attributes in [
    ("strides", [v("w", 2, 3, 3, 3), v("b", 3)], [2, 3, 4], dict(strides=[2, 1], pads=[1, 0, 0, 1], output_padding=[1, 0])),
    ("groups", [v("w", 4, 2, 2, 3)], [4, 3, 3], dict(group=2, dilations=[2, 1])),
    ("line", [v("w", 2, 2, 4), v("b", 2)], [2, 5], dict(strides=[3], pads=[2, 1])),
    ("same-upper", [v("w", 1, 2, 3, 3)], [1, 3, 3], dict(auto_pad="SAME_UPPER", strides=[2, 2])),
    ("same-lower", [v("w", 1, 2, 3, 3)], [1, 3, 3], dict(auto_pad="SAME_LOWER", strides=[2, 2])),
    ("shape", [v("w", 1, 1, 3, 3)], [1, 3, 3], dict(output_shape=[6, 5], strides=[2, 2])),
    ("shape-beyond", [v("w", 1, 1, 3, 3)], [1, 3, 3], dict(output_shape=[8, 7], strides=[2, 2], output_padding=[1, 0])),
]:
    case(f"conv-transpose-{name}", model([n("ConvTranspose", "x w b" if len(inits) == 2 else "x w", "y", **attributes)], inits, shape))

# Tables, places and running sums.
case("embedding", model([n("Gather", "e x", "y")], [v("e", 5, 3)], [4], type=T.INT64), samples=[[0, 4, -1, 2], [-5, 3, 1, 1]])
case("embedding-of-numbers", model([n("Gather", "e x", "y")], [v("e", 5)], [4], type=T.INT64), samples=[[0, 4, -1, 2], [-5, 3, 1, 1]])
case("embedding-of-columns", model([n("Gather", "e x", "y", axis=1)], [v("e", 3, 5)], [4], type=T.INT64), refusal="along axis 1")
case("gather-elements", model([n("GatherElements", "x i", "y", axis=1)], [i64("i", [[[0, -1, 1]]])], [2, 3]))
case("scatter-elements", model([n("ScatterElements", "x i u", "y", axis=1)], [i64("i", [[2, -4]]), w("u", [[0.5, -1.5]])], [4], batch=1))
case("scatter-nd", model([n("MatMul", "x w", "a"), n("ScatterND", "x i a", "y")], [i64("i", [[[0, 3], [0, 1]]]), v("w", 4, 2)], [4]))
case("scatter-rows", model([n("ScatterND", "k i x", "y")], [i64("i", [[1]]), v("k", 3, 4)], [4]))
case("compress", model([n("Compress", "x c", "y", axis=2)], [w("c", [True, False, True], np.bool_)], [2, 3]))
case("trilu", model([n("Trilu", "x", "y")], [], [3, 4]))
case("trilu-lower", model([n("Trilu", "x k", "y", upper=0)], [i64("k", -1)], [3, 4]))
case("cum-sum", model([n("CumSum", "x k", "y")], [i64("k", 1)], [3, 2]))
case("cum-sum-reverse", model([n("CumSum", "x k", "y", reverse=1, exclusive=1)], [i64("k", -1)], [3, 2]))
cast = n("Cast", "x", "i", to=T.INT64)
case("extracted-by-the-sample", model([cast, n("ArrayFeatureExtractor", "e i", "y", domain="ai.onnx.ml")], [v("e", 2, 3)], [2], domains=["ai.onnx.ml"], batch=1), samples=[[0, 2], [1.5, 0]])
weighted = [n("MatMul", "x w", "s"), n("TopK", "s k", "v j", axis=1), n("ArrayFeatureExtractor", "e j", "f", domain="ai.onnx.ml"), n("Reshape", "f r", "g"), n("CumSum", "g one", "h"), n("Less", "h m", "l"), n("Cast", "l", "c", to=T.FLOAT), n("ArgMin", "c", "a", axis=1), n("GatherElements", "j a", "b", axis=1), n("GatherElements", "s b", "y", axis=1)]
case("weighted-median", model(weighted, [v("w", 3, 5), i64("k", [5]), w("e", [0.2, 0.1, 0.4, 0.25, 0.3]), i64("r", [-1, 5]), i64("one", 1), w("m", 0.625)], [3], domains=["ai.onnx.ml"]), samples=more.normal(size=[8, 3]))

# Normalizations by the sample's own statistics.
case("instance-normalization", model([n("InstanceNormalization", "x s b", "y", epsilon=0.01)], [v("s", 2), v("b", 2)], [2, 3, 2]))
case("group-normalization", model([n("GroupNormalization", "x s b", "y", num_groups=2)], [v("s", 4), v("b", 4)], [4, 3], opset=21))
case("lrn", model([n("LRN", "x", "y", size=3, alpha=0.5, beta=0.6, bias=1.5)], [], [4, 2, 2]))
case("mean-variance-normalization", model([n("MeanVarianceNormalization", "x", "y", axes=[2, 3])], [], [2, 3, 2]))

# onnxruntime's operators on codes, code by code.
codes = more.normal(size=[12, 2, 4, 4]) * 3


def operators(name, nodes, inits, dtype=u8, samples=codes):
    inits = [w("s", 0.05), w("z", 120 if dtype == u8 else 5, dtype), w("t", 0.07), w("u", 9, dtype)] + inits
    case(f"qlinear-{name}", model([n("QuantizeLinear", "x s z", "q"), *nodes, n("DequantizeLinear", "c t u", "y")], inits, samples.shape[1:], domains=["com.microsoft"]), samples=samples)


def ql(op, inputs, **attributes):
    return n(f"QLinear{op}", inputs, "c", domain="com.microsoft", **attributes)


for dtype in (u8, i8):
    name = dtype.__name__
    operators(f"average-pool-{name}", [ql("AveragePool", "q s z t u", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1])], [], dtype)
    operators(f"global-average-pool-{name}", [ql("GlobalAveragePool", "q s z t u")], [], dtype)
    operators(f"sigmoid-{name}", [ql("Sigmoid", "q s z t u")], [], dtype)
    operators(f"leaky-relu-{name}", [ql("LeakyRelu", "q s z t u", alpha=0.3)], [], dtype)
    second = [w("p", 0.03), w("o", 100 if dtype == u8 else -3, dtype), n("QuantizeLinear", "x p o", "r")]
    for op in ["Add", "Mul"]:
        operators(f"{op.lower()}-{name}", [second[2], ql(op, "q s z r p o t u")], second[:2], dtype)
    operators(f"add-constant-{name}", [ql("Add", "q s z k p o t u")], second[:2] + [w("k", [[[3, 100, 7, 120]]], dtype)], dtype)
    operators(f"concat-{name}", [second[2], ql("Concat", "t u q s z r p o", axis=2)], second[:2], dtype)
operators("average-pool-with-padding", [ql("AveragePool", "q s z t u", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)], [])
# Sums and means that lie between two codes, with odd zero points: they are rounded before or after that is added.
halves = more.integers(-20, 20, size=[12, 2, 2, 4]) / 2
between = [w("s", 0.5), w("z", 101, u8), w("t", 1.0), w("u", 97, u8)]
for name, node in [
    ("average-pool", ql("AveragePool", "q s z t u", kernel_shape=[2, 2])),
    ("average-pool-of-all", ql("AveragePool", "q s z t u", kernel_shape=[2, 4])),
    ("global-average-pool", ql("GlobalAveragePool", "q s z t u")),
    ("leaky-relu", ql("LeakyRelu", "q s z t u", alpha=0.5)),
    ("concat", ql("Concat", "t u q s z q s z", axis=1)),
    ("add", ql("Add", "q s z q s z t u")),
    ("mul", ql("Mul", "q s z q s z t u")),
]:
    case(f"qlinear-halves-{name}", model([n("QuantizeLinear", "x s z", "q"), node, n("DequantizeLinear", "c t u", "y")], between, [2, 2, 4], domains=["com.microsoft"]), samples=halves)
rows = more.normal(size=[24, 4]) * 3
operators("gemm-real", [n("QGemm", "q s z k p o", "d", domain="com.microsoft"), n("QuantizeLinear", "d t u", "c")], [w("p", 0.03), w("o", 100, u8), w("k", more.integers(0, 255, [4, 3]), u8)], samples=rows)
operators("gemm", [n("QGemm", "q s z k p o b t u", "c", domain="com.microsoft", alpha=0.5)], [w("p", 0.03), w("o", 100, u8), w("k", more.integers(0, 255, [4, 3]), u8), w("b", [100, -300, 20], np.int32)], samples=rows)

# Trees of ai.onnx.ml 5: every mode on both sides of its threshold and of what is missing, sets, trees of one leaf.
leaning = more.integers(0, 2, 7).tolist()


def trees(name, targets, samples, **change):
    attributes = dict(
        n_targets=targets, aggregate_function=1, post_transform=0,
        # Seven trees of one split each, of a mode each; then one of two splits, and one of a leaf alone.
        tree_roots=[0, 1, 2, 3, 4, 5, 6, 7, 9],
        nodes_featureids=[0, 0, 0, 0, 1, 1, 1, 2, 0, 0],
        nodes_modes=nh.from_array(np.array([0, 1, 2, 3, 4, 5, 6, 6, 0, 0], np.uint8), "m"),
        nodes_splits=w("s", [0.5, 0.5, 0.5, 0.5, 2, 2, 0, 0, -1, 0]),
        membership_values=w("v", [1, 3, 7, np.nan, 2, -4]),
        nodes_missing_value_tracks_true=leaning + [0, 1, 0],
        nodes_truenodeids=[0, 2, 4, 6, 8, 10, 12, 8, 14, 17], nodes_trueleafs=[1] * 7 + [0, 1, 1],
        nodes_falsenodeids=[1, 3, 5, 7, 9, 11, 13, 16, 15, 17], nodes_falseleafs=[1] * 10,
        leaf_targetids=[k % targets for k in range(18)],
        leaf_weights=w("l", [1 << k for k in range(18)]))
    attributes.update(change)
    node = h.make_node("TreeEnsemble", ["x"], ["y"], name="trees", domain="ai.onnx.ml", **attributes)
    made = model([node], [], [3], domains=["ai.onnx.ml"])
    made.opset_import[1].version = 5
    case(name, made, samples=samples)


around = [0.4999, 0.5001, 0.5, np.nan]
asked = [[a, b, c] for a, b, c in zip(around * 3, [1, 2, 3, 7, 8, np.nan, -4, 2, 1, 3, np.nan, 2.5], [2, -4, 3, np.nan] * 3)]
trees("trees-5", 1, asked)
trees("trees-5-means", 3, asked, aggregate_function=0)
trees("trees-5-softmax", 3, asked, leaf_weights=w("l", more.normal(size=18)), post_transform=2)

# Trees of several nodes: sums of what is made of one each, of all features or some, a product, and exponentials of them.


def boosted(out, source, trees, weights):
    """Trees of one split each, of three features."""
    ids = [k for k in range(trees) for _ in range(3)]
    return h.make_node(
        "TreeEnsembleRegressor", [source], [out], name=out, domain="ai.onnx.ml", n_targets=2, nodes_treeids=ids,
        nodes_nodeids=[0, 1, 2] * trees, nodes_featureids=[k % 3 for k in ids], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * trees,
        nodes_values=[round(0.25 * len(out) + 0.3 * k - 0.5, 2) for k in ids], nodes_truenodeids=[1, 0, 0] * trees,
        nodes_falsenodeids=[2, 0, 0] * trees, target_treeids=[k for k in range(trees) for _ in range(4)],
        target_nodeids=[1, 1, 2, 2] * trees, target_ids=[0, 1, 0, 1] * trees, target_weights=weights)


def leaves(trees):
    return np.round(more.normal(size=4 * trees), 2).tolist()


apart = more.normal(size=[12, 3])
votes = [boosted("a", "x", 1, leaves(1)), boosted("bb", "z", 1, leaves(1)), boosted("ccc", "x", 3, leaves(3)),
         n("Gather", "x o", "z", axis=1), n("ArgMax", "a", "m", axis=1), n("Equal", "m k", "e"), n("Where", "e p q", "v"),
         n("Exp", "bb", "f"), n("Mul", "f c", "g")]
votes = [votes[3]] + votes[:3] + votes[4:]
parts = [w("o", [2, 0, 1], np.int64), w("k", [[0, 1]], np.int64), w("p", [[1.5]]), w("q", [[-0.5]]), w("c", [[0.5, 3]])]
joined = dict(domains=["ai.onnx.ml"])
case("trees-joined-sum", model(votes + [n("Sum", "v g ccc", "s"), n("Pow", "two s", "y")], parts + [w("two", [2])], [3], **joined), samples=apart)
case("trees-joined-product", model(votes + [n("Sum", "v ccc", "s"), n("Mul", "s g", "y")], parts, [3], **joined), samples=apart)
case("trees-joined-functions", model(votes + [n("Exp", "ccc", "h"), n("Sum", "v g h", "y")], parts, [3], **joined), samples=apart)
case("trees-joined-plain", model(votes + [n("Sum", "v g ccc", "y")], parts, [3], **joined), samples=apart)
case("trees-joined-offset", model(votes + [n("Add", "v far", "u"), n("Sum", "u g ccc", "y")], parts + [w("far", [[30000, -70000]])], [3], **joined), samples=apart)
case("trees-apart", model([n("Relu", "x", "r"), boosted("a", "x", 1, leaves(1)), boosted("bb", "r", 1, leaves(1)), n("Add", "a bb", "y")], [], [3], **joined), samples=apart)

place = pathlib.Path(__file__).with_name("onnx.json")
place.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
print(len(cases), "cases,", place.stat().st_size, "bytes")
