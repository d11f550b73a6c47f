# SPDX-License-Identifier: Apache-2.0
"""Images from gradients: what the two rows of gradient leakage share.

A gradient is what a client of collaborative learning sends. Who sees one of a single image gets the image back; sums of
several clients, and noise, are what stands against that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..federated.aggregation import Federation, FixedPoint, flatten, unflatten

Array = Any


def lenet(channels: int, side: int, seed: int, classes: int = 10) -> Any:
    """Zhu et al.'s network: three convolutions of 12 channels with sigmoids, all weights uniform in -0.5 to 0.5."""
    import torch

    torch.manual_seed(seed)
    layers = torch.nn
    left = -(-side // 4)
    module = layers.Sequential(
        layers.Conv2d(channels, 12, 5, stride=2, padding=2),
        layers.Sigmoid(),
        layers.Conv2d(12, 12, 5, stride=2, padding=2),
        layers.Sigmoid(),
        layers.Conv2d(12, 12, 5, stride=1, padding=2),
        layers.Sigmoid(),
        layers.Flatten(),
        layers.Linear(12 * left * left, classes),
    )
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, -0.5, 0.5)
    return module


def gradient(module: Any, images: Any, labels: Any) -> list[Any]:
    """The sum over images of the cross entropy's gradients: what clients with one image each add up to."""
    import torch

    loss = torch.nn.functional.cross_entropy(module(images), labels, reduction="sum")
    return [part.detach() for part in torch.autograd.grad(loss, list(module.parameters()))]


def summed(parts: Sequence[Sequence[Any]], noise: float = 0.0, seed: int = 0) -> tuple[list[Any], Federation]:
    """What who holds the key decrypts: clients' gradients as integers of 16 bits, encrypted, added, decrypted.

    noise: deviation of what each client adds, in parts of the largest gradient entry.
    """
    flat = [flatten(part) for part in parts]
    largest = max(float(np.abs(vector).max()) for vector in flat)
    random = np.random.default_rng(seed)
    # Room for the noise: what lies beyond is cut.
    fixed = FixedPoint(largest * (1 + 4 * noise))
    noisy = [vector + random.normal(0, noise * largest, vector.shape) if noise else vector for vector in flat]
    federation = Federation(len(flat[0]), len(flat), fixed.largest)
    sums = fixed.reals(federation.sum(fixed.integers(vector) for vector in noisy))
    return unflatten(sums, parts[0]), federation


def matched_errors(found: Array, true: Array) -> Array:
    """[n]: mean squared errors of the best one-to-one matching: the order of a sum's images is lost."""
    from scipy.optimize import linear_sum_assignment

    found, true = found.reshape(len(found), -1), true.reshape(len(true), -1)
    costs = ((found[:, None] - true[None]) ** 2).mean(axis=2)
    rows, columns = linear_sum_assignment(costs)
    errors = np.empty(len(true))
    errors[columns] = costs[rows, columns]
    return errors
