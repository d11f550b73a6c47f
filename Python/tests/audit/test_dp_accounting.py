# SPDX-License-Identifier: Apache-2.0
"""Accountants against opacus', and noise against its distribution."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from blindsight import InvalidArgument
from blindsight.audit.dp.accounting import ORDERS, Ledger, concentrated_epsilon, sampled_gaussian, sigma_for
from blindsight.audit.dp.discrete import DiscreteGaussian, DiscreteLaplace

RUNS = [(0.01, 4.0, 10_000), (0.01, 1.1, 1_000), (0.004, 0.8, 3_000), (0.05, 2.0, 200), (1.0, 10.0, 5)]


def test_moments_accountant_gives_abadis_figure() -> None:
    """q = 0.01, sigma = 4, 10,000 steps: (1.26, 1e-5), Abadi and others, 2016, section 3.2."""
    ledger = Ledger().gaussian(4.0, steps=10_000, sampling=0.01)
    assert ledger.epsilon(1e-5, moments=True) == pytest.approx(1.26, abs=0.01)
    assert ledger.epsilon(1e-5) < 1.1


@pytest.mark.parametrize("sampling, sigma, steps", RUNS)
def test_epsilon_lies_above_the_prv_accountants(sampling: float, sigma: float, steps: int) -> None:
    accountants = pytest.importorskip("opacus.accountants")
    prv, rdp = accountants.PRVAccountant(), accountants.RDPAccountant()
    for accountant in (prv, rdp):
        accountant.history = [(sigma, sampling, steps)]
    ours = Ledger().gaussian(sigma, steps=steps, sampling=sampling).epsilon(1e-5)
    tight = prv.get_epsilon(1e-5, eps_error=0.01)
    assert tight - 0.02 <= ours <= 1.3 * tight
    # Both take the least over orders, of which opacus has others.
    assert ours == pytest.approx(rdp.get_epsilon(1e-5), rel=0.02)


def _moment(x: Any, q: float, sigma: float, order: float) -> float:
    base = -(x**2) / (2 * sigma**2) - math.log(sigma * math.sqrt(2 * math.pi))
    ratio = np.logaddexp(math.log(1 - q), math.log(q) + (2 * x - 1) / (2 * sigma**2))
    return float(np.sum(np.exp(base + order * ratio)) * (x[1] - x[0]))


@pytest.mark.parametrize("order", [2, 5, 32])
def test_divergence_is_the_integral(order: int) -> None:
    """Of the mixture from the Gaussian, by quadrature."""
    q, sigma = 0.02, 1.3
    x = np.linspace(-40, 100, 400_001)
    moment = _moment(x, q, sigma, order)
    assert sampled_gaussian(q, sigma, order) == pytest.approx(math.log(moment) / (order - 1), rel=1e-6)


def test_divergence_between_whole_orders_bounds_the_integral() -> None:
    q, sigma, order = 0.02, 1.3, 2.5
    x = np.linspace(-40, 100, 400_001)
    moment = _moment(x, q, sigma, order)
    exact = math.log(moment) / (order - 1)
    assert exact <= sampled_gaussian(q, sigma, order) <= 1.5 * exact


def test_concentrated_and_pure() -> None:
    assert concentrated_epsilon(0.78, 1e-5) == pytest.approx(6.77, abs=0.01)
    assert Ledger().concentrated(0.5).concentrated(0.25).rho == 0.75
    assert Ledger().gaussian(2.0, steps=4).rho == 0.5
    assert Ledger().gaussian(2.0, steps=4, sampling=0.1).rho == math.inf
    pure = Ledger().pure(0.1, times=20)
    assert pure.epsilon(0) == pytest.approx(2.0)
    assert pure.epsilon(1e-5) <= 2.0
    assert Ledger().pure(0.1, times=2000).epsilon(1e-5) < 200
    assert Ledger().concentrated(0.1).epsilon(0) == math.inf
    assert Ledger().epsilon(1e-5) == 0


def test_sigma_for_is_the_least() -> None:
    sigma = sigma_for(2.0, 1e-5, steps=500, sampling=0.02)
    assert Ledger().gaussian(sigma, steps=500, sampling=0.02).epsilon(1e-5) <= 2.0
    assert Ledger().gaussian(0.99 * sigma, steps=500, sampling=0.02).epsilon(1e-5) > 2.0


@pytest.mark.parametrize("call", [(-0.1, 1.0, 2), (0.1, 0.0, 2), (0.1, 1.0, 1), (1.1, 1.0, 2)])
def test_what_has_no_meaning_is_refused(call: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidArgument):
        sampled_gaussian(*call)


def test_discrete_gaussian_has_its_distribution() -> None:
    noise = DiscreteGaussian(Fraction(9, 2))
    drawn = noise.draw(20_000, random.Random(1))
    values, chances = noise.probabilities()
    inner = np.abs(values) <= 4
    expected = chances[inner] * len(drawn)
    found = np.array([np.sum(drawn == value) for value in values[inner]])
    # Chi-squared of nine cells: above 28 once in 2000 runs; the seed is fixed.
    assert np.sum((found - expected) ** 2 / expected) < 28
    assert np.var(drawn) == pytest.approx(np.sum(values**2 * chances), rel=0.05)


def test_discrete_laplace_has_its_distribution() -> None:
    drawn = DiscreteLaplace(3).draw(20_000, random.Random(2))
    ratio = math.exp(-1 / 3)
    zero = (1 - ratio) / (1 + ratio)
    assert np.mean(drawn == 0) == pytest.approx(zero, abs=0.01)
    assert np.mean(np.abs(drawn) == 3) == pytest.approx(2 * zero * ratio**3, abs=0.01)


def test_overtaking_is_the_chance_by_counting() -> None:
    noise = DiscreteGaussian(4)
    bound = noise.overtakes()
    source = random.Random(3)
    first, second = noise.draw(20_000, source), noise.draw(20_000, source)
    for gap in (0, 2, 5):
        assert bound[gap] == pytest.approx(np.mean(second >= first + gap), abs=0.012)
    assert np.all(np.diff(bound) <= 0)


def test_discrete_noise_spends_what_the_gaussian_does() -> None:
    """Theorem 14: the divergence at any order is at most that of zCDP, computed here from the probabilities."""
    noise = DiscreteGaussian(5)
    values, chances = noise.probabilities()
    for order in (2, 8, 20):
        logs = np.log(np.maximum(chances, 1e-300))
        moment = np.logaddexp.reduce(order * logs[:-1] - (order - 1) * logs[1:])
        assert moment / (order - 1) <= order * noise.rho(1.0) * (1 + 1e-6)
    assert max(ORDERS) == 1024 and len(values) == len(chances)
