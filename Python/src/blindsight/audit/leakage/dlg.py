# SPDX-License-Identifier: Apache-2.0
"""Deep leakage from gradients: an image and its label whose gradient is the one that was seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..finding import Expected, Finding
from ..models import flat_mnist
from ..registry import Row, register
from .gradients import gradient, lenet, matched_errors, summed

Array = Any


def restore(module: Any, seen: list[Any], shape: tuple[int, ...], seed: int, steps: int = 40) -> tuple[Array, float]:
    """Images from 0 to 1 and what is left of the gradients' distance: L-BFGS on images and soft labels at once.

    seen: gradients; shape: of the images, the first entry how many. Where it diverges the best so far is kept. With a
    line search and in doubles, which the paper doesn't have: it then finds most images from the first start.
    """
    import copy

    import torch

    generator = torch.Generator().manual_seed(seed)
    module = copy.deepcopy(module).double()
    seen = [part.double() for part in seen]
    x = torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_(True)
    label = torch.randn((shape[0], 10), generator=generator, dtype=torch.float64).requires_grad_(True)
    parameters = list(module.parameters())
    optimizer = torch.optim.LBFGS([x, label], lr=1.0, line_search_fn="strong_wolfe")
    best, kept = float("inf"), x.detach().clone()

    def closure() -> Any:
        nonlocal best, kept
        optimizer.zero_grad()
        out = module(x)
        loss = -(torch.softmax(label, dim=1) * torch.log_softmax(out, dim=1)).sum()
        made = torch.autograd.grad(loss, parameters, create_graph=True)
        distance = sum(((a - b) ** 2).sum() for a, b in zip(made, seen))
        distance.backward()
        value = float(distance.detach())
        if value < best:
            best, kept = value, x.detach().clone()
        return distance

    for _ in range(steps):
        optimizer.step(closure)
        if not np.isfinite(best) or best < 1e-6 or not bool(torch.isfinite(x).all()):
            break
    return kept.clamp(0, 1).numpy(), best


@register
class GradientLeakage(Row):
    name = "gradient-leakage"
    group = "privacy"
    paper = "Zhu et al., Deep leakage from gradients, 2019"
    threat = "sees a client's gradient of one image, and knows the shared network"
    budget = "no query; up to three starts of 40 steps of L-BFGS an image"
    headline = "mean squared error 0.0038, MNIST, sigmoid LeNet, one image"
    metric = "mean squared error of the restored image, median"
    expected = Expected(0.004, 0.03)
    images = 8

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        import torch

        whole = flat_mnist()
        places = np.random.default_rng(seed).permutation(len(whole.test_x))[: self.images]
        true = whole.test_x[places].reshape(-1, 1, 28, 28)
        x, y = torch.as_tensor(true), torch.as_tensor(whole.test_y[places])
        module = lenet(1, 28, seed)
        parts = [gradient(module, x[i : i + 1], y[i : i + 1]) for i in range(self.images)]

        def alone(part: list[Any], steps: int = 40) -> Array:
            tries = [restore(module, part, (1, 1, 28, 28), seed + start, steps) for start in range(2)]
            return min(tries, key=lambda pair: pair[1])[0]

        found = np.concatenate([alone(part) for part in parts])
        errors = ((found - true) ** 2).mean(axis=(1, 2, 3))
        # Under encryption: the server has ciphertexts, who decrypts has the sum.
        total, federation = summed(parts)
        of_sum, _ = restore(module, total, (self.images, 1, 28, 28), seed, 60)
        noisy_one, _ = summed(parts[:1], noise=0.1, seed=seed)
        of_noise = alone(noisy_one, 1)
        guess = ((true - whole.train_x[:5000].mean(axis=0).reshape(1, 1, 28, 28)) ** 2).mean()
        from ..plots import images as plot

        value = float(np.median(errors))
        shown = {"true": true, "restored": found, "of the sum": of_sum}
        return Finding(
            self.name,
            self.metric,
            value,
            (float(errors.min()), float(errors.max())),
            details={
                "error of each image": [round(float(v), 5) for v in errors],
                "restored, error below 0.03": int((errors < 0.03).sum()),
                "without encryption, one client's gradient": round(value, 5),
                "with encryption, the server": "ciphertexts alone: nothing to match",
                "with encryption, who decrypts the sum of eight": round(
                    float(np.median(matched_errors(of_sum, true))), 5
                ),
                "one client with noise of a tenth of its largest entry": round(
                    float(((of_noise - true[:1]) ** 2).mean()), 5
                ),
                "guess, the mean image": round(float(guess), 5),
                "interval": "least and largest of the images",
                "sums": federation.report(),
            },
            plots=[plot("images from gradients", shown)],
            risk=float((errors < 0.03).mean()),
            remedy="Never send a gradient in the clear: sum many clients' under encryption (blindsight.federated), "
            "with more than one sample each, and add noise before.",
        )
