# SPDX-License-Identifier: Apache-2.0
"""Sums of clients' integers under encryption: exact, and refused where they could be wrong."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import blindsight as bs
from blindsight.federated import EncryptedVector, PrivateSum, SumKey


@pytest.fixture(scope="module")
def key() -> SumKey:
    return SumKey(2048)


@pytest.fixture(scope="module")
def scheme(key: SumKey) -> PrivateSum:
    return PrivateSum(key.public, count=300, magnitude=32767, clients=5)


def test_sums_are_exact(key: SumKey, scheme: PrivateSum) -> None:
    random = np.random.default_rng(0)
    rows = random.integers(-32767, 32768, (5, 300))
    rows[:, 0], rows[:, 1] = 32767, -32767
    vectors = [scheme.encrypt(row) for row in rows]
    assert all(len(vector) == scheme.vector_bytes for vector in vectors)
    total = scheme.sum(vectors)
    assert scheme.terms(vectors[0]) == 1 and scheme.terms(total) == 5
    np.testing.assert_array_equal(key.decrypt(scheme, total), rows.sum(axis=0))
    # 2 * 5 * 32767 needs 19 bits; of 2,046 usable ones.
    assert (scheme.slot_bits, scheme.slots, scheme.ciphertexts) == (19, 107, 3)


def test_a_client_elsewhere(key: SumKey, scheme: PrivateSum) -> None:
    there: PrivateSum = pickle.loads(pickle.dumps(scheme))
    sent = bytes(there.encrypt(np.arange(300)))
    total = scheme.add(EncryptedVector(sent), scheme.encrypt(np.full(300, -1)))
    np.testing.assert_array_equal(key.decrypt(scheme, total), np.arange(300) - 1)


def test_ciphertexts_are_fresh(scheme: PrivateSum) -> None:
    assert scheme.encrypt(np.zeros(300, int)) != scheme.encrypt(np.zeros(300, int))


@pytest.mark.parametrize(
    "values",
    [
        np.full(300, 32768),
        np.full(300, -32768),
        np.full(300, 2**63, np.uint64),
        np.zeros(299, int),
        np.zeros((1, 300), int),
        np.zeros(300),
        [0.5] * 300,
    ],
)
def test_vectors_that_do_not_fit(scheme: PrivateSum, values: Any) -> None:
    with pytest.raises(bs.DataError):
        scheme.encrypt(values)


@pytest.mark.parametrize(
    "sizes", [(0, 1, 1), (10, 0, 1), (10, 1, 0), (10, 2**62, 4), (10, 2**63, 1), (10, 1.5, 2), (2**40, 1, 1)]
)
def test_sums_that_could_overflow(key: SumKey, sizes: tuple[Any, ...]) -> None:
    with pytest.raises(bs.InvalidArgument):
        PrivateSum(key.public, *sizes)


def test_too_many_and_too_few(key: SumKey, scheme: PrivateSum) -> None:
    one = scheme.encrypt(np.ones(300, int))
    with pytest.raises(bs.MismatchError, match="room for 5"):
        scheme.sum([one] * 6)
    with pytest.raises(bs.MismatchError, match="at least 2"):
        key.decrypt(scheme, one)
    assert (key.decrypt(scheme, one, least=1) == 1).all()
    with pytest.raises(bs.InvalidArgument):
        scheme.sum([])


def test_what_is_of_another_sum(key: SumKey, scheme: PrivateSum) -> None:
    other = SumKey(2048)
    theirs = PrivateSum(other.public, count=300, magnitude=32767, clients=5)
    wider = PrivateSum(key.public, count=300, magnitude=32768, clients=5)
    vector = scheme.encrypt(np.zeros(300, int))
    for wrong in (theirs.encrypt(np.zeros(300, int)), wider.encrypt(np.zeros(300, int))):
        with pytest.raises(bs.MismatchError):
            scheme.add(vector, wrong)
        with pytest.raises(bs.MismatchError):
            key.decrypt(scheme, wrong, least=1)
    with pytest.raises(bs.MismatchError):
        other.decrypt(scheme, vector, least=1)
    for damaged in (b"", bytes(vector)[:-1], bytes(vector) + b"x", b"x" + bytes(vector)[1:]):
        with pytest.raises(bs.FormatError):
            scheme.terms(damaged)
    with pytest.raises((bs.FormatError, bs.MismatchError)):
        PrivateSum(b"no key", 3, 3, 3)
    with pytest.raises(bs.InvalidArgument):
        SumKey(1024)
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_a_client_that_lies(key: SumKey) -> None:
    """Sums that leave what honest vectors can reach are told; here by bytes that claim fewer clients."""
    scheme = PrivateSum(key.public, count=3, magnitude=10, clients=4)
    total = bytearray(bytes(scheme.sum([scheme.encrypt([10, 10, 10])] * 4)))
    total[32] = 2
    with pytest.raises(bs.DecryptionError):
        key.decrypt(scheme, bytes(total))
