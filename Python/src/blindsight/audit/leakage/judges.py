# SPDX-License-Identifier: Apache-2.0
"""Who says what an image shows: a convolutional network that no attack has seen."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

Array = Any


class Judge:
    """Classifies [n, 784] images from 0 to 1. Trained on images that no attacked model was trained on."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, images: Array) -> Array:
        """[n, 10]: probabilities."""
        import torch

        with torch.no_grad():
            x = torch.as_tensor(np.asarray(images, np.float32).reshape(-1, 1, 28, 28))
            return torch.softmax(self._module(x), dim=1).numpy()


@functools.lru_cache(maxsize=1)
def mnist_judge() -> Judge:
    """A judge of MNIST's digits, trained on 10,000 images from the end of the training set."""
    import torch

    from ..models import flat_mnist, train

    torch.manual_seed(77)
    layers = torch.nn
    module = layers.Sequential(
        layers.Conv2d(1, 16, 5, stride=2, padding=2),
        layers.ReLU(),
        layers.Conv2d(16, 32, 5, stride=2, padding=2),
        layers.ReLU(),
        layers.Flatten(),
        layers.Linear(32 * 49, 10),
    )
    data = flat_mnist()
    return Judge(train(module, data.train_x[-10000:].reshape(-1, 1, 28, 28), data.train_y[-10000:], epochs=3, seed=77))
