# SPDX-License-Identifier: Apache-2.0
"""Plans of several forms for the library's tests, with samples and what the engine gives for them in the clear.

Usage: plans.py OUTPUT
Writes OUTPUT/NAME/{server.plan,client.plan,samples.npy,samples.json}. What is there already stays.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

import blindsight
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = 12
# Of each: index k of its plaintext moduli, their number, ciphertexts of a sample.
PLANS: dict[str, dict[str, Any]] = {
    "mnist": {},  # k = 4
    "mnist-private": {"function_privacy": 40},
    "cryptonets": {},  # four ciphertexts
    "mnist-cnn": {"shape": (1, 28, 28)},  # two plaintext moduli
    "mnist-linear": {"shape": (1, 28, 28)},  # k = 2
    "regression": {"shape": (10,)},  # k = 1; offsets and scales
    "relu-mlp": {"shape": (64,)},  # k = 16
}


def digits() -> np.ndarray[Any, Any]:
    data = (ROOT / "Samples/digits-images-idx3-ubyte").read_bytes()
    _, count, height, width = struct.unpack(">4i", data[:16])
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, 1, height, width).astype(np.float32)


def make(folder: Path, name: str, shape: tuple[int, ...] = (), function_privacy: int = 0) -> None:
    model = ROOT / "Models" / f"{name.replace('-private', '')}.onnx"
    if shape:
        numbers = np.random.default_rng(5)
        calibration = numbers.random((64, *shape), dtype=np.float32)
        # Some of them somewhat outside the range.
        samples = numbers.random((SAMPLES, *shape), dtype=np.float32) * 1.1
        plan = blindsight.compile(
            model,
            method="slots",
            calibration=calibration,
            accept_errors=True,
            function_privacy=function_privacy,
        )
    else:
        samples = digits()[:SAMPLES]
        plan = blindsight.compile(model, method="slots", function_privacy=function_privacy)
    if name == "cryptonets":
        samples = samples[:3]
    plan.save(folder)
    np.save(folder / "samples.npy", samples)
    found = plan.simulate(samples)
    content = {
        "samples": samples.reshape(len(samples), -1).tolist(),
        "logits": [[str(x) for x in row] for row in found.logits.tolist()],
        "values": found.values.tolist(),
    }
    (folder / "samples.json").write_text(json.dumps(content))


def main() -> None:
    output = Path(sys.argv[1])
    for name, options in PLANS.items():
        if not (output / name / "samples.json").exists():
            make(output / name, name, **options)


if __name__ == "__main__":
    main()
