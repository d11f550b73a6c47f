# SPDX-License-Identifier: Apache-2.0
"""The command line of the audit: `python -m blindsight.audit --help`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Optional

from .._errors import BlindsightError
from . import registry
from .models import DATA_VARIABLE
from .registry import GROUPS, rows
from .runner import Results, run_rows


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m blindsight.audit", description=__doc__)
    made.add_argument("plan", nargs="?", help="a folder with server.plan: audits it")
    made.add_argument("--data", metavar="train.npz", help="its training data: arrays x and y")
    made.add_argument("--test", metavar="test.npz", help="its test data")
    made.add_argument("--report", metavar="audit.html", help="with audit.json and audit.txt beside it")
    made.add_argument("--encrypted", action="store_true", help="each query is encrypted: slow, the same findings")
    made.add_argument("--group", choices=GROUPS, help="runs the rows of the table that are of this group")
    made.add_argument("--rows", metavar="A,B", help="runs these rows alone")
    made.add_argument("--all", action="store_true", help="runs all rows of the table")
    made.add_argument("--quick", action="store_true", help="runs the few rows of continuous integration")
    made.add_argument("--results", metavar="FOLDER", type=Path, help="findings as JSON lines; those there aren't rerun")
    made.add_argument("--table", metavar="FILE.md", type=Path, help="writes the rows into a page's table")
    made.add_argument("--check", action="store_true", help="fails where a row misses what was expected")
    made.add_argument("--list", action="store_true", help="names the rows")
    made.add_argument("--seed", type=int, default=0)
    return made


def main(arguments: Optional[list[str]] = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except BlindsightError as error:
        print(f"blindsight.audit: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    from . import report

    if options.plan is not None:
        return report.audit(options)
    chosen = rows(options.group, quick=True if options.quick else None)
    for module, error in registry.missing.items():
        print(f"blindsight.audit: the rows of {module} are left out: {error}", file=sys.stderr)
    if options.rows is not None:
        names = options.rows.split(",")
        unknown = set(names) - {row.name for row in chosen}
        if unknown:
            print(f"blindsight.audit: no such rows: {', '.join(sorted(unknown))}", file=sys.stderr)
            return 2
        chosen = [row for row in chosen if row.name in names]
    results = None if options.results is None else Results(options.results)
    if options.list:
        for row in chosen:
            print(f"{row.group:12} {row.name:32} {row.paper}")
        return 0
    if options.table is not None:
        report.write_table(options.table, chosen, {} if results is None else results.read())
        return 0
    if not (options.group or options.rows or options.all or options.quick):
        parser().print_help()
        return 2
    on_digits = options.quick and not os.environ.get(DATA_VARIABLE)
    if on_digits:
        print(f"blindsight.audit: no MNIST in {DATA_VARIABLE}: on digits, and not compared with the table")
    findings, failed = run_rows(chosen, results, options.seed, on_digits=on_digits)
    missed = [] if on_digits else report.missed(chosen, findings)
    for line in missed:
        print(f"missed: {line}")
    if options.report is not None:
        report.write(Path(options.report), "Audit", chosen, findings, failed)
    return 1 if failed or (options.check and (missed or registry.missing)) else 0


if __name__ == "__main__":
    sys.exit(main())
