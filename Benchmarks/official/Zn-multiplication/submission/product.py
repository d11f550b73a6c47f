#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes product.onnx: the sums of digit products that a product modulo 2^64 is made of. Needs the package onnx.

Input: digits a_0 ... a_3, b_0 ... b_3 of 16 bits. Output: c_k = sum over i + j = k of a_i b_j, for k of 0 to 3. The
quantizations state that inputs and weights are integers, of scale 1, so that nothing is rounded. calibration.npy has
made-up digits: `blindsight plan` wants samples of every model with products of inputs. The range is the quantization's,
whatever the samples are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DIGITS = 4
pairs = [(i, k - i) for k in range(DIGITS) for i in range(k + 1)]
sums = np.zeros((len(pairs), DIGITS), np.int8)
for row, (i, j) in enumerate(pairs):
    sums[row, i + j] = 1
constants = {
    "one": np.float32(1),
    "zero": np.int16(0),
    "zero8": np.int8(0),
    "left": np.array([i for i, _ in pairs]),
    "right": np.array([DIGITS + j for _, j in pairs]),
    "sums": sums,
}
graph = helper.make_graph(
    [
        helper.make_node("QuantizeLinear", ["digits", "one", "zero"], ["integers"]),
        helper.make_node("DequantizeLinear", ["integers", "one", "zero"], ["x"]),
        helper.make_node("Gather", ["x", "left"], ["a"], axis=1),
        helper.make_node("Gather", ["x", "right"], ["b"], axis=1),
        helper.make_node("Mul", ["a", "b"], ["ab"]),
        helper.make_node("DequantizeLinear", ["sums", "one", "zero8"], ["weights"]),
        helper.make_node("MatMul", ["ab", "weights"], ["c"]),
    ],
    "product",
    [helper.make_tensor_value_info("digits", TensorProto.FLOAT, ["N", 2 * DIGITS])],
    [helper.make_tensor_value_info("c", TensorProto.FLOAT, ["N", DIGITS])],
    [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, Path(__file__).with_name("product.onnx"))
samples = np.random.default_rng(1).integers(-(2**15), 2**15, (64, 2 * DIGITS))
np.save(Path(__file__).with_name("calibration.npy"), samples.astype(np.int16))
