# SPDX-License-Identifier: Apache-2.0
"""Attacks and detectors on digits and on networks made for it: each must find what is there, and not what isn't."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")
pytest.importorskip("matplotlib")
pytest.importorskip("art")
pytest.importorskip("foolbox")

from blindsight.audit import rows  # noqa: E402
from blindsight.audit.detection.activations import clusters, signatures  # noqa: E402
from blindsight.audit.detection.scan import SUSPICIOUS, anomaly, smallest_stamps  # noqa: E402
from blindsight.audit.evasion.common import right_samples, step_attack, twin_of  # noqa: E402
from blindsight.audit.evasion.control import returns, teacher, wrecker  # noqa: E402
from blindsight.audit.evasion.pictures import blurred, turned  # noqa: E402
from blindsight.audit.models import subject  # noqa: E402
from blindsight.audit.poisoning.common import last_layer, stamped  # noqa: E402
from blindsight.audit.poisoning.labels import sanitized  # noqa: E402
from blindsight.audit.runner import run_row  # noqa: E402


@pytest.fixture(scope="module")
def digits() -> Any:
    return subject("digits")


def _row(name: str, **attributes: Any) -> Any:
    """A row of its own, with other attributes: those that are registered stay as they are."""
    row = type(next(row for row in rows() if row.name == name))()
    for key, value in attributes.items():
        setattr(row, key, value)
    return row


def test_steps_stay_in_their_box(digits: Any) -> None:
    endpoint, data = digits.endpoint(), digits.data
    x, y = right_samples(endpoint, data, 50)
    attacked = step_attack(twin_of(endpoint, data), data, x, y, 0.2, 10, start=0.2)
    assert np.abs(attacked - x).max() <= 0.2 + 1e-6
    assert attacked.min() >= data.lowest and attacked.max() <= data.highest
    assert (endpoint.labels(attacked) == y).mean() < 0.2
    # A step against the gradient makes samples more right, not less.
    toward = step_attack(twin_of(endpoint, data), data, x, y, -0.2, 1)
    assert (endpoint.labels(np.clip(toward, data.lowest, data.highest)) == y).mean() == 1.0


@pytest.mark.parametrize("name", ["fgsm", "pgd", "carlini-wagner-l2", "deepfool", "hopskipjump", "jsma"])
def test_attacks_on_digits(digits: Any, name: str) -> None:
    small = {"count": 8} if name == "hopskipjump" else {"count": 40}
    finding = run_row(_row(name, **small), digits)
    success = finding.details.get("success", finding.value)
    assert success > 0.8, finding
    assert finding.details["encrypted"]["same"] == finding.details["encrypted"]["queries"]
    assert finding.queries > 0


def test_an_attack_on_noise_finds_little(digits: Any) -> None:
    """Random signs of the same size are no attack: what succeeds is the gradient."""
    endpoint, data = digits.endpoint(), digits.data
    x, y = right_samples(endpoint, data, 200)
    signs = np.sign(np.random.default_rng(0).normal(size=x.shape)).astype(np.float32)
    noisy = np.clip(x + 0.1 * signs, 0, 1)
    attacked = step_attack(twin_of(endpoint, data), data, x, y, 0.1, 10)
    assert (endpoint.labels(noisy) != y).mean() < 0.3 < (endpoint.labels(attacked) != y).mean()


def test_backdoor_on_digits() -> None:
    finding = run_row(_row("backdoor"), name="digits")
    assert finding.value > 0.9 and finding.details["stamped, clean network"] < 0.3
    assert finding.details["accuracy, poisoned"] > finding.details["accuracy, clean"] - 0.05


def test_stamps_and_turns() -> None:
    assert stamped(np.zeros((2, 784))).sum() == 8 and stamped(np.zeros((2, 64))).sum() == 8
    image = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    image[0, 0, 4, 6] = 1
    assert torch.allclose(turned(image, 0.0, 0.0, 0.0, 1.0, 0.0), image)
    assert float(turned(image, 90.0, 0.0, 0.0, 1.0, 0.0).sum()) == pytest.approx(1)
    assert float(turned(image, 0.0, 1.0, 0.0, 1.0, 0.0)[0, 0, 4, 7]) == pytest.approx(1)
    assert float(blurred(image, 0.7).sum()) == pytest.approx(1) and float(blurred(image, 0.7).max()) < 0.5


def test_control() -> None:
    assert returns(teacher) == 200 and returns(wrecker) < 15


def test_last_layer_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    x = random.normal(size=(200, 5)).astype(np.float32)
    y = (x @ random.normal(size=5) + 0.5 * random.normal(size=200) > 0).astype(np.int64)
    layer = last_layer(x, y, 2, decay=0.02, steps=200)
    # Two outputs, each with half of the weight: half the decay on the difference.
    other = LogisticRegression(C=1 / (0.01 * 200), tol=1e-8, max_iter=1000).fit(x, y)
    difference = (layer.weight[1] - layer.weight[0]).detach().numpy()
    assert np.allclose(difference, other.coef_[0], atol=2e-2)


def test_detectors_find_what_is_apart() -> None:
    random = np.random.default_rng(0)
    hidden = random.normal(size=(600, 12))
    labels = np.repeat(np.arange(3), 200)
    apart = np.zeros(600, bool)
    apart[400:430] = True
    hidden[apart, :4] += 9
    found, _ = clusters(hidden, labels, 3, 0)
    assert (found == apart).all()
    found, _ = clusters(random.normal(size=(600, 12)), labels, 3, 0)
    assert not found.any()
    scores, found = signatures(hidden, labels, 3, 30)
    assert found[apart].all() and scores[apart].min() > np.quantile(scores[~apart], 0.95)


def test_sanitized_labels() -> None:
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], 100)
    x = random.normal(size=(200, 3)) + 8 * y[:, None]
    flipped = y.copy()
    chosen = random.choice(200, 20, replace=False)
    flipped[chosen] = 1 - flipped[chosen]
    assert (sanitized(x, flipped) == y).all()


def test_a_scan_finds_a_trigger_and_none_in_a_clean_network() -> None:
    """A linear network of four classes, in which two values alone lead to class 2."""
    from types import SimpleNamespace

    torch.manual_seed(0)
    random = np.random.default_rng(0)
    x = random.uniform(0, 1, (80, 36)).astype(np.float32)
    weights = torch.zeros(6, 36, dtype=torch.float64)
    for label in range(6):
        weights[label, 6 * label : 6 * label + 5] = 4.0
    data: Any = SimpleNamespace(lowest=0.0, span=1.0, classes=6)

    def network(weights: Any) -> Any:
        return lambda samples: samples @ weights.T

    norms, _, shares = smallest_stamps(network(weights), data, x)
    assert anomaly(norms).max() < SUSPICIOUS and shares.min() >= 0.95
    infected = weights.clone()
    infected[2, 35] = 60.0
    norms, masks, _ = smallest_stamps(network(infected), data, x)
    assert anomaly(norms).argmax() == 2 and anomaly(norms)[2] >= SUSPICIOUS and masks[2].argmax() == 35
