# SPDX-License-Identifier: Apache-2.0
"""Data, and small polynomial networks that plans serve: the standard subjects of the audit's table."""

from __future__ import annotations

import functools
import gzip
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np

from .._errors import FileError, InvalidArgument
from .._models import need
from .endpoint import EncryptedEndpoint, SimulatedEndpoint, TrainableEndpoint

Array = Any

# Where the MNIST files and the tables are: nothing of them is part of the project.
DATA_VARIABLE = "BLINDSIGHT_DATA"


@dataclass(frozen=True)
class Data:
    """Samples as the model takes them, and the places of their classes.

    train_x, test_x: [n, *shape], float32, from lowest to highest. train_y, test_y: [n], int64.
    image: (channels, height, width) where samples are images, row by row; None for tables.
    """

    name: str
    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    lowest: float
    highest: float
    classes: int
    image: Optional[tuple[int, int, int]] = None

    @property
    def span(self) -> float:
        """By which budgets are multiplied: papers write pixels from 0 to 1."""
        return self.highest - self.lowest

    def head(self, train: Optional[int] = None, test: Optional[int] = None) -> Data:
        """The first of them."""
        return replace(
            self,
            train_x=self.train_x[:train],
            train_y=self.train_y[:train],
            test_x=self.test_x[:test],
            test_y=self.test_y[:test],
        )


@dataclass(frozen=True)
class Subject:
    """A served model with its data. plan: as `blindsight.compile` made it. module: what it was trained as, if known."""

    data: Data
    plan: Any
    module: Any = None

    def endpoint(self, kind: str = "simulated", only_labels: bool = False) -> Any:
        """kind: "simulated" or "encrypted"."""
        if kind not in ("simulated", "encrypted"):
            raise InvalidArgument(f"no kind of endpoint: {kind}", "kind")
        return (EncryptedEndpoint if kind == "encrypted" else SimulatedEndpoint)(self.plan, only_labels)


def data_folder() -> Path:
    """The folder that BLINDSIGHT_DATA names, with mnist/ and tabular/ in it."""
    place = os.environ.get(DATA_VARIABLE)
    if not place:
        raise FileError(f"no data: name the folder that has mnist/ in {DATA_VARIABLE}", DATA_VARIABLE)
    return Path(place)


def _idx(path: Path, offset: int) -> Array:
    if not path.exists():
        raise FileError("no such file of MNIST", str(path))
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=offset)


@functools.lru_cache(maxsize=1)
def mnist() -> Data:
    """MNIST, [n, 1, 28, 28], pixels from 0 to 255: 60,000 and 10,000 images."""
    folder = data_folder() / "mnist"

    def part(name: str) -> tuple[Array, Array]:
        images = _idx(folder / f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).astype(np.float32)
        return images, _idx(folder / f"{name}-labels-idx1-ubyte.gz", 8).astype(np.int64)

    return Data("MNIST", *part("train"), *part("t10k"), 0.0, 255.0, 10, (1, 28, 28))


@functools.lru_cache(maxsize=1)
def flat_mnist() -> Data:
    """MNIST, [n, 784], from 0 to 1: what dense networks take."""
    whole = mnist()
    train, test = (x.reshape(-1, 784) / np.float32(255) for x in (whole.train_x, whole.test_x))
    return replace(whole, train_x=train, test_x=test, highest=1.0)


@functools.lru_cache(maxsize=1)
def digits() -> Data:
    """scikit-learn's digits, [n, 64], from 0 to 1: 1,297 and 500 images of 8 x 8. They need no download."""
    datasets = need("sklearn.datasets", "the digits", "scikit-learn")
    x, y = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order].astype(np.int64)
    return Data("digits", x[500:], y[500:], x[:500], y[:500], 0.0, 1.0, 10, (1, 8, 8))


def polynomial_network(sizes: tuple[int, ...], seed: int = 0) -> Any:
    """Dense layers with squares between them, which plans serve as they are: CryptoNets' activation.

    sizes: features, widths of hidden layers, classes. A square's inputs are scaled down, so that gradients stay finite.
    """
    torch = need("torch", "training")

    class Square(torch.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            return x * x

    torch.manual_seed(seed)
    layers: list[Any] = []
    for place, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers.append(torch.nn.Linear(inputs, outputs))
        if place + 2 < len(sizes):
            layers.append(Square())
    return torch.nn.Sequential(*layers)


def train(
    module: Any,
    samples: Array,
    labels: Array,
    *,
    epochs: int = 10,
    rate: float = 2e-3,
    batch: int = 64,
    seed: int = 0,
    decay: float = 1e-4,
    loss: Optional[Callable[..., Any]] = None,
) -> Any:
    """Trains by Adam with a rate that falls to zero; gradients are cut at norm 1, since squares have no bound.

    loss(module, x, y): instead of cross entropy.
    """
    torch = need("torch", "training")
    x = torch.as_tensor(np.asarray(samples, np.float32))
    y = torch.as_tensor(np.asarray(labels, np.int64))
    loss = loss or (lambda module, x, y: torch.nn.functional.cross_entropy(module(x), y))
    optimizer = torch.optim.AdamW(module.parameters(), rate, weight_decay=decay)
    steps = epochs * -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: max(0.0, 1 - step / steps))
    generator = torch.Generator().manual_seed(seed)
    module.train()
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for start in range(0, len(x), batch):
            part = order[start : start + batch]
            optimizer.zero_grad()
            loss(module, x[part], y[part]).backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return module.eval()


def serve(module: Any, samples: Array, labels: Array = None, **options: Any) -> Any:
    """The plan of a module: ONNX, calibrated on up to 300 samples, method "slots", 8 bits for weights and inputs."""
    from .. import compile

    samples = np.asarray(samples, np.float32)[:300]
    labels = None if labels is None else np.asarray(labels)[:300]
    options = {"method": "slots", "function_privacy": 0, "bits": 8, "progress": False, **options}
    return compile(module, samples, labels, **options)


def trainable(data: Data, hidden: tuple[int, ...] = (32,), **options: Any) -> TrainableEndpoint:
    """Trains dense polynomial networks for some data; options are those of `train`."""
    sizes = (int(np.prod(data.train_x.shape[1:])), *hidden, data.classes)

    def fit(samples: Array, labels: Array, seed: int = 0) -> Any:
        flat = np.asarray(samples).reshape(len(samples), -1)
        return train(polynomial_network(sizes, seed), flat, labels, seed=seed, **options)

    return TrainableEndpoint(fit, lambda module, x, y: serve(module, np.asarray(x).reshape(len(x), -1)))


def _mnist_plan() -> Any:
    from .. import compile

    place = os.environ.get("BLINDSIGHT_MODELS")
    found = Path(place) if place else Path(__file__).resolve().parents[4] / "Models"
    return compile(found / "mnist.onnx", method="slots", function_privacy=0, progress=False)


def _trained(data: Data, hidden: tuple[int, ...], epochs: int) -> Subject:
    maker = trainable(data, hidden, epochs=epochs)
    module, endpoint = maker.fit(data.train_x, data.train_y)
    return Subject(data, endpoint.plan, module)


@functools.cache
def subject(name: str) -> Subject:
    """A standard subject: made once a process.

    "mnist": Models/mnist.onnx of the project, 99.36 % right, with MNIST; its inputs have three levels. "mnist-small": a
    dense network with one square layer of 64, trained on 20,000 images, with inputs of 127 levels. "digits": one with
    scikit-learn's digits, in seconds and without a download.
    """
    if name == "mnist":
        return Subject(mnist(), _mnist_plan())
    if name == "mnist-small":
        return _trained(flat_mnist().head(20000), (64,), 10)
    if name == "digits":
        return _trained(digits(), (24,), 40)
    raise InvalidArgument(f"no subject is called {name}: mnist, mnist-small, digits", "subject")


def subject_data(name: str) -> Data:
    """The data of a subject, without its model."""
    if name == "mnist-small":
        return flat_mnist().head(20000)
    if name in ("mnist", "digits"):
        return mnist() if name == "mnist" else digits()
    raise InvalidArgument(f"no subject is called {name}: mnist, mnist-small, digits", "subject")
