# SPDX-License-Identifier: Apache-2.0
"""Changes that mean nothing to people: a turn, a shift, light."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..finding import Finding
from ..registry import described
from .common import Evasion, right_samples
from .pictures import as_images, turned
from .table import TABLE

REMEDY = (
    "Train on turned, shifted and lighter samples, or bring samples into a usual form before encryption (straighten, "
    "center, stretch to the full range)."
)


def worst_of(endpoint: Any, samples: Any, labels: Any, changes: list[Any], make: Any) -> tuple[Any, dict[str, float]]:
    """For each sample the first change that makes it wrong; what is wrong already is not asked again."""
    attacked = samples.copy()
    open_ = np.arange(len(samples))
    first = float("nan")
    for place, change in enumerate(changes):
        if len(open_) == 0:
            break
        made = make(samples[open_], change)
        wrong = endpoint.labels(made) != labels[open_]
        attacked[open_[wrong]] = made[wrong]
        if place == 0:
            first = float(wrong.mean())
        open_ = open_[~wrong]
    return attacked, {"changes tried": len(changes), "wrong by one of them at random": first}


@described("evasion", TABLE, "rotation", subject="mnist", audits=True)
class Rotation(Evasion):
    """The worst of 31 turns and 25 shifts."""

    count = 300
    needs_twin = False
    needs_image = True

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        x, y = right_samples(endpoint, data, self.count)
        shifts = (-3.0, -1.5, 0.0, 1.5, 3.0)
        grid = list(itertools.product(np.linspace(-30, 30, 31), shifts, shifts))
        np.random.default_rng(seed).shuffle(grid)

        def make(samples: Any, change: Any) -> Any:
            degrees, right, down = (float(each) for each in change)
            moved = turned(as_images(samples, data), degrees, right, down, 1.0, data.lowest)
            return moved.clamp(data.lowest, data.highest).flatten(1).numpy().astype(np.float32)

        attacked, details = worst_of(endpoint, x, y, grid, make)
        return self.outcome(endpoint, data, x, y, attacked, details, remedy=REMEDY)


@described("evasion", TABLE, "brightness", subject="mnist", audits=True)
class Brightness(Evasion):
    """The worst of brightnesses, contrasts and the negative."""

    count = 500
    needs_twin = False
    needs_image = True

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        x, y = right_samples(endpoint, data, self.count)
        # The mildest first.
        changes = [
            *((contrast, 0.0) for contrast in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)),
            *((1.0, light) for light in (0.1, 0.2, 0.3, 0.4, 0.5)),
            (-1.0, 1.0),
        ]

        def make(samples: Any, change: Any) -> Any:
            contrast, light = change
            unit = (samples - data.lowest) / data.span
            return (data.lowest + data.span * np.clip(contrast * unit + light, 0, 1)).astype(np.float32)

        attacked, details = worst_of(endpoint, x, y, changes, make)
        alone = {
            f"accuracy at contrast {contrast:g}, light {light:g}": float(
                (endpoint.labels(make(x, (contrast, light))) == y).mean()
            )
            for contrast, light in ((0.5, 0.0), (1.0, 0.3), (-1.0, 1.0))
        }
        return self.outcome(endpoint, data, x, y, attacked, {**details, **alone}, remedy=REMEDY)
