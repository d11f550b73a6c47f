# SPDX-License-Identifier: Apache-2.0
"""Detectors of adversarial inputs at the client, before anything is encrypted.

The server can't look at an input that it can't read, and the client has no weights of the served network: so each of
these works on the input, or on a network of the client's own. They are a part of what a client does before encryption,
and protect a client from inputs that others made; a client that wants to deceive leaves them out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..finding import Expected, Finding, wilson
from ..models import subject, train
from ..registry import Row, register
from .attacks import fgsm, pgd

Array = Any


class Metzen:
    """A small convolutional network that tells adversarial images from others. Metzen et al., 2017.

    Theirs sits on inner layers of the classifier; the client has none, so this one sits on the input.
    """

    def __init__(self, clean: Array, adversarial: Array, seed: int = 0, epochs: int = 4) -> None:
        import torch

        torch.manual_seed(seed)
        layers = torch.nn
        module = layers.Sequential(
            layers.Unflatten(1, (1, 28, 28)),
            layers.Conv2d(1, 16, 3, stride=2, padding=1),
            layers.ReLU(),
            layers.Conv2d(16, 32, 3, stride=2, padding=1),
            layers.ReLU(),
            layers.Flatten(),
            layers.Linear(32 * 49, 2),
        )
        x = np.concatenate([clean, adversarial])
        y = np.repeat([0, 1], [len(clean), len(adversarial)])
        self._module = train(module, x, y, epochs=epochs, seed=seed)

    def __call__(self, x: Array) -> Array:
        """[n]: the larger, the likelier adversarial; above 0 it says so."""
        import torch

        with torch.no_grad():
            out = self._module(torch.as_tensor(np.asarray(x, np.float32))).numpy()
        return out[:, 1] - out[:, 0]


class SafetyNet:
    """A radial SVM on coarse codes of a late layer of ReLUs, of the client's own network. Lu et al., 2017."""

    _levels = (0.0, 0.5, 1.0, 2.0)

    def __init__(self, own: Any, clean: Array, adversarial: Array, seed: int = 0) -> None:
        from sklearn.svm import SVC

        self._own = own
        self._scale = 1.0
        activations = self._activations(clean)
        self._scale = float(activations[activations > 0].mean())
        codes = np.concatenate([self._codes(clean), self._codes(adversarial)])
        self._svm = SVC(kernel="rbf", gamma="scale", random_state=seed)
        self._svm.fit(codes, np.repeat([0, 1], [len(clean), len(adversarial)]))

    def _activations(self, x: Array) -> Array:
        import torch

        with torch.no_grad():
            return self._own[:-1](torch.as_tensor(np.asarray(x, np.float32))).numpy()

    def _codes(self, x: Array) -> Array:
        return np.digitize(self._activations(x) / self._scale, self._levels, right=True)

    def __call__(self, x: Array) -> Array:
        """[n]: above 0 it says adversarial."""
        return self._svm.decision_function(self._codes(x))


class LowComponents:
    """Weight on low-ranked principal components. Hendrycks and Gimpel, 2017. It has seen no adversarial image."""

    def __init__(self, clean: Array, start: float = 0.5, least: float = 1e-4) -> None:
        self._mean = clean.mean(axis=0)
        _, deviations, axes = np.linalg.svd(clean - self._mean, full_matrices=False)
        deviations = deviations / np.sqrt(len(clean))
        # Whitening divides by these: those of pixels that never change tell rounding only.
        kept = np.flatnonzero(deviations > least * deviations[0] ** 0.5)
        low = kept[int(start * len(kept)) :]
        self._axes, self._deviations = axes[low], deviations[low]

    def __call__(self, x: Array) -> Array:
        """[n]: the mean square of whitened low-ranked coefficients; near 1 for images as it was made with."""
        return (((x - self._mean) @ self._axes.T / self._deviations) ** 2).mean(axis=1)


def _area(detector: Any, clean: Array, adversarial: Array) -> float:
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([0, 1], [len(clean), len(adversarial)])
    return float(roc_auc_score(truth, np.concatenate([detector(clean), detector(adversarial)])))


class DetectorRow(Row):
    """What the three rows share: images for training and others for measuring, and attacks on the served network."""

    group = "defence"
    threat = "knows the served network's weights and not the detector"
    budget = "FGSM at 0.2; FGSM at 0.1 and PGD at 0.2 beside it"
    step = 0.2

    def detector(self, x: Array, y: Array, adversarial: Array, seed: int) -> Any:
        """Made of training images and of FGSM's of them."""
        raise NotImplementedError

    def found(self, detector: Any, clean: Array, adversarial: Array) -> tuple[float, tuple[float, float]]:
        """The metric, and an interval: of Hanley and McNeil (1982), for areas."""
        area, n = _area(detector, clean, adversarial), len(clean)
        q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
        spread = np.sqrt(max(0.0, area * (1 - area) + (n - 1) * (q1 + q2 - 2 * area * area)) / (n * n))
        return area, (max(0.0, area - 1.96 * float(spread)), min(1.0, area + 1.96 * float(spread)))

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        made = subject("mnist-small")
        module, whole = made.module, made.data
        x, y = whole.train_x[:4000], whole.train_y[:4000]
        detector = self.detector(x, y, fgsm(module, x, y, self.step), seed)
        test_x, test_y = whole.test_x[:1000], whole.test_y[:1000]
        attacks = {
            "FGSM 0.2": fgsm(module, test_x, test_y, self.step),
            "FGSM 0.1": fgsm(module, test_x, test_y, 0.1),
            "PGD 0.2": pgd(module, test_x, test_y, self.step, seed=seed),
        }
        target = made.endpoint()
        value, interval = self.found(detector, test_x, attacks["FGSM 0.2"])
        limit = float(np.quantile(detector(x), 0.95))
        caught = {name: detector(moved) > limit for name, moved in attacks.items()}
        wrong = {name: target.labels(moved) != test_y for name, moved in attacks.items()}
        return Finding(
            self.name,
            self.metric,
            value,
            interval,
            queries=target.queries,
            details={
                "area under the ROC curve": {n: round(_area(detector, test_x, m), 4) for n, m in attacks.items()},
                "wrong answers of the endpoint": {n: round(float(w.mean()), 4) for n, w in wrong.items()},
                "wrong answers that pass, 5 % of clean training images refused": {
                    n: round(float((wrong[n] & ~caught[n]).mean()), 4) for n in attacks
                },
                "clean test images refused then": round(float((detector(test_x) > limit).mean()), 4),
            },
            risk=float((wrong["PGD 0.2"] & ~caught["PGD 0.2"]).mean()),
            remedy="A detector at the client refuses such inputs before encryption; who knows it attacks it as well.",
        )


@register
class MetzenDetector(DetectorRow):
    name = "metzen-detector"
    paper = "Metzen et al., On detecting adversarial perturbations, 2017"
    headline = "97 % and above for the largest perturbation, CIFAR-10, detector inside a ResNet"
    metric = "accuracy of the detector, half of the images FGSM's at 0.2"
    expected = Expected(0.95, 0.05, comparable=False)

    def detector(self, x: Array, y: Array, adversarial: Array, seed: int) -> Any:
        return Metzen(x, adversarial, seed)

    def found(self, detector: Any, clean: Array, adversarial: Array) -> tuple[float, tuple[float, float]]:
        right = int((detector(clean) <= 0).sum() + (detector(adversarial) > 0).sum())
        total = len(clean) + len(adversarial)
        return right / total, wilson(right, total)


@register
class SafetyNetDetector(DetectorRow):
    name = "safetynet"
    paper = "Lu et al., SafetyNet: detecting and rejecting adversarial examples robustly, 2017"
    headline = "0.95 and above, CIFAR-10, codes of late layers of the classifier"
    metric = "area under the ROC curve, FGSM at 0.2"
    expected = Expected(0.95, 0.05, comparable=False)

    def detector(self, x: Array, y: Array, adversarial: Array, seed: int) -> Any:
        import torch

        torch.manual_seed(seed + 5)
        layers = torch.nn
        own = layers.Sequential(
            layers.Linear(784, 128), layers.ReLU(), layers.Linear(128, 64), layers.ReLU(), layers.Linear(64, 10)
        )
        train(own, x, y, epochs=5, seed=seed + 5)
        return SafetyNet(own, x[:1500], adversarial[:1500], seed)


@register
class PrincipalComponents(DetectorRow):
    name = "pca-detector"
    paper = "Hendrycks and Gimpel, Early methods for detecting adversarial images, 2017"
    headline = "0.9 and above for three image sets, MNIST among them"
    metric = "area under the ROC curve, FGSM at 0.2"
    expected = Expected(0.95, 0.05, comparable=False)

    def detector(self, x: Array, y: Array, adversarial: Array, seed: int) -> Any:
        return LowComponents(x)
