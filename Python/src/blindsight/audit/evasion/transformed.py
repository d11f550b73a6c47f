# SPDX-License-Identifier: Apache-2.0
"""Attacks through what is done to a sample on its way: rounding, random transformations, paper and camera."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..finding import Finding, wilson
from ..registry import described
from .common import Evasion, right_samples, step_attack, twin_of
from .gradients import sweep
from .pictures import as_images, blurred, turned, uniform
from .table import TABLE


@described("evasion", TABLE, "bpda", subject="mnist", audits=True)
class BackwardPass(Evasion):
    """The network's own rounding of inputs is the defence: forwards it is done, backwards it counts as the identity."""

    count = 300

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)

        def make(budget: float) -> Any:
            # Below half a level nothing may change at all: steps are as large as the budget then, and end at its sides.
            return step_attack(twin, data, x, y, budget, 40, size=budget / 4, start=budget, seed=seed)

        figures, plot = sweep(endpoint, data, x, y, make)
        levels = twin.network.highest - twin.network.lowest + 1
        return self.outcome(endpoint, data, x, y, make(0.3), {**figures, "levels of an input": levels}, [plot])


def viewed(samples: Any, data: Any, generator: Any, degrees: float, pixels: float, scales: tuple[float, float]) -> Any:
    """Images turned, moved and scaled by as much at most, each at random."""
    count = len(samples)
    return turned(
        as_images(samples, data),
        uniform(count, -degrees, degrees, generator),
        uniform(count, -pixels, pixels, generator),
        uniform(count, -pixels, pixels, generator),
        uniform(count, *scales, generator),
        data.lowest,
    )


@described("evasion", TABLE, "expectation", subject="mnist", audits=True)
class Expectation(Evasion):
    """The gradient's mean over transformations; measured over others."""

    count = 60
    needs_image = True

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)
        generator = torch.Generator().manual_seed(seed)

        def transform(samples: Any) -> Any:
            images = viewed(samples, data, generator, 12, 2, (0.9, 1.1))
            noise = 0.05 * data.span * torch.randn(images.shape, generator=generator, dtype=torch.float64)
            return (images + noise).clamp(data.lowest, data.highest).flatten(1)

        def mean_gradient(twin: Any, samples: Any, labels: Any) -> Any:
            samples = samples.detach().requires_grad_(True)
            many, wanted = samples.repeat(10, 1), labels.repeat(10)
            loss = torch.nn.functional.cross_entropy(twin(transform(many)), wanted, reduction="sum")
            return torch.autograd.grad(loss, samples)[0]

        attacked = step_attack(twin, data, x, y, 0.3, 30, size=0.03, seed=seed, gradient_of=mean_gradient)
        wrong, before, trials = 0, 0, 20
        for _ in range(trials):
            wrong += int((endpoint.labels(transform(torch.as_tensor(attacked)).numpy()) != y).sum())
            before += int((endpoint.labels(transform(torch.as_tensor(x)).numpy()) != y).sum())
        total = trials * len(x)
        finding = self.outcome(endpoint, data, x, y, attacked, {"wrong without an attack": before / total})
        return replace(finding, value=wrong / total, interval=wilson(wrong, total), risk=wrong / total)


@described("evasion", TABLE, "physical")
class Physical(Evasion):
    """Printing, photographing and cropping as a slight turn and scale, blur, light, noise. No paper was used."""

    needs_image = True

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)
        generator = torch.Generator().manual_seed(seed)

        def photograph(samples: Any) -> Any:
            count = len(samples)
            images = viewed(samples, data, generator, 4, 0.5, (0.95, 1.05))
            contrast, light = uniform(count, 0.85, 1.1, generator), uniform(count, -0.05, 0.05, generator)
            images = (blurred(images, 0.6) - data.lowest) * contrast[:, None, None, None] + data.lowest
            images = images + data.span * light[:, None, None, None]
            noise = 0.02 * data.span * torch.randn(images.shape, generator=generator, dtype=torch.float64)
            return (images + noise).clamp(data.lowest, data.highest).flatten(1).numpy().astype(np.float32)

        # Those alone that are right after a photograph, as the paper counts them.
        still = endpoint.labels(photograph(x)) == y
        x, y = x[still], y[still]
        survive, details = {}, {}
        made = {"one step": step_attack(twin, data, x, y, 0.25), "iterated": step_attack(twin, data, x, y, 0.25, 10)}
        for name, attacked in made.items():
            fooled = endpoint.labels(attacked) != y
            after = endpoint.labels(photograph(attacked)) != y
            survive[name] = (int((fooled & after).sum()), int(fooled.sum()))
            details[f"survive of {name}"] = round(survive[name][0] / max(1, survive[name][1]), 4)
        finding = self.outcome(endpoint, data, x, y, photograph(made["one step"]), details)
        kept, total = survive["one step"]
        return replace(
            finding, value=kept / max(1, total), interval=wilson(kept, max(1, total)), risk=kept / max(1, total)
        )
