# SPDX-License-Identifier: Apache-2.0
"""A table by a policy: columns as codes or numbers, and what a model takes of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

import numpy as np

from ..._errors import DataError
from ..dp.tables import read_table as read_columns
from .policy import Policy


@dataclass
class Table:
    """numbers: [n], float64, by name. codes: [n], places in `values[name]`, by name. Identifying columns are
    not here."""

    policy: Policy
    count: int
    numbers: dict[str, Any]
    codes: dict[str, Any]
    values: dict[str, tuple[str, ...]]

    def part(self, places: Any) -> Table:
        """Some of the records."""
        return Table(
            self.policy,
            len(places),
            {name: column[places] for name, column in self.numbers.items()},
            {name: column[places] for name, column in self.codes.items()},
            self.values,
        )

    def texts(self, name: str) -> list[str]:
        """[n]: the column as it is written."""
        if name in self.numbers:
            return [written(value) for value in self.numbers[name]]
        return [self.values[name][code] for code in self.codes[name]]

    @property
    def labels(self) -> Any:
        """[n]: the target's classes, places in `values[target]`."""
        return self.codes[self.policy.target]

    @property
    def feature_names(self) -> list[str]:
        """Of attributes that a model may take: all that are here, but the target."""
        return [name for name in (*self.numbers, *self.codes) if name != self.policy.target]

    def is_number(self, name: str) -> bool:
        return name in self.numbers


def from_columns(columns: dict[str, list[str]], policy: Policy) -> Table:
    """Raises DataError where columns and policy don't fit, or a value is none."""
    missing = [name for name in columns if name not in policy.attributes]
    if missing:
        raise DataError(f"the policy says nothing of the column {missing[0]!r}", missing[0])
    lacking = [name for name in policy.attributes if name not in columns]
    if lacking:
        raise DataError(f"the table has no column {lacking[0]!r}", lacking[0])
    count = len(next(iter(columns.values())))
    numbers, codes, values = {}, {}, {}
    for attribute in policy.attributes.values():
        if attribute.kind == "identifying":
            continue
        texts = columns[attribute.name]
        if attribute.number and attribute.name != policy.target:
            numbers[attribute.name] = _numbers(texts, attribute.name)
            continue
        known, places = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
        names = tuple(str(name) for name in known)
        if attribute.hierarchy is not None:
            strange = [name for name in names if name not in attribute.hierarchy.values]
            if strange:
                raise DataError(f"the hierarchy has no {strange[0]!r}", attribute.name)
        codes[attribute.name], values[attribute.name] = places.astype(np.int64), names
    if len(values[policy.target]) < 2:
        raise DataError("the target has one value alone", policy.target)
    return Table(policy, count, numbers, codes, values)


def written(value: float) -> str:
    """A number as a text that reads back as the same."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _numbers(texts: list[str], name: str) -> Any:
    found = np.empty(len(texts))
    for place, text in enumerate(texts):
        try:
            found[place] = float(text)
        except ValueError:
            raise DataError(f"record {place + 1} has {text!r}, which is no number", name) from None
        if not np.isfinite(found[place]):
            raise DataError(f"record {place + 1} has {text!r}, which is no finite number", name)
    return found


def read_table(path: Union[str, Path], policy: Policy) -> Table:
    """Reads a CSV file with a line of names."""
    return from_columns(read_columns(Path(path)), policy)
