# SPDX-License-Identifier: Apache-2.0
"""The command: python -m blindsight.audit.preparation policy.toml table.csv --out folder"""

from __future__ import annotations

import argparse
import csv
import io
import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional

import numpy as np

from ..._errors import BlindsightError
from ..._sealed import write_file
from .mondrian import Anonymized
from .plot import plot_solutions
from .policy import read_policy
from .serving import serve_prepared
from .solutions import Found, search
from .table import Table, read_table


def split(table: Table, share: float, seed: int) -> list[Table]:
    """Records to prepare, others to choose a setting by, and others to measure what was chosen with."""
    order = np.random.default_rng(seed).permutation(table.count)
    edge = max(2, round(share * table.count))
    return [table.part(part) for part in (order[edge:], order[: edge // 2], order[edge // 2 : edge])]


def released(found: Anonymized) -> bytes:
    """A CSV file of the prepared records, in an order drawn anew: the table's own would tell who is who."""
    policy, table = found.table.policy, found.table
    names = [a.name for a in policy.attributes.values() if a.kind != "identifying"]
    columns = [found.texts(name) for name in names]
    order = np.arange(table.count)
    for place in range(table.count - 1, 0, -1):
        other = secrets.randbelow(place + 1)
        order[[place, other]] = order[[other, place]]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([column[place] for column in columns] for place in order)
    return buffer.getvalue().encode()


def report(found: Found, served: Any) -> dict[str, Any]:
    """What was tried, what was chosen, and how the served model does."""
    return {
        "chosen": found.best.name,
        "solutions": [
            {"setting": s.name, "accuracy": round(s.utility, 4), "allowed": s.allowed, "seconds": round(s.seconds, 2),
             **asdict(s.risk)}
            for s in found.solutions
        ],
        "not tried for lack of time": found.not_tried,
        "not met even as one class": found.impossible,
        "served": served,
    }  # fmt: skip


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m blindsight.audit.preparation", description=__doc__)
    parser.add_argument("policy", help="the policy file (TOML)")
    parser.add_argument("table", help="the table (CSV with a line of names)")
    parser.add_argument("--out", required=True, help="folder for prepared.csv, report.json, solutions.png and plan/")
    parser.add_argument("--seconds", type=float, help="for trying settings; by default what the policy says")
    parser.add_argument(
        "--held-out", type=float, default=0.2, help="share of records to choose and measure by, half each (0.2)"
    )
    parser.add_argument("--model", choices=("logistic", "network"), default="logistic")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of records to measure by, and training")
    given = parser.parse_args(arguments)
    try:
        if not 0 < given.held_out < 1:
            parser.error("--held-out is between 0 and 1")
        policy = read_policy(given.policy)
        table, chooser, tester = split(read_table(given.table, policy), given.held_out, given.seed)
        found = search(table, chooser, given.seconds, say=print)
        for name in found.impossible:
            print(f"{name}: not met, even as one class of all records")
        for name in found.not_tried:
            print(f"{name}: not tried for lack of time")
        print(f"chosen: {found.best.name}")
        plan, served = serve_prepared(found.prepared, tester, given.model, given.seed)
        folder = Path(given.out)
        folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / "prepared.csv", released(found.prepared))
        write_file(folder / "solutions.png", plot_solutions(found))
        write_file(folder / "report.json", (json.dumps(report(found, served), indent=2) + "\n").encode())
        plan.save(folder / "plan")
        for name in ("", " of the unprepared model"):
            print(
                f"served{name}: {served['accuracy' + name]:.2%}, membership AUC {served['membership AUC' + name]:.3f}"
            )
    except BlindsightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
