# SPDX-License-Identifier: Apache-2.0
"""Defensive distillation, which hides gradients and stops nobody."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..endpoint import SimulatedEndpoint
from ..finding import Expected, Finding, wilson
from ..models import flat_mnist, polynomial_network, serve, train
from ..registry import Row, register
from .attacks import fgsm

Array = Any


def scaled(module: Any, factor: float) -> Any:
    """The network whose logits are `factor` times as large: what training at that temperature leaves."""
    import copy

    import torch

    made = copy.deepcopy(module)
    with torch.no_grad():
        for parameter in made[-1].parameters():
            parameter.mul_(factor)
    return made


def distil(sizes: tuple[int, ...], x: Array, y: Array, temperature: float, epochs: int, seed: int) -> Any:
    """A network trained on another's soft labels at a temperature, as it is used at temperature 1.

    Logits z trained at temperature T are T f for f trained at 1: so f is trained, and scaled in the end.
    """
    import torch

    teacher = train(polynomial_network(sizes, seed), x, y, epochs=epochs, seed=seed)
    with torch.no_grad():
        soft = torch.softmax(teacher(torch.as_tensor(x)), dim=1)
    student = polynomial_network(sizes, seed + 1)
    # Places in `soft` travel as labels.
    places = np.arange(len(x))

    def loss(module: Any, batch: Any, place: Any) -> Any:
        return -(soft[place] * torch.log_softmax(module(batch), dim=1)).sum(dim=1).mean()

    return scaled(train(student, x, places, epochs=epochs, seed=seed, loss=loss), temperature)


@register
class Distillation(Row):
    name = "distillation"
    group = "defence"
    paper = (
        "Papernot et al., Distillation as a defense, 2016; Carlini and Wagner, Towards evaluating the robustness of "
        "neural networks, 2017"
    )
    threat = "knows the weights, and looks for the nearest image of another class"
    budget = "C&W L2, 4 searches of 200 steps"
    headline = "100 % of a distilled network's images broken, MNIST, temperature 100"
    metric = "images that C&W L2 breaks at the served distilled network"
    expected = Expected(1.0, 0.03)
    temperature = 100.0

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        import foolbox
        import torch

        from ..twin import Twin

        whole = flat_mnist().head(10000)
        module = distil((784, 32, 10), whole.train_x, whole.train_y, self.temperature, 10, seed)
        target = SimulatedEndpoint(serve(module, whole.train_x))
        truth = target.labels(whole.test_x[:300])
        right = np.flatnonzero(truth == whole.test_y[:300])[:200]
        x, y = whole.test_x[right], whole.test_y[right]
        blind = float((target.labels(fgsm(module, x, y, 0.25)) != y).mean())
        # What undoes it: logits over the temperature, which who knows the weights knows.
        clear = scaled(module, 1 / self.temperature)
        seeing = float((target.labels(fgsm(clear, x, y, 0.25)) != y).mean())
        # On the integers themselves, over the temperature and in doubles; `Twin` takes rounding for the identity.
        attack = foolbox.attacks.L2CarliniWagnerAttack(
            binary_search_steps=4, steps=200, stepsize=0.02, confidence=1.0, initial_const=1.0
        )
        twin = Twin(target.plan).soften(whole.train_x[:300])
        model = foolbox.PyTorchModel(twin.eval(), bounds=(0, 1), device="cpu")
        _, moved, _ = attack(model, torch.as_tensor(x), torch.as_tensor(y), epsilons=None)
        found = moved.numpy()
        broken = int((target.labels(found) != y).sum())
        distance = float(np.median(np.linalg.norm(found - x, axis=1)))
        return Finding(
            self.name,
            self.metric,
            broken / len(y),
            wilson(broken, len(y)),
            queries=target.queries,
            details={
                "accuracy before the attack": round(target.accuracy(whole.test_x, whole.test_y), 4),
                "median distance in L2": round(distance, 3),
                "broken by FGSM at 0.25 as gradients are": round(blind, 4),
                "broken by FGSM at 0.25 with logits over the temperature": round(seeing, 4),
            },
            risk=broken / len(y),
            remedy="Don't rely on distillation: it hides gradients from careless attacks. Train on attacks instead.",
        )
