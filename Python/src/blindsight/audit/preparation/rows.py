# SPDX-License-Identifier: Apache-2.0
"""Data preparation, measured on Adult."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from ..dp.tables import read_table as read_columns
from ..finding import Expected, Finding
from ..models import data_folder
from ..registry import Row, register
from .measures import measure_risk, unprepared
from .mondrian import Anonymized, Limits, anonymize
from .plot import plot_solutions
from .policy import Policy, parse_policy
from .serving import serve_prepared
from .solutions import search
from .table import Table, from_columns

_MARRIED = {
    "Married": ["Married-civ-spouse", "Married-AF-spouse"],
    "Alone": ["Never-married", {"Formerly": ["Divorced", "Separated", "Widowed", "Married-spouse-absent"]}],
}


def adult_policy(sensitive: str = "salary", settings: Optional[dict[str, Any]] = None) -> Policy:
    """A policy for Adult: what a neighbour may know is quasi-identifying."""
    attributes: dict[str, Any] = {
        "age": {"kind": "quasi-identifying", "number": True},
        "workclass": {"kind": "insensitive"},
        "fnlwgt": {"kind": "identifying"},
        "education": {"kind": "identifying"},  # The same as education-num.
        "education-num": {"kind": "quasi-identifying", "number": True},
        "marital-status": {"kind": "quasi-identifying", "hierarchy": _MARRIED},
        "occupation": {"kind": "insensitive"},
        "relationship": {"kind": "insensitive"},
        "race": {"kind": "quasi-identifying"},
        "sex": {"kind": "quasi-identifying"},
        "capital-gain": {"kind": "insensitive", "number": True},
        "capital-loss": {"kind": "insensitive", "number": True},
        "hours-per-week": {"kind": "insensitive", "number": True},
        "native-country": {"kind": "quasi-identifying"},
        "salary": {"kind": "insensitive"},
    }
    attributes[sensitive] = {"kind": "sensitive"}
    return parse_policy({"target": "salary", "attributes": attributes, "settings": settings or {}})


def adult_parts(policy: Policy, seed: int) -> list[Table]:
    """Of Adult: 80 % to prepare, 10 % to choose by, 10 % to measure with."""
    table = from_columns(read_columns(data_folder() / "tabular" / "adult.csv"), policy)
    order = np.random.default_rng(seed).permutation(table.count)
    edges = [int(0.8 * table.count), int(0.9 * table.count)]
    return [table.part(part) for part in np.split(order, edges)]


def _risks(found: Anonymized, k: int = 0) -> dict[str, float]:
    risk = measure_risk(found, k)
    return {name: round(float(value), 4) for name, value in vars(risk).items()}


class _Prepared(Row):
    group = "preparation"
    threat = "knows somebody's quasi-identifying values, and has the prepared table"


@register
class MondrianRow(_Prepared):
    """k-anonymity."""

    name = "mondrian"
    metric = "average class size over k"
    paper = "LeFevre, DeWitt and Ramakrishnan, Mondrian multidimensional k-anonymity, 2006"
    budget = "k = 10, relaxed cuts; strict ones in the details"
    headline = "between 1 and 2 by median splits; Adult"
    expected = Expected(1.5, 0.5)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        table = adult_parts(adult_policy(), seed)[0]
        before = _risks(unprepared(table))
        after = {f"k = {k}": _risks(anonymize(table, Limits(k, relaxed=True)), k) for k in (2, 5, 10, 50)}
        after["k = 10, strict"] = _risks(anonymize(table, Limits(10)), 10)
        kept = after["k = 10"]
        if kept["k"] < 10:
            raise AssertionError(f"a class of {kept['k']:g} records")
        return Finding(
            self.name,
            self.metric,
            kept["class_size"],
            details={"unprepared": before, **after},
            risk=kept["highest"],
            remedy="a larger k, or fewer quasi-identifying attributes in what is released",
        )


@register
class Diversity(_Prepared):
    """Different sensitive values in each class."""

    name = "l-diversity"
    metric = "records whose class tells their sensitive value"
    paper = "Machanavajjhala and others, l-diversity, 2007"
    budget = "k = 10, l = 2, by entropy too"
    headline = "k-anonymity alone leaves such classes"
    expected = Expected(0.0, 0.0, comparable=False)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        table = adult_parts(adult_policy(), seed)[0]
        found = {
            "unprepared": _risks(unprepared(table)),
            "k = 10": _risks(anonymize(table, Limits(10)), 10),
            "k = 10, l = 2": _risks(anonymize(table, Limits(10, 2)), 10),
        }
        value = found["k = 10, l = 2"]["certain"]
        return Finding(
            self.name, self.metric, value, details=found, risk=min(1.0, value), remedy="l-diversity, or t-closeness"
        )


@register
class Closeness(_Prepared):
    """Classes whose sensitive values are distributed as the table's."""

    name = "t-closeness"
    metric = "largest distance of a class's sensitive values from the table's"
    paper = "Li, Li and Venkatasubramanian, t-closeness, 2007"
    budget = "k = 10, t = 0.2"
    headline = "l-diversity alone allows more"
    expected = Expected(0.2, 0.2, comparable=False)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        table = adult_parts(adult_policy(), seed)[0]
        found = {
            "k = 10, l = 2": _risks(anonymize(table, Limits(10, 2)), 10),
            "k = 10, t = 0.2": _risks(anonymize(table, Limits(10, 1, 0.2)), 10),
        }
        value = found["k = 10, t = 0.2"]["t"]
        return Finding(
            self.name,
            self.metric,
            value,
            details=found,
            risk=min(1.0, value),
            remedy="a smaller t, which costs accuracy",
        )


@register
class PreparationRow(_Prepared):
    """The whole of it: settings tried, one chosen, trained, planned, served."""

    name = "preparation"
    metric = "accuracy of the served model on raw records"
    paper = "the surveys' framework: policy, settings, risk and utility, choice"
    budget = "k of 5 to 100, l of 1 and 3, t of 0.4 and 1, 60 seconds; chosen with at least k = 5, l = 3"
    headline = "none"
    expected = Expected(0.84, 0.02, comparable=False)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        settings = {"k": [5, 10, 25, 50, 100], "l": [1, 3], "t": [1.0, 0.4], "seconds": 60}
        policy = adult_policy("occupation", {**settings, "least_k": 5, "least_l": 3})
        table, chooser, tester = adult_parts(policy, seed)
        found = search(table, chooser)
        _, served = serve_prepared(found.prepared, tester, "network", seed)
        details = {
            "chosen": found.best.name,
            "settings tried": len(found.solutions) - 1,
            "not tried for lack of time": found.not_tried,
            **{name: value for name, value in served.items() if name != "interval"},
            **{f"risk: {name}": value for name, value in _risks(found.prepared, found.best.risk.k).items()},
        }
        return Finding(
            self.name,
            self.metric,
            served["accuracy"],
            (served["interval"][0], served["interval"][1]),
            details=details,
            plots=[("solutions", plot_solutions(found))],
            risk=found.best.risk.highest,
            remedy="python -m blindsight.audit.preparation policy.toml table.csv --out folder",
        )
