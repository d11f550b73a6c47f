# SPDX-License-Identifier: Apache-2.0
"""Inverting gradients: images whose gradient has the direction of the one that was seen."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np

from ..._errors import FileError
from ..finding import Expected, Finding
from ..models import data_folder
from ..registry import Row, register
from .gradients import gradient, lenet, matched_errors, summed

Array = Any

_MEAN, _DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def cifar_images(count: int, seed: int) -> tuple[Array, Array]:
    """Test images of CIFAR-10, [n, 3, 32, 32] from 0 to 1, and their classes: from JPEG files in folders by class."""
    from PIL import Image

    place = data_folder() / "cifar10" / "cifar10-test-jpeg.zip"
    if not place.exists():
        raise FileError("no such file of CIFAR-10", str(place))
    with zipfile.ZipFile(place) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        classes = sorted({name.split("/")[-2] for name in names})
        drawn = [names[i] for i in np.random.default_rng(seed).permutation(len(names))[:count]]
        pixels = [
            np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB"), np.float32) / 255 for name in drawn
        ]
    labels = np.array([classes.index(name.split("/")[-2]) for name in drawn])
    return np.stack(pixels).transpose(0, 3, 1, 2), labels


def invert(
    module: Any, seen: list[list[Any]], labels: Any, together: bool, seed: int, steps: int = 1000, smooth: float = 0.1
) -> Array:
    """Images from 0 to 1: Adam by the signs of slopes, on one less the cosine of gradients and total variation.

    seen: the gradients of each image, or, together, one gradient of all. labels: known, as the paper has it.
    """
    import torch

    mean, deviation = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (_MEAN, _DEVIATION))
    count = len(labels)
    generator = torch.Generator().manual_seed(seed)
    x: Any = torch.randn((count, 3, 32, 32), generator=generator).requires_grad_(True)
    names = [name for name, _ in module.named_parameters()]
    parameters = {name: value.detach() for name, value in module.named_parameters()}
    targets = [torch.stack([part[i] for part in seen]) for i in range(len(names))]
    squared: Any = sum((t.reshape(len(seen), -1) ** 2).sum(dim=1) for t in targets)
    norm = torch.sqrt(squared)

    def loss(values: Any, image: Any, label: Any) -> Any:
        out = torch.func.functional_call(module, values, (image,))
        return torch.nn.functional.cross_entropy(out, label, reduction="sum")

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
    optimizer = torch.optim.Adam([x], 0.1)
    schedule = torch.optim.lr_scheduler.MultiStepLR(
        optimizer, [int(steps * part) for part in (0.375, 0.625, 0.875)], 0.1
    )
    for _ in range(steps):
        optimizer.zero_grad()
        batches = (x[None], labels[None]) if together else (x[:, None], labels[:, None])
        made = each(parameters, *batches)
        product = sum((made[n] * t).reshape(len(seen), -1).sum(dim=1) for n, t in zip(names, targets))
        length = torch.sqrt(sum((made[n].reshape(len(seen), -1) ** 2).sum(dim=1) for n in names))
        rough = (x[:, :, 1:] - x[:, :, :-1]).abs().mean() + (x[:, :, :, 1:] - x[:, :, :, :-1]).abs().mean()
        ((1 - product / (length * norm + 1e-12)).sum() + smooth * count * rough).backward()
        x.grad.sign_()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            x.copy_(torch.maximum(torch.minimum(x, (1 - mean) / deviation), -mean / deviation))
    return (x.detach() * deviation + mean).clamp(0, 1).numpy()


def decibels(errors: Array) -> Array:
    """Peak signal-to-noise ratios of images from 0 to 1."""
    return -10 * np.log10(np.maximum(errors, 1e-10))


@register
class InvertingGradients(Row):
    name = "inverting-gradients"
    group = "privacy"
    paper = "Geiping et al., Inverting gradients: how easy is it to break privacy in federated learning?, 2020"
    threat = "sees a client's gradient of one image with its label, and knows the shared network"
    budget = "no query; 1,000 steps an image, one start"
    headline = "18.0 dB, CIFAR-10, untrained LeNet, one image"
    metric = "peak signal-to-noise ratio of the restored image in dB, mean"
    expected = Expected(18.0, 3.0)
    images = 8

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        import torch

        true, labels = cifar_images(self.images, seed + 1)
        mean, deviation = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (_MEAN, _DEVIATION))
        x, y = torch.as_tensor((true - mean) / deviation), torch.as_tensor(labels)
        module = lenet(3, 32, seed)
        parts = [gradient(module, x[i : i + 1], y[i : i + 1]) for i in range(self.images)]
        found = invert(module, parts, y, False, seed)
        ratios = decibels(((found - true) ** 2).mean(axis=(1, 2, 3)))
        total, federation = summed(parts)
        of_sum = invert(module, [total], y, True, seed)
        noisy = [summed([part], noise=0.1, seed=seed + i)[0] for i, part in enumerate(parts[:4])]
        of_noise = invert(module, noisy, y[:4], False, seed)
        guess = decibels(((true - true.mean(axis=(2, 3), keepdims=True).mean()) ** 2).mean(axis=(1, 2, 3)))
        from ..plots import images as plot

        spread = 1.96 * float(ratios.std(ddof=1)) / np.sqrt(len(ratios))
        value = float(ratios.mean())
        shown = {"true": true, "restored": found, "of the sum": of_sum}
        return Finding(
            self.name,
            self.metric,
            value,
            (value - spread, value + spread),
            details={
                "dB of each image": [round(float(v), 2) for v in ratios],
                "without encryption, one client's gradient": round(value, 2),
                "with encryption, the server": "ciphertexts alone: nothing to match",
                "with encryption, who decrypts the sum of eight": round(
                    float(decibels(matched_errors(of_sum, true)).mean()), 2
                ),
                "one client with noise of a tenth of its largest entry": round(
                    float(decibels(((of_noise - true[:4]) ** 2).mean(axis=(1, 2, 3))).mean()), 2
                ),
                "guess, a gray image": round(float(guess.mean()), 2),
                "sums": federation.report(),
            },
            plots=[plot("images from gradients", shown)],
            risk=float(np.clip((value - 10) / 10, 0, 1)),
            remedy="Sum many clients' gradients under encryption (blindsight.federated) and add noise before.",
        )
