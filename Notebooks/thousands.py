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
# # Thousands at once
#
# One sample at a time takes milliseconds each. For thousands, `method="features"` puts each feature of thousands of
# samples into one ciphertext, and a sample takes microseconds.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

import blindsight as bs

generator = np.random.default_rng(1)
X = generator.normal(size=(20_000, 16)).astype(np.float32)
y = (X @ generator.normal(size=16) + generator.normal(size=20_000) > 0).astype(int)
model = LogisticRegression().fit(X[:2000], y[:2000])

# %%
one = bs.compile(model, X[:300], method="slots", function_privacy=0)
many = bs.compile(model, X[:300], method="features", function_privacy=0)
for plan in (one, many):
    print(f"{plan.client.method:9} {plan.client.samples_per_group:5} a group, {plan.client.request_bytes:,} bytes up")

# %% [markdown]
# An iterator of parts goes in, an iterator of predictions comes out: only one part is in memory at a time.


# %%
def parts(size):
    for start in range(0, len(X), size):
        yield X[start : start + size]


client = bs.Client(many.client)
server = bs.PreparedModel(many).server(client.evaluation_keys)
start = time.perf_counter()
labels = np.concatenate([found.labels for found in client.decrypt(server.predict(client.encrypt(parts(8192))))])
seconds = time.perf_counter() - start
assert np.array_equal(labels, many.simulate(X).labels)
print(f"{len(labels):,} samples in {seconds:.2f} s, encryption and decryption included; function privacy: none")

# %% [markdown]
# A group that isn't full costs what a full one does: for few samples the other method is the cheaper one.

# %%
counts = [1, 16, 128, 1024, 4096]
single = bs.PreparedModel(one).server((alone := bs.Client(one.client)).evaluation_keys)


def seconds_for(client, server, count):
    start = time.perf_counter()
    client.decrypt(server.predict(client.encrypt(X[:count])))
    return time.perf_counter() - start


slots = [seconds_for(alone, single, count) for count in counts[:3]]
features = [seconds_for(client, server, count) for count in counts]
figure, axes = plt.subplots()
axes.loglog(counts[:3], slots, "o-", label="slots")
axes.loglog(counts, features, "o-", label="features")
axes.set(xlabel="samples", ylabel="seconds")
axes.legend()
