# SPDX-License-Identifier: Apache-2.0
"""What the extraction rows share: copies trained on answers, and how far they agree with the endpoint."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

Array = Any

# What an endpoint may be made to answer: its integers, these rounded to eight bits of their range, or the label.
OUTPUTS = ("scores", "rounded", "labels")


def answers(scores: Array, output: str) -> Array:
    """[n, classes] of what a client is left with. Labels as one-hot rows."""
    if output == "scores":
        return scores
    if output == "rounded":
        step = max(float(np.abs(scores).max()) / 127, 1.0)
        return np.round(scores / step) * step
    return np.eye(scores.shape[1])[scores.argmax(axis=1)]


def copy_network(data: Any, classes: int, seed: int) -> Any:
    """A dense network of 128 ReLUs: what attackers take who don't know the architecture.

    data: says how samples are scaled: images by their span, columns of tables each by its own deviation.
    """
    import torch

    class Scaled(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self, offset: Any, width: Any) -> None:
            super().__init__()
            self.register_buffer("offset", torch.as_tensor(offset, dtype=torch.float32))
            self.register_buffer("width", torch.as_tensor(width, dtype=torch.float32))

        def forward(self, x: Any) -> Any:
            return (x - self.offset) / self.width

    if data.image is None:
        flat = np.asarray(data.train_x).reshape(len(data.train_x), -1)
        width = flat.std(axis=0)
        scaled = Scaled(flat.mean(axis=0), np.where(width > 0, width, 1))
    else:
        scaled = Scaled(data.lowest, data.span)
    torch.manual_seed(seed)
    inputs = int(np.prod(data.train_x.shape[1:]))
    return torch.nn.Sequential(scaled, torch.nn.Linear(inputs, 128), torch.nn.ReLU(), torch.nn.Linear(128, classes))


def train_copy(module: Any, x: Array, targets: Array, *, labels: bool, seed: int, steps: int = 800) -> Any:
    """The network, trained on answers: scores by squared error in units of their deviation, labels by cross entropy."""
    import torch

    inputs = torch.as_tensor(np.asarray(x, np.float32).reshape(len(x), -1))
    wanted = torch.as_tensor(np.asarray(targets, np.float32))
    if labels:
        places = wanted.argmax(dim=1)
    else:
        wanted = (wanted - wanted.mean()) / (wanted.std() + 1e-9)
    optimizer = torch.optim.Adam(module.parameters(), 1e-3, weight_decay=1e-4)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        part = torch.randint(len(inputs), (min(64, len(inputs)),), generator=generator)
        out = module(inputs[part])
        if labels:
            loss = torch.nn.functional.cross_entropy(out, places[part])
        else:
            loss = torch.nn.functional.mse_loss(out, wanted[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return module.eval()


def predicted(module: Any, x: Array) -> Array:
    """[n]: the labels that a copy gives."""
    import torch

    with torch.no_grad():
        return module(torch.as_tensor(np.asarray(x, np.float32).reshape(len(x), -1))).argmax(dim=1).numpy()


def queries_to(curve: dict[int, float], agreement: float) -> Optional[int]:
    """The fewest queries that reach an agreement; None: none of the curve's does."""
    return min((count for count, value in curve.items() if value >= agreement), default=None)
