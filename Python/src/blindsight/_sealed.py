# SPDX-License-Identifier: Apache-2.0
"""Bytes that are meant for somebody else: requests, replies, evaluation keys."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar, Union

from ._library import BytesLike

Self = TypeVar("Self", bound="Sealed")
PathLike = Union[str, "os.PathLike[str]"]


class Sealed:
    """Bytes for the other side, in the format of the files. `data` is a view without a copy; `bytes(x)` makes one."""

    __slots__ = ("data",)

    data: memoryview

    def __init__(self, data: BytesLike) -> None:
        self.data = memoryview(data)

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def __len__(self) -> int:
        return self.data.nbytes

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.data == other.data

    def __hash__(self) -> int:
        return hash(bytes(self.data))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self):,} bytes>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (bytes(self),)

    def save(self, path: PathLike) -> None:
        """Writes a file; it appears whole or not at all."""
        write_file(path, self.data)

    @classmethod
    def load(cls: type[Self], path: PathLike) -> Self:
        """Reads a file. What is in it is checked where it is used."""
        return cls(Path(path).read_bytes())


def data_of(value: Union[Sealed, BytesLike]) -> BytesLike:
    return value.data if isinstance(value, Sealed) else value


def write_file(path: PathLike, data: BytesLike) -> None:
    """Writes a file under another name first, so that nothing half-written is ever found under its own."""
    import tempfile

    folder, name = os.path.split(os.path.abspath(os.fspath(path)))
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, os.path.join(folder, name))
    except BaseException:
        os.unlink(temporary)
        raise
