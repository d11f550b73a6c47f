# SPDX-License-Identifier: Apache-2.0
"""What a prepared table still tells, and what was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .mondrian import Anonymized, distances, diversity, sensitive_codes


@dataclass(frozen=True)
class Risk:
    """k: records in the smallest class. l, entropy_l: least different sensitive values of a class, counted, and as many
    as their entropy is worth; t: the largest distance of a class's from the table's. Each of the worst attribute.
    highest, average: the chance to pick somebody's record, knowing all quasi-identifying values, at worst and on
    average. certain: the share of records whose class has one value alone of a sensitive attribute. classes: how many.
    class_size: average records of a class over k. penalty: discernibility, the sum of the classes' squared sizes. loss:
    the share of the attributes' ranges that records were widened to, from 0 to 1.
    """

    k: int
    l: float  # noqa: E741
    entropy_l: float
    t: float
    highest: float
    average: float
    certain: float
    classes: int
    class_size: float
    penalty: float
    loss: float


def measure_risk(found: Anonymized, k: int = 0) -> Risk:
    """k: what the class size is measured in; by default the smallest class."""
    table = found.table
    sizes = np.bincount(found.classes)
    if sizes.min() == 0:
        raise AssertionError("a class without records")
    least = int(sizes.min())
    l, entropy, t = float("inf"), float("inf"), 0.0  # noqa: E741
    certain = np.zeros(table.count, bool)
    for _, codes, count, ordered in sensitive_codes(table):
        cells = np.zeros((len(sizes), count))
        np.add.at(cells, (found.classes, codes), 1)
        totals = np.bincount(codes, minlength=count).astype(float)
        for number, row in enumerate(cells):
            l = min(l, diversity(row, "distinct"))  # noqa: E741
            entropy = min(entropy, diversity(row, "entropy"))
            t = max(t, distances(row, totals, ordered))
            if (row > 0).sum() == 1:
                certain |= found.classes == number
    return Risk(
        k=least,
        l=l,
        entropy_l=round(float(entropy), 6) if np.isfinite(entropy) else entropy,
        t=t,
        highest=1 / least,
        average=len(sizes) / table.count,
        certain=float(certain.mean()),
        classes=len(sizes),
        class_size=table.count / len(sizes) / (k or least),
        penalty=float((sizes.astype(float) ** 2).sum()),
        loss=_loss(found),
    )


def _loss(found: Anonymized) -> float:
    """The normalized certainty penalty, averaged over records and attributes (Xu and others, 2006)."""
    parts: list[float] = []
    for name, lows in found.lows.items():
        span = float(np.ptp(found.table.numbers[name]))
        parts.append(float(((found.highs[name] - lows) / span).mean()) if span else 0.0)
    for allowed in found.sets.values():
        width = allowed.shape[1]
        parts.append(float(((allowed.sum(axis=1) - 1) / max(width - 1, 1)).mean()))
    return float(np.mean(parts)) if parts else 0.0


def raw_classes(table: Any) -> Any:
    """[n]: classes of records whose quasi-identifying values are equal as they are: what an unprepared table has."""
    columns = [
        table.numbers[a.name] if table.is_number(a.name) else table.codes[a.name].astype(float)
        for a in table.policy.of("quasi-identifying")
    ]
    _, places = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return np.asarray(places).reshape(-1)


def unprepared(table: Any) -> Anonymized:
    """A table as it is, in the form of a prepared one."""
    names = [a.name for a in table.policy.of("quasi-identifying")]
    numbers = {name: table.numbers[name] for name in names if table.is_number(name)}
    sets = {
        name: np.eye(len(table.values[name]), dtype=bool)[table.codes[name]] for name in names if name in table.codes
    }
    return Anonymized(
        table, raw_classes(table), numbers, dict(numbers), sets, {name: table.texts(name) for name in sets}
    )
