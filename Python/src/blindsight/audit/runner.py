# SPDX-License-Identifier: Apache-2.0
"""Runs rows, and keeps what they find as JSON lines, so that a run that was interrupted goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

from .._errors import InternalError, InvalidArgument
from .endpoint import Recorder
from .finding import Finding
from .models import Subject, subject, subject_data, trainable
from .registry import Row


class Results:
    """Findings of a folder: a file of JSON lines for each group. A run that was cut off leaves whole lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def read(self) -> dict[str, Finding]:
        """The last finding of each row. A last line that was cut off is left out."""
        found = {}
        for path in sorted(self.folder.glob("*.jsonl")):
            lines = path.read_text().splitlines()
            for number, line in enumerate(lines):
                try:
                    finding = Finding.from_json(json.loads(line))
                except (ValueError, TypeError) as error:
                    if number + 1 == len(lines):
                        continue
                    raise InvalidArgument(f"line {number + 1} is no finding ({error})", str(path)) from error
                found[finding.row] = finding
        return found

    def add(self, group: str, finding: Finding) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{group}.jsonl"
        whole = path.read_bytes() if path.exists() else b""
        if whole and not whole.endswith(b"\n"):
            # A line that was cut off.
            with path.open("r+b") as file:
                file.truncate(whole.rfind(b"\n") + 1)
        with path.open("a") as lines:
            lines.write(json.dumps(finding.to_json()) + "\n")


def stand_in(name: str) -> str:
    """The digits instead of MNIST, since they need no download: what continuous integration runs on."""
    return "digits" if name.startswith("mnist") else name


def run_row(
    row: Row,
    given: Optional[Subject] = None,
    seed: int = 0,
    kind: str = "simulated",
    encrypted: int = 100,
    name: Optional[str] = None,
) -> Finding:
    """Runs one row, on its standard subject or a given one; time and queries are measured here.

    kind: of endpoint. name: of another standard subject than the row's. encrypted: as many queries, drawn from all of
    the row's, are encrypted afterwards: answers must be the same integers, or it is an error. They are no part of the
    row's seconds.
    """
    import torch

    torch.manual_seed(seed)
    endpoint: Any = None
    data: Any = None
    if given is not None or row.subject is not None:
        if row.trains:
            data = given.data if given is not None else subject_data(str(name or row.subject))
            endpoint = trainable(data)
        else:
            made = given if given is not None else subject(str(name or row.subject))
            endpoint, data = made.endpoint(kind), made.data
        reason = row.applies(endpoint, data)
        if reason is not None:
            raise InvalidArgument(f"{row.name} can't be run here: {reason}", row.name)
    with Recorder(encrypted, seed) as recorder:
        begin = time.perf_counter()
        finding = row.run(endpoint, data, seed)
        seconds = round(time.perf_counter() - begin, 2)
    queries = finding.queries or (0 if endpoint is None else endpoint.queries)
    details = {**finding.details, "seed": seed}
    if data is not None:
        details["data"] = data.name
    if recorder.kept:
        details["encrypted"] = recorder.compare()
        if details["encrypted"]["same"] != details["encrypted"]["queries"]:
            raise InternalError(f"encrypted answers differ from simulated ones: {details['encrypted']}", row.name)
    return replace(finding, seconds=seconds, queries=queries, details=details)


def run_rows(
    rows: Iterable[Row],
    results: Optional[Results] = None,
    seed: int = 0,
    say: Callable[[str], None] = print,
    given: Optional[Subject] = None,
    kind: str = "simulated",
    on_digits: bool = False,
) -> tuple[list[Finding], dict[str, str]]:
    """Runs those that the folder doesn't have yet. Returns all findings, and what failed with its error.

    on_digits: what is of MNIST is run on digits instead. Those findings are none of the table's.
    """
    if on_digits and results is not None:
        raise InvalidArgument("findings on digits instead of MNIST are not kept", "results")
    known = {} if results is None else results.read()
    findings, failed = [], {}
    for row in rows:
        finding = known.get(row.name)
        if finding is None or finding.details.get("seed", 0) != seed:
            try:
                name = stand_in(row.subject) if on_digits and row.subject else None
                finding = run_row(row, given, seed, kind, name=name)
            except Exception as error:  # One row's failure is said, and the others are run.
                failed[row.name] = f"{type(error).__name__}: {error}"
                say(f"{row.name}: FAILED: {failed[row.name]}")
                continue
            if results is not None:
                results.add(row.group, finding)
            say(
                f"{row.name}: {row.metric} {finding.value:.4g} (expected {row.expected.value:.4g}), "
                f"{finding.seconds:.1f} s, {finding.queries} queries"
            )
        findings.append(finding)
    return findings, failed


def status(row: Row, finding: Finding) -> str:
    """ "reproduced" or "missed", of a row whose headline can be compared; else "shown"."""
    if not row.expected.comparable:
        return "shown"
    off = abs(finding.value - row.expected.value)
    return "reproduced" if off <= row.expected.tolerance + 1e-9 else "missed"
