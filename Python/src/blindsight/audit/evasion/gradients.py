# SPDX-License-Identifier: Apache-2.0
"""Attacks along the gradient: L-BFGS, FGSM, I-FGSM, momentum, R-FGSM, PGD."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..finding import Finding
from ..models import Data, polynomial_network, serve, train
from ..plots import line
from ..registry import described
from .common import Evasion, gradient, other_classes, right_samples, step_attack, twin_of
from .table import TABLE

BUDGETS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


def sweep(endpoint: Any, data: Data, samples: Any, labels: Any, make: Any) -> tuple[dict[str, float], Any]:
    """Accuracy against the budget, of samples that were right, and its plot."""
    shares = {0.0: 1.0}
    for budget in BUDGETS:
        shares[budget] = float((endpoint.labels(make(budget)) == labels).mean())
    plot = line("accuracy against epsilon", {"": (list(shares), list(shares.values()))}, "epsilon", "accuracy")
    return {f"accuracy at {budget:g}": round(share, 4) for budget, share in shares.items()}, plot


@described("evasion", TABLE, "l-bfgs", audits=True)
class LBFGS(Evasion):
    """min c |r|^2 + loss(x + r, target) with x + r in the box, by L-BFGS-B; the largest c that succeeds."""

    count = 50

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        from scipy.optimize import minimize

        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)
        targets = other_classes(y, data.classes, seed)
        attacked = x.copy()
        for place, (sample, target) in enumerate(zip(x.astype(np.float64), targets)):
            wanted = torch.tensor([int(target)])
            for weight in (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01):

                def cost(point: Any, sample: Any = sample, weight: float = weight, wanted: Any = wanted) -> Any:
                    moved = torch.tensor(point[None], requires_grad=True)
                    far = ((moved - torch.as_tensor(sample)) / data.span).square().sum()
                    loss = weight * far + torch.nn.functional.cross_entropy(twin(moved), wanted)
                    return float(loss), torch.autograd.grad(loss, moved)[0].numpy()[0]

                bounds = [(data.lowest, data.highest)] * len(sample)
                found = minimize(cost, sample, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 50})
                attacked[place] = found.x
                with torch.no_grad():
                    if int(twin(torch.as_tensor(attacked[place : place + 1])).argmax()) == target:
                        break
        reached = endpoint.labels(attacked) == targets
        distortion = np.sqrt((((attacked - x) / data.span) ** 2).mean(axis=1))
        details = {
            "share at the target": float(reached.mean()),
            "mean distortion a value": round(float(distortion.mean()), 4),
        }
        return self.outcome(endpoint, data, x, y, attacked, details)


@described("evasion", TABLE, "fgsm", quick=True, audits=True)
class FGSM(Evasion):
    """One step along the gradient's sign, of samples that were right."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)
        figures, plot = sweep(endpoint, data, x, y, lambda budget: step_attack(twin, data, x, y, budget))
        attacked = step_attack(twin, data, x, y, 0.25)
        return self.outcome(endpoint, data, x, y, attacked, figures, [plot])


@described("evasion", TABLE, "i-fgsm", audits=True)
class Iterated(Evasion):
    """FGSM in steps; also known as BIM."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)
        figures, plot = sweep(endpoint, data, x, y, lambda budget: step_attack(twin, data, x, y, budget, 10))
        once = float((endpoint.labels(step_attack(twin, data, x, y, 0.1)) != y).mean())
        attacked = step_attack(twin, data, x, y, 0.1, 10)
        return self.outcome(endpoint, data, x, y, attacked, {**figures, "success of one step": once}, [plot])


@described("evasion", TABLE, "momentum", audits=True)
class Momentum(Evasion):
    """ART's, and what it does to a network that it was not made on."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        from art.attacks.evasion import MomentumIterativeMethod

        from ..adapters import art_classifier

        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)
        method = MomentumIterativeMethod(
            art_classifier(twin, data),
            eps=0.25 * data.span,
            eps_step=0.025 * data.span,
            decay=1.0,
            max_iter=10,
            verbose=False,
        )
        attacked = method.generate(x, np.eye(data.classes)[y])
        held_out = other_network(data, seed)
        details = {}
        for name, made in (("momentum", attacked), ("I-FGSM", step_attack(twin, data, x, y, 0.25, 10))):
            with torch.no_grad():
                guess = held_out(torch.as_tensor(made)).argmax(dim=1).numpy()
            details[f"success of {name} on another network"] = round(float((guess != y).mean()), 4)
        return self.outcome(endpoint, data, x, y, attacked, details)


def other_network(data: Data, seed: int, width: int = 100, count: int = 10000) -> Any:
    """A ReLU network of another maker, trained on the data as it is: nobody's endpoint."""
    flat = data.train_x[:count].reshape(len(data.train_x[:count]), -1)
    torch.manual_seed(seed + 1)

    class Scaled(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(flat.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, data.classes)
            )

        def forward(self, x: Any) -> Any:
            return self.layers((x.float() - data.lowest) / data.span)

    return train(Scaled(), flat, data.train_y[:count], epochs=5, seed=seed)


def fgsm_loss(budget: float) -> Any:
    """The loss of a step of adversarial training on one-step examples, half and half (Goodfellow et al., 2015)."""

    def loss(module: Any, x: Any, y: Any) -> Any:
        moved = x.detach().clone().requires_grad_(True)
        entropy = torch.nn.functional.cross_entropy
        found = torch.autograd.grad(entropy(module(moved), y), moved)[0]
        attacked = (x + budget * found.sign()).clamp(0, 1)
        return 0.5 * entropy(module(x), y) + 0.5 * entropy(module(attacked), y)

    return loss


@described("evasion", TABLE, "r-fgsm")
class Randomized(Evasion):
    """Against a network that was trained on FGSM's examples, which masks its gradient; the row trains and serves it."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        from ..endpoint import SimulatedEndpoint

        flat = data.train_x.reshape(len(data.train_x), -1)
        network = polynomial_network((flat.shape[1], 64, data.classes), seed)
        train(network, flat, data.train_y, epochs=12, loss=fgsm_loss(0.3), seed=seed)
        hardened = SimulatedEndpoint(serve(network, flat))
        twin = twin_of(hardened, data)
        x, y = right_samples(hardened, data, self.count)
        random = np.random.default_rng(seed)
        start = np.clip(x + 0.15 * data.span * np.sign(random.normal(size=x.shape)), data.lowest, data.highest)
        one = step_attack(twin, data, x, y, 0.3)
        two = step_attack(twin, data, start.astype(np.float32), y, 0.15)
        plain, randomized = (float((hardened.labels(made) != y).mean()) for made in (one, two))
        finding = self.outcome(hardened, data, x, y, two)
        details = {
            "accuracy": hardened.accuracy(data.test_x[:2000], data.test_y[:2000]),
            "success of FGSM": plain,
            "success of R+FGSM": randomized,
            "success of PGD": float((hardened.labels(step_attack(twin, data, x, y, 0.3, 20, size=0.04)) != y).mean()),
        }
        gain = randomized - plain
        return replace(
            finding,
            value=gain,
            interval=None,
            queries=hardened.queries,
            details={**finding.details, **details},
            risk=randomized,
        )


@described("evasion", TABLE, "pgd", audits=True)
class PGD(Evasion):
    """From a random start, in steps of a tenth of the budget."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)

        def make(budget: float) -> Any:
            return step_attack(twin, data, x, y, budget, 40, size=budget / 10, start=budget, seed=seed)

        figures, plot = sweep(endpoint, data, x, y, make)
        return self.outcome(endpoint, data, x, y, make(0.3), figures, [plot])


__all__ = ["FGSM", "LBFGS", "PGD", "Iterated", "Momentum", "Randomized", "fgsm_loss", "gradient", "other_network"]
