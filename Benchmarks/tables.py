#!/usr/bin/env python3
"""Measures tables here beside OpenFHE's functional bootstrapping and a network of Concrete ML's, one core each.

    Benchmarks/tables.py [--repetitions 3] [--cpu N] [--publish]

One table of 8 bits on a batch: a quantized model of one input, with LeakyRelu and requantization. The network has 64
pixels of scikit-learn's digits, 32 hidden neurons with ReLU, 4 bits: ours is Models/digits-tables.onnx, Concrete ML
trains its own. Environments of the peers and of `onnx` are made by the first run under .build/trees. --publish writes
docs/Tables.md's section. Ours is time on the clock, the peers' is processor time.
"""

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import textwrap

from reporting import collect, machine
from reporting.environments import HOME, environment

BEGIN, END = "<!-- peers -->", "<!-- end of peers -->"
OPENFHE = "openfhe==1.6.1.0.22.4"
CONCRETE = "concrete-ml==1.9.0"
MODEL = """
import sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

def constant(name, value):
    return numpy_helper.from_array(np.asarray(value), name)

constants = [
    constant("step", np.float32(0.0625)), constant("middle", np.uint8(128)), constant("w", np.array([[1]], np.int8)),
    constant("one", np.float32(1)), constant("none", np.int8(0)), constant("outer", np.float32(0.125)),
]
grid, outer = ["step", "middle"], ["outer", "middle"]
nodes = [helper.make_node(*n, **more) for n, more in (
    (("QuantizeLinear", ["x", *grid], ["q"]), {}), (("DequantizeLinear", ["q", *grid], ["a"]), {}),
    (("DequantizeLinear", ["w", "one", "none"], ["v"]), {}), (("Gemm", ["a", "v"], ["s"]), {}),
    (("LeakyRelu", ["s"], ["f"]), {"alpha": 0.1}), (("QuantizeLinear", ["f", *outer], ["c"]), {}),
    (("DequantizeLinear", ["c", *outer], ["y"]), {}))]
ends = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 1])] for n in "xy"]
graph = helper.make_graph(nodes, "table", *ends, constants)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), sys.argv[1])
"""


def output(command, cpu):
    """What a process on one core says on standard output."""
    pinned = [*(["taskset", "-c", str(cpu)] if cpu is not None else []), *map(str, command)]
    done = subprocess.run(pinned, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][-200:])
    return done.stdout


def ours(options):
    folder = HOME / "table"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    output([environment("onnx", ["onnx==1.23.*", "numpy"]), "-c", MODEL, folder / "model.onnx"], None)
    return measured(options, folder / "model.onnx", folder / "plan", "features", 16384)


def network(options, method, samples):
    model = collect.ROOT / "Models" / "digits-tables.onnx"
    return measured(options, model, HOME / "table" / method, method, samples)


def measured(options, model, folder, method, samples):
    plan = json.loads(output(
        [collect.BLINDSIGHT, "plan", model, "--method", method, "--samples", samples, "--activations", "table",
         "--function-privacy", 0, "-o", folder, "--json"], options.cpu))
    bench = json.loads(output(
        [collect.BLINDSIGHT, "bench", "--plan", folder / "server.plan", "--threads", 1, "--repetitions",
         options.repetitions, "--json"], options.cpu))
    return plan, bench


def openfhe(options):
    try:
        python = environment("openfhe", [OPENFHE], version="3.10")
        found = json.loads(output([python, collect.BENCHMARKS / "peers" / "tables_openfhe.py"], options.cpu))
        return {"reason": f"{found['wrong']} of {found['count']} values wrong"} if found["wrong"] else found
    except (RuntimeError, ValueError) as error:
        return {"reason": str(error)}


def concrete(options):
    try:
        python = environment("concrete", [CONCRETE])
        found = json.loads(
            output([python, collect.BENCHMARKS / "peers" / "tables_concrete.py", 3], options.cpu).splitlines()[-1])
        return {"reason": "a label unlike its plain one"} if found["encrypted_unlike_quantized"] else found
    except (RuntimeError, ValueError) as error:
        return {"reason": str(error)}


def networks(options):
    """Rows of the digits' network: one sample, a batch, the peer."""
    lines = [
        "", "| digits, 64-32-10, ReLU, 4 bits | at once | a sample | keys |",
        "| --- | ---: | ---: | ---: |"]
    for method, samples in (("slots", 1), ("features", 8192)):
        plan, bench = network(options, method, samples)
        seconds = bench["latency_ms"] / 1e3
        lines.append(
            f"| Blindsight, `{method}`, N = {plan['degree']:,} | {bench['samples']:,} in {seconds:,.2f} s "
            f"| {seconds / bench['samples'] * 1e3:,.2f} ms | {bench['evaluation_key_bytes'] / 1e6:,.1f} MB |")
    peer = concrete(options)
    if "reason" in peer:
        lines.append(f"| Concrete ML | | {peer['reason']} | |")
    else:
        lines.append(
            f"| Concrete ML {peer['version']}, right about {peer['accuracy'] * 100:.1f} % | 1 "
            f"| {peer['seconds'] * 1e3:,.0f} ms | {peer['key_bytes'] / 1e6:,.1f} MB |")
    return lines


def report(options):
    load = os.getloadavg()[0]
    (plan, bench), peer = ours(options), openfhe(options)
    values, seconds = bench["samples"], bench["latency_ms"] / 1e3
    lines = [
        "| engine | table | at once | a value | refresh |", "| --- | --- | ---: | ---: | --- |",
        f"| Blindsight, N = {plan['degree']:,}, log2 Q {plan['ciphertext_modulus_bits']} | 8 bits to 8 bits "
        f"| {values:,} in {seconds * 1e3:,.0f} ms | {seconds / values * 1e6:.1f} us | no |"]
    if "reason" in peer:
        lines.append(f"| OpenFHE | | {peer['reason']} | | |")
    else:
        lines.append(
            f"| OpenFHE 1.6.1, FHEW, STD128 | any function of {peer['values']} values | 1 "
            f"| {peer['seconds'] * 1e3:,.0f} ms | yes |")
    text = (
        f"One core of {machine.processor()}, {datetime.date.today()}, load average {load:.1f}, by "
        f"`{options.command}`; ours on the clock, the peers' processor time. "
        "Function privacy 0: replies are masked and re-randomized. Every reply of ours was compared with the integer "
        "network; OpenFHE's wheel gives tables of 3 bits. Published beside: Liu and Wang, 6.7 ms a value of 9 bits, "
        "tfhe-rs, 870 ms of 8 bits, both with a refresh.")
    lines += networks(options)
    return "\n".join([*lines, "", textwrap.fill(text, 120, break_on_hyphens=False)]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--cpu", type=int, default=collect.first_core(), help="the core to stay on")
    parser.add_argument("--publish", action="store_true", help="write docs/Tables.md's section")
    options = parser.parse_args()
    options.command = " ".join(["Benchmarks/tables.py", *(a for a in sys.argv[1:] if a != "--publish")])
    text = report(options)
    print(text)
    if options.publish:
        page = collect.ROOT / "docs" / "Tables.md"
        before, rest = page.read_text(encoding="utf-8").split(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
