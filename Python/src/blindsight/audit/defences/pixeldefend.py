# SPDX-License-Identifier: Apache-2.0
"""PixelDefend: an image is moved to the likeliest one near it before it is encrypted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..finding import Expected, Finding
from ..models import subject
from ..registry import Row, register
from .attacks import fgsm, pgd

Array = Any

LEVELS = 8


def pixel_cnn(seed: int) -> Any:
    """Logits of each pixel's level from those above and left of it: van den Oord et al.'s masked convolutions."""
    import torch

    torch.manual_seed(seed)

    class Masked(torch.nn.Conv2d):  # type: ignore[misc,name-defined]
        def __init__(self, inputs: int, outputs: int, size: int, sees_itself: bool) -> None:
            super().__init__(inputs, outputs, size, padding=size // 2)
            mask = torch.zeros(size, size)
            mask[: size // 2] = 1
            mask[size // 2, : size // 2 + int(sees_itself)] = 1
            self.register_buffer("mask", mask)

        def forward(self, x: Any) -> Any:
            weight: Any = self.mask * self.weight  # type: ignore[operator]
            return torch.nn.functional.conv2d(x, weight, self.bias, padding=self.padding)

    layers: list[Any] = [Masked(1, 24, 7, False), torch.nn.ReLU()]
    for _ in range(3):
        layers += [Masked(24, 24, 5, True), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Conv2d(24, LEVELS, 1))


def levels(x: Array) -> Array:
    """[n, 28, 28] integers below LEVELS, of images [n, 784] from 0 to 1."""
    return np.rint(np.clip(x, 0, 1) * (LEVELS - 1)).astype(np.int64).reshape(-1, 28, 28)


class PixelDefend:
    """A density of clean images, and the greedy search for the likeliest image within reach. Song et al., 2018."""

    def __init__(self, clean: Array, seed: int = 0, epochs: int = 4) -> None:
        import torch

        self._model = pixel_cnn(seed)
        images = torch.as_tensor(levels(clean))
        optimizer = torch.optim.Adam(self._model.parameters(), 2e-3)
        generator = torch.Generator().manual_seed(seed)
        for _ in range(epochs):
            order = torch.randperm(len(images), generator=generator)
            for start in range(0, len(images), 32):
                batch = images[order[start : start + 32]]
                logits = self._model(batch[:, None].float() / (LEVELS - 1))
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(logits, batch).backward()
                optimizer.step()
        self._model.eval()

    def bits(self, x: Array) -> Array:
        """[n]: bits a pixel: many for images that are none of the kind."""
        import torch

        images = torch.as_tensor(levels(x))
        with torch.no_grad():
            logits = self._model(images[:, None].float() / (LEVELS - 1))
            return torch.nn.functional.cross_entropy(logits, images, reduction="none").mean(
                dim=(1, 2)
            ).numpy() / np.log(2)

    def purify(self, x: Array, reach: float) -> Array:
        """[n, 784]: each pixel in turn takes its likeliest level within reach, by those before it as they are now."""
        import torch

        images = torch.as_tensor(levels(x))
        least = torch.clamp(torch.ceil((images / (LEVELS - 1) - reach) * (LEVELS - 1) - 1e-6), 0, LEVELS - 1)
        most = torch.clamp(torch.floor((images / (LEVELS - 1) + reach) * (LEVELS - 1) + 1e-6), 0, LEVELS - 1)
        values = torch.arange(LEVELS)
        # A pixel's logits depend on so many rows above it: no more is computed again.
        field = 3 + 3 * 2
        with torch.no_grad():
            for row in range(28):
                top = max(0, row - field)
                for column in range(28):
                    near = images[:, None, top : row + 1].float() / (LEVELS - 1)
                    logits = self._model(near)[:, :, -1, column]
                    low, high = least[:, row, column, None], most[:, row, column, None]
                    logits[(values < low) | (values > high)] = -torch.inf
                    images[:, row, column] = logits.argmax(dim=1)
        return (images.numpy().reshape(len(images), -1) / (LEVELS - 1)).astype(np.float32)


@register
class PixelDefendRow(Row):
    name = "pixeldefend"
    group = "defence"
    paper = "Song et al., PixelDefend: leveraging generative models to understand and defend, 2018"
    threat = "knows the served network's weights and not that its inputs are purified"
    budget = "FGSM at 0.2, and PGD; purified within 0.2"
    headline = "from 63 % to 84 %, Fashion-MNIST; from 32 % to 70 %, CIFAR-10"
    metric = "accuracy that purifying gains under the worse attack"
    expected = Expected(0.2, 0.1, comparable=False)
    images = 100

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        made = subject("mnist-small")
        module, whole, target = made.module, made.data, made.endpoint()
        defence = PixelDefend(whole.train_x[:4000], seed, epochs=3)
        x, y = whole.test_x[: self.images], whole.test_y[: self.images]
        inputs = {
            "no attack": x,
            "FGSM 0.2": fgsm(module, x, y, 0.2),
            "PGD 0.2": pgd(module, x, y, 0.2, seed=seed),
        }
        plain = {name: target.accuracy(moved, y) for name, moved in inputs.items()}
        cleaned = {name: defence.purify(moved, 0.2) for name, moved in inputs.items()}
        after = {name: target.accuracy(moved, y) for name, moved in cleaned.items()}
        bits = {name: round(float(defence.bits(moved).mean()), 3) for name, moved in inputs.items()}
        worst = min(("FGSM 0.2", "PGD 0.2"), key=lambda name: after[name])
        value = after[worst] - plain[worst]
        spread = 1.96 * float(np.sqrt((after[worst] * (1 - after[worst]) + plain[worst] * (1 - plain[worst])) / len(y)))
        from ..plots import images as plot

        shown = {
            f"{name}{kind}": part[name][:8].reshape(-1, 28, 28)
            for name in inputs
            for kind, part in (("", inputs), (", purified", cleaned))
        }
        return Finding(
            self.name,
            self.metric,
            value,
            (value - spread, value + spread),
            queries=target.queries,
            details={
                "accuracy": {k: round(v, 4) for k, v in plain.items()},
                "accuracy after purifying": {k: round(v, 4) for k, v in after.items()},
                "bits a pixel of the inputs": bits,
            },
            plots=[plot("inputs, and purified", shown)],
            risk=1 - after[worst],
            remedy="Purify at the client, before encryption. Attacks that know of it differentiate around it (BPDA): "
            "train on attacks as well.",
        )
