# SPDX-License-Identifier: Apache-2.0
"""What the rows on differential privacy have in common."""

from __future__ import annotations

from typing import Any, Optional

from ..finding import Finding, wilson
from ..registry import Row
from .measuring import Served, risk_of

DELTA = 1e-5


class PrivateRow(Row):
    """A row that trains with differential privacy, and ends in a served network."""

    group = "dp"
    metric = "accuracy"
    threat = "sees the whole trained network, and knows all records but one"

    def found(
        self,
        served: Served,
        epsilon: float,
        delta: float,
        details: Optional[dict[str, Any]] = None,
        plots: Optional[list[tuple[str, bytes]]] = None,
        value: Optional[float] = None,
        interval: Optional[tuple[float, float]] = None,
        remedy: str = "train with a smaller epsilon, or publish labels in place of scores",
    ) -> Finding:
        """A finding with epsilon beside accuracy beside membership."""
        if value is None:
            value, interval = served.accuracy, served.interval
        spent = {"epsilon": round(epsilon, 3), "delta": delta, **served.details}
        return Finding(
            row=self.name,
            metric=self.metric,
            value=float(value),
            interval=interval,
            queries=served.endpoint.queries,
            details={**spent, **(details or {})},
            plots=plots or [],
            risk=risk_of(served.membership),
            remedy=remedy,
        )


__all__ = ["DELTA", "PrivateRow", "wilson"]
