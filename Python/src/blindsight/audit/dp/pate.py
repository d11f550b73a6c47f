# SPDX-License-Identifier: Apache-2.0
"""PATE: teachers on disjoint parts of the data vote on public images, and a student learns from noisy winners."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from ..._errors import InvalidArgument
from ..._models import need
from ..finding import Expected, Finding
from ..models import train
from ..registry import register
from .accounting import Ledger
from .discrete import DiscreteGaussian, DiscreteLaplace
from .measuring import curve, measure
from .networks import polynomial_network, split_mnist
from .rows import DELTA, PrivateRow
from .shapes import gradient_histograms, neighbours, representatives, spread
from .votes import (
    ClearVotes,
    PaillierVotes,
    VoteSum,
    charge_check,
    charge_labels,
    cost_to_key_holder,
    refuse_few,
)

TEACHERS, CLASSES = 250, 10


def teachers_votes(features: Any, labels: Any, asked: Any, teachers: int, classes: int, seed: int = 0) -> Any:
    """[teachers, queries]: each teacher is a ridge classifier of its own part of the records."""
    refuse_few(teachers)
    order = np.random.default_rng(seed).permutation(len(features))
    votes = []
    for part in np.array_split(order, teachers):
        x, y = np.asarray(features[part], np.float64), np.eye(classes)[labels[part]]
        middle, share = x.mean(axis=0), y.mean(axis=0)
        x = x - middle
        products = x @ x.T
        weights = x.T @ np.linalg.solve(products + 0.1 * np.trace(products) / len(x) * np.eye(len(x)), y - share)
        votes.append(((np.asarray(asked, np.float64) - middle) @ weights + share).argmax(axis=1))
    return np.stack(votes)


@dataclass
class Answers:
    """places: of the public samples that were answered; labels: the answers. counts: exact, of these; asked_counts: of
    all that were asked. They are for measuring alone: no party of the protocol has them."""

    places: Any
    labels: Any
    counts: Any
    asked_counts: Any


def confident_answers(
    votes: Any,
    places: Any,
    parties: VoteSum,
    noise: Any,
    classes: int,
    check: Optional[DiscreteGaussian] = None,
    threshold: int = 0,
    most: Optional[int] = None,
) -> Answers:
    """Noisy winners; with a `check` of those questions alone whose largest noisy count reaches the threshold
    (Confident-GNMax). At most `most` questions are answered; those after are not asked."""
    exact = (votes[:, :, None] == np.arange(classes)).sum(axis=0)
    kept = np.arange(len(places))
    asked = len(places)
    if check is not None:
        confident = parties.noisy_counts(votes, classes, check).max(axis=1) >= threshold
        kept = np.flatnonzero(confident)
        if most is not None and len(kept) > most:
            kept = kept[:most]
    elif most is not None:
        kept = kept[:most]
        asked = len(kept)
    if len(kept) == 0:
        raise InvalidArgument("no question was answered: the threshold is too high", "threshold")
    noisy = parties.noisy_counts(votes[:, kept], classes, noise)
    return Answers(np.asarray(places)[kept], noisy.argmax(axis=1), exact[kept], exact[:asked])


def student(images: Any, labels: Any, seed: int = 0) -> Any:
    """A polynomial network of one convolution and one square, by cross entropy, on shifted copies too."""
    torch = need("torch", "training")
    torch.manual_seed(seed)
    convolution = torch.nn.Conv2d(1, 12, 5, stride=2, padding=1)
    square = polynomial_network((1, 1, 1), seed)[1]
    layers = [torch.nn.Unflatten(1, (1, 28, 28)), convolution, square, torch.nn.Flatten(), torch.nn.Linear(2028, 10)]
    grid = np.asarray(images).reshape(-1, 28, 28)
    shifts = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    moved = np.concatenate([np.roll(grid, shift, axis=(1, 2)).reshape(len(grid), -1) for shift in shifts])
    network = torch.nn.Sequential(*layers)
    return train(network, moved, np.tile(labels, len(shifts)), epochs=6, batch=128, rate=3e-3, seed=seed)


class _Pate(PrivateRow):
    threat = "sees the student; the key's holder sees noisy counts too, and the aggregator ciphertexts"

    def _answers(self, votes: Any, places: Any, parties: VoteSum, ledgers: tuple[Ledger, Ledger]) -> Answers:
        """ledgers: of who sees the student, and of the key's holder."""
        raise NotImplementedError

    def _questions(self) -> int:
        raise NotImplementedError

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        members, strangers, outsiders, (public, truth) = split_mnist(9000)
        secret, shown = gradient_histograms(members[0]), gradient_histograms(public)
        places = representatives(shown, self._questions(), seed)
        votes = teachers_votes(secret, members[1], shown[places], TEACHERS, CLASSES, seed)
        parties = PaillierVotes(source=random.Random(seed))
        labels, holder = Ledger(), Ledger()
        answers = self._answers(votes, places, parties, (labels, holder))
        clear = self._answers(votes, places, ClearVotes(random.Random(seed)), (Ledger(), Ledger()))
        if not np.array_equal(answers.labels, clear.labels):
            raise AssertionError("votes under Paillier and in the clear gave other labels")
        graph = neighbours(shown)
        spreads, sure = spread(graph, answers.places, answers.labels, CLASSES)
        chosen = sure >= np.quantile(sure, 0.05)
        network = student(public[chosen], spreads[chosen], seed)
        served = measure(network, (public[:300], spreads[:300]), members, outsiders, strangers)
        each = (votes == truth[places]).mean(axis=1)
        details = {
            "teachers": TEACHERS,
            "a teacher's accuracy on the questions": round(float(each.mean()), 4),
            "questions": len(answers.asked_counts),
            "answers": len(answers.labels),
            "answers that are right": round(float((answers.labels == truth[answers.places]).mean()), 4),
            "labels right after spreading": round(float((spreads == truth).mean()), 4),
            "epsilon to the key's holder": round(holder.epsilon(DELTA), 3),
            "MB of encrypted votes": round(parties.bytes_of_votes / 1e6, 2),
        }
        gaps = np.sort(answers.counts, axis=1)
        plot = curve(
            "Votes for the winner, and for the second",
            "question, by votes for the winner",
            "votes",
            [
                (name, list(range(len(gaps))), list(np.sort(gaps[:, -place])))
                for name, place in (("winner", 1), ("second", 2))
            ],
        )
        return self.found(
            served,
            labels.epsilon(DELTA),
            DELTA,
            details,
            [("votes", plot)] if plot else [],
            remedy="its epsilon depends on the votes: publish the key holder's, or none",
        )


@register
class Pate(_Pate):
    """Noise of Laplace, of whole numbers, on each count."""

    name = "pate"
    paper = "Papernot and others, Semi-supervised knowledge transfer for deep learning from private training data, 2017"
    budget = "250 teachers, 100 questions, noise of scale 20, delta 1e-5"
    headline = "98.00 % at epsilon 2.04, delta 1e-5; MNIST"
    expected = Expected(0.96)

    def _questions(self) -> int:
        return 100

    def _answers(self, votes: Any, places: Any, parties: VoteSum, ledgers: tuple[Ledger, Ledger]) -> Answers:
        noise = DiscreteLaplace(20)
        answers = confident_answers(votes, places, parties, noise, CLASSES)
        charge_labels(ledgers[0], answers.counts, noise)
        cost_to_key_holder(ledgers[1], noise, len(answers.labels))
        return answers


@register
class ScalablePate(_Pate):
    """Noise of Gauss, of whole numbers, where teachers agree; no answer where they don't."""

    name = "scalable-pate"
    paper = "Papernot and others, Scalable private learning with PATE, 2018"
    budget = "250 teachers, threshold 200, sigma 150 and 40, at most 286 answers, delta 1e-5"
    headline = "98.5 % at epsilon 1.97, delta 1e-5, 286 answers; MNIST"
    expected = Expected(0.97)

    def _questions(self) -> int:
        return 400

    def _answers(self, votes: Any, places: Any, parties: VoteSum, ledgers: tuple[Ledger, Ledger]) -> Answers:
        check, noise = DiscreteGaussian(150**2), DiscreteGaussian(40**2)
        answers = confident_answers(votes, places, parties, noise, CLASSES, check, 200, 286)
        charge_check(ledgers[0], answers.asked_counts, check, 200)
        charge_labels(ledgers[0], answers.counts, noise)
        cost_to_key_holder(ledgers[1], check, len(answers.asked_counts))
        cost_to_key_holder(ledgers[1], noise, len(answers.labels))
        return answers
