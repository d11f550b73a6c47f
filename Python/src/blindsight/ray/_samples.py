# SPDX-License-Identifier: Apache-2.0
"""Files of samples, of which rows are read without the others."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pyarrow.fs
import pyarrow.parquet

from .._errors import FormatError, InvalidArgument
from ._storage import Place, files, place


def row_count(file: Place) -> int:
    if file.path.endswith(".parquet"):
        with file.filesystem.open_input_file(file.path) as opened:
            return int(pyarrow.parquet.ParquetFile(opened).metadata.num_rows)
    return _array_head(file)[0][0]


def _array_head(file: Place) -> tuple[tuple[int, ...], Any, int]:
    """Shape, type and first byte of an array in NumPy's format."""
    with file.filesystem.open_input_file(file.path) as opened:
        try:
            version = np.lib.format.read_magic(opened)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, is_fortran, dtype = read(opened)
        except ValueError as error:
            raise FormatError(f"no array of NumPy: {error}", file.path) from None
        if (is_fortran and len(shape) > 1) or dtype.hasobject or not shape:
            raise FormatError("an array of numbers in C's order, a sample a row, is needed", file.path)
        return shape, dtype, opened.tell()


def rows_of(file: Place, start: int, stop: int) -> Any:
    """Rows of a table or an array, without reading the others."""
    if not file.path.endswith(".parquet"):
        shape, dtype, first = _array_head(file)
        width = dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))
        data = file.read(first + start * width, (stop - start) * width)
        return np.frombuffer(data, dtype=dtype).reshape(stop - start, *shape[1:])
    with file.filesystem.open_input_file(file.path) as opened:
        table = pyarrow.parquet.ParquetFile(opened)
        groups: list[int] = []
        before, begin = 0, 0
        for index in range(table.metadata.num_row_groups):
            count = table.metadata.row_group(index).num_rows
            if before < stop and before + count > start:
                begin = begin if groups else before
                groups.append(index)
            before += count
        return table.read_row_groups(groups).slice(start - begin, stop - start)


def sample_files(samples: Any, filesystem: Any) -> list[Place]:
    named = [samples] if isinstance(samples, (str, os.PathLike)) else list(samples)
    ending = ".parquet"
    for name in named:
        given = place(name, filesystem)
        if not given.status().is_file and not any(
            file.path.endswith(".parquet")
            for file in given.filesystem.get_file_info(pyarrow.fs.FileSelector(given.path, allow_not_found=True))
        ):
            ending = ".npy"
    found = files(named, filesystem, ending, "samples")
    for file in found:
        if not file.path.endswith((".npy", ".parquet")):
            raise InvalidArgument(f"{file.path}: arrays (.npy) and tables (.parquet) are taken", "samples")
    return found
