"""Runs ours and the peers by turns; of each row, the round with the lowest median counts."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from . import machine

BENCHMARKS = Path(__file__).resolve().parent.parent
ROOT = BENCHMARKS.parent
BLINDSIGHT = ROOT / ".build" / "release" / "blindsight"
MICRO = BENCHMARKS / ".build" / "release" / "micro"
PORTABLE = "Blindsight, portable C"
PEERS = {"SEAL": ("tenseal", "tenseal_bench.py"), "OpenFHE": ("openfhe", "openfhe_bench.py")}


def _run(command, cpu=None, kernels=None):
    """Standard output of a command that stays on one core, where the system lets it.

    `kernels` forces a path of Blindsight's kernels.
    """

    def pin():
        if cpu is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {cpu})

    environment = dict(os.environ, OMP_NUM_THREADS="1")
    if kernels:
        environment["BLINDSIGHT_KERNELS"] = kernels
    done = subprocess.run(
        [str(c) for c in command], stdout=subprocess.PIPE, text=True, check=True,
        preexec_fn=pin, env=environment, timeout=1800,
    )
    return done.stdout


def first_core():
    """The lowest core that this process may use; None where the system doesn't say."""
    return min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def predictions(folder, repetitions, threads, cpu, kernels=None):
    command = [BLINDSIGHT, "bench", "--plan", Path(folder) / "server.plan"]
    command += ["--repetitions", repetitions, "--threads", threads, "--json"]
    return json.loads(_run(command, cpu if threads == 1 else None, kernels))


def micro(folder, seconds, degrees, cpu, kernels=None):
    path = Path(folder) / "micro.json"
    command = [MICRO, "--seconds", seconds, "--degrees", degrees, "--json", path]
    _run(command, cpu, kernels)
    return json.loads(path.read_text())


def peer(name, seconds, degrees, cpu):
    """A peer's report; where it can't run, one that says why."""
    module, script = PEERS[name]
    python = BENCHMARKS / ".venv" / "bin" / "python"
    note = BENCHMARKS / ".venv" / f"absent-{module}.txt"
    absent = {"tool": name, "available": False, "rows": []}
    if not python.exists():
        return {**absent, "reason": "peers/install.sh has made no environment"}
    if note.exists():
        return {**absent, "reason": note.read_text().strip()}
    command = [python, BENCHMARKS / "peers" / script, "--seconds", seconds, "--degrees", degrees]
    if cpu is not None:
        command += ["--cpu", cpu]
    try:
        return json.loads(_run(command))
    except subprocess.CalledProcessError as error:
        return {**absent, "reason": f"{script} ended with status {error.returncode}"}
    except (subprocess.TimeoutExpired, ValueError) as error:
        return {**absent, "reason": f"{script} gave no result: {type(error).__name__}"}


def measure(rounds, seconds, repetitions, degrees, cpu):
    """Everything, `rounds` times by turns, so that a noisy spell hits all alike."""
    result = {"rounds": [], "load_before": machine.load()}
    with tempfile.TemporaryDirectory() as folder:
        model = ROOT / "Models" / "mnist.onnx"
        _run([BLINDSIGHT, "plan", model, "-o", folder])
        for index in range(rounds):
            print(f"round {index + 1} of {rounds}", file=sys.stderr)
            single = {"prediction_1": predictions(folder, repetitions, 1, cpu)}
            if os.cpu_count() > 1:
                single["prediction_2"] = predictions(folder, repetitions, 2, cpu)
            single["micro"] = micro(folder, seconds, degrees, cpu)
            single["prediction_portable"] = predictions(
                folder, max(3, repetitions // 5), 1, cpu, "portable"
            )
            single["micro_portable"] = micro(folder, seconds, degrees, cpu, "portable")
            for name in PEERS:
                single[name] = peer(name, seconds, degrees, cpu)
            result["rounds"].append(single)
    result["load_after"] = machine.load()
    return result


class Results:
    """What the rounds say together.

    Of a row's medians, one a round, the lowest: another program's work can only add to a time, and the rounds of
    all tools are spread over the same minutes.
    """

    def __init__(self, raw):
        self.raw = raw
        self.first = raw["rounds"][0]
        self._times = {}
        self._rows = {}
        for single in raw["rounds"]:
            for tool, key in (("Blindsight", "micro"), (PORTABLE, "micro_portable")):
                for row in single[key]["rows"]:
                    self._add(tool, row)
            for name in PEERS:
                for row in single[name]["rows"]:
                    self._add(self._tool(name, row), row)

    @staticmethod
    def _tool(name, row):
        """BFV and BGV apart; key switching techniques of one scheme compete in one column."""
        scheme, _, technique = row.get("scheme", "BFV").partition(", ")
        return (f"{name} {scheme}" if name == "OpenFHE" else name), technique

    def _add(self, tool, row):
        tool, technique = tool if isinstance(tool, tuple) else (tool, "")
        if "median_microseconds" in row:
            key = (tool, row["degree"], row["operation"], technique)
            self._times.setdefault(key, []).append(row["median_microseconds"])
            self._rows[key] = row

    def _best(self, tool, degree, operation):
        keys = [k for k in self._times if k[:3] == (tool, degree, operation)]
        return min(keys, key=lambda k: min(self._times[k])) if keys else None

    def microseconds(self, tool, degree, operation):
        key = self._best(tool, degree, operation)
        return min(self._times[key]) if key else None

    def row(self, tool, degree, operation):
        key = self._best(tool, degree, operation)
        return self._rows[key] if key else None

    def degrees(self):
        return sorted({degree for _, degree, _, _ in self._times})

    def tools(self):
        known = ["Blindsight", PORTABLE, "SEAL", "OpenFHE BFV", "OpenFHE BGV"]
        return [t for t in known if any(k[0] == t for k in self._times)]

    def spread(self):
        """The median, over all rows, of the highest of the rounds' medians over the lowest."""
        return statistics.median(max(t) / min(t) for t in self._times.values())

    def prediction(self, kind, key="latency_ms"):
        """Of `kind` 1 or 2 (threads), or "portable"."""
        name = f"prediction_{kind}"
        return min((s[name][key] for s in self.raw["rounds"] if name in s), default=None)

    def network(self, key="latency_ms"):
        peers = [s["SEAL"] for s in self.raw["rounds"]]
        return min((p["network"][key] for p in peers if "network" in p), default=None)

    def bandwidth(self, key):
        return max(s["micro"]["bandwidth"][key] for s in self.raw["rounds"])
