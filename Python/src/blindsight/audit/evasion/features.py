# SPDX-License-Identifier: Apache-2.0
"""Feature addition on a table, as with malware: what a program has it needs, but more can be added."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import torch

from ..finding import Finding
from ..models import Data, trainable
from ..plots import line
from ..registry import described
from .common import REMEDY, Evasion, right_samples, twin_of
from .table import TABLE


def programs(seed: int, count: int = 4000, features: int = 300) -> Data:
    """A made-up table in the manner of DREBIN: sparse yes-or-no features of programs; class 1 is malware.

    Programs draw features by the popularity of each in one of eight families, four of them malware.
    """
    random = np.random.default_rng(seed)
    popularity = random.beta(0.25, 4.0, (8, features))
    family = random.integers(0, 8, count)
    x = (random.random((count, features)) < popularity[family]).astype(np.float32)
    y = (family >= 4).astype(np.int64)
    half = count // 2
    return Data("programs", x[:half], y[:half], x[half:], y[half:], 0.0, 1.0, 2, None)


@described("evasion", TABLE, "feature-addition", subject=None)
class FeatureAddition(Evasion):
    """The row trains and serves a network, then adds the features by which malware's score falls most."""

    most = 20

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        return None

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        data = programs(seed)
        _, served = trainable(data, (32,), epochs=15).fit(data.train_x, data.train_y, seed)
        twin = twin_of(served, data)
        keep = data.test_y == 1
        malware = Data("malware", data.train_x, data.train_y, data.test_x[keep], data.test_y[keep], 0.0, 1.0, 2)
        x, y = right_samples(served, malware, self.count)
        moved = torch.as_tensor(x, dtype=torch.float64)
        shares = []
        for _ in range(self.most):
            point = moved.clone().requires_grad_(True)
            scores = twin(point)
            gain = torch.autograd.grad((scores[:, 0] - scores[:, 1]).sum(), point)[0]
            with torch.no_grad():
                open_ = scores.argmax(dim=1) == 1
            shares.append(float(1 - open_.double().mean()))
            chosen = torch.where(moved < 0.5, gain, -torch.inf).argmax(dim=1)
            moved[torch.arange(len(moved))[open_], chosen[open_]] = 1.0
        attacked = moved.numpy().astype(np.float32)
        if (attacked < x).any():
            raise AssertionError("a feature was taken off")
        details = {"accuracy": served.accuracy(data.test_x, data.test_y), "data": "made up, in the manner of DREBIN"}
        plot = line("features added", {"": (list(range(len(shares))), shares)}, "features", "share that passes")
        finding = self.outcome(served, malware, x, y, attacked, details, [plot], remedy=REMEDY)
        object.__setattr__(finding, "queries", served.queries)
        return finding
