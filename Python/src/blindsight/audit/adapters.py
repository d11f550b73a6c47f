# SPDX-License-Identifier: Apache-2.0
"""Endpoints as the kept libraries of attacks take them: adversarial-robustness-toolbox (ART) and foolbox."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .models import Data


def art_classifier(twin: Any, data: Data) -> Any:
    """The twin as a classifier of ART, with gradients. Samples are [n, values]."""
    from art.estimators.classification import PyTorchClassifier

    return PyTorchClassifier(
        model=twin,
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=(int(np.prod(data.test_x.shape[1:])),),
        nb_classes=data.classes,
        clip_values=(data.lowest, data.highest),
        device_type="cpu",
    )


def art_black_box(endpoint: Any, data: Data) -> Any:
    """An endpoint as a classifier of ART that tells labels alone; each query is counted."""
    from art.estimators.classification import BlackBoxClassifierNeuralNetwork

    def predict(samples: Any) -> Any:
        return np.eye(data.classes, dtype=np.float32)[endpoint.labels(samples)]

    return BlackBoxClassifierNeuralNetwork(
        predict, (int(np.prod(data.test_x.shape[1:])),), data.classes, clip_values=(data.lowest, data.highest)
    )


def foolbox_model(twin: Any, data: Data) -> Any:
    """The twin as a model of foolbox. Samples are [n, values]."""
    from foolbox import PyTorchModel

    class Single(torch.nn.Module):  # type: ignore[misc]
        def forward(self, samples: Any) -> Any:
            return twin(samples).float()

    return PyTorchModel(Single().eval(), bounds=(data.lowest, data.highest), device="cpu")
