"""What the peers' scripts share: one core, medians, one JSON form."""

import argparse
import json
import os
import platform
import statistics
import sys
import time

# Before any library with threads is loaded.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

PLAINTEXT_MODULUS = 65537

# As `micro` has them: bits of the ciphertext moduli, then of the special one.
MODULUS_BITS = {
    4096: [35, 35, 36],
    8192: [42, 42, 42, 42, 46],
    16384: [42, 42, 42, 42, 46],
}


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each operation, about")
    parser.add_argument("--degrees", default="4096,8192,16384", help="separated by commas")
    parser.add_argument("--cpu", type=int, help="the core to stay on")
    options = parser.parse_args()
    options.degrees = [int(n) for n in options.degrees.split(",")]
    if options.cpu is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.cpu})
    return options


def median(operation, seconds, calls_at_least=5):
    """Median seconds of a call after a warm-up, and the number of timings."""
    operation()
    times = []
    start = time.perf_counter()
    while len(times) < calls_at_least or (
        time.perf_counter() - start < seconds and len(times) < 5000
    ):
        before = time.perf_counter()
        operation()
        times.append(time.perf_counter() - before)
    return statistics.median(times), len(times)


class Rows:
    """Measured rows in the form of `micro --json`."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.rows = []

    def add(self, name, operation, setting, note="", per=1):
        """Measures; an operation that the library refuses becomes a row without a time."""
        row = {"operation": name, "note": note, **setting}
        try:
            time_of_call, samples = median(operation, self.seconds)
            row["median_microseconds"] = time_of_call * 1e6 / per
            row["samples"] = samples
        except Exception as error:  # The binding's own types differ by library.
            lines = str(error).strip().splitlines() or [type(error).__name__]
            row["note"] = "refused: " + lines[-1][-160:]
        self.rows.append(row)


def report(tool, version, rows, **more):
    json.dump(
        {
            "tool": tool,
            "available": True,
            "version": version,
            "python": platform.python_version(),
            "rows": rows,
            **more,
        },
        sys.stdout,
        indent=1,
    )
    print()


def absent(tool, reason):
    """Says in words why there is nothing to compare with."""
    json.dump({"tool": tool, "available": False, "reason": reason, "rows": []}, sys.stdout)
    print()
    sys.exit(0)
