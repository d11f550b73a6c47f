# SPDX-License-Identifier: Apache-2.0
"""Trains an MLP with real ReLU in a few bits, and writes it as QDQ, whose integers Blindsight evaluates exactly.

Activations have 4 bits, and the weights of each neuron an l1 norm that keeps its accumulator within so many values (as
A2Q of Colbert et al., 2023, bounds accumulators): a table takes 4,096, and few are fast. Scales are powers of two, so
that floating point rounds as integers do.

    python Notebooks/tables.py --output build/digits-tables    # needs torch, scikit-learn, onnx, onnxruntime
"""

import argparse
import json
import pathlib

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from sklearn.datasets import load_digits

LEVELS = 15


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
    """Whole weights with an l1 norm of at most `limit`: rounded, the largest remainders first as long as there is room."""
    inside = bounded(weights, limit)
    size = inside.abs()
    whole = torch.floor(size)
    rest = size - whole
    room = limit - whole.sum(dim=1, keepdim=True)
    rank = rest.argsort(dim=1, descending=True).argsort(dim=1)
    near = torch.sign(inside) * (whole + ((rest >= 0.5) & (rank < room)))
    return inside + (near - inside).detach()


class Table(torch.nn.Module):
    """A dense layer of small integers, then ReLU and requantization to 0...15."""

    def __init__(self, inputs, outputs, values, shift):
        super().__init__()
        self.limit = (values - 1) // LEVELS
        self.shift = shift
        self.weights = torch.nn.Parameter(torch.randn(outputs, inputs) * 1.25 * self.limit / inputs)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        sums = x @ integers(self.weights, self.limit).T + rounded(self.bias)
        return torch.clamp(rounded(sums * 2.0**-self.shift), 0, LEVELS)


class Network(torch.nn.Module):
    def __init__(self, sizes, values, shifts):
        super().__init__()
        self.tables = torch.nn.ModuleList(
            Table(a, b, values, shift) for a, b, shift in zip(sizes[:-2], sizes[1:-1], shifts)
        )
        self.last = torch.nn.Parameter(torch.randn(sizes[-1], sizes[-2]) * 0.5)

    def forward(self, x):
        for table in self.tables:
            x = table(x)
        return x @ self.whole_last().T * 2.0**-5

    def whole_last(self):
        clipped = torch.clamp(self.last, -7, 7)
        return clipped + (torch.round(clipped) - clipped).detach()


def train(network, x, y, epochs, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x[batch]), y[batch]).backward()
            optimizer.step()
        schedule.step()


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
        nodes.append(
            helper.make_node("DequantizeLinear", [f"{name}.codes", scale, zero], [name], name=f"{name}.dq")
        )
        return name

    def weights(name, whole, kind, dims, scale):
        scale = constant(f"{name}.scale", TensorProto.FLOAT, [], [scale])
        codes = constant(f"{name}.codes", kind, dims, whole)
        nodes.append(helper.make_node("DequantizeLinear", [codes, scale], [name], name=f"{name}.dq"))
        return name

    value, scale = quantized("input", 1.0, "pixels"), 1.0
    for index, table in enumerate(network.tables):
        whole = integers(table.weights, table.limit).detach().round().to(torch.int64)
        assert whole.abs().sum(dim=1).max() <= table.limit
        bias = table.bias.detach().round().to(torch.int64)
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
    parser.add_argument("--shifts", type=int, nargs="+", default=[3, 3, 3], help="log2 of the divisors")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    data = load_digits()
    pixels = torch.tensor(np.minimum(data.data, LEVELS), dtype=torch.float32)
    labels = torch.tensor(data.target)
    order = torch.tensor(np.random.default_rng(0).permutation(len(labels)))
    training, test = order[:1347], order[1347:]
    network = Network([64, *options.hidden, 10], options.values, options.shifts)
    train(network, pixels[training], labels[training], options.epochs, options.seed)
    reals = torch.nn.Sequential(
        *[m for a, b in zip([64, *options.hidden], options.hidden) for m in (torch.nn.Linear(a, b), torch.nn.ReLU())],
        torch.nn.Linear(options.hidden[-1], 10),
    )
    optimizer = torch.optim.Adam(reals.parameters(), lr=0.002)
    for _ in range(options.epochs):
        for batch in torch.randperm(len(training)).split(64):
            rows = training[batch]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(reals(pixels[rows] / 16), labels[rows]).backward()
            optimizer.step()

    def accuracy(scores):
        return float((scores.argmax(dim=1) == labels[test]).float().mean())

    with torch.no_grad():
        result = {
            "accuracy": accuracy(network(pixels[test])),
            "accuracy of floats": accuracy(reals(pixels[test] / 16)),
            "longest accumulator": max(
                int(integers(t.weights, t.limit).abs().sum(dim=1).max()) * LEVELS + 1 for t in network.tables
            ),
        }
    options.output.mkdir(parents=True, exist_ok=True)
    qdq(network, options.output / "model.onnx", 64)
    np.save(options.output / "samples.npy", pixels[test].numpy())
    np.save(options.output / "labels.npy", labels[test].numpy().astype(np.int64))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
