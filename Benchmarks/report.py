#!/usr/bin/env python3
"""Measures Blindsight and its peers in one go; writes results/report.md, report.svg and raw.json.

Needs `blindsight` and `micro` built (`make bench` does it); peers are left out, in words, where
they aren't installed. Standard library only.
"""

import argparse
import datetime
import json
import sys
from pathlib import Path

from reporting import collect, machine, markdown, plot

RESULTS = collect.BENCHMARKS / "results"


def about():
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": machine.processor(),
        "memory": machine.memory(),
        "system": machine.system(),
        "swift": machine.swift(),
        "commit": machine.commit(collect.ROOT),
    }


def write(raw, page, image):
    results = collect.Results(raw)
    subtitle = f"{raw['about']['processor']}; {raw['about']['date'][:10]}"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(markdown.report(results, raw["about"], image.name), encoding="utf-8")
    image.write_text(plot.svg(results, subtitle), encoding="utf-8")
    print(f"wrote {page} and {image}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of everything, by turns")
    parser.add_argument("--seconds", type=float, default=0.1, help="for each operation and round")
    parser.add_argument("--repetitions", type=int, default=30, help="predictions of a round")
    parser.add_argument("--degrees", default="4096,8192,16384")
    parser.add_argument(
        "--cpu", type=int, default=collect.first_core(), help="the core for what uses one"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="the folder of the results")
    parser.add_argument("--publish", action="store_true", help="write docs/ from these results")
    options = parser.parse_args()
    folder = options.output
    saved = folder / "raw.json"
    if options.publish:
        if not saved.exists():
            sys.exit("report.py: there are no results yet; make bench makes them")
        docs = collect.ROOT / "docs"
        page, title = docs / "Benchmarks.md", "\n## Trees\n"
        kept = page.read_text(encoding="utf-8").partition(title)[2]  # trees.py's own section, the last
        write(json.loads(saved.read_text()), page, docs / "benchmarks.svg")
        if kept:
            page.write_text(page.read_text(encoding="utf-8") + title + kept, encoding="utf-8")
        return
    raw = collect.measure(
        options.rounds, options.seconds, options.repetitions, options.degrees, options.cpu
    )
    raw["about"] = about()
    folder.mkdir(parents=True, exist_ok=True)
    saved.write_text(json.dumps(raw, indent=1))
    write(raw, folder / "report.md", folder / "report.svg")


if __name__ == "__main__":
    main()
