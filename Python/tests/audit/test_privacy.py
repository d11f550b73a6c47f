# SPDX-License-Identifier: Apache-2.0
"""Extraction and leakage on made-up endpoints, of which the answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from blindsight.audit.endpoint import Endpoint  # noqa: E402
from blindsight.audit.extraction import copies, equation_solving, jacobian, knockoff  # noqa: E402
from blindsight.audit.leakage import gradients, inversion, lira, membership, white_box  # noqa: E402
from blindsight.audit.models import Data, polynomial_network  # noqa: E402


class Linear(Endpoint):
    """Integers that are linear in the samples."""

    def __init__(self, weights: Any, only_labels: bool = False) -> None:
        super().__init__((len(weights) - 1,), weights.shape[1], only_labels)
        self.weights = weights

    def _logits(self, samples: Any) -> Any:
        return np.rint(samples @ self.weights[:-1] + self.weights[-1])


@pytest.fixture
def linear() -> Linear:
    return Linear(np.random.default_rng(1).normal(0, 1000, (10, 3)))


def _data(endpoint: Endpoint, count: int = 400) -> Data:
    x = np.random.default_rng(2).uniform(0, 1, (count, *endpoint.shape)).astype(np.float32)
    y = endpoint.labels(x)
    return Data("made up", x, y, x[:200], y[:200], 0.0, 1.0, endpoint.classes)


def test_equations_give_the_weights(linear: Linear) -> None:
    queries = equation_solving.ends(np.ones((5, 9)))
    assert queries.shape == (10, 9)
    np.testing.assert_allclose(equation_solving.solve(linear, queries), linear.weights, atol=1.5)
    # One query fewer leaves a weight open.
    assert np.abs(equation_solving.solve(linear, queries[:-1]) - linear.weights).max() > 50


def test_what_is_told_less() -> None:
    scores = np.array([[100.0, -1270.0, 96.0], [1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(copies.answers(scores, "labels"), [[1, 0, 0], [0, 0, 1]])
    rounded = copies.answers(scores, "rounded")
    assert rounded[0, 0] == rounded[0, 2] == 100 and rounded[0, 1] == -1270
    assert copies.answers(scores, "scores") is scores
    assert copies.queries_to({100: 0.7, 200: 0.9, 300: 0.95}, 0.9) == 200
    assert copies.queries_to({100: 0.7}, 0.9) is None


def test_augmentation_follows_the_decision() -> None:
    module = torch.nn.Linear(4, 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1.0, -1.0, 0.0, 2.0], [0.0, 1.0, 0.0, -1.0]]))
    x = np.full((2, 4), 0.5, np.float32)
    moved = jacobian.augment(module, x, np.array([0, 1]), 0.1, 0.0, 1.0)
    np.testing.assert_allclose(moved, [[0.6, 0.4, 0.5, 0.6], [0.5, 0.6, 0.5, 0.4]], atol=1e-6)
    assert jacobian.augment(module, x, np.array([0, 1]), 9.0, 0.0, 1.0).max() <= 1


@pytest.mark.parametrize("only_labels", [False, True])
def test_a_substitute_keeps_its_budget(linear: Linear, only_labels: bool) -> None:
    endpoint = Linear(linear.weights, only_labels)
    data = _data(endpoint)
    endpoint.queries = 0
    module, asked = jacobian.substitute(endpoint, data, data.test_x[:20], 70, 0)
    assert endpoint.queries == len(asked) == 70
    assert (copies.predicted(module, data.train_x) == data.train_y).mean() > 0.8


def test_copies_learn_from_scores(linear: Linear) -> None:
    data = _data(linear, 600)
    curves = knockoff.agreements(linear, data, data.train_x[200:], data.test_x, (50, 400), 0)
    assert set(curves) == set(copies.OUTPUTS) and curves["scores"][400] > 0.95
    only = knockoff.agreements(Linear(linear.weights, True), data, data.train_x[200:], data.test_x, (50,), 0)
    assert set(only) == {"labels"}


def test_inversion_climbs_to_the_class() -> None:
    weights = np.zeros((17, 2))
    weights[:8, 0] = weights[8:16, 1] = 1000
    images = inversion.invert(Linear(weights), np.full(16, 0.5), 0.0, 1.0, 6, 500.0, 4)
    assert images[0, :8].mean() > 0.8 > 0.3 > images[0, 8:].mean()
    assert images[1, 8:].mean() > 0.8 > 0.3 > images[1, :8].mean()
    flat = inversion.blur(np.full((1, 16), 3.0), 4)
    np.testing.assert_allclose(flat, 3.0)


def test_features_know_no_scale() -> None:
    scores = np.random.default_rng(0).normal(0, 1, (20, 4))
    labels = np.arange(20) % 4
    a, b = membership.features(scores, 0.5, labels), membership.features(3000 * scores, 1500, labels)
    np.testing.assert_allclose(a, b, atol=1e-9)
    assert (a[:, 1] >= a[:, 2]).all() and (a[:, 0] <= 0).all()


def test_ratios_tell_members() -> None:
    random = np.random.default_rng(0)
    inside = random.random((20, 4000)) < 0.5
    shadows = random.normal(0, 1, inside.shape) + 4.0 * inside
    truth = random.random(4000) < 0.5
    target = random.normal(0, 1, 4000) + 4.0 * truth
    scores = lira.ratios(target, shadows, inside)
    assert ((scores > 0) == truth).mean() > 0.95
    found, count, rate = lira.rate_at(scores, truth, 0.001)
    assert count == truth.sum() and 0.5 < rate == found / count
    # Nothing to tell: as many true as false positives, up to chance.
    assert lira.rate_at(random.random(4000), truth, 0.05)[2] < 0.1
    logits = np.log(np.array([[0.7, 0.2, 0.1]]))
    np.testing.assert_allclose(lira.confidence(logits, 1.0, np.array([0])), np.log(0.7 / 0.3))


def test_gradients_of_each_sample() -> None:
    module = polynomial_network((6, 5, 3), 0)
    x, y = np.random.default_rng(0).random((4, 6)).astype(np.float32), np.array([0, 1, 2, 0])
    found = white_box.gradient_features(module, x, y)
    for place in range(4):
        module.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            module(torch.as_tensor(x[place : place + 1])), torch.as_tensor(y[place : place + 1])
        )
        loss.backward()
        norms = [float(parameter.grad.norm()) for parameter in module.parameters()]
        np.testing.assert_allclose(found[place], np.log([float(loss), *norms]), rtol=1e-3, atol=1e-4)


def test_matching_forgets_the_order() -> None:
    true = np.random.default_rng(0).random((5, 1, 4, 4))
    np.testing.assert_allclose(gradients.matched_errors(true[[3, 1, 4, 0, 2]], true), 0)
    wrong = true.copy()
    wrong[2] += 0.5
    np.testing.assert_allclose(gradients.matched_errors(wrong[[3, 1, 4, 0, 2]], true), [0, 0, 0.25, 0, 0], atol=1e-12)


def test_encrypted_findings_are_the_simulated_ones() -> None:
    """Sixty answers to a copy and forty to measure it by."""
    from blindsight.audit.models import subject

    made = subject("digits")
    pool, test = made.data.test_x[:60], made.data.test_x[60:100]
    encrypted, simulated = made.endpoint("encrypted"), made.endpoint("simulated")
    np.testing.assert_array_equal(encrypted.scores(pool), simulated.scores(pool))
    assert knockoff.agreements(encrypted, made.data, pool, test, (60,), 0) == knockoff.agreements(
        simulated, made.data, pool, test, (60,), 0
    )
