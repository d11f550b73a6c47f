# SPDX-License-Identifier: Apache-2.0
"""The client's half: who owns the data and the secret key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Optional, Union, overload

from ._arrays import is_stream, matrix
from ._errors import InvalidArgument
from ._library import Borrowed, BytesLike, Handle, call, make, path_bytes
from ._plan import ClientPlan, Plan
from ._predictions import Predictions
from ._progress import ProgressOption, run
from ._sealed import PathLike, Sealed, data_of

if TYPE_CHECKING:
    from ._server import Reply

Passphrase = Union[str, bytes, None]


class Request(Sealed):
    """Encrypted samples: for the server."""

    __slots__ = ()


class EvaluationKeys(Sealed):
    """What a server needs of a client, once. Nothing can be decrypted with them. They may be pickled and sent."""

    __slots__ = ()


def _passphrase(passphrase: Passphrase) -> tuple[Any, Any, int]:
    if passphrase is None:
        return None, None, 0
    data = passphrase.encode() if isinstance(passphrase, str) else passphrase
    if not data:
        raise InvalidArgument("an empty passphrase protects nothing", "passphrase")
    borrowed = Borrowed(data)
    return borrowed, *borrowed.arguments


class Client:
    """Holds a secret key: encrypts samples and decrypts replies.

        with bs.Client(plan.client) as client:
            request = client.encrypt(X)

    At the end of the block, at `close()` and when the object goes, the key is wiped from memory. It is never pickled:
    a pickle is a file or a message that nobody takes for a secret.

    plan: what clients know of a plan (`plan.client`, or `ClientPlan.load`).
    threads: of one call; None: as many as there are cores.
    """

    def __init__(self, plan: Union[ClientPlan, Plan], *, threads: Optional[int] = None) -> None:
        self._set(plan)
        self._handle = make("bs_client_create", self.plan._handle.pointer, threads or 0)

    def _set(self, plan: Union[ClientPlan, Plan]) -> None:
        if isinstance(plan, Plan):
            plan = plan.client
        if not isinstance(plan, ClientPlan):
            raise InvalidArgument(f"a ClientPlan is needed, not {type(plan).__name__}", "plan")
        self.plan = plan
        self._keys: Optional[EvaluationKeys] = None

    @classmethod
    def load(
        cls,
        path: PathLike,
        plan: Union[ClientPlan, Plan],
        *,
        passphrase: Passphrase = None,
        threads: Optional[int] = None,
    ) -> Client:
        """The client whose secret key a file holds, for any plan of its key set.

        Replies that are refused for what only the key tells are counted in a file beside it; after 16 the key is worn
        out. Raises MismatchError for a key of another key set, InvalidArgument for a wrong passphrase.
        """
        client = cls.__new__(cls)
        client._set(plan)
        keep, pointer, length = _passphrase(passphrase)
        client._handle = make(
            "bs_client_open",
            client.plan._handle.pointer,
            path_bytes(path),
            pointer,
            length,
            threads or 0,
        )
        del keep
        return client

    def save(self, path: PathLike, *, passphrase: Passphrase = None, overwrite: bool = False) -> None:
        """Writes the secret key to a file that its owner alone can read.

        passphrase: by which it is encrypted; None: it lies open.
        overwrite: whether a file of this name is replaced. What was encrypted with the key in it is lost then.
        """
        keep, pointer, length = _passphrase(passphrase)
        call(
            "bs_client_save",
            self._handle.pointer,
            path_bytes(path),
            pointer,
            length,
            int(overwrite),
        )
        del keep

    @property
    def evaluation_keys(self) -> EvaluationKeys:
        """The keys that the server needs; made at the first use, and the same from then on."""
        if self._keys is None:
            self._keys = self.make_evaluation_keys()
        return self._keys

    def make_evaluation_keys(self, *, progress: ProgressOption = None) -> EvaluationKeys:
        """Makes the keys that the server needs anew, from the same secret. Servers may have either."""

        def body(callback: Any) -> Handle:
            return make("bs_client_evaluation_keys", self._handle.pointer, callback, None)

        # Some 5 ns a byte.
        seconds = 5e-9 * float(self.plan.evaluation_key_bytes)
        return EvaluationKeys(run(body, progress, "make keys", seconds).view())

    @overload
    def encrypt(
        self, samples: Iterator[Any], *, clamp: bool = False, progress: ProgressOption = None
    ) -> Iterator[Request]: ...

    @overload
    def encrypt(self, samples: Any, *, clamp: bool = False, progress: ProgressOption = None) -> Request: ...

    def encrypt(self, samples: Any, *, clamp: bool = False, progress: ProgressOption = None) -> Any:
        """Encrypts samples.

        samples: [n, *shape] or [n, values], of any type and order; one sample; a table of pandas, polars or Arrow,
            whose columns are found by name where the plan has names. In the units that the model takes. Of an
            iterator of such, an iterator of requests comes out: for more than memory holds.
        clamp: whether values far outside the plan's range take its nearest end. By default they are refused: they are
            most often in other units.
        Raises DataError, which names the sample and the feature.
        """
        if is_stream(samples):
            return (self.encrypt(part, clamp=clamp, progress=progress) for part in samples)
        rows = matrix(samples, self.plan._layout, self.plan.columns)

        def body(callback: Any) -> Handle:
            return make(
                "bs_client_encrypt",
                self._handle.pointer,
                *rows.arguments,
                int(clamp),
                callback,
                None,
            )

        # Some 2 ns a byte.
        seconds = 2e-9 * self.plan.groups(rows.count) * float(self.plan.request_bytes)
        return Request(run(body, progress, "encrypt", seconds).view())

    @overload
    def decrypt(
        self,
        reply: Union[Reply, BytesLike],
        request: Union[Request, BytesLike, None] = None,
        *,
        progress: ProgressOption = None,
    ) -> Predictions: ...

    @overload
    def decrypt(
        self,
        reply: Iterable[Union[Reply, BytesLike]],
        request: None = None,
        *,
        progress: ProgressOption = None,
    ) -> Iterator[Predictions]: ...

    def decrypt(
        self,
        reply: Any,
        request: Union[Request, BytesLike, None] = None,
        *,
        progress: ProgressOption = None,
    ) -> Any:
        """Decrypts a reply; of an iterator of replies, an iterator of predictions.

        request: what it must answer; None: a request that this client encrypted.
        Raises MismatchError for a reply to another request, DecryptionError for what only the secret key tells: never
        let the server know of that one.
        """
        if not isinstance(reply, (Sealed, bytes, bytearray, memoryview)):
            return (self.decrypt(part, progress=progress) for part in reply)
        borrowed = Borrowed(data_of(reply))
        asked = None if request is None else Borrowed(data_of(request))
        question = (None, 0) if asked is None else asked.arguments

        def body(callback: Any) -> Handle:
            return make(
                "bs_client_decrypt",
                self._handle.pointer,
                *borrowed.arguments,
                *question,
                callback,
                None,
            )

        # Some 5 ns a byte.
        handle = run(body, progress, "decrypt", 5e-9 * borrowed.count)
        return Predictions(handle, self.plan._description, is_encrypted=True)

    def close(self) -> None:
        """Wipes the secret key. Nothing can be decrypted after it, unless the key was saved."""
        self._handle.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._handle.is_closed else f"key set {self.plan.key_set[:16]}"
        return f"<Client, {state}>"

    def __reduce__(self) -> Any:
        raise TypeError(
            "a Client holds a secret key and is not pickled: a pickle is kept and sent like any data. Save the key to "
            "a file with `client.save(path, passphrase=...)` and read it with `Client.load`"
        )
