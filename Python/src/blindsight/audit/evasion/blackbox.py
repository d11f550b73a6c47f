# SPDX-License-Identifier: Apache-2.0
"""Attacks by whoever asks the endpoint alone: a substitute, and labels at the boundary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..finding import Finding, wilson
from ..models import Data, train
from ..plots import line
from ..registry import described
from .common import Evasion, right_samples, step_attack
from .table import TABLE

QUOTA = (
    "Limit queries for each client, and watch for many samples close to each other. Telling labels alone doesn't help "
    "against this attack."
)


def substitute_network(data: Data, seed: int) -> Any:
    """The attacker's own: it knows nothing of the endpoint's architecture."""
    torch.manual_seed(seed)
    features = int(np.prod(data.test_x.shape[1:]))
    layers = [torch.nn.Linear(features, 200), torch.nn.ReLU(), torch.nn.Linear(200, 100), torch.nn.ReLU()]

    class Scaled(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(*layers, torch.nn.Linear(100, data.classes))

        def forward(self, x: Any) -> Any:
            return self.layers((x.float() - data.lowest) / data.span)

    return Scaled()


@described("evasion", TABLE, "substitute", audits=True)
class Substitute(Evasion):
    """Trains a substitute on answers, with samples moved along its own Jacobian; its examples then carry over."""

    count = 500
    needs_twin = False

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        random = np.random.default_rng(seed)
        # The attacker's own samples: none that the endpoint was trained on.
        held = data.test_x[-150:].reshape(-1, int(np.prod(data.test_x.shape[1:])))
        x, y = right_samples(endpoint, data.head(test=max(1, len(data.test_x) - 150)), self.count)
        begin = endpoint.queries
        known, answers = held.copy(), endpoint.labels(held)
        network = substitute_network(data, seed)
        curve: list[tuple[int, float]] = []
        probe = data.train_x[:500].reshape(500, -1)
        with_answers = endpoint.labels(probe)
        asked = endpoint.queries - begin - len(probe)
        while True:
            train(network, known, answers, epochs=max(6, 12000 // len(known)), seed=seed)
            with torch.no_grad():
                agreement = float((network(torch.as_tensor(probe)).argmax(1).numpy() == with_answers).mean())
            curve.append((len(known), agreement))
            room = 6400 - len(known)
            if room <= 0:
                break
            # Jacobian augmentation, of a random part where not all may be asked (the paper's reservoir).
            part = random.permutation(len(known))[: min(room, len(known))]
            moved = torch.as_tensor(known[part]).requires_grad_(True)
            own = network(moved).gather(1, torch.as_tensor(answers[part, None])).sum()
            slope = torch.autograd.grad(own, moved)[0].sign().numpy()
            signs = random.choice([-1.0, 1.0])
            fresh = np.clip(known[part] + signs * 0.1 * data.span * slope, data.lowest, data.highest)
            fresh = fresh.astype(np.float32)
            known, answers = np.concatenate([known, fresh]), np.concatenate([answers, endpoint.labels(fresh)])
        attacked = step_attack(network, data, x, y, 0.3)
        details = {"queries of the attack": int(asked + len(known) - len(held)), "agreement": curve}
        plot = line("agreement", {"": ([n for n, _ in curve], [a for _, a in curve])}, "queries", "agreement")
        return self.outcome(endpoint, data, x, y, attacked, details, [plot], remedy=QUOTA)


@described("evasion", TABLE, "hopskipjump", quick=True, audits=True)
class HopSkipJump(Evasion):
    """ART's, which sees labels alone."""

    count = 12
    needs_twin = False
    norm = 3.0
    iterations = 12

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        from art.attacks.evasion import HopSkipJump as Method

        from ..adapters import art_black_box

        x, y = right_samples(endpoint, data, self.count)
        np.random.seed(seed)
        method = Method(
            art_black_box(endpoint, data),
            batch_size=64,
            targeted=False,
            norm=2,
            max_iter=0,
            max_eval=200,
            init_eval=40,
            init_size=50,
            verbose=False,
        )
        begin = endpoint.queries
        # From samples of the attacker's own that are taken for another class. ART would start from noise, unseeded.
        own = data.train_x[np.random.default_rng(seed).permutation(len(data.train_x))[:60]].reshape(-1, x.shape[1])
        answers = endpoint.labels(own)
        far = np.linalg.norm(x[:, None] - own[None], axis=2) + np.where(answers[None] == y[:, None], np.inf, 0)
        attacked, curve = own[far.argmin(axis=1)], []
        for steps in (0, 4, self.iterations - 4):
            method.max_iter = steps
            attacked = method.generate(x, y=np.eye(data.classes)[y], x_adv_init=attacked, resume=steps > 4)
            norms = np.linalg.norm((attacked - x) / data.span, axis=1)
            norms = np.where(endpoint.labels(attacked) != y, norms, np.inf)
            curve.append(((endpoint.queries - begin) / len(x), float(np.median(norms))))
        near = int((norms <= self.norm).sum())
        finite = [(int(asked), norm) for asked, norm in curve if np.isfinite(norm)]
        details = {"median L2 by queries a sample": finite, "L2 that counts": self.norm}
        plot = line("median L2", {"": ([a for a, _ in finite], [n for _, n in finite])}, "queries a sample", "L2")
        finding = self.outcome(endpoint, data, x, y, attacked, details, [plot], remedy=QUOTA)
        return replace(finding, value=near / len(x), interval=wilson(near, len(x)), risk=near / len(x))
