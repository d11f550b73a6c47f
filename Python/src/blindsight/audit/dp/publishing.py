# SPDX-License-Identifier: Apache-2.0
"""Model publishing under zCDP: batches by shuffling, and a budget that is spent unevenly over the run."""

from __future__ import annotations

import math
from typing import Any, Callable

from ..finding import Expected, Finding
from ..registry import register
from .accounting import Ledger, concentrated_epsilon
from .measuring import curve, measure
from .networks import fixed, joined, polynomial_network, split_mnist, tensors
from .phan import features_of
from .rows import DELTA, PrivateRow
from .training import Schedule, cross_entropies, private_components, products_of, train_privately

RHO, COMPONENTS, COMPONENTS_SIGMA, HIDDEN, BATCH, EPOCHS, RATE = 0.78, 60, 7.0, 192, 2500, 8, 1.0

DECAYS: dict[str, Callable[[float], float]] = {
    "even": lambda part: 1.0,
    "exponential": lambda part: math.exp(-1.0 * part),
    "step": lambda part: 0.7 ** math.floor(3 * part),
    "polynomial": lambda part: 0.35 + 0.65 * (1 - part) ** 2,
}
"""Noise by the share of the run that is over, up to a factor."""


def schedule_within(rho: float, decay: Callable[[float], float], records: int) -> Schedule:
    """Epochs over shuffled batches whose noise falls by `decay`, which spend rho in all: each epoch costs
    1 / (2 sigma^2), as a record is in one of its batches (Yu and others, 2019)."""
    each = -(-records // BATCH)
    steps = each * EPOCHS
    shape = [decay(epoch / EPOCHS) for epoch in range(EPOCHS)]
    factor = math.sqrt(sum(1 / (2 * part**2) for part in shape) / rho)
    return Schedule(
        steps,
        BATCH,
        lambda step: factor * shape[step // each],
        rate=RATE,
        shuffles=True,
    )


def published(x: Any, y: Any, products: Any, decay: Callable[[float], float], ledger: Ledger, seed: int) -> Any:
    """Principal components and a network with one square layer, within RHO in all."""
    directions = private_components(products, COMPONENTS, COMPONENTS_SIGMA, ledger, seed)
    first = fixed(directions)
    network = polynomial_network((COMPONENTS, HIDDEN, 10), seed)
    rows, labels = tensors(x, y)
    schedule = schedule_within(RHO - ledger.rho, decay, len(x))
    train_privately(network, cross_entropies, [first(rows), labels], schedule, ledger, seed)
    return joined(first, network)


@register
class Publishing(PrivateRow):
    """Four schedules of one budget."""

    name = "dp-publishing"
    paper = "Yu and others, Differentially private model publishing for deep learning, 2019"
    budget = "rho 0.78 (epsilon 6.77 at delta 1e-5); a record is taken away and none put in its place"
    headline = "a decaying budget is better than an even one; MNIST"
    expected = Expected(0.93)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        members, strangers, outsiders, public = split_mnist()
        products = products_of(members[0])
        served: Any = None
        accuracies: dict[str, float] = {}
        for name, decay in DECAYS.items():
            ledger = Ledger()
            module = published(*members, products, decay, ledger, seed)
            if abs(ledger.rho - RHO) > 1e-9:
                raise AssertionError(f"rho of {ledger.rho} was spent of {RHO}")
            if name == "exponential":
                served = measure(module, public, members, outsiders, strangers)
            accuracies[name] = float((features_of(module, outsiders[0]).argmax(axis=1) == outsiders[1]).mean())
        best = max((name for name in DECAYS if name != "even"), key=lambda name: accuracies[name])
        epochs, each = list(range(EPOCHS)), -(-len(members[0]) // BATCH)
        plot = curve(
            "Noise of the schedules",
            "epoch",
            "sigma",
            [
                (name, epochs, [schedule_within(RHO, decay, len(members[0])).sigma_at(each * e) for e in epochs])
                for name, decay in DECAYS.items()
            ],
        )
        details = {
            "rho": RHO,
            "epsilon by a tighter conversion": round(Ledger().concentrated(RHO).epsilon(DELTA), 3),
            **{f"accuracy in the clear, {name}": round(accuracy, 4) for name, accuracy in accuracies.items()},
            "best decay": best,
            "decay over even": round(accuracies[best] - accuracies["even"], 4),
        }
        return self.found(
            served,
            concentrated_epsilon(RHO, DELTA),
            DELTA,
            details,
            [("schedules", plot)] if plot else [],
        )
