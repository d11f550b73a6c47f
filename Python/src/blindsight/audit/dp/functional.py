# SPDX-License-Identifier: Apache-2.0
"""The functional mechanism: noise on the coefficients of an objective that is a polynomial of the weights.

Zhang, Zhang, Xiao, Yang and Winslett, 2012. Cross entropy becomes a polynomial of degree 2 of the weights, whose
coefficients are sums over records; with Laplace's noise on these, once, whatever is done with them costs nothing more.
That holds only where the coefficients depend on nothing but the records: features that are learned from the same
records without noise would void it, so features here are fixed, or come from what was already private.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from ..._errors import DataError, InvalidArgument
from .accounting import Ledger

TAYLOR = (np.log(2.0), 0.5, 0.125)
"""log(1 + exp(z)) near 0: constant, linear, quadratic."""


def chebyshev(radius: float) -> tuple[float, float, float]:
    """The same on [-radius, radius]: the first three terms of Chebyshev's expansion, as a polynomial of z."""
    if not radius > 0:
        raise InvalidArgument(f"a positive radius is needed, not {radius}", "radius")
    series = np.polynomial.Chebyshev.interpolate(lambda z: np.logaddexp(0, z), 40, [-radius, radius]).truncate(3)
    constant, linear, quadratic = series.convert(kind=np.polynomial.Polynomial, domain=[-1, 1], window=[-1, 1]).coef
    return float(constant), float(linear), float(quadratic)


RIDGE = 8.0


@dataclass
class Moments:
    """Noisy sums over records of features h of norm at most 1 and targets t.

    products: of h h^T. cross: [features, targets], of h t^T. mean: [features], of h. noise: deviation of an entry of
    `products`.
    """

    products: Any
    cross: Any
    mean: Any
    noise: float


def cut(features: Any, norm: float = 1.0) -> Any:
    """Rows cut to a norm."""
    rows = np.asarray(features, np.float64)
    if not np.isfinite(rows).all():
        raise DataError("a feature is no number", "features")
    return rows / np.maximum(1.0, np.linalg.norm(rows, axis=1, keepdims=True) / norm)


def private_moments(
    features: Any,
    targets: Any,
    epsilon: float,
    ledger: Ledger,
    seed: int = 0,
    importance: Optional[Any] = None,
    targets_sum: Optional[float] = None,
) -> Moments:
    """(epsilon, 0)-private for one record added or removed; half is spent on products, half on the rest.

    features: [n, d], cut to norm 1 here. targets: [n, m], of 0 to 1, whose sum in a record is at most `targets_sum` (by
    default 1: one class; clipped here otherwise). importance: [d], positive, from what is public or was private before:
    noise on a coefficient is in inverse proportion to it.
    """
    if not epsilon > 0:
        raise InvalidArgument(f"a positive epsilon is needed, not {epsilon}", "epsilon")
    rows = cut(features)
    width = rows.shape[1]
    weights = np.ones(width) if importance is None else np.asarray(importance, np.float64)
    if weights.shape != (width,) or not (weights > 0).all():
        raise InvalidArgument("a positive importance for each feature is needed", "importance")
    limit = 1.0 if targets_sum is None else float(targets_sum)
    wanted = np.clip(np.asarray(targets, np.float64), 0, 1)
    wanted = wanted / np.maximum(1.0, wanted.sum(axis=1, keepdims=True) / limit)
    # In L1, for |h| <= 1 in L2: sum of w_j |h_j| is at most |w|; that of w_j w_k |h_j h_k| over j <= k at most
    # (|w|^2 + max w^2) / 2.
    length = float(np.linalg.norm(weights))
    products_scale = (length**2 + weights.max() ** 2) / 2 / (epsilon / 2)
    rest_scale = length * (limit + 1) / (epsilon / 2)
    generator = np.random.default_rng(seed)
    noise = np.triu(generator.laplace(0, products_scale, (width, width)))
    noise = (noise + np.triu(noise, 1).T) / np.outer(weights, weights)
    cross = rows.T @ wanted + generator.laplace(0, rest_scale, (width, wanted.shape[1])) / weights[:, None]
    mean = rows.sum(axis=0) + generator.laplace(0, rest_scale, width) / weights
    ledger.pure(epsilon)
    typical = float(np.sqrt(2) * products_scale / np.exp(np.mean(2 * np.log(weights))))
    return Moments(rows.T @ rows + noise, cross, mean, typical)


def minimum(moments: Moments, terms: tuple[float, float, float], importance: Optional[Any] = None) -> Any:
    """[features, targets]: weights w of the least sum of log(1 + exp(h w)) - t h w, with log(1 + exp) as the polynomial
    `terms`. A ridge of eight deviations of the noise keeps the noisy objective bounded (the mechanism's paper takes
    four); what is left of negative curvature is cut off."""
    weights = np.ones(len(moments.mean)) if importance is None else np.asarray(importance, np.float64)
    _, linear, quadratic = terms
    # In features times their importance, noise is even.
    scaled = moments.products / np.outer(1 / weights, 1 / weights)
    values, vectors = np.linalg.eigh(scaled)
    even = moments.noise * np.exp(np.mean(2 * np.log(weights)))
    values = np.maximum(values, 0.0) + RIDGE * even + 1e-9 * max(values.max(), 1e-12)
    target = (moments.cross - linear * moments.mean[:, None]) * weights[:, None]
    solved = vectors @ ((vectors.T @ target) / values[:, None]) / (2 * quadratic)
    return solved * weights[:, None]
