# SPDX-License-Identifier: Apache-2.0
"""The server's half on a cluster: plan and evaluation keys go to workers, and no secret ever does."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import pyarrow.fs
import ray

from .._client import Client, EvaluationKeys, Request
from .._errors import FormatError, InvalidArgument, MismatchError
from .._groups import (
    HEAD_BYTES,
    REQUEST,
    GroupHead,
    make_whole,
    read_heads,
    require_answers,
    require_checksum,
    require_kind,
    restore,
    run_name,
)
from .._library import BytesLike
from .._plan import ClientPlan, Plan
from .._progress import ProgressOption
from .._sealed import Sealed
from .._server import PreparedModel
from ._run import Failures, Progress, Report, Unit, Worker, check_workers, guarded, run, survey
from ._storage import PathLike, Place, files, place, sweep

_PLAN, _KEYS = 1, 4
# Of requests, worked on at once where groups are small.
_TASK_BYTES = 16 << 20
_RECORD = ".server.json"
_JOINS = 4

PlanSource = Union[Plan, BytesLike, PathLike, "ray.ObjectRef[Any]"]
KeySource = Union[EvaluationKeys, BytesLike, PathLike, "ray.ObjectRef[Any]"]


def _bytes_of(source: Any, kind: int, what: str) -> BytesLike:
    """Bytes of a plan or of evaluation keys. Whatever else it is, a secret key above all, goes no further."""
    if isinstance(source, Client):
        raise InvalidArgument("a Client holds the secret key: give its `evaluation_keys`", what)
    if isinstance(source, ray.ObjectRef):
        source = ray.get(source)
    data: BytesLike
    if isinstance(source, Plan):
        data = bytes(source)
    elif isinstance(source, (Sealed, np.ndarray)):
        data = source.data
    elif isinstance(source, (str, os.PathLike)):
        file = place(source)
        if kind == _PLAN and file.child("server.plan").size() >= 0:
            file = file.child("server.plan")
        # Looked at before it is read, so that the bytes of a secret key are never in memory here.
        require_kind(file.read(0, min(16, max(0, file.size()))), kind, file.path)
        data = file.read_all()
    elif isinstance(source, (bytes, bytearray, memoryview)):
        data = source
    else:
        raise InvalidArgument(f"bytes, a path or an object is needed, not {type(source).__name__}", what)
    require_kind(data, kind, what)
    return data


def _both(plan: PlanSource, keys: KeySource) -> dict[str, BytesLike]:
    return {"plan": _bytes_of(plan, _PLAN, "plan"), "keys": _bytes_of(keys, _KEYS, "keys")}


def share(plan: PlanSource, keys: KeySource) -> dict[str, Any]:
    """Arguments for `Predictor` whose bytes lie in Ray's object store: once on each machine, whatever starts again.

    data.map_batches(Predictor, fn_constructor_kwargs=share(plan, keys), batch_size=1,
                     compute=ray.data.ActorPoolStrategy(size=8))
    """

    # Both are looked at before any of them is sent. Arrays are read in place by whoever gets them.
    return {name: ray.put(np.frombuffer(data, dtype=np.uint8)) for name, data in _both(plan, keys).items()}


class Predictor:
    """Predicts for one client on a worker: for `map_batches` of Ray Data, and deployments of Ray Serve.

    plan, keys: objects, bytes, paths that the worker can read, or references to Ray's object store, as `share` makes
        them. Ray keeps constructor arguments for restarts: large ones are best given as paths or references.
    threads: of one prediction; None: as many as there are cores.
    """

    def __init__(self, plan: PlanSource, keys: KeySource, *, threads: Optional[int] = None) -> None:
        ready = plan if isinstance(plan, Plan) else Plan.from_bytes(_bytes_of(plan, _PLAN, "plan"))
        self._model = PreparedModel(ready, threads=threads)
        self._server = self._model.server(_bytes_of(keys, _KEYS, "keys"), threads=threads)

    def predict(self, request: Union[Request, BytesLike]) -> bytes:
        """The reply to a whole request. Raises MismatchError or FormatError for what is no request of the plan."""
        return bytes(self._server.predict(request, progress=False))

    def __call__(self, requests: Any) -> Any:
        """Of a request its reply; of a batch whose column "request" holds requests, one with a column "reply"."""
        if isinstance(requests, (Request, bytes, bytearray, memoryview)):
            return self.predict(requests)
        if not isinstance(requests, dict) or "request" not in requests:
            raise InvalidArgument('a request, or a batch of numpy\'s with a column "request", is needed', "requests")
        replies = [self.predict(request) for request in requests["request"]]
        others = {key: values for key, values in requests.items() if key != "request"}
        return {**others, "reply": np.array(replies, dtype=object)}


class _Settings(NamedTuple):
    """What tasks need to know. The same for all files."""

    source: Any
    target: Any
    output: str
    plan: str
    groups_per_task: int

    def parts(self, name: str) -> Place:
        return Place(self.target, self.output).child(".parts", name)

    def reply(self, name: str) -> Place:
        return Place(self.target, self.output).child(name)


def _heads_of(request: Place, plan: str) -> list[GroupHead]:
    size = request.size()
    if size < 0:
        raise FormatError("no such file", request.path)
    with request.filesystem.open_input_file(request.path) as file:
        return read_heads(lambda offset, length: file.read_at(length, offset), size, REQUEST, plan, request.path)


def _fits(file: Place, heads: list[GroupHead]) -> bool:
    """Whether a reply is there, and whole. Raises MismatchError where it answers something else."""
    if file.size() < 0:
        return False
    try:
        require_answers(memoryview(file.read_all()), heads, file.path)
    except FormatError:
        # What a power cut left.
        return False
    return True


def _survey(settings: _Settings, row: Unit) -> Iterator[Unit]:
    """Runs of a request's groups, and which of them are done."""

    def look(unit: Unit) -> Unit:
        request = Place(settings.source, unit["request"])
        heads = _heads_of(request, settings.plan)
        reply = settings.reply(request.name)
        found: list[Unit] = []

        def add(first: int, count: int, target: Place, done: bool) -> None:
            some = heads[first : first + count]
            found.append(
                {
                    "first": first,
                    "groups": count,
                    "samples": sum(head.samples for head in some),
                    "offset": found[-1]["end"] if found else 0,
                    "heads": b"".join(head.data for head in some),
                    "target": target.path,
                    "done": done,
                }
            )
            found[-1]["end"] = found[-1]["offset"] + sum(head.length for head in some)

        if _fits(reply, heads):
            add(0, len(heads), reply, True)
        elif len(heads) <= settings.groups_per_task:
            add(0, len(heads), reply, False)
        else:
            folder = settings.parts(request.name)
            folder.make_folder()
            for first in range(0, len(heads), settings.groups_per_task):
                some = heads[first : first + settings.groups_per_task]
                part = folder.child(run_name(some))
                add(first, len(some), part, _fits(part, some))
        return {"runs": found}

    result = guarded(look, row)
    runs = result.pop("runs", None)
    blank = {"first": 0, "groups": 0, "samples": 0, "offset": 0, "heads": b"", "target": "", "done": False, "end": 0}
    for unit in runs or [blank]:
        yield {**result, **unit}


class _Surveyor:
    def __init__(self, settings: _Settings) -> None:
        self._settings = settings

    def __call__(self, row: Unit) -> Iterable[Unit]:
        return _survey(self._settings, row)


def _read(unit: Unit) -> list[GroupHead]:
    data = unit["heads"]
    return [GroupHead(data[start : start + HEAD_BYTES]) for start in range(0, len(data), HEAD_BYTES)]


class _Worker(Worker):
    """Predicts runs of groups, file to file."""

    def __init__(self, settings: _Settings, threads: int, plan: Any, keys: Any, attempts: Any) -> None:
        self.attempts = attempts
        self._settings = settings
        self._predictor = Predictor(plan, keys, threads=threads)

    def work(self, unit: Unit) -> Unit:
        heads = _read(unit)
        target = Place(self._settings.target, unit["target"])
        # A worker that died may have written it just before.
        if not _fits(target, heads):
            request = Place(self._settings.source, unit["request"])
            data = memoryview(request.read(unit["offset"], unit["end"] - unit["offset"]))
            placed = make_whole(data, heads, request.path)
            reply = memoryview(self._predictor.predict(data))
            target.write([restore(reply, placed, heads, request.path)])
        return {"done": False}


def _join(settings: _Settings, name: str, runs: list[Unit]) -> None:
    """Makes the reply of its parts."""

    def parts() -> Iterator[memoryview]:
        for unit in runs:
            part = memoryview(Place(settings.target, unit["target"]).read_all())
            require_answers(part, _read(unit), unit["target"])
            yield part

    settings.reply(name).write(parts())


def _clean(settings: _Settings, names: list[str]) -> None:
    sweep(Place(settings.target, settings.output), names)
    for name in names:
        settings.parts(name).remove()
    if isinstance(settings.target, pyarrow.fs.LocalFileSystem):
        # Parts of another run may lie beside them.
        with contextlib.suppress(OSError):
            os.rmdir(settings.parts("").path)


def predict(
    requests: Union[PathLike, Iterable[PathLike]],
    plan: PlanSource,
    keys: KeySource,
    output: PathLike,
    *,
    filesystem: Any = None,
    workers: Optional[int] = None,
    cpus_per_worker: int = 1,
    groups_per_task: Optional[int] = None,
    progress: ProgressOption = None,
) -> Report:
    """Replies to all groups of request files, each group once, on a Ray cluster.

    Workers hold plan, encoded weights and evaluation keys. They read requests from the files and write replies to
    files, which appear whole; a worker or a machine that is lost costs what it was working on. Where the driver is
    lost, the same call again goes on: what is there is compared with the requests' digests, and not done again.

    requests: files of requests, or folders with such (*.ct), in paths that all workers can read.
    plan, keys: objects, bytes, paths that the driver can read, or references of Ray. Never a secret key: it is refused.
    output: a folder that all workers can write; replies have the names of their requests. A file beside them that
        begins with a dot has the digests of plan and keys, so that replies of two models are never mixed. It is not for
        those who get the replies.
    filesystem: of pyarrow or fsspec, for requests and output; None: what the paths say.
    workers: None: as many as the cluster has room for.
    cpus_per_worker: threads of a prediction. Each worker has decoded keys of its own.
    groups_per_task: that a worker predicts, and may lose, at once; None: one, or 16 MB of small ones.
    Raises the first error of a file or a group, after all others are done.
    """
    check_workers(workers, cpus_per_worker)
    if groups_per_task is not None and groups_per_task < 1:
        raise InvalidArgument(f"{groups_per_task}; at least 1", "groups_per_task")
    found = files(requests, filesystem, ".ct", "requests")
    if any(not file.filesystem.equals(found[0].filesystem) for file in found):
        raise InvalidArgument("files of one file system are needed", "requests")
    folder = place(output, filesystem)
    folder.make_folder()
    if any(file.path == folder.child(file.name).path for file in found):
        raise InvalidArgument("the folder of the requests: replies would have their names", "output")
    both = _both(plan, keys)
    client = Plan.from_bytes(both["plan"]).client
    _require_keys(memoryview(both["keys"]), client)
    # The plan's digest that requests and replies carry knows nothing of weights.
    note = {name: hashlib.sha256(data).hexdigest() for name, data in both.items()}
    folder.child(_RECORD).require_note(note, "replies of another model, or made with other keys")
    shared = share(both["plan"], both["keys"])
    groups = groups_per_task or max(1, _TASK_BYTES // max(1, client.request_bytes))
    settings = _Settings(found[0].filesystem, folder.filesystem, folder.path, client.digest, groups)

    rows = survey([{"request": file.path} for file in found], _Surveyor(settings))
    report, failures = Report(), Failures()
    of_file: dict[str, list[Unit]] = {}
    for row in rows:
        if row["error"]:
            failures.add(row["error"])
        else:
            of_file.setdefault(row["request"], []).append(row)
    _require_different(of_file)
    left = {request: sum(not row["done"] for row in runs) for request, runs in of_file.items()}
    joins: list[Any] = []
    ends = Progress(progress, "predict", sum(row["groups"] for row in rows))

    def finish(request: str) -> None:
        """Once all of a file's runs are done."""
        runs = of_file[request]
        if len(runs) > 1:
            if len(joins) >= _JOINS:
                ray.get(joins.pop(0))
            join = ray.remote(_join).options(num_cpus=0, max_retries=-1)
            joins.append(join.remote(settings, Place(None, request).name, runs))

    try:
        for request, runs in of_file.items():
            for row in runs:
                if row["done"]:
                    report.add(row)
            if not left[request]:
                finish(request)
        ends(report.groups)
        arguments = {"settings": settings, "threads": cpus_per_worker, **shared}
        missing = [row for row in rows if not row["done"] and not row["error"]]
        for row in run(missing, _Worker, arguments, workers=workers, cpus=cpus_per_worker):
            if row["error"]:
                failures.add(row["error"])
                continue
            report.add(row)
            ends(report.groups)
            left[row["request"]] -= 1
            if not left[row["request"]]:
                finish(row["request"])
        ray.get(joins)
    finally:
        ends.close()
    whole = [request for request, count in left.items() if not count]
    _clean(settings, [Place(None, request).name for request in whole])
    report.files = sorted(settings.reply(Place(None, request).name).path for request in whole)
    failures.require_none("files and groups")
    return report


def _require_keys(keys: memoryview, plan: ClientPlan) -> None:
    """Here, where it is an error that says so, and not at the start of every worker."""
    found = bytes(keys[16:48]).hex()
    if found != plan.key_set:
        raise MismatchError(f"keys of key set {found[:16]}; the plan's is {plan.key_set[:16]}", "keys")
    require_checksum(keys, "keys")


def _require_different(of_file: dict[str, list[Unit]]) -> None:
    """A group counts once, by its digest, whatever its file is called."""
    seen: dict[bytes, str] = {}
    for request, runs in of_file.items():
        other = seen.setdefault(min(runs, key=lambda row: row["first"])["heads"][:HEAD_BYTES], request)
        if other != request:
            raise InvalidArgument(f"{other} and {request} are the same request", "requests")
