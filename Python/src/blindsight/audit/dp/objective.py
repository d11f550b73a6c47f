# SPDX-License-Identifier: Apache-2.0
"""Logistic regression whose objective has a random linear term: (epsilon, 0)-private, for one record replaced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._errors import DataError, InvalidArgument
from ..._models import need
from ..finding import Expected, Finding
from ..registry import register
from .measuring import curve, measure
from .networks import fixed
from .rows import PrivateRow
from .tables import adult

CURVATURE = 0.25  # The most of the logistic loss's second derivative.


def _checked(x: Any, y: Any, epsilon: float, decay: float) -> tuple[Any, Any]:
    x, signs = np.asarray(x, np.float64), 2.0 * np.asarray(y) - 1
    if np.linalg.norm(x, axis=1).max() > 1 + 1e-6:
        raise DataError("rows of a norm of at most 1 are needed", "x")
    if not set(np.unique(signs)) <= {-1.0, 1.0}:
        raise DataError("labels are 0 and 1", "y")
    if not epsilon > 0 or not decay > 0:
        raise InvalidArgument("a positive epsilon and decay are needed", "epsilon")
    return x, signs


def _minimum(x: Any, signs: Any, decay: float, tilt: Any) -> Any:
    """Of the mean of log(1 + exp(-signs x w)) + decay |w|^2 / 2 + tilt w, up to a gradient of 1e-7."""
    optimize = need("scipy.optimize", "logistic regression", "scipy")

    def value(w: Any) -> tuple[float, Any]:
        margins = signs * (x @ w)
        slopes = -signs / (1 + np.exp(np.clip(margins, -500, 500)))
        loss = np.logaddexp(0, -margins).mean() + decay * (w @ w) / 2 + tilt @ w
        return loss, x.T @ slopes / len(x) + decay * w + tilt

    found = optimize.minimize(
        value, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 3000, "ftol": 0, "gtol": 1e-7}
    )
    if np.abs(value(found.x)[1]).max() > 1e-5:
        raise AssertionError(f"the minimum was not reached: {found.message}")
    return found.x


def _noise(width: int, scale: float, generator: Any) -> Any:
    """Density in proportion to exp(-|b| / scale)."""
    direction = generator.normal(size=width)
    return direction / np.linalg.norm(direction) * generator.gamma(width, scale)


def objective_perturbation(x: Any, y: Any, epsilon: float, decay: float, seed: int = 0) -> Any:
    """[features]: weights, by algorithm 2 of Chaudhuri, Monteleoni and Sarwate, 2011. It is private if the minimum is
    exact; here its gradient is below 1e-5."""
    x, signs = _checked(x, y, epsilon, decay)
    count = len(x)
    ratio = CURVATURE / (count * decay)
    left = epsilon - math.log1p(2 * ratio + ratio**2)
    more = 0.0
    if left <= 0:
        more = CURVATURE / (count * (math.exp(epsilon / 4) - 1)) - decay
        left = epsilon / 2
    b = _noise(x.shape[1], 2 / left, np.random.default_rng(seed))
    return _minimum(x, signs, decay + more, b / count)


def output_perturbation(x: Any, y: Any, epsilon: float, decay: float, seed: int = 0) -> Any:
    """[features]: weights with noise added at the end, by algorithm 1 of the same paper."""
    x, signs = _checked(x, y, epsilon, decay)
    w = _minimum(x, signs, decay, np.zeros(x.shape[1]))
    return w + _noise(x.shape[1], 2 / (len(x) * decay * epsilon), np.random.default_rng(seed))


def plain_regression(x: Any, y: Any, decay: float) -> Any:
    """[features]: the same without privacy."""
    x, signs = _checked(x, y, 1.0, decay)
    return _minimum(x, signs, decay, np.zeros(x.shape[1]))


@register
class ObjectivePerturbation(PrivateRow):
    """On Adult, beside noise on the weights."""

    name = "objective-perturbation"
    paper = "Chaudhuri, Monteleoni and Sarwate, Differentially private empirical risk minimization, 2011"
    budget = "epsilon 0.2, delta 0; 0.05 to 1 in the plot"
    headline = "objective better than output perturbation; Adult"
    expected = Expected(0.82)
    decay = 1e-3

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        table = adult()
        repeats = range(seed, seed + 5)

        def accuracy(w: Any) -> float:
            return float(((table.test_x @ w > 0) == table.test_y).mean())

        def mean(method: Any, epsilon: float) -> float:
            return float(
                np.mean([accuracy(method(table.train_x, table.train_y, epsilon, self.decay, s)) for s in repeats])
            )

        epsilons = [0.05, 0.1, 0.2, 0.5, 1.0]
        objective = [mean(objective_perturbation, epsilon) for epsilon in epsilons]
        output = [mean(output_perturbation, epsilon) for epsilon in epsilons]
        plain = plain_regression(table.train_x, table.train_y, self.decay)
        served = {}
        for name, w in (
            ("private", objective_perturbation(table.train_x, table.train_y, 0.2, self.decay, seed)),
            ("plain", plain),
        ):
            module = fixed(np.stack([-w / 2, w / 2], axis=1))
            served[name] = measure(
                module,
                (table.test_x[-300:], table.test_y[-300:]),
                (table.train_x, table.train_y),
                (table.test_x[:-300], table.test_y[:-300]),
            )
        if objective[2] < output[2]:
            raise AssertionError(f"output perturbation was better: {output[2]:.4f}, {objective[2]:.4f}")
        plot = curve(
            "Logistic regression on Adult",
            "epsilon (delta 0)",
            "accuracy, mean of 5",
            [("objective perturbation", epsilons, objective), ("output perturbation", epsilons, output)],
            log=True,
        )
        details = {
            "epsilons": epsilons,
            "objective perturbation": [round(a, 4) for a in objective],
            "output perturbation": [round(a, 4) for a in output],
            "without privacy": served["plain"].details,
            "adjacency": "one record replaced",
        }
        return self.found(
            served["private"],
            0.2,
            0.0,
            details,
            [("epsilon", plot)] if plot else [],
            remedy="more records, or a larger epsilon",
        )
