# SPDX-License-Identifier: Apache-2.0
"""DeepFool, universal perturbations and the Jacobian's saliency map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..finding import Finding, wilson
from ..plots import images
from ..registry import described
from .common import Evasion, margins, other_classes, right_samples, twin_of
from .table import TABLE


@described("evasion", TABLE, "deepfool", audits=True)
class DeepFool(Evasion):
    """foolbox's. A sample that stays right counts with its own norm."""

    count = 200

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        from foolbox.attacks import L2DeepFoolAttack

        from ..adapters import foolbox_model

        twin = twin_of(endpoint, data)
        x, y = right_samples(endpoint, data, self.count)
        model = foolbox_model(twin, data)
        attacked, _, _ = L2DeepFoolAttack(steps=50, overshoot=0.02)(
            model, torch.as_tensor(x), torch.as_tensor(y), epsilons=None
        )
        attacked = attacked.numpy()
        finding = self.outcome(endpoint, data, x, y, attacked)
        sizes = np.linalg.norm(x - data.lowest, axis=1)
        ratio = np.linalg.norm(attacked - x, axis=1) / np.maximum(sizes, 1e-9)
        ratio = np.where(endpoint.labels(attacked) != y, ratio, 1.0)
        half = 1.96 * float(ratio.std()) / len(ratio) ** 0.5
        mean = float(ratio.mean())
        details = {**finding.details, "success": finding.value}
        return replace(finding, value=mean, interval=(mean - half, mean + half), details=details)


@described("evasion", TABLE, "universal", audits=True)
class Universal(Evasion):
    """One change for all samples, by the sum of gradients over training samples, kept within the budget.

    The paper adds DeepFool's steps sample by sample; steps along the mean gradient (Shafahi et al., "Universal
    adversarial training", 2020) find the same in seconds.
    """

    count = 1000

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        flat = torch.as_tensor(data.train_x[:500].reshape(len(data.train_x[:500]), -1), dtype=torch.float64)
        with torch.no_grad():
            y = twin(flat).argmax(dim=1)
        budget = 0.25 * data.span
        change = torch.zeros(1, flat.shape[1], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.Adam([change], 0.02 * data.span)
        for _ in range(150):
            optimizer.zero_grad()
            moved = (flat + change).clamp(data.lowest, data.highest)
            # The margin, cut off: samples that are wrong already no longer count.
            margins(twin, moved, y).clamp(min=-1).mean().backward()
            optimizer.step()
            with torch.no_grad():
                change.clamp_(-budget, budget)
        kept = change.detach().numpy().astype(np.float32)
        samples = data.test_x[: self.count].reshape(len(data.test_x[: self.count]), -1)
        before = endpoint.labels(samples)
        attacked = np.clip(samples + kept, data.lowest, data.highest)
        after = endpoint.labels(attacked)
        fooled = int((before != after).sum())
        finding = self.outcome(endpoint, data, samples, before, attacked)
        plots = list(finding.plots)
        if data.image is not None:
            plots.append(images("the change", {"": kept.reshape(-1, *data.image)}))
        noise = np.where(np.random.default_rng(seed).random(kept.shape) < 0.5, -budget, budget).astype(np.float32)
        random = endpoint.labels(np.clip(samples + noise, data.lowest, data.highest))
        return replace(
            finding,
            value=fooled / len(samples),
            interval=wilson(fooled, len(samples)),
            plots=plots,
            details={**finding.details, "share by random signs": float((random != before).mean())},
        )


@described("evasion", TABLE, "jsma", audits=True)
class Saliency(Evasion):
    """Values moved to one of their ends, one after another, by the Jacobian's map, until the target is reached.

    The paper takes the pair with the largest product of the target's rise and the others' fall, and only raises. Such
    a pair often helps a third class more than the target, and a slope says little of a move as far as the end where
    the network squares. So the map is here the slope of the target's margin over the strongest other class times the
    move, in both directions, and the most promising moves are tried on the network before one is made.
    """

    count = 100
    share = 0.145
    tries = 16

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        samples, y = right_samples(endpoint, data, self.count)
        targets = torch.as_tensor(other_classes(y, data.classes, seed))
        moved = torch.as_tensor(samples, dtype=torch.float64)
        features = moved.shape[1]
        left = torch.ones_like(moved, dtype=torch.bool)
        for _ in range(int(self.share * features)):
            with torch.no_grad():
                places = torch.nonzero(twin(moved).argmax(dim=1) != targets)[:, 0]
            if len(places) == 0:
                break
            goals, point = targets[places], moved[places].clone().requires_grad_(True)
            slope = torch.autograd.grad(margins(twin, point, goals).sum(), point)[0]
            up, down = slope * (data.highest - moved[places]), slope * (data.lowest - moved[places])
            ends = torch.where(up >= down, data.highest, data.lowest).to(moved.dtype)
            promise = torch.where(left[places] & (ends != moved[places]), torch.maximum(up, down), -torch.inf)
            promised, candidates = promise.topk(min(self.tries, features), dim=1)
            tried = moved[places, None].repeat(1, candidates.shape[1], 1)
            tried.scatter_(2, candidates[:, :, None], ends.gather(1, candidates)[:, :, None])
            with torch.no_grad():
                reached = margins(twin, tried.flatten(0, 1), goals.repeat_interleave(candidates.shape[1]))
            best = torch.where(promised.isneginf(), -torch.inf, reached.reshape(candidates.shape)).argmax(dim=1)
            rows = torch.arange(len(places))
            moved[places] = tried[rows, best]
            left[places, candidates[rows, best]] = False
        attacked = moved.numpy().astype(np.float32)
        finding = self.outcome(endpoint, data, samples, y, attacked)
        hits = int((endpoint.labels(attacked) == targets.numpy()).sum())
        return replace(
            finding,
            value=hits / len(samples),
            interval=wilson(hits, len(samples)),
            details={**finding.details, "mean share of values": finding.details["mean changed values"] / features},
        )
