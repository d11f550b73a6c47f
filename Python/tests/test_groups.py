# SPDX-License-Identifier: Apache-2.0
"""Runs of groups that are taken out of a request, and replies that are put together again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import Pair

import blindsight as bs
from blindsight import _groups as groups


def _heads(data: memoryview, kind: int, plan: str) -> list[groups.GroupHead]:
    return groups.read_heads(lambda at, count: data[at : at + count], len(data), kind, plan, "file")


@pytest.fixture(scope="module")
def ten(mnist_pair: Pair, digits: tuple[Any, Any]) -> tuple[bs.Request, list[groups.GroupHead]]:
    """A request of ten groups."""
    request = mnist_pair.client.encrypt(digits[0][:10])
    return request, _heads(request.data, groups.REQUEST, mnist_pair.plan.client.digest)


def _run(pair: Pair, request: bs.Request, heads: list[groups.GroupHead], first: int, count: int) -> memoryview:
    start = sum(head.length for head in heads[:first])
    some = heads[first : first + count]
    data = memoryview(bytearray(request.data[start : start + sum(head.length for head in some)]))
    placed = groups.make_whole(data, some, "file")
    reply = memoryview(bytes(pair.server.predict(data)))
    return groups.restore(reply, placed, some, "file")


def test_runs_of_groups_make_the_whole_reply(mnist_pair: Pair, digits: tuple[Any, Any], ten: Any) -> None:
    request, heads = ten
    assert [head.index for head in heads] == list(range(10)) and {head.samples for head in heads} == {1}
    parts = [_run(mnist_pair, request, heads, first, count) for first, count in ((0, 3), (3, 1), (4, 6))]
    reply = b"".join(parts)
    found = mnist_pair.client.decrypt(reply, request)
    np.testing.assert_array_equal(found.logits, mnist_pair.plan.simulate(digits[0][:10]).logits)
    groups.require_answers(memoryview(reply), heads, "file")
    # In another order, or without one, they are none.
    for wrong in (b"".join([parts[1], parts[0], parts[2]]), reply[: len(parts[0])], reply + parts[2]):
        with pytest.raises(bs.BlindsightError):
            groups.require_answers(memoryview(bytes(wrong)), heads, "file")
        with pytest.raises(bs.BlindsightError):
            mnist_pair.client.decrypt(bytes(wrong), request)


def test_a_whole_request_is_left_as_it_is(mnist_pair: Pair, ten: Any) -> None:
    request, heads = ten
    data = memoryview(bytearray(request.data))
    assert groups.make_whole(data, heads, "file") == heads
    assert data == request.data


def test_damage_is_never_given_a_new_checksum(ten: Any) -> None:
    request, heads = ten
    for place in (groups.HEAD_BYTES + 5, heads[0].length // 2, heads[0].length - 1):
        data = bytearray(request.data[: heads[0].length])
        data[place] ^= 1
        with pytest.raises(bs.FormatError, match="damaged"):
            groups.make_whole(memoryview(data), heads[:1], "file")
    data = bytearray(request.data[: heads[0].length])
    data[60] ^= 1
    with pytest.raises(bs.FormatError, match="changed"):
        groups.make_whole(memoryview(data), heads[:1], "file")


def test_damaged_replies_are_found(mnist_pair: Pair, ten: Any) -> None:
    request, heads = ten
    reply = bytearray(_run(mnist_pair, request, heads, 2, 1))
    groups.require_answers(memoryview(reply), heads[2:3], "file")
    with pytest.raises(bs.MismatchError):
        groups.require_answers(memoryview(reply), heads[3:4], "file")
    for cut in (0, 100, len(reply) - 1):
        with pytest.raises(bs.FormatError):
            groups.require_answers(memoryview(reply)[:cut], heads[2:3], "file")
    for place in (0, 9, 12, 40, 70, 90, 130, 200, len(reply) - 1):
        reply[place] ^= 1
        with pytest.raises((bs.FormatError, bs.MismatchError)):
            groups.require_answers(memoryview(reply), heads[2:3], "file")
        reply[place] ^= 1


def test_heads_are_checked(mnist_pair: Pair, ten: Any) -> None:
    request, heads = ten
    plan = mnist_pair.plan.client.digest
    length = heads[0].length
    with pytest.raises(bs.MismatchError, match="plan"):
        _heads(request.data, groups.REQUEST, "00" * 32)
    with pytest.raises(bs.FormatError, match="'reply' is needed"):
        _heads(request.data, groups.REPLY, plan)
    for wrong in (
        request.data[:0],
        request.data[:100],
        request.data[:-1],
        request.data[: 9 * length],
        request.data[length:],
        bytes(request.data) + bytes(request.data[:length]),
    ):
        with pytest.raises(bs.FormatError):
            _heads(memoryview(bytes(wrong)), groups.REQUEST, plan)


def test_kinds(mnist_pair: Pair, tmp_path: Any) -> None:
    mnist_pair.client.save(tmp_path / "secret.key")
    mnist_pair.plan.save(tmp_path)
    for name, kind in (("secret.key", 3), ("server.plan", 1), ("client.plan", 2)):
        assert groups.kind_of((tmp_path / name).read_bytes(), name) == kind
    assert groups.kind_of(mnist_pair.client.evaluation_keys.data, "keys") == 4
    with pytest.raises(bs.FormatError, match=r"'secret.key'; 'evaluation.key'"):
        groups.require_kind((tmp_path / "secret.key").read_bytes(), 4, "keys")
    for wrong in (b"", b"BLNDSGHT", b"something else than a file"):
        with pytest.raises(bs.FormatError):
            groups.kind_of(wrong, "file")
