# SPDX-License-Identifier: Apache-2.0
"""Attacks and defences by name. A module below this package registers its rows when it is imported."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, NamedTuple, Optional, TypeVar

from .finding import Expected, Finding

GROUPS = ("evasion", "poisoning", "privacy", "defence", "dp", "preparation", "federated")


class Row:
    """One attack or defence. A subclass states where it comes from, and runs it.

    group: one of GROUPS. paper: author, title, year. threat: what the attacker knows and may do. budget: how far it may
    go. headline: the paper's figure, and its data set. metric: what is measured. expected: at this scale.
    subject: the standard model and data of the table, by a name of `models.subject`; None: the row makes its own, and
    is given neither endpoint nor data.
    trains: whether it trains models: it is given a `TrainableEndpoint` then.
    quick: whether it is one of the few that continuous integration runs.
    audits: whether an audit of somebody's own plan runs it.
    """

    name: str
    group: str
    paper: str
    threat: str
    budget: str
    headline: str
    metric: str
    expected: Expected
    subject: Optional[str] = None
    trains: bool = False
    quick: bool = False
    audits: bool = False

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        """Why it can't be run here, such as an attack on images where there is a table; None where it can."""
        return None

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        """Runs it. The same seed finds the same."""
        raise NotImplementedError


_rows: dict[str, Row] = {}
# Modules that could not be imported, and why: said, never passed over.
missing: dict[str, str] = {}
_loaded = False

Class = TypeVar("Class", bound=type)


def register(row: Class) -> Class:
    """Adds a row by its name; of a class that lacks something it says what."""
    for name in ("name", "group", "paper", "threat", "budget", "headline", "metric", "expected"):
        if not hasattr(row, name):
            raise TypeError(f"the row {row.__name__} has no {name}")
    if row.group not in GROUPS:  # type: ignore[attr-defined]
        raise TypeError(f"the row {row.__name__} is of no known group")
    made = row()
    if made.name in _rows and type(_rows[made.name]).__qualname__ != row.__qualname__:
        raise TypeError(f"two rows are called {made.name}")
    _rows[made.name] = made
    return row


def load() -> None:
    """Imports every module of the folders below this package."""
    global _loaded
    if _loaded:
        return
    package = importlib.import_module(__package__)
    for folder in pkgutil.iter_modules(package.__path__, f"{__package__}."):
        if not folder.ispkg:
            continue
        for module in pkgutil.iter_modules(importlib.import_module(folder.name).__path__, f"{folder.name}."):
            try:
                importlib.import_module(module.name)
            except ImportError as error:
                missing[module.name] = str(error)
    _loaded = True


def rows(group: Optional[str] = None, *, quick: Optional[bool] = None) -> list[Row]:
    """The rows there are, in the order of their groups and names."""
    load()
    found = [row for row in _rows.values() if group in (None, row.group) and quick in (None, row.quick)]
    return sorted(found, key=lambda row: (GROUPS.index(row.group), row.name))


class Entry(NamedTuple):
    """What a table says of a row before there is code for it; see `Row`."""

    paper: str
    threat: str
    budget: str
    headline: str
    metric: str
    expected: Expected


def described(group: str, table: dict[str, Entry], name: str, **attributes: Any) -> Any:
    """A class decorator: registers a row as the table has it, with further attributes."""

    def decorate(row: type) -> type:
        fields = {"name": name, "group": group, **table[name]._asdict(), **attributes}
        for field, value in fields.items():
            setattr(row, field, value)
        return register(row)

    return decorate
