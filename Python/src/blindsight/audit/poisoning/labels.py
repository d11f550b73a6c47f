# SPDX-License-Identifier: Apache-2.0
"""Flipped labels, and sanitization by a sample's neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..finding import Finding
from ..registry import described
from .common import REMEDY, Maker, Poisoning, pair
from .table import TABLE


def flipped(maker: Maker, x: Any, y: Any, share: float, seed: int) -> Any:
    """Labels of which a share is flipped: those of the samples that lie furthest on their own side of a clean network.

    Of the heuristics that Xiao et al. compare, the furthest first needs no search and does about as much harm.
    """
    network = maker.module(x, y, seed)
    with torch.no_grad():
        scores = network(torch.as_tensor(x))
    margin = (scores[:, 1] - scores[:, 0]).numpy() * np.where(y == 1, 1, -1)
    chosen = np.argsort(-margin)[: int(share * len(y))]
    labels = y.copy()
    labels[chosen] = 1 - labels[chosen]
    return labels


@described("poisoning", TABLE, "label-flipping")
class LabelFlipping(Poisoning):
    """Fours and nines."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        small = pair(data, 4, 9, 1000)
        maker = Maker(small)
        _, clean = maker.fit(small.train_x, small.train_y, seed)
        labels = flipped(maker, small.train_x, small.train_y, 0.3, seed)
        _, poisoned = maker.fit(small.train_x, labels, seed)
        random = small.train_y.copy()
        chosen = np.random.default_rng(seed).choice(len(random), int(0.3 * len(random)), replace=False)
        random[chosen] = 1 - random[chosen]
        _, noisy = maker.fit(small.train_x, random, seed)
        before, after = (each.accuracy(small.test_x, small.test_y) for each in (clean, poisoned))
        details = {
            "accuracy, clean": before,
            "accuracy, poisoned": after,
            "accuracy, as many flipped at random": noisy.accuracy(small.test_x, small.test_y),
        }
        lost = before - after
        risk = min(1.0, max(0.0, 2 * lost))
        return Finding(self.name, self.metric, lost, None, 0.0, maker.queries, details, [], risk, REMEDY)


def sanitized(x: Any, y: Any, neighbours: int = 10, agreement: float = 0.5) -> Any:
    """Labels, each replaced where more than such a share of the nearest samples says another one."""
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(neighbours + 1).fit(x, y)
    places = model.kneighbors(x, return_distance=False)[:, 1:]
    votes = np.stack([(y[places] == label).mean(axis=1) for label in range(int(y.max()) + 1)], axis=1)
    return np.where(votes.max(axis=1) > agreement, votes.argmax(axis=1), y)


@described("poisoning", TABLE, "sanitization")
class Sanitization(Poisoning):
    """Against labels flipped at random, and against those that an attacker chose, which are harder."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        small = pair(data, 4, 9, 1000)
        maker = Maker(small)
        _, clean = maker.fit(small.train_x, small.train_y, seed)
        whole = clean.accuracy(small.test_x, small.test_y)
        random = small.train_y.copy()
        chosen = np.random.default_rng(seed).choice(len(random), int(0.3 * len(random)), replace=False)
        random[chosen] = 1 - random[chosen]
        attacks = {"at random": random, "chosen": flipped(maker, small.train_x, small.train_y, 0.3, seed)}
        back, details = {}, {"accuracy, clean": whole}
        for name, labels in attacks.items():
            _, poisoned = maker.fit(small.train_x, labels, seed)
            _, repaired = maker.fit(small.train_x, sanitized(small.train_x, labels), seed)
            low, high = (each.accuracy(small.test_x, small.test_y) for each in (poisoned, repaired))
            details[f"accuracy, flipped {name}"], details[f"accuracy, flipped {name}, sanitized"] = low, high
            back[name] = (high - low) / max(whole - low, 1e-9)
        details["share that comes back, chosen"] = back["chosen"]
        value = back["at random"]
        risk = min(1.0, max(0.0, 1 - value))
        return Finding(self.name, self.metric, value, None, 0.0, maker.queries, details, [], risk, REMEDY)


__all__ = ["LabelFlipping", "Sanitization", "flipped", "sanitized"]
