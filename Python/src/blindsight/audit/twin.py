# SPDX-License-Identifier: Apache-2.0
"""The integer network of a plan as a module of PyTorch: the same integers, with gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .._errors import BlindsightError, InvalidArgument
from .network import Network, Operation

# Up to here every integer is a double.
_EXACT = 2.0**53


class NoTwin(BlindsightError):
    """A plan whose network has no differentiable twin; `what` says why."""


class Twin(torch.nn.Module):  # type: ignore[misc]
    """What a plan computes, in double precision.

    Sums and products of integers below 2^53 are exact in doubles, in whatever order they are added. `bound` is a proof
    that all are below it, for every input in the box: of each layer the sum of the magnitudes of all terms. So
    `integers` is what `Plan.simulate` gives, integer by integer. Backwards, the rounding of inputs is taken for the
    identity (Bengio et al., "Estimating or propagating gradients through stochastic neurons", 2013).

    Raises NoTwin for trees, for what a client computes before quantization, and where the bound is 2^53 or more.
    """

    def __init__(self, plan: Any) -> None:
        super().__init__()
        self.network = network = Network.of(plan)
        if network.has_prefix or network.normalization:
            raise NoTwin("the client computes something before it quantizes, of which there is no twin", "prefix")
        self.temperature = 1.0
        self._classes = int(plan.client._description["logit_width"])
        self._factors = torch.as_tensor(network.output_factors)
        steps = network.scales if len(network.scales) else np.float32(network.scale)
        self._step = torch.as_tensor(np.array(steps, np.float32))
        self._offset = torch.as_tensor(np.array(network.offsets if len(network.offsets) else 0, np.float32))
        self._tensors = [_tensors(operation) for operation in network.operations]
        self.bound = self._bound()
        if self.bound >= _EXACT:
            raise NoTwin(f"its integers may have {np.log2(self.bound):.0f} bits, and doubles have 53", "bound")

    def integers(self, samples: Any) -> Any:
        """[n, outputs], double: the integers that clients decrypt. samples: [n, *shape] or [n, values]."""
        return self._run(self._quantized(samples), self._tensors, magnitudes=False)

    def forward(self, samples: Any) -> Any:
        """[n, classes], double: the reals that the integers stand for, over the temperature.

        One output, whose sign decides, gives two classes.
        """
        scores = self.integers(samples) * self._factors / self.temperature
        return torch.cat([-scores, scores], dim=1) if self._classes == 1 else scores

    def soften(self, samples: Any, margin: float = 5.0) -> Twin:
        """Sets the temperature by which the median margin of these samples is as given; decisions stay.

        Polynomial networks have large scores, at which softmax is 1 or 0 and its gradient zero: an attack that fails by
        that says nothing.
        """
        self.temperature = 1.0
        with torch.no_grad():
            top = self(torch.as_tensor(np.asarray(samples))).topk(2, dim=1).values
            self.temperature = max(float((top[:, 0] - top[:, 1]).median()) / margin, 1e-30)
        return self

    def _quantized(self, samples: Any) -> Any:
        samples = samples.reshape(len(samples), -1)
        if samples.shape[1] != int(np.prod(self.network.shape)):
            raise InvalidArgument(f"samples of {samples.shape[1]} values", "samples")
        lowest, highest = self.network.lowest, self.network.highest
        # In single precision, as the client does.
        steps = torch.round((samples.detach().float() - self._offset) / self._step).clamp(lowest, highest).double()
        reals = samples.double() / self._step.double()
        return steps + (reals - reals.detach())

    def _run(self, values: Any, tensors: list[Any], magnitudes: bool) -> Any:
        made = [values]
        for operation, tensor in zip(self.network.operations, tensors):
            made.append(_apply(operation, tensor, [made[source] for source in operation.sources], magnitudes))
        return made if magnitudes else made[-1]

    def _bound(self) -> float:
        """The largest sum of magnitudes of a layer, for inputs as large as the box allows.

        Rounding of this computation itself is covered by its last factor.
        """
        largest = float(max(abs(self.network.lowest), abs(self.network.highest)))
        count = int(np.prod(self.network.shape))
        tensors = [tuple(abs(each) if each is not None else None for each in pair) for pair in self._tensors]
        start = torch.full((1, count), largest, dtype=torch.float64)
        with torch.no_grad():
            made = self._run(start, tensors, magnitudes=True)
        return max(float(each.max()) for each in made) * (1 + 1e-6)


def _tensors(operation: Operation) -> tuple[Any, Any]:
    """Weights and bias, double, in the shape that the operation takes."""
    limit = max((abs(int(each)) for array in (operation.weights, operation.bias) for each in _ends(array)), default=0)
    if limit >= _EXACT:
        raise NoTwin(f"its weights or biases have {limit.bit_length()} bits, and doubles have 53", "weights")
    weights = torch.as_tensor(operation.weights.astype(np.float64))
    bias = torch.as_tensor(operation.bias.astype(np.float64))
    if operation.kind == "convolution":
        channels, _, _, height, width = operation.sizes[:5]
        return weights.reshape(len(bias), channels, height, width), bias
    if operation.kind == "dense":
        return weights.reshape(operation.sizes[1], operation.sizes[0]), bias
    if operation.kind == "affine":
        rows = np.repeat(np.arange(len(operation.row_counts)), operation.row_counts)
        places = torch.as_tensor(np.stack([rows, operation.column_indices]))
        sizes = (len(operation.row_counts), operation.columns)
        return torch.sparse_coo_tensor(places, weights, sizes).coalesce(), bias
    if operation.kind in ("square", "product"):
        return None, None
    raise NoTwin("trees have no gradient", operation.kind)


def _ends(array: Any) -> tuple[Any, ...]:
    return (array.min(), array.max()) if len(array) else ()


def _apply(operation: Operation, tensor: Any, sources: list[Any], magnitudes: bool) -> Any:
    weights, bias = tensor
    x = sources[0]
    if operation.kind == "convolution":
        channels, height, width, _, _, down, right, top, left, bottom, end = operation.sizes
        image = torch.nn.functional.pad(x.reshape(-1, channels, height, width), (left, end, top, bottom))
        return torch.nn.functional.conv2d(image, weights, bias, (down, right)).flatten(1)
    if operation.kind == "dense":
        return torch.nn.functional.linear(x, weights, bias)
    if operation.kind == "affine":
        x = torch.cat(sources, dim=1) if len(sources) > 1 else x
        return torch.sparse.mm(weights, x.T).T + bias
    return x * x if operation.kind == "square" else x * sources[1]
