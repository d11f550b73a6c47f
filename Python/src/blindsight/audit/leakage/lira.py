# SPDX-License-Identifier: Apache-2.0
"""The likelihood ratio attack: how likely a sample's score is with it in the training set, and without."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..endpoint import SimulatedEndpoint
from ..finding import Expected, Finding, wilson
from ..models import flat_mnist, polynomial_network, serve, train
from ..registry import Row, register
from .membership import module_scores

Array = Any


def confidence(scores: Array, scale: float, labels: Array) -> Array:
    """[n]: log(p / (1 - p)) of the true class, which is near to normal (Carlini et al., section IV-C)."""
    logits = scores / scale
    rows = np.arange(len(logits))
    right = logits[rows, labels]
    others = logits.copy()
    others[rows, labels] = -np.inf
    top = others.max(axis=1)
    return right - (top + np.log(np.exp(others - top[:, None]).sum(axis=1)))


def ratios(target: Array, shadows: Array, inside: Array) -> Array:
    """[n]: log of p(target | member) / p(target | not).

    target: [n]; shadows: [models, n] with inside, [models, n], whether each model trained on each sample. Deviations
    are shared by all samples: few shadow models can't tell them apart.
    """
    with_ = np.where(inside, shadows, np.nan)
    without = np.where(inside, np.nan, shadows)
    mean_in, mean_out = np.nanmean(with_, axis=0), np.nanmean(without, axis=0)
    deviation_in = np.sqrt(np.nanmean((with_ - mean_in) ** 2)) + 1e-9
    deviation_out = np.sqrt(np.nanmean((without - mean_out) ** 2)) + 1e-9
    a, b = (target - mean_in) / deviation_in, (target - mean_out) / deviation_out
    return -(a**2) / 2 - np.log(deviation_in) + b**2 / 2 + np.log(deviation_out)


def rate_at(scores: Array, members: Array, false_positives: float) -> tuple[int, int, float]:
    """Members found, members, and the true positive rate at so many false positives at most."""
    outside = np.sort(scores[~members])[::-1]
    allowed = int(false_positives * len(outside))
    threshold = outside[allowed]
    found = int((scores[members] > threshold).sum())
    return found, int(members.sum()), found / max(1, int(members.sum()))


@register
class LikelihoodRatio(Row):
    name = "membership-lira"
    group = "privacy"
    paper = "Carlini et al., Membership inference attacks from first principles, 2022"
    threat = "asks for scores of samples, and trains shadow models with and without each"
    budget = "one query a sample; 32 shadow models of 500 samples; 8 served targets"
    headline = "8.4 % true positives at 0.1 % false positives, CIFAR-10, 256 shadow models"
    metric = "true positive rate at 0.1 % false positives"
    expected = Expected(0.01, 0.01, comparable=False)
    models, size, served = 32, 500, 8

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        from sklearn.metrics import roc_auc_score

        whole = flat_mnist()
        random = np.random.default_rng(seed)
        places = random.permutation(len(whole.train_x))
        chosen, public = places[: 2 * self.size], whole.test_x[:500]
        x, y = whole.train_x[chosen], whole.train_y[chosen]
        inside = np.zeros((self.models, len(x)), bool)
        # Each sample is in half of the models.
        for place in range(len(x)):
            inside[random.permutation(self.models)[: self.models // 2], place] = True
        shadows = np.zeros(inside.shape)
        modules = []
        for model in range(self.models):
            module = polynomial_network((784, 32, 10), seed + model)
            train(module, x[inside[model]], y[inside[model]], epochs=30, seed=seed + model)
            modules.append(module)
            scale = float(module_scores(module, public).std()) / 6
            shadows[model] = confidence(module_scores(module, x), scale, y)
        scores, members, queries = [], [], 0
        for model in range(self.served):
            target = SimulatedEndpoint(serve(modules[model], x[inside[model]]))
            scale = float(target.scores(public).std()) / 6
            seen = confidence(target.scores(x), scale, y)
            others = np.arange(self.models) != model
            scores.append(ratios(seen, shadows[others], inside[others]))
            members.append(inside[model])
            queries += target.queries
        all_scores, all_members = np.concatenate(scores), np.concatenate(members)
        found, count, value = rate_at(all_scores, all_members, 0.001)
        auc = float(roc_auc_score(all_members, all_scores))
        from ..plots import line

        grid = np.unique(np.geomspace(1, (~all_members).sum(), 40).astype(int)) / int((~all_members).sum())
        curve = [rate_at(all_scores, all_members, min(float(v), 1 - 1e-9))[2] for v in grid]
        return Finding(
            self.name,
            self.metric,
            value,
            wilson(found, count),
            queries=queries,
            details={
                "area under the ROC curve": round(auc, 4),
                "true positives at 1 % false positives": round(rate_at(all_scores, all_members, 0.01)[2], 4),
                "samples asked of served models": len(all_scores),
            },
            plots=[
                line(
                    "membership",
                    {"true positives": (list(grid), curve)},
                    "false positive rate",
                    "true positive rate",
                    log=True,
                )
            ],
            risk=min(1.0, max(10 * value, 2 * auc - 1, 0.0)),
            remedy="Train with differential privacy (rows of group dp), or on more data: small training sets are told.",
        )
