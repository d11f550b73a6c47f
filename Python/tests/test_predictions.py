# SPDX-License-Identifier: Apache-2.0
"""From a model to decrypted predictions, and that all ways of giving samples mean the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import Pair

import blindsight as bs


def test_five_lines(pair: Pair, breast: tuple[Any, Any]) -> None:
    X, y = breast
    found = pair.run(X[300:320])
    assert found.is_encrypted and found.is_certified
    assert len(found) == 20
    simulated = pair.plan.simulate(X[300:320])
    assert not simulated.is_encrypted
    np.testing.assert_array_equal(found.logits, simulated.logits)
    np.testing.assert_array_equal(found.labels, simulated.labels)
    np.testing.assert_array_equal(found.values, simulated.values)
    assert (found.labels == y[300:320]).mean() > 0.9


def test_digits(mnist_pair: Pair, digits: tuple[Any, Any]) -> None:
    images, labels = digits
    found = mnist_pair.run(images[:4])
    assert found.labels.dtype == np.int64
    np.testing.assert_array_equal(found.labels, labels[:4])
    np.testing.assert_array_equal(found.logits, mnist_pair.plan.simulate(images[:4]).logits)
    assert found.logits.shape == (4, 10)
    with pytest.raises(bs.DataError, match="scores"):
        _ = found.probabilities
    assert "encrypted" in repr(found)


def test_orders_and_types(pair: Pair, breast: tuple[Any, Any]) -> None:
    X = breast[0][:5]
    expected = pair.plan.simulate(X).logits
    for same in (
        X.astype(np.float64),
        np.asfortranarray(X),
        np.repeat(X, 2, axis=0)[::2],
        X.tolist(),
        X.astype(">f4"),
    ):
        np.testing.assert_array_equal(pair.plan.simulate(same).logits, expected)
    integers = np.floor(X)
    of_integers = pair.plan.simulate(integers, clamp=True).logits
    for dtype in (np.int64, np.int32, np.uint16, np.uint64, object):
        np.testing.assert_array_equal(pair.plan.simulate(integers.astype(dtype), clamp=True).logits, of_integers)
    np.testing.assert_array_equal(pair.plan.simulate(X[0]).logits, expected[:1])


def test_images_in_another_order_are_refused(mnist: bs.Plan, digits: tuple[Any, Any]) -> None:
    images = digits[0][:3]
    expected = mnist.simulate(images).logits
    for same in (images[:, None], images[..., None], images.reshape(3, -1), images.astype(np.float32)):
        np.testing.assert_array_equal(mnist.simulate(same).logits, expected)
    for other in (images.reshape(3, 14, 56), images[:, :, :14], np.zeros((0, 784)), np.float32(1)):
        with pytest.raises(bs.DataError):
            mnist.simulate(other)


def test_values_that_are_refused(pair: Pair, breast: tuple[Any, Any]) -> None:
    X = breast[0][:3].copy()
    X[1, 4] = np.nan
    with pytest.raises(bs.DataError) as refusal:
        pair.client.encrypt(X)
    assert refusal.value.where == "sample 1, feature 4"
    X[1, 4] = 1e9
    with pytest.raises(bs.DataError, match="outside"):
        pair.client.encrypt(X)
    assert len(pair.client.encrypt(X, clamp=True)) > 0
    with pytest.raises(bs.DataError):
        pair.client.encrypt([["a"] * 30])


def test_iterators(pair: Pair, breast: tuple[Any, Any]) -> None:
    X = breast[0][:12]
    parts = (X[start : start + 5] for start in range(0, 12, 5))
    found = list(pair.client.decrypt(pair.server.predict(pair.client.encrypt(parts))))
    assert [len(part) for part in found] == [5, 5, 2]
    joined = np.concatenate([part.logits for part in found])
    np.testing.assert_array_equal(joined, pair.plan.simulate(X).logits)


def test_replies_are_told_apart(pair: Pair, breast: tuple[Any, Any]) -> None:
    X = breast[0]
    first, second = pair.client.encrypt(X[:1]), pair.client.encrypt(X[1:2])
    reply = pair.server.predict(second)
    np.testing.assert_array_equal(pair.client.decrypt(reply).logits, pair.plan.simulate(X[1:2]).logits)
    with pytest.raises(bs.MismatchError):
        pair.client.decrypt(reply, first)
    stranger = bs.Client(pair.plan.client)
    with pytest.raises(bs.MismatchError):
        stranger.decrypt(reply)


def test_damage_is_found(pair: Pair, breast: tuple[Any, Any]) -> None:
    request = bytearray(bytes(pair.client.encrypt(breast[0][:1])))
    request[-100] ^= 1
    with pytest.raises(bs.FormatError, match="checksum"):
        pair.server.predict(request)
    keys = bytearray(bytes(pair.client.evaluation_keys))
    keys[len(keys) // 2] ^= 1
    with pytest.raises(bs.BlindsightError):
        pair.model.server(bytes(keys))
    with pytest.raises(bs.FormatError):
        bs.ClientPlan.from_bytes(b"nothing")


def test_paillier_has_wide_integers(breast: tuple[Any, Any]) -> None:
    X, _ = breast
    from conftest import MODELS

    plan = bs.compile(MODELS / "logistic.onnx", X[:300], method="paillier", key_bits=2048)
    pair = Pair(plan)
    found = pair.run(X[:3])
    np.testing.assert_array_equal(found.logits, plan.simulate(X[:3]).logits)
