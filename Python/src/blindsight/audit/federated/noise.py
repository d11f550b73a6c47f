# SPDX-License-Identifier: Apache-2.0
"""Discrete Gaussian noise that clients add before encryption, and what the sum of it guarantees.

Kairouz, Liu and Steinke, "The distributed discrete Gaussian mechanism for federated learning with secure aggregation"
(2021).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._errors import InvalidArgument

Array = Any


def discrete_gaussian(sigma: float, count: int, random: Any) -> Array:
    """[count] integers with probabilities in proportion to exp(-x^2 / (2 sigma^2)), by the inverse of their sums.

    Exact up to the rounding of doubles (2^-53), and without what lies 12 deviations out (2^-100): for measuring what
    noise does. A generator of cryptographic strength with exact rationals is for a deployment.
    """
    if not 0 < sigma < 1e6:
        raise InvalidArgument(f"a deviation of {sigma}; above 0 and below a million are sampled", "sigma")
    reach = math.ceil(12 * sigma) + 1
    values = np.arange(-reach, reach + 1)
    sums = np.cumsum(np.exp(-(values.astype(np.float64) ** 2) / (2 * sigma * sigma)))
    return values[np.minimum(np.searchsorted(sums, random.random(count) * sums[-1], side="right"), 2 * reach)]


def concentrated(sensitivity: float, sigma: float, clients: int, count: int) -> float:
    """The concentrated differential privacy (rho of zCDP) of one sum, for one client more or less.

    sensitivity: the norm of a client's integers. Theorem 1 of the paper: half of the square of
    min(sqrt(s^2 / (n sigma^2) + 2 tau d), s / (sqrt(n) sigma) + tau sqrt(d)), tau how far a sum of discrete Gaussians
    is from one: 10 sum over k < n of exp(-2 pi^2 sigma^2 k / (k + 1)). One client is taken to add no noise.
    """
    if clients < 2 or sigma <= 0 or sensitivity <= 0:
        raise InvalidArgument("two clients, noise and a sensitivity above 0 are needed")
    honest = clients - 1
    tau = 10 * sum(math.exp(-2 * math.pi**2 * sigma**2 * k / (k + 1)) for k in range(1, honest))
    squared = sensitivity**2 / (honest * sigma**2)
    root = min(math.sqrt(squared + 2 * tau * count), math.sqrt(squared) + tau * math.sqrt(count))
    return root**2 / 2


def epsilon(sensitivity: float, sigma: float, clients: int, count: int, rounds: int, delta: float) -> float:
    """Epsilon at delta of all rounds with every client in each.

    From zCDP by the best order of Renyi divergence (Canonne, Kamath and Steinke, "The discrete Gaussian for
    differential privacy", 2020, corollary 13).
    """
    if not 0 < delta < 1:
        raise InvalidArgument(f"a delta of {delta} is not between 0 and 1", "delta")
    rho = rounds * concentrated(sensitivity, sigma, clients, count)
    if rho > 1e4:
        return math.inf
    orders = 1 + np.geomspace(1e-4, 1e6, 4000)
    bounds = rho * orders + np.log(1 / (orders * delta)) / (orders - 1) + np.log1p(-1 / orders)
    return max(0.0, float(bounds.min()))
