# SPDX-License-Identifier: Apache-2.0
"""Stamped samples in a training set, by what they make of a network's hidden layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..finding import Finding
from ..plots import line
from ..poisoning.backdoors import TARGET, stamped_set
from ..poisoning.common import Maker, Poisoning, before_squares, flat, stamped, success
from ..poisoning.table import TABLE
from ..registry import described

REMEDY = "Take out what was found, train anew, and look where those samples came from."


def clusters(hidden: Any, labels: Any, classes: int, seed: int, most: float = 0.35) -> tuple[Any, dict[int, float]]:
    """Samples of a class's smaller cluster, where it is small and apart: which, and each class's silhouette.

    hidden: [n, width]. A class of clean samples falls into halves that touch; stamped ones lie apart (Chen et al.). The
    paper reduces by independent components, which makes all directions equally long and hides a small cluster among
    them; principal ones don't.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import silhouette_score

    found, apart = np.zeros(len(hidden), bool), {}
    shares = {}
    for label in range(classes):
        places = np.flatnonzero(labels == label)
        if len(places) < 20:
            continue
        reduced = PCA(min(10, hidden.shape[1]), random_state=seed).fit_transform(hidden[places])
        parts = KMeans(2, n_init=4, random_state=seed).fit_predict(reduced)
        small = int((parts == 1).sum() < len(parts) / 2)
        shares[label] = (places[parts == small], float((parts == small).mean()))
        sample = np.random.default_rng(seed).permutation(len(places))[:1000]
        apart[label] = float(silhouette_score(reduced[sample], parts[sample]))
    for label, (places, share) in shares.items():
        others = [value for other, value in apart.items() if other != label]
        # Both signs of the paper: a small part, and one further apart than in other classes.
        if share < most and apart[label] > np.median(others) + 0.05:
            found[places] = True
    return found, apart


@described("poisoning", TABLE, "activation-clustering")
class ActivationClustering(Poisoning):
    """10 % of the target class are stamped samples of the class before it, as in the paper."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        data = flat(data, 10000)
        share = float((data.train_y == TARGET).mean()) / 9
        x, y, poisoned = stamped_set(data, share, seed, source=TARGET - 1)
        maker = Maker(data, (64, 24), epochs=8)
        module, served = maker.fit(x, y, seed)
        source = data.test_y == TARGET - 1
        stamps, named = stamped(data.test_x[source]), data.test_y[source]
        taken, total = success(served, stamps, named, TARGET)
        found, apart = clusters(before_squares(module, x), y, data.classes, seed)
        right, wrong = int((found & poisoned).sum()), int((found & ~poisoned).sum())
        score = 2 * right / max(1, int(found.sum()) + int(poisoned.sum()))
        clean_module, _ = maker.fit(data.train_x, data.train_y, seed)
        alarms, _ = clusters(before_squares(clean_module, data.train_x), data.train_y, data.classes, seed)
        details = {
            "stamped samples taken for the target": taken / total,
            "found, of stamped": [right, int(poisoned.sum())],
            "found, of clean": wrong,
            "found in a clean set": int(alarms.sum()),
            "silhouette of each class": apart,
        }
        return Finding(
            self.name, self.metric, score, None, 0.0, maker.queries, details, [], min(1.0, 1 - score), REMEDY
        )


def signatures(hidden: Any, labels: Any, classes: int, most: int) -> tuple[Any, Any]:
    """Scores of all samples, and the `most` largest of each class: squares along the class's first singular vector."""
    scores, found = np.zeros(len(hidden)), np.zeros(len(hidden), bool)
    for label in range(classes):
        places = np.flatnonzero(labels == label)
        centered = hidden[places] - hidden[places].mean(axis=0)
        _, _, vectors = np.linalg.svd(centered, full_matrices=False)
        scores[places] = (centered @ vectors[0]) ** 2
        found[places[np.argsort(-scores[places])[:most]]] = True
    return scores, found


@described("poisoning", TABLE, "spectral-signatures")
class SpectralSignatures(Poisoning):
    """Of the target class, 10 % are stamped samples of the class before it.

    Samples are taken out of each class, since nobody knows the target; then a network is trained on what is left.
    """

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        data = flat(data, 10000)
        share = float((data.train_y == TARGET).mean()) / 9
        x, y, poisoned = stamped_set(data, share, seed, source=TARGET - 1)
        maker = Maker(data, (64, 24), epochs=8)
        module, served = maker.fit(x, y, seed)
        source = data.test_y == TARGET - 1
        stamps, named = stamped(data.test_x[source]), data.test_y[source]
        taken, total = success(served, stamps, named, TARGET)
        most = int(1.5 * poisoned.sum())
        scores, found = signatures(before_squares(module, x), y, data.classes, most)
        _, repaired = maker.fit(x[~found], y[~found], seed)
        after, _ = success(repaired, stamps, named, TARGET)
        own = np.flatnonzero(y == TARGET)
        order = own[np.argsort(-scores[own])]
        caught = np.cumsum(poisoned[order]) / max(1, poisoned.sum())
        alarms = np.cumsum(~poisoned[order]) / max(1, (~poisoned[order]).sum())
        details = {
            "stamped samples taken for the target, before": taken / total,
            "found, of stamped": [int((found & poisoned).sum()), int(poisoned.sum())],
            "removed": int(found.sum()),
            "accuracy, before": served.accuracy(data.test_x, data.test_y),
            "accuracy, after": repaired.accuracy(data.test_x, data.test_y),
        }
        plot = line("stamped samples by score", {"": (alarms, caught)}, "false alarms", "found")
        rate = after / total
        return Finding(self.name, self.metric, rate, None, 0.0, maker.queries, details, [plot], rate, REMEDY)
