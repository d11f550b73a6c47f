# SPDX-License-Identifier: Apache-2.0
"""DP-SGD, and its accountant."""

from __future__ import annotations

from typing import Any

from ..finding import Expected, Finding
from ..models import train
from ..registry import Row, register
from .accounting import Ledger
from .measuring import auc, curve, losses_of, measure
from .networks import fixed, joined, polynomial_network, split_mnist, tensors
from .phan import features_of
from .rows import DELTA, PrivateRow
from .training import Schedule, cross_entropies, private_components, products_of, train_privately

COMPONENTS, HIDDEN, BATCH, STEPS = 60, 256, 2500, 250
FEW = 6000


def sigma_within(epsilon: float, components_sigma: float, records: int) -> float:
    """The least noise with which components and steps together stay within epsilon."""

    def spent(sigma: float) -> float:
        ledger = Ledger().gaussian(components_sigma)
        return Schedule(STEPS, BATCH, sigma).charge(ledger, records).epsilon(DELTA)

    low, high = 0.3, 100.0
    while high / low > 1.002:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if spent(middle) <= epsilon else (middle, high)
    return high


def private_network(
    x: Any, y: Any, products: Any, epsilon: float, components_sigma: float, ledger: Ledger, seed: int
) -> tuple[Any, float]:
    """Principal components and a network with one square layer, all private; and its noise over the clip."""
    directions = private_components(products, COMPONENTS, components_sigma, ledger, seed)
    first = fixed(directions)
    network = polynomial_network((COMPONENTS, HIDDEN, 10), seed)
    sigma = sigma_within(epsilon, components_sigma, len(x))
    rows, labels = tensors(x, y)
    # The more noise, the smaller the steps.
    first_rate = min(3.0, 5.6 / sigma)
    schedule = Schedule(STEPS, min(BATCH, len(x)), sigma, rate=lambda step: first_rate * (1 - 0.9 * step / STEPS))
    train_privately(network, cross_entropies, [first(rows), labels], schedule, ledger, seed)
    return joined(first, network), sigma


@register
class DpSgd(PrivateRow):
    """Gradients of records cut to a norm, with noise; noise of the components by the paper's schedule."""

    name = "dp-sgd"
    paper = "Abadi and others, Deep learning with differential privacy, 2016"
    budget = "epsilon 0.5, 2 and 8 at delta 1e-5"
    headline = "95 % at epsilon 2, 97 % at 8, 90 % at 0.5, delta 1e-5; MNIST"
    expected = Expected(0.95)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        members, strangers, outsiders, public = split_mnist()
        products = products_of(members[0])
        points: list[tuple[float, float, float]] = []
        kept: Any = None
        details: dict[str, Any] = {}
        for epsilon, components_sigma in ((0.5, 16.0), (8.0, 4.0), (2.0, 7.0)):
            ledger = Ledger()
            module, sigma = private_network(*members, products, epsilon, components_sigma, ledger, seed)
            accuracy = float((features_of(module, outsiders[0]).argmax(axis=1) == outsiders[1]).mean())
            losses = [losses_of(features_of(module, x[:5000]), y[:5000]) for x, y in (members, strangers)]
            area, _ = auc(-losses[0], -losses[1])
            details[f"epsilon {epsilon:g}"] = {
                "sigma": round(sigma, 2),
                "moments accountant": round(ledger.epsilon(DELTA, moments=True), 3),
                "accuracy in the clear": round(accuracy, 4),
                "membership AUC in the clear": round(area, 4),
            }
            points.append((epsilon, accuracy, area))
            if epsilon == 2.0:
                kept = ledger.epsilon(DELTA), measure(module, public, members, outsiders, strangers)
        plain = polynomial_network((784, HIDDEN, 10), seed)
        few = (members[0][:FEW], members[1][:FEW])
        train(plain, *few, epochs=30, batch=64, decay=0.0, seed=seed)
        open_served = measure(plain, public, few, outsiders, strangers)
        details[f"without privacy, trained on {FEW}"] = open_served.details
        points.sort()
        xs = [point[0] for point in points]
        plot = curve(
            "DP-SGD on MNIST",
            "epsilon (delta 1e-5)",
            "rate",
            [
                ("accuracy", xs, [point[1] for point in points]),
                ("membership AUC", xs, [point[2] for point in points]),
                ("accuracy without privacy", [xs[0], xs[-1]], [open_served.accuracy] * 2),
                ("membership without privacy", [xs[0], xs[-1]], [open_served.membership] * 2),
            ],
            log=True,
        )
        epsilon, served = kept
        return self.found(served, epsilon, DELTA, details, [("epsilon", plot)] if plot else [])


@register
class Accounting(Row):
    """Epsilon of the paper's example, by three conversions. Trains nothing."""

    name = "dp-accounting"
    group = "dp"
    metric = "epsilon of the example"
    paper = "Abadi and others, Deep learning with differential privacy, 2016"
    threat = "none: what a run has spent"
    budget = "q 0.01, sigma 4, 10,000 steps, delta 1e-5"
    headline = "1.26 by the moments accountant"
    expected = Expected(1.26, 0.03)
    quick = True

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        ledger = Ledger().gaussian(4.0, steps=10_000, sampling=0.01)
        details = {"Renyi, converted as in 2020": round(ledger.epsilon(DELTA), 4)}
        try:
            from opacus.accountants import PRVAccountant  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            details["opacus' PRV accountant"] = "not installed"  # type: ignore[assignment]
        else:
            accountant = PRVAccountant()
            accountant.history = [(4.0, 0.01, 10_000)]
            details["opacus' PRV accountant"] = round(float(accountant.get_epsilon(DELTA)), 4)
        return Finding(self.name, self.metric, ledger.epsilon(DELTA, moments=True), details=details)
