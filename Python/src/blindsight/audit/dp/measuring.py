# SPDX-License-Identifier: Apache-2.0
"""What a private network is worth, as it is served: epsilon beside accuracy beside membership."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from ..._models import need
from ..endpoint import EncryptedEndpoint, SimulatedEndpoint
from ..finding import wilson
from ..models import serve


def losses_of(scores: Any, labels: Any) -> Any:
    """[n]: cross entropies of scores [n, classes]."""
    scores = np.asarray(scores, np.float64)
    if scores.shape[1] == 1:
        scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
    top = scores.max(axis=1, keepdims=True)
    return (top[:, 0] + np.log(np.exp(scores - top).sum(axis=1))) - scores[np.arange(len(scores)), labels]


def auc(inside: Any, outside: Any) -> tuple[float, tuple[float, float]]:
    """The chance that a value of `inside` is larger than one of `outside`, ties for half, and its interval of 95 %:
    Hanley and McNeil, 1982."""
    inside, outside = np.asarray(inside, np.float64), np.asarray(outside, np.float64)
    joined = np.concatenate([inside, outside])
    _, places, counts = np.unique(joined, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[places]
    m, n = len(inside), len(outside)
    area = (ranks[:m].sum() - m * (m + 1) / 2) / (m * n)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n)
    half = 1.96 * math.sqrt(max(variance, 0.0))
    return float(area), (float(max(0.0, area - half)), float(min(1.0, area + half)))


@dataclass
class Served:
    """A module as it is served. accuracy and membership with intervals of 95 %; encrypted: how many queries were
    encrypted too, all of which gave the simulation's integers."""

    plan: Any
    endpoint: SimulatedEndpoint
    accuracy: float
    interval: tuple[float, float]
    membership: float
    membership_interval: tuple[float, float]
    encrypted: int

    @property
    def details(self) -> dict[str, Any]:
        return {
            "accuracy": round(self.accuracy, 4),
            "membership AUC": round(self.membership, 4),
            "membership interval": [round(x, 4) for x in self.membership_interval],
            "encrypted queries with the same integers": self.encrypted,
            "estimated ms a sample": round(float(self.plan.report["estimated_ms"]), 2),
        }


def values_of(plan: Any, samples: Any) -> Any:
    """[n, outputs]: what the model shows for decrypted integers: the network's scores."""
    return plan.simulate(samples, clamp=True, progress=False).values


def membership(plan: Any, members: tuple[Any, Any], outsiders: tuple[Any, Any]) -> tuple[float, tuple[float, float]]:
    """AUC of telling members from others by their loss: Yeom and others, Privacy risk in machine learning, 2018."""
    inside, outside = (-losses_of(values_of(plan, x), y) for x, y in (members, outsiders))
    return auc(inside, outside)


def measure(
    module: Any,
    calibration: tuple[Any, Any],
    members: tuple[Any, Any],
    outsiders: tuple[Any, Any],
    strangers: Optional[tuple[Any, Any]] = None,
    encrypted: int = 4,
    **options: Any,
) -> Served:
    """Plans and serves a module, and measures it. calibration: samples by which it is quantized. These are read without
    accounting, so give public ones, or synthetic; outsiders: records by which accuracy is measured. members: records
    that it was trained on; strangers: others of just their distribution, by default the outsiders. At most 5000 of each
    count for membership."""
    plan = serve(module, *calibration, **options)
    endpoint = SimulatedEndpoint(plan)
    x, y = outsiders
    right = int((endpoint.labels(x) == y).sum())
    inside, outside = ((part[0][:5000], part[1][:5000]) for part in (members, strangers or outsiders))
    found, interval = membership(plan, inside, outside)
    if encrypted:
        again = EncryptedEndpoint(plan, threads=1)
        if not np.array_equal(again.scores(x[:encrypted]), endpoint.scores(x[:encrypted])):
            raise AssertionError("encrypted and simulated scores differ")
    return Served(plan, endpoint, right / len(y), wilson(right, len(y)), found, interval, encrypted)


def risk_of(membership_auc: float) -> float:
    """From 0 (a coin) to 1 (each member is told from each outsider)."""
    return float(min(1.0, max(0.0, 2 * abs(membership_auc - 0.5))))


def curve(
    title: str, across: str, up: str, lines: Sequence[tuple[str, Sequence[float], Sequence[float]]], log: bool = False
) -> Optional[bytes]:
    """A PNG file of lines (name, x, y), each a point or more."""
    matplotlib = need("matplotlib", "plots")
    matplotlib.use("agg")
    from matplotlib import pyplot  # type: ignore[import-not-found,unused-ignore]

    figure, axes = pyplot.subplots(figsize=(5, 3.5))
    for name, xs, ys in lines:
        axes.plot(xs, ys, marker="o", label=name)
    if log:
        axes.set_xscale("log")
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.legend()
    axes.grid(alpha=0.3)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    pyplot.close(figure)
    return buffer.getvalue()
