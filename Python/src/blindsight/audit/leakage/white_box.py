# SPDX-License-Identifier: Apache-2.0
"""Membership from gradients: what who holds the weights sees more than who sees answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..endpoint import SimulatedEndpoint
from ..finding import Expected, Finding, wilson
from ..models import flat_mnist, polynomial_network, serve, train
from ..registry import Row, register
from .membership import attack_model, features

Array = Any


def gradient_features(module: Any, x: Array, y: Array) -> Array:
    """[n, ...]: logarithms of the loss and of each parameter's gradient norm, a sample each."""
    import torch

    parameters = {name: value.detach() for name, value in module.named_parameters()}

    def loss(values: Any, sample: Any, label: Any) -> Any:
        out = torch.func.functional_call(module, values, (sample[None],))
        return torch.nn.functional.cross_entropy(out, label[None])

    single = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=(None, 0, 0))
    rows = []
    for start in range(0, len(x), 250):
        part = torch.as_tensor(np.asarray(x[start : start + 250], np.float32))
        gradients, losses = single(parameters, part, torch.as_tensor(y[start : start + 250]))
        norms = [torch.log(g.reshape(len(part), -1).norm(dim=1) + 1e-12) for g in gradients.values()]
        rows.append(torch.stack([torch.log(losses + 1e-12), *norms], dim=1).detach().numpy())
    return np.concatenate(rows)


@register
class GradientMembership(Row):
    name = "membership-gradients"
    group = "privacy"
    paper = "Nasr et al., Comprehensive privacy analysis of deep learning, 2019"
    threat = "holds the weights, as a server or a fellow trainer does, and knows half of the members"
    budget = "one gradient a sample; 6 models of 500 samples"
    headline = "74.3 % with gradients, 54.5 % with the output alone, CIFAR-100, DenseNet"
    metric = "accuracy of the attack from gradients"
    expected = Expected(0.6, 0.05, comparable=False)
    models, size = 6, 500

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        whole = flat_mnist()
        random = np.random.default_rng(seed)
        right = {"gradients": 0, "outputs of the endpoint": 0}
        count = queries = 0
        for model in range(self.models):
            drawn = random.permutation(len(whole.train_x))[: 2 * self.size]
            x, y = whole.train_x[drawn], whole.train_y[drawn]
            truth = np.arange(len(x)) < self.size
            module = polynomial_network((784, 32, 10), seed + model)
            train(module, x[truth], y[truth], epochs=30, seed=seed + model)
            target = SimulatedEndpoint(serve(module, x[truth]))
            scores = target.scores(x)
            queries += target.queries
            outputs = features(scores, float(scores.std()) / 6, y)
            known = np.arange(len(x)) % 2 == 0
            for name, seen in (
                ("gradients", np.hstack([gradient_features(module, x, y), outputs])),
                ("outputs of the endpoint", outputs),
            ):
                attack = attack_model(seen[known], truth[known], seed)
                right[name] += int((attack.predict(seen[~known]) == truth[~known]).sum())
            count += int((~known).sum())
        rates = {name: round(hits / count, 4) for name, hits in right.items()}
        return Finding(
            self.name,
            self.metric,
            right["gradients"] / count,
            wilson(right["gradients"], count),
            queries=queries,
            details={"accuracy by what is seen": rates, "samples": count},
            risk=min(1.0, max(0.0, 2 * right["gradients"] / count - 1)),
            remedy="The endpoint shows no gradients and its clients no weights. Who trains with others sums gradients "
            "under encryption (blindsight.federated) and adds noise.",
        )
