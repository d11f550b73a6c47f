# SPDX-License-Identifier: Apache-2.0
"""Trains a LeNet with real ReLU and max pooling in 3 bits on MNIST, and writes it as QDQ.

Convolution 5x5, ReLU, pooling 2x2, twice, and a dense layer. As in `tables.py` the l1 norms of weights keep
accumulators within the values of a table. Each channel's run has a place of its own, so that biases are free.

    python Notebooks/tables_cnn.py --mnist FOLDER_WITH_MNIST_IDX_GZ --output build/lenet    # needs torch and onnx
"""

import argparse
import json
import math
import pathlib
import time

import data
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from tables import integers, rates, rounded, warmed
from training import augment, in_batches, teacher_network

BATCH = 100
KERNEL = 5


class Convolution(torch.nn.Module):
    """Small integers, then ReLU and requantization, then the largest of 2x2."""

    def __init__(self, inputs, outputs, limit, shift, levels):
        super().__init__()
        self.limit, self.shift, self.levels = limit, shift, levels
        taps = inputs * KERNEL**2
        self.weights = torch.nn.Parameter(torch.randn(outputs, taps) * 1.25 * limit / taps)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))

    def integers(self):
        return integers(self.weights, self.limit), rounded(self.bias)

    def forward(self, x):
        weights, bias = self.integers()
        sums = F.conv2d(x, weights.view(len(bias), x.shape[1], KERNEL, KERNEL), bias)
        return F.max_pool2d(torch.clamp(rounded(sums * 2.0**-self.shift), 0, self.levels), 2)


class Network(torch.nn.Module):
    def __init__(self, options):
        super().__init__()
        levels = [options.input_levels] + [options.levels] * len(options.maps)
        self.levels = levels
        # A power of two, so that floating point rounds as integers do.
        self.scale = 2.0 ** -math.ceil(math.log2(levels[0]))
        self.convolutions = torch.nn.ModuleList(
            Convolution(i, o, (values - 1) // before, shift, after)
            for i, o, values, shift, before, after in zip(
                [1, *options.maps], options.maps, options.values, options.shifts, levels, levels[1:], strict=False
            )
        )
        self.last = torch.nn.Parameter(torch.randn(10, options.maps[-1] * 16) * 0.5)
        self.temperature = torch.nn.Parameter(torch.zeros(()))  # of training's softmax only

    def codes(self, pixels):
        return torch.clamp(torch.round(pixels / self.scale), 0, self.levels[0])

    def whole_last(self):
        return rounded(torch.clamp(self.last, -7, 7))

    def forward(self, pixels):
        x = self.codes(pixels)
        for convolution in self.convolutions:
            x = convolution(x)
        return x.flatten(1) @ self.whole_last().T * 2.0**-4 * torch.exp(self.temperature)

    def rates(self):
        return rates(self.convolutions, self.last, self.temperature, 0.05)


class Teacher(torch.nn.Module):
    """A larger network in floats."""

    def __init__(self):
        super().__init__()
        self.layers = teacher_network()

    def forward(self, pixels):
        return self.layers(pixels)

    def rates(self):
        return [{"params": list(self.parameters()), "lr": 0.003}]


class Floats(torch.nn.Sequential):
    """The network without bounds, to compare with."""

    def __init__(self, maps):
        layers = [
            m
            for i, o in zip([1, *maps[:-1]], maps, strict=True)
            for m in (torch.nn.Conv2d(i, o, KERNEL), torch.nn.ReLU(), torch.nn.MaxPool2d(2))
        ]
        super().__init__(*layers, torch.nn.Flatten(), torch.nn.Linear(maps[-1] * 16, 10))

    def rates(self):
        return [{"params": list(self.parameters()), "lr": 0.002}]


def train(network, images, labels, epochs, generator, teacher=None):
    """Adam; the rate warms up for 500 steps, then falls as a cosine. From a teacher's scores where there is one."""
    optimizer = torch.optim.Adam(network.rates())
    steps = epochs * (len(images) // BATCH)
    schedule = warmed(optimizer, 500, steps)
    start = time.time()
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images), generator=generator)[: len(images) // BATCH * BATCH].split(BATCH):
            pixels = augment(images[batch], generator, (9, 0.09, 1.5, 0.09), 0.5)
            scores = network(pixels)
            loss = F.cross_entropy(scores, labels[batch])
            if teacher is not None:
                with torch.no_grad():
                    wanted = teacher(pixels).log_softmax(1)
                loss = 0.3 * loss + 0.7 * F.kl_div(
                    scores.log_softmax(1), wanted, log_target=True, reduction="batchmean"
                )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(
            json.dumps({"epoch": epoch + 1, "loss": total / (len(images) // BATCH), "s": int(time.time() - start)}),
            flush=True,
        )


def accuracy(network, images, labels):
    return float((in_batches(network, images).argmax(dim=1) == labels).float().mean())


def qdq(network, path):
    """Writes the network with codes of 4 bits (operator set 21), clipped to those that it uses."""
    nodes, constants = [], []

    def node(operator, inputs, output, **attributes):
        nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(name, kind, dims, values):
        constants.append(helper.make_tensor(name, kind, dims, values))
        return name

    def quantized(value, scale, levels, name):
        """QuantizeLinear saturates at 15; Clip before it at the levels."""
        low = constant(f"{name}.low", TensorProto.FLOAT, [], [0])
        high = constant(f"{name}.high", TensorProto.FLOAT, [], [levels * scale])
        scale = constant(f"{name}.scale", TensorProto.FLOAT, [], [scale])
        zero = constant(f"{name}.zero", TensorProto.UINT4, [], [0])
        clipped = node("Clip", [value, low, high], f"{name}.clipped")
        return node(
            "DequantizeLinear", [node("QuantizeLinear", [clipped, scale, zero], f"{name}.codes"), scale, zero], name
        )

    def weights(name, whole, kind, dims, scale):
        scale = constant(f"{name}.scale", TensorProto.FLOAT, [], [scale])
        codes = constant(f"{name}.codes", kind, dims, whole.flatten().tolist())
        return node("DequantizeLinear", [codes, scale], name)

    def whole(x):
        return x.detach().round().to(torch.int64)

    value, scale = "input", network.scale
    value = quantized(value, scale, network.levels[0], "pixels")
    for index, layer in enumerate(network.convolutions):
        kernels, bias = (whole(x) for x in layer.integers())
        assert kernels.abs().sum(dim=1).max() <= layer.limit
        name = f"layer{index}"
        inputs = kernels.shape[1] // KERNEL**2
        w = weights(f"{name}.w", kernels, TensorProto.INT8, [len(bias), inputs, KERNEL, KERNEL], 1.0)
        b = weights(f"{name}.b", bias, TensorProto.INT32, [len(bias)], scale)
        value = node("Relu", [node("Conv", [value, w, b], f"{name}.sums")], f"{name}.relu")
        scale *= 2.0**layer.shift
        value = quantized(value, scale, layer.levels, f"{name}.value")
        value = node("MaxPool", [value], f"{name}.pooled", kernel_shape=[2, 2], strides=[2, 2])
    last = whole(network.whole_last())
    w = weights("last.w", last, TensorProto.INT8, list(last.shape), 1.0)
    node("Gemm", [node("Flatten", [value], "flat"), w], "scores", transB=1)
    graph = helper.make_graph(
        nodes,
        "lenet",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 1, 28, 28])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", required=True, help="folder with the MNIST IDX .gz files")
    parser.add_argument("--output", required=True, type=pathlib.Path, help="folder for model and samples")
    parser.add_argument("--maps", type=int, nargs=2, default=[8, 16])
    parser.add_argument("--values", type=int, nargs=2, default=[256, 512], help="of an accumulator, without its bias")
    parser.add_argument("--shifts", type=int, nargs=2, default=[4, 4], help="log2 of the divisors")
    parser.add_argument("--input-levels", type=int, default=3, help="the largest code of a pixel")
    parser.add_argument("--levels", type=int, default=7, help="the largest code of an activation")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument(
        "--teacher-epochs", type=int, default=8, help="of a larger network in floats, whose scores are learned"
    )
    parser.add_argument(
        "--checkpoint", type=pathlib.Path, help="file that keeps the teacher; a second run starts after it"
    )
    parser.add_argument("--threads", type=int, default=1, help="another count may give another model")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    images, labels, test, test_labels = (torch.tensor(x) for x in data.mnist(options.mnist))
    teacher = Teacher()
    if options.checkpoint and options.checkpoint.exists():
        teacher.load_state_dict(torch.load(options.checkpoint))
    else:
        train(teacher, images, labels, options.teacher_epochs, generator)
        if options.checkpoint:
            torch.save(teacher.state_dict(), options.checkpoint)
    teacher.eval()
    network, reals = Network(options), Floats(options.maps)
    for learner in [network, reals]:
        train(learner, images, labels, options.epochs, generator, teacher)
        print(json.dumps({type(learner).__name__: accuracy(learner, test, test_labels)}), flush=True)
        if learner is network:
            options.output.mkdir(parents=True, exist_ok=True)
            qdq(network, options.output / "model.onnx")
            np.save(options.output / "samples.npy", test.numpy())
            np.save(options.output / "labels.npy", test_labels.numpy())
    result = {
        "accuracy": accuracy(network, test, test_labels),
        "accuracy of floats": accuracy(reals, test, test_labels),
        "accuracy of the teacher": accuracy(teacher, test, test_labels),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
