#!/usr/bin/env python3
"""Measures Paillier's scheme here beside python-paillier (phe with gmpy2), on one core, by turns, and prints the ratios.

    Benchmarks/paillier.py [--bits 2048,3072] [--rounds 3] [--seconds 1] [--cpu N] [--python PYTHON] [--publish]

PYTHON is one that has phe and gmpy2: Benchmarks/.venv, where peers/install.sh puts them, unless given. The figures go to
results/paillier.json and results/paillier.md; --publish writes the latter into docs/Paillier.md too.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCH = HERE / ".build/release/paillier-bench"
PATHS = {"GMP": "avx2", "IFMA": "avx512"}

# Ours, phe's, and how many of phe's one of ours is.
ROWS = [
    ("encrypt, public", "encrypt"),
    ("encrypt, public, one", "encrypt"),
    ("encrypt, short exponent", "encrypt"),
    ("encrypt, owner", "encrypt"),
    ("decrypt", "decrypt"),
    ("decrypt, one", "decrypt"),
    ("add", "add"),
    ("dot product of 30", "dot product of 30"),
    ("dot product of 30, batch", "dot product of 30"),
    ("dot product of 30, batch, re-randomized", "dot product of 30"),
    ("score 30 features, packed, re-randomized", "dot product of 30"),
    ("score 30 features, packed, masks made ahead", "dot product of 30"),
    ("score 30 features, packed, function privacy 40", "dot product of 30"),
    ("score 30 features, packed, function privacy 64", "dot product of 30"),
    ("score 30 features, packed, function privacy 80", "dot product of 30"),
    ("784 x 10", "784 x 10"),
    ("784 x 10, re-randomized", "784 x 10"),
]


def run(command, environment=None):
    return subprocess.run(
        [str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    ).stdout


def measure(bits, options, scratch):
    """{tool: {operation: [microseconds of each round]}}, and what phe is."""
    key = scratch / f"{bits}.key"
    run([BENCH, "--bits", bits, "--write-key", key])
    times, peer = {}, {}
    for _ in range(options.rounds):
        for name, kernels in PATHS.items():
            text = run([BENCH, "--bits", bits, "--key", key, "--seconds", options.seconds], {"BLINDSIGHT_KERNELS": kernels})
            (scratch / "ours.json").write_text(text)
            for row in json.loads(text)["rows"]:
                times.setdefault(name, {}).setdefault(row["operation"], []).append(row["microseconds"])
            if name == "GMP" or not peer:
                peer = json.loads(run([options.python, HERE / "peers/phe_bench.py", key, options.seconds, scratch / "ours.json"]))
                if not peer["available"]:
                    sys.exit("phe is absent: " + peer["reason"])
                for operation, row in peer["rows"].items():
                    times.setdefault("phe", {}).setdefault(operation, []).append(row["microseconds"])
    return times, peer


def duration(microseconds):
    for unit, scale in (("us", 1), ("ms", 1e3), ("s", 1e6)):
        if microseconds < 1000 * scale or unit == "s":
            return f"{microseconds / scale:.3g} {unit}"


def table(bits, times):
    lines = [f"| {bits} bits | phe | GMP | ratio | IFMA | ratio |", "|---|---|---|---|---|---|"]
    for ours, theirs in ROWS:
        base = statistics.median(times["phe"][theirs])
        cells = []
        for name in PATHS:
            own = statistics.median(times[name][ours])
            cells += [duration(own), f"{base / own:.3g}x"]
        lines.append(f"| {ours} | {duration(base)} | {' | '.join(cells)} |")
    lines.append("")
    for how in ("re-randomized", "masks made ahead", "function privacy 80"):
        rates = [f"{1e6 / statistics.median(times[name]['score 30 features, packed, ' + how]):,.0f} with {name}" for name in PATHS]
        lines.append(f"Samples of 30 features a second, packed, {how}: " + ", ".join(rates) + ".")
    return lines


def heu(bits, times, options):
    """SecretFlow's HEU beside ours, in a line; nothing where it doesn't run."""
    try:
        found = json.loads(run([options.python, HERE / "peers/heu_bench.py", "--bits", bits, "--seconds", options.seconds]))
    except (subprocess.CalledProcessError, ValueError):
        found = {"available": False, "reason": "heu_bench.py failed"}
    if not found["available"]:
        return ["", f"SecretFlow's HEU was left out: {found['reason']}."]
    names = {"encrypt": "encrypt, public", "decrypt": "decrypt", "add": "add", "dot product of 30": "dot product of 30"}
    cells = [
        f"{name} {duration(value)} ({value / statistics.median(times['IFMA'][names[name]]):.3g}x ours with IFMA)"
        for name, value in found["microseconds"].items()
    ]
    return ["", f"SecretFlow's HEU, {bits} bits: " + ", ".join(cells) + "."]


def processor():
    for line in open("/proc/cpuinfo") if os.path.exists("/proc/cpuinfo") else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bits", default="2048,3072")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--cpu", type=int)
    parser.add_argument("--python", default=HERE / ".venv/bin/python")
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})

    lines, raw = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for bits in options.bits.split(","):
            times, peer = measure(bits, options, Path(folder))
            raw[bits] = times
            if not lines:
                lines = [
                    f"One core of an {processor()}, medians of {options.rounds} rounds by turns; phe {peer['version']}. "
                    f"phe decrypted all of our ciphertexts that it was given."
                ]
            lines += [""] + table(bits, times) + heu(bits, times, options)
    text = "\n".join(lines) + "\n"
    print(text)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "paillier.md").write_text(text)
    (results / "paillier.json").write_text(json.dumps(raw, indent=1))
    if options.publish:
        page = HERE.parent / "docs/Paillier.md"
        begin, end = "<!-- figures -->", "<!-- end of figures -->"
        before, rest = page.read_text().split(begin)
        page.write_text(f"{before}{begin}\n{text}{end}{rest.split(end)[1]}")


main()
