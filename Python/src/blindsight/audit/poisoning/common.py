# SPDX-License-Identifier: Apache-2.0
"""What rows that poison training sets share: small tasks, layers taken apart, and networks that are served."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import numpy as np
import torch

from ..endpoint import SimulatedEndpoint
from ..models import Data, polynomial_network, serve, train
from ..registry import Row

REMEDY = (
    "Know where training data comes from; keep a clean set apart and compare; look for clusters in activations, and "
    "take out what stands out (rows activation-clustering, spectral-signatures, sanitization) before the plan is made."
)


class Poisoning(Row):
    """An attack on a training set. It trains what it needs, and every network that is measured is served by a plan."""

    subject = "mnist-small"
    trains = True

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        return None


def pair(data: Data, first: int, second: int, train_count: int, test_count: int = 1000) -> Data:
    """Two classes alone, as 0 and 1; samples are flat and from 0 to 1."""

    def part(x: Any, y: Any, count: int) -> tuple[Any, Any]:
        keep = np.flatnonzero((y == first) | (y == second))[:count]
        flat = (x[keep].reshape(len(keep), -1) - data.lowest) / data.span
        return flat.astype(np.float32), (y[keep] == second).astype(np.int64)

    train_x, train_y = part(data.train_x, data.train_y, train_count)
    test_x, test_y = part(data.test_x, data.test_y, test_count)
    return replace(
        data,
        train_x=train_x,
        train_y=train_y,
        test_x=test_x,
        test_y=test_y,
        lowest=0.0,
        highest=1.0,
        classes=2,
    )


def flat(data: Data, train_count: int, test_count: int = 2000) -> Data:
    """Flat samples from 0 to 1, the first of them."""
    data = data.head(train_count, test_count)
    parts = [
        ((x.reshape(len(x), -1) - data.lowest) / data.span).astype(np.float32) for x in (data.train_x, data.test_x)
    ]
    return replace(data, train_x=parts[0], test_x=parts[1], lowest=0.0, highest=1.0)


class Maker:
    """Trains and serves dense polynomial networks, and counts the queries of all of them."""

    def __init__(self, data: Data, hidden: tuple[int, ...] = (32,), epochs: int = 10, batch: int = 64) -> None:
        self.sizes = (data.train_x.shape[1], *hidden, data.classes)
        self.epochs, self.batch = epochs, batch
        self.endpoints: list[SimulatedEndpoint] = []

    def module(self, x: Any, y: Any, seed: int = 0) -> Any:
        network = polynomial_network(self.sizes, seed)
        return train(network, x, y, epochs=self.epochs, batch=self.batch, seed=seed)

    def served(self, module: Any, x: Any) -> SimulatedEndpoint:
        # Weights of two square layers have fewer bits, or sums exceed the planner's words.
        bits = 8 if len(self.sizes) == 3 else 4
        self.endpoints.append(SimulatedEndpoint(serve(module, x, bits=bits)))
        return self.endpoints[-1]

    def fit(self, x: Any, y: Any, seed: int = 0) -> tuple[Any, SimulatedEndpoint]:
        module = self.module(x, y, seed)
        return module, self.served(module, x)

    @property
    def queries(self) -> int:
        return sum(endpoint.queries for endpoint in self.endpoints)


def features(module: Any, x: Any) -> Any:
    """What the last layer reads, [n, width], float32 of numpy."""
    with torch.no_grad():
        return module[:-1](torch.as_tensor(np.asarray(x, np.float32))).numpy()


def before_squares(module: Any, x: Any) -> Any:
    """What all squares read, each layer by its own deviation: [n, widths]. Squares themselves hide a sign."""
    found = []
    with torch.no_grad():
        values = torch.as_tensor(np.asarray(x, np.float32))
        for layer in module[:-1]:
            values = layer(values)
            if isinstance(layer, torch.nn.Linear):
                found.append((values / values.std()).numpy())
    return np.concatenate(found, axis=1)


def last_layer(inputs: Any, labels: Any, classes: int, decay: float = 1e-3, steps: int = 60) -> Any:
    """A softmax of fixed features, trained by L-BFGS until it is done: the problem is convex."""
    inputs = torch.as_tensor(np.asarray(inputs, np.float32))
    labels = torch.as_tensor(np.asarray(labels))
    layer = torch.nn.Linear(inputs.shape[1], classes)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(layer(inputs), labels) + decay * layer.weight.square().sum() / 2
        loss.backward()
        return loss

    optimizer.step(closure)
    return layer.eval()


def with_layer(module: Any, layer: Any) -> Any:
    """The kept layers with another last one."""
    return torch.nn.Sequential(*module[:-1], layer).eval()


def stamped(x: Any, value: float = 1.0) -> Any:
    """A stamp of four pixels near the last corner of flat, square images."""
    side = round(np.shape(x)[1] ** 0.5)
    images = np.array(x, np.float32).reshape(-1, side, side)
    end = side - max(1, side // 14) + (1 if side < 14 else 0)
    images[:, end - 2 : end, end - 2 : end] = value
    return images.reshape(len(images), -1)


def success(endpoint: SimulatedEndpoint, x: Any, y: Any, target: int) -> tuple[int, int]:
    """How many samples of other classes are taken for the target, and of how many."""
    keep = np.asarray(y) != target
    return int((endpoint.labels(np.asarray(x)[keep]) == target).sum()), int(keep.sum())
