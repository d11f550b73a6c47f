# SPDX-License-Identifier: Apache-2.0
"""Carlini and Wagner's attacks for three norms. ART's find little at small budgets: two are from the paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..finding import Finding
from ..registry import described
from .common import Evasion, margins, other_classes, right_samples, twin_of
from .table import TABLE


def _hinge(twin: Any, x: Any, targets: Any) -> Any:
    """max(largest other score - target's score, 0): the paper's f_6, with a little confidence against rounding."""
    return (0.05 - margins(twin, x, targets)).clamp(min=0)


def _minimize(twin: Any, data: Any, start: Any, cost: Any, steps: int, rate: float) -> Any:
    """Adam on w with x = lowest + span (tanh(w) + 1) / 2, as the paper has it: x stays in the box."""
    unit = ((start - data.lowest) / data.span).clamp(1e-4, 1 - 1e-4)
    w = torch.atanh(2 * unit - 1).requires_grad_(True)
    optimizer = torch.optim.Adam([w], rate)
    for _ in range(steps):
        optimizer.zero_grad()
        x = data.lowest + data.span * (torch.tanh(w) + 1) / 2
        cost(x).sum().backward()
        optimizer.step()
    return (data.lowest + data.span * (torch.tanh(w) + 1) / 2).detach()


def _reached(twin: Any, x: Any, targets: Any) -> Any:
    # What is sent is in single precision.
    with torch.no_grad():
        return twin(x.float()).argmax(dim=1) == targets


@described("evasion", TABLE, "carlini-wagner-l2", audits=True)
class L2(Evasion):
    """foolbox's, targeted."""

    count = 100

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        import eagerpy
        from foolbox.attacks import L2CarliniWagnerAttack
        from foolbox.criteria import TargetedMisclassification

        from ..adapters import foolbox_model

        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)
        targets = torch.as_tensor(other_classes(y, data.classes, seed))
        method = L2CarliniWagnerAttack(binary_search_steps=6, steps=200, stepsize=0.02, initial_const=0.1)
        criterion = TargetedMisclassification(eagerpy.astensor(targets))
        model = foolbox_model(twin, data)
        attacked = method.run(model, torch.as_tensor(x), criterion).numpy()
        reached = float((endpoint.labels(attacked) == targets.numpy()).mean())
        return self.outcome(endpoint, data, x, y, attacked, {"share at the target": reached})


@described("evasion", TABLE, "carlini-wagner-l0")
class L0(Evasion):
    """L2 again and again, each time without the values that mattered least, until no more are needed."""

    count = 50

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        samples, y = right_samples(endpoint, data, self.count)
        targets = torch.as_tensor(other_classes(y, data.classes, seed))
        x = torch.as_tensor(samples, dtype=torch.float64)
        mask = torch.ones_like(x)
        best, moved = x.clone(), x.clone()
        alive = torch.ones(len(x), dtype=torch.bool)
        for _ in range(28):

            def cost(z: Any, mask: Any = mask) -> Any:
                part = x + mask * (z - x)
                far = ((part - x) / data.span).square().sum(dim=1)
                return 0.02 * far + _hinge(twin, part, targets)

            found = x + mask * (_minimize(twin, data, moved, cost, 60, 0.2) - x)
            reached = _reached(twin, found, targets)
            best[alive & reached] = found[alive & reached]
            alive = alive & reached
            if not alive.any():
                break
            moved = torch.where(alive[:, None], found, moved)
            # A change's worth is its size times the gradient there (the paper's section VI.B).
            point = found.clone().requires_grad_(True)
            slope = torch.autograd.grad(_hinge(twin, point, targets).sum() + 0 * point.sum(), point)[0]
            worth = (slope.abs() + 1e-9) * (found - x).abs()
            worth = torch.where(slope.abs().sum(dim=1, keepdim=True) > 0, worth, (found - x).abs())
            allowed = mask.sum(dim=1)
            keep = (0.8 * allowed).floor().clamp(min=1).long()
            order = torch.where(mask > 0, worth, -1.0).argsort(dim=1, descending=True).argsort(dim=1)
            mask = torch.where(alive[:, None], (order < keep[:, None]).double() * mask, mask)
        attacked = best.numpy().astype(np.float32)
        reached_share = float((endpoint.labels(attacked) == targets.numpy()).mean())
        return self.outcome(endpoint, data, samples, y, attacked, {"share at the target": reached_share})


@described("evasion", TABLE, "carlini-wagner-linf")
class Linf(Evasion):
    """Penalizes what exceeds tau, which falls by a tenth as long as the attack succeeds."""

    count = 50

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        samples, y = right_samples(endpoint, data, self.count)
        targets = torch.as_tensor(other_classes(y, data.classes, seed))
        x = torch.as_tensor(samples, dtype=torch.float64)
        tau = torch.ones(len(x), dtype=torch.float64)
        best, moved = x.clone(), x.clone()
        alive = torch.ones(len(x), dtype=torch.bool)
        for _ in range(30):

            def cost(z: Any, tau: Any = tau) -> Any:
                over = ((z - x).abs() / data.span - tau[:, None]).clamp(min=0).sum(dim=1)
                return over + 5 * _hinge(twin, z, targets)

            found = _minimize(twin, data, moved, cost, 50, 0.05)
            # Exactly within tau, so that the bound is one.
            found = torch.minimum(
                torch.maximum(found, x - tau[:, None] * data.span), x + tau[:, None] * data.span
            ).clamp(data.lowest, data.highest)
            reached = _reached(twin, found, targets)
            best[alive & reached] = found[alive & reached]
            alive = alive & reached
            if not alive.any():
                break
            moved = torch.where(alive[:, None], found, moved)
            largest = (found - x).abs().amax(dim=1) / data.span
            tau = torch.where(alive, torch.minimum(tau, largest) * 0.9, tau)
        attacked = best.numpy().astype(np.float32)
        reached_share = float((endpoint.labels(attacked) == targets.numpy()).mean())
        return self.outcome(endpoint, data, samples, y, attacked, {"share at the target": reached_share})
