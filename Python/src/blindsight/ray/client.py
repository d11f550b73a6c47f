# SPDX-License-Identifier: Apache-2.0
"""The data owner's half, on a Ray cluster of its own: every worker of these functions reads the secret key.

    from blindsight.ray.client import decrypt, encrypt

    encrypt("samples/", "client.plan", "secret.key", "requests/")
    decrypt("replies/", "requests/", "client.plan", "secret.key", "predictions/")

Never call them on a cluster that a server's owner runs, or shares: whoever can run a task there, reads a machine's
memory or its logs has the key. The key itself goes by its file, which all workers must be able to read, and never
through Ray's object store, which is neither encrypted nor wiped. The server's half is `blindsight.ray`.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterable, Iterator
from typing import Any, Callable, NamedTuple, Optional, Union

import pyarrow as pa
import pyarrow.parquet

from .._client import Client
from .._errors import BlindsightError, FormatError, InvalidArgument, MismatchError
from .._groups import HEAD_BYTES, REQUEST, GroupHead, read_heads, require_checksum, split
from .._library import BytesLike
from .._plan import ClientPlan
from .._predictions import Predictions
from .._progress import ProgressOption
from ._run import Failures, Progress, Report, Unit, Worker, check_workers, guarded, run, survey
from ._samples import row_count, rows_of, sample_files
from ._storage import PathLike, Place, files, place, sweep

__all__ = ["Report", "decrypt", "encrypt"]

# Of requests, in one file where groups are small.
_FILE_BYTES = 64 << 20
_RECORD = ".samples.json"

PlanSource = Union[ClientPlan, BytesLike, PathLike]
Passphrase = Optional[Callable[[], Union[str, bytes]]]


def _client_plan(plan: PlanSource) -> ClientPlan:
    if isinstance(plan, ClientPlan):
        return plan
    if isinstance(plan, (str, os.PathLike)):
        return ClientPlan.from_bytes(place(plan).read_all())
    return ClientPlan.from_bytes(plan)


def _key_path(secret_key: Any, passphrase: Any) -> str:
    """Raises InvalidArgument for keys and passphrases that would go through Ray to get to workers."""
    if isinstance(secret_key, Client):
        raise InvalidArgument(
            "a Client stays where it is: save its key by `client.save(path, passphrase=...)` where workers read it",
            "secret_key",
        )
    if not isinstance(secret_key, (str, os.PathLike)):
        raise InvalidArgument("the path of the key's file is needed: bytes would lie in Ray's store", "secret_key")
    if passphrase is not None and not callable(passphrase):
        raise InvalidArgument(
            "a function that each worker calls is needed: a text would lie in Ray's store. Let it read a file or a "
            "variable of the worker's environment",
            "passphrase",
        )
    return os.path.abspath(os.fspath(secret_key))


class _Settings(NamedTuple):
    source: Any
    target: Any
    plan: ClientPlan
    secret_key: str
    passphrase: Passphrase
    threads: int

    def check(self) -> None:
        """That the key opens, before workers try."""
        self.client().close()

    def client(self) -> Client:
        word = None if self.passphrase is None else self.passphrase()
        return Client.load(self.secret_key, self.plan, passphrase=word, threads=self.threads)


class _Encryptor(Worker):
    def __init__(self, settings: _Settings, clamp: bool, attempts: Any) -> None:
        self.attempts = attempts
        self._settings = settings
        self._clamp = clamp
        self._client = settings.client()

    def work(self, unit: Unit) -> Unit:
        target = Place(self._settings.target, unit["target"])
        if not _is_request(target, self._settings.plan, unit["samples"]):
            source = Place(self._settings.source, unit["source"])
            rows = rows_of(source, unit["start"], unit["start"] + unit["samples"])
            try:
                request = self._client.encrypt(rows, clamp=self._clamp, progress=False)
            except BlindsightError as error:
                where = f"{source.path} from row {unit['start']}" + (f", {error.where}" if error.where else "")
                raise type(error)(error.what, where, error.remedies) from error
            target.write([request.data])
        return {"done": False}


def _is_request(file: Place, plan: ClientPlan, samples: int) -> bool:
    """Whether a request of so many samples is there, and whole."""
    if file.size() < 0:
        return False
    try:
        data = memoryview(file.read_all())
        heads = read_heads(lambda at, count: data[at : at + count], len(data), REQUEST, plan.digest, file.path)
        for group in split(data, heads, file.path):
            require_checksum(group, file.path)
    except FormatError:
        return False
    if sum(head.samples for head in heads) != samples:
        raise MismatchError("a request of other samples", file.path)
    return True


def encrypt(
    samples: Union[PathLike, Iterable[PathLike]],
    plan: PlanSource,
    secret_key: PathLike,
    output: PathLike,
    *,
    passphrase: Passphrase = None,
    samples_per_file: Optional[int] = None,
    clamp: bool = False,
    filesystem: Any = None,
    workers: Optional[int] = None,
    cpus_per_worker: int = 1,
    progress: ProgressOption = None,
) -> Report:
    """Encrypts large data sets on the data owner's own cluster, where every worker reads the secret key.

    samples: files of arrays (.npy) and of tables (.parquet, columns by name), or a folder with such of one kind.
        Other data: `dataset.write_parquet(folder)` of Ray Data.
    plan: client.plan.
    secret_key: the path of its file on every worker. passphrase: a function that driver and workers call for it.
    output: a folder; NAME.FIRST-ROW.ct holds samples of file NAME from that row on, a whole request each. A file
        beside them that begins with a dot says what they were made of, and is not for the server.
    samples_per_file: None: a group, or 64 MB of small ones.
    clamp: as in `Client.encrypt`.
    The same call again goes on where it was interrupted; other samples or another key are refused then.
    """
    check_workers(workers, cpus_per_worker)
    path = _key_path(secret_key, passphrase)
    plan = _client_plan(plan)
    found = sample_files(samples, filesystem)
    folder = place(output, filesystem)
    settings = _Settings(found[0].filesystem, folder.filesystem, plan, path, passphrase, cpus_per_worker)
    settings.check()
    folder.make_folder()
    size = samples_per_file or plan.samples_per_group * max(1, _FILE_BYTES // max(1, plan.request_bytes))
    if size < 1:
        raise InvalidArgument(f"{size}; at least 1", "samples_per_file")
    _note(folder, found, plan, path, {"samples_per_file": size, "clamp": clamp})

    def cut(row: Unit) -> Iterator[Unit]:
        def look(unit: Unit) -> Unit:
            file = Place(settings.source, unit["source"])
            count = row_count(file)
            units = []
            for start in range(0, count, size):
                target = folder.child(f"{file.name}.{start:010}.ct")
                some = min(size, count - start)
                done = _is_request(target, plan, some)
                shape = {"start": start, "samples": some, "groups": plan.groups(some)}
                units.append({**shape, "target": target.path, "done": done})
            return {"units": units}

        result = guarded(look, row)
        units = result.pop("units", None)
        blank = {"start": 0, "samples": 0, "groups": 0, "target": "", "done": False}
        for unit in [blank] if units is None else units:
            yield {**result, **unit}

    rows = survey([{"source": file.path} for file in found], cut)
    return _work("encrypt", folder, rows, _Encryptor, {"settings": settings, "clamp": clamp}, workers, progress)


def _note(folder: Place, found: list[Place], plan: ClientPlan, key: str, options: dict[str, Any]) -> None:
    """Writes what requests are made of; compares, where some are there."""
    sources = []
    for file in found:
        status = file.status()
        changed = None if status.mtime_ns is None else int(status.mtime_ns)
        sources.append([file.path, int(status.size), changed])
    with open(key, "rb") as opened:
        # Nothing is learnt from it: a key has more than a hundred bits.
        of_key = hashlib.sha256(b"key of a folder of requests" + opened.read()).hexdigest()
    note = {"plan": plan.digest, "key": of_key, **options, "sources": sources}
    folder.child(_RECORD).require_note(note, "requests of other samples, of another key or of other options")


def _heads_alone(request: Place, plan: ClientPlan) -> tuple[list[GroupHead], mmap.mmap]:
    """A request's heads, and a file's worth of memory that has nothing but them: no page of the rest is ever touched.

    A reply is known by heads; ciphertexts, which are most of a request, needn't be read for that.
    """
    size = request.size()
    if size < 0:
        raise FormatError("no such file", request.path)
    with request.filesystem.open_input_file(request.path) as file:
        heads = read_heads(lambda at, count: file.read_at(count, at), size, REQUEST, plan.digest, request.path)
    memory = mmap.mmap(-1, size)
    offset = 0
    for head in heads:
        memory[offset : offset + HEAD_BYTES] = head.data
        offset += head.length
    return heads, memory


def _table(found: Predictions, digest: str) -> pa.Table:
    columns: dict[str, Any] = {}
    if found.says_label:
        columns["label"] = pa.array(found.labels)
    columns["values"] = pa.array(list(found.values), type=pa.list_(pa.float64()))
    if found.logits.dtype == object:
        columns["logits"] = pa.array([[str(number) for number in row] for row in found.logits])
    else:
        columns["logits"] = pa.array(list(found.logits), type=pa.list_(pa.int64()))
    for name, array in found.outputs.items():
        columns[f"output.{name}"] = pa.array(array.reshape(len(found), -1).tolist())
    return pa.table(columns).replace_schema_metadata({"blindsight.request": digest})


def _answer(heads: list[GroupHead]) -> str:
    return hashlib.sha256(b"".join(head.digest for head in heads)).hexdigest()


class _Decryptor(Worker):
    def __init__(self, settings: _Settings, attempts: Any) -> None:
        self.attempts = attempts
        self._settings = settings
        self._client = settings.client()

    def work(self, unit: Unit) -> Unit:
        reply = Place(self._settings.source, unit["reply"])
        heads, request = _heads_alone(Place(self._settings.source, unit["request"]), self._settings.plan)
        data = memoryview(reply.read_all())
        try:
            found = self._client.decrypt(data, memoryview(request), progress=False)
        except BlindsightError as error:
            raise type(error)(error.what, reply.path, error.remedies) from error
        sink = pa.BufferOutputStream()
        pyarrow.parquet.write_table(_table(found, _answer(heads)), sink)
        Place(self._settings.target, unit["target"]).write([memoryview(sink.getvalue())])
        return {"done": False}


def decrypt(
    replies: Union[PathLike, Iterable[PathLike]],
    requests: PathLike,
    plan: PlanSource,
    secret_key: PathLike,
    output: PathLike,
    *,
    passphrase: Passphrase = None,
    filesystem: Any = None,
    workers: Optional[int] = None,
    cpus_per_worker: int = 1,
    progress: ProgressOption = None,
) -> Report:
    """Decrypts replies on the data owner's own cluster, where every worker reads the secret key.

    replies: files, or folders with such (*.ct). requests: the folder with the requests of the same names.
    output: a folder; NAME.parquet has a row a sample, in order: `label` where the model decides, `values`, the
        integers as `logits`, and the model's named outputs as `output.NAME`.
    A reply to anything but its request is refused. Whether and why a reply was refused is never for the server to
    know: keep output, logs and exit statuses from it.
    """
    check_workers(workers, cpus_per_worker)
    path = _key_path(secret_key, passphrase)
    plan = _client_plan(plan)
    found = files(replies, filesystem, ".ct", "replies")
    folder = place(output, filesystem)
    folder.make_folder()
    asked = place(requests, filesystem)
    settings = _Settings(found[0].filesystem, folder.filesystem, plan, path, passphrase, cpus_per_worker)
    settings.check()

    def cut(row: Unit) -> Iterator[Unit]:
        def look(unit: Unit) -> Unit:
            heads, memory = _heads_alone(Place(settings.source, unit["request"]), plan)
            memory.close()
            target = Place(settings.target, unit["target"])
            done = _is_decrypted(target, _answer(heads))
            return {"samples": sum(head.samples for head in heads), "groups": len(heads), "done": done}

        yield {"samples": 0, "groups": 0, "done": False, **guarded(look, row)}

    rows = []
    for file in found:
        target = folder.child(f"{file.name}.parquet").path
        rows.append({"reply": file.path, "request": asked.child(file.name).path, "target": target})
    return _work("decrypt", folder, survey(rows, cut), _Decryptor, {"settings": settings}, workers, progress)


def _is_decrypted(file: Place, answer: str) -> bool:
    if file.size() < 0:
        return False
    try:
        with file.filesystem.open_input_file(file.path) as opened:
            metadata = pyarrow.parquet.read_schema(opened).metadata or {}
    except (pa.ArrowInvalid, OSError):
        return False
    if metadata.get(b"blindsight.request") != answer.encode():
        raise MismatchError("predictions of another request", file.path)
    return True


def _work(
    title: str,
    folder: Place,
    rows: list[Unit],
    worker: type[Worker],
    arguments: dict[str, Any],
    workers: Optional[int],
    progress: ProgressOption,
) -> Report:
    report, failures = Report(), Failures()
    missing = []
    for row in rows:
        if row["error"]:
            failures.add(row["error"])
        elif row["done"]:
            report.add(row)
            report.files.append(row["target"])
        else:
            missing.append(row)
    ends = Progress(progress, title, sum(row["groups"] for row in rows))
    try:
        ends(report.groups)
        for row in run(missing, worker, arguments, workers=workers, cpus=arguments["settings"].threads):
            if row["error"]:
                failures.add(row["error"])
                continue
            report.add(row)
            report.files.append(row["target"])
            ends(report.groups)
    finally:
        ends.close()
    report.files.sort()
    sweep(folder, [Place(None, name).name for name in report.files])
    failures.require_none("files")
    return report
