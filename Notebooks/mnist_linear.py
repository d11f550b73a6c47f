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
# # A linear classifier of digits
#
# 784 inputs, 10 outputs, softmax regression in PyTorch: what additive encryption can serve. Nothing here knows about encryption
# or integers.
#
#     python Notebooks/mnist_linear.py --mnist FOLDER --output Models
#     blindsight plan Models/mnist-linear.onnx --calibration mnist-cnn-calibration.npy --method paillier -o plan

# %%
import argparse
import os
import sys

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

import data
from export import export

parser = argparse.ArgumentParser(description="Trains and exports the linear digit classifier.")
parser.add_argument("--mnist", default=os.environ.get("MNIST_DIR", "mnist"), help="folder with the MNIST IDX .gz files")
parser.add_argument("--output", default="Models", help="folder for the ONNX file")
arguments, _ = parser.parse_known_args([] if "ipykernel" in sys.modules else None)
os.makedirs(arguments.output, exist_ok=True)
torch.manual_seed(1)
torch.set_num_threads(1)

# %% [markdown]
# Full batches and L-BFGS: softmax regression is convex, so there is little to choose. The penalty keeps weights of pixels that are
# nearly always black near zero, which also keeps the integers small.

# %%
images, labels, test_images, test_labels = data.mnist(arguments.mnist)
x, y = torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
optimizer = torch.optim.LBFGS(network.parameters(), lr=1, max_iter=60, history_size=10, line_search_fn="strong_wolfe")


def loss():
    optimizer.zero_grad()
    value = F.cross_entropy(network(x), y) + 2e-4 * network[1].weight.square().sum() / 2
    value.backward()
    return value


optimizer.step(loss)

# %%
path = os.path.join(arguments.output, "mnist-linear.onnx")
print(export(network, x[:2], path, "image"))
logits = onnxruntime.InferenceSession(path).run(None, {"image": test_images})[0]
print(f"{path}: {100 * (logits.argmax(1) == test_labels).mean():.2f} % of the test images")
