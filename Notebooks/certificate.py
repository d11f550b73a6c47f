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
# # Reading the certificate
#
# A plan states what is proven of it before any key is made. This notebook reads it line by line, on the model of
# handwritten digits that comes with the project.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import blindsight as bs

# The project's folder, wherever this runs in it.
root = next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "Models/mnist.onnx").exists())
plan = bs.compile(root / "Models/mnist.onnx", method="slots", function_privacy=0)
report = plan.report
print(plan)

# %% [markdown]
# **Range.** Results are known modulo a number. An output that could leave its range would wrap, and be another number
# without a sign of it. So a bound is proven for every input that the client may encrypt, not only for samples.

# %%
print(f"bounds by: {report['bound_method']}")
print(f"outputs take 2^{report['range_bits']:.1f} values; room left: {report['range_margin_bits']:.2f} bits")
assert report["certified"] and report["range_margin_bits"] > 0

# %% [markdown]
# How far are real outputs from the bound? These are the samples that come with the project.

# %%
images = np.frombuffer((root / "Samples/digits-images-idx3-ubyte").read_bytes(), np.uint8, offset=16).reshape(-1, 28, 28)
found = plan.simulate(images)
figure, axes = plt.subplots()
axes.hist(found.logits.ravel() / 2.0 ** report["range_bits"], bins=40)
axes.set(xlabel="output, in widths of the proven range", ylabel="outputs")

# %% [markdown]
# **Noise.** Ciphertexts carry noise that grows with each step; beyond a limit they decrypt to something else. The margin
# is what is left below that limit at the end; above zero, decryption fails with probability below 2^-128.
#
# **Security.** Parameters are within the 128-bit row of the security guidelines of 2024. **Function privacy** says how
# well replies hide the weights from who decrypts them; 0 stands for nothing promised.

# %%
for key in ("security_bits", "function_privacy_bits", "request_bytes", "reply_bytes", "evaluation_key_bytes"):
    print(f"{key:24} {report[key]:>12,}")

# %% [markdown]
# A range from samples is no proof. Everything that is made so says so, and predictions do.

# %%
generator = np.random.default_rng(1)
guessed = bs.compile(
    root / "Models/mnist.onnx", images, method="slots", range="calibrated", margin_bits=4, function_privacy=0
)
print(str(guessed).splitlines()[0])
print("certified:", guessed.client.is_certified, guessed.simulate(images[:1]).is_certified)
