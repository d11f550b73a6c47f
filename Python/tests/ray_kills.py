# SPDX-License-Identifier: Apache-2.0
"""Kills workers, machines and drivers of a cluster at random moments inside groups, and looks at what comes out.

The cluster is Ray's own for tests: a head and three machines on loopback, each with its store and its scheduler. Every
round predicts the same request files into a new folder, loses one process on the way, and must end with every group
answered once and every integer equal to the plan's simulation.

    python ray_kills.py [ROUNDS] [--seed SEED]         by `make check-ray`
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Optional

os.environ["RAY_DISABLE_METRICS_COLLECTION"] = "1"
SOURCE = Path(__file__).resolve().parents[1] / "src"
sys.path.insert(0, str(SOURCE))

import numpy as np  # noqa: E402

import blindsight as bs  # noqa: E402
from blindsight import _groups as groups  # noqa: E402

MODEL = SOURCE.parents[1] / "Models" / "mnist.onnx"
KINDS = ("worker", "machine", "driver")
# Whole groups in each file, and samples of a last one.
FILES = {"a.ct": (3, 100), "b.ct": (2, 1), "c.ct": (1, 0), "d.ct": (0, 900), "e.ct": (0, 1)}
PATIENCE = 300


def drive(address: str, folder: Path, replies: Path) -> None:
    """The driver: a process of its own, so that it can be killed."""
    import ray

    from blindsight.ray import predict

    ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="error")
    report = predict(
        folder / "requests", folder / "plan", folder / "evaluation.key", replies, groups_per_task=1, workers=3
    )
    print(json.dumps({"groups": report.groups, "resumed": report.resumed}), flush=True)


class Trial:
    """Requests, the client that made them, and what must come out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = bs.compile(MODEL, method="features", samples=1024, function_privacy=0)
        self.client = bs.Client(self.plan.client)
        self.plan.save(folder / "plan")
        self.client.evaluation_keys.save(folder / "evaluation.key")
        (folder / "requests").mkdir()
        generator = np.random.default_rng(1)
        self.expected: dict[str, Any] = {}
        self.heads: dict[str, list[groups.GroupHead]] = {}
        for name, (whole, rest) in FILES.items():
            images = generator.integers(
                0, 256, (whole * self.plan.client.samples_per_group + rest, 28, 28), dtype=np.uint8
            )
            self.expected[name] = self.plan.simulate(images).logits
            request = self.client.encrypt(images)
            request.save(folder / "requests" / name)
            self.heads[name] = self._heads(request.data, groups.REQUEST)

    def _heads(self, data: memoryview, kind: int) -> list[groups.GroupHead]:
        digest = self.plan.client.digest
        return groups.read_heads(lambda at, count: data[at : at + count], len(data), kind, digest, "file")

    @property
    def groups(self) -> int:
        return sum(len(heads) for heads in self.heads.values())

    def check(self, replies: Path) -> int:
        """Decrypts every group. Gives the number of samples; fails where one is wrong, missing or there twice."""
        found = sorted(str(path.relative_to(replies)) for path in replies.rglob("*"))
        assert found == [".server.json", *sorted(FILES)], f"files {found}"
        answered: Counter[bytes] = Counter()
        samples = 0
        for name, heads in self.heads.items():
            data = (replies / name).read_bytes()
            answered.update(head.answers for head in self._heads(memoryview(data), groups.REPLY))
            # A reply that is too long, too short or to another request is refused here.
            logits = self.client.decrypt(data, bs.Request.load(self.folder / "requests" / name)).logits
            assert np.array_equal(logits, self.expected[name]), f"{name}: wrong integers"
            samples += len(logits)
            assert all(answered[head.digest] == 1 for head in heads), f"{name}: a group twice"
        assert len(answered) == self.groups and sum(answered.values()) == self.groups
        return samples


class Machines:
    """Three of them, and a head that works on nothing."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        # A dead machine is noticed after some seconds, as usual after half a minute.
        config = {"health_check_period_ms": 1000, "health_check_failure_threshold": 4}
        head = {"num_cpus": 0, "include_dashboard": False, "_system_config": config, "object_store_memory": 100 << 20}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self._add() for _ in range(3)]

    def _add(self) -> Any:
        return self.cluster.add_node(num_cpus=1, object_store_memory=100 << 20)

    def busy(self) -> list[tuple[Any, int]]:
        """Machines with workers that are inside a group, and the workers' processes."""
        found = []
        raylets = {node.all_processes["raylet"][0].process.pid: node for node in self.nodes}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                title = (entry / "cmdline").read_bytes().decode(errors="replace")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            # Ray names a process after what it runs; an actor that waits has no method behind its name.
            if parent in raylets and title.startswith("ray::MapWorker") and ".submit" in title:
                found.append((raylets[parent], int(entry.name)))
        return found

    def lose(self, node: Any) -> None:
        self.nodes.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)

    def replace_lost(self) -> None:
        while len(self.nodes) < 3:
            self.nodes.append(self._add())


def start(machines: Machines, folder: Path, replies: Path) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--drive", machines.cluster.address, str(folder), str(replies)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with open(folder / "driver.log", "a") as log:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)


def done(replies: Path) -> int:
    """Files of replies and of parts that are there."""
    return sum(path.is_file() and not path.name.startswith(".") for path in replies.rglob("*"))


def play(trial: Trial, machines: Machines, kind: str, replies: Path, chance: random.Random) -> Optional[str]:
    """One round. Gives a line on it; None where the driver was at its end before anything could be killed."""
    # Within a group, which takes about a second, somewhere in the run.
    delay = chance.uniform(0, 4)
    driver = start(machines, trial.folder, replies)
    begun = None
    while True:
        if driver.poll() is not None:
            return None
        busy = machines.busy()
        if busy and begun is None:
            begun = time.monotonic()
        if busy and begun is not None and time.monotonic() - begun >= delay:
            break
        time.sleep(0.02)
    node, process = chance.choice(busy)
    before = done(replies)
    if kind == "worker":
        os.kill(process, signal.SIGKILL)
    elif kind == "machine":
        machines.lose(node)
    else:
        driver.kill()
        driver.wait()
        driver = start(machines, trial.folder, replies)
    text, _ = driver.communicate(timeout=PATIENCE)
    if driver.returncode != 0:
        raise AssertionError(f"the driver failed: {(trial.folder / 'driver.log').read_text()[-3000:]}")
    # Ray says things of its own around it.
    report = json.loads(next(line for line in text.splitlines() if line.startswith('{"groups"')))
    assert report["groups"] == trial.groups, report
    return f"{delay:.1f} s into the groups, {before} files were there; resumed {report['resumed']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--drive", nargs=3, metavar=("ADDRESS", "FOLDER", "REPLIES"))
    options = parser.parse_args()
    if options.drive:
        return drive(options.drive[0], Path(options.drive[1]), Path(options.drive[2]))
    os.environ["PYTHONPATH"] = str(SOURCE)
    chance = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    kills: Counter[str] = Counter()
    samples = 0
    with tempfile.TemporaryDirectory(prefix="kills") as name:
        folder = Path(name)
        trial = Trial(folder)
        machines = Machines()
        begun = time.monotonic()
        try:
            while sum(kills.values()) < options.rounds:
                kind = KINDS[sum(kills.values()) % len(KINDS)]
                replies = folder / "replies"
                line = play(trial, machines, kind, replies, chance)
                found = trial.check(replies)
                shutil.rmtree(replies)
                if line is not None:
                    samples += found
                    kills[kind] += 1
                    print(f"{sum(kills.values()):3} {kind:8} {line}: {trial.groups} groups right, once", flush=True)
                machines.replace_lost()
        finally:
            machines.cluster.shutdown()
        print(
            f"ray_kills: {', '.join(f'{count} {kind}s' for kind, count in kills.items())} killed inside groups; "
            f"{sum(kills.values()) * trial.groups} groups, {samples} samples: none wrong, none twice, none lost; "
            f"{time.monotonic() - begun:.0f} s"
        )


if __name__ == "__main__":
    main()
