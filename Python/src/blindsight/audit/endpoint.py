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


class SimulatedEndpoint(Endpoint):
    """A plan, simulated: the integers of the encrypted run, in the clear."""

    def __init__(self, plan: Any, only_labels: bool = False) -> None:
        super().__init__(plan.client.shape, _classes(plan.client), only_labels)
        self.plan = plan

    def _logits(self, samples: Array) -> Array:
        return self.plan.simulate(samples, clamp=True, progress=False).logits


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
