# SPDX-License-Identifier: Apache-2.0
"""What happens to images on their way: turns, shifts, blur, light. In PyTorch, so that gradients go through."""

from __future__ import annotations

from typing import Any

import torch

from ..models import Data


def as_images(samples: Any, data: Data) -> Any:
    """[n, channels, height, width], double."""
    assert data.image is not None
    return torch.as_tensor(samples).double().reshape(-1, *data.image)


def turned(images: Any, degrees: Any, right: Any, down: Any, scale: Any, fill: float) -> Any:
    """Turned about the middle, then shifted by pixels, bilinear. degrees, right, down, scale: a number an image."""
    count, _, height, width = images.shape
    angle = torch.deg2rad(torch.as_tensor(degrees, dtype=torch.float64)).expand(count)
    right, down, scale = (torch.as_tensor(each, dtype=torch.float64).expand(count) for each in (right, down, scale))
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = (
        torch.stack([cosine, -sine, -2 * right / width], dim=1),
        torch.stack([sine, cosine, -2 * down / height], dim=1),
    )
    grid = torch.nn.functional.affine_grid(torch.stack(rows, dim=1), list(images.shape), align_corners=False)
    # What comes from outside is background, not black.
    moved = torch.nn.functional.grid_sample(images - fill, grid, align_corners=False)
    return moved + fill


def blurred(images: Any, sigma: float) -> Any:
    """By a Gaussian of so many pixels."""
    places = torch.arange(-2, 3, dtype=torch.float64)
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    channels = images.shape[1]
    across = weights.reshape(1, 1, 1, 5).expand(channels, 1, 1, 5)
    padded = torch.nn.functional.pad(images, (2, 2, 2, 2), mode="replicate")
    once = torch.nn.functional.conv2d(padded, across, groups=channels)
    return torch.nn.functional.conv2d(once, across.transpose(2, 3), groups=channels)


def uniform(count: int, low: float, high: float, generator: Any) -> Any:
    return low + (high - low) * torch.rand(count, generator=generator, dtype=torch.float64)
