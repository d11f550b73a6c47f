#!/usr/bin/env python3
"""Measures trees here beside Concrete ML and HElayers: XGBoost on breast cancer, 64 bins (6 bits), one core.

    Benchmarks/trees.py [--sizes 10x3,50x3,50x4,100x6] [--limit SECONDS] [--samples 2] [--cpu N] [--publish]

Each peer has an environment of its own under .build/trees, made by the first run (Concrete ML's takes 6 GB), and each
of its measurements a process of its own, ended after --limit seconds. A peer that can't be installed, or that gives no
result in time, is said so. Writes results/trees.md; --publish writes docs/Benchmarks.md's section too. Standard library
only, with `blindsight` built.

All times are processor time of one core, so that other programs on the machine lengthen them little.
"""

import argparse
import datetime
import json
import resource
import subprocess
import sys
import textwrap
import time

from reporting import collect, machine
from reporting.environments import HOME, environment

SIZES = "10x3,50x3,50x4,100x6"
MODELS = ["scikit-learn==1.9.*", "onnx==1.23.*", "onnxruntime==1.32.*", "skl2onnx==1.20.*", "onnxmltools==1.16.*",
          "xgboost-cpu==3.2.*", "pandas", "protobuf==6.*"]
PEERS = {
    "Concrete ML": ("concrete", ["concrete-ml==1.9.0"], "trees_concrete.py"),
    "HElayers": ("helayers", ["pyhelayers==1.5.5.4"], "trees_helayers.py"),
}
BEGIN, END = "<!-- trees -->", "<!-- end of trees -->"
BATCH, WIDTH = 8192, 120


def pinned(command, cpu, limit=None):
    """Standard output of a process on one core; raises after the limit."""
    command = [*(["taskset", "-c", cpu] if cpu is not None else []), *command]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=limit)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][-200:])
    return done.stdout


def peer(name, size, options):
    """What a peer's script says of one size, or why it says nothing."""
    folder, packages, script = PEERS[name]
    more = [options.samples if name == "Concrete ML" else options.limit / 4]
    try:
        python = environment(folder, packages)
        command = [python, "-W", "ignore", collect.BENCHMARKS / "peers" / script, HOME / "work", size, *more]
        return json.loads(pinned(command, options.cpu, options.limit).strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"reason": f"no result in {options.limit} s"}
    except (RuntimeError, ValueError) as error:
        return {"reason": str(error)}


def timed(command, cpu, rounds=3):
    """Processor time of a command that has one thread, the lowest of a few."""
    times = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        pinned(command, cpu)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def ours(size, told, options, method="slots"):
    """One sample under slots, or a batch under features, from request file to reply file."""
    work, binary = HOME / "work", collect.BLINDSIGHT
    folder = HOME / f"plan-{size}-{told}-{method}"
    samples = ["--samples", BATCH] if method == "features" else []
    making = ["--method", method, *samples, "--trees", told, *(["--bins", 64] if told == "grid" else [])]
    model, private = work / f"{size}.onnx", ["--function-privacy", options.function_privacy]
    subprocess.run(["rm", "-rf", folder], check=True)
    start = time.perf_counter()
    report = json.loads(pinned(
        [binary, "plan", model, "--calibration", work / "train.npy", "-o", folder, "--json", *making, *private],
        options.cpu))
    planning = time.perf_counter() - start
    bench = json.loads(pinned(
        [binary, "bench", "--plan", folder / "server.plan", "--threads", 1, "--repetitions", options.repetitions,
         "--json"], options.cpu))
    keys = folder / "keys"
    pinned([binary, "keygen", "--plan", folder / "client.plan", "-o", keys], options.cpu)
    count, data = (BATCH, "batch.npy") if method == "features" else (171, "test.npy")

    def served(data):
        """Seconds from request file to reply file."""
        request = folder / "request.ct"
        pinned(
            [binary, "encrypt", "--plan", folder / "client.plan", "--key", keys / "secret.key", "--input", work / data,
             "-o", request], options.cpu)
        return timed(
            [binary, "predict", "--plan", folder / "server.plan", "--evaluation-key", keys / "evaluation.key",
             "--threads", 1, request, "-o", folder / "reply.ct"], options.cpu)

    taken = served(data)
    one = (taken - served("one.npy")) / (count - 1) if method == "slots" else None
    verify = json.loads(pinned(
        [binary, "verify", "--plan", folder / "server.plan", "--data", work / "test.npy",
         "--labels", work / "test-labels.npy", "--json"], options.cpu))
    if verify["mismatched_logits"]:
        sys.exit(f"trees.py: {size}: {verify['mismatched_logits']} encrypted scores differ")
    return {
        "bench": bench, "plan": report, "plan_seconds": planning, "file_seconds": taken, "one_seconds": one,
        "count": count, "accuracy": verify["accuracy_encrypted"],
        "agreement": verify["same_decision_as_float"] / verify["samples"],
    }


def duration(seconds):
    for unit, scale in (("us", 1e-6), ("ms", 1e-3), ("s", 1)):
        if seconds < 1000 * scale or unit == "s":
            return f"{seconds / scale:.3g} {unit}"


def size_of(count):
    for unit, scale in (("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count:.3g} B"


HEAD = [
    "| trees x depth | engine | one sample | samples/s, file to file | request | reply | keys | right | as float |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
]


def own_line(size, name, row, is_batch=False):
    bench = row["bench"]
    one = "" if is_batch else duration(row["one_seconds"])
    per = row["count"] if is_batch else 1
    return (f"| {size} | {name} | {one} | {row['count'] / row['file_seconds']:,.0f} "
            f"| {size_of(bench['request_bytes'] / per)} | {size_of(bench['reply_bytes'] / per)} "
            f"| {size_of(bench['evaluation_key_bytes'])} | {row['accuracy']:.1%} | {row['agreement']:.1%} |")


def peer_line(size, name, row):
    if "reason" in row:
        return f"| {size} | {name} | {row['reason']} | | | | | | |"
    count = row.get("batch", 1)
    is_estimate = row.get("is_estimate", False)
    shares = "| | |" if is_estimate else f"| {row['accuracy']:.1%} | {row['agreement']:.1%} |"
    return (f"| {size} | {name}{', its own estimate' if is_estimate else ''} | {duration(row['seconds'])} "
            f"| {count / row['seconds']:.3g} | {size_of(row['request_bytes'])} | {size_of(row['reply_bytes'])} "
            f"| {size_of(row['key_bytes'])} {shares}")


def report(models, rows, options, load):
    intro = (
        f"XGBoost {models['version']} on breast cancer (398 samples to train, 171 to test), `max_bin` 64. One core of "
        f"{machine.processor()}, {datetime.date.today()}, by `{options.command}`. Load averages {load[0]:.1f} before "
        f"and {load[1]:.1f} after: where they are above 1, the machine was shared.")
    lines = [textwrap.fill(intro, WIDTH, break_on_hyphens=False), "", *HEAD]
    for size, row in rows.items():
        for told in ("grid", "thresholds"):
            lines.append(own_line(size, f"Blindsight, {told}", row[told]))
        lines.append(own_line(size, f"Blindsight, grid, {BATCH:,} at once", row["batch"], True))
        lines += [peer_line(size, name, row[name]) for name in PEERS if name in row]
    concrete = [row["Concrete ML"] for row in rows.values() if "samples" in row.get("Concrete ML", {})]
    text = [
        "Times are processor time. Blindsight's scores are exact (0 of 171 samples with a wrong integer), with "
        f"function privacy {options.function_privacy}: replies are masked and re-randomized"
        f"{', and flooded' if options.function_privacy else ', not flooded'}. \"File to file\" is the whole command "
        "`predict`, from its start to the reply in its file, with 171 samples where no other number is said; one "
        "sample is what each further one adds to it. Bytes are of one sample."]
    if concrete:
        unlike = sum(row["encrypted_unlike_quantized"] for row in concrete)
        text.append(
            f"Concrete ML {concrete[0]['version']}: {sum(row['samples'] for row in concrete)} samples in all, through "
            "its client and server, requests and keys serialized. Accuracy and agreement are its quantized model's "
            f"(6 bits) in clear, on 171; {unlike} of its encrypted answers were others. It trains with its own XGBoost "
            "1.6.2, with the same parameters.")
    if any("HElayers" in row for row in rows.values()):
        text.append(
            "HElayers: CKKS, approximate; the client holds the thresholds. Its layout takes 16,384 samples at once and "
            "no fewer, so one sample costs as much as all, and bytes are those of all. Where its compiler estimates "
            f"over a quarter of the limit of {options.limit:.0f} s, nothing was run.")
    return "\n".join([*lines, *("\n" + textwrap.fill(part, WIDTH, break_on_hyphens=False) for part in text)]) + "\n"


def publish(text):
    page = collect.ROOT / "docs" / "Benchmarks.md"
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=SIZES, help="trees x depth, separated by commas")
    parser.add_argument("--limit", type=float, default=900, help="seconds of a peer's process")
    parser.add_argument("--samples", type=int, default=2, help="of Concrete ML, which takes seconds each")
    parser.add_argument("--repetitions", type=int, default=5, help="of the benchmark that tells bytes")
    parser.add_argument("--function-privacy", type=int, default=0, choices=(0, 40))
    parser.add_argument("--cpu", type=int, default=collect.first_core(), help="the core to stay on")
    parser.add_argument("--peers", default=",".join(PEERS), help="which of them, separated by commas")
    parser.add_argument("--resume", action="store_true", help="keep what results/trees.json has")
    parser.add_argument("--publish", action="store_true", help="write docs/Benchmarks.md's section too")
    options = parser.parse_args()
    options.command = " ".join(["Benchmarks/trees.py", *sys.argv[1:]])
    target = collect.BENCHMARKS / "results"
    target.mkdir(parents=True, exist_ok=True)
    saved = target / "trees.json"
    rows = json.loads(saved.read_text()) if options.resume and saved.exists() else {}
    HOME.mkdir(parents=True, exist_ok=True)
    before = machine.load()
    models = json.loads(pinned(
        [environment("models", MODELS), "-W", "ignore", collect.BENCHMARKS / "peers" / "trees_model.py", HOME / "work",
         options.sizes], options.cpu))
    for size in options.sizes.split(","):
        row = rows.setdefault(size, {})
        for key, made in (
            ("grid", lambda: ours(size, "grid", options)), ("thresholds", lambda: ours(size, "thresholds", options)),
            ("batch", lambda: ours(size, "grid", options, "features")),
            *((name, lambda name=name: peer(name, size, options)) for name in options.peers.split(",") if name),
        ):  # fmt: skip
            if key not in row or "reason" in row[key]:
                print(f"{size}: {key}", file=sys.stderr)
                row[key] = made()
                saved.write_text(json.dumps(rows, indent=1))
    text = report(models, {size: rows[size] for size in options.sizes.split(",")}, options, (before, machine.load()))
    (target / "trees.md").write_text(text, encoding="utf-8")
    print(text)
    if options.publish:
        publish(text)


if __name__ == "__main__":
    main()
