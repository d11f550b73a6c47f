# SPDX-License-Identifier: Apache-2.0
"""Budgets and a monitor of queries, for a server that can't read them.

A server counts what it answers, so a budget needs nobody's word. How queries are distributed only the client knows: the
monitor is fed by the client, and sees what it chooses to tell, here distances to its own earlier queries and never a
query. It finds programs that use an honest client as it is; a client that was changed tells what it likes.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from ..._errors import InvalidArgument
from ..extraction.jacobian import substitute
from ..finding import Expected, Finding, wilson
from ..registry import Row, register

Array = Any


class BudgetSpent(InvalidArgument):
    """A client has asked as much as it may."""


class QueryBudget:
    """So many samples for each client; a request that goes beyond is refused as a whole. It needs nobody's word."""

    def __init__(self, samples: int) -> None:
        if samples < 1:
            raise InvalidArgument(f"a budget of {samples} samples", "samples")
        self.samples = samples
        self._spent: dict[str, int] = {}

    def spend(self, client: str, samples: int) -> int:
        """What is left. Raises BudgetSpent and counts nothing where it would go beyond; a request of 0 is refused."""
        if samples < 1:
            raise InvalidArgument(f"a request of {samples} samples", "samples")
        spent = self._spent.get(client, 0) + samples
        if spent > self.samples:
            raise BudgetSpent(f"{samples} samples, and {self.samples - spent + samples} are left", client)
        self._spent[client] = spent
        return self.samples - spent


class Distances:
    """The client's half: each query's distance to the nearest earlier one of its class. Juuti et al., 2019, section V.

    Only queries that lie further out than usual (mean less deviation, which only grows) join what later ones are
    compared with, as the paper has it.
    """

    def __init__(self) -> None:
        # By class: room for queries, and how many are there.
        self._kept: dict[int, Array] = {}
        self._counts: dict[int, int] = {}
        self._lengths: dict[int, list[float]] = {}
        self._threshold: dict[int, float] = {}

    def add(self, query: Array, label: int) -> Optional[float]:
        """What is told of a query: a distance; None of the first of its class."""
        query = np.asarray(query, np.float32).ravel()
        count = self._counts.get(label, 0)
        if count == 0:
            self._keep(query, label)
            return None
        differences = self._kept[label][:count] - query
        distance = float(np.sqrt(np.einsum("ij,ij->i", differences, differences).min()))
        lengths = self._lengths.setdefault(label, [])
        if distance >= self._threshold.get(label, 0.0):
            self._keep(query, label)
            lengths.append(distance)
            usual = float(np.mean(lengths) - np.std(lengths))
            self._threshold[label] = max(self._threshold.get(label, 0.0), usual)
        return distance

    def _keep(self, query: Array, label: int) -> None:
        count = self._counts.get(label, 0)
        room = self._kept.get(label)
        if room is None or count == len(room):
            wider = np.empty((max(64, 2 * count), len(query)), np.float32)
            if room is not None:
                wider[:count] = room
            room = self._kept[label] = wider
        room[count] = query
        self._counts[label] = count + 1


class Monitor:
    """The server's half: an alarm once a client's distances are no longer near to normal, or not as long as usual.

    threshold: of Shapiro and Wilk's statistic, without what lies three deviations out. usual: between which median
    distances lie. least: distances before anything is said; every: how often it is looked at.
    """

    def __init__(
        self, threshold: float = 0.9, usual: tuple[float, float] = (0.0, np.inf), least: int = 100, every: int = 25
    ) -> None:
        self.threshold, self.usual, self.least, self.every = threshold, usual, least, every
        self._told: dict[str, list[float]] = {}

    @classmethod
    def of(cls, honest: list[list[float]], margin: float = 0.03) -> Monitor:
        """Set so that none of some honest clients' distances would have been an alarm at any time, with a margin."""
        made = cls()
        lowest, medians = 1.0, []
        for number, distances in enumerate(honest):
            for distance in distances:
                made._told.setdefault(str(number), []).append(distance)
                told = made._told[str(number)]
                if len(told) >= made.least and len(told) % made.every == 0:
                    lowest = min(lowest, made.statistic(str(number)))
                    medians.append(float(np.median(told)))
        if not medians:
            raise InvalidArgument(f"none of the clients told {made.least} distances", "honest")
        middle = float(np.median(medians))
        reach = 2 * max(abs(max(medians) - middle), abs(min(medians) - middle))
        return cls(lowest - margin, (middle - reach, middle + reach))

    def tell(self, client: str, distance: float) -> bool:
        """Whether there is an alarm. Distances below 0 or NaN are one."""
        told = self._told.setdefault(client, [])
        told.append(distance)
        if not np.isfinite(distance) or distance < 0:
            return True
        if len(told) < self.least or len(told) % self.every:
            return False
        low, high = self.usual
        return self.statistic(client) < self.threshold or not low <= float(np.median(told)) <= high

    def statistic(self, client: str) -> float:
        """W of Shapiro and Wilk (1965), from 0 to 1; 0 where all distances are one number."""
        from scipy.stats import shapiro

        values = np.array(self._told.get(client, ()))
        if len(values) < 3:
            raise InvalidArgument("fewer than three distances", client)
        kept = values[np.abs(values - values.mean()) <= 3 * values.std() + 1e-12]
        return 0.0 if np.ptp(kept) < 1e-9 else float(shapiro(kept[-5000:]).statistic)


def distances(queries: Array, labels: Array) -> list[float]:
    """What an unchanged client tells of its queries."""
    client = Distances()
    told = (client.add(query, int(label)) for query, label in zip(queries, labels))
    return [distance for distance in told if distance is not None]


def first_alarm(told: list[float], monitor: Monitor) -> Optional[int]:
    """Distances until the alarm; None: there was none."""
    fresh = Monitor(monitor.threshold, monitor.usual, monitor.least, monitor.every)
    return next((number + 1 for number, distance in enumerate(told) if fresh.tell("client", distance)), None)


@register
class QueryMonitor(Row):
    name = "query-monitor"
    group = "defence"
    paper = "Juuti et al., PRADA: protecting against DNN model stealing attacks, 2019"
    threat = "extracts the model through an unchanged client, which tells the monitor distances"
    budget = "1,000 queries a client; 20 clients that ask honestly"
    headline = "all known attacks found, no false positives, MNIST and traffic signs"
    metric = "Jacobian and made-up extraction found, less the share of false alarms"
    expected = Expected(1.0, 0.05, comparable=False)
    subject = "mnist-small"
    audits = True
    clients, queries = 20, 1000

    def applies(self, endpoint: Any, data: Any) -> Optional[str]:
        return "honest clients ask a thousand different samples" if len(data.test_x) < 4 * self.queries else None

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        random = np.random.default_rng(seed)
        x = data.test_x.reshape(len(data.test_x), -1)

        def ask(queries: Array) -> list[float]:
            return distances(queries, endpoint.labels(queries))

        def honest(pool: Array) -> list[float]:
            return ask(pool[random.permutation(len(pool))[: self.queries]])

        half = len(x) // 2
        # Set by some honest clients, measured on others, of other images.
        monitor = Monitor.of([honest(x[:half]) for _ in range(self.clients)])
        alarms = [first_alarm(honest(x[half:]), monitor) for _ in range(self.clients)]
        attacks: dict[str, Array] = {}
        for number, step in enumerate((0.1, 0.25)):
            _, asked = substitute(endpoint, data, x[:100], self.queries, seed + number, step)
            attacks[f"Jacobian augmentation, steps of {step}"] = asked
        span = (data.lowest, data.highest)
        attacks["uniform noise"] = random.uniform(*span, (self.queries, x.shape[1])).astype(np.float32)
        lines = np.linspace(0, 1, self.queries, dtype=np.float32)[:, None]
        attacks["a line between two images"] = x[:1] * (1 - lines) + x[1:2] * lines
        found = {name: first_alarm(ask(asked), monitor) for name, asked in attacks.items()}
        unseen = first_alarm(honest(data.train_x.reshape(len(data.train_x), -1)), monitor)
        false = sum(alarm is not None for alarm in alarms)
        caught = sum(alarm is not None for alarm in found.values())
        value = caught / len(found) - false / self.clients
        return Finding(
            self.name,
            self.metric,
            value,
            wilson(caught, len(found)),
            queries=endpoint.queries,
            details={
                "distances until the alarm (none: no alarm)": found,
                "knockoff with like images": unseen,
                "false alarms of honest clients": false,
                "honest clients": self.clients,
                "least statistic, usual medians": [round(v, 4) for v in (monitor.threshold, *monitor.usual)],
                "what the server sees": "distances that the client tells, and how many samples it answers",
            },
            risk=1 - max(0.0, value),
            remedy="Budgets hold whatever a client tells; the monitor finds who uses the client as it is. Queries "
            "that look like honest ones are not told: only a budget caps these.",
        )
