# SPDX-License-Identifier: Apache-2.0
"""Files where the cluster has them: local or shared folders, object stores by pyarrow or fsspec."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple, Union

import pyarrow.fs

from .._errors import FileError, InvalidArgument, MismatchError
from .._library import BytesLike

PathLike = Union[str, "os.PathLike[str]"]


class Place(NamedTuple):
    """A file or a folder. Sent to workers."""

    filesystem: Any
    path: str

    def child(self, *names: str) -> Place:
        return Place(self.filesystem, "/".join([self.path.rstrip("/"), *names]))

    @property
    def name(self) -> str:
        return self.path.rstrip("/").rsplit("/", 1)[-1]

    @property
    def parent(self) -> Place:
        return Place(self.filesystem, self.path.rstrip("/").rpartition("/")[0] or "/")

    def status(self) -> Any:
        """What pyarrow knows of it; nothing but `type` where there is none."""
        return self.filesystem.get_file_info(self.path)

    def size(self) -> int:
        """Of a file; -1 where there is none."""
        found = self.status()
        return int(found.size) if found.is_file else -1

    def read(self, offset: int, length: int) -> bytearray:
        """Raises FileError where the file can't be read, or ends before."""
        data = bytearray(length)
        rest = memoryview(data)
        try:
            with self.filesystem.open_input_file(self.path) as file:
                file.seek(offset)
                while rest:
                    count = file.readinto(rest)
                    if not count:
                        raise FileError("the file ends before it should", self.path)
                    rest = rest[count:]
        except OSError as error:
            raise FileError(_reason(error), self.path) from error
        return data

    def read_all(self) -> bytearray:
        size = self.size()
        if size < 0:
            raise FileError("no such file", self.path)
        return self.read(0, size)

    def write(self, parts: Iterable[BytesLike]) -> None:
        """Writes a file under another name first: nothing half-written is ever found under its own.

        Of several that write it at once each is whole, and the last stays.
        """
        other = self.parent.child(f"{_temporary(self.name)}{uuid.uuid4().hex}.tmp")
        try:
            with self.filesystem.open_output_stream(other.path) as stream:
                for part in parts:
                    stream.write(part)
            self.take(other)
        except BaseException as error:
            other.remove()
            if isinstance(error, OSError) and not isinstance(error, FileError):
                raise FileError(_reason(error), self.path) from error
            raise

    def take(self, other: Place) -> None:
        """Gives a file that was written this name."""
        is_local = isinstance(self.filesystem, pyarrow.fs.LocalFileSystem)
        if is_local:
            _sync(other.path)
        self.filesystem.move(other.path, self.path)
        if is_local:
            _sync(os.path.dirname(self.path))

    def require_note(self, note: dict[str, Any], what: str) -> None:
        """Writes what a folder's results are made of; where that stands there already, compares.

        Raises MismatchError where it is something else.
        """
        data = json.dumps(note, indent=1).encode()
        if self.size() < 0:
            self.write([data])
        elif bytes(self.read_all()) != data:
            raise MismatchError(f"the folder has {what}: take another, or remove what is in it", self.parent.path)

    def remove(self) -> None:
        """Of a file or a folder that may be gone already."""
        try:
            if self.status().type == pyarrow.fs.FileType.Directory:
                self.filesystem.delete_dir(self.path)
            else:
                self.filesystem.delete_file(self.path)
        except OSError:
            pass

    def make_folder(self) -> None:
        try:
            self.filesystem.create_dir(self.path, recursive=True)
        except OSError as error:
            raise FileError(_reason(error), self.path) from error


def _temporary(name: str) -> str:
    return f".{name[:100]}."


def sweep(folder: Place, names: Iterable[str]) -> None:
    """Removes what workers that died left beside files of these names."""
    starts = tuple(_temporary(name) for name in names)
    for file in folder.filesystem.get_file_info(pyarrow.fs.FileSelector(folder.path)):
        found = Place(folder.filesystem, file.path)
        if file.is_file and found.name.startswith(starts) and found.name.endswith(".tmp"):
            found.remove()


def _reason(error: OSError) -> str:
    return error.what if isinstance(error, FileError) else str(error)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def place(path: PathLike, filesystem: Any = None) -> Place:
    """A path and its file system.

    path: local, or with a scheme such as s3:// that pyarrow or fsspec knows.
    filesystem: of pyarrow or fsspec, to which the path belongs; None: what the path says.
    """
    text = os.fspath(path)
    if filesystem is not None:
        if not isinstance(filesystem, pyarrow.fs.FileSystem):
            try:
                filesystem = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(filesystem))
            except TypeError as error:
                raise InvalidArgument(f"a file system of pyarrow or fsspec is needed: {error}", "filesystem") from None
        if isinstance(filesystem, pyarrow.fs.LocalFileSystem):
            text = os.path.abspath(text)
        return Place(filesystem, text)
    if "://" not in text:
        return Place(pyarrow.fs.LocalFileSystem(), os.path.abspath(text))
    try:
        return Place(*pyarrow.fs.FileSystem.from_uri(text))
    except (OSError, ValueError):
        import fsspec

        found, text = fsspec.core.url_to_fs(text)
        return place(text, found)


def files(paths: Union[PathLike, Iterable[PathLike]], filesystem: Any, ending: str, what: str) -> list[Place]:
    """Files that are named, and those of folders that are named whose names end so; by name.

    Raises InvalidArgument where two have one name: results are named after them.
    """
    found: list[Place] = []
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        given = place(path, filesystem)
        status = given.status()
        if status.is_file:
            found.append(given)
        elif status.type == pyarrow.fs.FileType.Directory:
            inside = given.filesystem.get_file_info(pyarrow.fs.FileSelector(given.path))
            names = [file.path for file in inside if file.is_file and file.path.endswith(ending)]
            found += [Place(given.filesystem, name) for name in names if not Place(None, name).name.startswith(".")]
        else:
            raise FileError("no such file or folder", given.path)
    if not found:
        raise InvalidArgument(f"no files: names of files are needed, or of folders with files *{ending}", what)
    found.sort(key=lambda file: file.name)
    for one, other in zip(found, found[1:]):
        if one.name == other.name:
            raise InvalidArgument(f"{one.path} and {other.path} have the same name, and results are named so", what)
    return found
