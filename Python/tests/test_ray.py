# SPDX-License-Identifier: Apache-2.0
"""Files of requests predicted on a cluster of one machine: every group right, once, whatever was there before.

What lost workers, machines and drivers cost is tried by `make check-ray`.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from conftest import Pair

import blindsight as bs

ray = pytest.importorskip("ray", reason="pip install 'ray[data]'")

from blindsight.ray import Predictor, _run, predict, share  # noqa: E402
from blindsight.ray._run import Worker  # noqa: E402
from blindsight.ray.client import decrypt, encrypt  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    # Workers find what this process finds.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200 << 20)
        yield
        ray.shutdown()


class Files(NamedTuple):
    """Requests of ten groups, and of four, in a folder; and the samples in them."""

    root: Path
    samples: dict[str, Any]

    def check(self, pair: Pair, replies: Path) -> None:
        assert sorted(file.name for file in replies.iterdir()) == [".server.json", *sorted(self.samples)]
        for name, samples in self.samples.items():
            found = pair.client.decrypt((replies / name).read_bytes(), (self.root / "requests" / name).read_bytes())
            np.testing.assert_array_equal(found.logits, pair.plan.simulate(samples).logits)


@pytest.fixture
def files(mnist_pair: Pair, digits: tuple[Any, Any], tmp_path: Path) -> Files:
    (tmp_path / "requests").mkdir()
    samples = {"a.ct": digits[0][:10], "b.ct": digits[0][6:10]}
    for name, some in samples.items():
        mnist_pair.client.encrypt(some).save(tmp_path / "requests" / name)
    mnist_pair.plan.save(tmp_path / "plan")
    mnist_pair.client.evaluation_keys.save(tmp_path / "evaluation.key")
    return Files(tmp_path, samples)


def test_every_group_once(cluster: None, mnist_pair: Pair, files: Files) -> None:
    plan, keys = files.root / "plan", files.root / "evaluation.key"
    requests, replies = files.root / "requests", files.root / "replies"
    seen: list[tuple[Any, int, int]] = []
    report = predict(requests, plan, keys, replies, groups_per_task=4, progress=lambda *told: seen.append(told))
    assert (report.groups, report.samples, report.resumed) == (14, 14, 0)
    assert report.files == [str(replies / "a.ct"), str(replies / "b.ct")]
    assert seen[0] == (None, 0, 14) and seen[-1] == (None, 14, 14)
    files.check(mnist_pair, replies)

    # What is there and fits is not touched; a damaged reply is made again.
    before = (replies / "a.ct").read_bytes()
    with open(replies / "b.ct", "r+b") as file:
        file.truncate(1000)
    report = predict(requests, plan, keys, replies, workers=1)
    assert (report.groups, report.resumed) == (14, 10)
    assert (replies / "a.ct").read_bytes() == before
    files.check(mnist_pair, replies)

    # One to another request is nobody's to overwrite.
    other = mnist_pair.client.encrypt(files.samples["b.ct"])
    mnist_pair.server.predict(other).save(replies / "b.ct")
    kept = (replies / "b.ct").read_bytes()
    with pytest.raises(bs.MismatchError, match="another group"):
        predict(requests, plan, keys, replies)
    assert (replies / "b.ct").read_bytes() == kept


def test_parts_that_are_there_are_used(cluster: None, mnist_pair: Pair, files: Files) -> None:
    """As after a driver's end: parts, some of them damaged, and temporary files. In a file system of fsspec's."""
    from fsspec.implementations.dirfs import DirFileSystem
    from fsspec.implementations.local import LocalFileSystem

    from blindsight import _groups as groups

    request = (files.root / "requests/a.ct").read_bytes()
    digest = mnist_pair.plan.client.digest
    heads = groups.read_heads(lambda at, count: request[at : at + count], len(request), groups.REQUEST, digest, "a")
    replies = files.root / "replies"
    parts = replies / ".parts" / "a.ct"
    parts.mkdir(parents=True)
    start = 0
    for first, is_damaged in ((0, False), (4, True)):
        some = heads[first : first + 4]
        data = memoryview(bytearray(request[start : start + 4 * heads[0].length]))
        placed = groups.make_whole(data, some, "a")
        part = bytearray(groups.restore(memoryview(bytes(mnist_pair.server.predict(data))), placed, some, "a"))
        if is_damaged:
            part[-200] ^= 1
        (parts / groups.run_name(some)).write_bytes(part)
        start += 4 * heads[0].length
    (parts / f".{groups.run_name(heads[8:])}.1.tmp").write_bytes(b"half")
    (replies / ".a.ct.2.tmp").write_bytes(b"half")
    report = predict(
        ["requests/b.ct", "requests/a.ct"],
        mnist_pair.plan,
        mnist_pair.client.evaluation_keys,
        "replies",
        filesystem=DirFileSystem(str(files.root), LocalFileSystem()),
        groups_per_task=4,
        workers=1,
    )
    assert (report.groups, report.resumed) == (14, 4)
    # An empty folder may stay where a file system may have none.
    (replies / ".parts").rmdir()
    files.check(mnist_pair, replies)


def test_errors_are_of_one_file(cluster: None, mnist_pair: Pair, files: Files, logistic: bs.Plan) -> None:
    requests, replies = files.root / "requests", files.root / "replies"
    plan, keys = mnist_pair.plan, mnist_pair.client.evaluation_keys
    damaged = bytearray((requests / "a.ct").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (requests / "a.ct").write_bytes(damaged)
    with pytest.raises(bs.FormatError, match="1 of files and groups") as refusal:
        predict(requests, plan, keys, replies, groups_per_task=2, workers=1)
    assert "a.ct" in str(refusal.value)
    assert (replies / "b.ct").exists() and not (replies / "a.ct").exists()
    (requests / "a.ct").write_bytes((requests / "b.ct").read_bytes())
    with pytest.raises(bs.InvalidArgument, match="same request"):
        predict(requests, plan, keys, replies)
    (requests / "a.ct").unlink()
    other = bs.Client(plan).evaluation_keys
    with pytest.raises(bs.MismatchError, match="other keys"):
        predict(requests, plan, other, replies)
    for wrong, kind in ((bs.Client(logistic).evaluation_keys, bs.MismatchError), (other.data[:-1], bs.FormatError)):
        with pytest.raises(kind):
            predict(requests, plan, wrong, replies)
    with pytest.raises(bs.MismatchError, match="plan"):
        predict(requests, logistic, bs.Client(logistic).evaluation_keys, files.root / "others")
    for wrong in ({"workers": 0}, {"cpus_per_worker": 0}, {"groups_per_task": 0}):
        with pytest.raises(bs.InvalidArgument):
            predict(requests, plan, keys, replies, **wrong)
    with pytest.raises(bs.InvalidArgument, match="folder of the requests"):
        predict(requests, plan, keys, requests)
    with pytest.raises(bs.FileError, match="no such file"):
        predict(files.root / "absent", plan, keys, replies)


def test_a_secret_key_goes_nowhere(mnist_pair: Pair, files: Files) -> None:
    """Refused before anything is sent, so no cluster is needed."""
    requests, replies = files.root / "requests", files.root / "replies"
    secret = files.root / "secret.key"
    mnist_pair.client.save(secret)
    for wrong in (secret, str(secret), secret.read_bytes(), mnist_pair.client):
        with pytest.raises((bs.FormatError, bs.InvalidArgument), match="secret"):
            Predictor(mnist_pair.plan, wrong)
        with pytest.raises((bs.FormatError, bs.InvalidArgument), match="secret"):
            share(mnist_pair.plan, wrong)
    with pytest.raises(bs.FormatError, match="secret"):
        share(secret, mnist_pair.client.evaluation_keys)
    for wrong in (secret.read_bytes(), mnist_pair.client):
        with pytest.raises(bs.InvalidArgument):
            encrypt(requests, mnist_pair.plan.client, wrong, replies)
    with pytest.raises(bs.InvalidArgument, match="store"):
        decrypt(replies, requests, mnist_pair.plan.client, secret, files.root / "found", passphrase="text")


def test_the_servers_half_opens_no_key() -> None:
    """By its source: the client's module, and what opens keys, is used by the client's module alone."""
    folder = Path(bs.__file__).parent / "ray"
    for file in folder.glob("*.py"):
        if file.name == "client.py":
            continue
        tree = ast.parse(file.read_text())
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "client" not in modules and "Client" not in calls, file.name
        assert not names & {"decrypt", "encrypt"}, file.name


def test_the_owners_cluster(cluster: None, mnist_pair: Pair, digits: tuple[Any, Any], tmp_path: Path) -> None:
    """Samples to predictions, from files to files, and again."""
    parquet = pytest.importorskip("pyarrow.parquet")
    pair, images = mnist_pair, digits[0]
    (tmp_path / "samples").mkdir()
    np.save(tmp_path / "samples/x.npy", images[:7])
    np.save(tmp_path / "samples/y.npy", images[7:10])
    pair.client.save(tmp_path / "secret.key", passphrase="of the test")
    secret: dict[str, Any] = {
        "plan": pair.plan.client,
        "secret_key": tmp_path / "secret.key",
        "passphrase": lambda: "of the test",
        "workers": 1,
    }
    requests, replies, found = (tmp_path / name for name in ("requests", "replies", "found"))
    with pytest.raises(bs.InvalidArgument, match="passphrase"):
        encrypt(tmp_path / "samples", output=requests, **{**secret, "passphrase": lambda: "of another"})
    report = encrypt(tmp_path / "samples", output=requests, samples_per_file=4, **secret)
    assert (report.groups, report.samples, report.resumed) == (10, 10, 0)
    assert [Path(name).name for name in report.files] == [
        f"{x}.npy.{i:010}.ct" for x, i in (("x", 0), ("x", 4), ("y", 0))
    ]
    first = Path(report.files[0]).read_bytes()
    Path(report.files[1]).unlink()
    report = encrypt(tmp_path / "samples", output=requests, samples_per_file=4, **secret)
    assert (report.groups, report.resumed) == (10, 7) and Path(report.files[0]).read_bytes() == first
    with pytest.raises(bs.MismatchError, match="other options"):
        encrypt(tmp_path / "samples", output=requests, samples_per_file=5, **secret)

    predict(requests, pair.plan, pair.client.evaluation_keys, replies, workers=1)
    report = decrypt(replies, requests, output=found, **secret)
    assert (report.groups, report.samples, report.resumed) == (10, 10, 0)
    tables = [parquet.read_table(name) for name in report.files]
    logits = np.concatenate([np.array(table["logits"].to_pylist()) for table in tables])
    simulated = pair.plan.simulate(images[:10])
    np.testing.assert_array_equal(logits, simulated.logits)
    np.testing.assert_array_equal(np.concatenate([table["label"].to_numpy() for table in tables]), simulated.labels)
    assert decrypt(replies, requests, output=found, **secret).resumed == 10

    # Two replies in each other's place.
    one, other = sorted(file for file in replies.iterdir() if file.name.startswith("x"))
    swapped = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(swapped)
    with pytest.raises(bs.BlindsightError):
        decrypt(replies, requests, output=tmp_path / "again", **secret)


def test_rows_of_files(breast: tuple[Any, Any], tmp_path: Path) -> None:
    """Of tables and arrays, without the others."""
    import pyarrow
    import pyarrow.parquet

    from blindsight.ray._samples import row_count, rows_of
    from blindsight.ray._storage import place

    X = breast[0][:50]
    table = pyarrow.table({f"c{index}": X[:, index] for index in range(30)})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet", row_group_size=7)
    np.save(tmp_path / "x.npy", X.reshape(50, 5, 6))
    for name in ("x.parquet", "x.npy"):
        file = place(tmp_path / name)
        assert row_count(file) == 50
        for start, stop in ((0, 1), (0, 50), (6, 8), (7, 14), (48, 50), (20, 43)):
            rows = rows_of(file, start, stop)
            if name == "x.parquet":
                rows = rows.to_pandas().to_numpy()
            np.testing.assert_array_equal(rows.reshape(stop - start, 30), X[start:stop])
    np.save(tmp_path / "x.npy", np.asfortranarray(X))
    with pytest.raises(bs.FormatError, match="C's order"):
        row_count(place(tmp_path / "x.npy"))
    (tmp_path / "x.npy").write_bytes(b"none")
    with pytest.raises(bs.FormatError, match="no array"):
        row_count(place(tmp_path / "x.npy"))


class Poisoned(Worker):
    """Whose second unit ends it."""

    def __init__(self, attempts: Any) -> None:
        self.attempts = attempts
        # Of this process: the tests' own is another.
        _run._ATTEMPTS = 2

    def work(self, unit: dict[str, Any]) -> dict[str, Any]:
        if unit["target"] == "b":
            os._exit(1)
        return {"done": False}


def test_what_ends_its_worker_ends(cluster: None) -> None:
    """And the rest is done."""
    # Sent as it is: workers have no module of these tests.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    units = [{"target": name} for name in "abcd"]
    rows = {row["target"]: row for row in _run.run(units, Poisoned, {}, workers=1, cpus=1)}
    assert sorted(rows) == ["a", "b", "c", "d"]
    assert [name for name, row in rows.items() if row["error"]] == ["b"]
    failures = _run.Failures()
    failures.add(rows["b"]["error"])
    with pytest.raises(bs.BlindsightError, match="its worker ended 2 times"):
        failures.require_none("groups")


def test_batches_of_ray_data(cluster: None, mnist_pair: Pair, digits: tuple[Any, Any]) -> None:
    requests = [bytes(mnist_pair.client.encrypt(image[None])) for image in digits[0][:3]]
    data = ray.data.from_items([{"id": index, "request": request} for index, request in enumerate(requests)])
    answered = data.map_batches(
        Predictor,
        fn_constructor_kwargs={**share(mnist_pair.plan, mnist_pair.client.evaluation_keys), "threads": 1},
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    rows = sorted(answered.take_all(), key=lambda row: row["id"])
    assert [set(row) for row in rows] == [{"id", "reply"}] * 3
    for row, request in zip(rows, requests):
        found = mnist_pair.client.decrypt(row["reply"], request)
        np.testing.assert_array_equal(found.logits, mnist_pair.plan.simulate(digits[0][row["id"]][None]).logits)


def test_parts_of_a_catalogue(cluster: None, tmp_path: Path) -> None:
    """A catalogue in parts, each a plan with requests of its own, as any other."""
    pytest.importorskip("onnx")
    from blindsight import search

    vectors = np.random.default_rng(1).integers(-127, 128, (50, 8)).astype(np.int8)
    catalogue = search.Catalogue(vectors, part=25, function_privacy=0)
    searcher = search.Searcher(catalogue.client)
    queries = vectors[[3, 30, 47]]
    replies = []
    for part, (plan, keys, request) in enumerate(
        zip(catalogue.plans, searcher.evaluation_keys, searcher.encrypt(queries))
    ):
        folder = tmp_path / str(part)
        folder.mkdir()
        plan.save(folder / "plan")
        keys.save(folder / "evaluation.key")
        request.save(folder / "queries.ct")
        predict(folder / "queries.ct", folder / "plan", folder / "evaluation.key", folder / "replies")
        replies.append((folder / "replies/queries.ct").read_bytes())
    assert np.array_equal(searcher.scores(replies), catalogue.scores(queries))
