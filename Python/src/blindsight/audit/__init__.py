# SPDX-License-Identifier: Apache-2.0
"""What encryption does not protect: attacks on a served model, and what helps, measured on its own endpoint.

    python -m blindsight.audit plan/ --data train.npz --test test.npz --report audit.html

Encryption hides a client's input from the server. It stops no input that was made to deceive, no poisoned training set,
and nothing that decrypted answers tell of the model. Each attack and defence is a `Row`, run against an `Endpoint`; a
simulated endpoint answers what the encrypted one answers, bit for bit, so an audit at the speed of clear text holds for
the service. `pip install 'blindsight[audit]'`.
"""

from __future__ import annotations

from .endpoint import EncryptedEndpoint, Endpoint, RemoteEndpoint, SimulatedEndpoint, TrainableEndpoint
from .finding import Expected, Finding, wilson
from .models import Data, Subject, subject
from .registry import Row, register, rows

__all__ = [
    "Data",
    "EncryptedEndpoint",
    "Endpoint",
    "Expected",
    "Finding",
    "RemoteEndpoint",
    "Row",
    "SimulatedEndpoint",
    "Subject",
    "TrainableEndpoint",
    "register",
    "rows",
    "subject",
    "wilson",
]
