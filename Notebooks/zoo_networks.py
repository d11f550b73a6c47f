"""The fourth part of the zoo: small networks as PyTorch exports them, by both of its exporters, and as quantizers do.

Each is trained for about a second on scikit-learn's data, with fixed seeds. Names end in the exporter: "script"
(dynamo=False), "dynamo" (dynamo=True), "fixed" (the latter, without dynamic shapes: a batch of one).
"""

import contextlib
import inspect
import io
import logging
import os
import tempfile
import warnings

import numpy as np
import onnx
from sklearn import datasets

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError:
    torch = None

SEED = 7
EPOCHS, BATCH, RATE = 30, 100, 0.01
CALIBRATION, TEST = 300, 100


class Samples:
    """Of models that take several inputs, or whole numbers: an array each, in the model's order."""

    suffix = "npy"

    def __init__(self, arrays):
        self.arrays = arrays

    def __len__(self):
        return len(self.arrays[0])

    def __getitem__(self, rows):
        return Samples([array[rows] for array in self.arrays])

    def feeds(self, session):
        return {i.name: array for i, array in zip(session.get_inputs(), self.arrays)}

    def moved(self, generator, train, error):
        return Samples([
            a + (generator.normal(size=a.shape) * t.std(0) * error).astype(a.dtype) if a.dtype.kind == "f" else a
            for a, t in zip(self.arrays, train.arrays)])

    def clipped(self, train):
        return Samples([np.clip(a, t.min(0), t.max(0)) for a, t in zip(self.arrays, train.arrays)])

    def save(self, path):
        np.save(path, np.concatenate([a.reshape(len(a), -1).astype(np.float32) for a in self.arrays], 1))


def data(name):
    """Arrays that a network takes, one an input, and its targets, one an output; shuffled."""
    digits = datasets.load_digits()
    pixels = (digits.data / 16).astype(np.float32)
    bunch = datasets.load_breast_cancer() if "cancer" in name or name in ("tags", "two tables") else (
        datasets.load_diabetes())
    raw = bunch.data.astype(np.float32)
    table = ((raw - raw.mean(0)) / raw.std(0)).astype(np.float32)
    quantity = bunch.target.astype(np.float32)[:, None]
    quantity = (quantity - quantity.mean()) / quantity.std()
    inputs, targets = {
        "flat": lambda: ([pixels], [digits.target]),
        "images": lambda: ([pixels.reshape(-1, 1, 8, 8)], [digits.target]),
        "rows": lambda: ([pixels.reshape(-1, 8, 8)], [digits.target]),
        "levels as floats": lambda: ([pixels * 16], [digits.target]),
        "levels": lambda: ([digits.data.astype(np.int64)], [digits.target]),
        "cancer": lambda: ([table], [bunch.target]),
        "raw cancer": lambda: ([raw], [bunch.target]),
        "two tables": lambda: ([table[:, :10], table[:, 10:]], [bunch.target]),
        "tags": lambda: ([table], [np.stack([bunch.target, raw[:, 0] > 14, raw[:, 1] > 20], 1).astype(np.float32)]),
        "diabetes": lambda: ([table], [quantity]),
        "several targets": lambda: ([table], [np.concatenate([quantity, table[:, 2:3], quantity**2], 1)]),
        "class and quantity": lambda: ([pixels], [digits.target, pixels.mean(1, keepdims=True) * 100]),
        "itself": lambda: ([pixels], [pixels]),
        "images themselves": lambda: ([pixels.reshape(-1, 1, 8, 8)] * 1, [pixels.reshape(-1, 1, 8, 8)]),
    }[name]()
    order = np.random.default_rng(SEED).permutation(len(inputs[0]))
    return [a[order] for a in inputs], [t[order] for t in targets]


def networks():
    """Name, data, loss, what makes the network. Losses are of logits, probabilities or quantities."""

    class Function(nn.Module):
        """What several modules do, by a function of theirs."""

        def __init__(self, function, **modules):
            super().__init__()
            self.function = function
            for name, module in modules.items():
                setattr(self, name, module)

        def forward(self, *inputs):
            return self.function(self, *inputs)

    def of(function, *modules):
        return Function(function, **{f"m{k}": module for k, module in enumerate(modules)})

    square = lambda: of(lambda _, x: x * x)  # noqa: E731
    linear, sequence, flatten = nn.Linear, nn.Sequential, nn.Flatten

    def mlp(activation, features, hidden, outputs):
        return lambda: sequence(linear(features, hidden), activation(), linear(hidden, outputs))

    for name, activation in {
        "ReLU": nn.ReLU, "GELU": nn.GELU, "GELU, tanh": lambda: nn.GELU(approximate="tanh"), "SiLU": nn.SiLU,
        "Tanh": nn.Tanh, "Sigmoid": nn.Sigmoid, "square": square, "LeakyReLU": nn.LeakyReLU, "PReLU": nn.PReLU,
        "ELU": nn.ELU, "Hardswish": nn.Hardswish, "Softplus": nn.Softplus, "Mish": nn.Mish,
    }.items():
        yield f"MLP, {name}", "cancer", "class", mlp(activation, 30, 16, 2)
    yield "MLP, ReLU, digits", "flat", "class", mlp(nn.ReLU, 64, 32, 10)
    yield "MLP, square, digits", "flat", "class", mlp(square, 64, 32, 10)
    yield "MLP, two ReLU", "cancer", "class", lambda: sequence(
        linear(30, 16), nn.ReLU(), linear(16, 8), nn.ReLU(), linear(8, 2))
    yield "BatchNorm1d", "flat", "class", lambda: sequence(
        linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), linear(32, 10))
    yield "BatchNorm1d first", "raw cancer", "class", lambda: sequence(
        nn.BatchNorm1d(30), linear(30, 16), nn.ReLU(), linear(16, 2))
    yield "LayerNorm", "cancer", "class", lambda: sequence(linear(30, 16), nn.LayerNorm(16), nn.ReLU(), linear(16, 2))
    yield "LayerNorm first", "cancer", "class", lambda: sequence(
        nn.LayerNorm(30), linear(30, 16), nn.ReLU(), linear(16, 2))
    yield "Dropout", "flat", "class", lambda: sequence(
        nn.Dropout(0.1), linear(64, 32), nn.ReLU(), nn.Dropout(0.3), linear(32, 10))
    yield "Softmax", "flat", "probability", lambda: sequence(
        linear(64, 32), nn.ReLU(), linear(32, 10), nn.Softmax(dim=1))
    yield "LogSoftmax", "flat", "log", lambda: sequence(
        linear(64, 32), nn.ReLU(), linear(32, 10), nn.LogSoftmax(dim=1))
    yield "Softmax and arg max", "flat", "probability", lambda: of(
        lambda m, x: (lambda p: (p, p.argmax(1)))(torch.softmax(m.m0(x), -1)), mlp(nn.ReLU, 64, 32, 10)())
    yield "logistic regression", "cancer", "class", lambda: linear(30, 2)
    yield "one logit, sigmoid", "cancer", "binary", lambda: sequence(
        linear(30, 16), nn.ReLU(), linear(16, 1), nn.Sigmoid())
    yield "one logit, squeezed", "cancer", "binary", lambda: of(
        lambda m, x: torch.sigmoid(m.m0(x)).squeeze(-1), mlp(nn.ReLU, 30, 16, 1)())
    yield "one logit, threshold", "cancer", "binary", lambda: of(
        lambda m, x: (lambda p: (p, p > 0.5))(torch.sigmoid(m.m0(x))), mlp(nn.ReLU, 30, 16, 1)())

    def images(*layers, features, outputs=10):
        return sequence(*layers, flatten(), linear(features, outputs))

    yield "CNN", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2), features=128)
    yield "CNN, linear in front", "images", "class", lambda: images(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 8, 3), nn.ReLU(), features=128)
    yield "CNN, strided", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), features=128)
    yield "CNN, dilated", "images", "class", lambda: images(nn.Conv2d(1, 4, 3, dilation=2), nn.ReLU(), features=64)
    yield "CNN, padding same", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 4, padding="same"), nn.ReLU(), nn.AvgPool2d(2), features=128)
    yield "CNN, reflected", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, padding=1, padding_mode="reflect"), nn.ReLU(), nn.AvgPool2d(2), features=128)
    yield "CNN, depthwise", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 8, 1), nn.AvgPool2d(2),
        features=72)
    yield "CNN, grouped", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, padding=1, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, groups=2),
        features=64)
    yield "CNN, two ReLU", "images", "class", lambda: images(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 8, 3), nn.ReLU(),
        features=32)
    yield "CNN, Dropout2d", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Dropout2d(0.2), nn.AvgPool2d(2), features=128)
    yield "CNN, residual", "images", "class", lambda: of(
        lambda m, x: (lambda h: m.m2(h + m.m1(h)))(m.m0(x)),
        sequence(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)),
        sequence(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1)),
        sequence(nn.AvgPool2d(2), flatten(), linear(64, 10)))
    yield "CNN, residual, ReLU after", "images", "class", lambda: of(
        lambda m, x: m.m1(torch.relu(x + m.m0(x))),
        sequence(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1)),
        sequence(nn.AvgPool2d(2), flatten(), linear(16, 10)))
    yield "CNN, branches", "images", "class", lambda: of(
        lambda m, x: m.m2(torch.cat([m.m0(x), m.m1(x)], 1)),
        nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(1, 4, 5, padding=2),
        sequence(nn.ReLU(), nn.AvgPool2d(2), flatten(), linear(128, 10)))
    yield "CNN, AdaptiveAvgPool2d(1)", "images", "class", lambda: images(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), features=16)
    yield "CNN, AdaptiveAvgPool2d(2)", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), features=32)
    yield "CNN, mean", "images", "class", lambda: of(
        lambda m, x: m.m1(m.m0(x).mean((2, 3))), sequence(nn.Conv2d(1, 16, 5), nn.ReLU()), linear(16, 10))
    yield "CNN, view by size", "images", "class", lambda: of(
        lambda m, x: (lambda h: m.m1(h.view(h.size(0), -1)))(m.m0(x)),
        sequence(nn.Conv2d(1, 8, 3, stride=2), nn.ReLU()), linear(72, 10))
    yield "CNN, reshape", "images", "class", lambda: of(
        lambda m, x: m.m1(m.m0(x).reshape(-1, 72)), sequence(nn.Conv2d(1, 8, 3, stride=2), nn.ReLU()), linear(72, 10))
    yield "CNN, flatten, transposed", "images", "class", lambda: of(
        lambda m, x: m.m1(torch.flatten(m.m0(x).permute(0, 2, 3, 1), 1)),
        sequence(nn.Conv2d(1, 8, 3, stride=2), nn.ReLU()), linear(72, 10))
    yield "CNN of flat pixels", "flat", "class", lambda: sequence(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(), flatten(), linear(72, 10))
    yield "CNN to scores", "images", "class", lambda: sequence(
        nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 10, 1), nn.AdaptiveAvgPool2d(1), flatten())
    yield "CNN, GroupNorm", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, stride=2), nn.GroupNorm(2, 8), nn.ReLU(), features=72)
    yield "CNN, InstanceNorm2d first", "images", "class", lambda: images(
        nn.InstanceNorm2d(1), nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(), features=72)
    yield "CNN, PReLU by channel", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3, stride=2), nn.PReLU(8), features=72)
    yield "CNN, unflattened", "flat", "class", lambda: sequence(
        linear(64, 36), nn.Unflatten(1, (4, 3, 3)), nn.Conv2d(4, 3, 2), nn.ReLU(), flatten(), linear(12, 10))
    yield "CNN, variances", "images", "class", lambda: of(
        lambda m, x: (lambda h: m.m1(torch.cat([h.mean((2, 3)), h.var((2, 3))], 1)))(m.m0(x)), nn.Conv2d(1, 8, 3),
        linear(16, 10))
    yield "CNN, MaxPool2d", "images", "class", lambda: images(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), features=72)
    yield "Conv1d", "rows", "class", lambda: sequence(
        nn.Conv1d(8, 16, 3, padding=1), nn.BatchNorm1d(16), nn.ReLU(), nn.AvgPool1d(2), flatten(), linear(64, 10))
    yield "two inputs", "two tables", "class", lambda: of(
        lambda m, a, b: m.m2(torch.cat([m.m0(a), m.m1(b)], 1)), linear(10, 8), linear(20, 8),
        sequence(nn.ReLU(), linear(16, 2)))
    yield "two inputs, concatenated", "two tables", "class", lambda: of(
        lambda m, a, b: m.m0(torch.cat([a, b], 1)), mlp(nn.ReLU, 30, 16, 2)())
    yield "class and quantity", "class and quantity", "both", lambda: of(
        lambda m, x: (lambda h: (m.m1(h), m.m2(h)))(m.m0(x)), sequence(linear(64, 32), nn.ReLU()), linear(32, 10),
        linear(32, 1))
    yield "probabilities and quantity", "class and quantity", "both probabilities", lambda: of(
        lambda m, x: (lambda h: (torch.softmax(m.m1(h), 1), m.m2(h)))(m.m0(x)), sequence(linear(64, 32), nn.ReLU()),
        linear(32, 10), linear(32, 1))
    yield "tags", "tags", "binary", lambda: sequence(linear(30, 16), nn.ReLU(), linear(16, 3), nn.Sigmoid())
    yield "regressor", "diabetes", "quantity", mlp(nn.ReLU, 10, 16, 1)
    yield "regressor, squeezed", "diabetes", "quantity", lambda: of(
        lambda m, x: m.m0(x).squeeze(-1), mlp(nn.ReLU, 10, 16, 1)())
    yield "regressor, linear", "diabetes", "quantity", lambda: linear(10, 1)
    yield "regressor, unscaled target", "diabetes", "quantity", lambda: of(
        lambda m, x: m.m0(x) * 77.0 + 152.0 if not m.training else m.m0(x), mlp(nn.Tanh, 10, 16, 1)())
    yield "several targets", "several targets", "quantity", mlp(nn.ReLU, 10, 16, 3)
    yield "autoencoder", "itself", "quantity", mlp(nn.ReLU, 64, 12, 64)
    yield "autoencoder, sigmoid", "itself", "quantity", lambda: sequence(
        linear(64, 12), nn.ReLU(), linear(12, 64), nn.Sigmoid())
    yield "autoencoder, transposed convolution", "images themselves", "quantity", lambda: sequence(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 2, stride=2))
    yield "autoencoder, upsampled", "images themselves", "quantity", lambda: sequence(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(4, 1, 3, padding=1))
    yield "autoencoder, transposed convolutions", "images themselves", "quantity", lambda: sequence(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(),
        nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1, groups=2), nn.Conv2d(4, 1, 1))
    yield "standardizes", "raw cancer", "class", lambda: of(
        lambda m, x: m.m0((x - m.mean) / m.deviation), mlp(nn.ReLU, 30, 16, 2)())
    # What forward methods do besides layers.
    hidden = lambda: sequence(linear(30, 16), nn.ReLU())  # noqa: E731
    for name, function, modules in (
        ("ReLU6", lambda m, x: m.m1(functional.relu6(m.m0(x))), (linear(30, 16), linear(16, 2))),
        ("clamp", lambda m, x: m.m1(m.m0(x).clamp(-1, 2)), (linear(30, 16), linear(16, 2))),
        ("abs", lambda m, x: m.m1(m.m0(x).abs()), (linear(30, 16), linear(16, 2))),
        ("where", lambda m, x: m.m1((lambda h: torch.where(h > 0, h, 0.1 * h))(m.m0(x))),
         (linear(30, 16), linear(16, 2))),
        ("maximum of two", lambda m, x: m.m2(torch.maximum(m.m0(x), m.m1(x))),
         (linear(30, 8), linear(30, 8), linear(8, 2))),
        ("product of two", lambda m, x: m.m2(m.m0(x) * m.m1(x)), (linear(30, 8), linear(30, 8), linear(8, 2))),
        ("gated", lambda m, x: m.m2(m.m0(x) * torch.sigmoid(m.m1(x))), (linear(30, 8), linear(30, 8), linear(8, 2))),
        ("einsum", lambda m, x: torch.einsum("ni,oi->no", m.m0(x), m.m1.weight), (hidden(), linear(16, 2))),
        ("slices", lambda m, x: m.m0(x[:, :5]) + m.m1(x[:, ::3]), (linear(5, 2), linear(10, 2))),
        ("chosen columns", lambda m, x: m.m1(m.m0(x[:, [3, 1, 20, 7]])),
         (sequence(linear(4, 8), nn.ReLU()), linear(8, 2))),
        ("chunks", lambda m, x: (lambda a, b: m.m1(a * b))(*m.m0(x).chunk(2, 1)), (linear(30, 16), linear(8, 2))),
        ("stacked", lambda m, x: torch.stack([m.m0(x), m.m1(x)], 1).sum(1), (linear(30, 2), linear(30, 2))),
        ("temperature", lambda m, x: torch.softmax(m.m1(m.m0(x)) / 2.5, 1), (hidden(), linear(16, 2))),
        ("L2-normalized inputs", lambda m, x: m.m1(m.m0(functional.normalize(x))), (hidden(), linear(16, 2))),
        ("standardized by sample", lambda m, x: m.m1(m.m0((x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True))),
         (hidden(), linear(16, 2))),
        ("L2-normalized hidden layer", lambda m, x: m.m1(functional.normalize(m.m0(x))),
         (linear(30, 16), linear(16, 2))),
        ("logarithms of inputs", lambda m, x: m.m1(m.m0(torch.log1p(x.abs()))), (hidden(), linear(16, 2))),
        ("squared distances", lambda m, x: -((x[:, None] - m.m0.weight) ** 2).sum(2), (linear(30, 2),)),
        ("distances", lambda m, x: -torch.cdist(x, m.m0.weight), (linear(30, 2),)),
        ("largest of groups", lambda m, x: m.m0(x).view(-1, 2, 4).amax(2), (linear(30, 8),)),
        ("float64", lambda m, x: m.m1(torch.relu(m.m0(x.double()))).float(),
         (linear(30, 16).double(), linear(16, 2).double())),
        ("half", lambda m, x: m.m1(torch.relu(m.m0(x))).half().float(), (linear(30, 16), linear(16, 2))),
        ("sine", lambda m, x: m.m1(torch.sin(m.m0(x))), (linear(30, 16), linear(16, 2))),
        ("shrunk", lambda m, x: m.m1(functional.softshrink(m.m0(x))), (linear(30, 16), linear(16, 2))),
        ("minimum and maximum of inputs",
         lambda m, x: m.m1(m.m0((x - x.amin(1, keepdim=True)) / (x.amax(1, keepdim=True) - x.amin(1, keepdim=True)))),
         (hidden(), linear(16, 2))),
        ("gathered", lambda m, x: m.m0(x.gather(1, torch.tensor([[3, 20, 7]]).expand(x.shape[0], -1))), (linear(3, 2),)),
        ("noise off", lambda m, x: m.m1(m.m0(x) + (torch.randn(16) if m.training else 0)), (hidden(), linear(16, 2))),
    ):
        yield f"forward, {name}", "cancer", "class" if name != "temperature" else "probability", (
            lambda function=function, modules=modules: of(function, *fresh(modules)))
    for name, function in {
        "top 3": lambda m, x: torch.topk(torch.softmax(m.m0(x), 1), 3),
        "ensemble": lambda m, x: (torch.softmax(m.m0(x), 1) + torch.softmax(m.m1(x), 1)) / 2,
        "label alone": lambda m, x: m.m0(x).argmax(1),
        "largest probability": lambda m, x: torch.softmax(m.m0(x), 1).max(1),
        "entropy": lambda m, x: (lambda p: (p, -(p * torch.log(p + 1e-9)).sum(1)))(torch.softmax(m.m0(x), 1)),
        "dictionary": lambda m, x: {"scores": m.m0(x), "hidden": m.m0[1](m.m0[0](x))[:, :4]},
    }.items():
        def ending(m, x, function=function):
            return (m.m0(x) + m.m1(x)) if m.training else function(m, x)
        yield f"end, {name}", "flat", "class", lambda ending=ending: of(
            ending, mlp(nn.ReLU, 64, 16, 10)(), linear(64, 10))
    for name, recurrent in {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}.items():
        yield name, "rows", "class", lambda recurrent=recurrent: of(
            lambda m, x: m.m1(m.m0(x)[0][:, -1]), recurrent(8, 8, batch_first=True), linear(8, 10))
    yield "attention of squares", "rows", "class", lambda: of(
        lambda m, x: m.m2(((m.m0(x) @ x.transpose(1, 2)) ** 2 / 64 @ m.m1(x)).mean(1)), linear(8, 8), linear(8, 8),
        linear(8, 10))
    yield "dense over time", "rows", "class", lambda: sequence(linear(8, 4), nn.ReLU(), flatten(), linear(32, 10))
    yield "positions and running sums", "rows", "class", lambda: of(
        lambda m, x: m.m0((x + torch.sin(torch.arange(8.0))[:, None]).cumsum(1).flatten(1)), linear(64, 10))
    yield "attention", "rows", "class", lambda: of(
        lambda m, x: m.m1(m.m0(x, x, x, need_weights=False)[0].mean(1)), nn.MultiheadAttention(8, 2, batch_first=True),
        linear(8, 10))
    yield "attention, written out", "rows", "class", lambda: of(
        lambda m, x: m.m1((torch.softmax(m.m0(x) @ x.transpose(1, 2), -1) @ x).mean(1)), linear(8, 8), linear(8, 10))
    yield "embedding", "levels", "class", lambda: sequence(nn.Embedding(17, 2), flatten(), linear(128, 10))
    yield "embedding, mean", "levels", "class", lambda: of(
        lambda m, x: m.m1(m.m0(x).mean(1)), nn.Embedding(17, 8), linear(8, 10))
    yield "one-hot", "levels", "class", lambda: of(
        lambda m, x: m.m0(torch.flatten(functional.one_hot(x, 17).float(), 1)), linear(64 * 17, 10))


def fresh(modules):
    """Drawn anew, by the seed of now."""
    for module in (inner for outer in modules for inner in outer.modules()):
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return modules


def losses():
    logarithm = lambda p: torch.log(p.clamp_min(1e-6))  # noqa: E731
    mean_square = lambda y, t: functional.mse_loss(y.reshape(t.shape), t)  # noqa: E731
    return {
        "class": lambda y, t: functional.cross_entropy(y, t),
        "probability": lambda y, t: functional.nll_loss(logarithm(y), t),
        "log": lambda y, t: functional.nll_loss(y, t),
        "binary": lambda y, t: functional.binary_cross_entropy(y.reshape(len(t), -1), t.reshape(len(t), -1).float()),
        "quantity": mean_square,
        "both": lambda y, t, z, u: functional.cross_entropy(y, t) + mean_square(z, u) / 100,
        "both probabilities": lambda y, t, z, u: functional.nll_loss(logarithm(y), t) + mean_square(z, u) / 100,
    }


def trained(name, loss, make):
    """The network in evaluation mode, and its samples."""
    torch.manual_seed(SEED)
    inputs, targets = data(name)
    network, loss = make(), losses()[loss]
    if name == "raw cancer":
        network.register_buffer("mean", torch.tensor(inputs[0].mean(0)))
        network.register_buffer("deviation", torch.tensor(inputs[0].std(0)))
    tensors = [[torch.tensor(array[: -TEST or None]) for array in arrays] for arrays in (inputs, targets)]
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    network.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(tensors[0][0])).split(BATCH):
            if len(batch) < BATCH:
                continue
            outputs = network(*(t[batch] for t in tensors[0]))
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            pairs = [v for y, t in zip(outputs, tensors[1]) for v in (y, t[batch])]
            optimizer.zero_grad()
            loss(*pairs).backward()
            optimizer.step()
    return network.eval(), inputs


def exported(network, inputs, exporter):
    example = tuple(torch.tensor(array[: 1 if exporter == "fixed" else 2]) for array in inputs)
    names = {"input_names": [f"x{k}" for k in range(len(inputs))] if len(inputs) > 1 else ["x"]}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if exporter == "script":
            buffer = io.BytesIO()
            axes = {name: {0: "N"} for name in names["input_names"]}
            torch.onnx.export(network, example, buffer, dynamo=False, dynamic_axes=axes, **names)
            return onnx.load_from_string(buffer.getvalue())
        shapes = None if exporter == "fixed" else tuple({0: torch.export.Dim("N")} for _ in inputs)
        if shapes and network.forward.__code__.co_flags & inspect.CO_VARARGS:
            shapes = (shapes,)
        return torch.onnx.export(
            network, example, dynamo=True, dynamic_shapes=shapes, verbose=False, **names).model_proto


def quantized(model, train):
    """What onnxruntime's quantizers make of a network: name, model or the reason."""
    from onnxruntime import quantization as q

    class Reader(q.CalibrationDataReader):
        def __init__(self):
            self.left = iter([{"x": train}])

        def get_next(self):
            return next(self.left, None)

    unsigned, signed = q.QuantType.QUInt8, q.QuantType.QInt8
    types = {"U8U8": (unsigned, unsigned), "U8S8": (unsigned, signed), "S8S8": (signed, signed)}
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/float.onnx", f"{folder}/integers.onnx"
        onnx.save(model, source)

        def static(**options):
            q.quantize_static(source, target, Reader(), **options)

        made = {}
        for form in (q.QuantFormat.QDQ, q.QuantFormat.QOperator):
            for kind, (activation, weight) in types.items():
                for channel in (False, True):
                    made[f"{form.name}, {kind}{', by channel' if channel else ''}"] = (
                        lambda f=form, a=activation, w=weight, c=channel: static(
                            quant_format=f, activation_type=a, weight_type=w, per_channel=c))
        made["QDQ, symmetric"] = lambda: static(
            activation_type=signed, extra_options={"ActivationSymmetric": True, "WeightSymmetric": True})
        made["QDQ, percentile"] = lambda: static(calibrate_method=q.CalibrationMethod.Percentile)
        made["QDQ, entropy"] = lambda: static(calibrate_method=q.CalibrationMethod.Entropy)
        made["QDQ, S16S8"] = lambda: static(activation_type=q.QuantType.QInt16, weight_type=signed)
        made["dynamic, U8"] = lambda: q.quantize_dynamic(source, target, weight_type=unsigned)
        made["dynamic, S8"] = lambda: q.quantize_dynamic(source, target, weight_type=signed)
        for name, make in made.items():
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    make()
                yield name, onnx.load(target)
            except Exception as error:
                yield name, f"{type(error).__name__}: {str(error).splitlines()[0]}"
            if os.path.exists(target):
                os.remove(target)


# Networks that are exported with a fixed batch too, and those that are quantized.
FIXED = (
    "MLP, ReLU", "CNN", "CNN, reshape", "CNN, view by size", "Softmax", "class and quantity", "Conv1d", "two inputs")
QUANTIZED = ("MLP, ReLU, digits", "CNN")


def samples(inputs):
    """Of calibration and of the test: an array where there is one input of reals."""
    train, test = [a[:CALIBRATION] for a in inputs], [a[-TEST:] for a in inputs]
    if len(inputs) == 1 and inputs[0].dtype.kind == "f":
        return train[0], test[0]
    train = Samples(train)
    return train, Samples(test).clipped(train)


def models(only="", done=()):
    """As of zoo_models."""
    if torch is None:
        print("check-zoo: PyTorch isn't installed: networks are left out")
        return
    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)  # which the older exporter doesn't know
    logging.disable(logging.ERROR)
    wanted = lambda name: only in name and name not in done  # noqa: E731
    for name, set_name, loss, make in networks():
        kinds = ["script", "dynamo", *(["fixed"] if name in FIXED else [])]
        kinds = [kind for kind in kinds if wanted(f"{name}, {kind}")]
        integers = name in QUANTIZED and (only in f"quantized {name}" or only.startswith("quantized"))
        if not kinds and not integers:
            continue
        network, inputs = trained(set_name, loss, make)
        train, test = samples(inputs)
        for kind in kinds:
            try:
                model = exported(network, inputs, kind)
            except Exception as error:
                yield f"{name}, {kind}", None, f"{type(error).__name__}: {str(error).splitlines()[0]}", None
                continue
            yield f"{name}, {kind}", model, train, test
        if integers:
            for label, model in quantized(exported(network, inputs, "script"), train):
                if not wanted(f"quantized {name}, {label}"):
                    continue
                if isinstance(model, str):
                    yield f"quantized {name}, {label}", None, model, None
                else:
                    yield f"quantized {name}, {label}", model, train, test
