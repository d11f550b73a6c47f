# SPDX-License-Identifier: Apache-2.0
"""Knockoff nets: a copy trained on the endpoint's answers to images of the attacker's own."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from ..finding import Expected, Finding, wilson
from ..registry import Row, register
from .copies import OUTPUTS, answers, copy_network, predicted, queries_to, train_copy


def agreements(
    endpoint: Any, data: Any, pool: Any, test: Any, counts: tuple[int, ...], seed: int
) -> dict[str, dict[int, float]]:
    """How far copies agree with the endpoint, by what it tells and by queries. Each pool sample is asked once."""
    truth = endpoint.labels(test)
    scores = None if endpoint.only_labels else endpoint.scores(pool[: max(counts)])
    told = np.eye(endpoint.classes)[endpoint.labels(pool[: max(counts)])] if scores is None else scores
    curves: dict[str, dict[int, float]] = {}
    for output in ("labels",) if scores is None else OUTPUTS:
        targets = answers(told, output)
        curves[output] = {}
        for count in counts:
            copy = copy_network(data, endpoint.classes, seed)
            train_copy(copy, pool[:count], targets[:count], labels=output == "labels", seed=seed, steps=1200)
            curves[output][count] = float((predicted(copy, test) == truth).mean())
    return curves


@register
class Knockoff(Row):
    name = "knockoff"
    group = "privacy"
    paper = "Orekondy et al., Knockoff nets: stealing functionality of black-box models, 2019"
    threat = "asks the endpoint samples of its own and trains another architecture on the answers"
    budget = "100 to 4,000 queries; the figure is at 500"
    headline = "0.84 to 0.97 of the victim's accuracy, photographs, 60,000 queries of other images"
    metric = "agreement of the copy at 500 queries, or all there are"
    expected = Expected(0.93, 0.03, comparable=False)
    subject = "mnist-small"
    audits = True
    quick = True
    counts: tuple[int, ...] = (100, 250, 500, 1000, 2000, 4000)

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        return "half of the test samples are asked, and they are few" if len(data.test_x) < 100 else None

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        half = len(data.test_x) // 2
        pool, test = data.test_x[half:], data.test_x[:half]
        counts = tuple(count for count in self.counts if count <= len(pool)) or (len(pool),)
        curves = agreements(endpoint, data, pool, test, counts, seed)
        at = 500 if 500 in counts else counts[-1]
        best = "labels" if endpoint.only_labels else "scores"
        value = curves[best][at]
        reached = {
            f"{output}, {level:.0%}": queries_to(curve, level)
            for output, curve in curves.items()
            for level in (0.8, 0.9, 0.95)
        }
        quotas = {f"quota {count}": round(max(c[count] for c in curves.values()), 4) for count in counts}
        from ..plots import line

        drawn = {output: (list(curve), list(curve.values())) for output, curve in curves.items()}
        return Finding(
            self.name,
            self.metric,
            value,
            wilson(round(value * len(test)), len(test)),
            queries=max(counts),
            details={
                "agreement by output and queries": {
                    output: {str(count): round(v, 4) for count, v in curve.items()} for output, curve in curves.items()
                },
                "queries to an agreement (none: not reached)": reached,
                "what a quota leaves to the best attacker": quotas,
                "answered": at,
            },
            plots=[line("queries against agreement", drawn, "queries", "agreement", log=True)],
            risk=min(1.0, value),
            remedy="Limit queries for each client. Telling labels alone costs the attacker more queries, where the "
            "server decides it; the integers are decrypted by the client, who sees them all.",
        )
