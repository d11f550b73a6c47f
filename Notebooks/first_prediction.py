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
# # A first prediction
#
# A server predicts on measurements that it never sees. The data set is scikit-learn's: 569 tumours, 30 measurements each.
# Nothing here needs any knowledge of cryptography.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import blindsight as bs

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=1, stratify=y)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)

# %% [markdown]
# Who owns the model compiles it. A few hundred training samples tell what ranges values have; their labels are for the
# report alone.

# %%
plan = bs.compile(model, calibration=X[:300], labels=y[:300])
print(plan)

# %% [markdown]
# The report says what is proven before any key is made. In a notebook, `plan` alone shows it as a table.

# %%
plan

# %% [markdown]
# Who owns the data makes a client of `plan.client`, which holds no weights. The server gets evaluation keys, with which
# nothing can be decrypted.

# %%
client = bs.Client(plan.client)
server = bs.PreparedModel(plan).server(client.evaluation_keys)

request = client.encrypt(X_test)
reply = server.predict(request)
predictions = client.decrypt(reply)
print(request, reply, predictions, sep="\n")

# %% [markdown]
# The encrypted run gives the integers of the quantized model, bit for bit. `simulate` computes these in the clear, so
# whatever has to be evaluated on many samples needs no encryption.

# %%
assert np.array_equal(predictions.logits, plan.simulate(X_test).logits)
print("accuracy, float model:    ", model.score(X_test, y_test))
print("accuracy, encrypted model:", (predictions.labels == y_test).mean())

# %%
figure, axes = plt.subplots(figsize=(5, 5))
axes.scatter(model.predict_proba(X_test)[:, 1], predictions.probabilities[:, 1], s=12)
axes.plot([0, 1], [0, 1], linewidth=0.5)
axes.set(xlabel="probability, float model", ylabel="probability, encrypted", title="Benign tumours")

# %% [markdown]
# The key goes when nobody needs it any more. `client.save("secret.key", passphrase=...)` would keep it.

# %%
client.close()
