# SPDX-License-Identifier: Apache-2.0
"""Looks for numbers in what was sent, in all the ways in which they might be written."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np


def require(holds: Any, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def encodings(what: str, values: np.ndarray[Any, Any]) -> Iterator[tuple[str, bytes, int]]:
    """Ways to write numbers: what each is, its bytes, and the bytes of one number."""
    whole = np.array_equal(values, np.round(values))
    forms: list[tuple[str, Any]] = [("float32", "<f4"), ("float64", "<f8")]
    if whole:
        largest = np.abs(values).max()
        forms += [(f"int{8 * size}", f"<i{size}") for size in (4, 8) if largest < 2 ** (8 * size - 1)]
        if values.min() < 0 and largest < 128:
            forms.append(("byte", "i1"))
        elif values.min() >= 0 and largest < 256:
            forms.append(("byte", "u1"))
    for name, form in forms:
        raw = values.astype(form).tobytes()
        size = np.dtype(form).itemsize
        yield f"{what} as {name}", raw, size
        yield f"{what} as {name} in hexadecimal", raw.hex().encode(), 2 * size
        yield f"{what} as {name} in upper hexadecimal", raw.hex().upper().encode(), 2 * size
        for shift in range(3):
            yield f"{what} as {name} in base64", base64.b64encode(raw[shift:]), -(-4 * size // 3)
            yield f"{what} as {name} in base64url", base64.urlsafe_b64encode(raw[shift:]), -(-4 * size // 3)
    texts = [str(int(x)) for x in values] if whole else [repr(float(x)) for x in values]
    for separator in (",", ", ", " ", "\n"):
        yield f"{what} as text", separator.join(texts).encode(), max(map(len, texts)) + len(separator)


def windows(data: bytes, unit: int) -> list[bytes]:
    """Parts of an encoding that no other bytes are by chance."""
    length = min(len(data), max(24 * unit, 24))
    starts = np.linspace(0, len(data) - length, num=12, dtype=int)
    parts = [data[start : start + length] for start in starts]
    return [part for part in dict.fromkeys(parts) if len(set(part)) >= 3]


def search(traffic: bytes, what: str, values: np.ndarray[Any, Any]) -> None:
    for name, data, unit in encodings(what, values):
        parts = windows(data, unit)
        require(parts, f"{name} says nothing that could be looked for")
        # Control: it would be found.
        require(any(part in b"x" + data for part in parts), f"{name} can't be found")
        require(not any(part in traffic for part in parts), f"{name} was sent")


def heads(record: bytes) -> list[bytes]:
    """Of a connection, each request but for its body: first line and headers, and JSON before a tensor."""
    out = []
    rest = record
    while rest:
        head, _, body = rest.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        count = int(fields.get(b"content-length", b"0"))
        text = int(fields.get(b"inference-header-content-length", b"0"))
        out.append(head + b"\r\n\r\n" + body[:text])
        rest = body[count:]
    return out
