# SPDX-License-Identifier: Apache-2.0
"""The table of poisoning and its detection: the papers' figures, and those expected here. Written before the attacks.

A row is comparable where its headline is of the same data set and metric, or saturates. Others are shown.
"""

from __future__ import annotations

from ..finding import Expected
from ..registry import Entry


def _same(value: float, tolerance: float = 0.03) -> Expected:
    return Expected(value, tolerance, True)


def _shown(value: float) -> Expected:
    return Expected(value, 0.0, False)


_FLIPS = "Changes labels of the training set, and no samples."
_ADDS = "Adds samples and labels to the training set, and knows how it is trained."
_CLEAN = "Adds samples to the training set, whose labels are right to the eye."
_STAMP = "Adds stamped samples to the training set; stamps samples afterwards."

TABLE: dict[str, Entry] = {
    "label-flipping": Entry(
        "Xiao et al., Adversarial label flips attack on support vector machines, 2012",
        _FLIPS,
        "30 % of two classes' labels, those furthest on their side first.",
        "errors rise to that of guessing by a fifth of the labels (11 tables)",
        "accuracy that is lost",
        _shown(0.3),
    ),
    "back-gradient": Entry(
        "Munoz-Gonzalez et al., Towards poisoning of deep learning algorithms with back-gradient optimization, 2017",
        _ADDS,
        "10 % of the training set.",
        "errors grow several times by 10 to 20 % of poison (spam, malware, MNIST)",
        "accuracy that is lost",
        _shown(0.1),
    ),
    "generative": Entry(
        "Yang et al., Generative poisoning attack method against neural networks, 2017",
        _ADDS + " A generator makes the samples.",
        "20 % of the training set.",
        "239 times as fast as by gradients, for somewhat less damage (MNIST, CIFAR-10)",
        "accuracy that is lost",
        _shown(0.05),
    ),
    "poison-gan": Entry(
        "Munoz-Gonzalez et al., Poisoning attacks with generative adversarial nets, 2019",
        _ADDS + " A generator makes samples that a discriminator takes for the class's own.",
        "30 % of the training set.",
        "errors grow with the generator's aggressiveness; detectors miss it (MNIST, Fashion-MNIST)",
        "accuracy that is lost",
        _shown(0.05),
    ),
    "influence": Entry(
        "Koh and Liang, Understanding black-box predictions via influence functions, 2017",
        "Changes one training image slightly, and knows the last layer's training.",
        "One image of 1,000, by 0.1 a pixel.",
        "57 % of right test images flip by one, 77 % by two (dogs and fish of ImageNet)",
        "share of unsure test images that flip",
        _shown(0.5),
    ),
    "feature-collision": Entry(
        "Shafahi et al., Poison frogs! Targeted clean-label poisoning attacks on neural networks, 2018",
        _CLEAN + " Knows the layers that are kept.",
        "One image.",
        "100 % of targets when the last layer alone is trained (dogs and fish of ImageNet)",
        "share of targets taken for the poison's class",
        _same(1.0),
    ),
    "bullseye-polytope": Entry(
        "Aghakhani et al., Bullseye polytope: a scalable clean-label poisoning attack, 2021; Zhu et al., Transferable "
        "clean-label poisoning attacks on deep neural nets, 2019",
        _CLEAN + " Knows networks like the one that is kept, not itself.",
        "Five images around the target.",
        "convex polytope: 50 % by 1 % of the training set; bullseye: a quarter more (CIFAR-10)",
        "share of targets taken for the poison's class",
        _shown(0.6),
    ),
    "backdoor": Entry(
        "Gu et al., BadNets: identifying vulnerabilities in the machine learning model supply chain, 2017",
        _STAMP,
        "10 % of the training set, a stamp of four pixels.",
        "over 99 % of stamped images, accuracy within 0.2 % of the clean network's (MNIST)",
        "share of stamped samples taken for the target",
        _same(0.99),
    ),
    "trojan": Entry(
        "Liu et al., Trojaning attack on neural networks, 2018",
        "Has the network and none of its training data; trains it on.",
        "A stamp made for one unit; training data made from the network.",
        "nearly all stamped samples, accuracy 2 % lower (faces, speech and others)",
        "share of stamped samples taken for the target",
        _shown(0.95),
    ),
    "invisible-backdoor": Entry(
        "Liao et al., Backdoor embedding in convolutional neural network models via invisible perturbation, 2018; Chen "
        "et al., Targeted backdoor attacks by data poisoning, 2017",
        _STAMP,
        "5 % of the training set, a pattern of 0.1 a pixel.",
        "over 90 % of stamped images (GTSRB, MNIST, CIFAR-10)",
        "share of stamped samples taken for the target",
        _shown(0.9),
    ),
    "clean-label-backdoor": Entry(
        "Turner et al., Clean-label backdoor attacks, 2018",
        "Adds stamped samples of the target class, made hard by an attack, with right labels.",
        "5 % of the training set.",
        "over half of stamped images by 1.5 % of the training set (CIFAR-10)",
        "share of stamped samples taken for the target",
        _shown(0.6),
    ),
    "activation-clustering": Entry(
        "Chen et al., Detecting backdoor attacks on deep neural networks by activation clustering, 2018",
        "The owner has the training set and the network.",
        "10 % of one class's samples are stamped ones.",
        "F1 over 99 % (MNIST)",
        "F1 of the samples that it finds",
        _same(0.98),
    ),
    "spectral-signatures": Entry(
        "Tran et al., Spectral signatures in backdoor attacks, 2018",
        "The owner has the training set and the network, and trains anew without what is found.",
        "One and a half times as many samples are taken out as there may be stamped ones.",
        "stamped samples fall from over 90 % to about 1 % (CIFAR-10)",
        "share of stamped samples taken for the target, afterwards",
        _same(0.01),
    ),
    "trigger-scan": Entry(
        "Wang et al., Neural Cleanse: identifying and mitigating backdoor attacks in neural networks, 2019",
        "The owner has a plan and a few clean samples.",
        "The smallest stamp to each class; one far smaller than the others is reported.",
        "all infected networks, with an index over 2 (MNIST and others)",
        "share of four networks, two of them infected, that are judged right",
        _same(1.0),
    ),
    "plan-scan": Entry(
        "Wang et al., Neural Cleanse: identifying and mitigating backdoor attacks in neural networks, 2019",
        "The owner has a plan and a few clean samples.",
        "The smallest stamp to each class; one far smaller than the others is reported.",
        "an index over 2 of infected networks alone (MNIST and others)",
        "largest anomaly index of a class, 2 and more is suspicious",
        _shown(1.0),
    ),
    "sanitization": Entry(
        "Paudice et al., Label sanitization against label flipping poisoning attacks, 2018",
        "The owner has the training set.",
        "Labels are those of most of the ten nearest samples.",
        "errors of flipped sets fall to nearly those of clean ones (MNIST, spam, cancer)",
        "share of the lost accuracy that comes back",
        _shown(0.8),
    ),
}
