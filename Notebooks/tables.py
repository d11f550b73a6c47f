# SPDX-License-Identifier: Apache-2.0
"""Trains an MLP with real ReLU in a few bits, and writes it as QDQ, whose integers Blindsight evaluates exactly.

Activations have 4 bits, and the weights of each neuron an l1 norm that keeps its accumulator within so many values (as
A2Q of Colbert et al., 2023, bounds accumulators): a table takes 4,096, and few are fast. Scales are powers of two, so
that floating point rounds as integers do. Biases keep all accumulators of a layer in one run of values.
Training images are moved a little each time, for the network in floats too.

    python Notebooks/tables.py --output build/digits-tables    # needs torch, scikit-learn, onnx, onnxruntime
"""

import argparse
import json
import math
import pathlib

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from sklearn.datasets import load_digits

LEVELS = 15
BATCH = 128
TOP = 0.625  # a run's share above zero
LAST = 2047 // LEVELS  # l1 norm of a neuron of the last layer: scores of 2,048 values


def rounded(x):
    """Rounds half to even; gradients pass."""
    return x + (torch.round(x) - x).detach()


def bounded(weights, limit):
    """Each row within an l1 norm, nearest in the 2-norm (Duchi et al., 2008)."""
    size = weights.abs()
    sums = size.sum(dim=1, keepdim=True)
    ordered, _ = size.sort(dim=1, descending=True)
    cumulative = ordered.cumsum(dim=1) - limit
    places = torch.arange(1, weights.shape[1] + 1, device=weights.device)
    count = (ordered > cumulative / places).sum(dim=1, keepdim=True)
    threshold = cumulative.gather(1, count - 1) / count
    projected = torch.sign(weights) * torch.clamp(size - threshold, min=0)
    return torch.where(sums <= limit, weights, projected)


def integers(weights, limit):
    """Whole weights with an l1 norm of at most `limit`: rounded, the largest remainders first while there is room."""
    inside = bounded(weights, limit)
    size = inside.abs()
    whole = torch.floor(size)
    rest = size - whole
    room = limit - whole.sum(dim=1, keepdim=True)
    rank = rest.argsort(dim=1, descending=True).argsort(dim=1)
    near = torch.sign(inside) * (whole + ((rest >= 0.5) & (rank < room)))
    return inside + (near - inside).detach()


def extremes(weights):
    """Lowest and highest accumulators over all inputs, without biases."""
    return LEVELS * weights.clamp(max=0).sum(dim=1), LEVELS * weights.clamp(min=0).sum(dim=1)


def rates(layers, last, temperature, rate):
    """Latent weights are of the size of their integers, so they learn fast, and biases faster."""
    return [
        {"params": [*[layer.weights for layer in layers], last], "lr": rate},
        {"params": [layer.bias for layer in layers], "lr": 10 * rate},
        {"params": [temperature], "lr": 0.01},
    ]


def warmed(optimizer, warm, steps):
    """The rate rises for some steps, then falls as a cosine."""
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / warm) * (1 + math.cos(math.pi * step / steps)) / 2
    )


class Table(torch.nn.Module):
    """A dense layer of small integers, then ReLU and requantization to 0...15."""

    def __init__(self, inputs, outputs, values, run, shift):
        super().__init__()
        self.limit = (values - 1) // LEVELS
        self.top = round(TOP * run)
        self.bottom = self.top - run + 1
        self.shift = shift
        self.weights = torch.nn.Parameter(torch.randn(outputs, inputs) * 1.25 * self.limit / inputs)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))

    def integers(self):
        """Weights and biases; a bias is moved until its accumulator fits the run, and gradients know by how much."""
        weights = integers(self.weights, self.limit)
        low, high = extremes(weights)
        return weights, torch.minimum(torch.maximum(rounded(self.bias), self.bottom - low), self.top - high)

    def whole(self):
        return [x.detach().round().to(torch.int64) for x in self.integers()]

    def forward(self, x):
        weights, bias = self.integers()
        return torch.clamp(rounded((x @ weights.T + bias) * 2.0**-self.shift), 0, LEVELS)


class Network(torch.nn.Module):
    def __init__(self, sizes, values, run, shifts):
        super().__init__()
        self.tables = torch.nn.ModuleList(
            Table(a, b, values, run, shift) for a, b, shift in zip(sizes[:-2], sizes[1:-1], shifts)
        )
        self.last = torch.nn.Parameter(torch.randn(sizes[-1], sizes[-2]) * 0.5)
        self.temperature = torch.nn.Parameter(torch.zeros(()))  # of training's softmax only

    def forward(self, x):
        for table in self.tables:
            x = table(x)
        return x @ self.whole_last().T * 2.0**-5 * torch.exp(self.temperature)

    def whole_last(self):
        return integers(torch.clamp(self.last, -7, 7), LAST)

    def rates(self):
        return rates(self.tables, self.last, self.temperature, 0.1)


class Floats(torch.nn.Sequential):
    """The network without bounds, to compare with."""

    def __init__(self, sizes):
        layers = [m for a, b in zip(sizes[:-2], sizes[1:-1]) for m in (torch.nn.Linear(a, b), torch.nn.ReLU())]
        super().__init__(*layers, torch.nn.Linear(sizes[-2], sizes[-1]))

    def forward(self, x):
        return super().forward(x / 16)

    def rates(self):
        return [{"params": list(self.parameters()), "lr": 0.01}]


def codes(images):
    return torch.clamp(torch.round(images), 0, LEVELS)


def moved(images):
    """Turned, scaled, sheared and shifted at random: by 0.15, and half a pixel, at most."""
    most = torch.tensor([[0.1, 0.15, 0.125], [0.15, 0.1, 0.125]])
    maps = torch.eye(2, 3) + (torch.rand(len(images), 2, 3) * 2 - 1) * most
    images = images.view(-1, 1, 8, 8)
    grid = torch.nn.functional.affine_grid(maps, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images, grid, align_corners=False).flatten(1)


def train(network, images, labels, epochs):
    """Adam, with a rate that warms up for 100 steps and then falls as a cosine."""
    optimizer = torch.optim.Adam(network.rates())
    steps = epochs * (len(images) // BATCH)
    schedule = warmed(optimizer, 100, steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(images))[: len(images) // BATCH * BATCH].split(BATCH):
            optimizer.zero_grad()
            scores = network(codes(moved(images[batch])))
            torch.nn.functional.cross_entropy(scores, labels[batch]).backward()
            optimizer.step()
            schedule.step()


def best(make, images, labels, options):
    """Of several starts, the network that is right most often about training images, moved anew."""
    found = []
    for start in range(options.starts):
        torch.manual_seed(1000 * options.seed + start)
        network = make()
        train(network, images, labels, options.epochs)
        with torch.no_grad():
            scores = network(codes(moved(images.repeat(5, 1))))
        found.append((float((scores.argmax(dim=1) == labels.repeat(5)).float().mean()), -start, network))
    return max(found)[2]


def qdq(network, path, features):
    """Writes the network with 4-bit codes (operator set 21)."""
    nodes, constants = [], []

    def constant(name, kind, dims, values):
        constants.append(helper.make_tensor(name, kind, dims, values))
        return name

    def quantized(value, scale, name):
        scale = constant(f"{name}.scale", TensorProto.FLOAT, [], [scale])
        zero = constant(f"{name}.zero", TensorProto.UINT4, [], [0])
        nodes.append(helper.make_node("QuantizeLinear", [value, scale, zero], [f"{name}.codes"], name=f"{name}.q"))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}.codes", scale, zero], [name], name=f"{name}.dq"))
        return name

    def weights(name, whole, kind, dims, scale):
        scale = constant(f"{name}.scale", TensorProto.FLOAT, [], [scale])
        codes = constant(f"{name}.codes", kind, dims, whole)
        nodes.append(helper.make_node("DequantizeLinear", [codes, scale], [name], name=f"{name}.dq"))
        return name

    value, scale = quantized("input", 1.0, "pixels"), 1.0
    for index, table in enumerate(network.tables):
        whole, bias = table.whole()
        assert whole.abs().sum(dim=1).max() <= table.limit
        name = f"layer{index}"
        w = weights(f"{name}.w", whole.flatten().tolist(), TensorProto.INT8, list(whole.shape), 1.0)
        b = weights(f"{name}.b", bias.tolist(), TensorProto.INT32, list(bias.shape), scale)
        nodes.append(helper.make_node("Gemm", [value, w, b], [f"{name}.sums"], transB=1, name=name))
        nodes.append(helper.make_node("Relu", [f"{name}.sums"], [f"{name}.relu"], name=f"{name}.relu"))
        scale *= 2.0**table.shift
        value = quantized(f"{name}.relu", scale, f"{name}.codes")
    whole = network.whole_last().detach().round().to(torch.int64)
    w = weights("last.w", whole.flatten().tolist(), TensorProto.INT8, list(whole.shape), 1.0)
    nodes.append(helper.make_node("Gemm", [value, w], ["scores"], transB=1, name="last"))
    graph = helper.make_graph(
        nodes,
        "tables",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", features])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", whole.shape[0]])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, type=pathlib.Path, help="folder for model and samples")
    parser.add_argument("--hidden", type=int, nargs="+", default=[32, 32, 32])
    parser.add_argument("--values", type=int, default=256, help="of an accumulator, without its bias")
    parser.add_argument("--run", type=int, help="of all accumulators of a layer, with their biases (default: --values)")
    parser.add_argument("--shifts", type=int, nargs="+", default=[3, 2, 2], help="log2 of the divisors")
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--starts", type=int, default=4, help="networks trained, of which one is kept")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run = options.run or options.values
    if run < options.values or len(options.shifts) != len(options.hidden):
        parser.error("a run holds an accumulator at least, and each hidden layer has a shift")
    torch.set_num_threads(1)
    data = load_digits()
    images = torch.tensor(data.data, dtype=torch.float32)
    labels = torch.tensor(data.target)
    order = torch.tensor(np.random.default_rng(0).permutation(len(labels)))
    training, test = order[:1347], order[1347:]
    sizes = [64, *options.hidden, 10]
    split = images[training], labels[training], options
    network = best(lambda: Network(sizes, options.values, run, options.shifts), *split)
    reals = best(lambda: Floats(sizes), *split)
    pixels = codes(images[test])

    def accuracy(scores):
        return float((scores.argmax(dim=1) == labels[test]).float().mean())

    with torch.no_grad():
        ranges = [[side + bias for side in extremes(w)] for w, bias in (table.whole() for table in network.tables)]
        result = {
            "accuracy": accuracy(network(pixels)),
            "accuracy of floats": accuracy(reals(pixels)),
            "longest accumulator": max(int((high - low).max()) + 1 for low, high in ranges),
            "run of a layer": max(int(high.max() - low.min()) + 1 for low, high in ranges),
        }
    options.output.mkdir(parents=True, exist_ok=True)
    qdq(network, options.output / "model.onnx", 64)
    np.save(options.output / "samples.npy", pixels.numpy())
    np.save(options.output / "labels.npy", labels[test].numpy().astype(np.int64))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
