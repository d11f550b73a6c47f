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
# # A plain ReLU network
#
# A PyTorch perceptron 64-32-10 for the 8x8 digits of scikit-learn, with ReLU: trained in floats, exported as it is.
# `blindsight plan` replaces each ReLU by a polynomial fitted on the calibration data, without retraining.
#
#     python Notebooks/digits.py --output Models --data out/data

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

parser = argparse.ArgumentParser(description="Trains and exports the ReLU network.")
parser.add_argument("--output", default="Models", help="folder for the ONNX file")
parser.add_argument("--data", default="out/data", help="folder for calibration and test data")
arguments, _ = parser.parse_known_args([] if "ipykernel" in sys.modules else None)
os.makedirs(arguments.output, exist_ok=True)
torch.set_num_threads(1)

EPOCHS, RATE, BATCH, WEIGHT_DECAY = 80, 3e-3, 32, 0.3
SEED = 1

# %% [markdown]
# Strong weight decay is ordinary care with 1,257 training images. It also keeps the ReLUs' inputs in a moderate range,
# where a polynomial follows them well.

# %%
splits = data.digits()
train, train_labels, test, test_labels = splits


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = torch.nn.Linear(64, 32)
        self.logits = torch.nn.Linear(32, 10)

    def forward(self, pixels):
        return self.logits(F.relu(self.hidden(pixels / 16)))


torch.manual_seed(SEED)
network = Network()
optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
images, labels = torch.tensor(train), torch.tensor(train_labels)
batches = len(images) // BATCH
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=batches * EPOCHS)
for epoch in range(EPOCHS):
    order = torch.randperm(len(images))
    for batch in range(batches):
        chosen = order[batch * BATCH : (batch + 1) * BATCH]
        loss = F.cross_entropy(network(images[chosen]), labels[chosen], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

# %%
path = os.path.join(arguments.output, "relu-mlp.onnx")
operators = export(network, images[:2], path, "pixels")
data.write(arguments.data, "relu-mlp", splits)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
answers = session.run(None, {"pixels": test})[0].argmax(1)
print(f"{path}: {os.path.getsize(path)} bytes, test accuracy {np.mean(answers == test_labels):.2%}")
print("  operators:", " ".join(operators))
