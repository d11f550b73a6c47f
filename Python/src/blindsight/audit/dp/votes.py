# SPDX-License-Identifier: Apache-2.0
"""Teachers' votes, counted so that nobody sees one.

Each teacher encrypts its votes under a key that the aggregator does not have. The aggregator adds them up and adds
noise of whole numbers, encrypted too; the key's holder decrypts noisy counts. The aggregator sees ciphertexts alone;
the key's holder sees no vote and no exact count. The two must not work together: who has a teacher's ciphertext and
the key has its votes, and who knows the noise and the noisy counts has the counts.
"""

from __future__ import annotations

import random
import secrets
from typing import Any, Optional, Protocol, Union

import numpy as np

from ... import federated
from ..._errors import DataError, InvalidArgument
from .accounting import ORDERS, Ledger
from .discrete import DiscreteGaussian, DiscreteLaplace

Noise = Union[DiscreteGaussian, DiscreteLaplace]


class VoteSum(Protocol):
    """Whatever adds up votes with noise."""

    def noisy_counts(self, votes: Any, classes: int, noise: Noise) -> Any:
        """votes: [teachers, queries], from 0 to classes - 1. Returns [queries, classes], int64."""
        ...


def _checked(votes: Any, classes: int) -> Any:
    votes = np.asarray(votes)
    if votes.ndim != 2 or votes.dtype.kind not in "iu" or votes.size == 0:
        raise DataError("votes are whole numbers, [teachers, queries]", "votes")
    if votes.min() < 0 or votes.max() >= classes:
        raise DataError(f"a vote is for a class of 0 to {classes - 1}", "votes")
    return votes


def _ballot(votes: Any, classes: int) -> Any:
    """[queries * classes]: one for each query's class, zero for the others."""
    return (votes[:, None] == np.arange(classes)).astype(np.int64).reshape(-1)


class ClearVotes:
    """The same counts without encryption, for repeated measuring: whoever runs it sees every vote."""

    def __init__(self, source: Optional[random.Random] = None) -> None:
        self._source = source or secrets.SystemRandom()

    def noisy_counts(self, votes: Any, classes: int, noise: Noise) -> Any:
        votes = _checked(votes, classes)
        exact = (votes[:, :, None] == np.arange(classes)).sum(axis=0)
        return exact + noise.draw(exact.size, self._source).reshape(exact.shape)


class PaillierVotes:
    """Votes under Paillier: see the module's text for who sees what.

    key_bits: of the modulus. source: of the noise; the system's random numbers by default. bytes_of_votes: what all
    teachers sent so far.
    """

    def __init__(self, key_bits: int = 3072, source: Optional[random.Random] = None) -> None:
        self._key = federated.SumKey(key_bits)
        self._source = source or secrets.SystemRandom()
        self.bytes_of_votes = 0

    def noisy_counts(self, votes: Any, classes: int, noise: Noise) -> Any:
        votes = _checked(votes, classes)
        teachers, queries = votes.shape
        # What all parties agree on. Noise beyond the magnitude comes once in 2^64 runs, and is refused by `encrypt`.
        scheme = federated.PrivateSum(self._key.public, queries * classes, _reach(noise), teachers + 1, threads=1)
        ballots = [scheme.encrypt(_ballot(row, classes)) for row in votes]
        self.bytes_of_votes += sum(len(bytes(ballot)) for ballot in ballots)
        # The aggregator's: it has no key.
        masked = scheme.encrypt(noise.draw(queries * classes, self._source))
        total = scheme.sum([*ballots, masked])
        # The key holder's.
        return self._key.decrypt(scheme, total, least=teachers + 1).reshape(queries, classes)


def _reach(noise: Noise) -> int:
    """Beyond which one of thousands of draws lies once in 2^64 runs."""
    if isinstance(noise, DiscreteGaussian):
        return int(12 * float(noise.variance) ** 0.5) + 2
    return 64 * noise.scale


def cost_to_key_holder(ledger: Ledger, noise: Noise, queries: int) -> Ledger:
    """What noisy counts of so many queries tell of one teacher's data, which moves one vote of each: by 1 down and 1
    up, 2 in L1 and the root of 2 in L2."""
    if isinstance(noise, DiscreteGaussian):
        return ledger.concentrated(queries * noise.rho(2.0))
    return ledger.pure(2.0 / noise.scale, times=queries)


# What the labels alone tell, which is less where teachers agree. These depend on the votes, so they are no more to be
# published than these are.


def chance_of_another(counts: Any, overtakes: Any) -> float:
    """An upper bound of the chance that noise makes another class than the first win; counts: [classes]."""
    order = np.sort(np.asarray(counts))[::-1]
    gaps = np.minimum(order[0] - order[1:], len(overtakes) - 1)
    return float(min(1.0, overtakes[gaps].sum()))


def gaussian_label(order: float, variance: float, q: float) -> float:
    """Divergence of a label by noise of this variance, when another one comes with probability at most q: theorem 6 and
    proposition 10 of Papernot and others, 2018."""
    plain = order / variance
    if not 0 < q < 1:
        return plain
    second = np.sqrt(variance * np.log(1 / q))
    first = second + 1
    if second <= 1 or order > first:
        return plain
    e1, e2 = first / variance, second / variance
    limit = np.exp((second - 1) * e2) / (first / (first - 1) * second / (second - 1)) ** second
    power = (q * np.exp(e2)) ** ((second - 1) / second)
    if q > limit or power >= 1:
        return plain
    a = np.log1p(-q) - np.log1p(-power)
    b = e1 - np.log(q) / (first - 1)
    found = np.logaddexp(np.log1p(-q) + (order - 1) * a, np.log(q) + (order - 1) * b) / (order - 1)
    return float(min(plain, max(found, 0.0)))


def laplace_label(order: float, scale: int, q: float) -> float:
    """The same for Laplace's noise: theorem 3 of Papernot and others, 2017, with gamma = 1 / scale."""
    epsilon = 2.0 / scale
    plain = min(epsilon, order * epsilon**2 / 2)
    if not 0 < q < 1 or q > (np.exp(epsilon) - 1) / (np.exp(2 * epsilon) - 1):
        return plain
    moment = order - 1
    other = 1 - np.exp(epsilon) * q
    found = np.logaddexp(np.log1p(-q) + moment * (np.log1p(-q) - np.log(other)), np.log(q) + epsilon * moment)
    return float(min(plain, max(found / moment, 0.0)))


def laplace_overtakes(noise: DiscreteLaplace) -> Any:
    """[gap]: as `DiscreteGaussian.overtakes`."""
    values = np.arange(-64 * noise.scale, 64 * noise.scale + 1)
    chances = np.exp(-np.abs(values) / noise.scale)
    chances /= chances.sum()
    tails = np.cumsum(np.convolve(chances, chances[::-1])[::-1])[::-1]
    return np.minimum(1.0, tails[len(values) - 1 :] + 1e-15)


def charge_labels(ledger: Ledger, counts: Any, noise: Noise) -> Ledger:
    """What labels tell whose exact counts these are, [queries, classes]."""
    is_gaussian = isinstance(noise, DiscreteGaussian)
    overtakes = noise.overtakes() if isinstance(noise, DiscreteGaussian) else laplace_overtakes(noise)
    total = np.zeros(len(ORDERS))
    for row in np.asarray(counts):
        q = chance_of_another(row, overtakes)
        if is_gaussian:
            variance = float(noise.variance)  # type: ignore[union-attr]
            total += [gaussian_label(order, variance, q) for order in ORDERS]
        else:
            total += [laplace_label(order, noise.scale, q) for order in ORDERS]  # type: ignore[union-attr]
    spent = dict(zip(ORDERS, total))
    return ledger.add(lambda order: float(spent[order]))


def charge_check(ledger: Ledger, counts: Any, noise: DiscreteGaussian, threshold: int) -> Ledger:
    """What it tells whether the largest noisy count reaches a threshold: the divergence of that one bit, exactly, to
    the worst of the counts that differ in one vote. counts: [queries, classes], of all that were asked."""
    values, chances = noise.probabilities()
    below = np.concatenate([[0.0], np.cumsum(chances)])

    def misses(rows: Any) -> Any:
        """[rows]: the chance that no noisy count reaches the threshold."""
        places = np.clip(threshold - rows - values[0], 0, len(values))
        return np.prod(below[places], axis=-1)

    total = np.zeros(len(ORDERS))
    orders = np.array(ORDERS)
    for row in np.asarray(counts):
        classes = len(row)
        moves = np.array([(i, j) for i in range(classes) for j in range(classes) if i != j and row[i] > 0])
        near = np.repeat(row[None], len(moves), axis=0)
        near[np.arange(len(moves)), moves[:, 0]] -= 1
        near[np.arange(len(moves)), moves[:, 1]] += 1
        p = np.clip(misses(row[None]), 1e-15, 1 - 1e-15)
        p = np.stack([p, 1 - p])
        r = np.clip(misses(near), 1e-15, 1 - 1e-15)
        r = np.stack([r, 1 - r])
        both = []
        for first, second in ((p, r), (r, p)):
            logs = orders[:, None, None] * np.log(first) - (orders - 1)[:, None, None] * np.log(second)
            both.append(np.logaddexp(logs[:, 0], logs[:, 1]).max(axis=1) / (orders - 1))
        total += np.maximum(np.maximum(*both), 0.0)
    spent = dict(zip(ORDERS, total))
    return ledger.add(lambda order: float(spent[order]))


def refuse_few(teachers: int) -> None:
    """A label by few teachers is nearly a vote."""
    if teachers < 10:
        raise InvalidArgument(f"at least 10 teachers are needed, not {teachers}", "teachers")
