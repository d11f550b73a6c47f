# SPDX-License-Identifier: Apache-2.0
"""Updates of many clients as integers, summed under Paillier: what these rows and the gradient attacks share."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from ..._errors import DataError
from ...federated import PrivateSum, SumKey

Array = Any


@dataclass(frozen=True)
class FixedPoint:
    """Reals from -bound to bound as integers of so many bits, sign included; beyond it they are cut to it."""

    bound: float
    bits: int = 16

    @property
    def largest(self) -> int:
        return int(2 ** (self.bits - 1) - 1)

    @property
    def step(self) -> float:
        """What an integer is worth."""
        return self.bound / self.largest

    def integers(self, values: Array) -> Array:
        """int64, to the nearest. Raises DataError for what isn't finite: one such client would spoil the sum."""
        values = np.asarray(values, np.float64)
        if not np.isfinite(values).all():
            raise DataError("an update isn't finite", "values")
        return np.clip(np.rint(values / self.step), -self.largest, self.largest).astype(np.int64)

    def reals(self, sums: Array) -> Array:
        return np.asarray(sums, np.float64) * self.step


class Federation:
    """Sums of clients' vectors. Encrypted: clients and the server have the public key, and a third party decrypts.

    key_bits: None: without encryption, as the server sees them then. seconds: by who spends them.
    """

    def __init__(
        self, count: int, clients: int, magnitude: int, key_bits: Optional[int] = 3072, threads: int = 1
    ) -> None:
        self.seconds = {"client": 0.0, "server": 0.0, "key's holder": 0.0}
        self.uploaded = 0
        self.vectors = 0
        self._key = self._scheme = None
        if key_bits is not None:
            self._key = SumKey(key_bits)
            self._scheme = PrivateSum(self._key.public, count, magnitude, clients, threads=threads)

    @property
    def scheme(self) -> Any:
        """The `PrivateSum`; None without encryption."""
        return self._scheme

    def sum(self, vectors: Iterable[Array]) -> Array:
        """The sum of integer vectors, int64: with encryption from what the key's holder decrypts."""
        vectors = [np.asarray(vector) for vector in vectors]
        self.vectors += len(vectors)
        if self._scheme is None or self._key is None:
            return np.sum(vectors, axis=0)
        total = b""
        for vector in vectors:
            begin = time.perf_counter()
            sent = bytes(self._scheme.encrypt(vector))
            middle = time.perf_counter()
            total = bytes(self._scheme.add(total, sent)) if total else sent
            end = time.perf_counter()
            self.uploaded += len(sent)
            self.seconds["client"] += middle - begin
            self.seconds["server"] += end - middle
        begin = time.perf_counter()
        sums = self._key.decrypt(self._scheme, total, least=min(2, len(vectors)))
        self.seconds["key's holder"] += time.perf_counter() - begin
        return sums

    def report(self) -> dict[str, Any]:
        """Costs of a vector, and what was agreed on."""
        if self._scheme is None:
            return {"encrypted": False}
        each = max(1, self.vectors)
        return {
            "encrypted": True,
            "slots in a ciphertext": self._scheme.slots,
            "bits of a slot": self._scheme.slot_bits,
            "ciphertexts of a vector": self._scheme.ciphertexts,
            "bytes of a vector": self.uploaded // each,
            "milliseconds of a client for a vector": round(1000 * self.seconds["client"] / each, 1),
            "milliseconds of the server for a vector": round(1000 * self.seconds["server"] / each, 1),
            "seconds of the key's holder in all": round(self.seconds["key's holder"], 2),
        }


def flatten(tensors: Iterable[Any]) -> Array:
    """[parameters], float64: tensors of torch one after the other."""
    return np.concatenate([tensor.detach().numpy().astype(np.float64).ravel() for tensor in tensors])


def unflatten(values: Array, like: Sequence[Any]) -> list[Any]:
    """Tensors in the shapes of others."""
    import torch

    out, place = [], 0
    for tensor in like:
        part = np.asarray(values[place : place + tensor.numel()], np.float32)
        out.append(torch.as_tensor(part.reshape(tuple(tensor.shape))))
        place += tensor.numel()
    return out


def local_update(module: Any, weights: Array, x: Array, y: Array, *, rate: float, epochs: int, seed: int) -> Array:
    """What a client sends: the change of the weights by its own training, [parameters]."""
    import torch

    parameters = list(module.parameters())
    with torch.no_grad():
        for parameter, value in zip(parameters, unflatten(weights, parameters)):
            parameter.copy_(value)
    optimizer = torch.optim.SGD(module.parameters(), rate, momentum=0.9)
    generator = torch.Generator().manual_seed(seed)
    inputs, labels = torch.as_tensor(np.asarray(x, np.float32)), torch.as_tensor(np.asarray(y, np.int64))
    for _ in range(epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for start in range(0, len(inputs), 32):
            part = order[start : start + 32]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(inputs[part]), labels[part]).backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
    return flatten(parameters) - weights


def load(module: Any, weights: Array) -> Any:
    """The module with these weights."""
    import torch

    parameters = list(module.parameters())
    with torch.no_grad():
        for parameter, value in zip(parameters, unflatten(weights, parameters)):
            parameter.copy_(value)
    return module.eval()
