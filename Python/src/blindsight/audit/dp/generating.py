# SPDX-License-Identifier: Apache-2.0
"""What generators have in common: networks on records with their class beside them, and models of generated records."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._models import need
from ..models import train
from .networks import polynomial_network, tensors


def with_classes(x: Any, y: Any, classes: int, weight: float = 1.0) -> Any:
    """[n, features + classes]; weight: what a class counts beside hundreds of features."""
    return np.concatenate([x, weight * np.eye(classes)[y]], axis=1).astype(np.float32)


def dense(*sizes: int, seed: int = 0, last: Any = None) -> Any:
    """Dense layers with leaky rectifiers between them: for what is never served."""
    torch = need("torch", "training")
    torch.manual_seed(seed)
    layers: list[Any] = []
    for place, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers.append(torch.nn.Linear(inputs, outputs))
        if place + 2 < len(sizes):
            layers.append(torch.nn.LeakyReLU(0.2))
    return torch.nn.Sequential(*layers, *([] if last is None else [last]))


def student_of(x: Any, y: Any, classes: int, hidden: int = 64, seed: int = 0, epochs: int = 6) -> Any:
    """A polynomial network trained on generated records: what is served. It costs no more privacy."""
    network = polynomial_network((x.shape[1], hidden, classes), seed)
    return train(network, x, y, epochs=epochs, batch=128, seed=seed)


def drawn(generator: Any, width: int, labels: Any, classes: int, seed: int) -> Any:
    """[n, features]: records of a conditional generator of noise of `width`, numpy."""
    torch = need("torch", "training")
    noise = torch.randn(len(labels), width, generator=torch.Generator().manual_seed(seed))
    beside = tensors(np.eye(classes)[labels])[0]
    with torch.no_grad():
        return generator(torch.cat([noise, beside], dim=1)).numpy()


def grid_of(images: Any, columns: int = 10) -> bytes:
    """A PNG file of images [n, 784] of 0 to 1."""
    import io

    matplotlib = need("matplotlib", "plots")
    matplotlib.use("agg")
    from matplotlib import pyplot  # type: ignore[import-not-found,unused-ignore]

    rows = -(-len(images) // columns)
    sheet = np.zeros((rows * 28, columns * 28))
    for place, image in enumerate(images):
        top, left = place // columns * 28, place % columns * 28
        sheet[top : top + 28, left : left + 28] = np.clip(image, 0, 1).reshape(28, 28)
    buffer = io.BytesIO()
    pyplot.imsave(buffer, sheet, cmap="gray", format="png")
    return buffer.getvalue()
