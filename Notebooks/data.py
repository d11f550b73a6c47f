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
# # The data of the float models
#
# The other notebooks import their splits from here, so what a model is tested on is what it was not trained on. Run as a
# script, this file writes the same splits without training anything; it needs numpy and scikit-learn only:
#
#     python Notebooks/data.py --output out/data [--mnist FOLDER_WITH_IDX] [--tabular FOLDER_WITH_CSV]
#
# Three files a model, for `NAME` in the table:
#
# | file | holds |
# |---|---|
# | `NAME-calibration.npy` | a few hundred training samples, float32, as the ONNX input wants them |
# | `NAME-test.npy` | the test samples, float32 |
# | `NAME-test-labels.npy` | their classes (int64), or targets (float32) for the regression |
#
# Tables with texts are `.csv` instead. The two tables of `--tabular` need pandas: `taiwan_credit_card.csv` (UCI,
# "Default of Credit Card Clients") and `adult.csv` (UCI, "Adult"). They hold people's records and are in no repository.

# %%
import argparse
import gzip
import os

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split

SEED = 1
TEST_SHARE = 0.3
CALIBRATION = 300  # training samples in a calibration file, or all if there are fewer

# %% [markdown]
# Each function returns training samples, training labels, test samples, test labels. Splits are stratified by class.


# %%
def split(samples, labels, stratified=True):
    train, test, train_labels, test_labels = train_test_split(
        samples, labels, test_size=TEST_SHARE, random_state=SEED, stratify=labels if stratified else None
    )
    return train.astype(np.float32), train_labels, test.astype(np.float32), test_labels


def breast_cancer():
    """30 measurements, two classes."""
    return split(*datasets.load_breast_cancer(return_X_y=True))


def wine():
    """13 measurements, three classes."""
    return split(*datasets.load_wine(return_X_y=True))


def diabetes():
    """10 measurements in their own units; the target is a number."""
    train, targets, test, test_targets = split(*datasets.load_diabetes(return_X_y=True, scaled=False), stratified=False)
    return train, targets.astype(np.float32), test, test_targets.astype(np.float32)


def digits():
    """8x8 images with values 0..16, ten classes."""
    return split(*datasets.load_digits(return_X_y=True))


def digit_images():
    """The same as images with one channel."""
    train, train_labels, test, test_labels = digits()
    return train.reshape(-1, 1, 8, 8), train_labels, test.reshape(-1, 1, 8, 8), test_labels


def read_idx(path):
    with gzip.open(path) as file:
        data = file.read()
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def mnist(folder):
    """28x28 images with values 0..1 and one channel, MNIST's own split."""

    def part(name):
        images = read_idx(os.path.join(folder, f"{name}-images-idx3-ubyte.gz"))
        labels = read_idx(os.path.join(folder, f"{name}-labels-idx1-ubyte.gz"))
        return images[:, None].astype(np.float32) / np.float32(255), labels.astype(np.int64)

    return *part("train"), *part("t10k")


def credit(folder):
    """23 numbers of 30,000 card holders, and whether they failed to pay; the file names its test split itself."""
    import pandas

    table = pandas.read_csv(os.path.join(folder, "taiwan_credit_card.csv"))
    is_test, target = table.pop("_is_test").to_numpy(bool), table.pop("target").to_numpy(np.int64)
    samples = table.drop(columns="id").to_numpy(np.float32)
    return samples[~is_test], target[~is_test], samples[is_test], target[is_test]


INCOME_NUMBERS = ["age", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
INCOME_TEXTS = ["workclass", "marital_status", "occupation", "relationship", "race", "sex"]


def income(folder):
    """5 numbers and 6 texts of 32,561 people, as tables, and whether they earn over 50,000 dollars."""
    import pandas

    path = os.path.join(folder, "adult.csv")
    table = pandas.read_csv(path, skipinitialspace=True, encoding="utf-8-sig").dropna()
    target = (table["salary"] == ">50K").to_numpy(np.int64)
    table = table.rename(columns=lambda name: name.replace("-", "_"))  # as skl2onnx does
    table = table[INCOME_NUMBERS + INCOME_TEXTS].astype({name: np.float32 for name in INCOME_NUMBERS})
    train, test, train_target, test_target = train_test_split(
        table, target, test_size=TEST_SHARE, random_state=SEED, stratify=target
    )
    return train, train_target, test, test_target


MODELS = {
    "logistic": breast_cancer,
    "sigmoid-mlp": breast_cancer,
    "svm": wine,
    "regression": diabetes,
    "relu-mlp": digits,
    "deep": digit_images,
    "maxpool": digit_images,
    "forest": breast_cancer,
    "digits-trees": digits,
}
TABULAR = {"credit": credit, "income": income}

# %% [markdown]
# The order of a training split is random already (MNIST's own, too), so its first samples serve as calibration.


# %%
def write(folder, name, data):
    """Writes one model's files from what a function above returned."""
    train, _, test, test_labels = data
    os.makedirs(folder, exist_ok=True)
    for part, samples in (("calibration", train[:CALIBRATION]), ("test", test)):
        if hasattr(samples, "to_csv"):
            samples.to_csv(os.path.join(folder, f"{name}-{part}.csv"), index=False)
        else:
            np.save(os.path.join(folder, f"{name}-{part}.npy"), samples)
    np.save(os.path.join(folder, f"{name}-test-labels.npy"), test_labels)
    print(f"{folder}/{name}-*: {len(train[:CALIBRATION])} calibration and {len(test)} test samples")


def main():
    parser = argparse.ArgumentParser(description="Writes the calibration and test data of the float models.")
    parser.add_argument("--output", default="out/data", help="folder for the .npy files")
    parser.add_argument("--mnist", help="folder with the four MNIST IDX .gz files; without it, MNIST is left out")
    parser.add_argument("--tabular", help="folder with the two tables; without it, they are left out")
    arguments = parser.parse_args()
    for name, load in MODELS.items():
        write(arguments.output, name, load())
    if arguments.mnist:
        write(arguments.output, "mnist-cnn", mnist(arguments.mnist))
    if arguments.tabular:
        for name, load in TABULAR.items():
            write(arguments.output, name, load(arguments.tabular))


if __name__ == "__main__":
    main()
