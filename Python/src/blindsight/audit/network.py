# SPDX-License-Identifier: Apache-2.0
"""The integer network of a plan, read from the bytes of its server.plan (docs/Formats.md)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from .._errors import FormatError

KINDS = ("unspecified", "convolution", "dense", "affine", "square", "product", "forest")
_HEADER, _CHECKSUM, _SECTION_HEAD = 56, 32, 16
_NETWORK, _PREFIX = 3, 9


@dataclass(frozen=True)
class Operation:
    """One operation. sources: 0 is the input, i + 1 the result of operation i. Others: see `OperationMessage`."""

    kind: str
    sources: tuple[int, ...]
    sizes: tuple[int, ...]
    weights: Any
    bias: Any
    columns: int
    row_counts: tuple[int, ...]
    column_indices: Any


@dataclass(frozen=True)
class Network:
    """shape: of a sample. lowest, highest: the box of integers. scale, offsets, scales: of the reals, float32.

    has_prefix: whether the client computes something before samples are quantized. output_factors: the real value of
    one step of each output; one for all, or one an output.
    """

    shape: tuple[int, ...]
    lowest: int
    highest: int
    scale: float
    offsets: Any
    scales: Any
    normalization: str
    has_prefix: bool
    operations: tuple[Operation, ...]
    output_factors: Any
    decision: str

    @classmethod
    def of(cls, plan: Any) -> Network:
        """The network of a plan: its server.plan was checked when the plan was made or loaded."""
        sections = _sections(bytes(plan))
        message = _fields(sections[_NETWORK])
        given = _fields(_last(message, 1, b""))
        exponents = _signed(message.get(7, []))
        factors = _double(message.get(3)) * 2.0 ** np.asarray(exponents if len(exponents) else [0], np.float64)
        return cls(
            shape=tuple(int(size) for size in _unsigned(given.get(1, []))),
            lowest=int(_one_signed(given.get(2))),
            highest=int(_one_signed(given.get(3))),
            scale=struct.unpack("<f", _last(given, 4, bytes(4)))[0],
            offsets=_floats(given.get(6, [])),
            scales=_floats(given.get(7, [])),
            normalization=bytes(_last(given, 8, b"")).decode(),
            has_prefix=_PREFIX in sections,
            operations=tuple(_operation(entry) for entry in message.get(2, [])),
            output_factors=factors,
            decision=bytes(_last(message, 5, b"")).decode(),
        )


def _operation(data: Any) -> Operation:
    found = _fields(data)
    kind = _last(found, 1, 0)
    if not isinstance(kind, int) or not 0 < kind < len(KINDS):
        raise FormatError(f"an operation of kind {kind}, which is not known here", "network")
    columns = _last(found, 6, 0)
    assert isinstance(columns, int)
    return Operation(
        kind=KINDS[kind],
        sources=tuple(int(source) for source in _unsigned(found.get(2, []))),
        sizes=tuple(int(size) for size in _signed(found.get(3, []))),
        weights=_signed(found.get(4, [])),
        bias=_signed(found.get(5, [])),
        columns=columns,
        row_counts=tuple(int(count) for count in _unsigned(found.get(7, []))),
        column_indices=_unsigned(found.get(8, [])).astype(np.int64),
    )


def _sections(data: bytes) -> dict[int, memoryview]:
    payload = memoryview(data)[_HEADER : len(data) - _CHECKSUM]
    found, done = {}, 0
    while done < len(payload):
        number, _, _, length = struct.unpack_from("<HHIQ", payload, done)
        done += _SECTION_HEAD
        found[number] = payload[done : done + length]
        done += length
    if _NETWORK not in found:
        raise FormatError("a plan without a network", "server.plan")
    return found


# Protocol Buffers, as much as a network needs.


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7


def _fields(data: Any) -> dict[int, list[Any]]:
    """Values by their fields' numbers: whole numbers, or bytes."""
    data, place = memoryview(data), 0
    found: dict[int, list[Any]] = {}
    while place < len(data):
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        value: Any
        if kind == 0:
            value, place = _varint(data, place)
        else:
            if kind == 2:
                length, place = _varint(data, place)
            elif kind in (1, 5):
                length = 8 if kind == 1 else 4
            else:
                raise FormatError(f"a field of type {kind}", "network")
            value, place = data[place : place + length], place + length
        found.setdefault(number, []).append(value)
    return found


def _last(found: dict[int, list[Any]], number: int, default: Any) -> Any:
    return found.get(number, [default])[-1]


def _double(values: Optional[list[Any]]) -> float:
    return 0.0 if not values else float(struct.unpack("<d", values[-1])[0])


def _one_signed(values: Optional[list[Any]]) -> int:
    return 0 if not values else (values[-1] >> 1) ^ -(values[-1] & 1)


def _floats(values: list[Any]) -> Any:
    return np.frombuffer(b"".join(bytes(value) for value in values), "<f4")


def _unsigned(values: list[Any]) -> Any:
    """Packed numbers, uint64: all bytes of one place at once."""
    parts = [bytes([]) if isinstance(value, int) else bytes(value) for value in values]
    if any(isinstance(value, int) for value in values):
        raise FormatError("numbers that aren't packed", "network")
    data = np.frombuffer(b"".join(parts), np.uint8)
    ends = np.flatnonzero(data < 128)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64) if len(ends) else ends
    out = np.zeros(len(ends), np.uint64)
    for byte in range(10):
        has = starts + byte <= ends
        if not has.any():
            break
        out[has] |= (data[starts[has] + byte].astype(np.uint64) & np.uint64(127)) << np.uint64(7 * byte)
    return out


def _signed(values: list[Any]) -> Any:
    codes = _unsigned(values)
    return (codes >> np.uint64(1)).astype(np.int64) ^ -(codes & np.uint64(1)).astype(np.int64)
