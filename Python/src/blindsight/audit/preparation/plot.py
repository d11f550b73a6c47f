# SPDX-License-Identifier: Apache-2.0
"""The solution space as a picture."""

from __future__ import annotations

import io

from ..._models import need
from .solutions import Found


def plot_solutions(found: Found) -> bytes:
    """A PNG file: accuracy against the average chance to pick somebody's record; what is not allowed is hollow."""
    matplotlib = need("matplotlib", "plots")
    matplotlib.use("agg")
    from matplotlib import pyplot  # type: ignore[import-not-found,unused-ignore]

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for solution in found.solutions:
        chosen = solution is found.best
        color = "black" if solution.limits is None else f"C{min(solution.limits.l - 1, 9)}"
        marker = "*" if chosen else ("s" if solution.limits is not None and solution.limits.t < 1 else "o")
        style = {
            "marker": marker,
            "s": 160 if chosen else 40,
            "facecolors": color if solution.allowed else "none",
            "edgecolors": color,
        }
        left.scatter(solution.risk.average, solution.utility, **style)
        right.scatter(solution.risk.t, solution.utility, **style)
        if solution.limits is not None:
            left.annotate(str(solution.limits.k), (solution.risk.average, solution.utility), fontsize=7)
    left.set(xscale="log", xlabel="average chance to pick a record (numbers: k)", ylabel="accuracy, on raw records")
    right.set(xlabel="largest distance t of sensitive values")
    right.set_title("black: unprepared; colours: l; squares: with t; star: chosen", fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    pyplot.close(figure)
    return buffer.getvalue()
