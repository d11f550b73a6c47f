# SPDX-License-Identifier: Apache-2.0
"""Examples that carry over to whatever sees: made on an ensemble with a blurred front end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from ..finding import Finding, wilson
from ..models import Data
from ..registry import described
from .common import Evasion, right_samples, step_attack
from .gradients import other_network
from .pictures import as_images, blurred
from .table import TABLE


class Seen(torch.nn.Module):  # type: ignore[misc]
    """A network behind a blur, as eyes see what is not in the middle for a short time."""

    def __init__(self, network: Any, data: Data) -> None:
        super().__init__()
        self.network, self.data = network, data

    def forward(self, x: Any) -> Any:
        return self.network(blurred(as_images(x, self.data), 0.7).flatten(1))


@described("evasion", TABLE, "people")
class People(Evasion):
    """No people were asked: a network that the attack didn't know, behind the same front end, stands for them."""

    count = 300
    needs_twin = False
    needs_image = True

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        members = [
            Seen(other_network(data, seed + place, width, 6000), data) for place, width in enumerate((60, 100, 160))
        ]
        held_out = Seen(other_network(data, seed + 100, 80, 6000), data)

        def ensemble(x: Any) -> Any:
            return torch.stack([member(x).log_softmax(dim=1) for member in members]).mean(dim=0)

        x, y = right_samples(endpoint, data, self.count)
        with torch.no_grad():
            still = held_out(torch.as_tensor(x)).argmax(dim=1).numpy() == y
        x, y = x[still], y[still]
        attacked = step_attack(ensemble, data, x, y, 0.25, 20, size=0.03)
        with torch.no_grad():
            guessed = held_out(torch.as_tensor(attacked)).argmax(dim=1).numpy()
        answered = endpoint.labels(attacked)
        both = int(((guessed != y) & (answered != y)).sum())
        same = float(((guessed == answered) & (answered != y)).mean())
        details = {
            "fool the endpoint": float((answered != y).mean()),
            "fool the network held out": float((guessed != y).mean()),
            "fool both to the same class": same,
        }
        finding = self.outcome(endpoint, data, x, y, attacked, details)
        return replace(finding, value=both / len(x), interval=wilson(both, len(x)), risk=both / len(x))
