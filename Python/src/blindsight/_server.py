# SPDX-License-Identifier: Apache-2.0
"""The server's half: no call here takes a secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Union, overload

from ._client import EvaluationKeys, Request
from ._errors import InvalidArgument
from ._library import Borrowed, BytesLike, Handle, make
from ._plan import Plan
from ._progress import ProgressOption, run
from ._sealed import Sealed, data_of


class Reply(Sealed):
    """Encrypted outputs: for the client alone to read."""

    __slots__ = ()


class PreparedModel:
    """A plan with its weights encoded, once for all clients.

    plan: from `compile` or `Plan.load`.
    threads: that encoding may take; None: as many as there are cores.
    """

    def __init__(self, plan: Plan, *, threads: Union[int, None] = None) -> None:
        if not isinstance(plan, Plan):
            raise InvalidArgument(f"a Plan is needed, not {type(plan).__name__}", "plan")
        self._plan = plan
        self._handle = make("bs_model_prepare", plan._handle.pointer, threads or 0)

    def server(self, keys: Union[EvaluationKeys, BytesLike], *, threads: Union[int, None] = None) -> Server:
        """A server for the client whose evaluation keys these are.

        keys: as the client made them, or the bytes of their file.
        threads: of one prediction; None: by load, all cores for one alone, one thread each where several threads of
            Python predict at once.
        Raises MismatchError for keys of another key set, FormatError for damaged ones.
        """
        borrowed = Borrowed(data_of(keys))
        handle = make("bs_server_create", self._handle.pointer, *borrowed.arguments, threads or 0)
        return Server(handle, self._plan)

    def __reduce__(self) -> tuple[Any, ...]:
        return PreparedModel, (self._plan,)


class Server:
    """Predicts for one client, and sees nothing. Made by `PreparedModel.server`."""

    def __init__(self, handle: Handle, plan: Plan) -> None:
        self._handle = handle
        self._plan = plan
        self._request_bytes = max(1, plan._request_bytes)
        self._seconds_per_group = plan._seconds_per_group

    @overload
    def predict(self, request: Union[Request, BytesLike], *, progress: ProgressOption = None) -> Reply: ...

    @overload
    def predict(
        self, request: Iterable[Union[Request, BytesLike]], *, progress: ProgressOption = None
    ) -> Iterator[Reply]: ...

    def predict(self, request: Any, *, progress: ProgressOption = None) -> Any:
        """The reply to a request; of an iterator of requests, an iterator of replies.

        Several threads may call it at once. Raises MismatchError or FormatError for what is no request of the plan.
        """
        if not isinstance(request, (Sealed, bytes, bytearray, memoryview)):
            return (self.predict(part, progress=progress) for part in request)
        borrowed = Borrowed(data_of(request))
        groups = max(1, borrowed.count // self._request_bytes)

        def body(callback: Any) -> Handle:
            return make("bs_server_predict", self._handle.pointer, *borrowed.arguments, callback, None)

        seconds = groups * self._seconds_per_group
        return Reply(run(body, progress, "predict", seconds).view())

    def close(self) -> None:
        """Gives the memory of the keys back."""
        self._handle.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError("a Server is not pickled: send the plan and the evaluation keys, and make one there")
