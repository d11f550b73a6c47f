# SPDX-License-Identifier: Apache-2.0
"""What defences are measured against: steps along the sign of a network's gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def slope(module: Any, x: Any, y: Any) -> Any:
    """The gradient of the cross entropy in the samples: tensors in, a tensor out."""
    import torch

    inputs = x.detach().clone().requires_grad_(True)
    torch.nn.functional.cross_entropy(module(inputs), y, reduction="sum").backward()
    return inputs.grad


def fgsm(module: Any, x: Array, y: Array, step: float, lowest: float = 0.0, highest: float = 1.0) -> Array:
    """x + step * sign(gradient), within the box. Goodfellow et al., 2015."""
    import torch

    inputs = torch.as_tensor(np.asarray(x, np.float32))
    moved = inputs + step * slope(module, inputs, torch.as_tensor(y)).sign()
    return moved.clamp(lowest, highest).numpy()


def pgd(
    module: Any,
    x: Array,
    y: Array,
    reach: float,
    steps: int = 20,
    lowest: float = 0.0,
    highest: float = 1.0,
    seed: int = 0,
) -> Array:
    """Steps of reach / 8 from a random start, never further than reach. Madry et al., 2018."""
    import torch

    inputs, labels = torch.as_tensor(np.asarray(x, np.float32)), torch.as_tensor(y)
    generator = torch.Generator().manual_seed(seed)
    moved = inputs + reach * (2 * torch.rand(inputs.shape, generator=generator) - 1)
    for _ in range(steps):
        moved = moved.clamp(lowest, highest)
        moved = moved + reach / 8 * slope(module, moved, labels).sign()
        moved = torch.maximum(torch.minimum(moved, inputs + reach), inputs - reach)
    return moved.clamp(lowest, highest).numpy()
