# SPDX-License-Identifier: Apache-2.0
"""What a client decrypted."""

from __future__ import annotations

from ctypes import POINTER, c_double, c_float, c_int64
from typing import Any, Optional, cast

import numpy as np
import numpy.typing as npt

from ._errors import BlindsightError, DataError
from ._library import Handle, call, library, make


class Predictions:
    """Predictions of n samples, in their order.

    is_encrypted: False where they come from `Plan.simulate`. The numbers are the same.
    is_certified: whether the plan proves, for every input in its box, that no result can have wrapped.
    """

    def __init__(self, handle: Handle, description: dict[str, Any], is_encrypted: bool) -> None:
        self._description = description
        self.is_encrypted = is_encrypted
        self.is_certified = bool(library.bs_predictions_are_certified(handle.pointer))
        self._count = int(library.bs_predictions_count(handle.pointer))
        self._value_width = int(library.bs_predictions_value_width(handle.pointer))
        self._handle: Optional[Handle] = handle
        self._logits: Optional[npt.NDArray[Any]] = None
        self._values: Optional[npt.NDArray[np.float64]] = None
        self._places: Optional[npt.NDArray[np.int64]] = None
        self._outputs: Optional[dict[str, npt.NDArray[Any]]] = None

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        how = "encrypted" if self.is_encrypted else "simulated"
        proven = "" if self.is_certified else ", not certified"
        first = np.array2string(self.labels[:5] if self.says_label else self.values[:5], threshold=20)
        return f"<{len(self)} predictions, {how}{proven}: {first}{' ...' if len(self) > 5 else ''}>"

    def _array(self, function: str, width: int, number: Any, dtype: Any) -> npt.NDArray[Any]:
        assert self._handle is not None
        array = np.empty((self._count, width), dtype=dtype)
        call(function, self._handle.pointer, array.ctypes.data_as(POINTER(number)))
        return array

    @property
    def logits(self) -> npt.NDArray[Any]:
        """The network's integers, exact: [n, outputs], int64; Python's integers (object) where those are too narrow."""
        if self._logits is None:
            assert self._handle is not None
            width = int(self._description["logit_width"])
            if self._description["logits_fit_words"]:
                self._logits = self._array("bs_predictions_logits", width, c_int64, np.int64)
            else:
                lines = bytes(make("bs_predictions_logit_text", self._handle.pointer).view()).split()
                integers = np.empty(len(lines), dtype=object)
                integers[:] = [int(line) for line in lines]
                self._logits = integers.reshape(self._count, width)
        return self._logits

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """What the model shows: its scores or quantities, [n, values], float64."""
        if self._values is None:
            self._values = self._array("bs_predictions_values", self._value_width, c_double, np.float64)
        return self._values

    @property
    def says_label(self) -> bool:
        """Whether the model decides for a class, and not for quantities alone."""
        return bool(self._description["says_label"])

    @property
    def labels(self) -> npt.NDArray[Any]:
        """The predicted class of each sample, [n]: names as the model has them; int64 where all are whole numbers.

        A regression has none: that is an error, and `values` has what it predicts.
        """
        if not self.says_label:
            raise BlindsightError("the model predicts quantities and no classes: see `values`", "labels")
        if self._places is None:
            array = self._array("bs_predictions_labels", 1, c_int64, np.int64)
            self._places = cast("npt.NDArray[np.int64]", array[:, 0])
        names = self._description.get("labels")
        if names is None:
            return self._places
        return class_names(names)[self._places]

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """[n, classes], rows that add up to 1.

        Only of models that show probabilities, which others' scores are not: for those it is an error.
        """
        values = self.values
        if self.says_label and values.shape[1] == 1 and self._description["transform"] == "sigmoid":
            return np.concatenate([1 - values, values], axis=1)
        sums = values.sum(axis=1)
        if self.says_label and values.shape[1] > 1 and np.all(values >= 0):
            if np.all(np.abs(sums - 1) < 1e-4):
                return values
        raise DataError("the model shows scores, which are no probabilities: see `values`", "probabilities")

    @property
    def outputs(self) -> dict[str, npt.NDArray[Any]]:
        """All that the model puts out, by its names, [n, *shape]; empty where labels and values are all there is."""
        if self._outputs is None:
            found: dict[str, npt.NDArray[Any]] = {}
            for index, output in enumerate(self._description.get("outputs", ())):
                assert self._handle is not None
                shape = (self._count, *output["shape"])
                array = np.empty(shape, dtype=np.float32)
                pointer = array.ctypes.data_as(POINTER(c_float))
                call("bs_predictions_output", self._handle.pointer, index, pointer)
                if output["kind"] == "integer":
                    array = array.astype(np.int64)
                elif output["kind"] == "label":
                    array = class_names(output["labels"])[array.astype(np.int64)]
                found[output["name"]] = array
            self._outputs = found
        return self._outputs

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        # Numbers alone: nothing in them is secret but what they say.
        _ = self.logits, self.values, self.outputs
        if self.says_label:
            _ = self.labels
        state.update(self.__dict__)
        state["_handle"] = None
        return state


def class_names(names: list[str]) -> npt.NDArray[Any]:
    """Names as an array: int64 where each is a whole number as it is usually written."""
    try:
        numbers = [int(name) for name in names]
    except ValueError:
        return np.array(names)
    if [str(number) for number in numbers] != list(names):
        return np.array(names)
    return np.array(numbers, dtype=np.int64)
