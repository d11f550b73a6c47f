# SPDX-License-Identifier: Apache-2.0
"""Tries settings within a time limit, and chooses."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import Any, Callable, Optional

import numpy as np

from ..._errors import DataError, InvalidArgument
from ..._models import need
from .measures import Risk, measure_risk, unprepared
from .mondrian import Anonymized, Limits, anonymize
from .table import Table


def features(found: Anonymized) -> Any:
    """[n, features], float32, of all attributes but the target: the middle of an interval; each value's share of a
    set. Records as they are have the same features, of single values."""
    table = found.table
    parts = []
    for name in table.feature_names:
        if table.is_number(name):
            column = table.numbers[name]
            if name in found.lows:
                column = (found.lows[name] + found.highs[name]) / 2
            parts.append(np.asarray(column, np.float64)[:, None])
        elif name in found.sets:
            allowed = found.sets[name].astype(np.float64)
            parts.append(allowed / allowed.sum(axis=1, keepdims=True))
        else:
            parts.append(np.eye(len(table.values[name]))[table.codes[name]])
    return np.concatenate(parts, axis=1).astype(np.float32)


@dataclass(frozen=True)
class Solution:
    """What a setting gave. utility: accuracy of a logistic regression, trained on the prepared records, on others that
    were not prepared; None of limits: the table as it is. allowed: whether it keeps to the policy's least k and l and
    most t."""

    limits: Optional[Limits]
    risk: Risk
    utility: float
    seconds: float
    allowed: bool

    @property
    def name(self) -> str:
        if self.limits is None:
            return "unprepared"
        return f"k={self.limits.k} l={self.limits.l} t={self.limits.t:g}"


@dataclass
class Found:
    """All solutions, those that were not tried for lack of time or could not be met, and the best."""

    solutions: list[Solution]
    not_tried: list[str]
    impossible: list[str]
    best: Solution
    prepared: Anonymized


def regression(x: Any, y: Any) -> Any:
    """scikit-learn's logistic regression of scaled features; a pipeline."""
    linear = need("sklearn.linear_model", "measuring utility", "scikit-learn")
    pipeline = need("sklearn.pipeline", "measuring utility", "scikit-learn")
    scaling = need("sklearn.preprocessing", "measuring utility", "scikit-learn")
    return pipeline.make_pipeline(scaling.MinMaxScaler(), linear.LogisticRegression(max_iter=200)).fit(x, y)


def search(
    table: Table,
    held_out: Table,
    seconds: Optional[float] = None,
    say: Optional[Callable[[str], None]] = None,
) -> Found:
    """Prepares `table` by each setting of its policy. held_out: other records, by which utility is measured.

    Raises InvalidArgument where no setting that was tried keeps to the policy's least.
    """
    settings = table.policy.settings
    end = time.monotonic() + (settings.seconds if seconds is None else seconds)
    wanted = features(unprepared(held_out))

    def solve(found: Anonymized, limits: Optional[Limits], begin: float) -> Solution:
        utility = float(regression(features(found), table.labels).score(wanted, held_out.labels))
        risk = measure_risk(found, 0 if limits is None else limits.k)
        allowed = risk.k >= settings.least_k and risk.l >= settings.least_l and risk.t <= settings.most_t + 1e-9
        solution = Solution(limits, risk, utility, time.monotonic() - begin, allowed)
        if say is not None:
            say(
                f"{solution.name}: k {risk.k}, l {risk.l:g}, t {risk.t:.3f}, certain {risk.certain:.1%}, "
                f"accuracy {utility:.2%}, loss {risk.loss:.3f}, {solution.seconds:.1f} s"
            )
        return solution

    solutions = [solve(unprepared(table), None, time.monotonic())]
    kept: dict[str, Anonymized] = {}
    not_tried, impossible = [], []
    # The least that is allowed first: whatever the time, something can be chosen.
    tried = sorted(
        {Limits(k, least, min(t, 1.0)) for k, least, t in itertools.product(settings.k, settings.l, settings.t)},
        key=lambda x: (x.k < settings.least_k, x.k, x.l, -x.t),
    )
    for limits in tried:
        name = f"k={limits.k} l={limits.l} t={limits.t:g}"
        if time.monotonic() >= end and any(solution.allowed for solution in solutions):
            not_tried.append(name)
            continue
        begin = time.monotonic()
        try:
            found = anonymize(table, limits)
        except DataError:
            impossible.append(name)
            continue
        kept[name] = found
        solutions.append(solve(found, limits, begin))
    allowed = [solution for solution in solutions if solution.allowed and solution.limits is not None]
    if not allowed:
        raise InvalidArgument(
            "no setting that was tried keeps to the policy's least: a larger k or l, or a smaller t, is needed among "
            "what is tried",
            "settings",
        )
    # Within half a standard error of accuracy the one with less risk is taken.
    top = max(solution.utility for solution in allowed)
    near = 0.5 * float(np.sqrt(max(top * (1 - top), 1e-9) / held_out.count))
    best = min((s for s in allowed if s.utility >= top - near), key=lambda s: (s.risk.average, s.risk.t, -s.utility))
    return Found(solutions, not_tried, impossible, best, kept[best.name])
