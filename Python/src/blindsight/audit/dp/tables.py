# SPDX-License-Identifier: Apache-2.0
"""Tables as features whose ranges are known without the records: what is read from records would cost privacy."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..._errors import FileError
from ..models import data_folder


def read_table(path: Path) -> dict[str, list[str]]:
    """Columns of a CSV file by name, in its order, as texts without spaces around them. Records without any
    value are left out."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"the table can't be read: {error}", str(path)) from error
    if len(rows) < 2:
        raise FileError("the table has no records", str(path))
    names = rows[0]
    if len(set(names)) != len(names):
        raise FileError("two columns have one name", str(path))
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise FileError(f"record {number} has {len(row)} values for {len(names)} columns", str(path))
    return {name: [row[place] for row in rows[1:]] for place, name in enumerate(names)}


# Ranges and categories of Adult as its documentation states them.
_NUMBERS = {
    "age": (17, 90),
    "education-num": (1, 16),
    "hours-per-week": (1, 99),
    "capital-gain": (0, 99999),
    "capital-loss": (0, 4356),
}
_SKEWED = ("capital-gain", "capital-loss")
_CATEGORIES = {
    "workclass": "Private Self-emp-not-inc Self-emp-inc Federal-gov Local-gov State-gov Without-pay Never-worked",
    "marital-status": "Married-civ-spouse Divorced Never-married Separated Widowed Married-spouse-absent "
    "Married-AF-spouse",
    "occupation": "Tech-support Craft-repair Other-service Sales Exec-managerial Prof-specialty Handlers-cleaners "
    "Machine-op-inspct Adm-clerical Farming-fishing Transport-moving Priv-house-serv Protective-serv Armed-Forces",
    "relationship": "Wife Own-child Husband Not-in-family Other-relative Unmarried",
    "race": "White Asian-Pac-Islander Amer-Indian-Eskimo Other Black",
    "sex": "Female Male",
}


@dataclass(frozen=True)
class Table:
    """x: [n, features], float32, each row of a norm of at most 1. y: [n], 0 or 1."""

    train_x: Any
    train_y: Any
    test_x: Any
    test_y: Any
    names: tuple[str, ...]


def adult_features(columns: dict[str, list[str]]) -> tuple[Any, tuple[str, ...]]:
    """[n, features], of norms of at most 1, and their names."""
    parts: list[Any] = []
    names: list[str] = []
    for name, (low, high) in _NUMBERS.items():
        values = np.array(columns[name], float)
        if name in _SKEWED:
            values, low, high = np.log1p(values), 0, np.log1p(high)
        parts.append(np.clip((values - low) / (high - low), 0, 1)[:, None])
        names.append(name)
    for name, texts in _CATEGORIES.items():
        known = texts.split()
        column = np.array(columns[name])
        parts.append((column[:, None] == np.array(known)).astype(float))
        names.extend(f"{name}={text}" for text in known)
    parts.append(np.ones((len(parts[0]), 1)))
    x = np.concatenate(parts, axis=1) / np.sqrt(len(_NUMBERS) + len(_CATEGORIES) + 1)
    return x.astype(np.float32), (*names, "one")


@lru_cache(maxsize=1)
def adult() -> Table:
    """Adult's training part, of which each fifth record is kept to test with."""
    columns = read_table(data_folder() / "tabular" / "adult.csv")
    x, names = adult_features(columns)
    y = (np.array(columns["salary"]) == ">50K").astype(np.int64)
    order = np.random.default_rng(0).permutation(len(x))
    test, rest = order[: len(x) // 5], order[len(x) // 5 :]
    return Table(x[rest], y[rest], x[test], y[test], names)
