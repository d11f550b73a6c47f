# SPDX-License-Identifier: Apache-2.0
"""Attacks on an encrypted policy: a network that steers, whose observations somebody changes."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import torch

from ..endpoint import SimulatedEndpoint
from ..finding import Finding
from ..models import polynomial_network, serve, train
from ..plots import line
from ..registry import described
from ..twin import Twin
from .common import Evasion, gradient
from .control import CartPole, lessons, returns, wrecker
from .table import TABLE

REMEDY = (
    "Authenticate sensors, compare observations with what physics allows from the last ones, and train on disturbed "
    "observations. Whoever can change observations before encryption steers the policy."
)


class _Policy(Evasion):
    """Rows that train and serve a policy of their own."""

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        return None


@described("evasion", TABLE, "policy", subject=None)
class Policy(_Policy):
    """One step along the gradient of the action that the policy would take."""

    reach = 0.05

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        x, y = lessons(4000, seed)
        network = train(polynomial_network((4, 16, 2), seed), x, y, epochs=20, rate=5e-3, seed=seed)
        served = SimulatedEndpoint(serve(network, x))
        twin = Twin(served.plan).soften(x[:200])

        def attack(budget: float) -> Any:
            def disturb(seen: Any) -> Any:
                points = torch.as_tensor(seen, dtype=torch.float64)
                with torch.no_grad():
                    actions = twin(points).argmax(dim=1)
                # The range is 2 wide.
                return (points + 2 * budget * gradient(twin, points, actions).sign()).clamp(-1, 1).numpy()

            return disturb

        def noise(seen: Any) -> Any:
            signs = np.sign(np.random.default_rng(seed).normal(size=seen.shape))
            return np.clip(seen + 2 * self.reach * signs, -1, 1)

        whole = returns(served.labels, seed=seed)
        budgets = (0.01, 0.02, 0.05, 0.1)
        left = [returns(served.labels, seed=seed, disturb=attack(budget)) for budget in budgets]
        lost = 1 - left[budgets.index(self.reach)] / whole
        details = {
            "return": whole,
            "return under random signs": returns(served.labels, seed=seed, disturb=noise),
            **{f"return at {budget:g}": value for budget, value in zip(budgets, left)},
        }
        plot = line("return against the budget", {"": ((0.0, *budgets), (whole, *left))}, "budget", "steps")
        lost = min(1.0, max(0.0, lost))
        return Finding(self.name, self.metric, lost, None, 0.0, served.queries, details, [plot], lost, REMEDY)


@described("evasion", TABLE, "policy-induction", subject=None)
class PolicyInduction(_Policy):
    """A learner of action values (Mnih et al., 2015), whose observations are changed while it learns.

    The attacker keeps a copy of the network, and moves each observation so that the copy takes the attacker's action.
    At the end the learner is served, and meets fresh carts.
    """

    reach = 0.1
    steps = 2500

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        clean, clean_share = self._learn(seed, attacked=False)
        led, led_share = self._learn(seed, attacked=True)
        details = {
            "share that follows, in training": led_share,
            "share that would have followed, untouched": clean_share,
        }
        shares, queries = {}, 0
        for name, network in (("untouched", clean), ("led", led)):
            x, _ = lessons(300, seed)
            served = SimulatedEndpoint(serve(network, x))
            copy = Twin(served.plan).soften(x[:200])
            carts, follow, count = CartPole(50, seed + 7), 0, 0
            steps = 0
            for _ in range(200):
                if not carts.alive.any():
                    break
                true = carts.observations
                actions = served.labels(self._moved(copy, true))
                follow += int((actions == wrecker(true))[carts.alive].sum())
                count += int(carts.alive.sum())
                steps += int(carts.step(actions).sum())
            shares[name] = follow / max(1, count)
            details[f"steps, {name}, disturbed"] = steps / 50
            details[f"steps, {name}, left alone"] = returns(served.labels, 50, seed + 7)
            queries += served.queries
        share = shares["led"]
        details["share that follows, of the untouched learner under the same disturbance"] = shares["untouched"]
        return Finding(self.name, self.metric, share, None, 0.0, queries, details, [], share, REMEDY)

    def _moved(self, copy: Any, true: Any) -> Any:
        points = torch.as_tensor(true, dtype=torch.float64)
        wanted = torch.as_tensor(wrecker(true))
        moved = points
        for _ in range(4):
            moved = moved - self.reach / 2 * gradient(copy, moved, wanted).sign()
            moved = torch.minimum(torch.maximum(moved, points - 2 * self.reach), points + 2 * self.reach)
        return moved.clamp(-1, 1).numpy().astype(np.float32)

    def _learn(self, seed: int, attacked: bool) -> tuple[Any, float]:
        torch.manual_seed(seed)
        random = np.random.default_rng(seed)
        network, fixed = polynomial_network((4, 24, 2), seed), polynomial_network((4, 24, 2), seed)
        optimizer = torch.optim.Adam(network.parameters(), 2e-3)
        carts, memory = CartPole(8, seed), []
        followed: list[float] = []
        seen = carts.observations
        for step in range(self.steps):
            if step % 100 == 0:
                fixed.load_state_dict(network.state_dict())
            true = carts.observations
            with torch.no_grad():
                actions = network(torch.as_tensor(seen)).argmax(dim=1).numpy()
            chance = max(0.05, 1 - step / 600)
            actions = np.where(random.random(8) < chance, random.integers(0, 2, 8), actions)
            if step > self.steps * 0.8:
                followed.append(float((actions == wrecker(true)).mean()))
            alive = carts.step(actions).copy()
            after = carts.observations
            after = self._moved(lambda x: fixed(x.float()), after) if attacked else after
            memory.append((seen, actions, alive.astype(np.float32), after))
            fallen = ~alive
            if fallen.any():
                carts.state[fallen] = random.uniform(-0.05, 0.05, (int(fallen.sum()), 4))
                carts.alive[:] = True
                after = np.where(fallen[:, None], carts.observations, after)
            seen = after
            if step < 50:
                continue
            chosen = [memory[place] for place in random.integers(max(0, len(memory) - 2000), len(memory), 8)]
            x, taken, stands, then = (torch.as_tensor(np.concatenate(part)) for part in zip(*chosen))
            with torch.no_grad():
                worth = 0.1 * stands + 0.95 * stands * fixed(then).max(dim=1).values.clamp(0, 2)
            guess = network(x).gather(1, taken[:, None])[:, 0]
            loss = torch.nn.functional.smooth_l1_loss(guess, worth)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
            optimizer.step()
        return network.eval(), float(np.mean(followed))
