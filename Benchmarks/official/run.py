#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a harness of HomomorphicEncryption.org, unmodified, on Blindsight, and prints our rows beside the scoreboard's.

    git clone https://github.com/fhe-benchmarking/Zn-multiplication
    Benchmarks/official/run.py Zn-multiplication

The checkout stays as it is: a copy of it gets our `scripts` and `submission` in place of those that it has, as its
rules want. The harness calls `python3`, which must have what its requirements.txt names; it is the one that runs this.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
from reporting import machine  # noqa: E402

SIZES = ["single", "small", "medium", "large"]
COLUMNS = ["keygen", "prepare", "encrypt", "compute", "server", "processor", "decrypt"]
# Names that the harnesses give to what a column says.
STEPS = {
    "keygen": ["Key Generation"],
    "prepare": ["Input preprocessing"],
    "encrypt": ["Input encryption"],
    "compute": ["Encrypted computation"],
    "decrypt": ["Result decryption", "Result postprocessing"],
}
MNIST = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]

Row = dict[str, Any]


class Refusal(Exception):
    """What the caller must change."""


def workload_of(harness: Path) -> str:
    """Which workload a checkout is of, by what only its harness has."""
    script = harness / "harness" / "run_submission.py"
    if not script.is_file():
        raise Refusal(f"{harness} holds no harness/run_submission.py: it must be a checkout of a workload")
    if (harness / "harness" / "mnist").is_dir():
        return "ml-inference"
    if "64-bits mul" in script.read_text():
        return "Zn-multiplication"
    raise Refusal(f"{harness} is of no workload that there is a submission for (ml-inference, Zn-multiplication)")


def prepare(harness: Path, workload: str, work: Path) -> None:
    """A copy of the checkout with our scripts and our submission."""
    if work.exists():
        shutil.rmtree(work)
    leave = shutil.ignore_patterns(".git", "datasets", "io", "measurements", "submission", "scripts", "third_party")
    shutil.copytree(harness, work, ignore=leave)
    for folder in ["scripts", "submission"]:
        shutil.copytree(HERE / workload / folder, work / folder)


def place_mnist(source: Path, work: Path) -> None:
    """MNIST's files where the harness would download them to."""
    folders = [work / "harness" / "mnist" / "data", *(work / "datasets" / size for size in SIZES)]
    for name in MNIST:
        packed, plain = source / (name + ".gz"), source / name
        if plain.is_file():
            data = plain.read_bytes()
        elif packed.is_file():
            import gzip

            data = gzip.decompress(packed.read_bytes())
        else:
            raise Refusal(f"{source} has neither {name} nor {name}.gz")
        for folder in folders:
            raw = folder / "MNIST" / "raw"
            raw.mkdir(parents=True, exist_ok=True)
            (raw / name).write_bytes(data)


def realtime(work: Path) -> str:
    """A script that runs the command line before all else that the machine does."""
    script = work / "blindsight"
    script.write_text(f'#!/bin/sh\nexec chrt --rr 1 "{ROOT}/.build/release/blindsight" "$@"\n')
    script.chmod(0o755)
    return str(script)


def run_harness(work: Path, size: str, runs: int, seed: int, variables: dict[str, str]) -> None:
    """The harness's own script, as it is."""
    environment = dict(os.environ, BLINDSIGHT_ROOT=str(ROOT), **variables)
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    command = ["python3", "harness/run_submission.py", str(SIZES.index(size)), "--num_runs", str(runs)]
    result = subprocess.run(
        [*command, "--seed", str(seed)], cwd=work, env=environment, text=True, stdout=subprocess.PIPE, check=False
    )
    print(result.stdout)
    if result.returncode != 0:
        raise Refusal(f"the harness ended with status {result.returncode} on {size}")
    if "FAIL" in result.stdout:
        raise Refusal(f"the harness found a wrong result on {size}")


def seconds(times: dict[str, str], names: list[str]) -> float:
    return sum(float(times[name].rstrip("s")) for name in names)


def measured(work: Path, size: str, runs: int) -> Row:
    """The mean over the harness's result files: the scoreboard shows this, too."""
    files = [work / "measurements" / size / f"results-{run + 1}.json" for run in range(runs)]
    results = [json.loads(file.read_text()) for file in files]
    row: Row = {
        column: sum(seconds(result["Timing"], names) for result in results) / runs for column, names in STEPS.items()
    }
    reported = [result.get("Server Reported", {}).get("Encrypted computation") for result in results]
    if all(reported):
        row["server"] = sum(float(text.rstrip("s")) for text in reported) / runs
    # Our compute step adds two lines a run: what the shell took, and what the commands did that it called.
    steps = re.findall(r"\d+m[\d.]+s", (work / "io" / size / "compute.times").read_text())
    row["processor"] = sum(float(text.rstrip("s").split("m")[0]) * 60 + float(text.rstrip("s").split("m")[1])
                           for text in steps[2::4] + steps[3::4]) / runs  # fmt: skip
    sizes = results[0]["Bandwidth"]
    row["keys"] = sizes["Public and evaluation keys"]
    row["input"], row["result"] = sizes["Encrypted input"], sizes["Encrypted results"]
    quality = [result.get("Quality", {}).get("Encrypted model quality") for result in results]
    if all(quality):
        row["accuracy"] = f"{sum(item['accuracy'] for item in quality) / runs:.4f}"
    return row


def duration(value: Optional[float]) -> str:
    if value is None:
        return ""
    if value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.3g} s" if value < 100 else f"{value / 60:.3g} min"


def table(workload: str, rows: dict[str, Row]) -> str:
    """Ours and theirs, in Markdown."""
    board = json.loads((HERE / "scoreboard.json").read_text())
    has_accuracy = workload == "ml-inference"
    heads = ["instance", "", "keys", "input", "result", *(["accuracy"] if has_accuracy else [])]
    heads += ["keygen", "prepare", "encrypt", "compute", "server's own", "processor", "decrypt"]
    lines = ["| " + " | ".join(heads) + " |", "| --- | --- " + "| ---: " * (len(heads) - 2) + "|"]
    for size, ours in rows.items():
        theirs = board[workload].get(size)
        for name, row in [("Blindsight", ours), ("reference", theirs)]:
            if row is None:
                lines.append("| " + " | ".join([size, name, "none", *[""] * (len(heads) - 3)]) + " |")
                continue
            cells = [size, name, row["keys"], row["input"], row["result"]]
            cells += [row.get("accuracy", "")] if has_accuracy else []
            lines.append("| " + " | ".join(cells + [duration(row.get(column)) for column in COLUMNS]) + " |")
    return "\n".join(lines)


def publish(workload: str, text: str) -> None:
    """Writes the workload's part of docs/Benchmarks.md."""
    page = ROOT / "docs" / "Benchmarks.md"
    begin, end = f"<!-- official {workload} -->", f"<!-- end of official {workload} -->"
    before, rest = page.read_text().split(begin)
    page.write_text(f"{before}{begin}\n{text}{end}{rest.split(end)[1]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("harness", type=Path, help="a checkout of ml-inference or Zn-multiplication")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES[:3], help="the instances to run")
    parser.add_argument("--runs", type=int, default=3, help="what the harness repeats; the table has the mean")
    parser.add_argument("--seed", type=int, default=3, help="of the harness's inputs")
    parser.add_argument("--function-privacy", default="0", help="bits, or `default` for what `blindsight plan` chooses")
    parser.add_argument("--mnist", type=Path, help="a folder with MNIST's four files; else the harness downloads them")
    parser.add_argument("--work", type=Path, help="where the copy is made; by default under .build/official")
    parser.add_argument("--realtime", action="store_true", help="our commands before all others; needs chrt, and root")
    parser.add_argument("--publish", action="store_true", help="write docs/Benchmarks.md's part too")
    arguments = parser.parse_args()
    try:
        workload = workload_of(arguments.harness)
        work = arguments.work or ROOT / ".build" / "official" / workload
        before = machine.load()
        prepare(arguments.harness, workload, work)
        if workload == "ml-inference" and arguments.mnist:
            place_mnist(arguments.mnist, work)
        variables = {"BLINDSIGHT_PRIVACY": arguments.function_privacy}
        if arguments.realtime:
            variables["BLINDSIGHT_BINARY"] = realtime(work)
        rows = {}
        for size in arguments.sizes:
            run_harness(work, size, arguments.runs, arguments.seed, variables)
            rows[size] = measured(work, size, arguments.runs)
    except Refusal as refusal:
        print(f"run.py: {refusal}", file=sys.stderr)
        return 1
    commit = subprocess.run(
        ["git", "-C", str(arguments.harness), "log", "-1", "--format=%h of %cs"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    about = (
        f"Harness: {workload}, commit {commit}, unmodified; runs: {arguments.runs}, means of these. Ours: "
        f"{machine.processor()}, {datetime.date.today()}, load averages {before:.1f} before and {machine.load():.1f} "
        f"after, {'commands at real-time priority (`--realtime`), ' if arguments.realtime else ''}function privacy "
        f"{arguments.function_privacy}. Reference: the scoreboard's only row, of 2026-02-20; its machine isn't said."
    )
    text = textwrap.fill(about, 120) + "\n\n" + table(workload, rows) + "\n"
    print(text)
    if arguments.publish:
        publish(workload, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
