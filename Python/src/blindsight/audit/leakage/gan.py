# SPDX-License-Identifier: Apache-2.0
"""A generator that learns a fellow trainer's class, with the shared model as its discriminator."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..federated.aggregation import Federation, FixedPoint, flatten, load, local_update
from ..finding import Expected, Finding, wilson
from ..models import flat_mnist
from ..registry import Row, register
from .judges import mnist_judge

Array = Any

_FAKE = 10


def shared_network(seed: int) -> Any:
    """What the clients train together: eleven classes, the last for what the adversary makes up."""
    import torch

    torch.manual_seed(seed)
    layers = torch.nn
    return layers.Sequential(
        layers.Unflatten(1, (1, 28, 28)),
        layers.Conv2d(1, 16, 5, stride=2, padding=2),
        layers.LeakyReLU(0.2),
        layers.Conv2d(16, 32, 5, stride=2, padding=2),
        layers.LeakyReLU(0.2),
        layers.Flatten(),
        layers.Linear(32 * 49, 11),
    )


def generator_network(seed: int) -> Any:
    """Images [n, 784] from 0 to 1 out of 64 normal numbers."""
    import torch

    torch.manual_seed(seed + 1)
    layers = torch.nn
    return layers.Sequential(
        layers.Linear(64, 32 * 49),
        layers.BatchNorm1d(32 * 49),
        layers.ReLU(),
        layers.Unflatten(1, (32, 7, 7)),
        layers.ConvTranspose2d(32, 16, 4, stride=2, padding=1),
        layers.BatchNorm2d(16),
        layers.ReLU(),
        layers.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
        layers.Sigmoid(),
        layers.Flatten(),
    )


class Adversary:
    """A client like any other to the server. It has no image of the target's class."""

    def __init__(self, x: Array, y: Array, target: int, seed: int) -> None:
        import torch

        self.x, self.y, self.target, self.seed = x, y, target, seed
        self.generator = generator_network(seed)
        self._optimizer = torch.optim.Adam(self.generator.parameters(), 1e-3, betas=(0.5, 0.999))
        self._random = torch.Generator().manual_seed(seed)

    def make(self, count: int) -> Array:
        """Images, [count, 784]."""
        import torch

        with torch.no_grad():
            return self.generator(torch.randn((count, 64), generator=self._random)).numpy()

    def learn(self, module: Any, steps: int) -> None:
        """The generator against the shared model as it is: what is made shall look like the target's class."""
        import torch

        wanted = torch.full((64,), self.target)
        self.generator.train()
        for _ in range(steps):
            made = self.generator(torch.randn((64, 64), generator=self._random))
            self._optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(made), wanted).backward()
            self._optimizer.step()

    def update(self, module: Any, weights: Array, number: int) -> Array:
        """What it sends: trained on its own data, and on what it makes as the class of fakes."""
        fakes = self.make(len(self.x) // 2)
        x = np.concatenate([self.x, fakes]).astype(np.float32)
        y = np.concatenate([self.y, np.full(len(fakes), _FAKE)])
        return local_update(module, weights, x, y, rate=0.05, epochs=1, seed=self.seed + number)


def attack(
    x: Array, y: Array, clients: int, rounds: int, seed: int, *, target: int = 3, noise: float = 0.0, encrypted: bool
) -> tuple[Adversary, Any, Federation]:
    """Collaborative learning of honest clients with digits 0 to 4 and an adversary with 5 to 9.

    noise: deviation of the sum's noise on each weight, in parts of the bound to which updates' norms are cut.
    Returns the adversary, the shared model and what summed.
    """
    random = np.random.default_rng(seed)
    low, high = np.flatnonzero(y < 5), np.flatnonzero(y >= 5)
    parts = np.array_split(random.permutation(low)[: 800 * clients], clients)
    adversary = Adversary(x[high[:1500]], y[high[:1500]], target, seed)
    module = shared_network(seed)
    weights = flatten(module.parameters())
    fixed = FixedPoint(1.0)
    federation = Federation(len(weights), clients + 1, fixed.largest, 3072 if encrypted else None)
    bound = 3.0
    for number in range(rounds):
        updates = [
            local_update(module, weights, x[part], y[part], rate=0.05, epochs=1, seed=seed + 100 * number + i)
            for i, part in enumerate(parts)
        ]
        updates.append(adversary.update(module, weights, number))
        if noise:
            updates = [update * min(1.0, bound / float(np.linalg.norm(update))) for update in updates]
            spread = noise * bound / np.sqrt(len(updates))
            updates = [update + random.normal(0, spread, update.shape) for update in updates]
        sums = federation.sum(fixed.integers(update) for update in updates)
        weights = weights + fixed.reals(sums) / len(updates)
        adversary.learn(load(module, weights), 60)
    return adversary, module, federation


@register
class GanAttack(Row):
    name = "gan-attack"
    group = "privacy"
    paper = "Hitaj et al., Deep models under the GAN: information leakage from collaborative deep learning, 2017"
    threat = "trains with others, sees the shared model after each round, has no image of the class"
    budget = "15 rounds with four honest clients"
    headline = "images shown, MNIST: the class is clear once the shared model is 97 % right"
    metric = "made-up images that an independent classifier takes for the victims' class"
    expected = Expected(0.8, 0.2, comparable=False)
    clients, rounds, target = 4, 15, 3

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        import torch

        whole = flat_mnist()
        x, y = whole.train_x[:12000], whole.train_y[:12000]
        judge = mnist_judge()
        told: dict[str, float] = {}
        likeness: dict[str, list[float]] = {}
        means = np.stack([whole.train_x[whole.train_y == c].mean(axis=0) for c in range(10)])
        accuracy: dict[str, float] = {}
        made_up: dict[str, Array] = {}
        report: dict[str, Any] = {}
        for name, noise, encrypted in (("sums under Paillier", 0.0, True), ("the same sums with noise", 0.02, False)):
            adversary, module, federation = attack(
                x, y, self.clients, self.rounds, seed, target=self.target, noise=noise, encrypted=encrypted
            )
            made = adversary.make(200)
            told[name] = float((judge(made).argmax(axis=1) == self.target).mean())
            # Not only to a classifier: the mean of what is made, against each digit's mean.
            likeness[name] = [round(float(np.corrcoef(made.mean(axis=0), mean)[0, 1]), 3) for mean in means]
            with torch.no_grad():
                out = module(torch.as_tensor(whole.test_x[:2000]))[:, :10].argmax(dim=1).numpy()
            accuracy[name] = round(float((out == whole.test_y[:2000]).mean()), 4)
            made_up[name] = made[:8].reshape(-1, 28, 28)
            if encrypted:
                report = federation.report()
        from ..plots import images as plot

        value = told["sums under Paillier"]
        return Finding(
            self.name,
            self.metric,
            value,
            wilson(round(value * 200), 200),
            details={
                "told as the class": {name: round(v, 4) for name, v in told.items()},
                "correlation of the mean image with the mean of each digit": likeness,
                "shared model's accuracy": accuracy,
                "without encryption": "the same: sums are the same integers, and it is the shared model that tells",
                "sums": report,
            },
            plots=[plot("made up of the class", made_up)],
            risk=value * 0.7,
            remedy="Encryption of updates doesn't help: a participant sees the shared model. Keep the shared model "
            "from participants between rounds where that can be, let no client own a class alone, and add noise for "
            "whole clients.",
        )
