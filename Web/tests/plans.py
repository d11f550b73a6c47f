# SPDX-License-Identifier: Apache-2.0
"""Plans of several forms for the library's tests, with samples and what the engine gives for them in the clear.

Usage: plans.py OUTPUT
Writes OUTPUT/NAME/{server.plan,client.plan,samples.npy,samples.json}. What is there already stays.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import blindsight
import numpy as np
import onnx
from onnx import TensorProto, helper

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
    "logistic": {"shape": (30,)},  # the client's end: a label, sigmoid
    "sigmoid-mlp": {"shape": (30,)},
    "svm": {"shape": (13,)},
}
JOBS = ("cook", "driver", "nurse", "pilot")


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


def people(path: Path) -> None:
    """A model of a table, whose client fills in what is missing and encodes texts."""
    numbers = np.random.default_rng(3)
    weights = [float(x) for x in numbers.normal(size=15)]
    own = {"domain": "ai.onnx.ml"}
    nodes = [
        helper.make_node("Concat", ["age", "hours"], ["raw"], axis=1),
        helper.make_node(
            "Imputer",
            ["raw"],
            ["numbers"],
            imputed_value_floats=[40.0, 38.0],
            replaced_value_float=float("nan"),
            **own,
        ),
        helper.make_node("Scaler", ["numbers"], ["scaled"], offset=[40.0, 38.0], scale=[0.05, 0.07], **own),
        helper.make_node("OneHotEncoder", ["job"], ["hot3"], cats_strings=JOBS[:3], zeros=1, **own),
        helper.make_node("Reshape", ["hot3", "shape"], ["hot"]),
        helper.make_node("Concat", ["scaled", "hot"], ["all"], axis=1),
        helper.make_node(
            "LinearClassifier",
            ["all"],
            ["label", "scores"],
            coefficients=weights,
            intercepts=[0.1, -0.2, 0.3],
            classlabels_strings=["low", "middle", "high"],
            post_transform="SOFTMAX",
            multi_class=0,
            **own,
        ),
    ]

    def value(name: str, kind: int, *sizes: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, [None, *sizes])

    graph = helper.make_graph(
        nodes,
        "people",
        [
            value("age", TensorProto.FLOAT, 1),
            value("hours", TensorProto.FLOAT, 1),
            value("job", TensorProto.STRING, 1),
        ],
        [value("label", TensorProto.STRING), value("scores", TensorProto.FLOAT, 3)],
        [helper.make_tensor("shape", TensorProto.INT64, [2], [-1, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    model.ir_version = 8
    onnx.save(model, path)


def rows(path: Path, count: int, seed: int) -> None:
    numbers = np.random.default_rng(seed)
    lines = ["age,hours,job"]
    for index in range(count):
        age = "" if index % 7 == 3 else f"{numbers.uniform(20, 70):.1f}"
        lines.append(f"{age},{numbers.integers(10, 60)},{JOBS[numbers.integers(0, 4)]}")
    path.write_text("\n".join(lines) + "\n")


def make_people(folder: Path) -> None:
    folder.mkdir(parents=True)
    people(folder / "model.onnx")
    rows(folder / "calibration.csv", 300, 1)
    rows(folder / "samples.csv", SAMPLES, 2)
    command = ["plan", str(folder / "model.onnx"), "--method", "slots", "-o", str(folder)]
    command += ["--calibration", str(folder / "calibration.csv"), "--function-privacy", "0"]
    subprocess.run([sys.executable, "-m", "blindsight", *command], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    output = Path(sys.argv[1])
    for name, options in PLANS.items():
        if not (output / name / "samples.json").exists():
            make(output / name, name, **options)
    if not (output / "people/client.plan").exists():
        make_people(output / "people")


if __name__ == "__main__":
    main()
