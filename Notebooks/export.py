"""What the PyTorch notebooks share: a plain export, without the exporter's notes on source files, and one of exact integers."""

import io
import os
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper


def export(network, example, path, input_name, keep_batch_norm=False):
    """Writes `network` in evaluation mode as ONNX, with a free batch size. Returns its operators, in order.

    PyTorch's newer exporter folds BatchNormalization into the convolution before it; its older one keeps it if asked.
    """
    names = dict(input_names=[input_name], output_names=["logits"], opset_version=18, verbose=False)
    buffer = io.BytesIO()
    if keep_batch_norm:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.onnx.export(
                network.eval(), (example,), buffer, dynamo=False, training=torch.onnx.TrainingMode.EVAL,
                do_constant_folding=False, dynamic_axes={input_name: {0: "N"}, "logits": {0: "N"}}, **names,
            )  # fmt: skip
    else:
        free = ({0: torch.export.Dim("N")},)
        torch.onnx.export(network.eval(), (example,), dynamo=True, dynamic_shapes=free, **names).save(buffer)
    model = onnx.load_from_string(buffer.getvalue())
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for entry in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        del entry.metadata_props[:]
        entry.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    return [node.op_type for node in model.graph.node]


class IntegerGraph:
    """An ONNX graph whose float tensors are integers times known scales: classifiers of images with ten classes.

    `Clip`, `QuantizeLinear` and `DequantizeLinear` fix the input's integers; weights and biases are integer initializers behind
    `DequantizeLinear`. A bias's scale is the product of the scales so far, `scale`.
    """

    def __init__(self, input_name, shape):
        self.input_name, self.shape = input_name, shape
        self.nodes, self.tensors, self.scale = [], [], 1.0

    def constant(self, name, array):
        self.tensors.append(onnx.numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def dequantized(self, name, array, kind, scale):
        assert np.abs(array).max() <= np.iinfo(kind).max
        inputs = [self.constant(f"{name}_integer", array.astype(kind)), self.constant(f"{name}_scale", np.float32(scale)),
                  self.constant(f"{name}_zero", kind(0))]  # fmt: skip
        return self.node("DequantizeLinear", inputs, name)

    def levels(self, scale, high):
        """The input, clipped to 0..high, as multiples of `scale`."""
        low, high = self.constant("pixel_low", np.float32(0)), self.constant("pixel_high", np.float32(high))
        x = self.node("Clip", [self.input_name, low, high], "pixels")
        scales = [self.constant("input_scale", np.float32(scale)), self.constant("input_zero", np.uint8(0))]
        self.scale = float(np.float32(scale))
        return self.node("DequantizeLinear", [self.node("QuantizeLinear", [x, *scales], "quantized"), *scales], "levels")

    def crop(self, x, start, end):
        """Rows and columns start..<end."""
        edges = [self.constant("crop_starts", np.int64([start] * 2)), self.constant("crop_ends", np.int64([end] * 2)),
                 self.constant("crop_axes", np.int64([2, 3]))]  # fmt: skip
        return self.node("Slice", [x, *edges], "cropped")

    def convolution(self, x, weights, bias, step, **attributes):
        """One input channel; `weights`: [maps, rows, columns]."""
        w = self.dequantized("conv_weight", weights[:, None], np.int8, step)
        self.scale *= step
        b = self.dequantized("conv_bias", bias, np.int32, self.scale)
        return self.node("Conv", [x, w, b], "conv", kernel_shape=list(weights.shape[1:]), **attributes)

    def square(self, x, output):
        self.scale **= 2
        return self.node("Mul", [x, x], output)

    def dense(self, x, name, weights, bias, step):
        w = self.dequantized(f"{name}_weight", weights, np.int8, step)
        self.scale *= step
        b = self.dequantized(f"{name}_bias", bias, np.int32, self.scale)
        return self.node("Gemm", [x, w, b], name, transB=1)

    def write(self, path, name):
        """The last node must be called "logits"."""
        graph = helper.make_graph(
            self.nodes, name, [helper.make_tensor_value_info(self.input_name, TensorProto.FLOAT, ["N", *self.shape])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])], self.tensors)  # fmt: skip
        model = helper.make_model(
            graph, producer_name="blindsight", opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        helper.set_model_props(model, {"labels": ",".join(map(str, range(10)))})
        onnx.checker.check_model(model, full_check=True)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(model.SerializeToString(deterministic=True))
