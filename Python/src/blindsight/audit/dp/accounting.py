# SPDX-License-Identifier: Apache-2.0
"""What a private run has spent, as Renyi divergences at many orders.

Renyi differential privacy of order a bounds the divergence between outputs on two data sets that differ in one record
(Mironov, 2017). It adds up over steps, and is turned into (epsilon, delta) at the end. For one record added or removed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Callable

from ..._errors import InvalidArgument

ORDERS: tuple[float, ...] = (
    *(1 + x / 10 for x in range(1, 10)),
    *range(2, 65),
    *(72, 80, 96, 112, 128, 160, 192, 256, 384, 512, 768, 1024),
)
"""Orders at which divergences are kept."""


def _log_sum(terms: Sequence[float]) -> float:
    top = max(terms)
    return top if math.isinf(top) else top + math.log(sum(math.exp(term - top) for term in terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def sampled_gaussian(sampling: float, sigma: float, order: float) -> float:
    """Renyi divergence of one step that takes each record with probability `sampling` and adds noise of `sigma` times
    the sensitivity: Mironov, Talwar and Zhang, 2019, section 3.3.

    Between whole orders the logarithm of the moment is convex in the order, so a line between its neighbours is above.
    """
    if not 0 <= sampling <= 1:
        raise InvalidArgument(f"a sampling rate between 0 and 1 is needed, not {sampling}", "sampling")
    if not sigma > 0:
        raise InvalidArgument(f"noise of a positive sigma is needed, not {sigma}", "sigma")
    if not order > 1:
        raise InvalidArgument(f"an order above 1 is needed, not {order}", "order")
    if sampling == 0:
        return 0.0
    if sampling == 1:
        return order / (2 * sigma**2)

    def moment(whole: int) -> float:
        """Logarithm of the moment, which is (order - 1) times the divergence."""
        if whole <= 1:
            return 0.0
        return _log_sum(
            [
                _log_choose(whole, k)
                + k * math.log(sampling)
                + (whole - k) * math.log1p(-sampling)
                + (k * k - k) / (2 * sigma**2)
                for k in range(whole + 1)
            ]
        )

    below = math.floor(order)
    part = order - below
    return (moment(below) * (1 - part) + (moment(below + 1) * part if part else 0.0)) / (order - 1)


def moments_epsilon(divergence: float, order: float, delta: float) -> float:
    """As the moments accountant turns a divergence into epsilon (Abadi and others, 2016)."""
    return divergence + math.log(1 / delta) / (order - 1)


def renyi_epsilon(divergence: float, order: float, delta: float) -> float:
    """The same, tighter: Canonne, Kamath and Steinke, 2020, proposition 12."""
    return divergence + math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1)


def concentrated_epsilon(rho: float, delta: float) -> float:
    """Epsilon of rho-zCDP: Bun and Steinke, 2016, proposition 1.3."""
    if rho < 0:
        raise InvalidArgument(f"rho of at least 0 is needed, not {rho}", "rho")
    return rho + 2 * math.sqrt(rho * math.log(1 / _checked(delta)))


def _checked(delta: float) -> float:
    if not 0 < delta < 1:
        raise InvalidArgument(f"delta between 0 and 1 is needed, not {delta}", "delta")
    return delta


class Ledger:
    """Adds up what was spent on one set of records.

    A run that is (epsilon, 0)-private by itself is kept apart too, so that `epsilon(0)` is known where nothing else was
    spent.
    """

    def __init__(self) -> None:
        self._spent = [0.0] * len(ORDERS)
        self._pure = 0.0
        self._rho = 0.0

    def add(self, curve: Callable[[float], float], times: int = 1) -> Ledger:
        """curve: the divergence of one step at an order; `times` such steps."""
        if times < 0:
            raise InvalidArgument(f"steps of at least 0 are needed, not {times}", "times")
        if times:
            for place, order in enumerate(ORDERS):
                one = curve(order)
                if not one >= 0:
                    raise InvalidArgument(f"a divergence of at least 0 is needed, not {one} at order {order}", "curve")
                self._spent[place] += times * one
            self._pure = math.inf
            self._rho = math.inf
        return self

    def merge(self, other: Ledger) -> Ledger:
        """Adds what another ledger holds, spent on the same records."""
        self._spent = [mine + its for mine, its in zip(self._spent, other._spent)]
        self._pure += other._pure
        self._rho += other._rho
        return self

    def copy(self) -> Ledger:
        return Ledger().merge(self)

    def gaussian(self, sigma: float, *, steps: int = 1, sampling: float = 1.0) -> Ledger:
        """Noise of `sigma` times the sensitivity in L2, on a sample of the records drawn anew at each step."""
        pure, rho = self._pure, self._rho
        self.add(lambda order: sampled_gaussian(sampling, sigma, order), steps)
        if steps and sampling == 1.0:
            self._rho = rho + steps / (2 * sigma**2)
        elif not steps:
            self._pure, self._rho = pure, rho
        return self

    def concentrated(self, rho: float) -> Ledger:
        """What is rho-zCDP: order times rho at every order."""
        before = self._rho
        if not rho >= 0:
            raise InvalidArgument(f"rho of at least 0 is needed, not {rho}", "rho")
        self.add(lambda order: order * rho)
        self._rho = before + rho
        return self

    def pure(self, epsilon: float, *, times: int = 1) -> Ledger:
        """What is (epsilon, 0)-private, such as Laplace's noise: Bun and Steinke, 2016, proposition 3.3."""
        if not epsilon >= 0:
            raise InvalidArgument(f"epsilon of at least 0 is needed, not {epsilon}", "epsilon")
        pure, rho = self._pure, self._rho
        self.add(lambda order: min(epsilon, order * epsilon**2 / 2), times)
        self._pure = pure + times * epsilon
        self._rho = rho + times * epsilon**2 / 2
        return self

    @property
    def rho(self) -> float:
        """Of zCDP; infinite where something was spent that has none."""
        return self._rho

    def epsilon(self, delta: float, *, moments: bool = False) -> float:
        """moments: by the first conversion of 2016, which is what papers before 2020 give."""
        if delta == 0:
            return self._pure
        _checked(delta)
        if not any(self._spent):
            return 0.0
        convert = moments_epsilon if moments else renyi_epsilon
        best = min(convert(spent, order, delta) for spent, order in zip(self._spent, ORDERS))
        return max(0.0, min(best, self._pure))


def sigma_for(epsilon: float, delta: float, *, steps: int, sampling: float = 1.0) -> float:
    """The least noise, up to 1 part in 1000, with which so many steps stay within (epsilon, delta)."""

    def fits(sigma: float) -> bool:
        return Ledger().gaussian(sigma, steps=steps, sampling=sampling).epsilon(delta) <= epsilon

    if not epsilon > 0:
        raise InvalidArgument(f"a positive epsilon is needed, not {epsilon}", "epsilon")
    low, high = 0.1, 1.0
    while not fits(high):
        low, high = high, 2 * high
        if high > 1e6:
            raise InvalidArgument(f"no noise fits epsilon {epsilon} at delta {delta}: the orders end", "epsilon")
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high
