# SPDX-License-Identifier: Apache-2.0
"""Defences: what they compute, on small made-up images."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from blindsight.audit.defences import attacks, detectors, distillation, monitor, outputs, pixeldefend, training  # noqa: E402
from blindsight.audit.models import polynomial_network  # noqa: E402


def test_attacks_stay_within_reach() -> None:
    module = polynomial_network((9, 6, 3), 0)
    random = np.random.default_rng(0)
    x, y = random.random((20, 9)).astype(np.float32), random.integers(0, 3, 20)

    def loss(at: np.ndarray) -> float:
        with torch.no_grad():
            return float(torch.nn.functional.cross_entropy(module(torch.as_tensor(at)), torch.as_tensor(y)))

    for moved in (attacks.fgsm(module, x, y, 0.1), attacks.pgd(module, x, y, 0.1)):
        assert np.abs(moved - x).max() <= 0.1 + 1e-6 and moved.min() >= 0 and moved.max() <= 1
        assert loss(moved) > loss(x)


def test_adversarial_loss_leaves_no_gradient_behind() -> None:
    module = polynomial_network((9, 6, 3), 0)
    x, y = torch.rand(8, 9), torch.randint(0, 3, (8,))
    training.adversarial_loss(0.0)(module, x, y).backward()
    found = [parameter.grad.clone() for parameter in module.parameters()]
    module.zero_grad()
    # With a step of 0 it is the plain loss.
    torch.nn.functional.cross_entropy(module(x), y).backward()
    for a, parameter in zip(found, module.parameters()):
        torch.testing.assert_close(a, parameter.grad)


def test_temperature_scales_logits() -> None:
    module = polynomial_network((4, 3, 2), 0)
    x = torch.rand(5, 4)
    torch.testing.assert_close(distillation.scaled(module, 100.0)(x), 100 * module(x))


def test_low_components_tell_noise() -> None:
    random = np.random.default_rng(0)
    axes = random.normal(0, 1, (5, 40))
    clean = random.normal(0, 1, (800, 5)) @ axes + random.normal(0, 0.05, (800, 40))
    detector = detectors.LowComponents(clean[:600])
    assert 0.7 < detector(clean[600:]).mean() < 1.4
    moved = clean[600:] + 0.3 * np.sign(random.normal(0, 1, (200, 40)))
    assert detectors._area(detector, clean[600:], moved) > 0.99


def test_learned_detectors() -> None:
    random = np.random.default_rng(0)
    clean = np.clip(random.normal(0.2, 0.05, (300, 784)), 0, 1).astype(np.float32)
    moved = np.clip(clean + 0.2 * np.sign(random.normal(0, 1, clean.shape)), 0, 1).astype(np.float32)
    own = torch.nn.Sequential(torch.nn.Linear(784, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
    for detector in (detectors.Metzen(clean[:200], moved[:200]), detectors.SafetyNet(own, clean[:200], moved[:200])):
        assert detectors._area(detector, clean[200:], moved[200:]) > 0.9


def test_pixels_see_only_those_before_them() -> None:
    model = pixeldefend.pixel_cnn(0)
    x = torch.rand(1, 1, 28, 28)
    changed = x.clone()
    changed[0, 0, 14, 10] += 1
    with torch.no_grad():
        difference = (model(x) - model(changed)).abs().sum(dim=1)[0]
    assert float(difference[:14].max()) == 0 and float(difference[14, :11].max()) == 0
    assert float(difference[14, 11:].max()) > 0 and float(difference[15:].max()) > 0


def test_purified_images_stay_within_reach() -> None:
    random = np.random.default_rng(0)
    clean = np.zeros((64, 784), np.float32)
    clean[:, 300:500] = 1
    defence = pixeldefend.PixelDefend(clean, epochs=20)
    noisy = np.clip(clean[:3] + random.uniform(-0.25, 0.25, (3, 784)), 0, 1).astype(np.float32)
    found = defence.purify(noisy, 0.3)
    step = 1 / (pixeldefend.LEVELS - 1)
    assert np.abs(found - noisy).max() <= 0.3 + step / 2 + 1e-5
    assert np.abs(found - clean[:3]).mean() < np.abs(noisy - clean[:3]).mean() / 2
    # The rows it leaves out of each step change nothing.
    images = torch.as_tensor(pixeldefend.levels(found))
    with torch.no_grad():
        logits = defence._model(images[:, None].float() * step)
    low = torch.ceil((torch.as_tensor(pixeldefend.levels(noisy)) * step - 0.3) / step - 1e-6).clamp(0, 7)
    high = torch.floor((torch.as_tensor(pixeldefend.levels(noisy)) * step + 0.3) / step + 1e-6).clamp(0, 7)
    values = torch.arange(8)[None, :, None, None]
    logits[(values < low[:, None]) | (values > high[:, None])] = -torch.inf
    assert torch.equal(logits.argmax(dim=1), images)


def test_leads() -> None:
    told = np.array([[5.0, 2.0, 1.0], [0.0, 4.0, 9.0]])
    np.testing.assert_array_equal(outputs.gap(told, np.array([0, 1]), 3), [3, -5])


def test_budgets_refuse_whole_requests() -> None:
    budget = monitor.QueryBudget(10)
    assert budget.spend("a", 6) == 4 and budget.spend("b", 10) == 0
    with pytest.raises(monitor.BudgetSpent):
        budget.spend("a", 5)
    assert budget.spend("a", 4) == 0
    for wrong in (0, -3):
        with pytest.raises(ValueError):
            budget.spend("c", wrong)
    with pytest.raises(ValueError):
        monitor.QueryBudget(0)


def test_the_monitor_tells_patterns() -> None:
    random = np.random.default_rng(0)
    labels = np.zeros(600, int)

    def told(queries: np.ndarray) -> list[float]:
        return monitor.distances(queries.astype(np.float32), labels)

    made = monitor.Monitor.of([told(random.normal(0, 1, (600, 50))) for _ in range(4)])
    assert monitor.first_alarm(told(random.normal(0, 1, (600, 50))), made) is None
    assert monitor.first_alarm(told(np.cumsum(np.full((600, 50), 0.01), axis=0)), made) is not None
    mixed = random.normal(0, 1, (600, 50)) * np.where(np.arange(600) % 2, 0.02, 1.0)[:, None]
    # By their shape alone.
    assert monitor.first_alarm(told(mixed), monitor.Monitor(made.threshold)) is not None
    # Normal, and far longer than anybody's.
    assert monitor.first_alarm(told(3 * random.normal(0, 1, (600, 50))), made) is not None
    assert made.tell("client", float("nan")) and made.tell("client", -1.0)
    with pytest.raises(ValueError):
        monitor.Monitor.of([[1.0] * 99])


def test_distances_are_to_the_nearest_of_a_class() -> None:
    client = monitor.Distances()
    assert client.add(np.array([0.0, 0.0]), 1) is None
    assert client.add(np.array([3.0, 4.0]), 1) == 5.0
    assert client.add(np.array([3.0, 3.0]), 1) == 1.0
    assert client.add(np.array([9.0, 9.0]), 2) is None
