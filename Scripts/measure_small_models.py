#!/usr/bin/env python3
"""Writes models of less than 4 kB that ask for much, plans each, and lists those that cost too much.

    python Scripts/measure_small_models.py .build/release/blindsight [--folder F] [--only TEXT] [--seconds 2] [--megabytes 300]

What is refused may take no more than the CPU seconds and the memory given. Models of few inputs are planned twice, the
second time with calibration samples; what then gets a plan may take longer, and is listed. Ends with status 1 where
a refusal took more. Only the standard
library is used.
"""
import argparse
import os
import resource
import struct
import subprocess
import sys
import tempfile

FLOAT, UINT8, INT8, INT64 = 1, 2, 3, 7


# MARK: Protobuf


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    if isinstance(value, str):
        value = value.encode()
    return varint(field << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    body = data(1, name)
    if isinstance(value, int):
        return body + integer(3, value) + integer(20, 2)
    if isinstance(value, float):
        return body + varint(2 << 3 | 5) + struct.pack("<f", value) + integer(20, 1)
    if isinstance(value, str):
        return body + data(4, value) + integer(20, 3)
    if isinstance(value, bytes):
        return body + data(5, value) + integer(20, 4)
    if value and isinstance(value[0], float):
        return body + data(7, b"".join(struct.pack("<f", v) for v in value)) + integer(20, 6)
    return body + data(8, b"".join(varint(v) for v in value)) + integer(20, 7)


def tensor(name, kind, dims, raw):
    body = b"".join(integer(1, d) for d in dims) + integer(2, kind)
    if name:
        body += data(8, name)
    return body + data(9, raw)


def info(name, shape):
    dims = b"".join(data(1, integer(1, d)) for d in shape)
    return data(1, name) + data(2, data(1, integer(1, FLOAT) + data(2, dims)))


class Graph:
    def __init__(self, shape):
        self.shape = list(shape)
        self.body = b""
        self.tail = b""
        self.names = 0

    def name(self):
        self.names += 1
        return f"v{self.names}"

    def node(self, operator, inputs, outputs=1, **attributes):
        names = [self.name() for _ in range(outputs)]
        body = b"".join(data(1, i) for i in inputs) + b"".join(data(2, o) for o in names)
        body += data(4, operator.rsplit(".", 1)[-1])
        body += b"".join(data(5, attribute(k, v)) for k, v in attributes.items())
        if "." in operator:
            body += data(7, operator.rsplit(".", 1)[0])
        self.body += data(1, body)
        return names[0] if outputs == 1 else names

    def raw(self, kind, dims, raw):
        name = self.name()
        self.tail += data(5, tensor(name, kind, dims, raw))
        return name

    def ints(self, values, dims=None):
        return self.raw(INT64, [len(values)] if dims is None else dims,
                        struct.pack(f"<{len(values)}q", *values))

    def floats(self, values, dims):
        return self.raw(FLOAT, dims, struct.pack(f"<{len(values)}f", *values))

    def filled(self, shape, value=1.0, kind=FLOAT):
        raw = struct.pack("<f", value) if kind == FLOAT else struct.pack("<q", int(value))
        return self.node("ConstantOfShape", [self.ints(shape)], value=tensor("", kind, [1], raw))

    def varied(self, shape):
        """A constant of which no two elements are equal."""
        count = 1
        for size in shape:
            count *= size
        numbers = self.node("Range", [self.floats([0.5], []), self.floats([count + 0.4], []),
                                      self.floats([1.0], [])])
        return self.node("Reshape", [numbers, self.ints(shape)])

    def model(self, output):
        graph = self.body + self.tail + data(2, "g") + data(11, info("x", self.shape))
        graph += data(12, data(1, output) + data(2, data(1, integer(1, FLOAT))))
        sets = data(8, integer(2, 17)) + data(8, data(1, "ai.onnx.ml") + integer(2, 3))
        return integer(1, 8) + data(7, graph) + sets


# MARK: Models

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def root(count):
    return max(1, int(count ** 0.5))


@case
def relu(n):
    g = Graph([1, n])
    return g, g.node("Relu", ["x"])


@case
def tile(n):
    g = Graph([1, 4])
    return g, g.node("Tile", ["x", g.ints([1, n // 4])])


@case
def tile_square(n):
    g = Graph([1, 4])
    y = g.node("Tile", ["x", g.ints([1, n // 4])])
    return g, g.node("Mul", [y, y])


@case
def tile_sum(n):
    g = Graph([1, 4])
    y = g.node("Sigmoid", [g.node("Tile", ["x", g.ints([1, n // 4])])])
    return g, g.node("ReduceSum", [y])


@case
def expand(n):
    g = Graph([1, 4, 1])
    return g, g.node("Expand", ["x", g.ints([1, 4, n // 4])])


def pad_case(mode):
    def made(n):
        g = Graph([1, 4])
        return g, g.node("Pad", ["x", g.ints([0, n // 2, 0, n // 2])], mode=mode)
    return made


for _mode in ["constant", "edge", "reflect", "wrap"]:
    CASES[f"pad_{_mode}"] = pad_case(_mode)


@case
def pad_image(n):
    g = Graph([1, 1, 2, 2])
    s = root(n) // 2
    return g, g.node("Pad", ["x", g.ints([0, 0, s, s, 0, 0, s, s])])


@case
def space_to_depth(n):
    g = Graph([1, 2, 4, n // 8])
    return g, g.node("SpaceToDepth", ["x"], blocksize=2, mode="DCR")


@case
def space_to_depth_square(n):
    g = Graph([1, 1, root(n) // 16 * 16, root(n) // 16 * 16])
    return g, g.node("SpaceToDepth", ["x"], blocksize=16)


@case
def depth_to_space(n):
    g = Graph([1, 16, 4, n // 64])
    return g, g.node("DepthToSpace", ["x"], blocksize=2, mode="CRD")


@case
def transpose(n):
    g = Graph([1, root(n), root(n)])
    return g, g.node("Transpose", ["x"], perm=[0, 2, 1])


@case
def average_pool_ones(n):
    g = Graph([1, 1, n])
    return g, g.node("AveragePool", ["x"], kernel_shape=[1], strides=[1])


@case
def average_pool(n):
    g = Graph([1, 1, 2 * root(n)])
    return g, g.node("AveragePool", ["x"], kernel_shape=[root(n)])


@case
def average_pool_strided(n):
    g = Graph([1, n // 35, 5, 7])
    return g, g.node("AveragePool", ["x"], kernel_shape=[2, 2], strides=[2, 2])


@case
def average_pool_padded(n):
    g = Graph([1, 1, root(n)])
    return g, g.node("AveragePool", ["x"], kernel_shape=[root(n)], auto_pad="SAME_UPPER")


@case
def average_pool_chain(n):
    g = Graph([1, 1, root(n // 16) * 8])
    y = "x"
    for _ in range(16):
        y = g.node("AveragePool", [y], kernel_shape=[root(n // 16) // 8 + 1], auto_pad="SAME_UPPER")
    return g, y


@case
def average_pool_image(n):
    g = Graph([1, 1, root(n), root(n)])
    return g, g.node("AveragePool", ["x"], kernel_shape=[4, 4], auto_pad="SAME_UPPER")


@case
def max_pool(n):
    g = Graph([1, 1, 2 * root(n)])
    return g, g.node("MaxPool", ["x"], kernel_shape=[root(n)])


@case
def conv_large_kernel(n):
    side = 2 * root(root(n))
    g = Graph([1, 1, side, side])
    return g, g.node("Conv", ["x", g.filled([1, 1, side // 2, side // 2])])


@case
def conv_image(n):
    g = Graph([1, 1, root(n), root(n)])
    return g, g.node("Conv", ["x", g.filled([1, 1, 32, 32])], pads=[16, 16, 15, 15])


@case
def conv_maps(n):
    g = Graph([1, 1, 8, 8])
    return g, g.node("Conv", ["x", g.varied([n // 64, 1, 1, 1])])


@case
def conv_channels(n):
    g = Graph([1, root(n) // 8, 8, 8])
    return g, g.node("Conv", ["x", g.varied([root(n) // 8, root(n) // 8, 3, 3])], pads=[1, 1, 1, 1])


@case
def conv_dilated(n):
    g = Graph([1, 1, root(n), root(n)])
    return g, g.node("Conv", ["x", g.varied([1, 1, 3, 3])], dilations=[2, 2], pads=[2, 2, 2, 2])


@case
def conv_grouped(n):
    g = Graph([1, n // 64, 8, 8])
    return g, g.node("Conv", ["x", g.filled([n // 64, 1, 3, 3])], group=n // 64, pads=[1, 1, 1, 1])


@case
def conv_line(n):
    g = Graph([1, 1, n])
    return g, g.node("Conv", ["x", g.varied([1, 1, 64])], strides=[2])


@case
def conv_chain(n):
    s = root(n // 128)
    g = Graph([1, 8, s, s])
    y = "x"
    w = g.varied([8, 8, 3, 3])
    for _ in range(16):
        y = g.node("Conv", [y, w], pads=[1, 1, 1, 1])
    return g, y


@case
def conv_squares(n):
    s = root(n // 64)
    g = Graph([1, 8, s, s])
    y = "x"
    w = g.varied([8, 8, 3, 3])
    for _ in range(8):
        y = g.node("Conv", [y, w], pads=[1, 1, 1, 1])
        y = g.node("Mul", [y, y])
    return g, y


@case
def conv_then_crop(n):
    s = root(n)
    g = Graph([1, 1, s, s])
    y = g.node("Conv", ["x", g.varied([1, 1, 5, 5])])
    y = g.node("AveragePool", [y], kernel_shape=[2, 2], strides=[2, 2])
    return g, g.node("Pad", [y, g.ints([0, 0, -1, -1, 0, 0, -1, -1])])


@case
def range_add(n):
    g = Graph([1, 1])
    return g, g.node("Add", ["x", g.varied([n])])


@case
def range_chain(n):
    g = Graph([1, 1])
    y = g.varied([n // 32])
    for _ in range(32):
        y = g.node("Add", [y, y])
    return g, g.node("Add", ["x", y])


@case
def range_integers(n):
    g = Graph([1, 1])
    y = g.node("Range", [g.ints([0], []), g.ints([n], []), g.ints([1], [])])
    return g, g.node("Add", ["x", g.node("Cast", [y], to=1)])


@case
def power_of_constants(n):
    g = Graph([1, 1])
    return g, g.node("Add", ["x", g.node("Pow", [g.varied([n]), g.floats([1.5], [])])])


@case
def erf_of_constants(n):
    g = Graph([1, 1])
    return g, g.node("Add", ["x", g.node("Erf", [g.varied([n])])])


@case
def gemm_of_constants(n):
    s = root(root(n)) ** 2
    g = Graph([1, 4])
    a = g.filled([1024, s])
    y = g.node("Gemm", [a, g.filled([s, 1024])])
    return g, g.node("Add", ["x", g.node("ReduceSum", [y])])


@case
def matmul_of_constants(n):
    g = Graph([1, 4])
    s = max(4, round(n ** (1 / 3)))
    y = g.node("MatMul", [g.filled([s, s]), g.filled([s, s])])
    return g, g.node("Add", ["x", g.node("ReduceSum", [y])])


@case
def matmul_dense(n):
    g = Graph([1, root(n)])
    return g, g.node("MatMul", ["x", g.varied([root(n), root(n)])])


@case
def matmul_equal(n):
    g = Graph([1, root(n)])
    return g, g.node("MatMul", ["x", g.filled([root(n), root(n)])])


@case
def matmul_chain(n):
    s = root(n // 16)
    g = Graph([1, s])
    y = "x"
    w = g.varied([s, s])
    for _ in range(16):
        y = g.node("MatMul", [y, w])
    return g, y


@case
def matmul_squares(n):
    s = root(n // 8)
    g = Graph([1, s])
    y = "x"
    w = g.varied([s, s])
    for _ in range(8):
        y = g.node("MatMul", [y, w])
        y = g.node("Mul", [y, y])
    return g, y


@case
def matmul_relu(n):
    s = root(n // 2)
    g = Graph([1, 8])
    y = g.node("Relu", [g.node("MatMul", ["x", g.varied([8, s])])])
    y = g.node("Relu", [g.node("MatMul", [y, g.varied([s, s])])])
    return g, g.node("MatMul", [y, g.varied([s, 2])])


@case
def matmul_rows(n):
    g = Graph([1, n // 64, 64])
    return g, g.node("MatMul", ["x", g.varied([64, 64])])


@case
def matmul_batch(n):
    g = Graph([1, 16, 8, 16])
    return g, g.node("MatMul", ["x", g.varied([1, 16, 16, max(1, n // 2048)])])


@case
def attention(n):
    s = max(2, round(n ** (1 / 3)))
    g = Graph([1, s, s])
    return g, g.node("MatMul", ["x", g.node("Transpose", ["x"], perm=[0, 2, 1])])


@case
def attention_chain(n):
    s = max(2, round((n / 4) ** (1 / 3)))
    g = Graph([1, s, s])
    y = "x"
    for _ in range(4):
        y = g.node("MatMul", [y, y])
    return g, y


@case
def gather_filled(n):
    g = Graph([1, 4])
    return g, g.node("Gather", ["x", g.filled([n], 2, INT64)], axis=1)


@case
def gather_two_axes(n):
    g = Graph([1, 4, 4])
    y = g.node("Gather", ["x", g.filled([root(n)], 2, INT64)], axis=1)
    return g, g.node("Gather", [y, g.filled([root(n)], 2, INT64)], axis=2)


@case
def concat_doubling(n):
    g = Graph([1, 4])
    y = "x"
    count = 4
    while count * 2 <= n:
        y = g.node("Concat", [y, y], axis=1)
        count *= 2
    return g, y


@case
def concat_many(n):
    g = Graph([1, n // 256])
    return g, g.node("Concat", ["x"] * 256, axis=1)


@case
def concat_different(n):
    g = Graph([1, n // 32])
    y = "x"
    parts = []
    for _ in range(16):
        y = g.node("Relu", [y])
        parts.append(y)
    return g, g.node("Concat", parts, axis=1)


@case
def add_doubling(n):
    g = Graph([1, n // 16])
    y = "x"
    for _ in range(16):
        y = g.node("Add", [y, y])
    return g, y


@case
def add_transposed(n):
    s = root(n // 16)
    g = Graph([1, s, s])
    y = "x"
    for _ in range(16):
        y = g.node("Add", [y, g.node("Transpose", [y], perm=[0, 2, 1])])
    return g, y


@case
def mul_chain(n):
    g = Graph([1, n // 8])
    y = "x"
    for _ in range(8):
        y = g.node("Mul", [y, y])
    return g, y


@case
def sigmoid_chain(n):
    g = Graph([1, n // 64])
    y = "x"
    for _ in range(64):
        y = g.node("Sigmoid", [y])
    return g, y


@case
def reduce_sum(n):
    g = Graph([1, n])
    return g, g.node("ReduceSum", ["x"])


@case
def reduce_rows(n):
    g = Graph([1, root(n), root(n)])
    return g, g.node("ReduceMean", ["x"], axes=[2])


@case
def reduce_product(n):
    g = Graph([1, n // 64, 64])
    return g, g.node("ReduceProd", ["x"], axes=[2])


@case
def reduce_log_sum_exp(n):
    g = Graph([1, root(n), root(n)])
    return g, g.node("ReduceLogSumExp", ["x"], axes=[2])


@case
def softmax_inside(n):
    g = Graph([1, n])
    return g, g.node("Relu", [g.node("Softmax", ["x"])])


@case
def layer_normalization(n):
    g = Graph([1, 64, n // 64])
    return g, g.node("LayerNormalization", ["x", g.floats([2.0], [1])])


@case
def batch_normalization(n):
    g = Graph([1, n // 64, 64])
    p = g.filled([n // 64])
    return g, g.node("BatchNormalization", ["x", p, p, p, p])


@case
def where(n):
    g = Graph([1, 4])
    mask = g.node("Cast", [g.filled([n // 4, 4], 1, INT64)], to=9)
    return g, g.node("Where", [mask, "x", g.floats([1.0], [])])


@case
def equal(n):
    g = Graph([1, 4])
    truth = g.node("Less", [g.varied([n // 4, 4]), g.floats([5.0], [])])
    return g, g.node("Where", [truth, "x", g.floats([1.0], [])])


@case
def split(n):
    g = Graph([1, n])
    parts = g.node("Split", ["x"], outputs=16, axis=1)
    y = parts[0]
    for p in parts[1:]:
        y = g.node("Add", [y, p])
    return g, y


@case
def slice_back(n):
    g = Graph([1, n])
    return g, g.node("Slice", ["x", g.ints([-1]), g.ints([-n - 1]), g.ints([1]), g.ints([-1])])


@case
def sixteen_dimensions(n):
    g = Graph([1, n])
    y = g.node("Reshape", ["x", g.ints([2] * 14 + [n // 2 ** 14])])
    y = g.node("Transpose", [y])
    return g, g.node("Flatten", [y], axis=0)


@case
def max_of_activations(n):
    g = Graph([1, n])
    return g, g.node("Max", ["x", g.node("Neg", ["x"])])


@case
def clip_chain(n):
    g = Graph([1, n // 64])
    y = "x"
    for i in range(64):
        y = g.node("Min", [y, g.floats([64.0 - i], [])])
    return g, y


@case
def dropout_mask(n):
    g = Graph([1, n])
    y, mask = g.node("Dropout", ["x"], outputs=2)
    return g, g.node("Mul", ["x", g.node("Cast", [mask], to=1)])


@case
def scaler(n):
    g = Graph([1, n])
    return g, g.node("ai.onnx.ml.Scaler", ["x"], offset=[1.0], scale=[2.0])


@case
def normalizer(n):
    g = Graph([1, n])
    return g, g.node("Relu", [g.node("ai.onnx.ml.Normalizer", ["x"], norm="L2")])


@case
def feature_extractor(n):
    g = Graph([1, 4])
    return g, g.node("ai.onnx.ml.ArrayFeatureExtractor", ["x", g.filled([n], 1, INT64)])


@case
def support_vectors(n):
    g = Graph([1, 8])
    vectors = [0.25 * (i % 7) for i in range(8 * 64)]
    return g, g.node(
        "ai.onnx.ml.SVMRegressor", ["x"], coefficients=[0.5] * 64, support_vectors=vectors,
        kernel_type="POLY", kernel_params=[0.5, 1.0, 3.0], n_supports=64, rho=[0.25])


@case
def linear_classifier(n):
    g = Graph([1, 64])
    weights = [0.25 * (i % 7) for i in range(640)]
    label, scores = g.node(
        "ai.onnx.ml.LinearClassifier", ["x"], outputs=2, coefficients=weights,
        intercepts=[0.5] * 10, classlabels_ints=list(range(10)), post_transform="SOFTMAX")
    return g, scores


@case
def unsupported(n):
    g = Graph([1, 4, 4])
    return g, g.node("LSTM", ["x", g.filled([1, n // 8, 8]), g.filled([1, n // 8, 8])], hidden_size=n // 8)


def quantized(g, shape, output):
    scale = g.floats([0.25], [])
    q = g.node("QuantizeLinear", ["x", scale, g.raw(INT8, [], b"\0")])
    return g.node("DequantizeLinear", [q, scale, g.raw(INT8, [], b"\0")]), scale


def integer_weights(g, dims):
    count = 1
    for d in dims:
        count *= d
    raw = bytes((i * 37 % 251 - 125) & 255 for i in range(count))
    return g.node("DequantizeLinear", [g.raw(INT8, dims, raw), g.floats([0.5], []), g.raw(INT8, [], b"\0")])


@case
def quantized_conv(n):
    s = root(n)
    g = Graph([1, 1, s, s])
    y, _ = quantized(g, g.shape, None)
    return g, g.node("Conv", [y, integer_weights(g, [4, 1, 5, 5])])


@case
def quantized_conv_large(n):
    s = 3 * root(root(n))
    g = Graph([1, 1, s, s])
    y, _ = quantized(g, g.shape, None)
    return g, g.node("Conv", [y, integer_weights(g, [1, 1, min(48, s), min(48, s)])])


@case
def quantized_squares(n):
    s = root(n // 8)
    g = Graph([1, 2, s, s])
    y, _ = quantized(g, g.shape, None)
    for _ in range(3):
        y = g.node("Conv", [y, integer_weights(g, [2, 2, 3, 3])], pads=[1, 1, 1, 1])
        y = g.node("Mul", [y, y])
    return g, y


@case
def quantized_maps(n):
    g = Graph([1, 1, root(n) // 8, root(n) // 8])
    y, _ = quantized(g, g.shape, None)
    y = g.node("Conv", [y, integer_weights(g, [64, 1, 3, 3])])
    y = g.node("Mul", [y, y])
    return g, g.node("Conv", [y, integer_weights(g, [1, 64, 5, 5])])


@case
def quantized_dense(n):
    g = Graph([1, 50])
    y, _ = quantized(g, g.shape, None)
    y = g.node("MatMul", [y, integer_weights(g, [50, 40])])
    y = g.node("Mul", [y, y])
    return g, g.node("MatMul", [y, integer_weights(g, [40, 10])])


@case
def quantized_square_only(n):
    g = Graph([1, n])
    y, _ = quantized(g, g.shape, None)
    return g, g.node("Mul", [y, y])


@case
def weights_of_bits(n):
    g = Graph([1, 2])
    w = g.raw(9, [2, 1700], bytes(i * 7 % 3 == 0 for i in range(3400)))
    return g, g.node("MatMul", ["x", g.node("Cast", [w], to=1)])


# MARK: Measuring

SIZES = [1 << 12, 1 << 16, 1 << 18, 1 << 19, 1 << 20, 3 << 19, (1 << 21) - 4096, 1 << 22, 1 << 24]


def npy(count, samples=8):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({samples}, {count}), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    values = [((i * 7919) % 1021) / 510 - 1 for i in range(samples * count)]
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
            + struct.pack(f"<{len(values)}f", *values))


def run(arguments, seconds):
    """CPU seconds, MB, exit status and the first line of what was said."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (int(4 * seconds), int(4 * seconds) + 1))
        resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=limit)
    said = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    line = next((l for l in said.splitlines() if l.strip()), "")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--folder")
    parser.add_argument("--only", default="")
    parser.add_argument("--sizes", default="")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--megabytes", type=float, default=300)
    parser.add_argument("--all", action="store_true", help="list every model")
    options = parser.parse_args()
    folder = options.folder or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    sizes = [int(s) for s in options.sizes.split(",")] if options.sizes else SIZES
    runs = failures = 0
    worst = [0, 0]
    for name, make in CASES.items():
        if options.only not in name:
            continue
        seen = set()
        for n in sizes:
            graph, output = make(n)
            model = graph.model(output)
            if len(model) >= 4096:
                sys.exit(f"{name} of {n} has {len(model)} bytes")
            if model in seen:
                continue
            seen.add(model)
            path = os.path.join(folder, f"{name}-{n}.onnx")
            with open(path, "wb") as file:
                file.write(model)
            count = 1
            for size in graph.shape:
                count *= size
            ways = [[]]
            if count <= 1 << 12:
                samples = os.path.join(folder, f"samples-{count}.npy")
                if not os.path.exists(samples):
                    with open(samples, "wb") as file:
                        file.write(npy(count))
                ways.append(["--calibration", samples])
            for way in ways:
                seconds, megabytes, status, line = run(
                    [options.binary, "plan", path, "-o", os.path.join(folder, "plan")] + way, options.seconds)
                runs += 1
                worst = [max(worst[0], seconds), max(worst[1], megabytes)]
                exceeds = seconds > options.seconds or megabytes > options.megabytes or status not in (0, 1)
                failures += exceeds and not (way and status == 0)
                if exceeds or options.all:
                    kind = "calibrated" if way else "plain"
                    print(f"{name} {n} {kind}: {len(model)} bytes, {seconds:.2f} s, {megabytes:.0f} MB, "
                          f"status {status}: {line[-140:]}", flush=True)
    print(f"{runs} runs, {failures} refusals above {options.seconds} s or {options.megabytes} MB; "
          f"at most {worst[0]:.2f} s and {worst[1]:.0f} MB")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
