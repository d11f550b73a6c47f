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
# # A digit classifier made for encrypted inference
#
# This notebook trains the network in `Models/mnist.onnx`, quantizes it, and checks it in exact integers.
# It runs as a plain script too:
#
#     python Notebooks/mnist.py --data FOLDER_WITH_MNIST_IDX_GZ --output Models/mnist.onnx
#
# An encrypted evaluator can add and multiply integers, and nothing else. So the network is a *polynomial with integer
# coefficients* of an integer image:
#
# | step | what it does |
# |---|---|
# | input | pixels 0..255 are rounded to integers 0..`LEVELS` |
# | convolution 4x4, stride 2, without the empty border | small integer weights and biases |
# | square | the activation |
# | dense | small integer weights, integer biases |
# | square | |
# | dense | ten logits |
#
# No accumulator is ever rescaled or clipped. What costs time under encryption is the *size* of the logits: the plaintext
# modulus must exceed twice a bound on |logit| that holds for **every** image in the box, not just for digits. So training
# has two aims, and two terms in its loss: cross entropy, and the logarithm of that proven bound.

# %%
import argparse
import gzip
import hashlib
import json
import math
import os
import sys
import time

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F

from export import IntegerGraph
from training import augment, rounded

parser = argparse.ArgumentParser(description="Trains and exports the MNIST network for encrypted inference.")
parser.add_argument("--data", default=os.environ.get("MNIST_DIR", "mnist"), help="folder with the four MNIST IDX .gz files")
parser.add_argument("--output", default="Models/mnist.onnx", help="the ONNX file to write")
parser.add_argument("--samples", default="Samples", help="folder of the project's own digits (IDX)")
parser.add_argument("--vectors", default="Tests/Vectors/mnist-digits.json", help="known answers to write")
parser.add_argument("--threads", type=int, default=1, help="another count may give another model")
arguments, _ = parser.parse_known_args([] if "ipykernel" in sys.modules else None)

torch.set_num_threads(arguments.threads)
torch.set_flush_denormal(True)

# %% [markdown]
# ## Settings

# %%
LEVELS = 2  # the quantized image has integers 0..LEVELS
MAPS, KERNEL, STRIDE = 16, 4, 2
CROP, CROPPED = 2, 24  # the convolution sees rows and columns 2 to 25, where the digits are: 24x24 -> 11x11
HIDDEN = 128
WEIGHT_MAX = (2, 1, 3)  # integer weights of the three layers lie in [-max, max]
STEP_OVER_DEVIATION = (1.0, 2.6, 1.0)  # quantization step of a layer, as a multiple of its weights' standard deviation
BOUND_WEIGHT = 0.01  # weight in the loss of log2(bound on |logit|)

FLOAT_EPOCHS, FLOAT_RATE = 12, 2e-3
QUANTIZED_EPOCHS, QUANTIZED_RATE = 24, 6e-4
BATCH, WEIGHT_DECAY = 256, 0.01
AUGMENTATION = (7.0, 0.07, 1.0, 0.07)  # rotation in degrees, relative scaling, shift in pixels, relative shear
ELASTIC = 0.8  # standard deviation in pixels of a smooth random displacement (Simard et al., 2003)
SEED = 1

SIDE = (CROPPED - KERNEL) // STRIDE + 1
POSITIONS = SIDE * SIDE

# %% [markdown]
# ## Data


# %%
def read_idx(path):
    """An IDX file of unsigned bytes, gzipped or not."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def mnist(part):
    return (
        read_idx(os.path.join(arguments.data, f"{part}-images-idx3-ubyte.gz")),
        read_idx(os.path.join(arguments.data, f"{part}-labels-idx1-ubyte.gz")).astype(np.int64),
    )


train_images, train_labels = mnist("train")
test_images, test_labels = mnist("t10k")

# %% [markdown]
# The input's quantizer is ONNX's QuantizeLinear: `round_half_to_even(clip(pixel) / scale)`, in 32-bit floats.

# %%
INPUT_SCALE = np.float32(255.0 / LEVELS)


def quantize_images(pixels):
    """Torch float tensor of pixels -> tensor of integers 0..LEVELS (as floats)."""
    return torch.round(pixels.clamp(0, 255) / INPUT_SCALE)


# %% [markdown]
# ## The network, quantization-aware
#
# Each layer keeps float weights. Its integer weights are `clamp(round(w / step), -max, max)` with one step a layer, fixed when
# quantization sets in, from the standard deviation of `w`; gradients pass the rounding unchanged ("straight-through"). A
# wide step makes many integer weights zero, which makes the bound small. The step stays fixed, so that a pressure
# towards smaller weights really makes them smaller integers.
#
# In units of the steps every value is an integer: a convolution's output is `integer * step1 / LEVELS`, and so on.


# %%
class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        features = MAPS * POSITIONS
        self.w1 = torch.nn.Parameter(torch.randn(MAPS, 1, KERNEL, KERNEL) * 0.15)
        self.b1 = torch.nn.Parameter(torch.zeros(MAPS))
        self.w2 = torch.nn.Parameter(torch.randn(HIDDEN, features) / math.sqrt(features))
        self.b2 = torch.nn.Parameter(torch.zeros(HIDDEN))
        self.w3 = torch.nn.Parameter(torch.randn(10, HIDDEN) / math.sqrt(HIDDEN))
        self.b3 = torch.nn.Parameter(torch.zeros(10))
        self.steps = None

    def quantize(self):
        weights = (self.w1, self.w2, self.w3)
        self.steps = [k * w.detach().std().item() for k, w in zip(STEP_OVER_DEVIATION, weights)]

    def integer_weights(self):
        weights = (self.w1, self.w2, self.w3)
        return [rounded((w / s).clamp(-m, m)) for w, s, m in zip(weights, self.steps, WEIGHT_MAX)]

    def forward(self, image):
        """`image`: integers 0..LEVELS. The logits, in floats of moderate size."""
        image = image[:, :, CROP : CROP + CROPPED, CROP : CROP + CROPPED]
        if self.steps is None:
            h = F.conv2d(image / LEVELS, self.w1, self.b1, stride=STRIDE)
            h = F.linear((h * h).flatten(1), self.w2, self.b2)
            return F.linear(h * h, self.w3, self.b3)
        q1, q2, q3 = self.integer_weights()
        unit = self.steps[0] / LEVELS
        bias = rounded(self.b1 / unit)
        self.seen = (q1, q2, q3, bias)
        h = F.conv2d(image, q1, bias, stride=STRIDE) * unit
        h = F.linear((h * h).flatten(1), q2 * self.steps[1], self.b2)
        return F.linear(h * h, q3 * self.steps[2], self.b3)

    def log2_bound(self):
        """log2 of a bound on |logit| in integers: interval arithmetic, differentiable (the largest logits weigh most)."""
        q1, q2, q3, bias = self.seen
        high = LEVELS * q1.clamp(min=0).sum((1, 2, 3)) + bias
        low = LEVELS * q1.clamp(max=0).sum((1, 2, 3)) + bias
        squares = torch.maximum(high, -low) ** 2
        by_map = q2.view(HIDDEN, MAPS, POSITIONS)
        offset = self.b2 / (self.steps[1] * (self.steps[0] / LEVELS) ** 2)
        positive = by_map.clamp(min=0).sum(2) @ squares + offset
        negative = -by_map.clamp(max=0).sum(2) @ squares - offset
        hidden = torch.maximum(positive, negative) ** 2
        logits = torch.cat([q3.clamp(min=0) @ hidden, -q3.clamp(max=0) @ hidden])
        largest = logits.max().detach()  # divided out: fourth powers would overflow a float
        return torch.log2((logits / largest).norm(4)) + torch.log2(largest)


# %% [markdown]
# ## Training
#
# AdamW, a one-cycle learning rate, gradients clipped at 1 (products of squares have heavy-tailed gradients). Floats first,
# then quantized with the bound's term in the loss. The second rate is low on purpose: large noisy steps would carry
# weights out of zero again.


# %%
def train():
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    network = Network()
    run_epochs(network, FLOAT_EPOCHS, FLOAT_RATE, 0.0, generator)
    network.quantize()
    run_epochs(network, QUANTIZED_EPOCHS, QUANTIZED_RATE, BOUND_WEIGHT, generator)
    return network


def run_epochs(network, epochs, rate, bound_weight, generator):
    images, labels = torch.tensor(train_images)[:, None], torch.tensor(train_labels)
    groups = [
        dict(params=[network.w1, network.w2, network.w3], weight_decay=WEIGHT_DECAY),
        dict(params=[network.b1, network.b2, network.b3], weight_decay=0.0),
    ]
    optimizer = torch.optim.AdamW(groups, lr=rate)
    batches = len(images) // BATCH
    total = batches * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=total, pct_start=0.1)
    started, step = time.time(), 0
    for epoch in range(epochs):
        order = torch.randperm(len(images), generator=generator)
        loss_sum = 0.0
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            logits = network(quantize_images(augment(images[chosen].float(), generator, AUGMENTATION, ELASTIC)))
            loss = F.cross_entropy(logits, labels[chosen])
            loss_sum += loss.item()
            if bound_weight > 0:  # fades in over the first tenth
                loss = loss + bound_weight * min(1.0, 10 * step / total) * network.log2_bound()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
        print(f"epoch {epoch + 1:2d}  cross entropy {loss_sum / batches:.4f}  {time.time() - started:.0f} s", flush=True)


network = train()

# %% [markdown]
# ## The integer network
#
# Everything below uses only these arrays of integers. The scales exist for the ONNX file: they are free, since argmax does
# not see them. The first two are powers of two, so that products of scales are exact in floats as far as possible; the last
# makes the real logits those that the training saw.


# %%
def to_integers(network):
    steps = network.steps
    with torch.no_grad():
        w1, w2, w3 = (w.round().long().numpy() for w in network.integer_weights())
    unit1 = steps[0] / LEVELS
    unit2 = steps[1] * unit1**2
    unit3 = steps[2] * unit2**2

    def bias(parameter, unit):
        return np.round(parameter.detach().double().numpy() / unit).astype(np.int64)

    scale1 = 2.0 ** round(math.log2(unit1 / INPUT_SCALE))
    scale2 = 2.0 ** round(math.log2(unit2 / (scale1 * INPUT_SCALE) ** 2))
    scale3 = unit3 / (scale2 * (scale1 * INPUT_SCALE) ** 2) ** 2
    return dict(
        w1=w1.reshape(MAPS, KERNEL, KERNEL), b1=bias(network.b1, unit1), w2=w2, b2=bias(network.b2, unit2),
        w3=w3, b3=bias(network.b3, unit3), scales=[np.float32(s) for s in (scale1, scale2, scale3)],
    )  # fmt: skip


integers = to_integers(network)
for name, maximum in zip(("w1", "w2", "w3"), WEIGHT_MAX):
    w = integers[name]
    assert np.abs(w).max() <= maximum
    print(f"{name}: {w.size} weights, {np.mean(w != 0):.1%} non-zero, largest {np.abs(w).max()}")

# %% [markdown]
# ## The certified bound
#
# A bound on |logit| for every integer image in the box [0, LEVELS]^784, proven, in exact integers. With d = 2x - LEVELS
# the box is |d| <= LEVELS, and a convolution output c = w.x + b becomes 2c = w.d + beta, where
# beta = LEVELS * (sum of the taps that meet the image) + 2b. Per hidden neuron, 4h = sum_i v_i (w_i.d + beta_i)^2 + 4b2:
#
# 1. **Interval.** |2c| <= |beta| + LEVELS * sum|w|, its square lies in [min^2, max^2]; positive and negative v apart.
# 2. **Rows.** 4h = d'Ad + l'd + c0 with an integer matrix A; off-diagonal entries count by magnitude, diagonal ones
#    by sign (d^2 >= 0).
# 3. **Spectral.** Homogenize: B = [[A, l/(2 LEVELS)], [.., 0]]. For any positive g, d'Bd <= lambda * sum(g) * LEVELS^2, where
#    lambda is the largest eigenvalue of B_ij / sqrt(g_i g_j). We try g = 1 and g = sqrt(row sums of |B|). Eigenvalues are
#    floats: the margin added covers the eigensolver's backward error (a small multiple of n * 2^-53 * norm) by far.
#
# The smallest of the three counts, and logits follow from |h| by signs. But the hidden neurons can't all be extreme at once:
#
# 4. **Joint.** The squared convolution outputs lie in a box: s_i = (m_i + r_i e_i) / 2 with |e_i| <= 1. So 2h = X e,
#    with X = [V m + 2 b2 | V diag(r)] and e_0 = 1, and 4 * (a logit without its bias) = e' X' diag(u) X e for a row u of w3
#    (and -u). As above, it is at most sum(g) * lambda for any positive g, where lambda is the largest eigenvalue of
#    G^-1/2 X' diag(u) X G^-1/2, or 0 if that is negative. Its non-zero eigenvalues are those of the small matrix
#    R' diag(u) R with RR' = M = X G^-1 X'. A larger M (in the positive semidefinite order) never lowers the bound, so adding
#    delta * identity to the computed M, with delta above its rounding error, keeps this a proof. A few steps of a
#    multiplicative update look for a good g; any g proves something.
#
# The result is the smaller of the two, per logit and sign.


# %%
def unrolled_convolution():
    """The convolution as a matrix [MAPS * POSITIONS, 784]."""
    matrix = np.zeros((MAPS, SIDE, SIDE, 28, 28), np.int64)
    for y in range(SIDE):
        for x in range(SIDE):
            for ky in range(KERNEL):
                for kx in range(KERNEL):
                    row, column = CROP + STRIDE * y + ky, CROP + STRIDE * x + kx
                    matrix[:, y, x, row, column] = integers["w1"][:, ky, kx]
    return matrix.reshape(MAPS * POSITIONS, 784)


def hidden_bounds():
    """Per hidden neuron (upper, lower) bounds of 4h, as Python integers, by each method."""
    c = unrolled_convolution()
    beta = LEVELS * c.sum(1) + 2 * np.repeat(integers["b1"], POSITIONS)
    reach = LEVELS * np.abs(c).sum(1)
    largest = (np.abs(beta) + reach) ** 2
    smallest = np.maximum(np.abs(beta) - reach, 0) ** 2
    methods = {"interval": [], "rows": [], "spectral": []}
    cf = c.astype(np.float64)  # all products below stay under 2^53, so float64 is exact
    for v, b in zip(integers["w2"], integers["b2"]):
        plus, minus = np.maximum(v, 0), np.maximum(-v, 0)
        methods["interval"].append(
            (int(plus @ largest - minus @ smallest + 4 * b), int(plus @ smallest - minus @ largest + 4 * b)))
        a = cf.T @ (v[:, None] * cf)
        linear = 2 * (c.T @ (v * beta))
        constant = int(v @ beta**2 + 4 * b)
        assert np.abs(a).sum() < 2.0**53 / LEVELS**2
        diagonal = np.diag(a)
        off = int(np.abs(a).sum() - np.abs(diagonal).sum())
        swing = LEVELS * int(np.abs(linear).sum())
        methods["rows"].append((
            constant + swing + LEVELS**2 * (off + int(np.maximum(diagonal, 0).sum())),
            constant - swing - LEVELS**2 * (off + int(np.maximum(-diagonal, 0).sum()))))
        form = np.zeros((785, 785))
        form[:784, :784] = a
        form[784, :784] = form[:784, 784] = linear / (2 * LEVELS)
        rows = np.abs(form).sum(1)
        used = rows > 0
        form, rows = form[np.ix_(used, used)], rows[used]
        upper = lower = math.inf
        for g in (np.ones_like(rows), np.sqrt(rows)):
            values = np.linalg.eigvalsh(form / np.sqrt(np.outer(g, g)))
            margin = 1e-9 * max(abs(values[0]), abs(values[-1]))
            weight = g.sum() * LEVELS**2 * (1 + 1e-12)
            upper = min(upper, max(values[-1] + margin, 0) * weight)
            lower = min(lower, max(-values[0] + margin, 0) * weight)
        methods["spectral"].append((constant + math.ceil(upper), constant - math.ceil(lower)))
    return methods


def logit_bounds(quadruple_bounds):
    """Bounds on logit and -logit of each class, biases apart, from bounds of 4h."""
    h2 = [max(abs(u), abs(l)) ** 2 // 16 for u, l in quadruple_bounds]  # h is an integer: h^2 <= floor((4h)^2 / 16)
    return [
        tuple(sum(int(sign * u) * s for u, s in zip(weights, h2) if sign * u > 0) for sign in (1, -1))
        for weights in integers["w3"]
    ]


def joint_bounds(iterations=40):
    """Bounds on logit and -logit of each class, biases apart, by the joint quadratic form."""
    c = unrolled_convolution()
    high = LEVELS * np.maximum(c, 0).sum(1) + np.repeat(integers["b1"], POSITIONS)
    low = LEVELS * np.minimum(c, 0).sum(1) + np.repeat(integers["b1"], POSITIONS)
    most = np.maximum(high**2, low**2)
    least = np.where((low <= 0) & (high >= 0), 0, np.minimum(high**2, low**2))
    v = integers["w2"]
    x = np.concatenate([(v @ (most + least) + 2 * integers["b2"])[:, None], v * (most - least)], 1)
    x = x[:, np.abs(x).sum(0) > 0].astype(np.float64)  # integers below 2^53: exact
    pairs = []
    for row in integers["w3"]:
        pair = []
        for sign in (1, -1):
            u = (sign * row).astype(np.float64)
            best = math.inf
            g = np.sqrt(np.abs(u) @ (x * x)) + 1e-6
            for _ in range(iterations):
                g /= g.max()
                y = x / np.sqrt(g)
                m = y @ y.T
                m[np.diag_indices_from(m)] += 1e-10 * np.trace(m)
                r = np.linalg.cholesky(m)
                form = r.T @ (u[:, None] * r)
                values, vectors = np.linalg.eigh(form)
                largest = values[-1] + 1e-10 * np.linalg.norm(form)
                if largest <= 0:
                    best = 0.0
                    break
                best = min(best, largest * g.sum() * (1 + 1e-10))
                # Move weight to where the leading eigenvectors have their energy.
                energy = np.zeros_like(g)
                for value, vector in zip(values[:-9:-1], vectors.T[:-9:-1]):
                    if value > 0.8 * values[-1]:
                        full = y.T @ (u * (r @ vector))
                        energy += math.exp(50 * (value / values[-1] - 1)) * full**2 / (full @ full)
                ratio = energy / energy.sum() * g.sum() / g
                g = g * np.clip(ratio, 0.2, 5) ** 0.3
            pair.append(math.ceil(best / 4))
        pairs.append(tuple(pair))
    return pairs


def with_biases(pairs):
    """The largest |logit| that the pairs allow."""
    return max(max(p + int(b), n - int(b)) for (p, n), b in zip(pairs, integers["b3"]))


methods = hidden_bounds()
for name, quadruples in methods.items():
    print(f"bound by {name:9s}: 2^{math.log2(with_biases(logit_bounds(quadruples))):.2f}")
neurons = [(min(p[0] for p in pairs), max(p[1] for p in pairs)) for pairs in zip(*methods.values())]
joint = joint_bounds()
print(f"bound by joint    : 2^{math.log2(with_biases(joint)):.2f}")
best = [tuple(map(min, zip(*pairs))) for pairs in zip(logit_bounds(neurons), joint)]
bound = with_biases(best)
print(f"certified: |logit| <= {bound} = 2^{math.log2(bound):.2f} for every input in the box")

# %% [markdown]
# ## Accuracy in exact integers
#
# 64-bit integers suffice: no partial sum exceeds the interval bound, which is checked to be below 2^62.

# %%
assert 16 * with_biases(logit_bounds(methods["interval"])) < 2**62


def integer_logits(pixels):
    """[n, 28, 28] bytes -> [n, 10] exact integer logits."""
    image = np.round(pixels.astype(np.float32) / INPUT_SCALE).astype(np.int64)  # half to even
    cropped = image[:, CROP : CROP + CROPPED, CROP : CROP + CROPPED]
    c = np.zeros((len(image), MAPS, SIDE, SIDE), np.int64)
    for ky in range(KERNEL):
        for kx in range(KERNEL):
            tap = cropped[:, ky : ky + STRIDE * SIDE : STRIDE, kx : kx + STRIDE * SIDE : STRIDE][:, :SIDE, :SIDE]
            c += integers["w1"][None, :, ky, kx, None, None] * tap[:, None]
    c += integers["b1"][None, :, None, None]
    h = (c * c).reshape(len(c), -1)
    # float64 is exact here (|sums| < 2^53, asserted) and uses the matrix kernels that int64 lacks.
    assert WEIGHT_MAX[1] * int(h.max()) * h.shape[1] < 2**53
    h = (h.astype(np.float64) @ integers["w2"].T.astype(np.float64)).astype(np.int64) + integers["b2"]
    return (h * h) @ integers["w3"].T + integers["b3"]


def in_batches(function, pixels, size=1000):
    return np.concatenate([function(pixels[k : k + size]) for k in range(0, len(pixels), size)])


logits = in_batches(integer_logits, test_images)
accuracy = np.mean(logits.argmax(1) == test_labels)
print(f"test accuracy in exact integers: {accuracy:.2%}, largest |logit| seen 2^{math.log2(np.abs(logits).max()):.1f}")
assert accuracy >= 0.993

# %% [markdown]
# ## Export
#
# Standard ONNX only. `Clip`, `QuantizeLinear` and `DequantizeLinear` fix the input's integers; weights and biases are
# integer initializers behind `DequantizeLinear`. A bias's scale is the product of the scales so far, so every float tensor
# is an integer tensor times a known scale, and any runtime computes the same logits up to float rounding.


# %%
def export(path):
    graph = IntegerGraph("image", (1, 28, 28))
    s1, s2, s3 = (float(s) for s in integers["scales"])
    x = graph.levels(INPUT_SCALE, 255)
    x = graph.crop(x, CROP, CROP + CROPPED)
    x = graph.convolution(x, integers["w1"], integers["b1"], s1, strides=[STRIDE] * 2)
    x = graph.square(x, "conv_squared")
    x = graph.node("Flatten", [x], "features", axis=1)
    x = graph.dense(x, "hidden", integers["w2"], integers["b2"], s2)
    x = graph.square(x, "hidden_squared")
    graph.dense(x, "logits", integers["w3"], integers["b3"], s3)
    graph.write(path, "mnist")
    return graph.scale


logit_scale = export(arguments.output)
print(f"{arguments.output}: {os.path.getsize(arguments.output)} bytes, logit = integer * {logit_scale:.3e}")

# %% [markdown]
# ## The same answers from another runtime

# %%
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = arguments.threads
session = onnxruntime.InferenceSession(arguments.output, options, providers=["CPUExecutionProvider"])


def runtime_logits(pixels):
    return session.run(None, {"image": pixels[:, None].astype(np.float32)})[0]


real = in_batches(runtime_logits, test_images)
disagreements = int(np.sum(real.argmax(1) != logits.argmax(1)))
error = np.abs(real - logits * logit_scale).max() / np.abs(real).max()
print(f"onnxruntime: {disagreements} predictions differ of {len(real)}; relative difference of logits at most {error:.1e}")
assert disagreements == 0 and error < 1e-5

# %% [markdown]
# ## The project's own digits, and known answers for the tests
#
# `Scripts/draw_digits.py` draws them; they play no part in training.

# %%
if os.path.isdir(arguments.samples):
    digits = read_idx(os.path.join(arguments.samples, "digits-images-idx3-ubyte"))
    digit_labels = read_idx(os.path.join(arguments.samples, "digits-labels-idx1-ubyte"))
    digit_logits = integer_logits(digits)
    print("own digits:", digit_logits.argmax(1).tolist())
    assert (digit_logits.argmax(1) == digit_labels).all()
    with open(arguments.output, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    answers = {
        "provenance": "Notebooks/mnist.py: integer_logits in numpy, exact 64-bit integers",
        "model_sha256": digest,
        "images": "Samples/digits-images-idx3-ubyte",
        "logits": [[str(value) for value in row] for row in digit_logits.tolist()],
    }
    os.makedirs(os.path.dirname(arguments.vectors) or ".", exist_ok=True)
    with open(arguments.vectors, "w") as file:
        json.dump(answers, file, indent=1)
        file.write("\n")
