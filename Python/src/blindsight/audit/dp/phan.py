# SPDX-License-Identifier: Apache-2.0
"""Three networks whose layers are learned by the functional mechanism: Phan and others.

In the papers hidden features are learned from the records whose sums get the noise, and batches share it. Here each
layer's coefficients are sums over records of features that are already fixed or private, so that epsilon adds up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._models import need
from ..finding import Expected, Finding
from ..registry import register
from .accounting import Ledger
from .functional import TAYLOR, chebyshev, cut, minimum, private_moments
from .measuring import curve, measure
from .networks import cosines, fixed, joined, polynomial_network, split_mnist, tensors
from .rows import PrivateRow

CLASSES = 10
ENCODER_SCALE = 4.0
POWER = 0.25
BEND = 1.0


def square() -> Any:
    return polynomial_network((1, 1, 1))[1]


def unbent(width: int, scale: float) -> Any:
    """After a square of z + BEND: scale (z^2 + 2 BEND z)."""
    return fixed(np.eye(width) * scale, np.full(width, -scale * BEND**2))


def pooled(side: int) -> Any:
    """[784, side * side]: means of squares of pixels; the same whatever the data are."""
    place = np.arange(28) * side // 28
    one = (place[:, None] == np.arange(side)) / (28 // side)
    return np.einsum("au,bv->abuv", one, one).reshape(784, side * side)


def frequencies(kept: int) -> Any:
    """[784, kept^2 - 1]: the lowest but the mean, scaled so that images have norms around 1."""
    return cosines(28, kept)[:, 1:] / 7.0


def with_one(features: Any, share: float = 0.3) -> Any:
    """Rows cut to norm 1 with a constant feature beside them; norm 1 in all."""
    rows = cut(features, np.sqrt(1 - share**2))
    return np.concatenate([rows, np.full((len(rows), 1), share)], axis=1)


def classifier(features: Any, labels: Any, epsilon: float, ledger: Ledger, seed: int, terms: Any = TAYLOR) -> Any:
    """A layer [features, 10] with offsets, by the functional mechanism, on features of norms of mostly up to 1."""
    moments = private_moments(with_one(features), np.eye(CLASSES)[labels], epsilon, ledger, seed)
    solved = minimum(moments, terms)
    return fixed(solved[:-1], 0.3 * solved[-1])


def features_of(module: Any, x: Any) -> Any:
    torch = need("torch", "training")
    with torch.no_grad():
        return np.concatenate([module(tensors(x[start : start + 5000])[0]).numpy() for start in range(0, len(x), 5000)])


def autoencoder(x: Any, y: Any, epsilon: float, ledger: Ledger, seed: int) -> Any:
    """Half of epsilon for an auto-encoder with tied weights, half for the classifier on its squares."""
    base = frequencies(7)
    rows = x @ base
    shown = x @ pooled(7)
    moments = private_moments(with_one(rows), shown, epsilon / 2, ledger, seed, targets_sum=15.0)
    decoder = minimum(moments, TAYLOR)[:-1]
    # The encoder is the decoder, turned around; its outputs are scaled without a look at the records.
    encoder = decoder / np.linalg.norm(decoder, 2)
    codes = base @ encoder * ENCODER_SCALE
    hidden = joined(fixed(codes, np.full(codes.shape[1], BEND)), square(), unbent(codes.shape[1], 1 / (2 * BEND)))
    last = classifier(features_of(hidden, x), y, epsilon / 2, ledger, seed + 1)
    return joined(hidden, last)


class _Functional(PrivateRow):
    budget = "epsilon 2, delta 0; 0.5 and 8 too"
    expected = Expected(0.80, comparable=False)

    def network(self, x: Any, y: Any, epsilon: float, ledger: Ledger, seed: int) -> Any:
        raise NotImplementedError

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        members, strangers, outsiders, public = split_mnist()
        accuracies, details = [], {}
        epsilons = (0.5, 2.0, 8.0)
        kept: Any = None
        for epsilon in epsilons:
            ledger = Ledger()
            module = self.network(*members, epsilon, ledger, seed)
            if abs(ledger.epsilon(0.0) - epsilon) > 1e-9:
                raise AssertionError(f"{ledger.epsilon(0.0)} was spent of {epsilon}")
            if epsilon == 2.0:
                kept = measure(module, public, members, outsiders, strangers)
                accuracies.append(kept.accuracy)
            else:
                found = features_of(module, outsiders[0]).argmax(axis=1)
                accuracies.append(float((found == outsiders[1]).mean()))
            details[f"accuracy at epsilon {epsilon:g}"] = round(accuracies[-1], 4)
        details.update(self.more(*members, outsiders, seed))
        plot = curve(
            f"{self.name} on MNIST", "epsilon (delta 0)", "accuracy", [(self.name, epsilons, accuracies)], log=True
        )
        return self.found(kept, 2.0, 0.0, details, [("epsilon", plot)] if plot else [])

    def more(self, x: Any, y: Any, outsiders: Any, seed: int) -> dict[str, Any]:
        return {}


@register
class PrivateAutoencoder(_Functional):
    """Reconstruction, then classes."""

    name = "private-autoencoder"
    paper = "Phan and others, Differential privacy preservation for deep auto-encoders, 2016"
    headline = "a health network's data"
    expected = Expected(0.75, comparable=False)

    def network(self, x: Any, y: Any, epsilon: float, ledger: Ledger, seed: int) -> Any:
        return autoencoder(x, y, epsilon, ledger, seed)


FILTERS, PATCH, RADIUS, BELIEF_SCALE = 8, 7, 2.0, 0.3


def patches(x: Any) -> Any:
    """[n, places, 49] with a stride of 3, zero-mean."""
    images = np.asarray(x, np.float64).reshape(-1, 28, 28)
    views = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(1, 2))[:, ::3, ::3]
    rows = views.reshape(len(images), -1, PATCH * PATCH)
    return rows - rows.mean(axis=2, keepdims=True)


def patch_products(x: Any) -> Any:
    """[49, 49]: the sum over records of the mean of p p^T over a record's patches p, of norm 1 at most."""
    total = np.zeros((PATCH * PATCH,) * 2)
    for start in range(0, len(x), 2000):
        rows = (patches(x[start : start + 2000]) / 3.0).astype(np.float32)
        rows /= np.maximum(1.0, np.linalg.norm(rows, axis=2, keepdims=True))
        places, flat = rows.shape[1], rows.reshape(-1, PATCH * PATCH)
        total += flat.T @ flat / places
    return total


def private_filters(total: Any, records: int, epsilon: float, ledger: Ledger, seed: int) -> Any:
    """[49, filters]: of a convolutional restricted Boltzmann machine whose energy has the expansion of Chebyshev in
    place of log(1 + exp).

    total: `patch_products`. The data's part of the gradient is a function of these, which get the noise once. The
    model's part comes from chains that begin at noise, and never sees a record.
    """
    width = PATCH * PATCH
    generator = np.random.default_rng(seed)
    noise = np.triu(generator.laplace(0, (width + 1) / 2 / epsilon, (width, width)))
    ledger.pure(epsilon)
    products = (total + noise + np.triu(noise, 1).T) / records
    _, linear, quadratic = chebyshev(RADIUS)
    weights = generator.normal(0, 0.1, (width, FILTERS))
    chains = generator.normal(0, 0.3, (400, width))
    for step in range(400):
        data = 2 * quadratic * products @ weights
        hidden = generator.random((len(chains), FILTERS)) < 1 / (1 + np.exp(-chains @ weights))
        chains = 0.3 * (hidden @ weights.T) + generator.normal(0, 0.15, chains.shape)
        chains -= chains.mean(axis=1, keepdims=True)
        model = chains.T @ (linear + 2 * quadratic * chains @ weights) / len(chains)
        weights += 2.0 * (1 - step / 400) * (data - model)
        # Filters that look for the same would waste the layer.
        left, _, right = np.linalg.svd(weights, full_matrices=False)
        weights = 0.5 * weights + 0.5 * left @ right
    return weights


@register
class PrivateBeliefNetwork(_Functional):
    """Convolutions by a private Boltzmann machine, then classes; both objectives by Chebyshev's expansion."""

    name = "private-belief-network"
    paper = "Phan, Wu and Dou, Preserving differential privacy in convolutional deep belief networks, 2017"
    headline = "curves on MNIST"
    _of: Any = None
    _products: Any = None

    def network(self, x: Any, y: Any, epsilon: float, ledger: Ledger, seed: int) -> Any:
        torch = need("torch", "training")
        if self._of is not x:
            self._of, self._products = x, patch_products(x)
        filters = private_filters(self._products, len(x), epsilon / 4, ledger, seed)
        convolution = torch.nn.Conv2d(1, FILTERS, PATCH, stride=3)
        with torch.no_grad():
            kernel = filters / np.linalg.norm(filters, axis=0)
            kernel = kernel - kernel.mean(axis=0)
            convolution.weight.copy_(tensors(kernel.T.reshape(FILTERS, 1, PATCH, PATCH))[0])
            convolution.bias.fill_(BEND)
        for parameter in convolution.parameters():
            parameter.requires_grad_(False)
        features = joined(
            torch.nn.Unflatten(1, (1, 28, 28)),
            convolution,
            square(),
            torch.nn.AvgPool2d(4),
            torch.nn.Flatten(),
            unbent(FILTERS * 4, BELIEF_SCALE),
        )
        last = classifier(features_of(features, x), y, 3 * epsilon / 4, ledger, seed + 1, chebyshev(RADIUS))
        return joined(features, last)


def relevance(features: Any, labels: Any, weights: Any, epsilon: float, ledger: Ledger, seed: int) -> Any:
    """[features]: shares of a linear layer's scores that come from each, by layer-wise relevance propagation (Bach and
    others, 2015), summed over records with Laplace's noise. The layer must be private already."""
    parts = np.abs(features * weights[:, labels].T)
    parts = parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-12)
    total = parts.sum(axis=0) + np.random.default_rng(seed).laplace(0, 1 / epsilon, parts.shape[1])
    ledger.pure(epsilon)
    total = np.maximum(total, 0)
    return total / max(total.sum(), 1e-12)


@register
class AdaptiveLaplace(_Functional):
    """Less noise on features that more of the answer comes from."""

    name = "adaptive-laplace"
    paper = "Phan and others, Adaptive Laplace mechanism, 2017"
    headline = "curves on MNIST"

    def network(self, x: Any, y: Any, epsilon: float, ledger: Ledger, seed: int, even: bool = False) -> Any:
        base = frequencies(7)
        rows = with_one(x @ base)
        wanted = np.eye(CLASSES)[y]
        importance = np.ones(rows.shape[1])
        if not even:
            first = minimum(private_moments(rows, wanted, 0.1 * epsilon, ledger, seed), TAYLOR)
            shares = relevance(rows, y, first, 0.02 * epsilon, ledger, seed + 1)
            # The constant feature takes part in every answer, and needs no more than the others.
            shares = shares[:-1] / max(shares[:-1].sum(), 1e-12)
            importance[:-1] = np.clip(shares * len(shares), 0.1, 10.0) ** POWER
        rest = epsilon - ledger.epsilon(0.0)
        linear = minimum(private_moments(rows, wanted, rest, ledger, seed + 3, importance), TAYLOR, importance)
        return joined(fixed(base @ linear[:-1], 0.3 * linear[-1]))

    def more(self, x: Any, y: Any, outsiders: Any, seed: int) -> dict[str, Any]:
        module = self.network(x, y, 2.0, Ledger(), seed, even=True)
        found = features_of(module, outsiders[0]).argmax(axis=1)
        return {"accuracy at epsilon 2 with even noise": round(float((found == outsiders[1]).mean()), 4)}
