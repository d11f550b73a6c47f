# SPDX-License-Identifier: Apache-2.0
"""Plots of findings, as PNG."""

from __future__ import annotations

import io
from typing import Any, Optional

import numpy as np

Plot = tuple[str, bytes]


def _png(name: str, figure: Any) -> Plot:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80, bbox_inches="tight")
    return name, buffer.getvalue()


def _figure(*sizes: int, **options: Any) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(**options)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(*sizes, squeeze=False) if sizes else figure.subplots()


def line(name: str, series: dict[str, tuple[Any, Any]], x: str, y: str, log: bool = False) -> Plot:
    """Lines through points. series: by name, places along x and values."""
    figure, axes = _figure(figsize=(5.5, 3.5))
    for label, (places, values) in series.items():
        axes.plot(places, values, marker="o", markersize=3, label=label)
    if log:
        axes.set_xscale("log")
    axes.set(xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    if len(series) > 1:
        axes.legend()
    return _png(name, figure)


def images(name: str, rows: dict[str, Any], titles: Optional[list[str]] = None) -> Plot:
    """Images below each other. rows: by name, [n, height, width] or [n, channels, height, width]."""
    count = min(8, *(len(row) for row in rows.values()))
    figure, axes = _figure(len(rows), count, figsize=(1.1 * count, 1.2 * len(rows)))
    for place, (label, row) in enumerate(rows.items()):
        row = np.asarray(row)
        spread = (float(row.min()), float(row.max()))
        for column in range(count):
            image = row[column]
            if image.ndim == 3:
                image = image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
            each = axes[place][column]
            each.imshow(image, cmap="gray", vmin=spread[0], vmax=spread[1])
            each.set(xticks=[], yticks=[])
            if column == 0:
                each.set_ylabel(label, fontsize=7)
            if place == 0 and titles is not None:
                each.set_title(titles[column], fontsize=8)
    return _png(name, figure)
