# SPDX-License-Identifier: Apache-2.0
"""Jacobian-based augmentation: a substitute from labels alone, whose own gradient says what to ask next."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from ..finding import Expected, Finding, wilson
from ..registry import Row, register
from .copies import copy_network, predicted, train_copy

Array = Any


def augment(module: Any, x: Array, labels: Array, step: float, lowest: float, highest: float) -> Array:
    """x + step * sign(dF_label / dx): where the substitute's decision moves most."""
    import torch

    inputs: Any = torch.as_tensor(np.asarray(x, np.float32)).requires_grad_(True)
    module(inputs.reshape(len(x), -1)).gather(1, torch.as_tensor(labels)[:, None]).sum().backward()
    moved = np.asarray(x) + step * np.sign(inputs.grad.numpy())
    return np.clip(moved, lowest, highest).astype(np.float32)


def substitute(
    endpoint: Any,
    data: Any,
    start: Array,
    budget: int,
    seed: int = 0,
    step: float = 0.1,
    watch: Optional[Callable[[int, Any], None]] = None,
) -> tuple[Any, Array]:
    """A substitute, and all that was asked for it, in order. Each round asks one sample for each that is there.

    step: in parts of the data's span; its sign changes every other round, as the paper has it.
    watch(queries, module): told after each round.
    """
    x = np.asarray(start, np.float32)
    labels = endpoint.labels(x)
    module = copy_network(data, endpoint.classes, seed)
    sign = 1.0
    while True:
        train_copy(module, x, np.eye(endpoint.classes)[labels], labels=True, seed=seed, steps=600)
        if watch is not None:
            watch(len(x), module)
        room = budget - len(x)
        if room <= 0:
            return module, x
        fresh = augment(module, x, labels, sign * step * data.span, data.lowest, data.highest)[-room:]
        x, labels = np.concatenate([x, fresh]), np.concatenate([labels, endpoint.labels(fresh)])
        sign = -sign


@register
class JacobianAugmentation(Row):
    name = "jacobian-augmentation"
    group = "privacy"
    paper = "Papernot et al., Practical black-box attacks against machine learning, 2017"
    threat = "asks for labels, has 150 samples of its own and no gradient of the model"
    budget = "6,400 queries, steps of 0.1 of the pixels' span"
    headline = "81.2 % accuracy of the substitute after 6,400 queries from 150 samples, MNIST"
    metric = "accuracy of the substitute"
    expected = Expected(0.81, 0.03)
    subject = "mnist-small"
    audits = True

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        return "it starts from 150 test samples and is measured on others" if len(data.test_x) < 250 else None

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        start = data.test_x[:150]
        x, y = data.test_x[150:], data.test_y[150:]
        served = endpoint.labels(x)
        before = endpoint.queries
        curve: dict[str, float] = {}

        def watch(count: int, module: Any) -> None:
            curve[str(count)] = round(float((predicted(module, x) == y).mean()), 4)

        module, asked = substitute(endpoint, data, start, 6400, seed, watch=watch)
        right = int((predicted(module, x) == y).sum())
        agreement = float((predicted(module, x) == served).mean())
        return Finding(
            self.name,
            self.metric,
            right / len(y),
            wilson(right, len(y)),
            queries=endpoint.queries - before,
            details={"agreement": round(agreement, 4), "accuracy by queries": curve, "asked": len(asked)},
            risk=min(1.0, agreement),
            remedy="Labels alone are enough: limit queries for each client; query-monitor finds such queries.",
        )
