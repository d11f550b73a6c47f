"""Whether what is served is right: estimators, networks and hand-written graphs, encrypted, against onnxruntime.

    python Notebooks/zoo.py --binary .build/release/blindsight --output .build/zoo [--only WORDS] [--at-least COUNT]

Each model is planned on its training samples; where there is a plan, its test samples go through keygen, encrypt,
predict and decrypt, and the table that comes out is compared with onnxruntime's answers, output by output, by name.
Test samples are clipped to the training samples' ranges first, as both sides would see them clamped otherwise.

- Scores are right where the root of the mean square difference is at most three times the error that the plan states
  and one hundredth more, by the deviation of the float scores; a tenth where the plan states none. The plan states it
  of what is encrypted and of the calibration samples; the factor is for the client's functions and other samples.
  Probabilities and scores with votes in them are looked at where the decrypted integers leave no doubt of the largest,
  or of a vote: elsewhere they may be any. Of probabilities that don't add up to one each is looked at by itself.
  Where all outputs are reals, none may be lost: off by more than half of its own deviation, if that isn't stated,
  and if it has more than one value in over a twentieth of the samples.
- Labels must be equal but for near ties: samples where the float model's own label changes if its input is moved by
  the stated error (of each feature's deviation), or whose float scores of the two labels are closer than that error.

With --through python each model goes through the Python package too, with the same options, and must give the same
plan and the same integers, or refuse it in the same words; so must the estimator that was converted (zoo_python.py).

One line a model: served, poor (served, and the plan itself states an error of more than a quarter), refused, WRONG,
crash (a signal, or a failure after the plan) or slow (over a minute). Fails where any is WRONG or crashed, or fewer
than COUNT are served. All results are in results.jsonl.
"""

import argparse
import csv
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402

import zoo_graphs  # noqa: E402
import zoo_keras  # noqa: E402
import zoo_models  # noqa: E402
import zoo_networks  # noqa: E402
import zoo_tables  # noqa: E402
import zoo_trees  # noqa: E402

warnings.simplefilter("ignore")
onnxruntime.set_default_logger_severity(4)

PYTHON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zoo_python.py")
FACTOR, SLACK, UNSTATED = 3, 0.01, 0.1
POOR, LOST = 0.25, 0.5
SPREAD, RARE = 0.3, 0.05
PROBES = 24
PARTS = {
    "graphs": zoo_graphs, "models": zoo_models, "tables": zoo_tables, "networks": zoo_networks,
    "keras": zoo_keras, "trees": zoo_trees}


class Failure(Exception):
    def __init__(self, status, message):
        self.status, self.message = status, message


class Commands:
    """A program, the command line as a rule, in a folder of a model's own."""

    def __init__(self, program, folder, limit):
        self.program, self.folder, self.limit, self.left = program, folder, limit, limit

    def __call__(self, command, *arguments):
        start = time.monotonic()
        try:
            done = subprocess.run(
                [*self.program, command, *arguments], cwd=self.folder, timeout=self.left, capture_output=True, text=True
            )
        except subprocess.TimeoutExpired:
            raise Failure("slow", f"{command} took more than {self.left:.0f} s of {self.limit:.0f}") from None
        self.left = max(1, self.left - (time.monotonic() - start))
        if done.returncode < 0 or done.returncode > 128 or "Fatal error" in done.stderr:
            raise Failure("crash", f"{command} ended by {done.returncode}: {done.stderr.strip()[-400:]}")
        if done.returncode:
            message = done.stderr.strip() or done.stdout.strip()
            raise Failure("refused" if command == "plan" else "crash", f"{command}: {message}"[:20_000])
        return done.stdout


def answers(session, samples):
    """Of onnxruntime: name, array of samples by elements. Maps are in the order of their keys in the file."""
    size = session.get_inputs()[0].shape[:1]
    if size and isinstance(size[0], int) and size[0] < len(samples):  # a fixed batch
        parts = [answers(session, samples[k : k + size[0]]) for k in range(0, len(samples), size[0])]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    feeds = samples.feeds(session) if hasattr(samples, "feeds") else {session.get_inputs()[0].name: samples}
    results = session.run(None, feeds)
    found = {}
    for output, value in zip(session.get_outputs(), results):
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = [list(row.values()) for row in value]
        elif isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            value = np.stack(value, 1)  # a sequence of tensors, one a label
        value = np.array(value)
        if value.dtype.kind in "SO":
            value = np.array([v.decode() if isinstance(v, bytes) else str(v) for v in value.ravel()]).reshape(value.shape)
        found[output.name] = value
    return found


def rows(session, samples):
    """One row a sample of each output, or None where an output has none."""
    found, count = answers(session, samples), len(samples)
    result = {n: v.reshape(count, -1) if v.shape[:1] == (count,) else None for n, v in found.items()}
    if any(v is None for v in result.values()):
        # Some converters write the samples' elements one after the other: right if single samples say the same.
        single = [answers(session, samples[k : k + 1]) for k in range(count)]
        for name, value in result.items():
            if value is None:
                value = np.stack([one[name].ravel() for one in single])
                flat = found[name].ravel()
                same = flat.size == value.size and (
                    np.allclose(flat, value.ravel(), 1e-3, 1e-5)
                    if flat.dtype.kind == "f"
                    else (flat == value.ravel()).all()
                )
                result[name] = value if same else None
    return result


def table(path):
    """Columns by name; of two with one name, the model's output is the last."""
    with open(path, newline="") as file:
        head, *body = csv.reader(file)
    return {name: np.array([row[place] for row in body]) for place, name in enumerate(head)}


def columns(cells, name, count):
    names = [name] if count == 1 and name in cells else [f"{name}_{k}" for k in range(count)]
    return np.stack([cells[n] for n in names], 1) if all(n in cells for n in names) else None


def texts(values):
    """As the table prints labels."""
    if values.dtype.kind == "b":
        return values.astype(int).astype(str)
    if values.dtype.kind == "f":
        return np.array([f"{v:.9g}" for v in values.ravel()]).reshape(values.shape)
    if values.dtype.kind in "USO":
        return np.vectorize(lambda t: "'" + t if t[:1] and t[0] in "=+-@" else t, otypes=[object])(values).astype(str)
    return values.astype(str)


def same_numbers(a, b):
    try:
        return a.astype(float) == b.astype(float)
    except ValueError:
        return a == b


def proportional(logits, values):
    """Whether values that lie between 0 and 1 are the decrypted integers in other units, not probabilities of them."""
    return values.size > 2 and np.corrcoef(logits.ravel(), values.ravel())[0, 1] > 1 - 1e-9


def compare(session, test, train, cells, stated, votes):
    """The worst score's error, the share of labels that differ in near ties, notes; raises where something is wrong."""
    count = len(test)
    expected = rows(session, test)
    error = UNSTATED if stated is None else FACTOR * stated + SLACK
    worst, ties, notes = 0.0, 0.0, []
    scores = [v for v in expected.values() if v is not None and v.dtype.kind == "f" and v.shape[1] > 1]
    logits = np.array([c for n, c in cells.items() if n.startswith("logit_")]).T.astype(float)
    best = np.sort(logits, 1)
    gaps = best[:, -1] - best[:, -2] if logits.shape[1] > 1 else np.abs(logits[:, 0])
    certain = gaps > 2 * error * logits.std()
    if votes:  # Each integer decides between two classes, and steps into the scores.
        certain = (np.abs(logits) > 2 * error * logits.std()).all(1)
    if logits.shape[1] > 1:
        scores.append(logits)
    outputs = {output.name: output.type for output in session.get_outputs()}
    for name, value in expected.items():
        if value is None:
            raise Failure("WRONG", f"{name} has no row for each sample, and yet the model is served")
        got = columns(cells, name, value.shape[1])
        if got is None and len(expected) == 1 and value.dtype.kind == "f":
            got = np.stack([c for n, c in cells.items() if n.startswith("value_")], 1)
            if got.shape != value.shape:
                raise Failure("WRONG", f"{name}: {got.shape[1]} values in place of {value.shape[1]}")
            plain = got.astype(float)
            ends = {
                "": plain,
                "softmax": np.exp(plain - plain.max(1, keepdims=True)) / np.exp(plain - plain.max(1, keepdims=True)).sum(1, keepdims=True),
                "sigmoid": 1 / (1 + np.exp(-plain)),
            }
            best = min(ends, key=lambda end: np.abs(ends[end] - value).mean())
            got = ends[best]
            if best:
                notes.append(f"values are before the {best}")
        elif got is None:
            raise Failure("WRONG", f"no columns of {name} in {', '.join(list(cells)[:12])}")
        steps = 1 if len(np.unique(value)) > 12 else 4  # rounded scores are many whole numbers
        discrete = value.dtype.kind in "USOib" or (
            count > 30 and "float" in outputs[name] and (value == np.round(value * steps) / steps).all())
        if not discrete:
            got = np.char.lstrip(got, "'").astype(float) if got.dtype.kind in "US" else got.astype(float)
            finite = np.isfinite(value)
            each = logits.shape == value.shape and not votes
            within = (value[finite] >= 0).all() and (value[finite] <= 1).all()
            if votes or within and not (each and proportional(logits, got)):
                alone = each and not np.allclose(value.sum(1), 1, atol=1e-3)
                finite &= np.abs(logits) > 2 * error * logits.std() if alone else certain[:, None]
            if not finite.any():
                notes.append(f"{name} is in doubt in all samples, and not compared")
                continue
            if not np.isfinite(got[finite]).all():
                raise Failure("WRONG", f"{name}: {(~np.isfinite(got[finite])).sum()} values are not finite")
            deviation = value[finite].std() or 1.0
            if within and not finite.all():  # Where only sure probabilities are left, they vary little.
                deviation = max(deviation, SPREAD)
            found = float(np.sqrt(np.mean((got[finite] - value[finite]) ** 2)) / deviation)
            worst = max(worst, found)
            if found > error:
                raise Failure("WRONG", f"{name} is off by {found:.2%} of its deviation; {error:.2%} would be right"
                              f" (first: {got[0][:4]} for {value[0][:4]})")
            # Of targets that are no classes each counts by its own deviation.
            if all(v.dtype.kind == "f" for v in expected.values()) and finite.all():
                own = np.sqrt(((got - value) ** 2).mean(0)) / np.maximum(value.std(0), 1e-30)
                own *= (value != np.median(value, 0)).mean(0) > RARE
                if own.max() > max(LOST, error):
                    raise Failure("WRONG", f"{name}: element {own.argmax()} is lost: off by {own.max():.0%} of its own"
                                  f" deviation, where {found:.2%} of that of all is stated as {stated or 0:.2%}")
            continue
        same = same_numbers(got, texts(value))
        if value.dtype.kind == "f":  # rounded scores of a model whose integers are not exact
            plain = np.char.lstrip(got.astype(str), "'").astype(float)
            same |= np.abs(plain - value) <= 1e-4 * value.std()
        differ = np.where(~same.all(1))[0]
        if not len(differ):
            continue
        near = np.zeros(len(differ), bool)
        for matrix in scores:  # Labels of the largest or the smallest score.
            order = np.sort(matrix[differ], 1)
            near |= np.minimum(order[:, -1] - order[:, -2], order[:, 1] - order[:, 0]) <= error * matrix.std()
        near |= is_near_tie(session, name, test[differ], train, got[differ], error)
        if not near.all():
            first = differ[~near][0]
            raise Failure("WRONG", f"{name}: {(~near).sum()} of {count} labels differ, {near.sum()} more in near ties"
                          f" (sample {first}: {got[first][:4]} for {value[first][:4]})")
        ties = max(ties, len(differ) / count)
    label = cells.get("label")
    if label is not None and len(expected) == 1 and "label" not in expected:
        value = next(iter(expected.values()))
        if value.dtype.kind == "f" and value.shape[1] > 1:
            # That of the decrypted scores, which were compared above: a few are off by far more than most.
            plain = np.char.lstrip(got, "'").astype(float) if got.dtype.kind in "US" else got
            largest = plain.max(1)
            wrong = np.take_along_axis(plain, label.astype(int)[:, None], 1)[:, 0] < largest - 1e-6 * np.abs(largest)
            if wrong.any():
                raise Failure("WRONG", f"label isn't the largest score's in {wrong.sum()} of {count} samples")
    if ties:
        notes.append(f"{ties:.0%} near ties")
    return worst, ties, notes


def is_near_tie(session, name, samples, train, got, error):
    """Whether the float model itself gives the label that was got when its input moves by the error."""
    generator = np.random.default_rng(zoo_models.SEED)
    found = np.zeros(len(samples), bool)
    for _ in range(PROBES):
        if hasattr(samples, "moved"):
            moved = samples.moved(generator, train, error)
        else:
            moved = (samples + generator.normal(size=samples.shape) * np.nanstd(train, 0) * error).astype(samples.dtype)
        try:
            value = rows(session, moved)[name]
        except Exception:
            return found
        found |= same_numbers(got, texts(value)).all(1)
    return found


def planned(command, making, result):
    """The plan's report. Advice that is an option is followed, each kind once."""
    while True:
        try:
            return json.loads(command(*making))
        except Failure as failure:
            moved = [name for name in re.findall(r"--move '([^']+)'", failure.message) if name not in making]
            if "--trees thresholds" in failure.message and "--trees" not in making:
                making += ["--trees", "thresholds"]
            elif moved:
                making += [part for name in moved for part in ("--move", name)]
            elif "--outputs quantities" in failure.message and "--outputs" not in making:
                making += ["--outputs", "quantities"]
            else:
                raise
            result["followed"] = " ".join(part for part in making if part.startswith("--") or part == "thresholds")


def through_python(folder, limit, options, refusal):
    """Through Python's package: "the same" or "refused"; raises where it answers or refuses otherwise."""
    command = Commands([sys.executable, "-W", "ignore", PYTHON], folder, limit)
    try:
        said = command(".", *options).strip()
    except Failure as failure:
        message = failure.message.removeprefix(".: ")
        if failure.status == "slow":
            raise Failure("slow", f"in Python: {message}") from None
        if refusal is None or message not in refusal:
            raise Failure("WRONG", f"in Python: {message}") from None
        return "refused"
    if refusal is not None:
        raise Failure("WRONG", f"in Python it is served: {said}")
    return "the same"


def run(name, model, train, test, binary, folder, limit, through):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if hasattr(test, "save"):
        calibration, test_file = f"calibration.{train.suffix}", f"test.{test.suffix}"
        train.save(os.path.join(folder, calibration))
        test.save(os.path.join(folder, test_file))
    else:
        test = np.clip(test, np.nanmin(train, 0), np.nanmax(train, 0)).astype(np.float32)
        calibration, test_file = "calibration.npy", "test.npy"
        np.save(os.path.join(folder, calibration), train.astype(np.float32))
        np.save(os.path.join(folder, test_file), test)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    if through == "python" and name in zoo_models.ESTIMATORS:
        with open(os.path.join(folder, "estimator.pickle"), "wb") as file:
            pickle.dump(zoo_models.ESTIMATORS[name], file)
    result = {"name": name, "operators": sorted({node.op_type for node in model.graph.node})}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    start = time.monotonic()
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        answers(session, test)
    except Exception as error:
        return result | {"status": "not converted", "message": f"onnxruntime: {error}", "seconds": 0}
    command = Commands([os.path.abspath(binary)], folder, limit)
    first = ["plan", "model.onnx", "--calibration", calibration, "-o", "plan", "--json"]
    making = list(first)
    try:
        plan = planned(command, making, result)
        result["method"] = plan["method"]
        stages = plan.get("quantization", {}).get("stages", [])
        result["judgement"] = plan.get("quantization", {}).get("judgement")
        result["stated"] = stages[-1]["error"] if stages else None
        result["plan_s"] = round(time.monotonic() - start, 2)
        command("keygen", "--plan", "plan/client.plan", "-o", "keys")
        key = ["--plan", "plan/client.plan", "--key", "keys/secret.key"]
        command("encrypt", *key, "--input", test_file, "-o", "request.ct")
        command("predict", "--plan", "plan/server.plan", "--evaluation-key", "keys/evaluation.key", "request.ct",
                "-o", "reply.ct")
        command("decrypt", *key, "--request", "request.ct", "reply.ct", "-o", "answers.csv")
        result["error"], result["ties"], notes = compare(
            session, test, train, table(os.path.join(folder, "answers.csv")), result["stated"],
            "SVMClassifier" in result["operators"])
        poor = result["stated"] is not None and result["stated"] > POOR
        result["status"], result["message"] = "poor" if poor else "served", "; ".join(notes)
    except Failure as failure:
        result["status"], result["message"] = failure.status, failure.message
    if through == "python" and result["status"] in ("served", "poor", "refused"):
        try:
            refusal = result["message"] if result["status"] == "refused" else None
            result["python"] = through_python(folder, limit, making[len(first):], refusal)
        except Failure as failure:
            result["status"], result["message"] = failure.status, failure.message
    result["seconds"] = round(time.monotonic() - start, 2)
    if result["status"] in ("served", "poor", "refused"):
        for part in ("keys", "request.ct", "reply.ct"):  # megabytes
            path = os.path.join(folder, part)
            shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.path.exists(path) and os.remove(path)
    return result


def line(result):
    def share(key):
        return f"{result[key]:8.2%}" if result.get(key) is not None else " " * 8

    message = result["message"].removeprefix("plan: ").removeprefix("Error: ")[:2000]
    return (f"{result['status']:8} {result['seconds']:6.1f} s {result.get('method', ''):9} {share('stated')}"
            f" {share('error')}  {result['name']}{': ' if message else ''}{message}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=".build/release/blindsight")
    parser.add_argument("--output", default=".build/zoo")
    parser.add_argument("--only", default="", help="models whose names have this in them")
    parser.add_argument("--part", choices=list(PARTS), help="one part of the zoo")
    parser.add_argument("--resume", action="store_true", help="leave out models that are right or refused already")
    parser.add_argument("--limit", type=float, default=60, help="seconds a model may take")
    parser.add_argument("--through", choices=("command-line", "python"), default="command-line",
                        help="python: that too, with the same answers; the package must be installed")
    parser.add_argument("--at-least", type=int, default=0, help="how many must be served")
    arguments = parser.parse_args()
    os.makedirs(arguments.output, exist_ok=True)
    counts, bad, started = {}, [], time.monotonic()
    print(f"{'':8} {'time':>8} {'method':9} {'stated':>8} {'error':>8}  model")
    known, path = [], os.path.join(arguments.output, "results.jsonl")
    if arguments.resume and os.path.exists(path):
        with open(path) as file:
            known = [result for result in map(json.loads, file) if result["status"] not in ("WRONG", "crash", "slow")]
    same = {"the same": 0, "refused": 0}
    for result in known:
        counts[result["status"]] = counts.get(result["status"], 0) + 1
        if "python" in result:
            same[result["python"]] += 1
    done = {result["name"] for result in known}
    with open(path, "w") as file:
        file.writelines(json.dumps(result) + "\n" for result in known)
        for part, module in PARTS.items():
            if arguments.part not in (None, part):
                continue
            for name, model, train, test in module.models(arguments.only, done):
                if model is None:
                    result = {"name": name, "status": "not converted", "message": train, "seconds": 0}
                else:
                    folder = os.path.join(arguments.output, "".join(c if c.isalnum() else "-" for c in name))
                    result = run(name, model, train, test, arguments.binary, folder, arguments.limit, arguments.through)
                    print(line(result), flush=True)
                counts[result["status"]] = counts.get(result["status"], 0) + 1
                if "python" in result:
                    same[result["python"]] += 1
                if result["status"] in ("WRONG", "crash"):
                    bad.append(result)
                file.write(json.dumps(result) + "\n")
                file.flush()
    print(f"check-zoo: {', '.join(f'{count} {status}' for status, count in sorted(counts.items()))}"
          f" in {time.monotonic() - started:.0f} s")
    if arguments.through == "python":
        print(f"check-zoo: through Python {same['the same']} with the same integers, {same['refused']} refused likewise")
    if bad:
        sys.exit("check-zoo: wrong or crashed: " + "; ".join(result["name"] for result in bad))
    if counts.get("served", 0) < arguments.at_least:
        sys.exit(f"check-zoo: {counts.get('served', 0)} are served; {arguments.at_least} were")


if __name__ == "__main__":
    main()
