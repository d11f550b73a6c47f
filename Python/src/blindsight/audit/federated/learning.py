# SPDX-License-Identifier: Apache-2.0
"""Collaborative learning with encrypted sums: the same model, to the integer, and what noise of the clients costs."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from ..endpoint import SimulatedEndpoint
from ..finding import Expected, Finding, wilson
from ..models import flat_mnist, polynomial_network, serve
from ..registry import Row, register
from .aggregation import Federation, FixedPoint, flatten, load, local_update
from .noise import discrete_gaussian, epsilon

Array = Any


def learn(
    module: Any,
    parts: list[tuple[Array, Array]],
    rounds: int,
    seed: int,
    *,
    combine: Callable[[list[Array]], Array],
    rate: float = 0.05,
    epochs: int = 1,
    cohort: Optional[int] = None,
) -> Array:
    """Federated averaging (McMahan et al., 2017): the weights after some rounds.

    combine(updates): their mean, by whatever way. cohort: clients drawn for each round; None: all.
    """
    weights = flatten(module.parameters())
    random = np.random.default_rng(seed)
    for number in range(rounds):
        chosen = range(len(parts)) if cohort is None else random.permutation(len(parts))[:cohort]
        updates = [
            local_update(module, weights, *parts[i], rate=rate, epochs=epochs, seed=seed + 1000 * number + int(i))
            for i in chosen
        ]
        weights = weights + combine(updates)
    return weights


def split(x: Array, y: Array, clients: int, seed: int) -> list[tuple[Array, Array]]:
    """The same number of samples for each client, drawn at random."""
    order = np.random.default_rng(seed).permutation(len(x))
    return [(x[part], y[part]) for part in np.array_split(order, clients)]


@register
class PaillierAggregation(Row):
    name = "paillier-aggregation"
    group = "federated"
    paper = "Phong et al., Privacy-preserving deep learning via additively homomorphic encryption, 2018"
    threat = "the server follows the protocol and reads all it gets; it doesn't work with who holds the key"
    budget = "five clients of 2,000 images, six rounds, a network of 109,386 parameters"
    headline = "none: the accuracy of plain training (97 %), MNIST, network of 109,386 parameters"
    metric = "test accuracy that aggregation under encryption costs"
    expected = Expected(0.0, 0.0)
    clients, rounds = 5, 6

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        whole = flat_mnist().head(10000)
        parts = split(whole.train_x, whole.train_y, self.clients, seed)

        def model() -> Any:
            return polynomial_network((784, 128, 64, 10), seed)

        count = len(flatten(model().parameters()))
        fixed = FixedPoint(0.5)
        encrypted = Federation(count, self.clients, fixed.largest)
        plain = Federation(count, self.clients, fixed.largest, None)
        differing = 0

        def both(updates: list[Array]) -> Array:
            nonlocal differing
            integers = [fixed.integers(update) for update in updates]
            sums = encrypted.sum(integers)
            differing += int((sums != plain.sum(integers)).sum())
            return fixed.reals(sums) / len(updates)

        module = load(model(), learn(model(), parts, self.rounds, seed, combine=both))
        unrounded = load(model(), learn(model(), parts, self.rounds, seed, combine=lambda u: np.mean(u, axis=0)))
        test = whole.test_x, whole.test_y
        # Few bits: with two squares in a row sums of more don't fit the words of a plan.
        served = SimulatedEndpoint(serve(module, whole.train_x, bits=(4, 4)))
        right = served.accuracy(*test)
        # What plain sums would give: the same weights where no integer differs.
        if differing:
            weights = learn(
                model(),
                parts,
                self.rounds,
                seed,
                combine=lambda u: fixed.reals(plain.sum(map(fixed.integers, u))) / len(u),
            )
            right_plain = SimulatedEndpoint(serve(load(model(), weights), whole.train_x, bits=(4, 4))).accuracy(*test)
        else:
            right_plain = right
        return Finding(
            self.name,
            self.metric,
            right_plain - right,
            None,
            queries=served.queries,
            details={
                "integers that differ from the plain sums, of all rounds": differing,
                "integers compared": count * self.rounds,
                "accuracy of the served polynomial network": round(right, 4),
                "accuracy before it was made integers": round(_accuracy(module, *test), 4),
                "accuracy of averaging without fixed point": round(_accuracy(unrounded, *test), 4),
                "sums": encrypted.report(),
            },
            risk=0.0,
            remedy="The server learns no client's update; who holds the key learns sums, and the shared model tells "
            "what it tells (gan-attack).",
        )


def _accuracy(module: Any, x: Array, y: Array) -> float:
    import torch

    with torch.no_grad():
        return float((module(torch.as_tensor(x)).argmax(dim=1).numpy() == y).mean())


@register
class FederatedNoise(Row):
    name = "federated-dp"
    group = "federated"
    paper = "Kairouz et al., The distributed discrete Gaussian mechanism for federated learning, 2021"
    threat = "who holds the key sees sums with noise of all clients in them, and the shared model"
    budget = "500 clients of 20 images, 12 rounds with all of them; epsilon 8 a client at delta 1e-5"
    headline = "within some points of central noise, EMNIST"
    metric = "accuracy of the served model at epsilon 8 a client"
    expected = Expected(0.85, 0.05, comparable=False)
    clients, rounds, epsilon, delta = 500, 12, 8.0, 1e-5

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        import torch

        whole = flat_mnist().head(10000)
        parts = split(whole.train_x, whole.train_y, self.clients, seed)
        random = np.random.default_rng(seed)
        bound, step = 1.0, 1 / 4096

        def model() -> Any:
            torch.manual_seed(seed)
            return torch.nn.Linear(784, 10)

        count = 7850
        # Rounding moves an update by at most half a step in each place, which its norm counts.
        sensitivity = (bound + step / 2 * np.sqrt(count)) / step
        sigma = _deviation(sensitivity, self.clients, count, self.rounds, self.epsilon, self.delta)
        # A client's integer: its part of an update and its noise, cut where no noise lies.
        largest = int(bound / step + 12 * sigma) + 1
        checked = {"vectors": 0, "differing": 0}
        encrypted = Federation(count, self.clients, largest)

        def noisy(updates: list[Array]) -> Array:
            integers = []
            for update in updates:
                cut = update * min(1.0, bound / (float(np.linalg.norm(update)) + 1e-12))
                vector = np.rint(cut / step).astype(np.int64) + discrete_gaussian(sigma, count, random)
                integers.append(np.clip(vector, -largest, largest))
            total = np.sum(integers, axis=0)
            if not checked["vectors"]:
                # The first round under encryption, all clients: the same integers.
                checked["vectors"] = len(integers)
                checked["differing"] = int((encrypted.sum(integers) != total).sum())
            return total * step / len(updates)

        weights = learn(model(), parts, self.rounds, seed, combine=noisy, rate=0.3, epochs=3)
        module = load(model(), weights)
        served = SimulatedEndpoint(serve(module, whole.train_x))
        right = served.accuracy(whole.test_x, whole.test_y)
        clear = learn(model(), parts, self.rounds, seed, combine=lambda u: np.mean(u, axis=0), rate=0.3, epochs=3)
        total = len(whole.test_y)
        return Finding(
            self.name,
            self.metric,
            right,
            wilson(round(right * total), total),
            queries=served.queries,
            details={
                "epsilon": round(epsilon(sensitivity, sigma, self.clients, count, self.rounds, self.delta), 3),
                "delta": self.delta,
                "accuracy without noise": round(_accuracy(load(model(), clear), whole.test_x, whole.test_y), 4),
                "deviation of a client's noise, in steps": round(sigma, 3),
                "vectors that were encrypted, integers that differed": [checked["vectors"], checked["differing"]],
                "sums": encrypted.report(),
            },
            risk=0.2,
            remedy="Noise of each client before encryption: nobody sees a sum without it. Its price falls with the "
            "number of clients; with few, whole-client guarantees cost most of the accuracy.",
        )


def _deviation(sensitivity: float, clients: int, count: int, rounds: int, wanted: float, delta: float) -> float:
    """The least deviation of each client's noise for that epsilon, by bisection."""
    low, high = 0.5, 1e9
    while high / low > 1.0005:
        middle = float(np.sqrt(low * high))
        if epsilon(sensitivity, middle, clients, count, rounds, delta) > wanted:
            low = middle
        else:
            high = middle
    return high
