# SPDX-License-Identifier: Apache-2.0
"""Private training: what a step adds up, and what it is charged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from blindsight import InvalidArgument

torch = pytest.importorskip("torch")
pytest.importorskip("opacus")

from blindsight.audit.dp.accounting import Ledger  # noqa: E402
from blindsight.audit.dp.training import (  # noqa: E402
    Schedule,
    _General,
    clipper_of,
    cross_entropies,
    private_components,
    products_of,
    train_privately,
)
from blindsight.audit.models import polynomial_network  # noqa: E402


def _data(count: int = 64) -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(count, 6, generator=generator)
    return x, (x[:, 0] > 0).long()


def test_dense_layers_add_up_what_opacus_does() -> None:
    x, y = _data()
    module = polynomial_network((6, 5, 2))
    sums = []
    for clipper in (clipper_of(module), _General(module)):
        total = [torch.zeros_like(p) for p in module.parameters()]
        clipper.add(cross_entropies, [x, y], 0.3, total)
        clipper.close()
        sums.append(torch.cat([part.reshape(-1) for part in total]))
    assert torch.allclose(sums[0], sums[1], atol=1e-5)
    assert 0 < sums[0].norm() <= 0.3 * len(x)


def test_one_record_moves_a_step_by_no_more_than_the_clip() -> None:
    x, y = _data()
    module = polynomial_network((6, 5, 2))
    totals = []
    for stop in (len(x), len(x) - 1):
        total = [torch.zeros_like(p) for p in module.parameters()]
        clipper = clipper_of(module)
        # A record of the wrong class, which would move it a lot.
        rows, labels = torch.cat([x[:-1], 100 * x[-1:]]), torch.cat([y[:-1], 1 - module(100 * x[-1:]).argmax(1)])
        clipper.add(cross_entropies, [rows[:stop], labels[:stop]], 0.5, total)
        clipper.close()
        totals.append(torch.cat([part.reshape(-1) for part in total]))
    assert float((totals[0] - totals[1]).norm()) == pytest.approx(0.5, rel=1e-4)


def test_training_is_charged_and_learns() -> None:
    x, y = _data(2000)
    module = polynomial_network((6, 16, 2))
    ledger = Ledger()
    train_privately(module, cross_entropies, [x, y], Schedule(60, 200, 2.0, rate=0.5), ledger)
    assert (module(x).argmax(1) == y).float().mean() > 0.85
    assert ledger.epsilon(1e-5) == Ledger().gaussian(2.0, steps=60, sampling=0.1).epsilon(1e-5)
    assert all(p.grad is None for p in module.parameters())


def test_the_same_seed_trains_the_same() -> None:
    x, y = _data(200)
    found = []
    for seed in (1, 1, 2):
        module = polynomial_network((6, 4, 2))
        train_privately(module, cross_entropies, [x, y], Schedule(5, 50, 1.0), Ledger(), seed)
        found.append(torch.cat([p.detach().reshape(-1) for p in module.parameters()]))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_shuffled_epochs_cost_their_noisiest_step() -> None:
    """Two epochs of four steps: sigma 4 in the first; in the second one step has 2."""
    schedule = Schedule(8, 25, lambda step: 2.0 if step == 5 else 4.0, shuffles=True)
    assert schedule.charge(Ledger(), 100).rho == pytest.approx(1 / 32 + 1 / 8)


def test_layers_used_twice_are_refused() -> None:
    class Twice(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(6, 6)

        def forward(self, x: Any) -> Any:
            return self.layer(self.layer(x))

    x, y = _data()
    with pytest.raises(InvalidArgument, match="used once"):
        train_privately(Twice(), cross_entropies, [x, y], Schedule(1, 10, 1.0), Ledger())


def test_private_components_are_the_principal_ones_without_noise() -> None:
    rows = np.random.default_rng(0).normal(size=(500, 4)) * [4, 2, 0.1, 0.1]
    ledger = Ledger()
    found = private_components(products_of(rows), 2, 1e-9, ledger)
    assert abs(found[0, 0]) > 0.99 and abs(found[1, 1]) > 0.99
    assert ledger.epsilon(1e-5) > 100
