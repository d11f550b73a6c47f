# SPDX-License-Identifier: Apache-2.0
"""Noise of whole numbers, drawn exactly: Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy,
2020. Noise of floating-point numbers has gaps that tell what it was added to (Mironov, 2012); this has none."""

from __future__ import annotations

import math
import random
import secrets
from fractions import Fraction
from typing import Any, Optional, Union

import numpy as np

from ..._errors import InvalidArgument

Source = random.Random
"""Where whole numbers come from: `secrets.SystemRandom()`, or `random.Random(seed)` for runs to be repeated."""


def _bernoulli(p: Fraction, source: Source) -> bool:
    return source.randrange(p.denominator) < p.numerator


def _bernoulli_exp(x: Fraction, source: Source) -> bool:
    """True with probability exp(-x), x >= 0: algorithm 1."""
    while x > 1:
        if not _bernoulli_exp(Fraction(1), source):
            return False
        x -= 1
    k = 1
    while _bernoulli(x / k, source):
        k += 1
    return k % 2 == 1


def _geometric_parts(t: int, source: Source) -> int:
    """Number X >= 0 with probability in proportion to exp(-X / t)."""
    while True:
        low = source.randrange(t)
        if _bernoulli_exp(Fraction(low, t), source):
            break
    high = 0
    while _bernoulli_exp(Fraction(1), source):
        high += 1
    return low + t * high


class DiscreteLaplace:
    """Whole numbers with probability in proportion to exp(-|x| / scale).

    scale: a whole number, the sensitivity in L1 over epsilon: (epsilon, 0)-private."""

    def __init__(self, scale: int) -> None:
        if scale < 1:
            raise InvalidArgument(f"a whole scale of at least 1 is needed, not {scale}", "scale")
        self.scale = int(scale)

    def one(self, source: Source) -> int:
        while True:
            is_negative = source.randrange(2) == 1
            magnitude = _geometric_parts(self.scale, source)
            if not (is_negative and magnitude == 0):
                return -magnitude if is_negative else magnitude

    def draw(self, count: int, source: Optional[Source] = None) -> Any:
        """[count], int64; from the system's random numbers where no source is given."""
        source = source or secrets.SystemRandom()
        return np.array([self.one(source) for _ in range(count)], np.int64)


class DiscreteGaussian:
    """Whole numbers with probability in proportion to exp(-x^2 / (2 variance)).

    Added to whole numbers of sensitivity D in L2 it is D^2 / (2 variance)-zCDP, as the Gaussian is (theorem 14)."""

    def __init__(self, variance: Union[int, Fraction]) -> None:
        if not isinstance(variance, (int, Fraction)) or variance <= 0:
            raise InvalidArgument(f"a positive variance is needed, whole or a fraction, not {variance!r}", "variance")
        self.variance = Fraction(variance)
        self._scale = math.isqrt(math.floor(self.variance)) + 1
        self._laplace = DiscreteLaplace(self._scale)

    def one(self, source: Source) -> int:
        """Algorithm 3."""
        while True:
            y = self._laplace.one(source)
            excess = (abs(y) - self.variance / self._scale) ** 2 / (2 * self.variance)
            if _bernoulli_exp(excess, source):
                return y

    def draw(self, count: int, source: Optional[Source] = None) -> Any:
        """[count], int64; from the system's random numbers where no source is given."""
        source = source or secrets.SystemRandom()
        return np.array([self.one(source) for _ in range(count)], np.int64)

    def rho(self, squared_sensitivity: float) -> float:
        return squared_sensitivity / (2 * float(self.variance))

    def probabilities(self) -> tuple[Any, Any]:
        """Whole numbers from -12 to 12 deviations, and their probabilities up to 1e-30 in all."""
        reach = math.ceil(12 * math.sqrt(self.variance)) + 1
        values = np.arange(-reach, reach + 1)
        weights = np.exp(-(values.astype(float) ** 2) / (2 * float(self.variance)))
        return values, weights / weights.sum()

    def overtakes(self) -> Any:
        """[gap]: the chance that of two counts that lie `gap` apart the lower one, both with this noise, ends at least
        as high as the other. Rounded up by 1e-15, so that it bounds."""
        values, chances = self.probabilities()
        difference = np.convolve(chances, chances[::-1])
        tails = np.cumsum(difference[::-1])[::-1]
        return np.minimum(1.0, tails[len(values) - 1 :] + 1e-15)
