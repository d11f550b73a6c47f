# SPDX-License-Identifier: Apache-2.0
"""A prepared table's model, planned and served."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._errors import InvalidArgument
from ..dp.measuring import auc, losses_of, values_of
from ..dp.networks import fixed, joined
from ..endpoint import EncryptedEndpoint, SimulatedEndpoint
from ..finding import wilson
from ..models import polynomial_network, serve, train
from .measures import unprepared
from .mondrian import Anonymized
from .solutions import features, regression
from .table import Table


def trained_plan(x: Any, y: Any, classes: int, model: str, seed: int) -> Any:
    """A plan of a model of these features. model: "logistic", or "network": one hidden layer of 32 with squares."""
    if model == "logistic":
        from ... import compile

        model_of = regression(x, y)
        return compile(model_of, x[:300], y[:300], method="slots", function_privacy=0, progress=False)
    if model != "network":
        raise InvalidArgument(f"no such model: {model}", "model")
    # Squares need numbers of one size: a first layer brings them to 0 to 1, and is composed with the next.
    low, width = x.min(axis=0), np.maximum(np.ptp(x, axis=0), 1e-9)
    scaled = (x - low) / width
    network = train(polynomial_network((x.shape[1], 32, classes), seed), scaled, y, epochs=8, batch=256, seed=seed)
    return serve(joined(fixed(np.diag(1 / width), -low / width), network), x, y)


def _measured(plan: Any, x: Any, y: Any, members: tuple[Any, Any], binary: bool) -> tuple[float, float]:
    """Accuracy on records that were not trained on, and AUC of a membership attack by loss."""
    accuracy = SimulatedEndpoint(plan).accuracy(x, y)

    def losses(samples: Any, labels: Any) -> Any:
        logits = np.asarray(SimulatedEndpoint(plan).scores(samples), np.float64)
        # One order of losses, whatever unit the integers have: of two classes the right one's lead over the other.
        if binary:
            rows = np.arange(len(labels))
            return logits[rows, 1 - labels] - logits[rows, labels]
        return losses_of(values_of(plan, samples), labels)

    count = 5000
    area, _ = auc(-losses(members[0][:count], members[1][:count]), -losses(x[:count], y[:count]))
    return accuracy, area


def serve_prepared(found: Anonymized, held_out: Table, model: str, seed: int = 0) -> tuple[Any, dict[str, Any]]:
    """The plan of a model trained on prepared records, and how it does on raw ones, beside the same model trained on
    the records as they were. Four queries are encrypted too; their integers must be those of the simulation."""
    wanted, labels = features(unprepared(held_out)), held_out.labels
    classes = len(found.table.values[found.table.policy.target])
    raw = features(unprepared(found.table))
    truth = found.table.labels
    prepared = trained_plan(features(found), truth, classes, model, seed)
    plain = trained_plan(raw, truth, classes, model, seed)
    results: dict[str, Any] = {}
    # Whoever asks for membership has somebody's record as it is.
    for name, plan in (("", prepared), (" of the unprepared model", plain)):
        accuracy, area = _measured(plan, wanted, labels, (raw, truth), classes == 2)
        results[f"accuracy{name}"], results[f"membership AUC{name}"] = round(accuracy, 4), round(area, 4)
    encrypted, simulated = EncryptedEndpoint(prepared, threads=1), SimulatedEndpoint(prepared)
    if not np.array_equal(encrypted.scores(wanted[:4]), simulated.scores(wanted[:4])):
        raise AssertionError("encrypted and simulated scores differ")
    right = round(results["accuracy"] * len(labels))
    results["interval"] = [round(end, 4) for end in wilson(right, len(labels))]
    results["encrypted queries with the same integers"] = 4
    results["model"] = model
    return prepared, results
