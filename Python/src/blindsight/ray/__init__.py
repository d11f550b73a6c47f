# SPDX-License-Identifier: Apache-2.0
"""Predictions on a Ray cluster: `pip install 'blindsight[ray]'`.

    from blindsight.ray import predict

    predict("requests/", "plan/server.plan", "evaluation.key", "replies/")

This is the server's half. Nothing here takes a secret key, and a secret key that is given by mistake is refused before
it leaves the driver. What encrypts and decrypts on the data owner's own cluster is `blindsight.ray.client`, which is
never imported from here.
"""

from __future__ import annotations

import os

# Read when Ray is imported: its worker processes begin without a collector of metrics that nobody reads.
os.environ.setdefault("RAY_DISABLE_METRICS_COLLECTION", "1")

try:
    import ray.data  # noqa: F401
except ImportError as error:
    from .._errors import MissingPackage, Remedy

    raise MissingPackage(
        "blindsight.ray needs the package ray", "ray", (Remedy("pip install 'blindsight[ray]'"),)
    ) from error

from ._predict import Predictor, predict, share
from ._run import Report

__all__ = ["Predictor", "Report", "predict", "share"]
