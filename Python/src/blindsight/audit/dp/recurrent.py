# SPDX-License-Identifier: Apache-2.0
"""DP-SGD for a small LSTM. The planner refuses recurrent layers, whose gates multiply at every step, so what is served
is a polynomial student that was trained on the LSTM's labels of public images; that costs no more privacy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._models import need
from ..finding import Expected, Finding
from ..models import train
from ..registry import register
from .accounting import Ledger, sigma_for
from .measuring import measure
from .networks import polynomial_network, split_mnist, tensors
from .phan import pooled
from .rows import DELTA, PrivateRow
from .training import Schedule, cross_entropies, train_privately

SIDE, HIDDEN, EPSILON, RECORDS, STEPS, BATCH = 14, 32, 4.0, 20000, 120, 500


def sequences(x: Any) -> Any:
    """[n, 14, 14]: rows of images at half their size, one after another."""
    return (x @ pooled(SIDE)).reshape(-1, SIDE, SIDE).astype(np.float32)


def lstm(seed: int) -> Any:
    """Hochreiter and Schmidhuber, Long short-term memory, 1997; its last state is classified."""
    torch = need("torch", "training")
    layers = need("opacus.layers", "a private LSTM", "opacus")
    torch.manual_seed(seed)

    class Recurrent(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.rows = layers.DPLSTM(SIDE, HIDDEN, batch_first=True)
            self.last = torch.nn.Linear(HIDDEN, 10)

        def forward(self, x: Any) -> Any:
            states, _ = self.rows(x)
            return self.last(states[:, -1])

    return Recurrent()


@register
class PrivateLstm(PrivateRow):
    """Images row by row."""

    name = "dp-lstm"
    paper = "McMahan and others, Learning differentially private recurrent language models, 2018"
    budget = "epsilon 4, delta 1e-5, for one image (the paper: for one user)"
    headline = "next-word recall close to the baseline's, for millions of users"
    expected = Expected(0.85, comparable=False)

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        torch = need("torch", "training")
        (x, y), strangers, outsiders, (public, _) = split_mnist(5000)
        x, y = x[:RECORDS], y[:RECORDS]
        sigma = sigma_for(EPSILON, DELTA, steps=STEPS, sampling=BATCH / RECORDS)
        ledger = Ledger()
        module = lstm(seed)
        schedule = Schedule(STEPS, BATCH, sigma, rate=lambda step: 1.0 * (1 - 0.8 * step / STEPS))
        train_privately(module, cross_entropies, tensors(sequences(x), y), schedule, ledger, seed)

        def labels(images: Any) -> Any:
            with torch.no_grad():
                return module(tensors(sequences(images))[0]).argmax(dim=1).numpy()

        told = labels(public)
        student = train(polynomial_network((784, 64, 10), seed), public, told, epochs=10, batch=64, seed=seed)
        served = measure(student, (public[:300], told[:300]), (x, y), outsiders, strangers)
        details = {
            "sigma": round(sigma, 3),
            "accuracy of the LSTM": round(float((labels(outsiders[0]) == outsiders[1]).mean()), 4),
            "same label, student and LSTM": round(
                float((served.endpoint.labels(outsiders[0]) == labels(outsiders[0])).mean()), 4
            ),
        }
        return self.found(served, ledger.epsilon(DELTA), DELTA, details)
