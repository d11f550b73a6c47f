# SPDX-License-Identifier: Apache-2.0
"""Equation solving: a linear model's integers are linear equations in its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..finding import Expected, Finding, wilson
from ..models import digits, serve, train
from ..registry import Row, register
from .copies import OUTPUTS, answers


def solve(endpoint: Any, x: Any, output: str = "scores") -> Any:
    """Weights and bias, [features + 1, classes], by least squares from the answers to x."""
    queries = np.asarray(x, np.float64).reshape(len(x), -1)
    equations = np.hstack([queries, np.ones((len(queries), 1))])
    scores = endpoint.labels(x) if output == "labels" else answers(endpoint.scores(x), output)
    if output == "labels":
        scores = np.eye(endpoint.classes)[scores]
    return np.linalg.lstsq(equations, scores, rcond=None)[0]


def ends(samples: Any) -> Any:
    """One query a parameter of a class: all features 0, then each alone at its largest value."""
    largest = np.asarray(samples).max(axis=0)
    return np.vstack([np.zeros_like(largest)[None], np.diag(np.where(largest > 0, largest, 1))]).astype(np.float32)


@register
class EquationSolving(Row):
    name = "equation-solving"
    group = "privacy"
    paper = "Tramer et al., Stealing machine learning models via prediction APIs, 2016"
    threat = "asks the endpoint of a softmax regression, sees its integers, knows the client's plan"
    budget = "65 queries: one a feature, and one more"
    headline = "over 99.9 %, softmax regression of 650 parameters, digits 8x8"
    metric = "agreement of the solved model"
    expected = Expected(1.0, 0.01)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        import torch

        data = digits()
        torch.manual_seed(seed)
        module = train(torch.nn.Linear(64, 10), data.train_x[:600], data.train_y[:600], epochs=60, rate=1e-2, seed=seed)
        target = self._endpoint(serve(module, data.train_x[:600]))
        truth = target.labels(data.test_x)
        target.queries = 0
        test = np.hstack([data.test_x, np.ones((len(data.test_x), 1))])

        def agreement(solved: Any) -> float:
            return float(((test @ solved).argmax(axis=1) == truth).mean())

        pool = ends(data.train_x)
        value = agreement(solve(target, pool))
        spent = target.queries
        # The same, with less told: the attacker asks its own samples then.
        own = data.train_x[600:]
        less = {
            output: {
                str(count): round(agreement(solve(target, own[:count], output)), 4) for count in (65, 130, 260, 650)
            }
            for output in OUTPUTS
        }
        return Finding(
            self.name,
            self.metric,
            value,
            wilson(round(value * len(truth)), len(truth)),
            queries=spent,
            details={"least squares on the attacker's own samples, by output and queries": less},
            risk=1.0 if value > 0.95 else 0.5,
            remedy="Few queries rebuild a linear model whatever hides its inputs: limit queries for each client, and "
            "take what a linear model knows as told. Function privacy hides weights beyond the answers, not these.",
        )

    @staticmethod
    def _endpoint(plan: Any) -> Any:
        from ..endpoint import SimulatedEndpoint

        return SimulatedEndpoint(plan)
