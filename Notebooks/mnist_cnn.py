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
# # A convolutional network with a residual block, in floats
#
# PyTorch, BatchNorm, average pooling, a residual block: an ordinary float model, exported as an ordinary ONNX file with
# its BatchNormalization nodes. `blindsight plan` quantizes it afterwards. Only two things are chosen with encryption in
# mind: the activation is a square, and there are just two of them.
#
#     python Notebooks/mnist_cnn.py --mnist FOLDER_WITH_MNIST_IDX_GZ --output Models --data out/data
#
# | step | result |
# |---|---|
# | convolution 6x6, stride 3, BatchNorm, square | 32 maps of 8x8 = 2048 values |
# | convolution 3x3, BatchNorm, square, convolution 3x3, BatchNorm, plus the block's input | 32 maps of 8x8 |
# | average pooling 2x2 | 32 maps of 4x4 |
# | dense | ten logits |
#
# BatchNorm before a square makes it a general quadratic polynomial: the offset inside the square is BatchNorm's bias. And
# all that follows the second square is one linear map.

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
from export import export
from training import augment, in_batches, run_epochs, teacher_network

parser = argparse.ArgumentParser(description="Trains and exports the convolutional network.")
parser.add_argument("--mnist", default=os.environ.get("MNIST_DIR", "mnist"), help="folder with the MNIST IDX .gz files")
parser.add_argument("--output", default="Models", help="folder for the ONNX file")
parser.add_argument("--data", default="out/data", help="folder for calibration and test data")
parser.add_argument("--threads", type=int, default=1, help="another count may give another model")
parser.add_argument("--checkpoints", help="folder that keeps finished stages; a second run starts after them")
arguments, _ = parser.parse_known_args([] if "ipykernel" in sys.modules else None)
os.makedirs(arguments.output, exist_ok=True)
torch.set_num_threads(arguments.threads)
torch.set_flush_denormal(True)

# %% [markdown]
# ## Settings

# %%
LEVELS = 3  # training rounds pixels to 0, 1/3, 2/3, 1: then two bits an input cost nothing later
MAPS, KERNEL, STRIDE, POOL = 32, 6, 3, 2
SIDE = (28 - KERNEL) // STRIDE + 1
HELD_OUT = 5000  # training images on which variants are compared

TEACHER_MAPS, TEACHER_EPOCHS, TEACHER_RATE = 24, 16, 3e-3
EPOCHS, RATE = 50, 5e-3
ROUNDED_EPOCHS, ROUNDED_RATE = 10, 1e-3
ROUNDED_BITS = (4, 5)  # bits of the rounded weights in the last stage
BATCH, WEIGHT_DECAY, TEACHER_SHARE = 256, 0.01, 0.7
AUGMENTATION = (10.0, 0.1, 1.5, 0.1)  # rotation in degrees, relative scaling, shift in pixels, relative shear
TEACHER_AUGMENTATION = (12.0, 0.12, 2.0, 0.12)
ELASTIC = 0.8  # standard deviation in pixels of a smooth random displacement
SEED = 1

# %% [markdown]
# The held-out images take no part in training. Four short runs chose the shape (16 or 32 maps, two or three squares), and
# one long run showed what the teacher and the rounded stage gain; test errors were in view beside held-out errors then.

# %%
splits = data.mnist(arguments.mnist)
images, labels, test_images, test_labels = map(torch.tensor, splits)
held_out_images, held_out_labels = images[-HELD_OUT:], labels[-HELD_OUT:]
images, labels = images[:-HELD_OUT], labels[:-HELD_OUT]


def levels(pixels):
    return torch.round(pixels * LEVELS) / LEVELS


# %% [markdown]
# ## The network


# %%
class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, MAPS, KERNEL, stride=STRIDE, bias=False)
        self.norm1 = torch.nn.BatchNorm2d(MAPS)
        self.conv2 = torch.nn.Conv2d(MAPS, MAPS, 3, padding=1, bias=False)
        self.norm2 = torch.nn.BatchNorm2d(MAPS)
        self.conv3 = torch.nn.Conv2d(MAPS, MAPS, 3, padding=1, bias=False)
        self.norm3 = torch.nn.BatchNorm2d(MAPS)
        self.pool = torch.nn.AvgPool2d(POOL)
        self.dense = torch.nn.Linear(MAPS * (SIDE // POOL) ** 2, 10)

    def tail(self, block, skip):
        """All that follows the second square: a linear map."""
        return self.dense(self.pool(self.norm3(self.conv3(block)) + skip).flatten(1))

    def forward(self, image):
        skip = self.norm1(self.conv1(image))
        skip = skip * skip
        block = self.norm2(self.conv2(skip))
        block = block * block
        return self.tail(block, skip)

    def rounded(self, image, bits):
        """The same in evaluation mode, with the two squared layers' folded weights rounded to `bits` bits."""
        skip = self.folded(self.conv1, self.norm1, image, bits) ** 2
        block = self.folded(self.conv2, self.norm2, skip, bits) ** 2
        return self.tail(block, skip)

    @staticmethod
    def folded(convolution, norm, x, bits):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = convolution.weight * gain[:, None, None, None]
        step = weight.detach().abs().max() / (2 ** (bits - 1) - 1)
        weight = weight + (torch.round(weight / step) * step - weight).detach()  # the gradient passes unchanged
        bias = norm.bias - norm.running_mean * gain
        return F.conv2d(x, weight, bias, stride=convolution.stride, padding=convolution.padding)


# %% [markdown]
# ## Training
#
# AdamW, a one-cycle learning rate, clipped gradients. A teacher comes first; then the network learns from the labels and
# from the teacher's probabilities; then, with BatchNorm frozen, it gets used to rounded weights: each step rounds them to 4
# or 5 bits at random, or not at all.


# %%
def errors(function):
    """Wrong answers on the held-out images."""
    return int((in_batches(function, held_out_images).argmax(1) != held_out_labels).sum())


def train(network, epochs, rate, forward, teacher=None, frozen=False):
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    strength = AUGMENTATION if teacher else TEACHER_AUGMENTATION

    def loss(chosen):
        pixels = augment(images[chosen], generator, strength, ELASTIC)
        logits = forward(pixels)
        loss = F.cross_entropy(logits, labels[chosen])
        if teacher:
            with torch.no_grad():
                probabilities = F.softmax(teacher(pixels), 1)
            loss = (1 - TEACHER_SHARE) * loss + TEACHER_SHARE * F.cross_entropy(logits, probabilities)
        return loss

    def report(epoch, loss, seconds):
        if epoch % 5 == 0 or epoch == epochs:
            print(f"epoch {epoch:2d}  loss {loss:.4f}  held-out errors {errors(forward)}  {seconds:.0f} s", flush=True)

    run_epochs(network, loss, len(images), epochs, rate, BATCH, WEIGHT_DECAY, generator, report, not frozen)


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


torch.manual_seed(SEED)
teacher = teacher_network(TEACHER_MAPS).to(memory_format=torch.channels_last)
stage("teacher", teacher, lambda: train(teacher, TEACHER_EPOCHS, TEACHER_RATE, teacher))

torch.manual_seed(SEED)
network = Network().to(memory_format=torch.channels_last)
stage("floats", network, lambda: train(network, EPOCHS, RATE, lambda x: network(levels(x)), teacher))


def sometimes_rounded(pixels):
    if not torch.is_grad_enabled():
        return network.rounded(levels(pixels), ROUNDED_BITS[0])
    choice = int(torch.randint(len(ROUNDED_BITS) + 1, ()))
    if choice == len(ROUNDED_BITS):
        return network(levels(pixels))
    return network.rounded(levels(pixels), ROUNDED_BITS[choice])


stage("rounded", network, lambda: train(network, ROUNDED_EPOCHS, ROUNDED_RATE, sometimes_rounded, teacher, True))

# %% [markdown]
# ## Export

# %%
path = os.path.join(arguments.output, "mnist-cnn.onnx")
network = network.to(memory_format=torch.contiguous_format)
operators = export(network, images[:2], path, "image", keep_batch_norm=True)
data.write(arguments.data, "mnist-cnn", splits)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = arguments.threads
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def accuracy(logits, truth):
    return float((logits.argmax(1) == truth).float().mean())


def runtime_logits(pixels):
    return torch.tensor(session.run(None, {"image": pixels.numpy()})[0])


print(f"{path}: {os.path.getsize(path)} bytes")
print("  operators:", " ".join(operators))
print(f"  test accuracy {accuracy(in_batches(runtime_logits, test_images), test_labels):.2%}")

# %% [markdown]
# ## What integers will make of it
#
# A simulation of quantization after training, with integers only from the input to the logits: BatchNorm folded, one scale a
# layer, weights of a few bits (three numbers: first, second, last layer), integer biases, nothing rescaled in between. The
# tail is one integer matrix for the second square's output and one for the first's; the latter's weights are larger, so they
# are rounded to 8 bits and a power of two.
#
# One scale a channel in the first layer would be worse: its fourth power reappears in the last layer's weights.


# %%
def to_integers(values, bits):
    scale = float(values.abs().max()) / (2 ** (bits - 1) - 1)
    return torch.round(values / scale), scale


@torch.no_grad()
def integer_network(bits):
    """A function from pixels to integer logits, and a bound on |logit| for every image in the box by interval arithmetic."""
    net = Network().double().eval()
    net.load_state_dict(network.state_dict())

    def fold(convolution, norm, unit, bits):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        w, scale = to_integers(convolution.weight * gain[:, None, None, None] * unit, bits)
        return w, torch.round((norm.bias - norm.running_mean * gain) / scale), scale**2

    w1, b1, unit1 = fold(net.conv1, net.norm1, 1 / LEVELS, bits[0])
    w2, b2, unit2 = fold(net.conv2, net.norm2, unit1, bits[1])
    zero = torch.zeros(1, MAPS, SIDE, SIDE, dtype=torch.float64)
    basis = torch.eye(zero.numel(), dtype=torch.float64).view(-1, MAPS, SIDE, SIDE)
    offset = net.tail(zero, zero)
    w3, scale = to_integers((net.tail(basis, zero) - offset) * unit2, bits[2])
    skip = (net.tail(zero, basis) - offset) * unit1 / scale
    power = 2.0 ** max(0, math.ceil(math.log2(float(skip.abs().max()) / 127)))
    skip = torch.round(skip / power) * power
    b3 = torch.round(offset[0] / scale)

    def logits(pixels):
        x = torch.round(pixels.double() * LEVELS)
        first = F.conv2d(x, w1, b1, stride=STRIDE) ** 2
        second = F.conv2d(first, w2, b2, padding=1) ** 2
        return second.flatten(1) @ w3 + first.flatten(1) @ skip + b3

    def magnitude(w, x, b, **how):
        """The largest |output| if each input lies between 0 and x."""
        high = F.conv2d(x, w.clamp(min=0), b, **how)
        low = F.conv2d(x, w.clamp(max=0), b, **how)
        return torch.maximum(high, -low)

    first = magnitude(w1, torch.full((1, 1, 28, 28), float(LEVELS)).double(), b1, stride=STRIDE) ** 2
    second = magnitude(w2, first, b2, padding=1) ** 2
    reach = [
        second.flatten() @ (sign * w3).clamp(min=0) + first.flatten() @ (sign * skip).clamp(min=0) + sign * b3
        for sign in (1, -1)
    ]
    return logits, float(torch.cat(reach).max())


# %% [markdown]
# Float64 carries the integers: exact below 2^53, and with a relative error of about 2^-50 above, which only wide weights
# reach and no prediction feels.

# %%
print("bits     held-out  test     log2 |logit|: seen  bound")
for bits in ((3, 3, 3), (4, 4, 4), (4, 4, 5), (4, 4, 6), (5, 5, 5), (6, 6, 6)):
    logits, bound = integer_network(bits)
    held_out, test = in_batches(logits, held_out_images), in_batches(logits, test_images)
    print(f"{bits[0]} {bits[1]} {bits[2]}    {accuracy(held_out, held_out_labels):.2%}    {accuracy(test, test_labels):.2%}  "
          f"{math.log2(float(test.abs().max())):18.1f}  {math.log2(bound):5.1f}")  # fmt: skip
