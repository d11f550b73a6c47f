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
# # Two networks that cannot be served
#
# A planner has to say no, and why. Twenty ReLUs in sequence are too deep for a network that is one integer polynomial,
# and a maximum is no polynomial at all. Both files are tiny and untrained: only their shape matters.
#
#     python Notebooks/deep.py --output Models --data out/data

# %%
import argparse
import os
import sys

import onnxruntime
import torch

import data
from export import export

parser = argparse.ArgumentParser(description="Exports two networks that cannot be served.")
parser.add_argument("--output", default="Models", help="folder for the ONNX files")
parser.add_argument("--data", default="out/data", help="folder for calibration and test data")
arguments, _ = parser.parse_known_args([] if "ipykernel" in sys.modules else None)
os.makedirs(arguments.output, exist_ok=True)

LAYERS, MAPS = 24, 4

# %%
torch.manual_seed(1)
convolutions = [torch.nn.Conv2d(1 if k == 0 else MAPS, MAPS, 3, padding=1) for k in range(LAYERS)]
deep = torch.nn.Sequential(
    *(layer for convolution in convolutions for layer in (convolution, torch.nn.ReLU())),
    torch.nn.AvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(16 * MAPS, 10),
)  # fmt: skip
maximum = torch.nn.Sequential(
    torch.nn.Conv2d(1, MAPS, 3, padding=1), torch.nn.ReLU(),
    torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(16 * MAPS, 10),
)  # fmt: skip

# %% [markdown]
# Both take the 8x8 digits of scikit-learn as images with one channel.

# %%
splits = data.digit_images()
for name, network in (("deep", deep), ("maxpool", maximum)):
    path = os.path.join(arguments.output, f"{name}.onnx")
    operators = export(network, torch.tensor(splits[0][:2]), path, "image")
    data.write(arguments.data, name, splits)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.run(None, {"image": splits[2]})[0].shape == (len(splits[2]), 10)
    print(f"{path}: {os.path.getsize(path)} bytes")
    print("  operators:", " ".join(operators))
