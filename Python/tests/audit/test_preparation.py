# SPDX-License-Identifier: Apache-2.0
"""Data preparation: limits that hold, measures that are pycanon's, settings that are chosen."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blindsight import DataError, InvalidArgument

pytest.importorskip("sklearn")

from blindsight.audit.preparation import Limits, anonymize, measure_risk, read_policy, search
from blindsight.audit.preparation.measures import unprepared
from blindsight.audit.preparation.mondrian import Anonymized, distances
from blindsight.audit.preparation.policy import Policy, parse_policy
from blindsight.audit.preparation.solutions import features
from blindsight.audit.preparation.table import Table, from_columns

CONTENT: dict[str, Any] = {
    "target": "sick",
    "attributes": {
        "name": {"kind": "identifying"},
        "age": {"kind": "quasi-identifying", "number": True},
        "town": {
            "kind": "quasi-identifying",
            "hierarchy": {"North": ["A", "B"], "South": ["C", {"Coast": ["D", "E"]}]},
        },
        "job": {"kind": "quasi-identifying"},
        "illness": {"kind": "sensitive"},
        "dose": {"kind": "insensitive", "number": True},
        "sick": {"kind": "insensitive"},
    },
    "settings": {"k": [2, 5, 20], "l": [1, 2], "t": [1.0, 0.4], "seconds": 30, "least_k": 5},
}


def _columns(count: int = 400, seed: int = 0) -> dict[str, list[str]]:
    generator = np.random.default_rng(seed)
    age = generator.integers(18, 90, count)
    town = generator.choice(list("ABCDE"), count)
    job = generator.choice(["baker", "nurse", "pilot"], count, p=[0.6, 0.3, 0.1])
    illness = np.where(age > 60, "heart", generator.choice(["flu", "skin", "heart"], count))
    dose = generator.random(count) + (age > 50)
    sick = np.where(dose + generator.normal(0, 0.3, count) > 1, "yes", "no")
    columns = {
        "name": range(count),
        "age": age,
        "town": town,
        "job": job,
        "illness": illness,
        "dose": dose,
        "sick": sick,
    }
    return {name: [str(value) for value in column] for name, column in columns.items()}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse_policy(CONTENT)


@pytest.fixture(scope="module")
def table(policy: Policy) -> Table:
    return from_columns(_columns(), policy)


def _released(found: Anonymized) -> dict[str, list[str]]:
    return {name: found.texts(name) for name in ("age", "town", "job", "illness")}


@pytest.mark.parametrize(
    "limits", [Limits(2), Limits(10), Limits(5, 2), Limits(5, 2, kind="entropy"), Limits(5, 1, 0.35)]
)
def test_released_classes_keep_to_the_limits(table: Table, limits: Limits) -> None:
    """Counted from the texts that are released, not from the classes."""
    released = _released(anonymize(table, limits))
    groups: dict[tuple[str, ...], list[str]] = {}
    for place, key in enumerate(zip(released["age"], released["town"], released["job"])):
        groups.setdefault(key, []).append(released["illness"][place])
    everyone = sorted(set(released["illness"]))
    totals = np.array([released["illness"].count(value) for value in everyone], float)
    assert len(groups) > 1
    for values in groups.values():
        counts = np.array([values.count(value) for value in everyone], float)
        assert len(values) >= limits.k
        assert (counts > 0).sum() >= limits.l
        assert distances(counts, totals, False) <= limits.t + 1e-9
        if limits.kind == "entropy":
            p = counts[counts > 0] / counts.sum()
            assert np.exp(-(p * np.log(p)).sum()) >= limits.l - 1e-9


def test_relaxed_cuts_leave_classes_of_less_than_twice_k(policy: Policy) -> None:
    """By numbers alone: every class that could be halved was."""
    numbers = {**CONTENT["attributes"], "town": {"kind": "insensitive"}, "job": {"kind": "insensitive"}}
    own = from_columns(_columns(), parse_policy({**CONTENT, "attributes": numbers}))
    relaxed, strict = (np.bincount(anonymize(own, Limits(10, relaxed=r)).classes) for r in (True, False))
    assert relaxed.min() >= 10 and relaxed.max() < 20
    assert strict.min() >= 10 and len(strict) < len(relaxed)


def test_intervals_and_sets_hold_their_records(table: Table) -> None:
    found = anonymize(table, Limits(10))
    assert np.all(found.lows["age"] <= table.numbers["age"]) and np.all(table.numbers["age"] <= found.highs["age"])
    for name in ("town", "job"):
        assert found.sets[name][np.arange(table.count), table.codes[name]].all()
    assert "Coast" in found.texts("town") or "South" in found.texts("town")


def test_measures_of_what_is_known() -> None:
    """Three classes, counted by hand."""
    policy = parse_policy(
        {
            "target": "target",
            "attributes": {
                "zip": {"kind": "quasi-identifying"},
                "illness": {"kind": "sensitive"},
                "target": {"kind": "insensitive"},
            },
        }
    )
    columns = {
        "zip": ["1", "1", "2", "2", "2", "3", "3"],
        "illness": ["a", "a", "a", "b", "b", "a", "b"],
        "target": ["x", "y", "x", "y", "x", "y", "x"],
    }
    risk = measure_risk(unprepared(from_columns(columns, policy)))
    assert (risk.k, risk.l, risk.classes) == (2, 1, 3)
    assert risk.certain == pytest.approx(2 / 7)
    assert risk.average == pytest.approx(3 / 7)
    assert risk.t == pytest.approx(1 - 4 / 7)
    assert risk.penalty == 4 + 9 + 4
    assert risk.loss == 0


def test_ordered_distance() -> None:
    """Li, Li and Venkatasubramanian, 2007, section 5: {3k, 4k, 5k} of 3k to 11k is 0.375 away, {6k, 8k, 11k} 0.167."""
    totals = np.ones(9)
    first, second = np.zeros(9), np.zeros(9)
    first[[0, 1, 2]] = 1
    second[[3, 5, 8]] = 1
    assert distances(first, totals, True) == pytest.approx(0.375)
    assert distances(second, totals, True) == pytest.approx(0.167, abs=0.001)


@pytest.mark.parametrize("limits", [Limits(3), Limits(5, 2), Limits(5, 1, 0.4)])
def test_measures_are_pycanons(table: Table, limits: Limits) -> None:
    anonymity = pytest.importorskip("pycanon.anonymity")
    pandas = pytest.importorskip("pandas")
    found = anonymize(table, limits)
    risk = measure_risk(found)
    frame, known = pandas.DataFrame(_released(found)), ["age", "town", "job"]
    assert risk.k == anonymity.k_anonymity(frame, known)
    assert risk.l == anonymity.l_diversity(frame, known, ["illness"])
    assert risk.t == pytest.approx(anonymity.t_closeness(frame, known, ["illness"]), abs=1e-6)
    assert int(risk.entropy_l) == anonymity.entropy_l_diversity(frame, known, ["illness"])


def test_numbers_are_released_as_they_were(policy: Policy) -> None:
    columns = _columns(40)
    columns["dose"][:3] = ["1234567", "0.1234567891", "-3"]
    own = from_columns(columns, policy)
    assert own.texts("dose")[:3] == ["1234567", "0.1234567891", "-3"]


def test_search_chooses_what_is_allowed(table: Table, policy: Policy) -> None:
    held_out = from_columns(_columns(200, 1), policy)
    found = search(table, held_out)
    assert len(found.solutions) + len(found.impossible) == 1 + 12
    assert found.best.risk.k >= 5
    assert measure_risk(found.prepared).k == found.best.risk.k
    hurried = search(table, held_out, seconds=0)
    assert hurried.not_tried and hurried.best.allowed


def test_search_refuses_where_nothing_is_allowed(table: Table) -> None:
    strict = parse_policy({**CONTENT, "settings": {"k": [2], "l": [1], "t": [1.0], "least_k": 200}})
    own = from_columns(_columns(), strict)
    with pytest.raises(InvalidArgument, match="least"):
        search(own, own)


def test_features_of_single_values_are_one_hot(table: Table) -> None:
    raw, prepared = features(unprepared(table)), features(anonymize(table, Limits(50)))
    assert raw.shape == prepared.shape
    town = raw[:, 2:7] if raw[:, 2:7].sum() == table.count else raw
    assert set(np.unique(town)) <= {0.0, 1.0} or town is raw
    assert not np.array_equal(raw, prepared)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"target": "none"}, "none of the attributes"),
        ({"target": "age"}, "must be sensitive or insensitive"),
        ({"attributes": {"sick": {"kind": "secret"}}, "target": "sick"}, "a kind is needed"),
        ({"attributes": {"sick": {"kind": "insensitive"}}, "target": "sick"}, "nothing to prepare"),
        ({"settings": {"k": [0]}}, "at least 1"),
        ({"settings": {"k": 5}}, "a list"),
        ({"settings": {"kk": [5]}}, "not known"),
        ({"other": 1}, "not known"),
    ],
)
def test_policies_that_mean_nothing_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        parse_policy({**CONTENT, **change})


def test_hierarchies_that_name_a_value_twice_are_refused() -> None:
    attributes = {**CONTENT["attributes"], "town": {"kind": "quasi-identifying", "hierarchy": {"X": ["A"], "Y": ["A"]}}}
    with pytest.raises(InvalidArgument, match="twice"):
        parse_policy({**CONTENT, "attributes": attributes})


@pytest.mark.parametrize(
    "column, value, message",
    [("age", "old", "no number"), ("age", "nan", "no finite number"), ("town", "F", "has no 'F'")],
)
def test_records_that_fit_no_policy_are_refused(policy: Policy, column: str, value: str, message: str) -> None:
    columns = _columns(20)
    columns[column][3] = value
    with pytest.raises(DataError, match=message):
        from_columns(columns, policy)


def test_the_command_prepares_and_plans(tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("skl2onnx")
    pytest.importorskip("matplotlib")
    from blindsight import Plan
    from blindsight.audit.preparation.__main__ import main

    columns = _columns(600)
    with open(tmp_path / "table.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))
    (tmp_path / "policy.toml").write_text(
        'target = "sick"\n[attributes]\nname = { kind = "identifying" }\n'
        'age = { kind = "quasi-identifying", number = true }\ntown = { kind = "quasi-identifying" }\n'
        'job = { kind = "quasi-identifying" }\nillness = { kind = "sensitive" }\n'
        'dose = { kind = "insensitive", number = true }\nsick = { kind = "insensitive" }\n'
        "[settings]\nk = [5, 10]\nl = [1]\nt = [1.0]\nleast_k = 5\n"
    )
    out = tmp_path / "out"
    assert main([str(tmp_path / "policy.toml"), str(tmp_path / "table.csv"), "--out", str(out)]) == 0
    assert Plan.load(out / "plan").client.shape
    report = json.loads((out / "report.json").read_text())
    assert report["served"]["accuracy"] > 0.7 and report["chosen"].startswith("k=")
    assert (out / "solutions.png").read_bytes()[:4] == b"\x89PNG"
    rows = list(csv.reader((out / "prepared.csv").read_text().splitlines()))
    assert "name" not in rows[0] and len(rows) == 1 + 480
    assert main([str(tmp_path / "missing.toml"), str(tmp_path / "table.csv"), "--out", str(out)]) == 1


def test_read_policy_says_what_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("target = ")
    with pytest.raises(InvalidArgument, match="no TOML"):
        read_policy(tmp_path / "policy.toml")


def test_networks_of_columns_of_all_sizes_are_planned() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from blindsight.audit.endpoint import SimulatedEndpoint
    from blindsight.audit.preparation.serving import trained_plan

    generator = np.random.default_rng(0)
    x = np.stack([generator.integers(17, 90, 3000), generator.random(3000) * 1e5], axis=1).astype(np.float32)
    y = (x[:, 0] > 50).astype(np.int64)
    plan = trained_plan(np.tile(x, (4, 1)), np.tile(y, 4), 2, "network", 0)
    assert SimulatedEndpoint(plan).accuracy(x, y) > 0.8
