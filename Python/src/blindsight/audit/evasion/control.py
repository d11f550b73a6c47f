# SPDX-License-Identifier: Apache-2.0
"""A cart with a pole: the control task of the attacks on policies.

Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult learning control problems" (1983).
"""

from __future__ import annotations

from typing import Any

import numpy as np

# The usual range of position, speed, angle and its speed: observations are divided by these.
RANGES = np.array([2.4, 3.0, 0.21, 3.0])
STEPS = 200


class CartPole:
    """Many carts at once. state: [n, 4]; alive: those whose pole stands and that are on the track."""

    def __init__(self, count: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.state = self._random.uniform(-0.05, 0.05, (count, 4))
        self.alive = np.ones(count, bool)

    @property
    def observations(self) -> Any:
        """[n, 4], from -1 to 1, float32."""
        return np.clip(self.state / RANGES, -1, 1).astype(np.float32)

    def step(self, actions: Any) -> Any:
        """0 pushes left, 1 right. Returns which are alive."""
        gravity, cart, pole, half, force, time = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
        _, speed, angle, turn = self.state.T
        push = np.where(np.asarray(actions) == 1, force, -force)
        sine, cosine = np.sin(angle), np.cos(angle)
        part = (push + pole * half * turn**2 * sine) / (cart + pole)
        turning = (gravity * sine - cosine * part) / (half * (4 / 3 - pole * cosine**2 / (cart + pole)))
        moving = part - pole * half * turning * cosine / (cart + pole)
        rates = np.stack([speed, moving, turn, turning], axis=1)
        self.state = np.where(self.alive[:, None], self.state + time * rates, self.state)
        self.alive &= (np.abs(self.state[:, 0]) <= 2.4) & (np.abs(self.state[:, 2]) <= 0.21)
        return self.alive


def teacher(observations: Any) -> Any:
    """A linear rule that balances: the sign of a weighted sum of the state."""
    return ((observations * RANGES) @ np.array([0.15, 0.5, 10.0, 2.0]) > 0).astype(np.int64)


def wrecker(observations: Any) -> Any:
    """The attacker's policy: what the rule wouldn't do."""
    return 1 - teacher(observations)


def returns(choose: Any, count: int = 20, seed: int = 0, disturb: Any = None) -> float:
    """Mean steps until the end, at most 200. choose: from observations to actions. disturb: of observations."""
    carts = CartPole(count, seed)
    total = 0
    for _ in range(STEPS):
        seen = carts.observations if disturb is None else disturb(carts.observations)
        total += int(carts.step(choose(seen)).sum())
        if not carts.alive.any():
            break
    return total / count


def lessons(count: int, seed: int) -> tuple[Any, Any]:
    """Observations around where the rule keeps a cart, and what it does there."""
    random = np.random.default_rng(seed)
    x = np.clip(random.normal(0, 0.4, (count, 4)), -1, 1).astype(np.float32)
    return x, teacher(x)
