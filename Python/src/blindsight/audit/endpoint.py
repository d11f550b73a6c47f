# SPDX-License-Identifier: Apache-2.0
"""A served model as whoever asks it sees it: scores or labels, so many queries, so much time."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any, Callable, Optional

import numpy as np

from .._errors import InvalidArgument

# [n, ...] of numpy.
Array = Any


class OnlyLabels(InvalidArgument):
    """Scores were asked of an endpoint that tells labels alone."""


class Endpoint(ABC):
    """Answers queries, and counts them.

    classes: how many there are; labels are their places, from 0. only_labels: whether scores are refused.
    queries: samples answered so far. cost_seconds: time that took.
    """

    def __init__(self, shape: tuple[int, ...], classes: int, only_labels: bool = False) -> None:
        self.shape, self.classes, self.only_labels = tuple(shape), classes, only_labels
        self.queries = 0
        self.cost_seconds = 0.0

    @abstractmethod
    def _logits(self, samples: Array) -> Array:
        """The integers that a client decrypts, [n, outputs]."""

    def _answer(self, samples: Array) -> Array:
        samples = np.asarray(samples, np.float32).reshape(-1, *self.shape)
        begin = time.perf_counter()
        logits = np.asarray(self._logits(samples)).astype(np.float64)
        self.cost_seconds += time.perf_counter() - begin
        self.queries += len(samples)
        if logits.shape[1] == 1:
            # The sign decides between two classes.
            logits = np.concatenate([-logits, logits], axis=1)
        return logits

    def scores(self, samples: Array) -> Array:
        """[n, classes], float64: the decrypted integers. Samples outside of the plan's box are clamped to it.

        Raises OnlyLabels where the endpoint tells labels alone.
        """
        if self.only_labels:
            raise OnlyLabels("this endpoint tells labels and no scores", "scores")
        return self._answer(samples)

    def labels(self, samples: Array) -> Array:
        """[n], int64: the class of the largest score; of equal ones the first."""
        return self._answer(samples).argmax(axis=1)

    def accuracy(self, samples: Array, labels: Array) -> float:
        """The share of right labels."""
        return float((self.labels(samples) == np.asarray(labels)).mean())


def _classes(client: Any) -> int:
    description = client._description
    if not description["says_label"]:
        raise InvalidArgument("the plan predicts quantities: only classifiers are audited", "plan")
    return max(2, int(description["logit_width"]))


class Recorder:
    """A sample of what simulated endpoints are asked while it is on, so that encrypted ones can be asked the same.

    with Recorder(100) as recorder: ...; recorder.compare(). The sample is uniform over all queries of all endpoints
    (Vitter, "Random sampling with a reservoir", 1985, algorithm R).
    """

    active: Optional[Recorder] = None

    def __init__(self, count: int = 100, seed: int = 0) -> None:
        self.count, self.seen = count, 0
        self.kept: list[tuple[Any, Array, Array]] = []
        self._random = np.random.default_rng(seed)

    def __enter__(self) -> Recorder:
        if Recorder.active is not None:
            raise InvalidArgument("another recorder is on", "recorder")
        Recorder.active = self
        return self

    def __exit__(self, *_: object) -> None:
        Recorder.active = None

    def add(self, plan: Any, samples: Array, logits: Array) -> None:
        places = self._random.integers(0, self.seen + 1 + np.arange(len(samples)))
        for row, place in enumerate(places):
            if self.seen + row < self.count:
                self.kept.append((plan, samples[row].copy(), logits[row]))
            elif place < self.count:
                self.kept[int(place)] = (plan, samples[row].copy(), logits[row])
        self.seen += len(samples)

    def compare(self) -> dict[str, Any]:
        """Encrypts the sample, and says how many answers are the same integers as those that were simulated."""
        by_plan: dict[str, list[tuple[Any, Array, Array]]] = {}
        for entry in self.kept:
            by_plan.setdefault(entry[0].client.digest, []).append(entry)
        same = 0
        begin = time.perf_counter()
        for entries in by_plan.values():
            answers = EncryptedEndpoint(entries[0][0], threads=1)._logits(np.stack([entry[1] for entry in entries]))
            same += sum(int((answer == entry[2]).all()) for answer, entry in zip(answers, entries))
        seconds = round(time.perf_counter() - begin, 2)
        return {"queries": len(self.kept), "same": same, "plans": len(by_plan), "seconds": seconds}


class SimulatedEndpoint(Endpoint):
    """A plan, simulated: the integers of the encrypted run, in the clear."""

    def __init__(self, plan: Any, only_labels: bool = False) -> None:
        super().__init__(plan.client.shape, _classes(plan.client), only_labels)
        self.plan = plan

    def _logits(self, samples: Array) -> Array:
        logits = self.plan.simulate(samples, clamp=True, progress=False).logits
        if Recorder.active is not None:
            Recorder.active.add(self.plan, samples, logits)
        return logits


class EncryptedEndpoint(Endpoint):
    """A plan with keys of its own: each query is encrypted, answered and decrypted."""

    def __init__(self, plan: Any, only_labels: bool = False, threads: Optional[int] = None) -> None:
        from .. import Client, PreparedModel

        super().__init__(plan.client.shape, _classes(plan.client), only_labels)
        self.plan = plan
        self._client = Client(plan.client, threads=threads)
        model = PreparedModel(plan, threads=threads)
        self._server = model.server(self._client.evaluation_keys, threads=threads)

    def _logits(self, samples: Array) -> Array:
        request = self._client.encrypt(samples, clamp=True, progress=False)
        predictions: Any = self._client.decrypt(self._server.predict(request, progress=False))
        return predictions.logits


class RemoteEndpoint(Endpoint):
    """A model of a service, asked over HTTP; see `blindsight.connect` for the arguments.

    The plan of its network isn't known here: attacks that need it refuse this endpoint.
    """

    def __init__(self, url: str, model: str, only_labels: bool = False, **options: Any) -> None:
        from .. import Client, connect

        self._remote = connect(url, model, **options)
        super().__init__(self._remote.plan.shape, _classes(self._remote.plan), only_labels)
        self._client = Client(self._remote.plan)

    def _logits(self, samples: Array) -> Array:
        return self._remote.predict(self._client, samples, clamp=True, progress=False).logits


class TrainableEndpoint:
    """For rows that train: a function from training data to a plan, which each model is served by.

    train(samples, labels, seed) gives a `torch.nn.Module`, serve(module, samples, labels) its plan.
    """

    def __init__(self, train: Callable[..., Any], serve: Callable[..., Any]) -> None:
        self.train, self.serve = train, serve
        self.queries = 0

    def fit(self, samples: Array, labels: Array, seed: int = 0) -> tuple[Any, SimulatedEndpoint]:
        """A module trained on these, and the endpoint that serves it."""
        module = self.train(samples, labels, seed)
        return module, SimulatedEndpoint(self.serve(module, samples, labels))
