# SPDX-License-Identifier: Apache-2.0
"""Clean labels: training images that look right and move one answer, where the last layer alone is trained anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..finding import Finding, wilson
from ..models import polynomial_network, train
from ..plots import images
from ..registry import described
from .common import REMEDY, Maker, Poisoning, features, flat, last_layer, pair, with_layer
from .table import TABLE


def _collide(modules: list[Any], bases: Any, wanted: list[Any], weight: float, steps: int = 400) -> Any:
    """Images near bases whose mean features, in each network, are those wanted.

    min over p of sum |mean f(p) - f(t)|^2 / |f(t)|^2 + weight |p - base|^2; one base is the feature collision of
    Shafahi et al., several the bullseye polytope of Aghakhani et al.
    """
    bases = torch.as_tensor(np.asarray(bases, np.float32))
    points = bases.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([points], 0.02)
    for _ in range(steps):
        loss = weight * (points - bases).square().sum(dim=1).mean()
        for module, target in zip(modules, wanted):
            apart = module[:-1](points).mean(dim=0) - target
            loss = loss + apart.square().sum() / target.square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            points.clamp_(0, 1)
    return points.detach().numpy()


class _Transfer(Poisoning):
    """Kept layers, trained on other digits; a last layer, trained on few fours and nines."""

    targets = 10
    width = 256
    few = 60

    def extractor(self, data: Any, seed: int) -> Any:
        other = flat(data, 6000)
        keep = (other.train_y != 4) & (other.train_y != 9)
        network = polynomial_network((784, self.width, 10), seed)
        return train(network, other.train_x[keep], other.train_y[keep], epochs=4, seed=seed)

    def task(self, data: Any) -> Any:
        return pair(data, 4, 9, self.few + 400)

    def tried(self, victim: Any, attackers: list[Any], task: Any, maker: Maker, bases: int, weight: float) -> Any:
        """For each target: poison, the last layer trained on it, its plan, and what that answers."""
        clean_x, clean_y = task.train_x[: self.few], task.train_y[: self.few]
        own = last_layer(features(victim, clean_x), clean_y, 2)
        honest = maker.served(with_layer(victim, own), clean_x)
        accuracy = honest.accuracy(task.test_x, task.test_y)
        # Nines that are right; the poison are fours.
        right = np.flatnonzero((task.test_y == 1) & (honest.labels(task.test_x) == 1))[: self.targets]
        pool = task.train_x[self.few :][task.train_y[self.few :] == 0]
        taken, after, changes, shown = 0, [], [], []
        for place in right:
            target = task.test_x[place]
            near = np.argsort(((pool - target) ** 2).sum(axis=1))[:bases]
            wanted = [torch.as_tensor(features(module, target[None])[0]) for module in attackers]
            poison = _collide(attackers, pool[near], wanted, weight)
            x = np.concatenate([clean_x, poison])
            y = np.concatenate([clean_y, np.zeros(len(poison), np.int64)])
            served = maker.served(with_layer(victim, last_layer(features(victim, x), y, 2)), x)
            taken += int(served.labels(target[None])[0] == 0)
            after.append(served.accuracy(task.test_x, task.test_y))
            changes.append(float(np.linalg.norm(poison - pool[near], axis=1).mean()))
            shown.append((target, pool[near[0]], poison[0]))
        pictures = {
            name: np.stack([each[place] for each in shown]).reshape(-1, 28, 28)
            for place, name in enumerate(("target", "base", "poison"))
        }
        details = {
            "targets": len(right),
            "accuracy, clean": accuracy,
            "mean accuracy, poisoned": float(np.mean(after)),
            "mean L2 of the poison's change": float(np.mean(changes)),
        }
        rate = taken / len(right)
        plots = [images("targets, bases and poison", pictures)]
        interval = wilson(taken, len(right))
        return Finding(self.name, self.metric, rate, interval, 0.0, maker.queries, details, plots, rate, REMEDY)


@described("poisoning", TABLE, "feature-collision")
class FeatureCollision(_Transfer):
    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        task = self.task(data)
        victim = self.extractor(data, seed)
        return self.tried(victim, [victim], task, Maker(task), bases=1, weight=0.003)


@described("poisoning", TABLE, "bullseye-polytope")
class BullseyePolytope(_Transfer):
    """The attacker's three networks are trained as the victim's is, from other starts."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        task = self.task(data)
        victim = self.extractor(data, seed)
        attackers = [self.extractor(data, seed + place) for place in (1, 2, 3)]
        return self.tried(victim, attackers, task, Maker(task), bases=5, weight=0.003)


@described("poisoning", TABLE, "influence")
class Influence(_Transfer):
    """The training image with the largest influence on an unsure test image is changed along its influence's gradient.

    The influence of a change of z on the loss at t is -grad L(t) H^-1 d/dz grad L(z), with H of the last layer.
    """

    few = 1000
    unsure = 30
    served_count = 3

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        task = pair(data, 4, 9, self.few)
        kept = self.extractor(data, seed)
        decay = 1e-3
        inputs = features(kept, task.train_x)
        layer = last_layer(inputs, task.train_y, 2, decay)
        with_bias = np.concatenate([inputs, np.ones((len(inputs), 1), np.float32)], axis=1).astype(np.float64)
        with torch.no_grad():
            chance = torch.softmax(layer(torch.as_tensor(inputs)), dim=1)[:, 1].numpy().astype(np.float64)
            test = features(kept, task.test_x)
            margin = (layer(torch.as_tensor(test)) @ torch.tensor([-1.0, 1.0])).numpy()
        # Two outputs of a softmax are one logit, whose weight decay is half of each output's.
        weight = with_bias * (chance * (1 - chance))[:, None]
        hessian = with_bias.T @ weight / len(inputs)
        hessian += decay / 2 * np.diag([*np.ones(inputs.shape[1]), 1e-6])
        right = np.flatnonzero((margin > 0) == (task.test_y == 1))
        chosen = right[np.argsort(np.abs(margin[right]))[: self.unsure]]
        flips = 0
        served_flips: list[bool] = []
        distances: list[float] = []
        maker = Maker(task)
        for place in chosen:
            label = int(task.test_y[place])
            slope = (1 / (1 + np.exp(-margin[place])) - label) * np.append(test[place], 1.0)
            direction = np.linalg.solve(hessian, slope)
            # Up to a constant: d loss(t) = -direction . d grad L(z) / n.
            residual = chance - task.train_y
            strength = np.abs(residual) + 0.05
            reach = np.abs(with_bias @ direction) * strength
            changed = int(reach.argmax())
            x = self._moved(kept, layer, task.train_x[changed], int(task.train_y[changed]), direction)
            distances.append(float(np.abs(x - task.train_x[changed]).max()))
            poisoned = inputs.copy()
            poisoned[changed] = features(kept, x[None])[0]
            after = last_layer(poisoned, task.train_y, 2, decay)
            with torch.no_grad():
                flip = int(after(torch.as_tensor(test[place][None])).argmax()) != label
            flips += int(flip)
            if len(served_flips) < self.served_count:
                served = maker.served(with_layer(kept, after), task.train_x)
                served_flips.append(bool((served.labels(task.test_x[place][None])[0] != label) == flip))
        details = {
            "test images": len(chosen),
            "largest change": max(distances),
            "of them served, and the same": [len(served_flips), sum(served_flips)],
        }
        rate, interval = flips / len(chosen), wilson(flips, len(chosen))
        return Finding(self.name, self.metric, rate, interval, 0.0, maker.queries, details, [], rate, REMEDY)

    @staticmethod
    def _moved(kept: Any, layer: Any, image: Any, label: int, direction: Any) -> Any:
        """The image, moved within 0.1 a pixel so that training on it raises the test image's loss most."""
        start = torch.as_tensor(image)[None]
        point = start.clone()
        toward = torch.as_tensor(direction, dtype=torch.float32)
        for _ in range(30):
            point = point.detach().requires_grad_(True)
            inputs = kept[:-1](point)
            scores = layer(inputs)
            residual = torch.sigmoid(scores[:, 1] - scores[:, 0]) - label
            gain = -(residual * (inputs @ toward[:-1] + toward[-1])).sum()
            slope = torch.autograd.grad(gain, point)[0]
            point = torch.minimum(torch.maximum(point + 0.01 * slope.sign(), start - 0.1), start + 0.1).clamp(0, 1)
        return point.detach().numpy()[0]
