# SPDX-License-Identifier: Apache-2.0
"""Writes epsilon beside accuracy beside membership into a page: python -m blindsight.audit.dp FOLDER PAGE.md, where
FOLDER has findings as `python -m blindsight.audit --results FOLDER` left them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

from ..._errors import BlindsightError, FileError
from ..finding import Finding
from ..registry import rows
from ..runner import Results

BEGIN, END = "<!-- privacy table: begin -->", "<!-- privacy table: end -->"


def line(finding: Finding) -> Optional[str]:
    """A row of the table; None for a finding without an epsilon and a served network."""
    details = finding.details
    if "epsilon" not in details or "membership AUC" not in details:
        return None
    low, high = details["membership interval"]
    holder = details.get("epsilon to the key's holder")
    cells = [
        finding.row,
        f"{details['epsilon']:g}",
        f"{details['delta']:g}",
        "" if holder is None else f"{holder:g}",
        f"{details['accuracy']:.2%}",
        f"{details['membership AUC']:.3f} ({low:.3f} to {high:.3f})",
        f"{details['estimated ms a sample']:g} ms",
    ]
    return "| " + " | ".join(cells) + " |"


def plain(finding: Finding) -> list[str]:
    """Rows of the same networks without privacy, where a row measured them."""
    found = []
    for name, details in finding.details.items():
        if name.startswith("without privacy") and "membership AUC" in details:
            low, high = details["membership interval"]
            auc = f"{details['membership AUC']:.3f} ({low:.3f} to {high:.3f})"
            time = f"{details['estimated ms a sample']:g} ms"
            found.append(f"| {finding.row}, {name} | none | | | {details['accuracy']:.2%} | {auc} | {time} |")
    return found


def table(findings: dict[str, Finding], earlier: str = "") -> str:
    """What an earlier table says of other rows stays."""
    kept: dict[str, list[str]] = {}
    for line_of_table in earlier.splitlines():
        if line_of_table.startswith("| "):
            name = line_of_table[2:].split(" |")[0].split(",")[0]
            kept.setdefault(name, []).append(line_of_table)
    lines = [
        "| row | epsilon | delta | epsilon to the key's holder | accuracy, served | membership AUC | encrypted |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows("dp"):
        if row.name in findings:
            one = line(findings[row.name])
            lines += ([] if one is None else [one]) + plain(findings[row.name])
        else:
            lines += kept.get(row.name, [])
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        page = Path(arguments[1])
        text = page.read_text()
        if text.count(BEGIN) != 1 or text.count(END) != 1:
            raise FileError(f"the page has no place for a table, between {BEGIN} and {END}", str(page))
        start, end = text.index(BEGIN), text.index(END)
        made = table(Results(Path(arguments[0])).read(), earlier=text[start:end])
        page.write_text(f"{text[:start]}{BEGIN}\n\n{made}\n\n{text[end:]}")
    except BlindsightError as error:
        print(f"blindsight.audit.dp: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
