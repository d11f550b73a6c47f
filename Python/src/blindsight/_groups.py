# SPDX-License-Identifier: Apache-2.0
"""Groups of requests and replies as they stand in files, docs/Formats.md: what anyone can tell of them without a key.

A server works on a group at once, and a file may have many. Here a run of groups is taken out of a request, made a
request of its own for the call that predicts, and its reply made the reply to those groups of the whole again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Union

from ._errors import FormatError, MismatchError

HEAD_BYTES = 136
CHECKSUM_BYTES = 32
REQUEST = 5
REPLY = 6

_MAGIC = b"BLNDSGHT"
_VERSION = 6
_ENVELOPE_BYTES = 56
_OWN_BYTES = 80
_MOST_GROUPS = 1 << 20
_LONGEST = 8 << 30
_ZEROS = bytes(32)
_KINDS = {1: "server.plan", 2: "client.plan", 3: "secret.key", 4: "evaluation.key", 5: "request", 6: "reply"}

Buffer = Union[bytes, bytearray, memoryview]


def _number(data: bytes, offset: int, count: int) -> int:
    return int.from_bytes(data[offset : offset + count], "little")


def kind_of(data: Buffer, where: str) -> int:
    """Of a file, by its first bytes. The kind says what it is, before anybody passes it on.

    Raises FormatError for what is no file of this format's version.
    """
    header = bytes(data[:16])
    if len(header) < 16 or header[:8] != _MAGIC:
        raise FormatError("this is no file of Blindsight", where)
    if _number(header, 8, 2) != _VERSION:
        raise FormatError(f"a file of version {_number(header, 8, 2)}; this release reads {_VERSION}", where)
    return _number(header, 10, 2)


def require_kind(data: Buffer, expected: int, where: str) -> None:
    """Raises FormatError for a file of another kind."""
    kind = kind_of(data, where)
    if kind != expected:
        found = _KINDS.get(kind, f"kind {kind}")
        raise FormatError(f"this is a file of kind {found!r}; {_KINDS[expected]!r} is needed", where)


@dataclass(frozen=True)
class GroupHead:
    """What stands before a group's ciphertexts."""

    data: bytes

    @staticmethod
    def read(data: Buffer, kind: int, where: str) -> GroupHead:
        """Raises FormatError for what is no head of this kind."""
        if len(data) < HEAD_BYTES:
            raise FormatError("the file ends within a group", where)
        require_kind(data, kind, where)
        head = GroupHead(bytes(data[:HEAD_BYTES]))
        unused = head.answers if kind == REQUEST else head.data[56:88]
        is_whole = _number(head.data, 12, 4) == 0 and _number(head.data, 132, 4) == 0 and unused == _ZEROS
        fits = _OWN_BYTES <= _number(head.data, 48, 8) <= _LONGEST
        if not is_whole or not fits or head.samples < 1 or not head.index < head.count <= _MOST_GROUPS:
            raise FormatError("this is no head of a group", where)
        return head

    @property
    def plan(self) -> str:
        """The plan's digest, in hexadecimal."""
        return self.data[16:48].hex()

    @property
    def answers(self) -> bytes:
        """Of a reply, the digest of the head that it answers."""
        return self.data[88:120]

    @property
    def samples(self) -> int:
        return _number(self.data, 120, 4)

    @property
    def index(self) -> int:
        return _number(self.data, 124, 4)

    @property
    def count(self) -> int:
        """Of groups in all."""
        return _number(self.data, 128, 4)

    @property
    def length(self) -> int:
        """Of the whole group: head, body and checksum."""
        return _ENVELOPE_BYTES + _number(self.data, 48, 8) + CHECKSUM_BYTES

    @property
    def digest(self) -> bytes:
        """What a reply names its request by: another for each group that was ever encrypted."""
        return hashlib.sha256(self.data).digest()

    def placed(self, index: int, count: int, answers: bytes = _ZEROS) -> bytes:
        """The head's bytes at another place among groups."""
        place = index.to_bytes(4, "little") + count.to_bytes(4, "little")
        return self.data[:88] + answers + self.data[120:124] + place + self.data[132:]


def read_heads(read: Callable[[int, int], Buffer], size: int, kind: int, plan: str, where: str) -> list[GroupHead]:
    """Heads of all groups of a file, which are checked as far as heads go: order, number, plan, end of the file.

    read: gives (offset, length) of the file.
    Raises FormatError and MismatchError.
    """
    heads: list[GroupHead] = []
    offset = 0
    while offset < size or not heads:
        head = GroupHead.read(read(offset, min(HEAD_BYTES, size - offset)), kind, where)
        if head.plan != plan:
            raise MismatchError(f"it belongs to plan {head.plan[:16]}, not to {plan[:16]}", where)
        count = heads[0].count if heads else head.count
        if head.index != len(heads) or head.count != count:
            raise FormatError(f"group {head.index} of {head.count} where {len(heads)} of {count} is expected", where)
        heads.append(head)
        offset += head.length
    if offset != size:
        raise FormatError(f"the file ends within group {len(heads) - 1}", where)
    if len(heads) != heads[0].count:
        raise FormatError(f"{len(heads)} groups in a file of {heads[0].count}", where)
    return heads


def require_checksum(group: memoryview, where: str) -> None:
    """Raises FormatError for a damaged group."""
    if hashlib.sha256(group[:-CHECKSUM_BYTES]).digest() != group[-CHECKSUM_BYTES:]:
        raise FormatError("the checksum doesn't fit: the group is damaged", where)


def _place(group: memoryview, head: bytes) -> None:
    group[:HEAD_BYTES] = head
    group[-CHECKSUM_BYTES:] = hashlib.sha256(group[:-CHECKSUM_BYTES]).digest()


def split(data: memoryview, heads: Sequence[GroupHead], where: str) -> list[memoryview]:
    """Groups that stand one behind the other, a view of each."""
    if data.nbytes != sum(head.length for head in heads):
        raise FormatError("groups of another length than their heads say", where)
    views, offset = [], 0
    for head in heads:
        views.append(data[offset : offset + head.length])
        offset += head.length
    return views


def make_whole(data: memoryview, heads: Sequence[GroupHead], where: str) -> list[GroupHead]:
    """Makes a run of a request's groups a request of its own, in place. Checksums are compared before.

    heads: as they must stand there. A run that is a whole file already is left as it is.
    Returns the heads that it has then. Raises FormatError for damage, and for a file that changed meanwhile.
    """
    groups = split(data, heads, where)
    if any(group[:HEAD_BYTES] != head.data for group, head in zip(groups, heads)):
        raise FormatError("the file changed while it was read", where)
    if heads[0].index == 0 and heads[0].count == len(heads):
        return list(heads)
    for index, (group, head) in enumerate(zip(groups, heads)):
        require_checksum(group, f"{where}, group {head.index}")
        _place(group, head.placed(index, len(heads)))
    return [GroupHead(bytes(group[:HEAD_BYTES])) for group in groups]


def restore(reply: memoryview, placed: Sequence[GroupHead], heads: Sequence[GroupHead], where: str) -> memoryview:
    """Makes the reply to a run the reply to its groups of the whole file.

    reply: to a request with the heads `placed`, which `make_whole` gave for `heads`.
    """
    require_answers(reply, placed, where)
    if list(placed) == list(heads):
        return reply
    data = memoryview(bytearray(reply))
    offset = 0
    for head in heads:
        found = GroupHead.read(data[offset : offset + HEAD_BYTES], REPLY, where)
        _place(data[offset : offset + found.length], found.placed(head.index, head.count, head.digest))
        offset += found.length
    return data


def require_answers(reply: memoryview, heads: Sequence[GroupHead], where: str) -> None:
    """Raises FormatError for a damaged reply, MismatchError for one to anything but these groups, in this order."""
    offset = 0
    for head in heads:
        found = GroupHead.read(reply[offset : offset + HEAD_BYTES], REPLY, where)
        if reply.nbytes - offset < found.length:
            raise FormatError("the file ends within a group", where)
        same = (head.digest, head.plan, head.samples, head.index, head.count)
        if same != (found.answers, found.plan, found.samples, found.index, found.count):
            raise MismatchError(f"a reply to another group than {head.index}", where)
        require_checksum(reply[offset : offset + found.length], f"{where}, group {head.index}")
        offset += found.length
    if offset != reply.nbytes:
        raise FormatError("bytes behind the last group", where)


def run_name(heads: Sequence[GroupHead]) -> str:
    """Names the reply to a run of groups by what it answers."""
    return f"{hashlib.sha256(b''.join(head.digest for head in heads)).hexdigest()}-{len(heads)}"
