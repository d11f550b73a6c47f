"""One model of the zoo through the Python package, beside what the command line made of it.

    python Notebooks/zoo_python.py FOLDER [OPTIONS OF PLAN]

FOLDER is one that zoo.py made: the model, its samples, and, where the command line has a plan, its plan and answers.
`bs.compile` takes the same options. Then all must be the same: the plan's method, keys and sizes, and of each test
sample the decrypted integers, those of `plan.simulate`, labels, values and outputs. Of a refusal: what it says. Where
the model was converted of an estimator, that estimator itself must have the same integers, by simulation. Ends with 0
where all is the same, with 3 and a line that says what isn't otherwise; any other end is a failure of Python alone.
"""

import csv
import os
import pickle
import sys

import numpy as np

import blindsight as bs

DIFFERS = 3


def differs(message):
    print(message)
    sys.exit(DIFFERS)


def samples(folder, name):
    """As a user has them: a table with its names, or an array."""
    path = os.path.join(folder, name)
    if os.path.exists(path + ".csv"):
        import pandas

        return pandas.read_csv(path + ".csv", keep_default_na=False, na_values=[""])
    return np.load(path + ".npy")


def keywords(options):
    """--name value ... as arguments of `compile`; an option that comes again is a list."""
    found = {}
    for key, value in zip(options[::2], options[1::2]):
        found.setdefault(key.removeprefix("--").replace("-", "_"), []).append(value)
    return {key: values if key == "move" else values[-1] for key, values in found.items()}


def columns(found):
    """The command line's columns: the label, integers, and outputs or values."""
    result = [[str(label) for label in found.labels]] if found.says_label else []
    result += [[str(value) for value in column] for column in found.logits.T]
    for output in found.outputs.values() if found.outputs else [found.values]:
        result += list(output.reshape(len(output), -1).T)
    return result


def is_same(cell, value):
    """A text of the table and a value of Python's: texts as they are, reals in the precision that Python has."""
    if isinstance(value, np.floating):
        return np.array_equal(value.dtype.type(cell), value, equal_nan=True)
    return cell.lstrip("'") == str(value).lstrip("'")


def compare(path, found):
    with open(path, newline="") as file:
        head, *rows = csv.reader(file)
    mine = columns(found)
    before = len(head) - len(mine)
    if head[:before] not in (["sample"], ["sample", "status"], ["sample", "id", "status"]) or len(rows) != len(found):
        differs(f"{len(found)} rows of {len(mine)} cells in Python, {len(rows)} of {', '.join(head)[:200]} before")
    for place, column in enumerate(mine, before):
        for row, value in enumerate(column):
            if not is_same(rows[row][place], value):
                differs(f"{head[place]} of sample {row}: {value} in Python, {rows[row][place]} in the command line")


def compare_estimator(estimator, calibration, test, options, found):
    """That `compile` itself converts: the same integers, by simulation."""
    plan = bs.compile(estimator, calibration, progress=False, **keywords(options))
    other = plan.simulate(test)
    if not np.array_equal(other.logits, found.logits):
        differs(f"the {type(estimator).__name__} itself has other integers than its ONNX file")
    if found.says_label and other.says_label and not np.array_equal(other.labels.astype(str), found.labels.astype(str)):
        differs(f"the {type(estimator).__name__} itself has other labels than its ONNX file")


def main():
    folder, options = sys.argv[1], sys.argv[2:]
    try:
        plan = bs.compile(
            os.path.join(folder, "model.onnx"), samples(folder, "calibration"), progress=False, **keywords(options))
    except (bs.PlanRefused, bs.ModelError, bs.DataError, bs.InvalidArgument) as error:
        print(error.what)
        sys.exit(1)
    # Each plan has an identity of its own, so that their bytes are never the same.
    theirs = bs.Plan.load(os.path.join(folder, "plan"))
    for what in ("method", "key_set", "shape", "classes", "request_bytes", "reply_bytes", "is_certified"):
        if getattr(plan.client, what) != getattr(theirs.client, what):
            differs(f"{what} of the plan is {getattr(plan.client, what)} in Python, else {getattr(theirs.client, what)}")
    if len(bytes(plan)) != len(bytes(theirs)):
        differs(f"the plan has {len(bytes(plan))} bytes in Python, {len(bytes(theirs))} else")
    test = samples(folder, "test")
    with bs.Client(plan.client) as client:
        server = bs.PreparedModel(plan).server(client.evaluation_keys)
        found = client.decrypt(server.predict(client.encrypt(test)))
    if not np.array_equal(plan.simulate(test).logits, found.logits):
        differs("the simulation has other integers than the encrypted run")
    compare(os.path.join(folder, "answers.csv"), found)
    path = os.path.join(folder, "estimator.pickle")
    if os.path.exists(path):
        with open(path, "rb") as file:
            estimator = pickle.load(file)
        compare_estimator(estimator, samples(folder, "calibration"), test, options, found)
    print(f"{len(found)} samples{' and the estimator' if os.path.exists(path) else ''}")


if __name__ == "__main__":
    main()
