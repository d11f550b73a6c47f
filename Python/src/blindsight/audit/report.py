# SPDX-License-Identifier: Apache-2.0
"""Reports: HTML with plots in it, JSON and text, by risk; the table of docs; the audit of somebody's own plan."""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._errors import DataError, FileError, InvalidArgument
from .._sealed import write_file
from . import registry
from .finding import Finding
from .models import Data, Subject
from .registry import Row, rows
from .runner import Results, run_rows, status

_BEGIN, _END = "<!-- audit table: begin -->", "<!-- audit table: end -->"


def missed(chosen: Sequence[Row], findings: Sequence[Finding]) -> list[str]:
    """The rows that aren't what was expected, with both figures."""
    by_name = {row.name: row for row in chosen}
    return [
        f"{finding.row}: {finding.metric} {finding.value:.4g}, expected {by_name[finding.row].expected.value:.4g}"
        for finding in findings
        if status(by_name[finding.row], finding) == "missed"
    ]


def _figure(row: Row, value: float) -> str:
    del row
    return f"{value:.4g}"


def table(chosen: Sequence[Row], found: dict[str, Finding], earlier: str = "") -> str:
    """Rows in Markdown: what is expected is there before anything was measured. What an earlier table measured stays
    where nothing newer was found."""
    measured = {}
    for line in earlier.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 9 and cells[5]:
            measured[cells[0]] = cells[5:]
    lines = [
        "| row | paper | metric | the paper's figure | expected here | measured | interval | seconds | status |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in chosen:
        near = f" ± {row.expected.tolerance:g}" if row.expected.comparable else ""
        cells = [row.name, row.paper, row.metric, row.headline, _figure(row, row.expected.value) + near]
        finding = found.get(row.name)
        if finding is None and row.name in measured:
            lines.append("| " + " | ".join([*(cell.replace("|", "\\|") for cell in cells), *measured[row.name]]) + " |")
            continue
        if finding is None:
            cells += ["", "", "", "not run" if row.expected.comparable else "not run; shown"]
        else:
            ends = finding.interval
            interval = "" if ends is None else f"{ends[0]:.3g} to {ends[1]:.3g}"
            cells += [_figure(row, finding.value), interval, f"{finding.seconds:.0f}", status(row, finding)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def write_table(path: Path, chosen: Sequence[Row], found: dict[str, Finding]) -> None:
    """Between the marks of a page; without the marks it is refused."""
    text = path.read_text()
    if text.count(_BEGIN) != 1 or text.count(_END) != 1 or text.index(_BEGIN) > text.index(_END):
        raise FileError(f"the page has no place for a table, between {_BEGIN} and {_END}", str(path))
    start, end = text.index(_BEGIN), text.index(_END)
    made = table(chosen, found, earlier=text[start:end])
    path.write_text(f"{text[:start]}{_BEGIN}\n\n{made}\n\n{text[end:]}")


# The audit of a plan


def load_data(name: str, train: str, test: str, shape: tuple[int, ...]) -> Data:
    """Two .npz files with arrays x, [n, *shape], and y, [n], places of classes."""

    def part(path: str) -> tuple[Any, Any]:
        try:
            with np.load(path) as file:
                arrays = dict(file)
        except (OSError, ValueError) as error:
            raise FileError(f"no file of arrays ({error})", path) from error
        if "x" not in arrays or "y" not in arrays:
            raise DataError("arrays x and y are needed", path)
        x, y = arrays["x"], arrays["y"]
        if y.dtype.kind not in "iu" or y.ndim != 1 or len(x) != len(y) or len(x) == 0 or y.min() < 0:
            raise DataError("y has a whole number, from 0, for each sample of x", path)
        if not np.isfinite(x).all():
            raise DataError("NaN or infinity", path)
        if int(np.prod(x.shape[1:])) != int(np.prod(shape)):
            raise DataError(f"samples of {x.shape[1:]}, where the plan takes {shape}", path)
        return x.astype(np.float32).reshape(-1, *shape), y.astype(np.int64)

    train_x, train_y = part(train)
    test_x, test_y = part(test)
    lowest = float(min(train_x.min(), test_x.min()))
    highest = float(max(train_x.max(), test_x.max()))
    image = shape if len(shape) == 3 else None
    classes = int(max(train_y.max(), test_y.max())) + 1
    return Data(name, train_x, train_y, test_x, test_y, lowest, highest, classes, image)


def _name(plan: Any, data: Data) -> str:
    """So that findings of one plan and its data are taken for no others."""
    digest = hashlib.sha256(plan.client.digest.encode())
    for array in (data.train_x, data.train_y, data.test_x, data.test_y):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def audit(options: argparse.Namespace) -> int:
    """`python -m blindsight.audit plan/ ...`: the rows that fit somebody's own plan."""
    from .. import Plan

    for need in ("data", "test", "report"):
        if getattr(options, need) is None:
            raise InvalidArgument("an audit of a plan needs it", f"--{need}")
    plan = Plan.load(options.plan)
    data = load_data(Path(options.plan).name, options.data, options.test, plan.client.shape)
    given = Subject(data, plan)
    endpoint = given.endpoint()
    chosen, left_out = [], {}
    for row in rows():
        if not row.audits or (options.rows is not None and row.name not in options.rows.split(",")):
            continue
        reason = row.applies(endpoint, data)
        if reason is None:
            chosen.append(row)
        else:
            left_out[row.name] = reason
    left_out.update(registry.missing)
    kind = "encrypted" if options.encrypted else "simulated"
    kept = None if options.results is None else Results(options.results / f"{_name(plan, data)}-{kind}")
    findings, failed = run_rows(chosen, kept, options.seed, given=given, kind=kind)
    seconds, queries = sum(each.seconds for each in findings), sum(each.queries for each in findings)
    accuracy = given.endpoint().accuracy(data.test_x, data.test_y)
    head = f"{len(data.test_x)} test samples, {accuracy:.2%} right. Plan {plan.client.digest[:16]}. "
    head += f"{len(findings)} rows in {seconds:.0f} s, {queries} queries, {kind}."
    write(Path(options.report), f"Audit of {options.plan}", chosen, findings, {**left_out, **failed}, head)
    return 1 if failed else 0


_STYLE = """body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}
section{border-left:6px solid;padding:.2em 1em;margin:1.5em 0}h2{margin:.2em 0}dt{font-weight:bold}
dd{margin:0 0 .4em 0}img{max-width:100%}.high{border-color:#c0392b}.middle{border-color:#e0a030}
.low{border-color:#3a8f4a}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left}"""


def _level(risk: float) -> str:
    return "high" if risk >= 0.67 else "middle" if risk >= 0.33 else "low"


def _section(row: Row, finding: Finding) -> str:
    text = html.escape
    ends = finding.interval
    interval = "" if ends is None else f" ({ends[0]:.4g} to {ends[1]:.4g}, 95 %)"
    entries = [
        ("Found", f"{finding.metric}: {finding.value:.4g}{interval}"),
        ("What the attacker knows and may do", f"{row.threat} {row.budget}"),
        ("What helps", finding.remedy or "nothing to do"),
        ("Paper", f"{row.paper}. {row.headline}"),
        ("Cost", f"{finding.seconds:.1f} s, {finding.queries} queries"),
    ]
    body = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in entries)
    images = "".join(
        f'<p><img alt="{text(name)}" src="data:image/png;base64,{base64.b64encode(png).decode()}"></p>'
        for name, png in finding.plots
    )
    details = text(json.dumps(finding.details, indent=1))
    return (
        f'<section id="{text(row.name)}" class="{_level(finding.risk)}"><h2>{text(row.name)}</h2><dl>{body}</dl>'
        f"{images}"
        f"<details><summary>figures</summary><pre>{details}</pre></details></section>"
    )


def write(
    path: Path,
    title: str,
    chosen: Sequence[Row],
    findings: Sequence[Finding],
    failed: dict[str, str],
    head: str = "",
) -> None:
    """The report as HTML, with everything in one file; JSON and text beside it. The highest risk comes first."""
    by_name = {row.name: row for row in chosen}
    ordered = sorted(findings, key=lambda finding: (-finding.risk, finding.row))
    lines = [title, head, ""]
    rows_html = ""
    for finding in ordered:
        lines.append(f"{finding.risk:4.2f}  {finding.row:32} {finding.metric} {finding.value:.4g}. {finding.remedy}")
        rows_html += (
            f'<tr><td>{finding.risk:.2f}</td><td><a href="#{html.escape(finding.row)}">{html.escape(finding.row)}</a>'
            f"</td><td>{html.escape(finding.metric)}</td><td>{finding.value:.4g}</td></tr>"
        )
    lines += ["", *(f"not run: {name}: {reason}" for name, reason in failed.items())]
    not_run = "".join(f"<li>{html.escape(name)}: {html.escape(reason)}</li>" for name, reason in failed.items())
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1><p>{html.escape(head)}</p>"
        "<p>Encryption hides a client's samples from the server. It stops none of what follows.</p>"
        f"<table><tr><th>risk</th><th>row</th><th>metric</th><th>found</th></tr>{rows_html}</table>"
        + "".join(_section(by_name[finding.row], finding) for finding in ordered)
        + (f"<h2>Not run</h2><ul>{not_run}</ul>" if not_run else "")
        + "</html>"
    )
    found = {"title": title, "findings": [finding.to_json() for finding in ordered], "not_run": failed}
    write_file(path, page.encode())
    write_file(path.with_suffix(".json"), json.dumps(found).encode())
    write_file(path.with_suffix(".txt"), "\n".join(lines).encode())
