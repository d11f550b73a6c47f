# SPDX-License-Identifier: Apache-2.0
"""Models that quantize what they accumulate: onnxruntime's integers, every one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import blindsight as bs

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

Floats = npt.NDArray[np.float32]


class Chain:
    """A chain of quantized layers, written node by node."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.value = "input"
        self.scale = 1.0
        self.count = 0

    def constant(self, array: Any, kind: int) -> str:
        name = f"c{len(self.constants)}"
        array = np.asarray(array)
        self.constants.append(onnx.helper.make_tensor(name, kind, list(array.shape), array.flatten().tolist()))
        return name

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> None:
        self.count += 1
        self.value = f"v{self.count}"
        self.nodes.append(onnx.helper.make_node(operator, inputs, [self.value], f"n{self.count}", **attributes))

    def quantize(self, scale: float, zero: int, kind: int, between: tuple[str, ...] = ()) -> Chain:
        scales = self.constant(np.float32(scale), onnx.TensorProto.FLOAT)
        zeros = self.constant(zero, kind)
        self.add("QuantizeLinear", [self.value, scales, zeros])
        for operator in between:
            self.add(operator, [self.value], kernel_shape=[2, 2], strides=[2, 2])
        self.add("DequantizeLinear", [self.value, scales, zeros])
        self.scale = float(np.float32(scale))
        return self

    def weights(self, shape: tuple[int, ...], scales: Any, most: int) -> str:
        codes = self.random.integers(-most, most + 1, shape)
        inputs = [self.constant(codes, onnx.TensorProto.INT8), self.constant(scales, onnx.TensorProto.FLOAT)]
        self.nodes.append(onnx.helper.make_node("DequantizeLinear", inputs, [f"{inputs[0]}.w"], axis=0))
        return f"{inputs[0]}.w"

    def bias(self, scales: Any) -> str:
        """Of as many outputs as scales."""
        steps = np.asarray(scales, dtype=np.float32) * np.float32(self.scale)
        inputs = [
            self.constant(self.random.integers(-9, 10, len(steps)), onnx.TensorProto.INT32),
            self.constant(steps, onnx.TensorProto.FLOAT),
        ]
        self.nodes.append(onnx.helper.make_node("DequantizeLinear", inputs, [f"{inputs[0]}.b"], axis=0))
        return f"{inputs[0]}.b"

    def model(self, shape: list[int], outputs: int) -> bytes:
        graph = onnx.helper.make_graph(
            self.nodes,
            "chain",
            [onnx.helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, ["n", *shape])],
            [onnx.helper.make_tensor_value_info(self.value, onnx.TensorProto.FLOAT, ["n", outputs])],
            self.constants,
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def check(model: bytes, samples: Floats, scale: float, optimized: bool) -> None:
    options = runtime.SessionOptions()
    level = runtime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimized else level.ORT_DISABLE_ALL
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    expected = np.rint(session.run(None, {"input": samples})[0] / scale).astype(np.int64)
    plan = bs.compile(model, method="features", samples=4096, activations="table", function_privacy=0)
    assert "quantization" not in plan.report
    found = plan.simulate(samples).logits
    np.testing.assert_array_equal(found, expected)
    # Something went through the tables.
    assert len(np.unique(expected, axis=0)) > 10


def test_four_bits() -> None:
    """Scales that are powers of two: float arithmetic is exact."""
    chain = Chain(1).quantize(1.0, 0, onnx.TensorProto.UINT4)
    samples = chain.random.integers(0, 16, (300, 12)).astype(np.float32)
    for _ in range(2):
        inputs = 12 if chain.count == 2 else 8
        weights = chain.weights((8, inputs), np.ones(8, np.float32), 1)
        chain.add("Gemm", [chain.value, weights, chain.bias(np.ones(8))], transB=1)
        chain.add("Relu", [chain.value])
        chain.quantize(chain.scale * 4, 0, onnx.TensorProto.UINT4)
    chain.add("Gemm", [chain.value, chain.weights((3, 8), np.ones(3, np.float32), 7)], transB=1)
    check(chain.model([12], 3), samples, chain.scale, optimized=False)


def test_zero_points_and_clips() -> None:
    """Signed codes with a zero point, saturated at both ends, by onnxruntime's own integer kernels."""
    chain = Chain(2).quantize(0.37, 3, onnx.TensorProto.INT8)
    samples = (chain.random.integers(-10, 11, (300, 10)) * 0.37).astype(np.float32)
    chain.nodes.insert(0, onnx.helper.make_node("Clip", ["input", "low", "high"], ["clipped"]))
    chain.nodes[1].input[0] = "clipped"
    chain.constants += [
        onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, [], [value]) for name, value in [("low", -4), ("high", 4)]
    ]
    chain.add("Gemm", [chain.value, chain.weights((6, 10), np.float32(0.11), 2), chain.bias([0.11] * 6)], transB=1)
    chain.quantize(0.31, -20, onnx.TensorProto.INT8)
    chain.add("Gemm", [chain.value, chain.weights((3, 6), np.float32(0.5), 7)], transB=1)
    check(chain.model([10], 3), samples, chain.scale * 0.5, optimized=True)


def test_images() -> None:
    """A convolution with a scale a channel and padding, ReLU and a maximum pool of codes."""
    chain = Chain(3).quantize(0.25, 0, onnx.TensorProto.UINT4)
    samples = (chain.random.integers(0, 16, (200, 1, 6, 6)) * 0.25).astype(np.float32)
    scales = np.array([0.5, 0.25, 0.125], np.float32)
    weights = chain.weights((3, 1, 3, 3), scales, 1)
    chain.add("Conv", [chain.value, weights, chain.bias(scales)], pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    chain.add("Relu", [chain.value])
    chain.quantize(0.5, 0, onnx.TensorProto.UINT4, between=())
    chain.add("MaxPool", [chain.value], kernel_shape=[2, 2], strides=[2, 2])
    chain.add("Flatten", [chain.value])
    chain.add("Gemm", [chain.value, chain.weights((4, 27), np.float32(1), 7)], transB=1)
    check(chain.model([1, 6, 6], 4), samples, chain.scale, optimized=False)


def test_what_is_too_wide() -> None:
    """Accumulators of more values than a table takes."""
    chain = Chain(4).quantize(1.0, 0, onnx.TensorProto.UINT8)
    chain.add("Gemm", [chain.value, chain.weights((4, 8), np.float32(1), 127)], transB=1)
    chain.quantize(64.0, 0, onnx.TensorProto.UINT8)
    chain.add("Gemm", [chain.value, chain.weights((2, 4), np.float32(1), 7)], transB=1)
    model = chain.model([8], 2)
    with pytest.raises(bs.ModelError, match="a table takes 4096"):
        bs.compile(model, method="features", activations="table")
    samples = chain.random.integers(0, 256, (200, 8)).astype(np.float32)
    assert bs.compile(model, samples, function_privacy=0).report["quantization"]
    anew = bs.compile(model, samples, method="features", activations="table", function_privacy=0)
    assert any("quantized anew" in note for note in anew.report["quantization"]["given_up"])
