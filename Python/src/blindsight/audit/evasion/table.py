# SPDX-License-Identifier: Apache-2.0
"""The table of evasion: what the papers report, and what is expected at this scale. Written before the attacks were.

A row is comparable where its headline is of the same data set and metric, or saturates (every sample falls) on any
network without a defence. Others are shown. Budgets are in pixels from 0 to 1.
"""

from __future__ import annotations

from ..finding import Expected
from ..registry import Entry

_WHITE = "Knows the network; chooses the samples that are encrypted."
_SCORES = "Asks the endpoint; sees scores."
_LABELS = "Asks the endpoint; sees labels alone."
_SUCCESS = "share of right samples that become wrong"


def _same(value: float, tolerance: float = 0.03) -> Expected:
    return Expected(value, tolerance, True)


def _shown(value: float) -> Expected:
    return Expected(value, 0.0, False)


TABLE: dict[str, Entry] = {
    "l-bfgs": Entry(
        "Szegedy et al., Intriguing properties of neural networks, 2014",
        _WHITE,
        "Smallest change that L-BFGS in the box finds, for a target class.",
        "0 % accuracy left, mean distortion 0.06 to 0.14 a pixel (MNIST, dense networks)",
        _SUCCESS,
        _same(1.0),
    ),
    "fgsm": Entry(
        "Goodfellow et al., Explaining and harnessing adversarial examples, 2015",
        _WHITE,
        "0.25 a pixel, one step.",
        "99.9 % error of a softmax, 89.4 % of a maxout network (MNIST)",
        "error at 0.25",
        _same(0.99),
    ),
    "i-fgsm": Entry(
        "Kurakin et al., Adversarial examples in the physical world, 2017",
        _WHITE,
        "0.1 a pixel, 10 steps.",
        "stronger than one step at small budgets (ImageNet)",
        _SUCCESS,
        _shown(0.97),
    ),
    "momentum": Entry(
        "Dong et al., Boosting adversarial attacks with momentum, 2018",
        _WHITE,
        "0.25 a pixel, 10 steps, momentum 1.",
        "100 % in the clear, 48.8 % on another network, where I-FGSM has 22.8 % (ImageNet)",
        _SUCCESS,
        _same(1.0),
    ),
    "r-fgsm": Entry(
        "Tramer et al., Ensemble adversarial training, 2018",
        _WHITE,
        "0.3 a pixel, of which 0.15 are random; the network was trained on one-step examples.",
        "stronger than FGSM against networks trained on FGSM (MNIST, ImageNet)",
        "success of R+FGSM less that of FGSM",
        _shown(0.1),
    ),
    "pgd": Entry(
        "Madry et al., Towards deep learning models resistant to adversarial attacks, 2018",
        _WHITE,
        "0.3 a pixel, 40 steps from a random start.",
        "accuracy 0 to 3.5 % of networks without a defence (MNIST)",
        _SUCCESS,
        _same(1.0),
    ),
    "jsma": Entry(
        "Papernot et al., The limitations of deep learning in adversarial settings, 2016",
        _WHITE,
        "14.5 % of the pixels, by any amount, for a target class.",
        "97.1 % success, 4.02 % of the pixels (MNIST)",
        "share of sample and target pairs that succeed",
        _same(0.97),
    ),
    "carlini-wagner-l2": Entry(
        "Carlini and Wagner, Towards evaluating the robustness of neural networks, 2017",
        _WHITE,
        "Smallest L2 norm, for a random target class.",
        "100 % success, mean norm 1.76 (MNIST)",
        _SUCCESS,
        _same(1.0),
    ),
    "carlini-wagner-l0": Entry(
        "Carlini and Wagner, Towards evaluating the robustness of neural networks, 2017",
        _WHITE,
        "Fewest pixels, for a random target class.",
        "100 % success, 16 pixels (MNIST)",
        _SUCCESS,
        _same(1.0),
    ),
    "carlini-wagner-linf": Entry(
        "Carlini and Wagner, Towards evaluating the robustness of neural networks, 2017",
        _WHITE,
        "Smallest largest change, for a random target class.",
        "100 % success, 0.16 a pixel (MNIST)",
        _SUCCESS,
        _same(1.0),
    ),
    "deepfool": Entry(
        "Moosavi-Dezfooli et al., DeepFool: a simple and accurate method to fool deep neural networks, 2016",
        _WHITE,
        "Smallest L2 norm.",
        "norm over the sample's norm 0.11 (dense network), 0.20 (LeNet) (MNIST)",
        "mean norm over the sample's norm",
        _same(0.11),
    ),
    "universal": Entry(
        "Moosavi-Dezfooli et al., Universal adversarial perturbations, 2017",
        "Knows the network and 500 training samples; one change for all samples.",
        "0.25 a pixel.",
        "77.8 to 93.7 % fooled (ImageNet, 10 of 255)",
        "share of test samples whose label changes",
        _shown(0.8),
    ),
    "substitute": Entry(
        "Papernot et al., Practical black-box attacks against machine learning, 2017",
        _LABELS + " Has 150 samples of its own.",
        "6,400 queries, then 0.3 a pixel.",
        "84.24 % (MNIST, a hosted network)",
        _SUCCESS,
        _shown(0.95),
    ),
    "hopskipjump": Entry(
        "Chen et al., HopSkipJumpAttack: a query-efficient decision-based attack, 2020",
        _LABELS,
        "1,500 queries a sample, smallest L2 norm.",
        "median norm falls to a few, by thousands of queries (MNIST)",
        "share of samples with a wrong one within an L2 norm of 3",
        _shown(0.9),
    ),
    "bpda": Entry(
        "Athalye et al., Obfuscated gradients give a false sense of security, 2018",
        _WHITE + " The client reduces pixels to three levels, which has no gradient.",
        "0.3 a pixel, 40 steps.",
        "accuracy 0 % behind input transformations (ImageNet); 6 of 9 defences fall wholly",
        _SUCCESS,
        _same(1.0),
    ),
    "expectation": Entry(
        "Athalye et al., Synthesizing robust adversarial examples, 2018",
        _WHITE + " The client turns, shifts and adds noise at random.",
        "0.3 a pixel, gradients averaged over 10 transformations.",
        "96.4 % of transformed images (ImageNet)",
        "share of transformations of right samples that become wrong",
        _shown(0.95),
    ),
    "transformation-network": Entry(
        "Baluja and Fischer, Adversarial transformation networks, 2017",
        "Knows the network; trains a generator once, which then needs no gradient.",
        "Reconstruction loss beside the target class's.",
        "generators reach most of 90 % (MNIST)",
        _SUCCESS,
        _shown(0.9),
    ),
    "natural": Entry(
        "Zhao et al., Generating natural adversarial examples, 2018; Song et al., Constructing unrestricted "
        "adversarial examples with generative models, 2018",
        _SCORES + " Has a generator of samples.",
        "Latent codes near the sample's own; no bound on pixels.",
        "over 84 % of unrestricted examples fool certified networks (MNIST)",
        "share of samples for which one is found",
        _shown(0.9),
    ),
    "rotation": Entry(
        "Engstrom et al., Exploring the landscape of spatial robustness, 2019",
        _LABELS,
        "30 degrees and 3 pixels, the worst of a grid of 775.",
        "accuracy from 99.3 to 26.0 % (MNIST)",
        _SUCCESS,
        _shown(0.85),
    ),
    "brightness": Entry(
        "Hosseini and Poovendran, Semantic adversarial examples, 2018",
        _LABELS,
        "Brightness, contrast and inversion of the whole image.",
        "accuracy to 5.7 % by colours alone (CIFAR-10)",
        _SUCCESS,
        _shown(0.9),
    ),
    "physical": Entry(
        "Kurakin et al., Adversarial examples in the physical world, 2017",
        _WHITE + " Samples are printed, photographed and cropped, which is simulated.",
        "0.25 a pixel.",
        "one-step examples survive more often than iterated ones (ImageNet)",
        "share of one-step examples that survive",
        _shown(0.8),
    ),
    "feature-addition": Entry(
        "Grosse et al., Adversarial perturbations against deep neural networks for malware classification, 2016",
        _WHITE + " Features may be added to a program, and none taken off.",
        "20 features.",
        "up to 80 % (DREBIN)",
        "share of right malware that passes",
        _shown(0.8),
    ),
    "policy": Entry(
        "Huang et al., Adversarial attacks on neural network policies, 2017",
        "Knows the policy network; changes what it observes.",
        "5 % of each observation's usual range, one step.",
        "returns fall by half and more (Atari)",
        "share of the return that is lost",
        _shown(0.5),
    ),
    "policy-induction": Entry(
        "Behzadan and Munir, Vulnerability of deep reinforcement learning to policy induction attacks, 2017",
        "Knows how the policy is trained, by a copy; changes what the learner observes.",
        "10 % of each observation's usual range, while it is trained.",
        "the learner follows the attacker's policy (Pong)",
        "share of steps that follow the attacker's policy",
        _shown(0.8),
    ),
    "people": Entry(
        "Elsayed et al., Adversarial examples that fool both computer vision and time-limited humans, 2018",
        "Knows an ensemble with a blurred front end, and not the endpoint's network.",
        "0.25 a pixel.",
        "people in a hurry choose the target more often (ImageNet; no people here: a network that was held out)",
        "share of samples that fool the endpoint and the network that was held out",
        _shown(0.8),
    ),
}
