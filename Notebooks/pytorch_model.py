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
# # Bring your own PyTorch model
#
# A small perceptron for 8x8 digits, trained as usual. Its ReLUs become polynomials and its weights integers when it is
# compiled; the report says what that costs in accuracy.

# %%
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import blindsight as bs

torch.manual_seed(1)
torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X.astype(np.float32), y, random_state=1, stratify=y)


# %%
class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(64, 24)
        self.second = torch.nn.Linear(24, 10)

    def forward(self, x):
        return self.second(torch.relu(self.first(x / 16)))


network = Network()
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
samples, labels = torch.from_numpy(X), torch.from_numpy(y)
for _ in range(300):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(network(samples), labels).backward()
    optimizer.step()
accuracy = (network(torch.from_numpy(X_test)).argmax(1).numpy() == y_test).mean()
print(f"accuracy of the float network: {accuracy:.3f}")

# %% [markdown]
# `compile` exports the module by `torch.onnx`. The plot in the report shows the ReLU, what stands in for it, and where
# its inputs lie.

# %%
plan = bs.compile(network, calibration=X[:400], labels=y[:400])
plan

# %%
print(plan)

# %% [markdown]
# Accuracy on the whole test split is measured by simulation, which is bit-equal to what the server computes. A few
# samples go through the server to see it.

# %%
simulated = plan.simulate(X_test)
print(f"accuracy of the integers: {(simulated.labels == y_test).mean():.3f}")

with bs.Client(plan.client) as client:
    server = bs.PreparedModel(plan).server(client.evaluation_keys)
    found = client.decrypt(server.predict(client.encrypt(X_test[:5])))
assert np.array_equal(found.logits, simulated.logits[:5])
print(found)

# %% [markdown]
# A network that can't be served is refused, with the part that stands in the way and what would work.

# %%
deep = torch.nn.Sequential(
    torch.nn.Unflatten(1, (1, 8, 8)), torch.nn.Conv2d(1, 2, 3), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
    torch.nn.Linear(18, 10),
)
try:
    bs.compile(deep, calibration=X[:100])
except bs.BlindsightError as error:
    print(type(error).__name__, "at", error.where)
    print(error)
