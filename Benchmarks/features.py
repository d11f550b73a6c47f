#!/usr/bin/env python3
"""Measures the method "features" beside TenSEAL's tensors with a batch axis, by turns; prints a report and writes
results/features.md.

Published figures of other systems stand beside, with their hardware: they were not measured here. Needs `blindsight` built
(`make bench` does it). Standard library only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from reporting import collect, machine

MODELS = {
    "cryptonets": "CryptoNets' topology (845-100-10)",
    "mnist": "`Models/mnist.onnx` (1936-128-10)",
}
# Images a second for MNIST networks of two squares, as their authors give them.
PUBLISHED = [
    ["CryptoNets (2016), YASHE", "one desktop Xeon", "16"],
    ["its port to SEAL, BFV", "not stated here", "320"],
    ["nGraph-HE2 (2019), CKKS", "a two-socket Xeon Platinum server", "1,998"],
]


def bench(folder, threads, repetitions, cpu):
    command = [collect.BLINDSIGHT, "bench", "--plan", Path(folder) / "server.plan"]
    command += ["--repetitions", repetitions, "--threads", threads, "--json"]
    return json.loads(collect._run(command, cpu if threads == 1 else None))


def peer(seconds, cpu):
    python = collect.BENCHMARKS / ".venv" / "bin" / "python"
    if not python.exists():
        return {"available": False, "reason": "peers/install.sh has made no environment"}
    command = [python, collect.BENCHMARKS / "peers" / "tenseal_batch.py", "--seconds", seconds]
    try:
        return json.loads(collect._run(command + (["--cpu", cpu] if cpu is not None else [])))
    except (subprocess.SubprocessError, ValueError) as error:
        return {"available": False, "reason": type(error).__name__}


def best(rows, key):
    return max(row[key] for row in rows)


def line(name, rows):
    last = rows[-1]
    samples = last["samples"]
    return (
        f"| {name} | {best(rows, 'throughput_per_second'):,.0f} "
        f"| {best(rows, 'encrypt_per_second'):,.0f} | {best(rows, 'decrypt_per_second'):,.0f} "
        f"| {last['request_bytes'] / samples / 1e3:.1f} kB | {last['reply_bytes'] / samples:.0f} B "
        f"| {last['peak_rss_bytes'] / 1e6:.0f} MB |"
    )


def report(results, peers):
    lines = [
        "# The method features",
        "",
        f"Groups of 8192 images, N = 8192, 128-bit security, exact, function privacy 0: replies are masked and re-randomized, not flooded. "
        f"{machine.processor()}. Images a second, the best of {len(peers)} rounds' medians; every logit is checked.",
        "",
        "| network, cores | server | encrypt | decrypt | up | down | memory |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (model, threads), rows in results.items():
        cores = "one core" if threads == 1 else f"{threads} cores"
        lines.append(line(f"{MODELS[model]}, {cores}", rows))
    networks = [p["network"] for p in peers if p.get("available")]
    if networks:
        network = max(networks, key=lambda n: n["images_per_second"])
        ours = best(results["cryptonets", 1], "throughput_per_second")
        lines.append(
            f"| TenSEAL's BFV tensors with a batch axis, one core, by counts | {network['images_per_second']:,.0f} "
            f"({ours / network['images_per_second']:,.0f}x) | {network['encrypt_images_per_second']:,.0f} | | | | |"
        )
    else:
        lines += ["", f"TenSEAL was left out: {peers[0].get('reason', '')}."]
    lines += ["", "Published by others, not measured here:", "", "| system | hardware | images a second |"]
    lines += ["| --- | --- | ---: |"] + ["| " + " | ".join(row) + " |" for row in PUBLISHED]
    lines += [
        "",
        "TenSEAL's network is the sum of its measured products with small integers and squares, by the counts of CryptoNets' layers; the "
        "parameters that it makes for N = 8192 would not carry both squares, so it would be slower. Memory is that of client and "
        "server in one process.",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of everything, by turns")
    parser.add_argument("--seconds", type=float, default=2, help="for each of the peer's operations")
    parser.add_argument("--repetitions", type=int, default=7, help="groups of a round")
    parser.add_argument("--cpu", type=int, default=collect.first_core())
    parser.add_argument("--threads", type=int, default=2, help="of the runs on several cores")
    options = parser.parse_args()
    results, peers = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for model in MODELS:
            path = collect.ROOT / "Models" / f"{model}.onnx"
            command = [collect.BLINDSIGHT, "plan", path, "--method", "features", "--samples", 8192]
            collect._run(command + ["-o", f"{folder}/{model}"])
        for index in range(options.rounds):
            print(f"round {index + 1} of {options.rounds}", file=sys.stderr)
            for model in MODELS:
                for threads in (1, options.threads):
                    row = bench(f"{folder}/{model}", threads, options.repetitions, options.cpu)
                    results.setdefault((model, threads), []).append(row)
            peers.append(peer(options.seconds, options.cpu))
    text = report(results, peers)
    target = collect.BENCHMARKS / "results"
    target.mkdir(parents=True, exist_ok=True)
    (target / "features.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
