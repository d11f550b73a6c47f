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
# # Credit scoring with XGBoost
#
# A bank's customers ask a scoring service for a rating without showing it their finances. The data are made up.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from xgboost import XGBClassifier

import blindsight as bs
from blindsight.sklearn import EncryptedClassifier

generator = np.random.default_rng(1)
count = 3000
table = pd.DataFrame(
    {
        "income": generator.lognormal(8, 0.4, count),
        "debt": generator.gamma(2, 4000, count),
        "age": generator.integers(18, 80, count).astype(float),
        "late_payments": generator.poisson(0.8, count).astype(float),
    }
).astype(np.float32)
risk = table["debt"] / table["income"] / 4 + table["late_payments"] - table["age"] / 60
defaults = (risk + generator.normal(0, 0.3, count) > 1.4).astype(int)
train, test = table[:2000], table[2000:]

# %% [markdown]
# Trees compare. A server that sees nothing can't, so the client does, and somebody has to say what clients may know of
# the trees. Asked for nothing, `compile` refuses, and says what there is to choose.

# %%
model = XGBClassifier(n_estimators=20, max_depth=3).fit(train, defaults[:2000])
try:
    bs.compile(model, calibration=train[:1000])
except bs.PlanRefused as refusal:
    print(refusal)

# %% [markdown]
# `trees="grid"` tells clients nothing: thresholds are moved onto a grid of the samples. Answers may change a little; by
# how much is told. Columns are found by their names, in whatever order a table has them.

# %%
plan = bs.compile(model, calibration=train[:1000], labels=defaults[:1000], trees="grid")
print(plan)
print(plan.client.columns)

# %%
found = plan.simulate(test[["age", "debt", "income", "late_payments"]])
print("same decision as XGBoost:", (found.labels == model.predict(test)).mean())
print("accuracy of XGBoost:     ", (model.predict(test) == defaults[2000:]).mean())
print("accuracy, integers:      ", (found.labels == defaults[2000:]).mean())

# %%
figure, axes = plt.subplots(figsize=(5, 5))
axes.scatter(model.predict_proba(test)[:, 1], found.probabilities[:, 1], s=6)
axes.set(xlabel="risk by XGBoost", ylabel="risk by the served model", title="Customers")

# %% [markdown]
# The same as an estimator of scikit-learn. What it gives says whether it was encrypted.

# %%
classifier = EncryptedClassifier(XGBClassifier(n_estimators=20, max_depth=3), calibration=1000)
classifier.fit(train, defaults[:2000])
answers = classifier.predict(test[:20])
print(answers, "encrypted:", answers.is_encrypted)
assert np.array_equal(answers, classifier.predict(test[:20], simulate=True))
