# SPDX-License-Identifier: Apache-2.0
"""Membership inference with shadow models, by the scores of the endpoint alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..endpoint import SimulatedEndpoint
from ..finding import Expected, Finding, wilson
from ..models import digits, flat_mnist, polynomial_network, serve, train
from ..registry import Row, register

Array = Any


def features(scores: Array, scale: float, labels: Array) -> Array:
    """[n, 4]: the log-probability of the true class, and the three largest probabilities.

    scale: of scores, so that models with other integers look alike.
    """
    logits = scores / scale
    logits = logits - logits.max(axis=1, keepdims=True)
    log = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    top = np.sort(np.exp(log), axis=1)[:, ::-1][:, :3]
    return np.hstack([log[np.arange(len(log)), labels][:, None], top])


def module_scores(module: Any, x: Array) -> Array:
    """[n, classes] of a network in the clear: the attacker's own models."""
    import torch

    with torch.no_grad():
        return module(torch.as_tensor(np.asarray(x, np.float32))).numpy().astype(np.float64)


def attack_model(x: Array, members: Array, seed: int) -> Any:
    """A logistic regression on standardized features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, random_state=seed)).fit(x, members)


def _scale(scores: Array) -> float:
    return float(scores.std()) / 6


@register
class ShadowMembership(Row):
    name = "membership-shadow"
    group = "privacy"
    paper = "Shokri et al., Membership inference attacks against machine learning models, 2017"
    threat = "asks for scores of samples, has others of the same kind and trains shadow models alike"
    budget = "one query a sample; 3 shadow models"
    headline = "51.7 % precision, MNIST, target trained on 10,000"
    metric = "precision of the attack, half of the samples members"
    expected = Expected(0.517, 0.03)
    size = 10000
    shadows = 3
    hidden = 32
    epochs = 10

    def _data(self) -> tuple[Array, Array]:
        data = flat_mnist()
        return data.train_x, data.train_y

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        from sklearn.metrics import roc_auc_score

        x, y = self._data()
        random = np.random.default_rng(seed)
        order = random.permutation(len(x))
        n, classes = self.size, int(y.max()) + 1
        member, other, rest = order[:n], order[n : 2 * n], order[2 * n :]

        def fit(places: Array, number: int) -> Any:
            module = polynomial_network((x.shape[1], self.hidden, classes), seed + number)
            return train(module, x[places], y[places], epochs=self.epochs, seed=seed + number)

        target = SimulatedEndpoint(serve(fit(member, 0), x[member]))
        seen, labels = [], []
        for shadow in range(1, self.shadows + 1):
            drawn = random.permutation(rest)
            inside, outside = drawn[: min(n, len(drawn) // 2)], drawn[len(drawn) // 2 :][:n]
            module = fit(inside, shadow)
            scale = _scale(module_scores(module, x[outside]))
            for places, label in ((inside, 1), (outside, 0)):
                seen.append(features(module_scores(module, x[places]), scale, y[places]))
                labels.append(np.full(len(places), label))
        attack = attack_model(np.concatenate(seen), np.concatenate(labels), seed)

        asked = np.concatenate([member, other])
        truth = np.repeat([1, 0], [len(member), len(other)])
        scores = target.scores(x[asked])
        accuracy = [float((scores[part].argmax(axis=1) == y[asked][part]).mean()) for part in (truth == 1, truth == 0)]
        likely = attack.predict_proba(features(scores, _scale(scores[truth == 0]), y[asked]))[:, 1]
        said = likely > 0.5
        hits, claims = int((said & (truth == 1)).sum()), max(1, int(said.sum()))
        auc = float(roc_auc_score(truth, likely))
        return Finding(
            self.name,
            self.metric,
            hits / claims,
            wilson(hits, claims),
            queries=target.queries,
            details={
                "recall": round(hits / len(member), 4),
                "attack's accuracy": round(float((said == truth).mean()), 4),
                "area under the ROC curve": round(auc, 4),
                "target's accuracy on members, on others": [round(v, 4) for v in accuracy],
            },
            risk=min(1.0, max(0.0, 2 * auc - 1)),
            remedy="What tells members is how much better a model is on them: train on more data, stop earlier, or "
            "with differential privacy, which bounds it (the rows of group dp).",
        )


@register
class ShadowMembershipDigits(ShadowMembership):
    name = "membership-shadow-digits"
    headline = "as membership-shadow; a small training set, without a download"
    expected = Expected(0.55, 0.05, comparable=False)
    quick = True
    size = 300
    hidden = 32
    epochs = 60

    def _data(self) -> tuple[Array, Array]:
        data = digits()
        return np.concatenate([data.train_x, data.test_x]), np.concatenate([data.train_y, data.test_y])
