# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # CryptoNets' topology in small integers
#
# The network of CryptoNets (Gilad-Bachrach et al., 2016), trained anew in exact integers: `Models/cryptonets.onnx`.
#
#     python Notebooks/cryptonets.py --data FOLDER_WITH_MNIST_IDX_GZ --output Models/cryptonets.onnx
#
# | step | what it does |
# |---|---|
# | input | pixels 0..255 are rounded to integers 0..`LEVELS`: black or white |
# | convolution 5x5, stride 2, a row of padding at the top and a column at the left | 5 maps of 13x13 |
# | square | |
# | dense | 845 -> 100 |
# | square | |
# | dense | 100 -> 10 |
#
# What costs time under encryption is the *certified range* of the logits, which holds for **every** image in the box, and
# the number of weights that aren't 0. Both are terms of the loss or follow from it: `mnist.py` punishes interval arithmetic's
# bound; here it is the bound that `blindsight plan` will prove, up to hundredths of a bit.

# %%
import argparse
import math
import os
import sys

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

import data
from export import IntegerGraph
from training import augment, in_batches, rounded, run_epochs, teacher_network

parser = argparse.ArgumentParser(description="Trains and exports a network of CryptoNets' topology.")
parser.add_argument("--data", default=os.environ.get("MNIST_DIR", "mnist"), help="folder with the four MNIST IDX .gz files")
parser.add_argument("--output", default="Models/cryptonets.onnx", help="the ONNX file to write")
parser.add_argument("--threads", type=int, default=1, help="another count may give another model")
parser.add_argument("--checkpoints", help="folder that keeps finished stages; a second run starts after them")
arguments, _ = parser.parse_known_args([] if "ipykernel" in sys.modules else None)

torch.set_num_threads(arguments.threads)
torch.set_flush_denormal(True)

# %% [markdown]
# ## Settings

# %%
LEVELS = 1  # the quantized image has integers 0..LEVELS
WHITE = 120  # pixels from here on are LEVELS; strokes are thin, and half of 255 as the threshold costs accuracy
MAPS, KERNEL, STRIDE, HIDDEN = 5, 5, 2, 100
PADDING = (1, 0, 1, 0)  # left, right, top, bottom
SIDE = (28 + 1 - KERNEL) // STRIDE + 1
FEATURES = MAPS * SIDE * SIDE
WEIGHT_MAX = (1, 1, 3)  # integer weights of the three layers lie in [-max, max]
STEP_OVER_DEVIATION = (1.6, 2.4, 1.0)  # quantization step of a layer, as a multiple of its weights' standard deviation
BOUND_EVERY = 8  # steps between two looks at the bound, which cost several times a step
BOUND_FADE = 0.25  # share of a stage in which the bound's term fades in
RANK = 4  # components of a relaxed pixel

HELD_OUT = 5000  # training images on which variants are compared
TEACHER_MAPS, TEACHER_EPOCHS, TEACHER_RATE, TEACHER_SHARE = 24, 16, 3e-3, 0.7
# Epochs, rate, and the weight in the loss of log2(widest range of a logit).
FLOATS = (32, 2e-3, 0.0)
CONVOLUTION = (16, 3e-4, 0.03)
REST = (12, 1e-3, 0.0)
INTEGERS = (48, 3e-4, 0.03)
LOGITS_FROZEN = 0.7  # share of the last stage after which the last layer's weights stay as they are
BATCH, WEIGHT_DECAY = 256, 0.01
COPIES = 32  # distorted copies of the training images, made once: they cost more than training on them
TEACHER_AUGMENTATION = (12.0, 0.12, 2.0, 0.12)  # rotation in degrees, relative scaling, shift in pixels, relative shear
AUGMENTATION = (8.0, 0.08, 1.2, 0.08)
ELASTIC = 0.8  # standard deviation in pixels of a smooth random displacement
SEED = 1

# %% [markdown]
# The held-out images take no part in training; variants were compared on them (how far the test set was in view:
# `Notebooks/README.md`).

# %%
splits = data.mnist(arguments.data)
images, labels, test_images, test_labels = map(torch.tensor, splits)
held_out_images, held_out_labels = images[-HELD_OUT:], labels[-HELD_OUT:]
images, labels = images[:-HELD_OUT], labels[:-HELD_OUT]

INPUT_SCALE = np.float32(WHITE / LEVELS)


def levels(pixels):
    """Pixels 0..255 -> integers 0..LEVELS, as ONNX's QuantizeLinear rounds: half to even, in 32-bit floats."""
    return torch.round(pixels.clamp(0, WHITE) / INPUT_SCALE)


def bytes_of(pixels):
    return torch.round(pixels * 255).byte()


# %% [markdown]
# ## The network, quantization-aware
#
# As in `mnist.py`: float weights w with integers `clamp(round(w / step), -max, max)`, one fixed step a layer, gradients passing
# the rounding unchanged.


# %%
class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = torch.nn.Parameter(torch.randn(MAPS, 1, KERNEL, KERNEL) * 0.15)
        self.b1 = torch.nn.Parameter(torch.zeros(MAPS))
        self.w2 = torch.nn.Parameter(torch.randn(HIDDEN, FEATURES) / math.sqrt(FEATURES))
        self.b2 = torch.nn.Parameter(torch.zeros(HIDDEN))
        self.w3 = torch.nn.Parameter(torch.randn(10, HIDDEN) / math.sqrt(HIDDEN))
        self.b3 = torch.nn.Parameter(torch.zeros(10))
        self.first_step = self.steps = None

    def quantize(self):
        weights = (self.w1, self.w2, self.w3)
        steps = [k * w.detach().std().item() for k, w in zip(STEP_OVER_DEVIATION, weights)]
        self.steps = steps if self.first_step is None else [self.first_step, *steps[1:]]

    def fix_convolution(self):
        """Keeps the convolution's integers; everything else is floats again."""
        with torch.no_grad():
            w1, b1, *_ = self.integers()
            self.w1.copy_(w1 * self.steps[0])
            self.b1.copy_(b1 * self.units()[0])
        self.w1.requires_grad_(False)
        self.b1.requires_grad_(False)
        self.first_step, self.steps = self.steps[0], None

    def units(self):
        """What an integer 1 at the output of each layer means in floats."""
        first = self.steps[0] / LEVELS
        second = self.steps[1] * first**2
        return first, second, self.steps[2] * second**2

    def integers(self):
        """w1, b1, w2, b2, w3, b3 as integers."""
        weights = (self.w1, self.w2, self.w3)
        ws = [rounded((w / s).clamp(-m, m)) for w, s, m in zip(weights, self.steps, WEIGHT_MAX)]
        bs = [rounded(b / unit) for b, unit in zip((self.b1, self.b2, self.b3), self.units())]
        return [part for pair in zip(ws, bs) for part in pair]

    @staticmethod
    def convolution(image, weight):
        return F.conv2d(F.pad(image, PADDING), weight, stride=STRIDE)

    def forward(self, image):
        """`image`: integers 0..LEVELS. The logits, in floats of moderate size."""
        if self.steps is None:
            c = self.convolution(image / LEVELS, self.w1) + self.b1.view(1, -1, 1, 1)
            h = F.linear((c * c).flatten(1), self.w2, self.b2)
            return F.linear(h * h, self.w3, self.b3)
        w1, b1, w2, b2, w3, _ = self.integers()
        c = self.convolution(image, w1) + b1.view(1, -1, 1, 1)
        h = F.linear((c * c).flatten(1), w2, b2) * self.units()[1]
        return F.linear(h * h, w3 * self.steps[2], self.b3)


# %% [markdown]
# ## The bound in the loss
#
# A hidden neuron is a quadratic form of the image. Its largest value over the box is hard to find; its semidefinite relaxation
# isn't: replace each centred pixel, a number in [-1, 1], by a vector of length at most 1 with `RANK` components, and the constant 1
# by the first unit vector. Products of two numbers become inner products of vectors, so a squared convolution output becomes
# the squared length of a convolution of vectors (the low-rank form of Burer and Monteiro, 2003). The images of vectors
# that make each neuron largest and least follow the network as it learns, by projected gradient steps.
#
# With hidden ranges [l, u] known, a logit's largest value is relaxed as `docs/Certificate.md` says under "joint": h^2 is at most
# (l + u) h - l u where its weight is positive, and stays where it is negative. That takes two more images of vectors a logit.
#
# This proves nothing: an ascent may stop early. The proof is `blindsight plan`'s, which solves the same relaxation's dual.


# %%
class Relaxation:
    def __init__(self):
        self.count = 2 * HIDDEN + 20
        generator = torch.Generator().manual_seed(SEED)
        vectors = torch.randn(self.count, RANK, 28, 28, generator=generator)
        self.vectors = vectors / vectors.norm(dim=1, keepdim=True)

    def widths(self, integers):
        """The width of each logit's range, in integers; and what it was made of, for `ascend`."""
        w1, b1, w2, b2, w3, _ = integers
        pixels = self.vectors.clone()
        pixels[:, 0] += 1
        pixels = (pixels * (LEVELS / 2)).requires_grad_()
        c = Network.convolution(pixels.view(-1, 1, 28, 28), w1).view(self.count, RANK, FEATURES)
        bias = b1.repeat_interleave(SIDE * SIDE)
        squares = (c * c).sum(1) + 2 * c[:, 0] * bias + bias**2
        high = (squares[:HIDDEN] * w2).sum(1) + b2
        low = (squares[HIDDEN : 2 * HIDDEN] * w2).sum(1) + b2
        h = F.linear(squares[2 * HIDDEN :], w2, b2)
        secant = (high + low) * h - high * low
        positive, negative = w3.clamp(min=0), w3.clamp(max=0)
        upper = (positive * secant[:10] + negative * (h * h)[:10]).sum(1)
        lower = (positive * (h * h)[10:] + negative * secant[10:]).sum(1)
        return upper - lower, (pixels, high, low)

    def ascend(self, gradient, by_high, by_low, rate=0.3):
        """Moves each image of vectors towards its end, by the gradients of some growing function of the widths."""
        signs = torch.cat([by_high.sign(), -by_low.sign(), torch.ones(20)])
        gradient = gradient * signs.view(-1, 1, 1, 1)
        mean = gradient.norm(dim=1, keepdim=True).mean((2, 3), keepdim=True)
        moved = self.vectors + rate * gradient / (mean + 1e-30)
        self.vectors = moved / moved.norm(dim=1, keepdim=True).clamp(min=1)


def log2_widest(widths):
    """Near the logarithm of the largest; all of them have a part in the gradient."""
    largest = widths.abs().max().detach()  # divided out: powers would overflow a float
    return torch.log2((widths.abs() / largest).norm(8)) + torch.log2(largest)


# %% [markdown]
# ## Training
#
# A teacher first, then the network in floats, from the labels and from the teacher's probabilities; then in integers, with the
# bound's term. In this stage the convolution's few weights find their integers, and each of their flips disturbs all that comes
# after. So they stay as they are from here on, the rest goes back to floats to get used to them, and becomes integers again.


# %%
def errors(function, pixels, truth):
    return int((in_batches(function, pixels).argmax(1) != truth).sum())


def stage(name, network, run):
    """Trains, or reads what an earlier run left."""
    path = arguments.checkpoints and os.path.join(arguments.checkpoints, f"{name}.pt")
    if path and os.path.exists(path):
        network.load_state_dict(torch.load(path))
    else:
        print(name)
        run()
        if path:
            torch.save(network.state_dict(), path)
    return network.eval()


def train(network, loss, samples, epochs, rate, generator, forward):
    def report(epoch, loss, seconds):
        if epoch % 4 == 0 or epoch == epochs:
            wrong = errors(forward, held_out_images, held_out_labels)
            print(f"epoch {epoch:2d}  loss {loss:.4f}  held-out errors {wrong}  {seconds:.0f} s", flush=True)

    run_epochs(network, loss, samples, epochs, rate, BATCH, WEIGHT_DECAY, generator, report)


def train_teacher():
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)

    def loss(chosen):
        pixels = augment(images[chosen], generator, TEACHER_AUGMENTATION, ELASTIC)
        return F.cross_entropy(teacher(pixels), labels[chosen])

    train(teacher, loss, len(images), TEACHER_EPOCHS, TEACHER_RATE, generator, teacher)


torch.manual_seed(SEED)
teacher = teacher_network(TEACHER_MAPS).to(memory_format=torch.channels_last)
stage("teacher", teacher, train_teacher)

# %%
def distorted_copies():
    """Copies of the training images as bytes, and the teacher's probabilities."""
    generator = torch.Generator().manual_seed(SEED)
    copies = torch.empty(COPIES, len(images), 1, 28, 28, dtype=torch.uint8)
    probabilities = torch.empty(COPIES, len(images), 10)
    with torch.no_grad():
        for copy in range(COPIES):
            for k in range(0, len(images), 500):
                pixels = augment(images[k : k + 500], generator, AUGMENTATION, ELASTIC)
                copies[copy, k : k + 500] = bytes_of(pixels)
                channels_last = pixels.contiguous(memory_format=torch.channels_last)
                probabilities[copy, k : k + 500] = F.softmax(teacher(channels_last), 1)
    return copies, probabilities


copies, probabilities = distorted_copies()


# %%
class Pressure:
    """The gradient of log2 of the widest range, looked at every few steps and lent to all of them."""

    def __init__(self, network):
        self.network, self.relaxation, self.lent = network, Relaxation(), []

    def look(self):
        widths, parts = self.relaxation.widths(self.network.integers())
        weights = [p for p in self.network.parameters() if p.requires_grad]
        gradients = torch.autograd.grad(log2_widest(widths), [*parts, *weights], allow_unused=True)
        self.relaxation.ascend(*gradients[: len(parts)])
        self.lent = [(p, g) for p, g in zip(weights, gradients[len(parts) :]) if g is not None]

    def term(self):
        """Zero, with the lent gradient."""
        return sum(((p - p.detach()) * g).sum() for p, g in self.lent)


def train_network(epochs, rate, bound_weight, freeze=1.0):
    generator = torch.Generator().manual_seed(SEED)
    batches = len(images) // BATCH
    pressure = Pressure(network) if bound_weight > 0 else None
    step = 0

    def loss(chosen):
        nonlocal step
        copy = step // batches % COPIES
        share = step / (batches * epochs)
        logits = network(levels(copies[copy, chosen].float()))
        value = (1 - TEACHER_SHARE) * F.cross_entropy(logits, labels[chosen])
        value = value + TEACHER_SHARE * F.cross_entropy(logits, probabilities[copy, chosen])
        if share >= freeze:
            network.w3.requires_grad_(False)
        if pressure:
            if step % BOUND_EVERY == 0:
                pressure.look()
            value = value + bound_weight * min(1.0, share / BOUND_FADE) * pressure.term()
        step += 1
        return value

    train(network, loss, len(images), epochs, rate, generator, lambda x: network(levels(x * 255)))


torch.manual_seed(SEED)
network = Network()
stage("floats", network, lambda: train_network(*FLOATS))
network.quantize()
stage("convolution", network, lambda: train_network(*CONVOLUTION))
network.fix_convolution()
stage("rest", network, lambda: train_network(*REST))
network.quantize()
stage("integers", network, lambda: train_network(*INTEGERS, freeze=LOGITS_FROZEN))

# %% [markdown]
# ## The integer network
#
# Everything below uses only these arrays of integers. The scales exist for the ONNX file: argmax doesn't see them. All but the
# last are powers of two; the last makes the real logits those that the training saw.

# %%
with torch.no_grad():
    w1, b1, w2, b2, w3, b3 = (part.numpy().astype(np.int64) for part in network.integers())
w1 = w1[:, 0]
for name, w, maximum in zip(("w1", "w2", "w3"), (w1, w2, w3), WEIGHT_MAX):
    assert np.abs(w).max() <= maximum
    print(f"{name}: {w.size} weights, {np.mean(w != 0):.1%} non-zero, largest {np.abs(w).max()}")
magnitudes = np.abs(w2).sum(1)
print(f"w2: sum of magnitudes in a row {magnitudes.mean():.0f} on average, {magnitudes.max()} at most")

first, second, third = network.units()
scale1 = 2.0 ** round(math.log2(first / INPUT_SCALE))
scale2 = 2.0 ** round(math.log2(second / (scale1 * INPUT_SCALE) ** 2))
scale3 = float(np.float32(third / (scale2 * (scale1 * INPUT_SCALE) ** 2) ** 2))


# %% [markdown]
# What the relaxation says of the range, after enough steps; `blindsight plan` proves one.


# %%
def relaxed_range(steps=200):
    relaxation = Relaxation()
    integers = [torch.tensor(part).float() for part in (w1[:, None], b1, w2, b2, w3, b3)]
    for _ in range(steps):
        widths, parts = relaxation.widths(integers)
        relaxation.ascend(*torch.autograd.grad(log2_widest(widths), parts))
    return math.log2(float(widths.detach().max()))


print(f"widest range of a logit, relaxed: 2^{relaxed_range():.2f}")

# %% [markdown]
# ## Accuracy in exact integers


# %%
def integer_logits(pixels):
    """[n, 28, 28] bytes -> [n, 10] exact integer logits: 64-bit integers and, where sums are small, doubles."""
    image = levels(torch.tensor(pixels).float()).numpy().astype(np.int64)
    padded = np.pad(image, ((0, 0), (1, 0), (1, 0)))
    c = np.zeros((len(image), MAPS, SIDE, SIDE), np.int64)
    for ky in range(KERNEL):
        for kx in range(KERNEL):
            tap = padded[:, ky : ky + STRIDE * SIDE : STRIDE, kx : kx + STRIDE * SIDE : STRIDE][:, :SIDE, :SIDE]
            c += w1[None, :, ky, kx, None, None] * tap[:, None]
    squares = ((c + b1[None, :, None, None]) ** 2).reshape(len(c), -1)
    assert int(squares.max()) * int(magnitudes.max()) < 2**53  # so products in doubles are exact
    h = (squares.astype(np.float64) @ w2.T.astype(np.float64)).astype(np.int64) + b2
    return (h * h) @ w3.T + b3


test_pixels = bytes_of(test_images[:, 0]).numpy()
logits = np.concatenate([integer_logits(part) for part in np.array_split(test_pixels, 10)])
accuracy = np.mean(logits.argmax(1) == test_labels.numpy())
print(f"test accuracy in exact integers: {accuracy:.2%}, largest |logit| seen 2^{math.log2(np.abs(logits).max()):.1f}")
assert accuracy >= 0.9895

# %% [markdown]
# ## Export, and the same answers from another runtime

# %%
graph = IntegerGraph("image", (1, 28, 28))
x = graph.levels(INPUT_SCALE, WHITE)
x = graph.convolution(x, w1, b1, scale1, strides=[STRIDE] * 2, pads=[1, 1, 0, 0])
x = graph.square(x, "conv_squared")
x = graph.node("Flatten", [x], "features", axis=1)
x = graph.dense(x, "hidden", w2, b2, scale2)
x = graph.square(x, "hidden_squared")
graph.dense(x, "logits", w3, b3, scale3)
graph.write(arguments.output, "cryptonets")
print(f"{arguments.output}: {os.path.getsize(arguments.output)} bytes, logit = integer * {graph.scale:.3e}")

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = arguments.threads
session = onnxruntime.InferenceSession(arguments.output, options, providers=["CPUExecutionProvider"])
real = np.concatenate(
    [session.run(None, {"image": part[:, None].astype(np.float32)})[0] for part in np.array_split(test_pixels, 10)])
disagreements = int(np.sum(real.argmax(1) != logits.argmax(1)))
error = np.abs(real - logits * graph.scale).max() / np.abs(real).max()
print(f"onnxruntime: {disagreements} predictions differ of {len(real)}; relative difference of logits at most {error:.1e}")
assert disagreements == 0 and error < 1e-5
