#!/usr/bin/env python3
"""Measures what whole processes of the command line cost: user and system time, and the largest memory.

    Scripts/measure-startup.py [--binary .build/release/blindsight] [--model Models/mnist.onnx] [--runs 21]

Makes a plan, keys, a request and a reply in a temporary folder, then runs each command several times on one
thread and prints medians. Files come from the page cache.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def measure(command, runs):
    """Medians over the runs of user, system and elapsed milliseconds, page faults and megabytes."""
    rows = []
    for _ in range(runs):
        start = time.perf_counter()
        with open(os.devnull, "w") as quiet:
            process = subprocess.Popen(command, stdout=quiet, stderr=subprocess.PIPE)
            message = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(" ".join(command) + " failed: " + message.decode())
        scale = 1024 if sys.platform.startswith("linux") else 1
        rows.append(
            (
                (usage.ru_utime + usage.ru_stime) * 1e3,
                usage.ru_utime * 1e3,
                usage.ru_stime * 1e3,
                elapsed * 1e3,
                usage.ru_minflt,
                usage.ru_maxrss * scale / 1e6,
            )
        )
    return [statistics.median(column) for column in zip(*rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / ".build/release/blindsight"))
    parser.add_argument("--model", default=str(ROOT / "Models/mnist.onnx"))
    parser.add_argument("--input", default=str(ROOT / "Samples/digits-images-idx3-ubyte"))
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--only", nargs="*", help="names of the commands to measure")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name) for name in ("plan", "keys", "request", "reply")}
        server = os.path.join(paths["plan"], "server.plan")
        client = os.path.join(paths["plan"], "client.plan")
        secret = os.path.join(paths["keys"], "secret.key")
        evaluation = os.path.join(paths["keys"], "evaluation.key")
        commands = {
            "plan": ["plan", arguments.model, "-o", paths["plan"]],
            "keygen": ["keygen", "--plan", client, "-o", paths["keys"], "--force"],
            "encrypt": ["encrypt", "--plan", client, "--key", secret, "--input", arguments.input]
            + ["--index", "0", "-o", paths["request"]],
            "predict": ["predict", "--plan", server, "--evaluation-key", evaluation]
            + [paths["request"], "-o", paths["reply"], "--threads", "1"],
            "decrypt": ["decrypt", "--plan", client, "--key", secret, "--request", paths["request"]]
            + [paths["reply"]],
            "inspect": ["inspect", client],
        }
        commands = {name: [arguments.binary] + rest for name, rest in commands.items()}
        for command in commands.values():
            measure(command, 1)
        print("command    CPU ms  user  system  elapsed  faults  MB")
        for name, command in commands.items():
            if arguments.only and name not in arguments.only:
                continue
            runs = 5 if name == "plan" else arguments.runs
            total, user, system, elapsed, faults, size = measure(command, min(runs, arguments.runs))
            print(
                f"{name:9}  {total:6.1f}  {user:5.1f}  {system:5.1f}  {elapsed:7.1f}  {faults:6.0f}  {size:5.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
