# SPDX-License-Identifier: Apache-2.0
"""Samples made by a trained network: transformation networks, and a generator's natural ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..finding import Finding
from ..models import Data
from ..registry import described
from .common import Evasion, right_samples, twin_of
from .table import TABLE


def _unit(data: Data, samples: Any) -> Any:
    return (torch.as_tensor(samples).reshape(len(samples), -1).double() - data.lowest) / data.span


@described("evasion", TABLE, "transformation-network", audits=True)
class TransformationNetwork(Evasion):
    """g(x) is a sample near x that the network takes for the target: trained once, then one pass for each sample."""

    target = 0
    beta = 20.0

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        twin = twin_of(endpoint, data)
        torch.manual_seed(seed)
        x = _unit(data, data.train_x[:8000])
        features = x.shape[1]
        generator = torch.nn.Sequential(
            torch.nn.Linear(features, 256), torch.nn.ReLU(), torch.nn.Linear(256, features), torch.nn.Tanh()
        ).double()

        def make(part: Any) -> Any:
            return (part + 0.5 * generator(part)).clamp(0, 1)

        optimizer = torch.optim.Adam(generator.parameters(), 1e-3)
        for _ in range(5):
            order = torch.randperm(len(x))
            for start in range(0, len(x), 64):
                part = x[order[start : start + 64]]
                made = make(part)
                scores = twin(data.lowest + data.span * made)
                # The paper ranks the target first and keeps the others' order; the margin does the same here.
                own = scores[:, self.target]
                rest = scores.clone()
                rest[:, self.target] = -torch.inf
                hinge = (rest.max(dim=1).values - own + 0.5).clamp(min=0).mean()
                loss = self.beta * (made - part).square().mean() + hinge
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        samples, y = right_samples(endpoint, data, self.count)
        keep = y != self.target
        samples, y = samples[keep], y[keep]
        with torch.no_grad():
            attacked = (data.lowest + data.span * make(_unit(data, samples))).numpy().astype(np.float32)
        reached = float((endpoint.labels(attacked) == self.target).mean())
        return self.outcome(endpoint, data, samples, y, attacked, {"share at the target": reached})


class Autoencoder(torch.nn.Module):  # type: ignore[misc]
    """A variational one (Kingma and Welling, 2014): codes of so many numbers, samples from 0 to 1."""

    def __init__(self, features: int, codes: int = 16, width: int = 256) -> None:
        super().__init__()
        self.codes = codes
        self.encoder = torch.nn.Sequential(
            torch.nn.Linear(features, width), torch.nn.ReLU(), torch.nn.Linear(width, 2 * codes)
        )
        self.decoder = torch.nn.Sequential(
            torch.nn.Linear(codes, width), torch.nn.ReLU(), torch.nn.Linear(width, features), torch.nn.Sigmoid()
        )

    def fit(self, x: Any, epochs: int, seed: int, weight: float = 1.0) -> Autoencoder:
        torch.manual_seed(seed)
        x = torch.as_tensor(x).float()
        optimizer = torch.optim.Adam(self.parameters(), 2e-3)
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for start in range(0, len(x), 128):
                part = x[order[start : start + 128]]
                mean, log_variance = self.encoder(part).chunk(2, dim=1)
                code = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
                error = torch.nn.functional.binary_cross_entropy(self.decoder(code), part, reduction="sum")
                divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
                loss = (error + weight * divergence) / len(part)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return self.eval()

    def encode(self, x: Any) -> Any:
        with torch.no_grad():
            return self.encoder(torch.as_tensor(x).float()).chunk(2, dim=1)[0]

    def decode(self, codes: Any) -> Any:
        with torch.no_grad():
            return self.decoder(codes)


@described("evasion", TABLE, "natural", audits=True)
class Natural(Evasion):
    """Codes in growing shells around a sample's own, until a decoded sample is taken for something else.

    A sample counts whose decoded own code is right. The smallest radius says how near the generator's samples lie.
    """

    count = 60
    needs_twin = False
    each = 100

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        flat = _unit(data, data.train_x[:15000])
        model = Autoencoder(flat.shape[1]).fit(flat, 12, seed)
        x, y = right_samples(endpoint, data, 3 * self.count)
        codes = model.encode(_unit(data, x))

        def samples(points: Any) -> Any:
            return (data.lowest + data.span * model.decode(points)).numpy().astype(np.float32)

        own = samples(codes)
        keep = np.flatnonzero(endpoint.labels(own) == y)[: self.count]
        codes, y, own = codes[keep], y[keep], own[keep]
        generator = torch.Generator().manual_seed(seed)
        attacked, radii = own.copy(), np.full(len(keep), np.nan)
        for radius in np.arange(0.25, 3.01, 0.25):
            for place in np.flatnonzero(np.isnan(radii)):
                direction = torch.randn((self.each, model.codes), generator=generator)
                direction /= direction.norm(dim=1, keepdim=True)
                lengths = radius - 0.25 * torch.rand((self.each, 1), generator=generator)
                made = samples(codes[place] + lengths * direction)
                wrong = np.flatnonzero(endpoint.labels(made) != y[place])
                if len(wrong):
                    nearest = wrong[lengths.numpy()[wrong, 0].argmin()]
                    attacked[place], radii[place] = made[nearest], float(lengths[nearest])
        found = radii[~np.isnan(radii)]
        details = {"median radius of codes": float(np.median(found)) if len(found) else None}
        return self.outcome(endpoint, data, own, y, attacked, details)
