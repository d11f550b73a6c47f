# SPDX-License-Identifier: Apache-2.0
"""A mixture of small generators, each for a cluster that was found privately."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._models import need
from ..finding import Expected, Finding
from ..registry import register
from .accounting import Ledger
from .generating import grid_of, student_of, with_classes
from .measuring import measure
from .networks import split_mnist, tensors
from .rows import DELTA, PrivateRow
from .training import Schedule, train_privately

CLUSTERS, LATENT, EPSILON = 5, 8, 4.0


def fourier_features(x: Any, count: int, width: float, seed: int) -> Any:
    """[n, 2 count], of norm 1: Rahimi and Recht, Random features for large-scale kernel machines, 2007."""
    turn = np.random.default_rng(seed).normal(0, 1 / width, (x.shape[1], count)).astype(np.float32)
    angles = x @ turn
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(count)


def private_clusters(rows: Any, clusters: int, sigma: float, steps: int, ledger: Ledger, seed: int) -> Any:
    """[clusters, features]: centres of rows of norm 1 by Lloyd's steps whose sums and counts have noise. A record moves
    one sum by 1 and one count by 1: by the root of 2 in L2."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(0, 1 / np.sqrt(rows.shape[1]), (clusters, rows.shape[1]))
    centres = rows.shape[1] ** -0.5 * np.sign(centres) * 0.1 + centres * 0.5
    for step in range(steps):
        own = nearest(rows, centres)
        sums = np.stack([rows[own == place].sum(axis=0) for place in range(clusters)])
        counts = np.bincount(own, minlength=clusters).astype(float)
        deviation = sigma * np.sqrt(2)
        sums = sums + generator.normal(0, deviation, sums.shape)
        counts = counts + generator.normal(0, deviation, clusters)
        ledger.gaussian(sigma)
        few = (counts < 0.05 * counts.sum()) & (step < steps - 3)
        centres = sums / np.maximum(counts, 1)[:, None]
        # A cluster that lost its records begins again beside the largest.
        centres[few] = centres[counts.argmax()] + generator.normal(0, 0.02, (int(few.sum()), rows.shape[1]))
    return centres


def nearest(rows: Any, centres: Any) -> Any:
    """[n]: the place of the nearest centre."""
    return ((centres**2).sum(axis=1) - 2 * rows @ centres.T).argmin(axis=1)


def autoencoder(features: int, seed: int) -> Any:
    """A variational auto-encoder: Kingma and Welling, 2014. Called with [n, features + LATENT] of records and noise, it
    returns the means and logarithms of variances [n, 2 LATENT], and scores of features [n, features]."""
    torch = need("torch", "training")
    torch.manual_seed(seed)

    class Autoencoder(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(features, 96)
            self.code = torch.nn.Linear(96, 2 * LATENT)
            self.third = torch.nn.Linear(LATENT, 96)
            self.last = torch.nn.Linear(96, features)

        def decode(self, code: Any) -> Any:
            return self.last(torch.relu(self.third(code)))

        def forward(self, x: Any) -> tuple[Any, Any]:
            code = self.code(torch.relu(self.first(x[:, :features])))
            mean, spread = code[:, :LATENT], code[:, LATENT:].clamp(-8, 8)
            return code, self.decode(mean + (spread / 2).exp() * x[:, features:])

    return Autoencoder()


def losses(module: Any, rows: Any) -> Any:
    """[n]: the bound that is minimized, each record with noise of its own."""
    torch = need("torch", "training")
    noise = torch.randn(len(rows), LATENT)
    code, scores = module(torch.cat([rows, noise], dim=1))
    mean, spread = code[:, :LATENT], code[:, LATENT:].clamp(-8, 8)
    apart = 0.5 * (mean**2 + spread.exp() - spread - 1).sum(dim=1)
    seen = torch.nn.functional.binary_cross_entropy_with_logits(scores, rows, reduction="none")
    # A class counts as much as a stroke does, or samples come with others' classes.
    return seen[:, :-10].sum(dim=1) + 15 * seen[:, -10:].sum(dim=1) + apart


@register
class Mixture(PrivateRow):
    """Kernel k-means on random Fourier features, then a generator for each cluster."""

    name = "dp-mixture"
    paper = "Acs and others, Differentially private mixture of generative neural networks, 2017"
    budget = "epsilon 4, delta 1e-5: centres and counts, then each cluster by itself"
    headline = "samples and counting queries; MNIST"
    expected = Expected(0.75, comparable=False)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        torch = need("torch", "training")
        torch.manual_seed(seed)
        (x, y), strangers, outsiders, _ = split_mnist()
        ledger = Ledger()
        rows = fourier_features(x, 100, 5.0, seed)
        centres = private_clusters(rows, CLUSTERS, 40.0, 10, ledger, seed)
        own = nearest(rows, centres)
        sizes = np.bincount(own, minlength=CLUSTERS) + np.random.default_rng(seed + 1).normal(0, 40.0, CLUSTERS)
        ledger.gaussian(40.0)
        # One sampling rate for all clusters, since how many records one has is not public; a record is in one alone.
        steps, sampling = 300, 0.03
        low, high = 0.4, 20.0
        while high / low > 1.01:
            middle = (low * high) ** 0.5
            tried = Ledger().gaussian(40.0, steps=11).gaussian(middle, steps=steps, sampling=sampling)
            low, high = (low, middle) if tried.epsilon(DELTA) <= EPSILON else (middle, high)
        made_x, made_y = [], []
        draw = torch.Generator().manual_seed(seed + 2)
        shares = np.maximum(sizes, 0) / np.maximum(sizes, 0).sum()
        for place in range(CLUSTERS):
            inside = own == place
            part = with_classes(x[inside], y[inside], 10)
            if sizes[place] < 1000 or len(part) == 0:
                continue
            module = autoencoder(part.shape[1], seed + place)
            batch = round(sampling * sizes[place])
            schedule = Schedule(steps, batch, high, clip=2.0, rate=2e-3, adam=True, sampling=sampling)
            train_privately(module, losses, tensors(part), schedule, Ledger(), seed + place)
            with torch.no_grad():
                count = int(12000 * shares[place])
                made = torch.sigmoid(module.decode(torch.randn(count, LATENT, generator=draw))).numpy()
            made_x.append(made[:, :784])
            made_y.append(made[:, 784:].argmax(axis=1))
        ledger.gaussian(high, steps=steps, sampling=sampling)
        made, labels = np.concatenate(made_x), np.concatenate(made_y)
        order = np.random.default_rng(seed).permutation(len(made))
        made, labels = made[order], labels[order]
        served = measure(
            student_of(made, labels, 10, 128, seed), (made[:300], labels[:300]), (x, y), outsiders, strangers
        )
        # Counting queries of two pixels: how many records have both.
        pairs = np.random.default_rng(seed).choice(np.flatnonzero(x[:2000].mean(axis=0) > 0.1), (200, 2))
        true = ((x[:, pairs[:, 0]] > 0.5) & (x[:, pairs[:, 1]] > 0.5)).mean(axis=0)
        told = ((made[:, pairs[:, 0]] > 0.5) & (made[:, pairs[:, 1]] > 0.5)).mean(axis=0)
        details = {
            "sigma": round(high, 3),
            "records by cluster": [int(size) for size in np.bincount(own, minlength=CLUSTERS)],
            "mean error of counts of two pixels": round(float(np.abs(true - told).mean()), 4),
            "classes of generated records": np.bincount(labels, minlength=10).tolist(),
        }
        return self.found(
            served,
            ledger.epsilon(DELTA),
            DELTA,
            details,
            [("generated", grid_of(made[:60]))],
            remedy="a larger epsilon, or a model trained privately in place of data generated privately",
        )
