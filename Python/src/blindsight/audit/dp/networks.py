# SPDX-License-Identifier: Apache-2.0
"""Small networks of these rows: dense layers and squares, whatever was linear before them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._models import need
from ..models import Data, flat_mnist, polynomial_network


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


def split_mnist() -> tuple[Data, tuple[Any, Any], tuple[Any, Any]]:
    """MNIST, with two parts of its test images: 9,700 to measure accuracy, 300 as public samples for calibration."""
    data = flat_mnist()
    return data, (data.test_x[:-300], data.test_y[:-300]), (data.test_x[-300:], data.test_y[-300:])


def cosines(size: int, kept: int) -> Any:
    """[size * size, kept * kept]: the lowest frequencies of images of size x size, by the discrete cosine transform.

    The same whatever the data are, so it costs no privacy."""
    place = np.arange(size)
    basis = np.cos(np.pi * (place[:, None] + 0.5) * np.arange(kept)[None] / size)
    basis /= np.linalg.norm(basis, axis=0)
    return np.einsum("au,bv->abuv", basis, basis).reshape(size * size, kept * kept)


__all__ = ["cosines", "split_mnist", "fixed", "joined", "polynomial_network", "tensors"]
