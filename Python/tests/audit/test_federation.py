# SPDX-License-Identifier: Apache-2.0
"""Updates as integers, their sums under encryption, and the noise of clients."""

from __future__ import annotations

import math

import numpy as np
import pytest

import blindsight as bs

torch = pytest.importorskip("torch")

from blindsight.audit.federated import aggregation, learning, noise  # noqa: E402
from blindsight.audit.leakage import gradients  # noqa: E402
from blindsight.audit.models import polynomial_network  # noqa: E402


def test_fixed_point() -> None:
    fixed = aggregation.FixedPoint(2.0, 8)
    assert fixed.largest == 127
    np.testing.assert_array_equal(fixed.integers([2.0, -2.0, 0.0, 5.0, -9.0]), [127, -127, 0, 127, -127])
    values = np.linspace(-2, 2, 100)
    assert np.abs(fixed.reals(fixed.integers(values)) - values).max() <= fixed.step / 2 + 1e-12
    for wrong in (math.nan, math.inf):
        with pytest.raises(bs.DataError):
            fixed.integers([0.0, wrong])


def test_encrypted_sums_are_the_plain_ones() -> None:
    vectors = np.random.default_rng(0).integers(-99, 100, (4, 150))
    encrypted, plain = (aggregation.Federation(150, 4, 99, bits) for bits in (2048, None))
    np.testing.assert_array_equal(encrypted.sum(vectors), plain.sum(vectors))
    np.testing.assert_array_equal(plain.sum(vectors), vectors.sum(axis=0))
    assert encrypted.report()["encrypted"] and not plain.report()["encrypted"]
    with pytest.raises(bs.MismatchError):
        encrypted.sum([*vectors, vectors[0]])
    with pytest.raises(bs.DataError):
        encrypted.sum(vectors * 2)


def test_weights_come_back() -> None:
    module = polynomial_network((4, 3, 2), 0)
    weights = aggregation.flatten(module.parameters())
    assert weights.shape == (4 * 3 + 3 + 3 * 2 + 2,)
    parts = aggregation.unflatten(weights, list(module.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(parts, module.parameters()))


def test_learning_is_the_mean_of_updates() -> None:
    random = np.random.default_rng(0)
    x = random.random((60, 4)).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(np.int64)
    parts = learning.split(x, y, 3, 0)
    assert sorted(len(part[0]) for part in parts) == [20, 20, 20]
    seen: list[int] = []

    def combine(updates: list[np.ndarray]) -> np.ndarray:
        seen.append(len(updates))
        return np.mean(updates, axis=0)

    module = torch.nn.Linear(4, 2)
    weights = learning.learn(module, parts, 8, 0, combine=combine, rate=0.5, epochs=3)
    assert seen == [3] * 8
    assert learning._accuracy(aggregation.load(module, weights), x, y) > 0.9


def test_sums_of_gradients() -> None:
    module = gradients.lenet(1, 28, 0)
    x, y = torch.rand((3, 1, 28, 28)), torch.tensor([0, 1, 2])
    parts = [gradients.gradient(module, x[i : i + 1], y[i : i + 1]) for i in range(3)]
    all_ = gradients.gradient(module, x, y)
    for whole, *pieces in zip(all_, *parts):
        torch.testing.assert_close(whole, sum(pieces), rtol=1e-3, atol=1e-5)
    sums, federation = gradients.summed(parts)
    largest = max(float(piece.abs().max()) for part in parts for piece in part)
    for whole, found in zip(all_, sums):
        assert float((whole - found).abs().max()) < 3 * largest / 32767 + 1e-5
    assert federation.vectors == 3


def test_discrete_gaussian() -> None:
    draws = noise.discrete_gaussian(3.0, 200_000, np.random.default_rng(0))
    assert draws.dtype == np.int64 and abs(draws.mean()) < 0.05 and abs(draws.std() - 3.0) < 0.03
    # exp(-1 / 18) between 0 and 1.
    assert abs((draws == 1).sum() / (draws == 0).sum() - math.exp(-1 / 18)) < 0.03
    narrow = noise.discrete_gaussian(0.1, 1000, np.random.default_rng(0))
    assert (narrow == 0).all()
    for wrong in (0.0, -1.0, math.nan, 1e9):
        with pytest.raises(bs.InvalidArgument):
            noise.discrete_gaussian(wrong, 3, np.random.default_rng(0))


def test_accounting() -> None:
    # Wide noise: that of a Gaussian of sigma sqrt(n - 1), sensitivity^2 / (2 (n - 1) sigma^2).
    assert math.isclose(noise.concentrated(10.0, 20.0, 5, 100), 100 / (2 * 4 * 400), rel_tol=1e-9)
    # Narrow noise is no sum of Gaussians, and costs more.
    assert noise.concentrated(1.0, 0.3, 5, 100) > 1 / (2 * 4 * 0.09)
    rho, delta = 0.25, 1e-5
    sigma = 100 / math.sqrt(2 * rho)
    found = noise.epsilon(100.0, sigma, 2, 10, 1, delta)
    loose = rho + 2 * math.sqrt(rho * math.log(1 / delta))
    assert 0.75 * loose < found < loose
    assert noise.epsilon(100.0, sigma, 2, 10, 4, delta) > found > noise.epsilon(100.0, 2 * sigma, 2, 10, 1, delta)
    wanted = learning._deviation(100.0, 50, 10, 5, 8.0, delta)
    assert 7.9 < noise.epsilon(100.0, wanted, 50, 10, 5, delta) <= 8.0
    with pytest.raises(bs.InvalidArgument):
        noise.epsilon(1.0, 1.0, 2, 1, 1, 0.0)
    with pytest.raises(bs.InvalidArgument):
        noise.concentrated(1.0, 1.0, 1, 1)
