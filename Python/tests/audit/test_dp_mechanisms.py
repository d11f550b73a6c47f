# SPDX-License-Identifier: Apache-2.0
"""Mechanisms on made-up data: what they compute, what they are charged, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from blindsight import DataError, InvalidArgument
from blindsight.audit.dp.accounting import ORDERS, Ledger

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from blindsight.audit.dp.functional import TAYLOR, chebyshev, minimum, private_moments  # noqa: E402
from blindsight.audit.dp.generating import drawn  # noqa: E402
from blindsight.audit.dp.measuring import auc, losses_of, measure, risk_of  # noqa: E402
from blindsight.audit.dp.mixture import fourier_features, nearest, private_clusters  # noqa: E402
from blindsight.audit.dp.networks import cosines, fixed, joined  # noqa: E402
from blindsight.audit.dp.objective import objective_perturbation, output_perturbation, plain_regression  # noqa: E402
from blindsight.audit.dp.publishing import BATCH, DECAYS, schedule_within  # noqa: E402
from blindsight.audit.dp.training import Schedule, train_privately  # noqa: E402
from blindsight.audit.models import polynomial_network  # noqa: E402


def _linear(count: int = 4000, seed: int = 0) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 5))
    x /= np.maximum(1, np.linalg.norm(x, axis=1, keepdims=True))
    return x, (x @ [3, -2, 0, 1, 0] + generator.normal(0, 0.1, count) > 0).astype(int)


def test_chebyshev_is_near_the_function() -> None:
    z = np.linspace(-2, 2, 101)
    a, b, c = chebyshev(2.0)
    assert np.abs(a + b * z + c * z**2 - np.logaddexp(0, z)).max() < 0.01
    assert np.abs(TAYLOR[0] + TAYLOR[1] * z + TAYLOR[2] * z**2 - np.logaddexp(0, z)).max() > 0.03


def test_moments_have_the_noise_of_their_epsilon() -> None:
    """Deviation of an entry of the products: the root of 2 times (d + 1) / 2 over half of epsilon."""
    x = np.zeros((10, 30))
    ledger = Ledger()
    found = private_moments(x, np.zeros((10, 2)), 0.5, ledger, 1)
    assert ledger.epsilon(0.0) == 0.5
    upper = found.products[np.triu_indices(30)]
    assert np.std(upper) == pytest.approx(math.sqrt(2) * (31 / 2) / 0.25, rel=0.15)
    assert np.array_equal(found.products, found.products.T)
    scale = math.sqrt(30) * 2 / 0.25
    assert np.std(found.cross) == pytest.approx(math.sqrt(2) * scale, rel=0.3)


def test_one_record_moves_moments_by_what_noise_is_for() -> None:
    """In L1, over what is in proportion to the noise; for any record, with any importance."""
    generator = np.random.default_rng(0)
    weights = generator.uniform(0.2, 3, 6)
    length = np.linalg.norm(weights)
    for _ in range(50):
        h = generator.normal(size=6)
        h /= np.linalg.norm(h)
        outer = np.abs(np.outer(weights * h, weights * h))
        assert np.triu(outer).sum() <= (length**2 + weights.max() ** 2) / 2 + 1e-9
        assert np.abs(weights * h).sum() <= length + 1e-9


def test_functional_mechanism_learns() -> None:
    x, y = _linear(20000)
    found = minimum(private_moments(x, np.eye(2)[y], 4.0, Ledger(), 0), TAYLOR)
    assert np.mean((x @ found).argmax(axis=1) == y) > 0.9


def test_objective_perturbation_beats_noise_on_weights() -> None:
    x, y = _linear()
    rates = [
        np.mean([np.mean((x @ method(x, y, 0.5, 1e-2, seed) > 0) == y) for seed in range(10)])
        for method in (objective_perturbation, output_perturbation)
    ]
    plain = np.mean((x @ plain_regression(x, y, 1e-2) > 0) == y)
    assert plain >= rates[0] - 0.01 and rates[0] > rates[1]
    # Where epsilon is small for so few records, the objective gets more decay, and is still exact.
    assert np.isfinite(objective_perturbation(x[:50], y[:50], 0.01, 1e-4, 0)).all()


def test_objective_perturbation_has_the_noise_of_its_epsilon() -> None:
    """At the minimum the plain gradient is minus the noise over the records: its mean norm is d times 2 / epsilon'."""
    x, y = _linear(500)
    signs, decay, epsilon = 2 * y - 1, 0.05, 1.0
    ratio = 0.25 / (len(x) * decay)
    left = epsilon - math.log(1 + 2 * ratio + ratio**2)
    norms = []
    for seed in range(200):
        w = objective_perturbation(x, y, epsilon, decay, seed)
        gradient = x.T @ (-signs / (1 + np.exp(signs * (x @ w)))) / len(x) + decay * w
        norms.append(len(x) * np.linalg.norm(gradient))
    assert np.mean(norms) == pytest.approx(5 * 2 / left, rel=0.1)


@pytest.mark.parametrize("x, y, epsilon", [(2 * np.ones((3, 2)), [0, 1, 0], 1.0), (np.ones((2, 1)), [0, 2], 1.0)])
def test_objective_perturbation_refuses_rows_out_of_bounds(x: Any, y: Any, epsilon: float) -> None:
    with pytest.raises(DataError):
        objective_perturbation(x, y, epsilon, 0.1)


def test_objective_perturbation_refuses_no_epsilon() -> None:
    x, y = _linear(20)
    with pytest.raises(InvalidArgument):
        objective_perturbation(x, y, 0.0, 0.1)


@pytest.mark.parametrize("name", list(DECAYS))
def test_budgets_that_decay_spend_the_same(name: str) -> None:
    schedule = schedule_within(0.5, DECAYS[name], 60000)
    assert schedule.charge(Ledger(), 60000).rho == pytest.approx(0.5)
    assert schedule.sigma_at(0) >= schedule.sigma_at(schedule.steps - 1)
    assert schedule.steps % (60000 // BATCH) == 0


def test_clusters_are_found() -> None:
    generator = np.random.default_rng(0)
    x = np.concatenate([generator.normal(place, 0.3, (500, 2)) for place in (-3, 0, 3)])
    rows = fourier_features(x, 50, 2.0, 0)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    ledger = Ledger()
    own = nearest(rows, private_clusters(rows, 3, 2.0, 8, ledger, 0))
    assert ledger.rho == pytest.approx(8 / 8)
    purity = sum(np.bincount(own[start : start + 500]).max() for start in (0, 500, 1000)) / 1500
    assert purity > 0.9


def test_auc_counts_ties_for_half() -> None:
    assert auc([3, 4], [1, 2])[0] == 1
    assert auc([1, 2], [1, 2])[0] == 0.5
    assert auc([1, 1], [1, 3])[0] == 0.25
    low, high = auc(np.arange(100), np.arange(50, 150))[1]
    assert low < 0.125 < high
    assert risk_of(0.5) == 0 and risk_of(1.0) == 1


def test_losses_are_cross_entropies() -> None:
    scores = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 50.0]])
    wanted = torch.nn.functional.cross_entropy(torch.tensor(scores), torch.tensor([0, 1]), reduction="none").numpy()
    assert np.allclose(losses_of(scores, np.array([0, 1])), wanted)


def test_a_private_network_is_served_with_the_same_integers() -> None:
    x, y = _linear(600)
    x = x.astype(np.float32)
    module = joined(fixed(np.eye(5) * 2.0), polynomial_network((5, 4, 2)))
    served = measure(module, (x[:300], y[:300]), (x[:300], y[:300]), (x[300:], y[300:]), encrypted=2)
    assert served.encrypted == 2 and 0 <= served.accuracy <= 1
    assert 0.35 < served.membership < 0.65
    direct = module(torch.from_numpy(x[300:])).argmax(1).numpy()
    assert np.mean(direct == served.endpoint.labels(x[300:])) > 0.9


def test_cosines_are_orthonormal() -> None:
    basis = cosines(8, 3)
    assert np.allclose(basis.T @ basis, np.eye(9), atol=1e-6)


def test_gan_and_its_charge() -> None:
    pytest.importorskip("opacus")
    from blindsight.audit.dp.gan import NOISE, private_gan

    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 500)
    x = np.clip(generator.normal(0.2 + 0.6 * y[:, None], 0.1, (500, 4)), 0, 1).astype(np.float32)
    ledger = Ledger()
    made = private_gan(x, y, 2, Schedule(400, 100, 1.0), ledger, 0)
    labels = np.arange(200) % 2
    drawn_rows = drawn(made, NOISE, labels, 2, 1)
    assert drawn_rows.shape == (200, 4)
    assert drawn_rows[labels == 1].mean() > drawn_rows[labels == 0].mean() + 0.2
    assert ledger.epsilon(1e-5) == Ledger().gaussian(1.0, steps=400, sampling=0.2).epsilon(1e-5)


def test_lstm_and_autoencoder_train_privately() -> None:
    pytest.importorskip("opacus")
    from blindsight.audit.dp import mixture
    from blindsight.audit.dp.networks import tensors
    from blindsight.audit.dp.recurrent import SIDE, lstm
    from blindsight.audit.dp.training import cross_entropies

    rows = np.random.default_rng(0).random((60, SIDE, SIDE)).astype(np.float32)
    module = lstm(0)
    train_privately(module, cross_entropies, tensors(rows, np.arange(60) % 10), Schedule(2, 20, 1.0), Ledger())
    assert all(torch.isfinite(p).all() for p in module.parameters())
    coder = mixture.autoencoder(20, 0)
    before = [p.detach().clone() for p in coder.parameters()]
    train_privately(
        coder,
        mixture.losses,
        tensors(rows.reshape(60, -1)[:, :20]),
        Schedule(2, 20, 1.0, adam=True, rate=0.01),
        Ledger(),
    )
    assert not torch.equal(before[0], next(coder.parameters()))


def test_pate_gan_stays_within_its_epsilon() -> None:
    import random

    from blindsight.audit.dp import pategan
    from blindsight.audit.dp.discrete import DiscreteGaussian
    from blindsight.audit.dp.tables import Table
    from blindsight.audit.dp.votes import ClearVotes

    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 2000)
    x = np.stack([y * 0.2, 1 - y, y, np.full(2000, 0.28)], axis=1).astype(np.float32) * 0.28
    table = Table(x, y, x[:10], y[:10], ("age", "sex=a", "sex=b", "one"))
    ledgers = (Ledger(), Ledger())
    made, rounds = pategan.pate_gan(table, ClearVotes(random.Random(0)), DiscreteGaussian(40**2), ledgers, 3, 0)
    assert rounds == 3 or ledgers[0].epsilon(1e-5) <= pategan.EPSILON
    assert ledgers[1].rho == pytest.approx(rounds * pategan.QUESTIONS / 1600 + pategan.START**2 / 2)
    assert np.allclose(
        drawn(made, pategan.NOISE, np.zeros(5, int), 2, 0)[:, 1:3].sum(axis=1), 1 / math.sqrt(12), atol=1e-5
    )
    assert len(ORDERS) > 60
