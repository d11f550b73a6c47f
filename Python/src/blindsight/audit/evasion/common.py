# SPDX-License-Identifier: Apache-2.0
"""What attacks on a network's inputs share: its twin, right samples, and the measure of what came out."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import torch

from ..finding import Finding, wilson
from ..models import Data
from ..plots import images
from ..registry import Row
from ..twin import NoTwin, Twin

REMEDY = (
    "Encryption doesn't help, since the sender makes the sample. Train on such samples (adversarial training), put a "
    "detector before encryption on honest clients, and let no single answer decide what is costly."
)


def twin_of(endpoint: Any, data: Data) -> Twin:
    """The softened twin of an endpoint's plan. It is made anew for each plan and once for each."""
    cache: dict[int, Twin] = endpoint.__dict__.setdefault("_twins", {})
    if id(data) not in cache:
        cache[id(data)] = Twin(endpoint.plan).soften(data.train_x[:200])
    return cache[id(data)]


def right_samples(endpoint: Any, data: Data, count: int) -> tuple[Any, Any]:
    """The first test samples whose label is right: [count, values], float32, and labels."""
    x, y = data.test_x[: 2 * count + 50], data.test_y[: 2 * count + 50]
    keep = np.flatnonzero(endpoint.labels(x) == y)[:count]
    if len(keep) == 0:
        raise ValueError("no test sample's label is right: there is nothing to attack")
    return x[keep].reshape(len(keep), -1), y[keep]


def other_classes(labels: Any, classes: int, seed: int) -> Any:
    """A target for each, at random among the other classes."""
    shift = np.random.default_rng(seed).integers(1, classes, len(labels))
    return (labels + shift) % classes


def margins(twin: Any, samples: Any, targets: Any) -> Any:
    """By how much each sample's target is above its strongest other class."""
    scores = twin(samples)
    own = torch.nn.functional.one_hot(targets, scores.shape[1]).bool()
    return scores[own] - scores.masked_fill(own, -torch.inf).max(dim=1).values


def gradient(twin: Any, samples: Any, labels: Any) -> Any:
    """Of the cross entropy by the samples, double."""
    samples = samples.detach().requires_grad_(True)
    loss = torch.nn.functional.cross_entropy(twin(samples), labels, reduction="sum")
    return torch.autograd.grad(loss, samples)[0]


def step_attack(
    twin: Any,
    data: Data,
    samples: Any,
    labels: Any,
    budget: float,
    steps: int = 1,
    *,
    size: Optional[float] = None,
    start: float = 0.0,
    momentum: float = 0.0,
    seed: int = 0,
    gradient_of: Any = gradient,
) -> Any:
    """Steps along the sign of the gradient, in a box around the sample: FGSM and what came of it.

    samples: [n, values], numpy, in the data's units. budget, size, start: of pixels from 0 to 1: the box, a step, and a
    random start. Returns float32, in the box of the data and the budget.
    """
    span = data.span
    x = torch.as_tensor(np.asarray(samples, np.float64))
    y = torch.as_tensor(np.asarray(labels))
    generator = torch.Generator().manual_seed(seed)
    low = (x - budget * span).clamp(min=data.lowest)
    high = (x + budget * span).clamp(max=data.highest)
    moved = x
    if start > 0:
        noise = torch.rand(x.shape, generator=generator, dtype=torch.float64) * 2 - 1
        moved = torch.minimum(torch.maximum(x + start * span * noise, low), high)
    step = (budget / steps if size is None else size) * span
    kept = torch.zeros_like(x)
    for _ in range(steps):
        found = gradient_of(twin, moved, y)
        if momentum > 0:
            kept = momentum * kept + found / found.abs().sum(dim=1, keepdim=True).clamp(min=1e-30)
            found = kept
        moved = torch.minimum(torch.maximum(moved + step * found.sign(), low), high)
    return moved.numpy().astype(np.float32)


class Evasion(Row):
    """An attack on single samples: subclasses make them, and what is measured is what the endpoint answers."""

    subject = "mnist-small"
    count = 500
    needs_twin = True
    needs_image = False

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        if self.needs_image and data.image is None:
            return "the samples are no images"
        if not self.needs_twin:
            return None
        if not hasattr(endpoint, "plan"):
            return "the network isn't known"
        try:
            Twin(endpoint.plan)
        except NoTwin as error:
            return str(error)
        return None

    def outcome(
        self,
        endpoint: Any,
        data: Data,
        samples: Any,
        labels: Any,
        attacked: Any,
        details: Optional[dict[str, Any]] = None,
        plots: Optional[list[Any]] = None,
        remedy: str = REMEDY,
    ) -> Finding:
        """The share of samples that became wrong, as the endpoint answers it; samples were right before."""
        attacked = np.clip(np.asarray(attacked, np.float32).reshape(samples.shape), data.lowest, data.highest)
        found = endpoint.labels(attacked)
        wrong = int((found != labels).sum())
        change = (attacked - samples) / data.span
        norms = np.linalg.norm(change, axis=1)
        measured = {
            "samples": len(samples),
            "median L2": round(float(np.median(norms)), 4),
            "mean L2": round(float(norms.mean()), 4),
            "mean largest change": round(float(np.abs(change).max(axis=1).mean()), 4),
            "mean changed values": round(float((np.abs(change) > 1e-6).sum(axis=1).mean()), 2),
        }
        shown = list(plots or [])
        if data.image is not None:
            shape = (-1, *data.image)
            titles = [f"{a} to {b}" for a, b in zip(labels[:8], found[:8])]
            rows = {"sample": samples[:8].reshape(shape), "attacked": attacked[:8].reshape(shape)}
            shown.append(images("samples and what was made of them", rows, titles))
        rate = wrong / len(samples)
        return Finding(
            self.name,
            self.metric,
            rate,
            wilson(wrong, len(samples)),
            details={**measured, **(details or {})},
            plots=shown,
            risk=rate,
            remedy=remedy,
        )
