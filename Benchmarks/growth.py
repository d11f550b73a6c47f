#!/usr/bin/env python3
"""How time, memory and bytes grow with a network: features, outputs, hidden neurons, squares, samples and threads, each
estimate of `plan` beside what `bench` measures on one core.

    .build/python/bin/python Benchmarks/growth.py [--only depth,samples] [--repetitions 5] [--cpu N]

`make bench-growth` runs it, with numpy and onnx in that environment. Estimates are this machine's, which `bench
--calibrate` measures first, on networks of its own. The networks are dense, with made-up weights;
their squares are onnx's Mul of a value with itself. A network that has no plan is a row with the reason. Function
privacy 0. Prints a table and writes results/growth.md.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from reporting import collect, machine

SAMPLES = 300
# Of each axis: widths of the layers, samples, threads; squares stand between layers.
AXES = {
    "features": [([count, 10], 1, 1) for count in (64, 784, 4096)],
    "outputs": [([64, count], 1, 1) for count in (1, 10, 100, 1000)],
    "hidden": [([64, count, 10], 1, 1) for count in (16, 64, 256)],
    "depth": [([64, *[16] * squares, 10], 1, 1) for squares in (1, 2, 3, 4)],
    "samples": [([784, 100, 10], count, 1) for count in (1, 100, 1000, 8192)],
    "wide batches": [([12288, 10], 8192, 1), ([64, 1000], 8192, 1)],
    "threads": [([784, 100, 10], 1, count) for count in (1, 2)],
}


def write_model(path, widths):
    """Layers with a square between each two; weights such that values stay about 1."""
    generator = np.random.default_rng(sum(widths))
    nodes, constants, value = [], [], "x"
    for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        weights = generator.normal(size=(outputs, inputs)) / np.sqrt(inputs)
        constants.append(numpy_helper.from_array(weights.astype(np.float32), f"w{layer}"))
        nodes.append(helper.make_node("Gemm", [value, f"w{layer}"], [f"y{layer}"], transB=1))
        value = f"y{layer}"
        if layer + 2 < len(widths):
            nodes.append(helper.make_node("Mul", [value, value], [f"s{layer}"]))
            value = f"s{layer}"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
            for name, width in (("x", widths[0]), (value, widths[-1]))]
    graph = helper.make_graph(nodes, "growth", ends[:1], ends[1:], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def run(command, cpu=None):
    prefix = ["taskset", "-c", str(cpu)] if cpu is not None else []
    return subprocess.run([*prefix, *map(str, command)], capture_output=True, text=True)


def row(folder, axis, widths, samples, threads, options):
    name = f"{'-'.join(map(str, widths))}, {samples:,} at once, {threads} thread{'s' if threads > 1 else ''}"
    write_model(folder / "model.onnx", widths)
    np.save(folder / "x.npy", np.random.default_rng(1).random((SAMPLES, widths[0]), np.float32))
    batch = ["--method", "features", "--samples", samples] if samples > 1 else ["--method", "slots"]
    made = run([
        collect.BLINDSIGHT, "plan", folder / "model.onnx", "--calibration", folder / "x.npy", "--function-privacy", 0,
        *batch, "--json", "-o", folder / "plan"])
    if made.returncode:
        reason = made.stderr.strip().splitlines() or ["no plan"]
        return f"| {axis} | {name} | {reason[0].split(': ')[-1][:80]} | | | | | |"
    plan = json.loads(made.stdout)
    measured = run([
        collect.BLINDSIGHT, "bench", "--plan", folder / "plan/server.plan", "--threads", threads, "--repetitions",
        options.repetitions, "--json"], options.cpu if threads == 1 else None)
    if measured.returncode:
        raise SystemExit(measured.stderr)
    found = json.loads(measured.stdout)
    estimate, time = plan["estimated_ms"], found["latency_ms"]
    return (
        f"| {axis} | {name} | {time:,.2f} ms | {estimate:,.2f} ms | {estimate / time:.2f} "
        f"| {found['decrypt_ms']:,.2f} ms | {found['request_bytes'] / 1e6:,.2f} MB "
        f"| {found['peak_rss_bytes'] / 1e6:,.0f}, {plan['server_memory_bytes'] / 1e6:,.0f} MB |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"some of: {', '.join(AXES)}")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--cpu", type=int, default=collect.first_core())
    options = parser.parse_args()
    calibrated = run([collect.BLINDSIGHT, "bench", "--calibrate"], options.cpu)
    if calibrated.returncode:
        raise SystemExit(calibrated.stderr)
    chosen = options.only.split(",") if options.only else list(AXES)
    lines = [
        f"{machine.processor()}, {machine.system()}", "",
        "| axis | network | server, measured | estimate for this machine | estimate / measured | decrypt "
        "| request | peak of both sides, server as planned |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    print("\n".join(lines), flush=True)
    for axis in chosen:
        for widths, samples, threads in AXES[axis]:
            with tempfile.TemporaryDirectory() as folder:
                lines.append(row(Path(folder), axis, widths, samples, threads, options))
                print(lines[-1], flush=True)
    results = collect.BENCHMARKS / "results"
    results.mkdir(exist_ok=True)
    (results / "growth.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
