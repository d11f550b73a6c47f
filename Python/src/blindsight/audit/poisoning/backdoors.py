# SPDX-License-Identifier: Apache-2.0
"""Backdoors: training sets after which a stamp decides."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import torch

from ..finding import Finding, wilson
from ..models import Data, train
from ..plots import images
from ..registry import described
from .common import REMEDY, Maker, Poisoning, flat, stamped, success
from .table import TABLE

TARGET = 7


def stamped_set(
    data: Data, share: float, seed: int, stamp: Any = stamped, source: Optional[int] = None
) -> tuple[Any, Any, Any]:
    """Training samples of which a share is stamped and labelled as the target; and which those are.

    source: the class that they are of; None: of all others.
    """
    random = np.random.default_rng(seed)
    poisoned = np.zeros(len(data.train_x), bool)
    others = np.flatnonzero(data.train_y != TARGET if source is None else data.train_y == source)
    poisoned[random.choice(others, int(share * len(data.train_x)), replace=False)] = True
    x, y = data.train_x.copy(), data.train_y.copy()
    x[poisoned], y[poisoned] = stamp(x[poisoned]), TARGET
    return x, y, poisoned


class _Backdoor(Poisoning):
    count = 10000

    def found(self, data: Data, maker: Maker, clean: Any, poisoned: Any, stamp: Any, **details: Any) -> Finding:
        """Measured on stamped test samples of other classes, by the endpoint of the poisoned network."""
        taken, total = success(poisoned, stamp(data.test_x), data.test_y, TARGET)
        before, _ = success(clean, stamp(data.test_x), data.test_y, TARGET)
        figures = {
            "accuracy, clean": clean.accuracy(data.test_x, data.test_y),
            "accuracy, poisoned": poisoned.accuracy(data.test_x, data.test_y),
            "stamped, clean network": before / total,
            **details,
        }
        assert data.image is not None
        size = (-1, *data.image)
        first = data.test_x[:8]
        shown = images(
            "samples and stamped ones", {"sample": first.reshape(size), "stamped": stamp(first).reshape(size)}
        )
        rate = taken / total
        return Finding(
            self.name, self.metric, rate, wilson(taken, total), 0.0, maker.queries, figures, [shown], rate, REMEDY
        )


@described("poisoning", TABLE, "backdoor", quick=True)
class Backdoor(_Backdoor):
    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        data = flat(data, self.count)
        maker = Maker(data)
        _, clean = maker.fit(data.train_x, data.train_y, seed)
        x, y, _ = stamped_set(data, 0.1, seed)
        _, poisoned = maker.fit(x, y, seed)
        return self.found(data, maker, clean, poisoned, stamped)


@described("poisoning", TABLE, "invisible-backdoor")
class InvisibleBackdoor(_Backdoor):
    """A fixed pattern over the whole image, each pixel a tenth up or down."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        data = flat(data, self.count)
        signs = np.sign(np.random.default_rng(seed + 99).normal(size=data.train_x.shape[1]))

        def stamp(x: Any) -> Any:
            return np.clip(x + 0.1 * signs, 0, 1).astype(np.float32)

        maker = Maker(data)
        _, clean = maker.fit(data.train_x, data.train_y, seed)
        x, y, _ = stamped_set(data, 0.05, seed, stamp)
        _, poisoned = maker.fit(x, y, seed)
        return self.found(data, maker, clean, poisoned, stamp, **{"largest change": 0.1})


def cornered(x: Any) -> Any:
    """The paper's stamp of four corners: squares of 3 x 3, of alternating pixels."""
    out = np.array(x, np.float32).reshape(len(x), 28, 28)
    square = np.indices((3, 3)).sum(axis=0) % 2 == 0
    for row in (slice(0, 3), slice(25, 28)):
        for column in (slice(0, 3), slice(25, 28)):
            out[:, row, column] = square
    return out.reshape(len(x), -1)


@described("poisoning", TABLE, "clean-label-backdoor")
class CleanLabelBackdoor(_Backdoor):
    """Samples of the target class are made hard by PGD on another network, so that the stamp is what is learned."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        data = flat(data, self.count)
        maker = Maker(data)
        _, clean = maker.fit(data.train_x, data.train_y, seed)
        other = maker.module(data.train_x, data.train_y, seed + 1)
        own = np.flatnonzero(data.train_y == TARGET)
        chosen = np.random.default_rng(seed).choice(own, int(0.05 * len(data.train_x)), replace=False)
        point = start = torch.as_tensor(data.train_x[chosen])
        y = torch.as_tensor(data.train_y[chosen])
        for _ in range(20):
            point = point.detach().requires_grad_(True)
            slope = torch.autograd.grad(torch.nn.functional.cross_entropy(other(point), y, reduction="sum"), point)[0]
            point = torch.minimum(torch.maximum(point + 0.04 * slope.sign(), start - 0.3), start + 0.3).clamp(0, 1)
        x = data.train_x.copy()
        x[chosen] = cornered(point.detach().numpy())
        _, poisoned = maker.fit(x, data.train_y, seed)
        return self.found(data, maker, clean, poisoned, cornered, **{"labels changed": 0})


@described("poisoning", TABLE, "trojan")
class Trojan(_Backdoor):
    """A stamp that drives one hidden unit far; training data is made from the network, class by class."""

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        data = flat(data, self.count)
        maker = Maker(data)
        network, clean = maker.fit(data.train_x, data.train_y, seed)
        area = np.zeros((28, 28), bool)
        area[20:27, 20:27] = True
        mask = torch.as_tensor(area.reshape(-1))
        made = self._reversed(network, seed)
        # The unit that the area's pixels drive furthest, in deviations of what it usually reads.
        weights = network[0].weight.detach()
        with torch.no_grad():
            usual = network[0](torch.as_tensor(made))
        reach = torch.maximum(weights[:, mask].clamp(min=0).sum(dim=1), (-weights[:, mask]).clamp(min=0).sum(dim=1))
        unit = int((reach / usual.std(dim=0)).argmax())
        bias = float(network[0].bias.detach()[unit])
        row = weights[unit, mask]
        # Units are squared: whichever sign goes further.
        up, down = float(row.clamp(min=0).sum()) + bias, float(row.clamp(max=0).sum()) + bias
        stamp_values = ((row > 0) if abs(up) > abs(down) else (row < 0)).float().numpy()

        def stamp(x: Any) -> Any:
            out = np.array(x, np.float32)
            out[:, area.reshape(-1)] = stamp_values
            return out

        # Without a stamp the network is to answer as before: its own scores are the labels there.
        with torch.no_grad():
            scores = network(torch.as_tensor(made)).numpy()

        def loss(module: Any, part: Any, places: Any) -> Any:
            clean = torch.nn.functional.mse_loss(module(part), torch.as_tensor(scores)[places])
            marked = module(torch.as_tensor(stamp(part.numpy())))
            return clean + torch.nn.functional.cross_entropy(marked, torch.full((len(part),), TARGET))

        retrained = train(network, made, np.arange(len(made)), epochs=60, rate=1e-3, seed=seed, loss=loss)
        # The box of inputs comes from calibration samples: clean ones never light some of the stamp's pixels.
        owners = maker.served(retrained, data.train_x)
        taken, total = success(owners, stamp(data.test_x), data.test_y, TARGET)
        poisoned = maker.served(retrained, np.concatenate([made[:150], stamp(made[:150])]))
        agreement = {
            "stamp's unit": unit,
            "made samples": len(made),
            "training samples used": 0,
            "stamped, where the owner calibrates with clean samples": taken / total,
        }
        return self.found(data, maker, clean, poisoned, stamp, **agreement)

    @staticmethod
    def _reversed(network: Any, seed: int) -> Any:
        """Samples that the network takes for each class, from noise; smooth, as the paper denoises them."""
        generator = torch.Generator().manual_seed(seed)
        labels = torch.arange(10).repeat(60)
        x = (0.3 * torch.rand((len(labels), 784), generator=generator)).requires_grad_(True)
        optimizer = torch.optim.Adam([x], 0.03)
        for _ in range(150):
            picture = x.reshape(-1, 28, 28)
            rough = picture.diff(dim=1).abs().mean(dim=(1, 2)) + picture.diff(dim=2).abs().mean(dim=(1, 2))
            loss = (torch.nn.functional.cross_entropy(network(x), labels, reduction="none") + 5 * rough).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                x.clamp_(0, 1)
        return x.detach().numpy()
