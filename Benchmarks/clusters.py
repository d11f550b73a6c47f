"""What predictions on a cluster cost: measured on this machine, then by counts on larger ones.

    python3 Benchmarks/clusters.py                # all of it, minutes; needs ray[data]
    python3 Benchmarks/clusters.py --only groups  # seconds of one core and bytes of a group, for some plans
    python3 Benchmarks/clusters.py --only growth  # one worker, then two; their memory; tasks a second of a driver
    python3 Benchmarks/clusters.py --only model   # from counts alone: a million predictions, and 10 to 1,000 machines

A group's seconds are CPU time of one thread, so other work on the machine changes them little. Growth is wall time.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["RAY_DISABLE_METRICS_COLLECTION"] = "1"
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Python/src"))
os.environ["PYTHONPATH"] = str(ROOT / "Python/src")

import numpy as np

import blindsight as bs

RESULTS = ROOT / "Benchmarks/results/clusters.json"
PLANS = [
    ("logistic regression, 30 features", "logistic.onnx", 0),
    ("logistic regression, 30 features", "logistic.onnx", 40),
    ("CryptoNets' topology, 28 x 28", "cryptonets.onnx", 0),
    ("CryptoNets' topology, 28 x 28", "cryptonets.onnx", 40),
    ("`mnist.onnx`, 28 x 28", "mnist.onnx", 0),
    ("`mnist.onnx`, 28 x 28", "mnist.onnx", 40),
]
# Of AMD's Zen 4, a whole core for each virtual one.
MACHINES = [("c7a.large, 2 cores", 2), ("c7a.2xlarge, 8", 8), ("c7a.8xlarge, 32", 32), ("c7a.24xlarge, 96", 96)]


def compiled(model, privacy):
    calibration = None
    if model == "logistic.onnx":
        from sklearn.datasets import load_breast_cancer

        calibration = load_breast_cancer(return_X_y=True)[0][:300].astype(np.float32)
    return bs.compile(
        ROOT / "Models" / model, calibration, method="features", samples=8192, function_privacy=privacy), calibration


def samples_of(plan, calibration, count):
    if calibration is not None:
        return np.resize(calibration, (count, calibration.shape[1]))
    return np.random.default_rng(1).integers(0, 256, (count, *plan.client.shape), dtype=np.uint8)


def measure_groups():
    found = []
    for name, model, privacy in PLANS:
        plan, calibration = compiled(model, privacy)
        client = bs.Client(plan, threads=1)
        samples = samples_of(plan, calibration, plan.client.samples_per_group)
        request = client.encrypt(samples)
        begun = time.process_time()
        server = bs.PreparedModel(plan, threads=1).server(client.evaluation_keys, threads=1)
        ready = time.process_time() - begun
        times = []
        for _ in range(5):
            begun = time.process_time()
            reply = server.predict(request)
            times.append(time.process_time() - begun)
        assert np.array_equal(client.decrypt(reply).logits, plan.simulate(samples).logits)
        whole, part = measure_files(plan, client, request)
        found.append({
            "name": name, "privacy": privacy, "whole": whole, "part": part, "samples": plan.client.samples_per_group, "seconds": min(times),
            "ready": ready, "up": len(request), "down": len(reply), "keys": len(client.evaluation_keys),
            "memory": plan.report["server_memory_bytes"]})
        print(json.dumps(found[-1]), flush=True)
    return found


class Watch(threading.Thread):
    """The most memory that any worker had, by /proc."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most = 0

    def run(self):
        while True:
            for entry in Path("/proc").glob("[0-9]*"):
                try:
                    if (entry / "cmdline").read_bytes().startswith(b"ray::MapWorker"):
                        lines = (entry / "status").read_text().splitlines()
                        self.most = max(self.most, *(
                            int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")))
                except OSError:
                    continue
            time.sleep(0.2)


def measure_files(plan, client, request):
    """Seconds of one core to make a file of a file: of a group that is all of it, and of one out of several."""
    import pyarrow.fs

    from blindsight import _groups
    from blindsight.ray import _predict

    found = []
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "request.ct").write_bytes(request.data)
        here = pyarrow.fs.LocalFileSystem()
        settings = _predict._Settings(here, here, name, plan.client.digest, 1)
        worker = _predict._Worker(settings, 1, bytes(plan), client.evaluation_keys, None)
        head = _groups.GroupHead.read(request.data, _groups.REQUEST, "request")
        # The second is the same group as the fourth of ten.
        for heads in ([head], [_groups.GroupHead(head.placed(3, 10))]):
            if heads[0] != head:
                group = bytearray(request.data)
                _groups._place(memoryview(group), heads[0].data)
                (Path(name) / "request.ct").write_bytes(group)
            unit = {"request": f"{name}/request.ct", "target": f"{name}/reply.ct", "offset": 0, "end": len(request),
                    "heads": heads[0].data}
            times = []
            for _ in range(5):
                Path(unit["target"]).unlink(missing_ok=True)
                begun = time.process_time()
                worker.work(unit)
                times.append(time.process_time() - begun)
            found.append(min(times))
    return found


def measure_growth():
    import ray

    from blindsight.ray import predict
    from blindsight.ray._run import Worker, run

    class Nothing(Worker):
        """What is left is Ray."""

        def __init__(self, attempts):
            self.attempts = attempts

        def work(self, unit):
            return {"done": False}

    found = {"growth": []}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200 << 20)
    plan, _ = compiled("cryptonets.onnx", 0)
    client = bs.Client(plan)
    watch = Watch()
    watch.start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "requests").mkdir()
        count = plan.client.samples_per_group
        for index in range(24):
            client.encrypt(samples_of(plan, None, count)).save(folder / "requests" / f"{index:02}.ct")
        client.encrypt(samples_of(plan, None, 24 * count)).save(folder / "whole.ct")
        for source, what in (("requests", "24 files of a group"), ("whole.ct", "a file of 24 groups")):
            for workers in (1, 2, 1, 2):
                stamps = []
                report = predict(
                    folder / source, plan, client.evaluation_keys, folder / f"replies{time.time()}", workers=workers,
                    groups_per_task=1, progress=lambda *_: stamps.append(time.monotonic()))
                assert report.groups == 24
                # From the first workers' last start on: the first groups of each are left out.
                steady = (24 - 2 * workers) / (stamps[-1] - stamps[2 * workers])
                found["growth"].append({
                    "what": what, "workers": workers, "first": stamps[1] - stamps[0],
                    "groups_a_second": steady, "seconds": stamps[-1] - stamps[0]})
                print(json.dumps(found["growth"][-1]), flush=True)
    found["memory"] = watch.most
    print(f"a worker takes {amount(watch.most)} at most", flush=True)
    units = [{"index": index} for index in range(3000)]
    stamps = [time.monotonic() for _ in run(units, Nothing, {}, workers=2, cpus=1)]
    found["rate"] = 2000 / (stamps[-1] - stamps[999])
    print(f"a driver hands out {found['rate']:.0f} tasks a second", flush=True)
    ray.shutdown()
    return found


def amount(count):
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"


def duration(seconds):
    if seconds < 100:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 6000 else f"{seconds / 3600:.3g} h"


def print_million(groups):
    """A million predictions. A core works on one group at a time; starting isn't in it."""
    print("| model | function privacy | a group: predicted, file to file, of a larger file | groups | core seconds |"
          " up, down | a core reads |", end="")
    print("".join(f" {name} |" for name, _ in MACHINES))
    print("|---|---|---|---|---|---|---|" + "---|" * len(MACHINES))
    for row in groups:
        count = math.ceil(1e6 / row["samples"])
        cells = [duration(math.ceil(count / cores) * row["whole"]) for _, cores in MACHINES]
        each = ", ".join(duration(row[key]) for key in ("seconds", "whole", "part"))
        print(f"| {row['name']} | {row['privacy']} | {each} | {count} | {count * row['whole']:.3g} |"
              f" {amount(count * row['up'])}, {amount(count * row['down'])} | {amount(row['up'] / row['whole'])}/s |"
              f" {' | '.join(cells)} |")


# Assumptions of the model, for machines that aren't there.
CORES = 32
NETWORK = 3.125e9  # bytes a second of a machine's network: 25 Gbit/s
STORAGE = 100e9  # bytes a second that the storage gives to all machines together
START = 10  # seconds until the first worker is there


def forecast(row, rate, samples, nodes, each):
    """Seconds, and what they are bound by. each: groups a task."""
    groups = math.ceil(samples / row["samples"])
    tasks = math.ceil(groups / each)
    sent = groups * (row["up"] + row["down"])
    start = START + row["ready"] + row["keys"] / NETWORK * (1 + math.log2(nodes))
    bounds = {
        "cores": math.ceil(tasks / (nodes * CORES)) * each * row["whole"],
        "network": sent / (nodes * NETWORK),
        "storage": sent / STORAGE,
        "driver": tasks / rate,
    }
    bound = max(bounds, key=bounds.get)
    return start + bounds[bound], bound


def print_model(groups, rate):
    print(f"\nA driver hands out {rate:.0f} tasks a second; a billion predictions, machines of {CORES} cores:\n")
    print("| model | function privacy | groups a task | 1 | 10 | 100 | 1,000 machines |")
    print("|---|---|---|---|---|---|---|")
    for row in groups:
        for each in (1, max(4, (16 << 20) // row["up"])):
            cells = []
            for nodes in (1, 10, 100, 1000):
                seconds, bound = forecast(row, rate, 1e9, nodes, each)
                cells.append(f"{duration(seconds)} ({bound})")
            print(f"| {row['name']} | {row['privacy']} | {each} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["groups", "growth", "model"])
    options = parser.parse_args()
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if options.only in (None, "groups"):
        found["groups"] = measure_groups()
    if options.only in (None, "growth"):
        found.update(measure_growth())
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1))
    if "groups" in found:
        print_million(found["groups"])
        if "rate" in found:
            print_model(found["groups"], found["rate"])


if __name__ == "__main__":
    main()
