# SPDX-License-Identifier: Apache-2.0
"""Work on a cluster: units that are done once each, by actors that keep what they need, with errors unit by unit.

A unit is a row that says what is to be done and where its result goes. Results are files that appear whole, so a unit
whose worker died is done again elsewhere, and one that was done is found done. Bytes go from the file to the worker and
back; what goes through the driver is names and counts.
"""

from __future__ import annotations

import logging
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

import ray
import ray.data
import ray.exceptions

from .._errors import BlindsightError, InvalidArgument
from .._progress import ProgressOption, _Bar, _listener

Unit = dict[str, Any]

# A unit whose worker ended so often is no accident: the others go on without it.
_ATTEMPTS = 10


@dataclass
class Report:
    """What a run did.

    files: the results, one for each file that was given.
    groups, samples: in all of them.
    resumed: groups whose results were there before.
    """

    files: list[str] = field(default_factory=list)
    groups: int = 0
    samples: int = 0
    resumed: int = 0

    def add(self, row: Unit) -> None:
        self.groups += row["groups"]
        self.samples += row["samples"]
        self.resumed += row["groups"] if row["done"] else 0


class Failures:
    """Errors of units. The others go on."""

    def __init__(self) -> None:
        self._first: Optional[BaseException] = None
        self._count = 0

    def add(self, error: bytes) -> None:
        self._count += 1
        self._first = self._first or pickle.loads(error)

    def require_none(self, what: str) -> None:
        """Raises the first error, once all else is done."""
        if self._first is None:
            return
        note = f"{self._count} of {what} failed, this is the first; the others are done, and stay"
        if isinstance(self._first, BlindsightError):
            first = self._first
            raise type(first)(f"{first.what} ({note})", first.where, first.remedies) from first
        raise BlindsightError(f"{self._first!r} ({note})") from self._first


def guarded(work: Callable[[Unit], Unit], unit: Unit) -> Unit:
    """What became of a unit; an error is part of it, and says where."""
    try:
        return {**unit, **work(unit), "error": b""}
    except Exception as error:
        try:
            text = pickle.dumps(error)
            pickle.loads(text)
        except Exception:
            text = pickle.dumps(BlindsightError(repr(error)))
        return {**unit, "error": text}


class _Attempts:
    """How often each unit was begun."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def begin(self, unit: int) -> int:
        self._counts[unit] += 1
        return self._counts[unit]


class Worker:
    """Base of actors. Ray starts one that died again, and gives it what it was working on, without an end."""

    attempts: Any

    def work(self, unit: Unit) -> Unit:
        raise NotImplementedError

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return _batch_of(guarded(self._begin, _row_of(batch)))

    def _begin(self, unit: Unit) -> Unit:
        if self._attempt(unit["unit"]) > _ATTEMPTS:
            raise BlindsightError(
                f"its worker ended {_ATTEMPTS} times: too little memory is the usual reason", unit["target"]
            )
        return self.work(unit)

    def _attempt(self, unit: int) -> int:
        try:
            return int(ray.get(self.attempts.begin.remote(unit), timeout=5))
        except ray.exceptions.RayError:
            # Lost with its machine. Work goes on uncounted.
            return 1


def _row_of(batch: dict[str, Any]) -> Unit:
    """The one row of a batch of numpy's."""
    return {key: values[0].item() if hasattr(values[0], "item") else values[0] for key, values in batch.items()}


def _batch_of(row: Unit) -> dict[str, list[Any]]:
    return {key: [value] for key, value in row.items()}


def check_workers(workers: Optional[int], cpus: int) -> None:
    if workers is not None and workers < 1:
        raise InvalidArgument(f"{workers}; at least 1, or None for as many as the cluster has room for", "workers")
    if cpus < 1:
        raise InvalidArgument(f"{cpus}; at least 1", "cpus_per_worker")


def survey(rows: Sequence[Unit], work: Callable[[Unit], Iterable[Unit]]) -> list[Unit]:
    """All that `work` makes of the rows, in tasks."""

    def mapped(row: Unit) -> list[Unit]:
        return list(work(row))

    task = ray.remote(mapped).options(name="survey", max_retries=_ATTEMPTS)
    window = 4 * max(4, _cores())
    found: list[Unit] = []
    for start in range(0, len(rows), window):
        for units in ray.get([task.remote(row) for row in rows[start : start + window]]):
            found += units
    return found


def _cores() -> int:
    return int(ray.cluster_resources().get("CPU", 1))


def run(
    units: Sequence[Unit],
    worker: type[Worker],
    arguments: dict[str, Any],
    *,
    workers: Optional[int],
    cpus: int,
) -> Iterator[Unit]:
    """What actors made of the units, as they come to their ends.

    arguments: of the workers' constructor, and `attempts` too: small, or references, since every restart needs them.
    workers: actors; None: as many as there is room for, also where the cluster grows.
    """
    if not units:
        return
    # A block a unit: what is lost with a worker is what it was working on.
    numbered = [{**unit, "unit": index} for index, unit in enumerate(units)]
    data = ray.data.from_items(numbered, override_num_blocks=len(units))
    attempts = ray.remote(_Attempts).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
    if workers is None:
        now = max(1, min(len(units), _cores() // cpus))
        pool = ray.data.ActorPoolStrategy(min_size=now, max_size=len(units), max_tasks_in_flight_per_actor=2)
    else:
        pool = ray.data.ActorPoolStrategy(size=min(workers, len(units)), max_tasks_in_flight_per_actor=2)
    mapped = data.map_batches(
        worker,
        batch_size=1,
        compute=pool,
        fn_constructor_kwargs={**arguments, "attempts": attempts},
        num_cpus=cpus,
    )
    with _quiet():
        yield from mapped.iter_rows()


class _quiet:
    """Without Ray Data's own bars and lines, which count blocks."""

    def __enter__(self) -> None:
        self._context = ray.data.DataContext.get_current()
        self._log = logging.getLogger("ray.data")
        self._before = (self._context.enable_progress_bars, self._log.level)
        self._context.enable_progress_bars = False
        self._log.setLevel(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        self._context.enable_progress_bars = self._before[0]
        self._log.setLevel(self._before[1])


class Progress:
    """Groups that are done, as the user wants to see them."""

    def __init__(self, option: ProgressOption, title: str, total: int) -> None:
        self._listener = _listener(option, title)
        self._total = total

    def __call__(self, done: int) -> None:
        if self._listener is not None:
            self._listener(None, done, self._total)

    def close(self) -> None:
        if isinstance(self._listener, _Bar):
            self._listener.close()
