#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether the submissions work: their steps as the harnesses call them, on made-up inputs in the harnesses' formats,
and the refusals of the adapter. Needs no harness, no network and nothing but Python. `make build` must have been run.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Union

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
IMAGE = 28 * 28


class Failure(Exception):
    """What should not be."""


def build(workload: str, *arguments: str) -> None:
    """A folder as the harness has it, with our scripts and submission, in the current folder."""
    for folder in ["scripts", "submission"]:
        subprocess.run(["cp", "-R", str(HERE / workload / folder), folder], check=True)
    environment = dict(os.environ, BLINDSIGHT_ROOT=str(ROOT))
    subprocess.run(["scripts/build_task.sh", *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


def digits() -> tuple[list[bytes], list[int]]:
    """Images and labels of Samples."""
    images = (ROOT / "Samples" / "digits-images-idx3-ubyte").read_bytes()[16:]
    labels = (ROOT / "Samples" / "digits-labels-idx1-ubyte").read_bytes()[8:]
    return [images[i : i + IMAGE] for i in range(0, len(images), IMAGE)], list(labels)


def inference() -> None:
    """ml-inference: a batch as large as the instance says isn't needed; the steps take what there is."""
    build("ml-inference", "./submission")
    images, labels = digits()
    for number, size, count in [(0, "single", 1), (1, "small", len(images))]:
        data = Path("datasets") / size / "intermediate"
        data.mkdir(parents=True)
        lines = [" ".join(f"{grey / 255:.6f}" for grey in image) + "\n" for image in images[:count]]
        (data / "test_pixels.txt").write_text("".join(lines))
        for step in ["client_key_generation", "client_preprocess_input", "client_encode_encrypt_input",
                     "server_encrypted_compute", "client_decrypt_decode", "client_postprocess"]:  # fmt: skip
            subprocess.run([f"submission/build/{step}", str(number)], check=True)
        found = (Path("io") / size / "encrypted_model_predictions.txt").read_text().split()
        if found != [str(label) for label in labels[:count]]:
            raise Failure(f"ml-inference, {size}: labels {found}, not {labels[:count]}")


def multiplication() -> None:
    """Zn-multiplication: the ends of the range and random numbers."""
    build("Zn-multiplication")
    generator = random.Random(1)
    ends = [0, 1, 2**16 - 1, 2**15, 2**32, 2**63 - 1, 2**63, 2**64 - 1]
    left = [a for a in ends for _ in ends] + [generator.randrange(2**64) for _ in range(936)]
    right = [b for _ in ends for b in ends] + [generator.randrange(2**64) for _ in range(936)]
    left[0], right[0] = generator.randrange(2**64), generator.randrange(2**64)
    for size, count in [("single", 1), ("small", 1000), ("medium", 1000)]:
        data = Path("datasets") / size
        data.mkdir(parents=True)
        for name, numbers in [("lhs", left), ("rhs", right)]:
            (data / f"{name}.txt").write_text("".join(f"{number}\n" for number in numbers[:count]))
        pairs = str({"single": 1, "small": 1000, "medium": 100000}[size])
        for step, *arguments in [
            ("client_preprocess_input", pairs), ("client_key_generation", size),
            ("client_encode_encrypt_input", size), ("server_encrypted_compute", size, pairs),
            ("client_decrypt_decode", size, pairs), ("client_postprocess", size, pairs),
        ]:  # fmt: skip
            subprocess.run([f"submission/target/release/{step}", *arguments], check=True)
        found = [int(line) for line in (Path("io") / size / "cleartext_output" / "out.txt").read_text().split()]
        expected = [a * b % 2**64 for a, b in zip(left[:count], right[:count])]
        if found != expected:
            wrong = sum(a != b for a, b in zip(found, expected))
            raise Failure(f"Zn-multiplication, {size}: {wrong} of {count} products are wrong")


def refusals(adapter: str) -> None:
    """Files that mean nothing are refused, with the reason."""
    row = " ".join(["0.000000"] * IMAGE)
    table = "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 4), }".ljust(117) + "\n"
    head = b"\x93NUMPY\x01\x00\x76\x00"
    cases: list[tuple[str, list[Union[str, bytes]], str]] = [
        ("pixels", [row + " 0.000000\n"], "785 values; there must be 784"),
        ("pixels", [row + "\n" + row.replace("0.000000", "0.500000", 1) + "\n"], "line 2: 0.500000 is not g / 255"),
        ("pixels", [row.replace("0.000000", "1.003922", 1) + "\n"], "1.003922 is not g / 255"),
        ("pixels", [row.replace("0.000000", "-0.003922", 1) + "\n"], "-0.003922 is not g / 255"),
        ("pixels", ["\n"], "holds no image"),
        ("labels", ["sample,value\n0,1\n"], "no column named label"),
        ("labels", ["sample,label\n0,7\n1,\n"], "line 3: has no label"),
        ("labels", ["sample,label\n"], "has no rows"),
        ("digits", ["1\n18446744073709551616\n", "1\n2\n"], "line 2: 18446744073709551616 is not a whole number"),
        ("digits", ["1\n2\n", "1\n"], "has fewer numbers"),
        ("digits", ["1\n", "1\n2\n"], "has more numbers"),
        ("digits", ["1 2\n", "1\n"], "line 1: more than one number"),
        ("digits", ["-1\n", "1\n"], "-1 is not a whole number"),
        ("products", [b"no matrix at all"], "no NPY file"),
        ("products", [head + table.encode() + bytes(63)], "holds no rows of 4 numbers"),
        ("products", [head + table.replace("<i8", "<u8").encode() + bytes(64)], "is no matrix of 2 rows"),
    ]
    for mode, inputs, words in cases:
        names = []
        for index, content in enumerate(inputs):
            names.append(f"input-{index}")
            Path(names[-1]).write_bytes(content if isinstance(content, bytes) else content.encode())
        result = subprocess.run([adapter, mode, *names, "output"], capture_output=True, text=True, check=False)
        if result.returncode == 0 or words not in result.stderr:
            raise Failure(f"official-adapter {mode}: '{words}' was expected, not: {result.stderr.strip() or 'success'}")


def main() -> int:
    try:
        for check in [inference, multiplication]:
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                check()
                if check is multiplication:
                    refusals("submission/target/release/official-adapter")
                os.chdir("/")
    except (Failure, subprocess.CalledProcessError) as error:
        print(f"selftest: {error}", file=sys.stderr)
        return 1
    print("selftest: the submissions to ml-inference and Zn-multiplication work, and the adapter refuses what it must")
    return 0


if __name__ == "__main__":
    sys.exit(main())
