# SPDX-License-Identifier: Apache-2.0
"""From a model to a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional, Union

from ._arrays import Layout, labels_of, matrix
from ._library import Borrowed, Handle, make
from ._models import onnx_of
from ._plan import ClientPlan, Plan, option_text
from ._progress import ProgressOption, run


def compile(
    model: Any,
    calibration: Any = None,
    labels: Any = None,
    *,
    method: str = "auto",
    samples: Optional[int] = None,
    bits: Union[int, tuple[int, int], None] = None,
    degrees: Union[int, tuple[int, int], None] = None,
    function_privacy: Optional[int] = None,
    range: Optional[str] = None,
    margin_bits: Optional[float] = None,
    range_bits: Optional[float] = None,
    outputs: Optional[str] = None,
    trees: Optional[str] = None,
    bins: Optional[int] = None,
    move: Union[str, Sequence[str], None] = None,
    activations: Optional[str] = None,
    accept_errors: bool = False,
    key_bits: Optional[int] = None,
    within: Optional[ClientPlan] = None,
    progress: ProgressOption = None,
) -> Plan:
    """The cheapest certified plan of a model. No key is made yet.

    model: an ONNX file (its path or bytes), a torch.nn.Module, an estimator or pipeline of scikit-learn, XGBoost or
        LightGBM.
    calibration: a few hundred samples of the training data, [n, *shape], as the model takes them: by these a float
        model becomes integers. A table (pandas, polars, Arrow) names the columns, too.
    labels: the class of each of them, for accuracies in the report.
    method: "auto" takes the cheapest for so many `samples`; "slots" answers one in milliseconds, "features" thousands
        at once, "paillier" is for linear models, with keys of a kilobyte.
    samples: how many are scored at once; 1, for "features" 8192.
    bits, degrees: of weights and inputs, and of the polynomials in place of activations: pairs such as (3, 8).
    function_privacy: how well replies hide the model from who decrypts them, in bits: 0, 40, 64 or 80. By default 40
        where that costs little.
    range: "certified" proves the outputs' range for every input; "calibrated" takes what the samples show, and
        `margin_bits` more, and proves nothing.
    range_bits: most bits of that range.
    outputs: "scores" of classes or "quantities", where a model has several outputs and doesn't say.
    trees: what clients may know of a model's trees: "grid" (nothing), "thresholds" or "structure".
    bins: parts into which a grid cuts each feature, 2 to 4096.
    move: nodes of the model that are left to the client, weights and all.
    activations: "table" takes them exactly, of a model that quantizes what it accumulates in few bits; of others it
        keeps each function, but quantizes it to few bits anew, by the samples; "polynomial" takes them nearly, and is
        faster; by default tables where they are the model's own and a plan with them is found.
    accept_errors: make the plan even where its integers often answer otherwise than the model.
    key_bits: of Paillier keys: 2048, 3072 or 4096.
    within: the plan whose clients are to keep their keys.
    progress: True shows a bar, False none; a function is called with (stage, done, total). By default a bar where
        somebody can see it.

    Raises PlanRefused, whose `remedies` are arguments of this function; ModelError, which names the node that can't be
    taken; DataError for samples that don't fit.
    """
    options = option_text(
        {
            "method": None if method == "auto" else method,
            "samples": samples,
            "bits": bits,
            "degrees": degrees,
            "function_privacy": None if function_privacy is None else str(function_privacy),
            "range": range,
            "margin_bits": margin_bits,
            "range_bits": range_bits,
            "outputs": outputs,
            "trees": trees,
            "bins": bins,
            "move": move,
            "activations": activations,
            "accept_errors": accept_errors,
            "key_bits": key_bits,
        }
    )
    source = onnx_of(model, calibration)
    onnx = Borrowed(source.onnx)
    description = make("bs_model_describe", *onnx.arguments, options).json()
    rows = None
    if calibration is not None:
        rows = matrix(calibration, Layout.of(description), source.columns)
    places = None
    if labels is not None and rows is not None:
        names = source.classes if source.classes is not None else description.get("labels")
        places = labels_of(labels, rows.count, names)

    def body(callback: Any) -> Handle:
        return make(
            "bs_compile",
            *onnx.arguments,
            *((None, 0, 0, 0) if rows is None else rows.arguments),
            None if places is None else places.ctypes.data,
            options,
            None if within is None else within._handle.pointer,
            callback,
            None,
        )

    handle = run(body, progress, "compile", None)
    report = make("bs_plan_report", handle.pointer).json()
    return Plan(handle, report=report, columns=source.columns)
