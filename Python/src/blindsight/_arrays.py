# SPDX-License-Identifier: Apache-2.0
"""Samples as people have them, as one array that the library reads in place where that can be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Optional

import numpy as np
import numpy.typing as npt

from ._errors import DataError, InvalidArgument

Array = npt.NDArray[Any]

_TYPES = {"float32": 0, "float64": 1, "int64": 2, "uint8": 3}


@dataclass(frozen=True)
class Column:
    """A part of a sample: a column of a table, or a tensor.

    count: values.
    kind: "real", "integer" or "text".
    texts: the texts that a text column may hold; others count as unknown.
    """

    name: str
    count: int = 1
    kind: str = "real"
    texts: tuple[str, ...] = ()


class Layout(NamedTuple):
    """What samples look like. shape: of one sample. columns: empty where it is one tensor."""

    shape: tuple[int, ...]
    columns: tuple[Column, ...] = ()

    @staticmethod
    def of(description: dict[str, Any]) -> Layout:
        columns = tuple(
            Column(column["name"], column["count"], column["kind"], tuple(column.get("texts", ())))
            for column in description.get("columns", ())
        )
        return Layout(tuple(description["shape"]), columns)

    @property
    def width(self) -> int:
        """Values of a sample."""
        if self.columns:
            return sum(column.count for column in self.columns)
        return math.prod(self.shape)

    @property
    def names(self) -> Optional[tuple[str, ...]]:
        """Of columns that can be told by name."""
        if len(self.columns) > 1 and all(column.count == 1 for column in self.columns):
            return tuple(column.name for column in self.columns)
        return None


class Matrix:
    """Samples, a row each, in memory as the library takes them."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.count, self.width = array.shape

    @property
    def arguments(self) -> tuple[Any, int, int, int]:
        pointer = self.array.ctypes.data
        return pointer, _TYPES[self.array.dtype.name], self.count, self.width


def is_stream(samples: Any) -> bool:
    """Whether it gives parts one after another."""
    return hasattr(samples, "__next__")


def table_columns(samples: Any) -> Optional[list[str]]:
    """Names of a table's columns: of pandas, polars and Arrow; None where it is no table."""
    if hasattr(samples, "column_names") and hasattr(samples, "schema"):  # pyarrow.Table
        return [str(name) for name in samples.column_names]
    if hasattr(samples, "columns") and hasattr(samples, "shape") and len(samples.shape) == 2:
        return [str(name) for name in samples.columns]
    return None


def _column(table: Any, place: int) -> Array:
    """Values of a column; None and NA of numbers as NaN."""
    if hasattr(table, "column_names"):
        column = table.column(place)
        values = column.to_numpy(zero_copy_only=False) if _is_chunked(column) else column
    elif hasattr(table, "iloc"):
        series = table.iloc[:, place]
        kind = getattr(series.dtype, "kind", "O")
        if kind in "iufb" and not isinstance(series.dtype, np.dtype):
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = series.to_numpy()
    else:
        values = table[table.columns[place]].to_numpy()
    return np.asarray(values)


def _is_chunked(column: Any) -> bool:
    return hasattr(column, "to_numpy")


def _names_error(names: Sequence[str], found: Sequence[str]) -> DataError:
    missing = [name for name in names if name not in found]
    doubled = sorted({name for name in names if list(found).count(name) > 1})
    if doubled:
        return DataError(f"several columns are called {', '.join(map(repr, doubled[:5]))}")
    shown = ", ".join(map(repr, missing[:10])) + (" and others" if len(missing) > 10 else "")
    return DataError(f"the table has no column {shown}; it has {', '.join(map(repr, found[:20]))}")


def _encoded(values: Array, column: Column) -> Array:
    """A column as numbers: of texts their places, -1 for others."""
    if column.kind == "text":
        places = {text: place for place, text in enumerate(column.texts)}
        return np.array([_place(value, places, column.name) for value in values], dtype=np.float32)
    return _numbers(values, column.name)


def _place(value: Any, places: dict[str, int], name: str) -> int:
    if isinstance(value, str):
        return places.get(value, -1)
    # None, NaN and NA are unknown; of a number nobody knows how it was written.
    if value is None or type(value).__name__ == "NAType" or value != value:
        return -1
    raise DataError(f"{value!r}, where the plan takes texts", name)


def _numbers(values: Array, what: str) -> Array:
    """In a type that the library takes, with the same values."""
    kind = values.dtype.kind
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.name in _TYPES:
        return values
    if kind == "b" or values.dtype.name == "uint8":
        return values.astype(np.uint8)
    if kind == "f":
        return values.astype(np.float32 if values.dtype.itemsize < 4 else np.float64)
    if kind == "i" or (kind == "u" and values.dtype.itemsize < 8):
        return values.astype(np.int64)
    if kind == "u":
        # Beyond Int64 they are far beyond what is exact anyway.
        return values.astype(np.float64)
    if kind == "O":
        try:
            return np.array(
                [math.nan if value is None else float(value) for value in values.reshape(-1)],
                dtype=np.float64,
            ).reshape(values.shape)
        except (TypeError, ValueError) as error:
            raise DataError(f"values that are no numbers: {error}", what) from None
    raise DataError(f"values of type {values.dtype}; numbers are taken", what)


def matrix(samples: Any, layout: Layout, names: Optional[Sequence[str]] = None) -> Matrix:
    """Samples as rows of numbers.

    samples: a table (pandas, polars, Arrow), whose columns are found by name where the plan knows names; an array of
        any order and type, [samples, *shape] or [samples, values]; one sample; nested lists; a tensor of PyTorch.
    names: of columns, where the layout has none of its own.
    """
    found = table_columns(samples)
    if found is not None:
        return Matrix(_table(samples, found, layout, layout.names or names))
    if any(column.kind == "text" for column in layout.columns):
        return Matrix(_mixed(np.asarray(_dense(samples), dtype=object), layout))
    array = np.asarray(_dense(samples))
    if array.dtype.kind in "US":
        raise DataError("texts where the plan takes numbers")
    array = _numbers(_shaped(array, layout), "samples")
    return Matrix(np.ascontiguousarray(array))


def _dense(samples: Any) -> Any:
    if hasattr(samples, "toarray") and hasattr(samples, "tocsr"):
        return samples.toarray()
    if hasattr(samples, "detach") and hasattr(samples, "cpu"):
        return samples.detach().cpu().numpy()
    if hasattr(samples, "to_numpy"):
        return samples.to_numpy()
    return samples


def _table(table: Any, found: list[str], layout: Layout, names: Optional[Sequence[str]]) -> Array:
    columns = layout.columns or (Column("samples", layout.width),)
    if names is None:
        # Nothing says which is which but their order.
        if len(found) != layout.width:
            raise DataError(f"{len(found)} columns; the plan takes {layout.width} values a sample")
        places = list(range(len(found)))
    else:
        if any(found.count(name) != 1 for name in names):
            raise _names_error(names, found)
        places = [found.index(name) for name in names]
    of_place = [column for column in columns for _ in range(column.count)]
    parts = [
        _encoded(_column(table, place), replace(column, name=found[place])) for place, column in zip(places, of_place)
    ]
    return np.column_stack([_widened(part) for part in parts])


def _widened(values: Array) -> Array:
    # One type for all: nothing that is exact in any of them is lost in Float64.
    return values.astype(np.float64)


def _mixed(array: Array, layout: Layout) -> Array:
    """Rows of numbers and texts."""
    if array.ndim == 1 and len(array) == layout.width:
        array = array[None]
    if array.ndim != 2 or array.shape[1] != layout.width:
        raise _shape_error(array, layout)
    of_place = [column for column in layout.columns for _ in range(column.count)]
    parts = [_encoded(array[:, place], column) for place, column in enumerate(of_place)]
    return np.column_stack([_widened(part) for part in parts])


def _shape_error(array: Array, layout: Layout) -> DataError:
    width = layout.width
    expected = f"[samples, {width}]"
    if len(layout.shape) > 1:
        expected = f"[samples, {', '.join(map(str, layout.shape))}] or {expected}"
    return DataError(f"an array of shape {list(array.shape)}; the plan takes {expected}")


def _shaped(array: Array, layout: Layout) -> Array:
    """Rows of an array. One sample is a row, too."""
    width = layout.width
    if array.ndim >= 1 and 0 in array.shape:
        raise DataError("no samples")
    if array.ndim == 0:
        raise _shape_error(array, layout)
    essential = [size for size in layout.shape if size != 1]
    if math.prod(array.shape[1:]) == width:
        rest = list(array.shape[1:])
    elif math.prod(array.shape) == width:
        rest = list(array.shape)
        array = array[None]
    else:
        raise _shape_error(array, layout)
    # Sizes in another order are another layout, such as channels last.
    if rest != [width] and [size for size in rest if size != 1] != essential:
        raise _shape_error(array[0], layout)
    return array.reshape(len(array), width)


def labels_of(labels: Any, count: int, names: Optional[Sequence[str]]) -> npt.NDArray[np.int64]:
    """Classes of calibration samples as places among the model's names, or numbers where it has none."""
    array = np.asarray(_dense(labels)).reshape(-1)
    if len(array) != count:
        raise InvalidArgument(f"{len(array)} labels for {count} calibration samples", "labels")
    if names is not None:
        places = {name: place for place, name in enumerate(names)}
        texts = [str(value) for value in array.tolist()]
        if all(text in places for text in texts):
            return np.array([places[text] for text in texts], dtype=np.int64)
        if array.dtype.kind in "iub" and array.min() >= 0 and array.max() < len(names):
            return array.astype(np.int64)
        strange = next(text for text in texts if text not in places)
        raise InvalidArgument(f"{strange!r} is none of the model's {list(names)[:20]}", "labels")
    if (array.dtype.kind == "f" and np.all(array == np.floor(array))) or array.dtype.kind in "iub":
        return array.astype(np.int64)
    raise InvalidArgument("labels must be whole numbers here: the model names no classes", "labels")
