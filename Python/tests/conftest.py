# SPDX-License-Identifier: Apache-2.0
"""Models that the tests share: made of numpy and onnx-free bytes where that can be, so that few packages are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import blindsight as bs

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "Models"


@pytest.fixture(scope="session")
def breast() -> tuple[Any, Any]:
    """What Models/logistic.onnx takes: 569 samples of 30 measurements in the units of their data set."""
    datasets = pytest.importorskip("sklearn.datasets")
    samples, labels = datasets.load_breast_cancer(return_X_y=True)
    return samples.astype(np.float32), labels


@pytest.fixture(scope="session")
def digits() -> tuple[Any, Any]:
    """Images of the samples, [n, 28, 28], and their labels."""
    images = np.frombuffer((ROOT / "Samples/digits-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    labels = np.frombuffer((ROOT / "Samples/digits-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
    return images.reshape(-1, 28, 28), labels


@pytest.fixture(scope="session")
def logistic(breast: tuple[Any, Any]) -> bs.Plan:
    return bs.compile(MODELS / "logistic.onnx", breast[0][:300], breast[1][:300])


@pytest.fixture(scope="session")
def mnist() -> bs.Plan:
    return bs.compile(MODELS / "mnist.onnx", method="slots", function_privacy=0)


class Pair:
    """Client and server of one plan."""

    def __init__(self, plan: bs.Plan) -> None:
        self.plan = plan
        self.client = bs.Client(plan.client)
        self.model = bs.PreparedModel(plan)
        self.server = self.model.server(self.client.evaluation_keys)

    def run(self, samples: Any) -> bs.Predictions:
        return self.client.decrypt(self.server.predict(self.client.encrypt(samples)))


@pytest.fixture(scope="session")
def pair(logistic: bs.Plan) -> Pair:
    return Pair(logistic)


@pytest.fixture(scope="session")
def mnist_pair(mnist: bs.Plan) -> Pair:
    return Pair(mnist)
