# SPDX-License-Identifier: Apache-2.0
"""DPGAN: a critic trained privately, and a generator that sees the critic alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._models import need
from ..finding import Expected, Finding
from ..registry import register
from .accounting import Ledger, sigma_for
from .generating import dense, drawn, grid_of, student_of, with_classes
from .measuring import measure
from .networks import split_mnist, tensors
from .rows import DELTA, PrivateRow
from .training import Schedule, clipper_of

NOISE = 24


def private_gan(x: Any, y: Any, classes: int, schedule: Schedule, ledger: Ledger, seed: int = 0, each: int = 3) -> Any:
    """A conditional generator. x: [n, features] of 0 to 1.

    Of the critic's loss only the part of real records costs privacy: their gradients are cut and get noise, those of
    generated ones do not. Its weights are kept within a box, as in a Wasserstein GAN; the generator has a step for each
    `each` of the critic.
    """
    torch = need("torch", "training")
    # Beside 784 pixels a class of 0 or 1 would not be noticed.
    weight = float(np.sqrt(x.shape[1]) / 4)
    draw = torch.Generator().manual_seed(seed)
    generator = dense(NOISE + classes, 128, x.shape[1], seed=seed, last=torch.nn.Sigmoid())
    critic = dense(x.shape[1] + classes, 64, 1, seed=seed + 1)
    records = tensors(with_classes(x, y, classes, weight))[0]
    shares = torch.tensor(np.full(classes, 1 / classes), dtype=torch.float32)
    critic_steps = torch.optim.RMSprop(critic.parameters(), 2e-3)
    generator_steps = torch.optim.RMSprop(generator.parameters(), 1e-3)
    parameters = list(critic.parameters())
    clipper = clipper_of(critic)

    def fake(count: int) -> Any:
        labels = torch.multinomial(shares, count, replacement=True, generator=draw)
        beside = torch.nn.functional.one_hot(labels, classes).float()
        made = generator(torch.cat([torch.randn(count, NOISE, generator=draw), beside], 1))
        return torch.cat([made, weight * beside], 1)

    for step in range(schedule.steps):
        part = torch.nonzero(torch.rand(len(records), generator=draw) < schedule.sampling_of(len(records)))[:, 0]
        sums = [torch.zeros_like(p) for p in parameters]
        if len(part):
            # How far the critic is from 1 for real and from 0 for generated records, as least squares.
            clipper.add(lambda module, rows: (module(rows)[:, 0] - 1) ** 2, [records[part]], schedule.clip, sums)
        critic.zero_grad(set_to_none=True)
        with torch.no_grad():
            made = fake(schedule.batch)
        (critic(made)[:, 0] ** 2).mean().backward()
        clipper.forget()
        deviation = schedule.sigma_at(step) * schedule.clip
        for p, total in zip(parameters, sums):
            p.grad += (total + torch.randn(total.shape, generator=draw) * deviation) / schedule.batch
        critic_steps.step()
        if step % each == each - 1:
            generator_steps.zero_grad()
            ((critic(fake(schedule.batch))[:, 0] - 1) ** 2).mean().backward()
            clipper.forget()
            generator_steps.step()
    clipper.close()
    schedule.charge(ledger, len(records))
    return generator.eval()


def of_classes(part: tuple[Any, Any], kept: tuple[int, ...]) -> tuple[Any, Any]:
    """Records of some classes, whose places become their labels."""
    x, y = part
    inside = np.isin(y, kept)
    return x[inside], np.searchsorted(kept, y[inside])


@register
class DpGan(PrivateRow):
    """Two digits, generated; a network trained on the generated ones alone."""

    name = "dp-gan"
    paper = "Xie and others, Differentially private generative adversarial network, 2018"
    budget = "epsilon 10, delta 1e-5"
    headline = "curves: 0s and 1s of MNIST"
    expected = Expected(0.95, comparable=False)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        parts = split_mnist()
        (x, y), strangers, outsiders = (
            of_classes(part, (0, 1)) for part in (parts.members, parts.strangers, parts.outsiders)
        )
        steps, sampling = 900, 0.025
        sigma = sigma_for(10.0, DELTA, steps=steps, sampling=sampling)
        labels = np.arange(6000) % 2
        made = np.empty((len(labels), x.shape[1]), np.float32)
        # A generator for each class: one for both of them makes one. A record is of one class, so it is charged once.
        for label in (0, 1):
            own = x[y == label]
            schedule = Schedule(steps, 150, sigma, sampling=sampling)
            generator = private_gan(own, np.zeros(len(own), int), 1, schedule, Ledger(), seed + label)
            inside = labels == label
            made[inside] = drawn(generator, NOISE, np.zeros(inside.sum(), int), 1, seed + 2 + label)
        ledger = Ledger().gaussian(sigma, steps=steps, sampling=sampling)
        served = measure(
            student_of(made, labels, 2, seed=seed), (made[:300], labels[:300]), (x, y), outsiders, strangers
        )
        details = {"sigma": round(sigma, 3), "generated records": len(made)}
        return self.found(
            served,
            ledger.epsilon(DELTA),
            DELTA,
            details,
            [("generated", grid_of(made[:40]))],
            remedy="a larger epsilon, or a model trained privately in place of data generated privately",
        )
