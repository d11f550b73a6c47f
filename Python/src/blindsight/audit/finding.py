# SPDX-License-Identifier: Apache-2.0
"""What a row found, and what was expected of it."""

from __future__ import annotations

import base64
import math
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Optional


class Expected(NamedTuple):
    """The figure expected at this scale, written down before the code.

    value: in the row's metric; rates are from 0 to 1. tolerance: how far a measured value may lie from it.
    comparable: whether the paper's headline can be compared. If not, the row is "shown", never "reproduced".
    """

    value: float
    tolerance: float = 0.03
    comparable: bool = True


@dataclass(frozen=True)
class Finding:
    """What one run of a row found.

    value: of `metric`; interval: of 95 % confidence, where there is one. seconds: of the run. queries: samples that the
    endpoint answered. details: anything that JSON takes. plots: names and PNG files. risk: 0 (nothing to do) to 1.
    """

    row: str
    metric: str
    value: float
    interval: Optional[tuple[float, float]] = None
    seconds: float = 0.0
    queries: int = 0
    details: dict[str, Any] = field(default_factory=dict)
    plots: list[tuple[str, bytes]] = field(default_factory=list)
    risk: float = 0.0
    remedy: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"{self.row}: {self.metric} is {self.value}, which is no finding")
        if not 0 <= self.risk <= 1:
            raise ValueError(f"{self.row}: a risk of {self.risk} is not from 0 to 1")

    def to_json(self) -> dict[str, Any]:
        """As JSON has it; plots in base64."""
        found = asdict(self)
        found["plots"] = [[name, base64.b64encode(png).decode()] for name, png in self.plots]
        return found

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Finding:
        """What `to_json` gave."""
        interval = found.get("interval")
        plots = [(name, base64.b64decode(text)) for name, text in found.get("plots", ())]
        return cls(**{**found, "interval": None if interval is None else tuple(interval), "plots": plots})


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The interval of 95 % confidence of a rate, by Wilson's score.

    Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no rate")
    z = 1.959963984540054
    rate = successes / trials
    middle = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return low, 1.0 if successes == trials else min(1.0, middle + half)
