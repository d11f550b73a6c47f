# SPDX-License-Identifier: Apache-2.0
"""Features of images that are the same whatever the data are, and labels spread by likeness."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._models import need

ORIENTATIONS, CELL = 8, 4


def gradient_histograms(images: Any) -> Any:
    """[n, 49 * 8] of images [n, 784]: histograms of gradients' directions in cells of 4 x 4, each divided by what the
    3 x 3 cells around it have.

    Dalal and Triggs, Histograms of oriented gradients for human detection, 2005."""
    found = [_histograms(np.asarray(images[start : start + 4000])) for start in range(0, len(images), 4000)]
    return np.concatenate(found)


def _histograms(flat: Any) -> Any:
    images = flat.reshape(-1, 28, 28).astype(np.float32)
    dy, dx = np.gradient(images, axis=(1, 2))
    size = np.hypot(dx, dy)
    place = (np.arctan2(dy, dx) % np.pi) / np.pi * ORIENTATIONS
    low = np.floor(place).astype(int)
    part = place - low
    cells = 28 // CELL
    out = np.zeros((len(images), cells, cells, ORIENTATIONS), np.float32)
    for which in range(ORIENTATIONS):
        weight = size * ((low % ORIENTATIONS == which) * (1 - part) + ((low + 1) % ORIENTATIONS == which) * part)
        out[..., which] = weight.reshape(-1, cells, CELL, cells, CELL).sum(axis=(2, 4))
    energy = np.pad((out**2).sum(axis=-1), ((0, 0), (1, 1), (1, 1)))
    around = np.lib.stride_tricks.sliding_window_view(energy, (3, 3), axis=(1, 2)).sum(axis=(-2, -1))
    return (out / (np.sqrt(around)[..., None] + 1e-2)).reshape(len(images), -1)


def neighbours(features: Any, count: int = 10) -> Any:
    """A sparse matrix [n, n] of likeness between each row and the `count` nearest to it, symmetric, with rows that sum
    to what their columns do (Zhou and others, Learning with local and global consistency, 2004)."""
    sparse = need("scipy.sparse", "spreading labels", "scipy")
    rows = np.asarray(features, np.float32)
    squares = (rows**2).sum(1)
    near, far = [], []
    for start in range(0, len(rows), 500):
        distances = squares + squares[start : start + 500, None] - 2 * rows[start : start + 500] @ rows.T
        found = np.argpartition(distances, count, axis=1)[:, : count + 1]
        near.append(found)
        far.append(np.take_along_axis(distances, found, axis=1))
    places, distances = np.concatenate(near), np.maximum(np.concatenate(far), 0)
    width = np.median(distances)
    values = np.exp(-distances / width).reshape(-1)
    index = np.repeat(np.arange(len(rows)), count + 1)
    graph = sparse.csr_matrix((values, (index, places.reshape(-1))), shape=(len(rows), len(rows)))
    graph.setdiag(0)
    graph = graph.maximum(graph.T)
    scale = sparse.diags(1 / np.sqrt(np.maximum(np.asarray(graph.sum(axis=1))[:, 0], 1e-12)))
    return scale @ graph @ scale


def spread(graph: Any, places: Any, labels: Any, classes: int, steps: int = 60, keep: float = 0.98) -> tuple[Any, Any]:
    """Labels of all rows from those of some, and how sure each is: the first share less the second."""
    seeds = np.zeros((graph.shape[0], classes))
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    seeds[places, labels] = 1 / counts[labels]
    found = seeds
    for _ in range(steps):
        found = keep * (graph @ found) + (1 - keep) * seeds
    # Classes with few answers count as much as those with many.
    found = found / np.maximum(found.sum(axis=0), 1e-12)
    ordered = np.sort(found, axis=1)
    sure = (ordered[:, -1] - ordered[:, -2]) / np.maximum(ordered[:, -1], 1e-300)
    return found.argmax(axis=1), sure


def representatives(features: Any, count: int, seed: int = 0) -> Any:
    """[count]: places of rows that lie nearest to the centres of so many clusters: what to ask about first."""
    cluster = need("sklearn.cluster", "choosing questions", "scikit-learn")
    rows = np.asarray(features, np.float32)
    means = cluster.MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=2048, max_iter=30).fit(rows)
    chosen = means.transform(rows).argmin(axis=0)
    order = np.argsort(-np.bincount(means.labels_, minlength=count), kind="stable")
    _, first = np.unique(chosen[order], return_index=True)
    return chosen[order][np.sort(first)]
