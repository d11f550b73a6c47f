# SPDX-License-Identifier: Apache-2.0
"""Private search: which vectors of a server's catalogue are nearest to a query that the server can't see.

    from blindsight import search

    catalogue = search.Catalogue(embeddings)              # the owner: [n, width], int8 or reals
    searcher = search.Searcher(catalogue.client)          # whoever asks: holds the secret keys
    server = catalogue.server(searcher.evaluation_keys)

    hits = searcher.best(server.scores(searcher.encrypt(query)), k=10)      # .places, .scores

A score is the inner product of two vectors of 8-bit integers, exact: encrypted or not, it is the same integer. The
client decrypts all scores of the catalogue, and chooses. So it learns them all: as many as a vector has numbers, of
queries of its choice, tell the catalogue. The server learns nothing of query, scores or choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from ._client import Client, EvaluationKeys, Passphrase, Request
from ._compile import compile
from ._errors import DataError, InvalidArgument, MismatchError
from ._models import need
from ._plan import ClientPlan, Plan
from ._progress import ProgressOption
from ._sealed import PathLike
from ._server import PreparedModel, Reply, Server

__all__ = ["Catalogue", "CatalogueClient", "Hits", "Searcher", "SearchServer"]

Codes = npt.NDArray[np.int8]

_LARGEST = 127


class Hits(NamedTuple):
    """The best of a catalogue, for each of m queries in its row, the best first.

    places: [m, k], int64: which vectors of the catalogue.
    scores: [m, k], int64: exact inner products of the integers; of equal ones the earlier place comes first.
    """

    places: npt.NDArray[np.int64]
    scores: npt.NDArray[np.int64]


class CatalogueClient(NamedTuple):
    """What clients know of a catalogue: of each part, the plan and how many vectors it has. No vector.

    May be pickled and sent like any public data.
    """

    plans: tuple[ClientPlan, ...]
    counts: tuple[int, ...]
    width: int

    def __len__(self) -> int:
        return sum(self.counts)


class Catalogue:
    """Vectors to be searched, as their owner has them.

    vectors: [n, width]; int8, or integers from -127 to 127, are taken as they are; reals are rounded to 8 bits, one
        scale for all, so that their order by inner product stays but for that rounding. Columns of lists of Arrow and
        pandas are arrays, too.
    part: vectors that one request goes through. Larger catalogues have several parts, each with keys and requests of
        its own, which may lie on several servers.
    function_privacy: see `compile`. Scores themselves are what clients are told.
    """

    def __init__(
        self,
        vectors: Any,
        *,
        part: int = 100_000,
        function_privacy: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> None:
        if part < 1:
            raise InvalidArgument("a part has at least one vector", "part")
        self.codes, self.scale = _codes(vectors, "vectors")
        if len(self.codes) == 0:
            raise DataError("a catalogue without vectors", "vectors")
        self.plans: list[Plan] = []
        counts = []
        for start in range(0, len(self.codes), part):
            rows = self.codes[start : start + part]
            options: dict[str, Any] = {"method": "slots", "function_privacy": function_privacy}
            self.plans.append(compile(_model(rows), progress=progress, **options))
            counts.append(len(rows))
        plans = tuple(plan.client for plan in self.plans)
        self.client = CatalogueClient(plans, tuple(counts), self.codes.shape[1])

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"<Catalogue of {len(self)} vectors of {self.client.width}, in {len(self.plans)} parts>"

    def scores(self, queries: Any) -> npt.NDArray[np.int64]:
        """Scores in the clear, [m, n]: the integers that the encrypted search gives."""
        codes, _ = _codes(np.atleast_2d(_array(queries)), "queries", self.client.width, each=True)
        return codes.astype(np.int64) @ self.codes.astype(np.int64).T

    def server(self, keys: Sequence[Union[EvaluationKeys, bytes]], *, threads: Optional[int] = None) -> SearchServer:
        """For the client whose keys these are: one a part, as `Searcher.evaluation_keys` has them."""
        if len(keys) != len(self.plans):
            raise MismatchError(f"{len(keys)} keys for a catalogue of {len(self.plans)} parts", "keys")
        models = [PreparedModel(plan, threads=threads) for plan in self.plans]
        return SearchServer([model.server(key, threads=threads) for model, key in zip(models, keys)])


class SearchServer:
    """Scores a catalogue for one client, and sees nothing. Made by `Catalogue.server`."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers = servers

    def scores(self, requests: Sequence[Union[Request, bytes]]) -> list[Reply]:
        """The replies to a query's requests, one a part."""
        if len(requests) != len(self._servers):
            raise MismatchError(f"{len(requests)} requests for a catalogue of {len(self._servers)} parts", "requests")
        return [server.predict(request) for server, request in zip(self._servers, requests)]


class Searcher:
    """Holds the secret keys: encrypts queries, and finds the best of what comes back.

    catalogue: what clients know of it (`Catalogue.client`).
    threads: of one call; None: as many as there are cores.
    """

    def __init__(self, catalogue: CatalogueClient, *, threads: Optional[int] = None) -> None:
        self._catalogue = _checked(catalogue)
        self._clients = [Client(plan, threads=threads) for plan in catalogue.plans]

    @classmethod
    def load(
        cls,
        folder: PathLike,
        catalogue: CatalogueClient,
        *,
        passphrase: Passphrase = None,
        threads: Optional[int] = None,
    ) -> Searcher:
        """The searcher whose secret keys `save` wrote to a folder."""
        searcher = cls.__new__(cls)
        searcher._catalogue = _checked(catalogue)
        searcher._clients = [
            Client.load(_key_path(folder, part), plan, passphrase=passphrase, threads=threads)
            for part, plan in enumerate(catalogue.plans)
        ]
        return searcher

    def save(self, folder: PathLike, *, passphrase: Passphrase = None, overwrite: bool = False) -> None:
        """Writes the secret keys, a file a part, that their owner alone can read; see `Client.save`."""
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for part, client in enumerate(self._clients):
            client.save(_key_path(folder, part), passphrase=passphrase, overwrite=overwrite)

    @property
    def evaluation_keys(self) -> list[EvaluationKeys]:
        """What the server needs, one a part."""
        return [client.evaluation_keys for client in self._clients]

    def encrypt(self, queries: Any) -> list[Request]:
        """Encrypts one query, [width], or several, [m, width]: a request a part.

        Reals are rounded to 8 bits, each query on a scale of its own, which changes no order of its scores but for that
        rounding.
        """
        codes, _ = _codes(np.atleast_2d(_array(queries)), "queries", self._catalogue.width, each=True)
        samples = codes.astype(np.float32)
        return [client.encrypt(samples) for client in self._clients]

    def scores(self, replies: Sequence[Union[Reply, bytes]]) -> npt.NDArray[np.int64]:
        """Decrypts the scores of all vectors, [m, n], exact."""
        if len(replies) != len(self._clients):
            raise MismatchError(f"{len(replies)} replies for a catalogue of {len(self._clients)} parts", "replies")
        parts = [client.decrypt(reply).logits for client, reply in zip(self._clients, replies)]
        return np.concatenate(parts, axis=1).astype(np.int64)

    def best(self, replies: Sequence[Union[Reply, bytes]], k: int = 10) -> Hits:
        """Decrypts, and chooses the k vectors of the largest scores, or all where there are fewer."""
        if k < 1:
            raise InvalidArgument("at least one is chosen", "k")
        scores = self.scores(replies)
        # Stable: of equal scores the earlier place comes first.
        places = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return Hits(places.astype(np.int64), np.take_along_axis(scores, places, axis=1))

    def close(self) -> None:
        """Wipes the secret keys from memory."""
        for client in self._clients:
            client.close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError("a Searcher is not pickled: it holds secret keys; `save` writes them to files of their own")


def _checked(catalogue: CatalogueClient) -> CatalogueClient:
    if not isinstance(catalogue, CatalogueClient):
        raise InvalidArgument(f"a CatalogueClient is needed, not {type(catalogue).__name__}", "catalogue")
    return catalogue


def _key_path(folder: PathLike, part: int) -> Path:
    return Path(folder) / f"secret-{part}.key"


def _array(vectors: Any) -> npt.NDArray[Any]:
    if hasattr(vectors, "combine_chunks"):  # a chunked column of Arrow
        vectors = vectors.combine_chunks()
    if hasattr(vectors, "to_numpy"):
        try:
            array = vectors.to_numpy(zero_copy_only=False)
        except TypeError:
            array = vectors.to_numpy()
    else:
        array = np.asarray(vectors)
    if array.dtype == object:  # a column of lists
        try:
            array = np.stack([np.asarray(row) for row in array])
        except ValueError as error:
            raise DataError(f"vectors of different lengths ({error})", "vectors") from error
    return np.asarray(array)


def _codes(vectors: Any, what: str, width: Optional[int] = None, *, each: bool = False) -> tuple[Codes, Any]:
    """Integers from -127 to 127 and what reals were multiplied by: one factor, or one for each vector."""
    array = _array(vectors)
    if array.ndim != 2 or array.shape[1] == 0:
        raise DataError(f"an array of {array.ndim} dimensions, where [n, width] is needed", what)
    if width is not None and array.shape[1] != width:
        raise DataError(f"vectors of {array.shape[1]} where the catalogue has {width}", what)
    if array.dtype.kind in "iu":
        if array.size and max(abs(int(array.min())), abs(int(array.max()))) > _LARGEST:
            raise DataError(f"integers beyond -{_LARGEST}...{_LARGEST}: give reals, which are scaled", what)
        return array.astype(np.int8), 1.0
    if array.dtype.kind != "f":
        raise DataError(f"numbers are needed, not {array.dtype}", what)
    reals = array.astype(np.float64)
    if not np.isfinite(reals).all():
        raise DataError("NaN or infinity", what)
    largest = np.abs(reals).max(axis=1, keepdims=True) if each else np.abs(reals).max(initial=0.0)
    factor = _LARGEST / np.where(largest > 0, largest, 1.0)
    return np.rint(reals * factor).astype(np.int8), factor


def _model(codes: Codes) -> bytes:
    """One layer without a bias, of integers as they are."""
    onnx = need("onnx", "blindsight.search")
    helper, numpy_helper, kind = onnx.helper, onnx.numpy_helper, onnx.TensorProto
    nodes = [
        helper.make_node("QuantizeLinear", ["query", "one", "zero"], ["codes"]),
        helper.make_node("DequantizeLinear", ["codes", "one", "zero"], ["integers"]),
        helper.make_node("DequantizeLinear", ["catalogue", "one", "zero"], ["vectors"]),
        helper.make_node("MatMul", ["integers", "vectors"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "search",
        [helper.make_tensor_value_info("query", kind.FLOAT, ["N", codes.shape[1]])],
        [helper.make_tensor_value_info("scores", kind.FLOAT, ["N", len(codes)])],
        [
            numpy_helper.from_array(np.ascontiguousarray(codes.T), "catalogue"),
            numpy_helper.from_array(np.float32(1), "one"),
            numpy_helper.from_array(np.int8(0), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
