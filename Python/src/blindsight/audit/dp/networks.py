# SPDX-License-Identifier: Apache-2.0
"""Small networks of these rows: dense layers and squares, whatever was linear before them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..._models import need
from ..models import flat_mnist, polynomial_network


def tensors(*arrays: Any) -> list[Any]:
    """Tensors of numpy's arrays: reals as float32, whole numbers as int64."""
    torch = need("torch", "training")
    return [
        torch.from_numpy(np.ascontiguousarray(a, np.int64 if np.asarray(a).dtype.kind in "iu" else np.float32))
        for a in arrays
    ]


def fixed(matrix: Any, offset: Any = None) -> Any:
    """A linear layer that is not trained: x to x @ matrix + offset; matrix: [features, outputs]."""
    torch = need("torch", "training")
    layer = torch.nn.Linear(*matrix.shape, bias=offset is not None)
    with torch.no_grad():
        layer.weight.copy_(tensors(np.asarray(matrix, np.float32).T)[0])
        if offset is not None:
            layer.bias.copy_(tensors(np.asarray(offset, np.float32))[0])
    for parameter in layer.parameters():
        parameter.requires_grad_(False)
    return layer


def joined(*modules: Any) -> Any:
    """One after another."""
    torch = need("torch", "training")
    return torch.nn.Sequential(*modules).eval()


class Parts(NamedTuple):
    """MNIST. members: 55,000 of the training images; strangers: the other 5,000, which nothing is trained on. They are
    of one distribution, which the test images are not quite: an attack that tells these two apart may tell the files
    apart. outsiders: test images to measure accuracy by; public: the other test images."""

    members: tuple[Any, Any]
    strangers: tuple[Any, Any]
    outsiders: tuple[Any, Any]
    public: tuple[Any, Any]


@lru_cache(maxsize=1)
def _shuffled() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    data = flat_mnist()
    order = np.random.default_rng(0).permutation(len(data.train_x))
    parts = [(data.train_x[places], data.train_y[places]) for places in (order[5000:], order[:5000])]
    return parts[0], parts[1]


def split_mnist(public: int = 300) -> Parts:
    """public: how many test images are public; the first ones."""
    data = flat_mnist()
    x, y = data.test_x, data.test_y
    return Parts(*_shuffled(), (x[public:], y[public:]), (x[:public], y[:public]))


def cosines(size: int, kept: int) -> Any:
    """[size * size, kept * kept]: the lowest frequencies of images of size x size, by the discrete cosine transform.

    The same whatever the data are, so it costs no privacy."""
    place = np.arange(size)
    basis = np.cos(np.pi * (place[:, None] + 0.5) * np.arange(kept)[None] / size)
    basis /= np.linalg.norm(basis, axis=0)
    return np.einsum("au,bv->abuv", basis, basis).reshape(size * size, kept * kept)


__all__ = ["cosines", "split_mnist", "fixed", "joined", "polynomial_network", "tensors"]
