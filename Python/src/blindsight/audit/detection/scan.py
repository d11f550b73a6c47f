# SPDX-License-Identifier: Apache-2.0
"""A plan's network, looked through for triggers: the smallest stamp that leads to each class."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..evasion.common import Evasion, twin_of
from ..finding import Finding, wilson
from ..models import Data
from ..plots import images
from ..poisoning.backdoors import TARGET, stamped_set
from ..poisoning.common import Maker, Poisoning, flat, stamped
from ..poisoning.table import TABLE
from ..registry import described

SUSPICIOUS = 2.0
REMEDY = (
    "A class to which a tiny stamp leads: don't serve this network. Look through its training set "
    "(activation-clustering, spectral-signatures), and train anew."
)


def smallest_stamps(twin: Any, data: Data, samples: Any, steps: int = 200) -> tuple[Any, Any, Any]:
    """Of each class the mask's norm, the mask, and the share of samples that it leads there.

    x' = (1 - m) x + m p with m and p from 0 to 1; min cross entropy + weight |m|_1, whose weight follows the success
    (Wang et al., section IV). samples: [n, values], of all classes.
    """
    x = (torch.as_tensor(np.asarray(samples, np.float64)) - data.lowest) / data.span
    features = x.shape[1]
    norms, masks, shares = [], [], []
    for label in range(data.classes):
        torch.manual_seed(label)
        raw_mask = torch.full((features,), -2.0, dtype=torch.float64, requires_grad=True)
        raw_pattern = torch.zeros(features, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.Adam([raw_mask, raw_pattern], 0.1, betas=(0.5, 0.9))
        weight = 1e-3
        best: tuple[float, Any, float] = (float("inf"), None, 0.0)
        wanted = torch.full((len(x),), label)
        for step in range(steps):
            mask, pattern = torch.sigmoid(raw_mask), torch.sigmoid(raw_pattern)
            scores = twin(data.lowest + data.span * ((1 - mask) * x + mask * pattern))
            share = float((scores.argmax(dim=1) == label).double().mean())
            norm = float(mask.detach().sum())
            if share >= 0.95 and norm < best[0]:
                best = (norm, mask.detach().numpy().copy(), share)
            loss = torch.nn.functional.cross_entropy(scores, wanted) + weight * mask.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 10 == 9:
                weight *= 1.5 if share >= 0.95 else 1 / 1.5
        norms.append(best[0] if best[1] is not None else float(features))
        masks.append(best[1] if best[1] is not None else np.ones(features))
        shares.append(best[2])
    return np.array(norms), np.array(masks), np.array(shares)


def anomaly(norms: Any) -> Any:
    """How far each norm lies below the median, in median absolute deviations; negative above it.

    A deviation counts as at least a fifth of the median: where all norms are nearly the same, a small difference is
    none, and an index of 2 takes a stamp of at most three fifths of the usual one.
    """
    middle = np.median(norms)
    spread = max(1.4826 * np.median(np.abs(norms - middle)), 0.2 * middle, 1e-9)
    return (middle - norms) / spread


@described("poisoning", TABLE, "plan-scan", subject="mnist", audits=True)
class PlanScan(Evasion):
    """Of the plan that is audited."""

    count = 200

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        samples = data.test_x[: self.count].reshape(len(data.test_x[: self.count]), -1)
        norms, masks, shares = smallest_stamps(twin, data, samples)
        index = anomaly(norms)
        worst = int(index.argmax())
        details = {
            "L1 norm of each class's stamp": [round(float(norm), 2) for norm in norms],
            "share that it leads there": [round(float(share), 3) for share in shares],
            "class with the largest index": worst,
        }
        plots = [] if data.image is None else [images("masks", {"": masks.reshape(-1, *data.image)})]
        value = float(index[worst])
        suspicious = value >= SUSPICIOUS
        return Finding(
            self.name,
            self.metric,
            value,
            details=details,
            plots=plots,
            risk=0.9 if suspicious else 0.05,
            remedy=REMEDY if suspicious else "",
        )


@described("poisoning", TABLE, "trigger-scan")
class TriggerScan(Poisoning):
    """Two clean networks and two with a backdoor. An infected one is judged right where its target is named, too."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        data = flat(data, 6000, 1000)
        maker = Maker(data, epochs=8)
        right, details = 0, {}
        for infected in (False, True):
            for place in (0, 1):
                x, y = data.train_x, data.train_y
                if infected:
                    x, y, _ = stamped_set(data, 0.1, seed + place)
                _, served = maker.fit(x, y, seed + place)
                twin = twin_of(served, data)
                norms, _, _ = smallest_stamps(twin, data, data.test_x[:150])
                index = anomaly(norms)
                reported = int(index.argmax()) if index.max() >= SUSPICIOUS else None
                right += int(reported == (TARGET if infected else None))
                name = f"{'infected' if infected else 'clean'} {place}"
                details[name] = {
                    "index": round(float(index.max()), 2),
                    "reported": reported,
                    "norms": [round(float(norm), 1) for norm in norms],
                    "stamped taken for the target": float((served.labels(stamped(data.test_x)) == TARGET).mean()),
                }
        value = right / 4
        return Finding(
            self.name, self.metric, value, wilson(right, 4), 0.0, maker.queries, details, [], 1 - value, REMEDY
        )
