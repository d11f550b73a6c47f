# SPDX-License-Identifier: Apache-2.0
"""Model inversion: an image of a class, climbed to by the scores of the endpoint alone."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from ..finding import Expected, Finding, wilson
from ..registry import Row, register
from .judges import mnist_judge

Array = Any


def blur(images: Array, side: int) -> Array:
    """Each pixel with its four neighbours: half of it its own. [n, side * side]."""
    padded = np.pad(images.reshape(-1, side, side), ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
    return (padded[:, 1:-1, 1:-1] / 2 + around / 8).reshape(len(images), -1)


def invert(endpoint: Any, start: Array, lowest: float, highest: float, steps: int, scale: float, side: int) -> Array:
    """One image for each class, [classes, features]: ascent on the log of its probability, by differences of scores.

    Fredrikson et al. ask the model for confidences and take numeric gradients where it gives none; between steps the
    image is smoothed, in place of their auto-encoder. scale: of scores, to read them as logits.
    """
    classes, count = endpoint.classes, start.size
    images = np.repeat(start.reshape(1, -1), classes, axis=0).astype(np.float64)
    span = highest - lowest
    # Wider than a quantized pixel's step, or most differences are 0.
    width = 0.15 * span
    for _ in range(steps):
        # Towards the middle, so that no query leaves the box.
        signs = np.where(images > (lowest + highest) / 2, -1.0, 1.0)
        moved = images[:, None, :] + (np.eye(count)[None] * signs[:, None, :]) * width
        asked = np.concatenate([images[:, None, :], moved], axis=1).reshape(-1, count)
        scores = (endpoint.scores(asked) / scale).reshape(classes, count + 1, classes)
        slopes = (scores[:, 1:] - scores[:, :1]) / (signs[:, :, None] * width)
        exponentials = np.exp(scores[:, 0] - scores[:, 0].max(axis=1, keepdims=True))
        wanted = np.eye(classes) - exponentials / exponentials.sum(axis=1, keepdims=True)
        gradients = np.einsum("kfc,kc->kf", slopes, wanted)
        gradients /= np.abs(gradients).max(axis=1, keepdims=True) + 1e-12
        images = np.clip(blur(images + 0.3 * span * gradients, side), lowest, highest)
    return images


@register
class ModelInversion(Row):
    name = "model-inversion"
    group = "privacy"
    paper = "Fredrikson et al., Model inversion attacks that exploit confidence information, 2015"
    threat = "asks the endpoint for scores and has no sample at all"
    budget = "12 steps of 785 queries a class"
    headline = "people tell up to 95 % of faces of a softmax regression, AT&T faces"
    metric = "inverted classes that an independent classifier tells"
    expected = Expected(0.8, 0.2, comparable=False)
    subject = "mnist-small"

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        if data.image != (1, 28, 28):
            return "its judge knows digits of 28 x 28"
        return "it needs scores" if endpoint.only_labels else None

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        before = endpoint.queries
        noise = np.random.default_rng(seed).uniform(data.lowest, data.highest, (64, int(np.prod(endpoint.shape))))
        scale = float(endpoint.scores(noise).std()) / 3
        start = np.full(784, data.lowest + 0.1 * data.span)
        images = invert(endpoint, start, data.lowest, data.highest, 12, scale, 28)
        pixels = (images - data.lowest) / data.span
        told = mnist_judge()(pixels)
        right = told.argmax(axis=1) == np.arange(endpoint.classes)
        flat = data.train_x.reshape(len(data.train_x), -1)
        means = np.stack([flat[data.train_y == c].mean(axis=0) for c in range(endpoint.classes)])
        like = np.array([[np.corrcoef(image, mean)[0, 1] for mean in means] for image in images])
        from ..plots import images as plot

        return Finding(
            self.name,
            self.metric,
            float(right.mean()),
            wilson(int(right.sum()), len(right)),
            queries=endpoint.queries - before,
            details={
                "correlation with the class's mean image": [round(float(v), 3) for v in np.diag(like)],
                "nearest mean image is the class's own": int((like.argmax(axis=1) == np.arange(len(like))).sum()),
                "judge's probability of the class": [round(float(v), 3) for v in np.diag(told)],
            },
            plots=[plot("inverted classes", {"inverted": pixels.reshape(-1, 28, 28)}, [str(c) for c in range(10)])],
            risk=float(right.mean()) * 0.6,
            remedy="Scores tell what a class looks like; where classes are persons, tell labels from a server-side "
            "model only where it can be avoided to tell scores, and limit queries.",
        )
