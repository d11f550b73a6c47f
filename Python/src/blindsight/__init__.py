# SPDX-License-Identifier: Apache-2.0
"""Predictions by a server that never sees the data, exact to the integer.

    import blindsight as bs

    plan = bs.compile(model, calibration=X[:300], labels=y[:300])
    client = bs.Client(plan.client)
    server = bs.PreparedModel(plan).server(client.evaluation_keys)
    y = client.decrypt(server.predict(client.encrypt(X)))

Who owns the model compiles it and runs the server. Who owns the data makes the client, which holds the only secret.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ._client import Client, EvaluationKeys, Request
    from ._compile import compile
    from ._errors import (
        BlindsightError,
        Cancelled,
        DataError,
        DecryptionError,
        FileError,
        FormatError,
        InternalError,
        InvalidArgument,
        MismatchError,
        MissingPackage,
        ModelError,
        PlanRefused,
        Remedy,
    )
    from ._plan import ClientPlan, Plan
    from ._predictions import Predictions
    from ._remote import RemoteError, RemoteModel, connect
    from ._server import PreparedModel, Reply, Server

# Read when they are asked for, so that the import costs next to nothing and the command line starts at once.
_HOMES = {
    "_client": ("Client", "EvaluationKeys", "Request"),
    "_compile": ("compile",),
    "_errors": (
        "BlindsightError",
        "Cancelled",
        "DataError",
        "DecryptionError",
        "FileError",
        "FormatError",
        "InternalError",
        "InvalidArgument",
        "MismatchError",
        "MissingPackage",
        "ModelError",
        "PlanRefused",
        "Remedy",
    ),
    "_plan": ("ClientPlan", "Plan"),
    "_predictions": ("Predictions",),
    "_remote": ("RemoteError", "RemoteModel", "connect"),
    "_server": ("PreparedModel", "Reply", "Server"),
}

__all__ = [
    "BlindsightError",
    "Cancelled",
    "Client",
    "ClientPlan",
    "DataError",
    "DecryptionError",
    "EvaluationKeys",
    "FileError",
    "FormatError",
    "InternalError",
    "InvalidArgument",
    "MismatchError",
    "MissingPackage",
    "ModelError",
    "Plan",
    "PlanRefused",
    "Predictions",
    "PreparedModel",
    "Remedy",
    "RemoteError",
    "RemoteModel",
    "Reply",
    "Request",
    "Server",
    "__version__",
    "compile",
    "connect",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(f".{home}", __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
