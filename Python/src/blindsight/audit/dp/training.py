# SPDX-License-Identifier: Apache-2.0
"""Private stochastic gradient descent, and private principal components.

Per-sample gradients are Opacus'. Noise of the training is drawn in floating point, as Opacus draws it: right for
measuring, and for publishing a model as far as one trusts that nobody reads the low bits of its noise (Mironov, 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional

import numpy as np

from ..._errors import InvalidArgument
from ..._models import need
from .accounting import Ledger


@dataclass
class Schedule:
    """A run of private gradient steps.

    steps: how many. batch: records expected in one. clip: what norm a record's gradient is cut to. sigma: noise over
    clip, or a function of the step. rate: of learning, or a function of the step. shuffles: epochs over batches drawn
    without replacement in place of batches drawn by coin (Yu and others, 2019): each record is in one batch of an
    epoch, and the epoch costs what its noisiest step does.
    sampling: the chance of a record to be in a batch, where how many records there are is not public; by default
    `batch` over their number.
    """

    steps: int
    batch: int
    sigma: Any
    clip: float = 1.0
    rate: Any = 0.1
    momentum: float = 0.9
    adam: bool = False
    shuffles: bool = False
    sampling: Optional[float] = None

    def sampling_of(self, records: int) -> float:
        return min(1.0, self.batch / records) if self.sampling is None else self.sampling

    def sigma_at(self, step: int) -> float:
        return float(self.sigma(step) if callable(self.sigma) else self.sigma)

    def rate_at(self, step: int) -> float:
        return float(self.rate(step) if callable(self.rate) else self.rate)

    def charge(self, ledger: Ledger, records: int) -> Ledger:
        """Adds what these steps spend on so many records."""
        if not self.shuffles:
            if not callable(self.sigma):
                return ledger.gaussian(float(self.sigma), steps=self.steps, sampling=self.sampling_of(records))
            for step in range(self.steps):
                ledger.gaussian(self.sigma_at(step), sampling=self.sampling_of(records))
            return ledger
        each = -(-records // self.batch)
        for first in range(0, self.steps, each):
            least = min(self.sigma_at(step) for step in range(first, min(first + each, self.steps)))
            ledger.concentrated(1 / (2 * least**2))
        return ledger


def train_privately(
    module: Any,
    losses: Callable[..., Any],
    tensors: Sequence[Any],
    schedule: Schedule,
    ledger: Ledger,
    seed: int = 0,
    after: Optional[Callable[[int, Any], None]] = None,
) -> Any:
    """Trains a module, and charges the ledger.

    losses(module, *parts): [n], the loss of each record of a batch; the module is called once in it. tensors: [records,
    ...] each. after(step, module) is called after each step; what it reads of the records is not accounted.
    """
    torch = need("torch", "training")
    records = len(tensors[0])
    if any(len(tensor) != records for tensor in tensors):
        raise InvalidArgument("tensors of equally many records are needed", "tensors")
    if not 0 < schedule.batch <= records and schedule.sampling is None:
        raise InvalidArgument(f"a batch of 1 to {records} records is needed, not {schedule.batch}", "schedule")
    generator = torch.Generator().manual_seed(seed)
    parameters = [p for p in module.parameters() if p.requires_grad]
    clipped = clipper_of(module)
    rate = schedule.rate_at(0)
    optimizer = (
        torch.optim.Adam(parameters, rate)
        if schedule.adam
        else torch.optim.SGD(parameters, rate, momentum=schedule.momentum)
    )
    module.train()
    order: Any = None
    each = -(-records // schedule.batch)
    try:
        for step in range(schedule.steps):
            if schedule.shuffles:
                if step % each == 0:
                    order = torch.randperm(records, generator=generator)
                part = order[step % each * schedule.batch :][: schedule.batch]
            else:
                part = torch.nonzero(torch.rand(records, generator=generator) < schedule.sampling_of(records))[:, 0]
            sums = [torch.zeros_like(p) for p in parameters]
            for start in range(0, len(part), 2048):
                clipped.add(losses, [t[part[start : start + 2048]] for t in tensors], schedule.clip, sums)
            deviation = schedule.sigma_at(step) * schedule.clip
            for p, total in zip(parameters, sums):
                noise = torch.randn(total.shape, generator=generator) * deviation
                p.grad = (total + noise) / schedule.batch
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate_at(step)
            optimizer.step()
            if after is not None:
                after(step, module)
    finally:
        clipped.close()
        for p in parameters:
            p.grad = None
    schedule.charge(ledger, records)
    return module.eval()


def clipper_of(module: Any) -> Any:
    """Adds up gradients that are cut, record by record: of dense layers without ever holding one."""
    torch = need("torch", "training")
    owners = [m for m in module.modules() if any(p.requires_grad for p in m.parameters(recurse=False))]
    return _Dense(module, owners) if all(type(m) is torch.nn.Linear for m in owners) else _General(module)


def _factors(squares: Any, clip: float) -> Any:
    """[n]: what each record's gradient is multiplied by. One that overflowed counts for nothing."""
    torch = need("torch", "training")
    factors = (clip / squares.sqrt().clamp(min=1e-12)).clamp(max=1.0)
    return torch.where(torch.isfinite(squares), factors, torch.zeros_like(factors))


def _finite(gradients: Any) -> Any:
    """Zero times infinity would be no number."""
    torch = need("torch", "training")
    return torch.nan_to_num(gradients, nan=0.0, posinf=0.0, neginf=0.0)


class _General:
    """Sums of cut gradients by Opacus, which holds the gradient of every record."""

    def __init__(self, module: Any) -> None:
        opacus = need("opacus.grad_sample", "private training", "opacus")
        self.module = opacus.GradSampleModule(module, loss_reduction="sum")
        self.parameters = [p for p in module.parameters() if p.requires_grad]

    def close(self) -> None:
        self.module.remove_hooks()
        for p in self.parameters:
            if hasattr(p, "grad_sample"):
                del p.grad_sample

    def forget(self) -> None:
        """Drops what was kept of other passes through the module."""
        for p in self.parameters:
            p.grad_sample = None

    def add(self, losses: Any, parts: list[Any], clip: float, sums: list[Any]) -> None:
        torch = need("torch", "training")
        self.module.zero_grad(set_to_none=True)
        for p in self.parameters:
            p.grad_sample = None
        losses(self.module, *parts).sum().backward()
        flat = []
        for p in self.parameters:
            found = p.grad_sample
            if found is None:
                raise InvalidArgument("a parameter has no gradient: the loss does not depend on it", "losses")
            if isinstance(found, list):
                found = torch.stack(found).sum(0)
            flat.append(found.reshape(len(found), -1))
            p.grad_sample = None
        factors = _factors(torch.stack([part.square().sum(1) for part in flat]).sum(0), clip)
        for p, part, total in zip(self.parameters, flat, sums):
            total += (factors @ _finite(part)).reshape(p.shape)


class _Dense:
    """The same for dense layers, whose gradient of a record is a product of two vectors: its norm is that of one times
    that of the other, and nothing but the sum is ever made (Goodfellow, Efficient per-example gradient computations,
    2015). Each layer is used once, on [n, features]."""

    def __init__(self, module: Any, layers: list[Any]) -> None:
        self.module, self.layers = module, layers
        self.seen: dict[int, list[tuple[Any, Any]]] = {}
        self.hooks = [layer.register_forward_hook(self._note) for layer in layers]

    def close(self) -> None:
        for hook in self.hooks:
            hook.remove()

    def _note(self, layer: Any, inputs: Any, output: Any) -> None:
        if output.requires_grad:
            output.retain_grad()
            self.seen.setdefault(id(layer), []).append((inputs[0].detach(), output))

    def forget(self) -> None:
        """Drops what was kept of other passes through the module."""
        self.seen.clear()

    def add(self, losses: Any, parts: list[Any], clip: float, sums: list[Any]) -> None:
        self.seen.clear()
        self.module.zero_grad(set_to_none=True)
        losses(self.module, *parts).sum().backward()
        squares: Any = 0.0
        pairs = []
        for layer in self.layers:
            uses = self.seen.get(id(layer), [])
            if len(uses) != 1 or uses[0][0].ndim != 2 or uses[0][1].grad is None:
                raise InvalidArgument("each dense layer must be used once, on samples [n, features]", "module")
            entered, left = uses[0][0], uses[0][1].grad
            has_bias = layer.bias is not None and layer.bias.requires_grad
            weights = entered.square().sum(1) if layer.weight.requires_grad else 0.0
            squares = squares + left.square().sum(1) * (weights + (1.0 if has_bias else 0.0))
            pairs.append((layer, entered, left, has_bias))
        self.seen.clear()
        factors = _factors(squares, clip)
        places = {id(p): total for p, total in zip((p for p in self.module.parameters() if p.requires_grad), sums)}
        for layer, entered, left, has_bias in pairs:
            cut = _finite(left * factors[:, None])
            if layer.weight.requires_grad:
                places[id(layer.weight)].add_(cut.T @ _finite(entered))
            if has_bias:
                places[id(layer.bias)].add_(cut.sum(0))


def products_of(samples: Any) -> Any:
    """[features, features]: the sum of r r^T over rows r, cut to norm 1."""
    rows = np.asarray(samples)
    rows = rows / np.maximum(1.0, np.linalg.norm(rows, axis=1, keepdims=True)).astype(rows.dtype)
    return np.asarray(rows.T @ rows, np.float64)


def private_components(products: Any, count: int, sigma: float, ledger: Ledger, seed: int = 0) -> Any:
    """[features, count]: principal directions, without the mean taken out, of `products_of` records with noise: Dwork,
    Talwar, Thakurta and Zhang, Analyze Gauss, 2014.

    The upper triangle changes by at most 1 in L2 with a record."""
    noise = np.random.default_rng(seed).normal(0.0, sigma, products.shape)
    noise = np.triu(noise) + np.triu(noise, 1).T
    _, vectors = np.linalg.eigh(products + noise)
    ledger.gaussian(sigma)
    return np.ascontiguousarray(vectors[:, ::-1][:, :count])


def cross_entropies(module: Any, x: Any, y: Any) -> Any:
    """[n]: the loss of each record."""
    torch = need("torch", "training")
    return torch.nn.functional.cross_entropy(module(x), y, reduction="none")
