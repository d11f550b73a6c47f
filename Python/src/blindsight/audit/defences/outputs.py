# SPDX-License-Identifier: Apache-2.0
"""What it is worth to tell less: rounded scores, or labels alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..endpoint import SimulatedEndpoint
from ..extraction.copies import OUTPUTS, answers
from ..extraction.knockoff import agreements
from ..finding import Expected, Finding
from ..models import flat_mnist, polynomial_network, serve, train
from ..registry import Row, register

Array = Any


def gap(told: Array, labels: Array, classes: int) -> Array:
    """[n]: how far the true class leads in what is told: what a threshold tells members by."""
    rows = np.arange(len(told))
    others = told.copy()
    others[rows, labels] = -np.inf
    return told[rows, labels] - others.max(axis=1)


@register
class OutputRounding(Row):
    name = "output-rounding"
    group = "defence"
    paper = "ours; attacks of Tramer et al., 2016, Orekondy et al., 2019, and Yeom et al., 2018"
    threat = "asks the endpoint, and gets less than the integers"
    budget = "500 queries for copies, 1,000 for membership"
    headline = "rounding to 2 or 3 digits leaves over 99 % at more queries, Tramer"
    metric = "agreement that a copy loses by labels in place of scores"
    expected = Expected(0.05, 0.05, comparable=False)
    subject = "mnist-small"

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        from sklearn.metrics import roc_auc_score

        half = len(data.test_x) // 2
        curves = agreements(endpoint, data, data.test_x[half:], data.test_x[:half], (250, 500, 1000), seed)
        at = {output: curve[500] for output, curve in curves.items()}
        # Members of a small training set, by a threshold on what is told.
        whole = flat_mnist()
        drawn = np.random.default_rng(seed).permutation(len(whole.train_x))[:1000]
        x, y = whole.train_x[drawn], whole.train_y[drawn]
        module = train(polynomial_network((784, 32, 10), seed), x[:500], y[:500], epochs=30, seed=seed)
        target = SimulatedEndpoint(serve(module, x[:500]))
        scores, truth = target.scores(x), np.repeat([1, 0], 500)
        areas = {o: round(float(roc_auc_score(truth, gap(answers(scores, o), y, 10))), 4) for o in OUTPUTS}
        value = at["scores"] - at["labels"]
        spread = 1.96 * float(np.sqrt(sum(v * (1 - v) for v in (at["scores"], at["labels"])) / half))
        return Finding(
            self.name,
            self.metric,
            value,
            (value - spread, value + spread),
            queries=1000 + target.queries,
            details={
                "agreement of copies by output and queries": {
                    output: {str(count): round(v, 4) for count, v in curve.items()} for output, curve in curves.items()
                },
                "membership, area under the ROC curve by output": areas,
                "who may round": "a server that decrypts, or a plan whose integers are rounded; a client that "
                "decrypts sees all integers, and its rounding hides nothing from it",
            },
            risk=min(1.0, max(0.0, at["labels"])),
            remedy="Rounding buys little, labels some queries, neither any where the client decrypts: limit queries.",
        )
