# SPDX-License-Identifier: Apache-2.0
"""Classes of records that look alike in what others may know of them.

LeFevre, DeWitt and Ramakrishnan, Mondrian multidimensional k-anonymity, 2006: the records are cut in two at the median
of the widest attribute, and again, as long as both sides keep to the limits. A hierarchy is cut into its names, a
category without one into halves of its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from ..._errors import DataError, InvalidArgument
from .policy import Attribute, Node
from .table import Table, written


@dataclass(frozen=True)
class Limits:
    """k: least records of a class. l: least different values of each sensitive attribute in it, weighed as `kind` says:
    "distinct", or "entropy", as many as their entropy is worth. t: largest distance of its sensitive values from the
    table's; 1 asks nothing. relaxed: whether records of equal values may lie on both sides of a cut: smaller classes,
    whose intervals overlap at their ends."""

    k: int
    l: int = 1  # noqa: E741
    t: float = 1.0
    kind: str = "distinct"
    relaxed: bool = False

    def __post_init__(self) -> None:
        if self.k < 1 or self.l < 1 or not 0 <= self.t <= 1:
            raise InvalidArgument("k and l of at least 1 and t of 0 to 1 are needed", "limits")
        if self.kind not in ("distinct", "entropy"):
            raise InvalidArgument(f"no kind of l-diversity: {self.kind}", "limits")


@dataclass
class Anonymized:
    """classes: [n], the class of each record, from 0. lows, highs: [n], of each generalized number. sets: of each
    generalized category [n, values], which of its values the record's class may have; names: what a set is called."""

    table: Table
    classes: Any
    lows: dict[str, Any]
    highs: dict[str, Any]
    sets: dict[str, Any]
    names: dict[str, list[str]]

    def texts(self, name: str) -> list[str]:
        """[n]: the column as it is released."""
        if name in self.lows:
            return [
                written(low) if low == high else f"{written(low)}-{written(high)}"
                for low, high in zip(self.lows[name], self.highs[name])
            ]
        return self.names[name] if name in self.names else self.table.texts(name)


def distances(counts: Any, totals: Any, ordered: bool) -> float:
    """Distance of two distributions, from 0 to 1, by what must be moved how far: along the order of the values, or all
    equally far (Li, Li and Venkatasubramanian, 2007)."""
    p, q = counts / counts.sum(), totals / totals.sum()
    if len(p) == 1:
        return 0.0
    if ordered:
        return float(np.abs(np.cumsum(p - q)[:-1]).sum() / (len(p) - 1))
    return float(np.abs(p - q).sum() / 2)


def sensitive_codes(table: Table) -> list[tuple[str, Any, int, bool]]:
    """Of each sensitive attribute: name, places of values in their order, how many there are, and whether they are
    numbers."""
    found = []
    for attribute in table.policy.of("sensitive"):
        name = attribute.name
        if table.is_number(name):
            known, places = np.unique(table.numbers[name], return_inverse=True)
            found.append((name, places, len(known), True))
        else:
            found.append((name, table.codes[name], len(table.values[name]), False))
    return found


def diversity(counts: Any, kind: str) -> float:
    """How many different values these are worth."""
    if kind == "distinct":
        return float((counts > 0).sum())
    p = counts[counts > 0] / counts.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


class _Cutter:
    def __init__(self, table: Table, limits: Limits) -> None:
        self.table, self.limits = table, limits
        self.attributes = table.policy.of("quasi-identifying")
        self.spans = {
            a.name: max(float(np.ptp(table.numbers[a.name])), 1e-300)
            for a in self.attributes
            if table.is_number(a.name)
        }
        self.sensitive = [
            (places, np.bincount(places, minlength=count).astype(float), ordered)
            for _, places, count, ordered in sensitive_codes(table)
        ]

    def fits(self, places: Any) -> bool:
        if len(places) < self.limits.k:
            return False
        if self.limits.l == 1 and self.limits.t >= 1:
            return True
        for codes, totals, ordered in self.sensitive:
            counts = np.bincount(codes[places], minlength=len(totals)).astype(float)
            if diversity(counts, self.limits.kind) < self.limits.l - 1e-9:
                return False
            if self.limits.t < 1 and distances(counts, totals, ordered) > self.limits.t + 1e-12:
                return False
        return True

    def width(self, attribute: Attribute, places: Any) -> float:
        """Share of an attribute's range that a class still has."""
        name = attribute.name
        if name in self.spans:
            return float(np.ptp(self.table.numbers[name][places])) / self.spans[name]
        present = len(np.unique(self.table.codes[name][places]))
        return (present - 1) / max(len(self.table.values[name]) - 1, 1)

    def halves(self, column: Any, places: Any) -> list[tuple[Any, Optional[Node]]]:
        """Equally many of the lower and the higher records."""
        if column.min() == column.max():
            return []
        order = places[np.argsort(column, kind="stable")]
        return [(order[: len(order) // 2], None), (order[len(order) // 2 :], None)]

    def parts(self, attribute: Attribute, places: Any, node: Optional[Node]) -> list[tuple[Any, Optional[Node]]]:
        """How an attribute cuts a class; nothing where it can't."""
        name = attribute.name
        if name in self.spans:
            column = self.table.numbers[name][places]
            if self.limits.relaxed:
                return self.halves(column, places)
            known, counts = np.unique(column, return_counts=True)
            if len(known) < 2:
                return []
            # Equal numbers stay together, so the cut is where the sides differ least.
            edge = int(np.argmin(np.abs(np.cumsum(counts)[:-1] - len(column) / 2)))
            left = column <= known[edge]
            return [(places[left], None), (places[~left], None)]
        codes, values = self.table.codes[name][places], self.table.values[name]
        if node is not None:
            below: Optional[Node] = node
            found: list[tuple[Any, Optional[Node]]] = []
            while below is not None:
                found = []
                for child in below.children:
                    inside = np.isin(codes, [code for code, value in enumerate(values) if value in child.values])
                    if inside.any():
                        found.append((places[inside], child))
                # Where one name has them all, it may be cut itself.
                below = found[0][1] if len(found) == 1 else None
            return found
        if self.limits.relaxed:
            return self.halves(codes, places)
        counts = np.bincount(codes, minlength=len(values))
        present = np.flatnonzero(counts)
        if len(present) < 2:
            return []
        halves = np.cumsum(counts[present])
        edge = int(np.argmin(np.abs(halves[:-1] - len(codes) / 2)))
        left = codes <= present[edge]
        return [(places[left], None), (places[~left], None)]

    def cut(self) -> list[tuple[Any, dict[str, Optional[Node]]]]:
        everyone = np.arange(self.table.count)
        if not self.fits(everyone):
            raise DataError(
                f"{self.table.count} records can't keep to k = {self.limits.k}, l = {self.limits.l}, even as one class",
                "table",
            )
        waiting = [(everyone, {a.name: a.hierarchy for a in self.attributes})]
        done = []
        while waiting:
            places, nodes = waiting.pop()
            widths = {a.name: self.width(a, places) for a in self.attributes}
            order = sorted(self.attributes, key=lambda a: -widths[a.name])
            for attribute in order if len(places) >= 2 * self.limits.k else ():
                parts = self.parts(attribute, places, nodes[attribute.name])
                if len(parts) > 1 and all(self.fits(part) for part, _ in parts):
                    waiting.extend((part, {**nodes, attribute.name: node}) for part, node in parts)
                    break
            else:
                done.append((places, nodes))
        return done


def anonymize(table: Table, limits: Limits) -> Anonymized:
    """Generalizes the quasi-identifying attributes. Raises DataError where not even one class of all records fits."""
    cutter = _Cutter(table, limits)
    found = cutter.cut()
    classes = np.empty(table.count, np.int64)
    lows: dict[str, Any] = {a: np.empty(table.count) for a in cutter.spans}
    highs: dict[str, Any] = {a: np.empty(table.count) for a in cutter.spans}
    categories = [a for a in cutter.attributes if a.name not in cutter.spans]
    sets = {a.name: np.zeros((table.count, len(table.values[a.name])), bool) for a in categories}
    names: dict[str, list[str]] = {a.name: [""] * table.count for a in categories}
    for number, (places, nodes) in enumerate(found):
        classes[places] = number
        for name in cutter.spans:
            column = table.numbers[name][places]
            lows[name][places], highs[name][places] = column.min(), column.max()
        for attribute in categories:
            name, values = attribute.name, table.values[attribute.name]
            present = {values[code] for code in np.unique(table.codes[name][places])}
            node = nodes[name]
            while node is not None:
                # The lowest name that has all of them.
                lower = [child for child in node.children if present <= child.values]
                if not lower:
                    break
                node = lower[0]
            allowed = present if node is None else node.values
            text = "|".join(sorted(present)) if node is None else node.name
            sets[name][places] = [value in allowed for value in values]
            for place in places:
                names[name][place] = text
    return Anonymized(table, classes, lows, highs, sets, names)
