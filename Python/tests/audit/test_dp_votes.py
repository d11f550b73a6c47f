# SPDX-License-Identifier: Apache-2.0
"""Votes under Paillier: the counts, who sees what, and what is charged."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from blindsight import DataError, InvalidArgument
from blindsight.audit.dp.accounting import ORDERS, Ledger
from blindsight.audit.dp.discrete import DiscreteGaussian, DiscreteLaplace
from blindsight.audit.dp.votes import (
    ClearVotes,
    PaillierVotes,
    chance_of_another,
    charge_check,
    charge_labels,
    cost_to_key_holder,
    gaussian_label,
    laplace_label,
    refuse_few,
)


def _votes(teachers: int = 12, queries: int = 5, classes: int = 4, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, classes, (teachers, queries))


@pytest.mark.parametrize("noise", [DiscreteGaussian(9), DiscreteLaplace(3)])
def test_encrypted_counts_are_the_clear_ones(noise: Any) -> None:
    votes = _votes()
    clear = ClearVotes(random.Random(1)).noisy_counts(votes, 4, noise)
    parties = PaillierVotes(2048, random.Random(1))
    assert np.array_equal(parties.noisy_counts(votes, 4, noise), clear)
    assert parties.bytes_of_votes >= 12 * 512
    exact = (votes[:, :, None] == np.arange(4)).sum(axis=0)
    assert not np.array_equal(exact, clear)
    assert np.abs(clear - exact).max() < 60


def test_votes_out_of_range_are_refused() -> None:
    for votes in (np.array([[4]]), np.array([[-1]]), np.array([[0.5]]), np.zeros((0, 2), int)):
        with pytest.raises(DataError):
            ClearVotes().noisy_counts(votes, 4, DiscreteGaussian(4))
    with pytest.raises(InvalidArgument):
        refuse_few(3)


def test_what_the_key_holder_is_charged() -> None:
    """A vote moves two counts by one: rho is 2 / (2 sigma^2) a question; 2 / scale for Laplace's noise."""
    assert cost_to_key_holder(Ledger(), DiscreteGaussian(100), 10).rho == pytest.approx(0.1)
    assert cost_to_key_holder(Ledger(), DiscreteLaplace(20), 10).epsilon(0.0) == pytest.approx(1.0)


def test_labels_cost_less_where_teachers_agree() -> None:
    noise = DiscreteGaussian(40**2)
    agreed, split = np.array([[250, 0, 0]] * 50), np.array([[90, 80, 80]] * 50)
    plain = cost_to_key_holder(Ledger(), noise, 50).epsilon(1e-5)
    costs = [charge_labels(Ledger(), counts, noise).epsilon(1e-5) for counts in (agreed, split)]
    assert costs[0] < 0.3 * plain
    assert costs[1] == pytest.approx(plain, rel=0.01)
    laplace = charge_labels(Ledger(), agreed, DiscreteLaplace(20)).epsilon(1e-5)
    assert laplace < charge_labels(Ledger(), split, DiscreteLaplace(20)).epsilon(1e-5)


def _label_divergence(counts: Any, changed: Any, noise: Any, order: float) -> float:
    """Of the winner by its exact distribution: summed over the winner's noisy count, ties to the first."""
    values, chances = noise.probabilities()
    below = np.concatenate([[0.0], np.cumsum(chances)])

    def winner(row: Any) -> Any:
        levels = np.arange(values[0] + min(row), values[-1] + max(row) + 1)

        def at_most(level: Any, count: int) -> Any:
            return below[np.clip(level - count - values[0] + 1, 0, len(values))]

        found = []
        for k, count in enumerate(row):
            place = levels - count - values[0]
            inside = (place >= 0) & (place < len(values))
            mass = np.where(inside, chances[np.clip(place, 0, len(values) - 1)], 0)
            for j, other in enumerate(row):
                if j != k:
                    mass = mass * at_most(levels - (1 if j < k else 0), other)
            found.append(mass.sum())
        return np.array(found)

    p, q = winner(counts), winner(changed)
    assert p.sum() == pytest.approx(1, abs=1e-9)
    keep = p > 1e-40
    return float(np.log(np.sum(np.exp(order * np.log(p[keep]) - (order - 1) * np.log(q[keep])))) / (order - 1))


@pytest.mark.parametrize("counts", [[60, 20, 20], [80, 15, 5], [45, 40, 15]])
def test_bound_of_a_label_is_above_the_exact_divergence(counts: list[int]) -> None:
    noise = DiscreteGaussian(12**2)
    q = chance_of_another(np.array(counts), noise.overtakes())
    for order in (2, 4, 10):
        exact = max(
            _label_divergence(counts, changed, noise, order)
            for changed in ([counts[0] - 1, counts[1] + 1, counts[2]], [counts[0] - 1, counts[1], counts[2] + 1])
        )
        bound = gaussian_label(order, 144.0, q)
        assert exact <= bound <= order / 144 + 1e-12


@pytest.mark.parametrize("order, sigma, q", [(2, 40.0, 1e-3), (8, 40.0, 1e-5), (20, 100.0, 0.01)])
def test_bound_of_a_label_is_theorem_6(order: int, sigma: float, q: float) -> None:
    """Written as the paper has it, without logarithms."""
    second = sigma * np.sqrt(np.log(1 / q))
    first = second + 1
    e1, e2 = first / sigma**2, second / sigma**2
    a = (1 - q) / (1 - (q * np.exp(e2)) ** ((second - 1) / second))
    b = np.exp(e1) / q ** (1 / (first - 1))
    wanted = np.log((1 - q) * a ** (order - 1) + q * b ** (order - 1)) / (order - 1)
    assert wanted < order / sigma**2
    assert gaussian_label(order, sigma**2, q) == pytest.approx(wanted, rel=1e-6)


def test_bounds_without_knowledge_are_the_plain_ones() -> None:
    assert gaussian_label(5, 100.0, 0.9) == pytest.approx(0.05)
    assert laplace_label(5, 20, 0.9) == pytest.approx(min(0.1, 5 * 0.01 / 2))
    assert laplace_label(5, 20, 1e-12) < 1e-6


def test_check_is_charged_less_than_the_vector() -> None:
    noise = DiscreteGaussian(30**2)
    counts = np.array([[150, 30, 20]] * 20)
    charged = charge_check(Ledger(), counts, noise, 120).epsilon(1e-5)
    assert 0 < charged < cost_to_key_holder(Ledger(), noise, 20).epsilon(1e-5)
    # Where the outcome is certain, it tells nothing.
    certain = charge_check(Ledger(), np.array([[2000, 0, 0]] * 20), noise, 120)
    assert certain.epsilon(1e-5) < 0.02
    assert len(ORDERS) > 1


def test_teachers_vote_and_students_ask() -> None:
    from blindsight.audit.dp.pate import confident_answers, teachers_votes

    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 900)
    x = np.eye(3)[y] + generator.normal(0, 0.3, (900, 3))
    votes = teachers_votes(x[:600], y[:600], x[600:630], 20, 3)
    assert votes.shape == (20, 30) and (votes == y[600:630]).mean() > 0.8
    places = np.arange(600, 630)
    noise = DiscreteGaussian(4)
    answers = confident_answers(votes, places, ClearVotes(random.Random(0)), noise, 3)
    assert (answers.labels == y[answers.places]).mean() > 0.9
    sure = confident_answers(votes, places, ClearVotes(random.Random(0)), noise, 3, DiscreteGaussian(4), 15, 10)
    assert len(sure.labels) <= 10 and len(sure.asked_counts) == 30
    with pytest.raises(InvalidArgument, match="threshold"):
        confident_answers(votes, places, ClearVotes(random.Random(0)), noise, 3, DiscreteGaussian(4), 500)
