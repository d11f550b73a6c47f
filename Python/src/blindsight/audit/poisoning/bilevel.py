# SPDX-License-Identifier: Apache-2.0
"""Samples that are made to spoil training: by gradients through it, by a generator, by a generator that hides."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from ..finding import Finding
from ..models import Data, polynomial_network
from ..plots import images
from ..registry import described
from .common import REMEDY, Maker, Poisoning, pair
from .table import TABLE

_entropy = torch.nn.functional.cross_entropy
_WIDTH, _STEPS, _RATE = 16, 60, 0.2


def _trained(start: list[Any], x: Any, y: Any, steps: int, rate: float) -> list[Any]:
    """Full gradient steps of a network with one square layer, with the graph of all of them."""
    weights = start
    for _ in range(steps):
        loss = _entropy(_scores(weights, x), y)
        slopes = torch.autograd.grad(loss, weights, create_graph=True)
        size = torch.stack([(slope**2).sum() for slope in slopes]).sum().add(1e-12).sqrt()
        shrink = (1.0 / size).clamp(max=1.0)
        weights = [weight - rate * shrink * slope for weight, slope in zip(weights, slopes)]
    return weights


def _scores(weights: list[Any], x: Any) -> Any:
    first, bias, last, end = weights
    hidden = (x @ first.T + bias) ** 2
    return hidden @ last.T + end


def _start(sizes: tuple[int, ...], seed: int) -> list[Any]:
    network = polynomial_network(sizes, seed)
    return [parameter.detach().clone().requires_grad_(True) for parameter in network.parameters()]


def victim(x: Any, y: Any, seed: int) -> Any:
    """The module that training leads to: the one whose steps, rate and start the attacker knows."""
    weights = _trained(_start((x.shape[1], _WIDTH, 2), seed), torch.as_tensor(x), torch.as_tensor(y), _STEPS, _RATE)
    module = polynomial_network((x.shape[1], _WIDTH, 2), seed)
    with torch.no_grad():
        for parameter, weight in zip(module.parameters(), weights):
            parameter.copy_(weight)
    return module.eval()


class _Bilevel(Poisoning):
    """Fours and nines, a small training set, full gradient steps."""

    train_count = 300

    def small(self, data: Data) -> tuple[Data, Any, Any]:
        """The task, and a validation set of the attacker's, that is in neither part of it."""
        wide = pair(data, 4, 9, self.train_count + 400)
        held_x, held_y = wide.train_x[self.train_count :], wide.train_y[self.train_count :]
        return wide.head(self.train_count), torch.as_tensor(held_x), torch.as_tensor(held_y)

    def found(self, small: Data, poison: Any, labels: Any, seed: int, details: dict[str, Any]) -> Finding:
        """Networks with and without the poison, and with as many wrongly labelled samples that nobody made."""
        maker = Maker(small)
        random = np.random.default_rng(seed)
        chosen = random.choice(len(small.train_x), len(poison), replace=False)
        sets = {
            "clean": (small.train_x, small.train_y),
            "poisoned": (np.concatenate([small.train_x, poison]), np.concatenate([small.train_y, labels])),
            "as many wrong labels": (
                np.concatenate([small.train_x, small.train_x[chosen]]),
                np.concatenate([small.train_y, 1 - small.train_y[chosen]]),
            ),
        }
        figures = {}
        for name, (x, y) in sets.items():
            served = maker.served(victim(x.astype(np.float32), y, seed), x.astype(np.float32))
            figures[f"accuracy, {name}"] = served.accuracy(small.test_x, small.test_y)
        lost = figures["accuracy, clean"] - figures["accuracy, poisoned"]
        plot = images("poison", {"": poison[:8].reshape(-1, 28, 28)})
        risk = min(1.0, max(0.0, 2 * lost))
        queries = maker.queries
        return Finding(self.name, self.metric, lost, None, 0.0, queries, {**figures, **details}, [plot], risk, REMEDY)


@described("poisoning", TABLE, "back-gradient")
class BackGradient(_Bilevel):
    """Gradients of the validation loss by the poison, through all steps of training.

    The paper walks the steps backwards to save memory; at this size the graph of all steps fits.
    """

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        small, held_x, held_y = self.small(data)
        x, y = torch.as_tensor(small.train_x), torch.as_tensor(small.train_y)
        count = self.train_count // 10
        chosen = np.random.default_rng(seed).choice(len(x), count, replace=False)
        labels = 1 - y[chosen]
        poison = x[chosen].clone().requires_grad_(True)
        begin = time.perf_counter()
        losses: list[float] = []
        best = poison.detach()
        for _ in range(25):
            start = _start((x.shape[1], _WIDTH, 2), seed)
            weights = _trained(start, torch.cat([x, poison]), torch.cat([y, labels]), _STEPS, _RATE)
            loss = _entropy(_scores(weights, held_x), held_y)
            if float(loss) >= max(losses, default=0.0):
                best = poison.detach().clone()
            losses.append(float(loss))
            slope = torch.autograd.grad(loss, poison)[0]
            poison = (poison.detach() + 0.05 * slope.sign()).clamp(0, 1).requires_grad_(True)
        details = {
            "validation loss, at first and at most": [losses[0], max(losses)],
            "seconds for a sample": (time.perf_counter() - begin) / count,
        }
        return self.found(small, best.numpy(), labels.numpy(), seed, details)


@described("poisoning", TABLE, "generative")
class Generative(_Bilevel):
    """An auto-encoder makes poison of training samples; the validation loss after training on it is its reward.

    Gradients go through training, as in back-gradient, to the generator's weights; after that poison costs one pass.
    """

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        small, held_x, held_y = self.small(data)
        x, y = torch.as_tensor(small.train_x), torch.as_tensor(small.train_y)
        torch.manual_seed(seed)
        generator = torch.nn.Sequential(
            torch.nn.Linear(x.shape[1], 64), torch.nn.ReLU(), torch.nn.Linear(64, x.shape[1]), torch.nn.Sigmoid()
        )
        optimizer = torch.optim.Adam(generator.parameters(), 1e-3)
        # First it learns to give back samples, as the paper has it.
        for _ in range(200):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(generator(x), x).backward()
            optimizer.step()
        count = self.train_count // 5
        for _ in range(30):
            chosen = torch.randperm(len(x))[:count]
            start = _start((x.shape[1], _WIDTH, 2), seed)
            mixed, labels = torch.cat([x, generator(x[chosen])]), torch.cat([y, 1 - y[chosen]])
            loss = -_entropy(_scores(_trained(start, mixed, labels, _STEPS, _RATE), held_x), held_y)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
            optimizer.step()
        taken = np.random.default_rng(seed).choice(len(x), count, replace=False)
        begin = time.perf_counter()
        with torch.no_grad():
            poison = generator(x[taken]).numpy()
        details = {"seconds for a sample": (time.perf_counter() - begin) / count}
        return self.found(small, poison, (1 - y[taken]).numpy(), seed, details)


@described("poisoning", TABLE, "poison-gan")
class PoisonGAN(_Bilevel):
    """A generator between a discriminator, which knows the class, and a classifier that it spoils.

    aggressiveness: 1 - alpha of the paper, the classifier's part of the generator's loss.
    """

    aggressiveness = 0.85

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        small, _, _ = self.small(data)
        # Poison is labelled as nines, and made to look like some.
        x, y = torch.as_tensor(small.train_x), torch.as_tensor(small.train_y)
        real = x[y == 1]
        torch.manual_seed(seed)
        features, codes = x.shape[1], 16
        generator = torch.nn.Sequential(
            torch.nn.Linear(codes, 128), torch.nn.LeakyReLU(0.2), torch.nn.Linear(128, features), torch.nn.Sigmoid()
        )
        discriminator = torch.nn.Sequential(
            torch.nn.Linear(features, 128), torch.nn.LeakyReLU(0.2), torch.nn.Linear(128, 1)
        )
        classifier = polynomial_network((features, _WIDTH, 2), seed)
        optimizers = [
            torch.optim.Adam(each.parameters(), rate, betas=(0.5, 0.999))
            for each, rate in ((generator, 1e-3), (discriminator, 5e-4), (classifier, 2e-3))
        ]
        binary = torch.nn.functional.binary_cross_entropy_with_logits
        for _ in range(800):
            part = real[torch.randperm(len(real))[:64]]
            made = generator(torch.randn(len(part), codes))
            ones, zeros = torch.ones(len(part), 1), torch.zeros(len(part), 1)
            optimizers[1].zero_grad()
            (binary(discriminator(part), ones) + binary(discriminator(made.detach()), zeros)).backward()
            optimizers[1].step()
            wanted = torch.ones(len(made), dtype=torch.int64)
            mixed = torch.randperm(len(x))[:64]
            optimizers[2].zero_grad()
            # The poison counts little here: a classifier that has learned it no longer says where it hurts.
            learned = _entropy(classifier(x[mixed]), y[mixed]) + 0.1 * _entropy(classifier(made.detach()), wanted)
            learned.backward()
            optimizers[2].step()
            optimizers[0].zero_grad()
            hidden = binary(discriminator(made), ones)
            spoiled = -_entropy(classifier(made), wanted)
            ((1 - self.aggressiveness) * hidden + self.aggressiveness * spoiled).backward()
            torch.nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
            optimizers[0].step()
        count = int(0.3 * len(x) / 0.7)
        with torch.no_grad():
            poison = generator(torch.randn(count, codes)).numpy()
            fooled = float((discriminator(torch.as_tensor(poison)) > 0).float().mean())
        from sklearn.covariance import EmpiricalCovariance
        from sklearn.decomposition import PCA

        # A detector of outliers in its own class, at 5 % of false alarms.
        plane = PCA(20, random_state=seed).fit(real.numpy())
        model = EmpiricalCovariance().fit(plane.transform(real.numpy()))
        limit = np.quantile(model.mahalanobis(plane.transform(real.numpy())), 0.95)
        caught = float((model.mahalanobis(plane.transform(poison)) > limit).mean())
        details = {"taken for real by the discriminator": fooled, "caught as outliers, at 5 % false alarms": caught}
        return self.found(small, poison, np.ones(count, np.int64), seed, details)
