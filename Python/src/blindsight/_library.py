# SPDX-License-Identifier: Apache-2.0
"""The shared object, and its functions as ctypes calls them. Its C header says what each does.

ctypes releases the interpreter's lock during a call, so several threads predict at once.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable, Sequence
from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_void_p,
)
from pathlib import Path
from typing import Any, NoReturn, Optional, Union, cast

from ._errors import BY_STATUS, BlindsightError, InternalError, InvalidArgument, Remedy

ABI_VERSION = 1

BytesLike = Union[bytes, bytearray, memoryview]

ProgressCall = CFUNCTYPE(c_int32, c_void_p, c_char_p, c_int64, c_int64)
NO_PROGRESS = ProgressCall()

_HANDLE = c_void_p
_OUT = POINTER(c_void_p)
_BYTES = (c_void_p, c_size_t)
_MATRIX = (c_void_p, c_int32, c_int64, c_int64)
_PROGRESS = (ProgressCall, c_void_p)

# Of calls that give a status, all parameters but the error's, which comes last.
_CALLS: dict[str, tuple[Any, ...]] = {
    "bs_model_read": (c_char_p, _OUT),
    "bs_model_describe": (*_BYTES, c_char_p, _OUT),
    "bs_compile": (*_BYTES, *_MATRIX, c_void_p, c_char_p, _HANDLE, *_PROGRESS, _OUT),
    "bs_plan_load": (*_BYTES, _OUT),
    "bs_plan_serialize": (_HANDLE, _OUT),
    "bs_plan_report": (_HANDLE, _OUT),
    "bs_plan_client": (_HANDLE, _OUT),
    "bs_plan_simulate": (_HANDLE, *_MATRIX, c_int32, *_PROGRESS, _OUT),
    "bs_client_plan_load": (*_BYTES, _OUT),
    "bs_client_plan_serialize": (_HANDLE, _OUT),
    "bs_client_plan_describe": (_HANDLE, _OUT),
    "bs_client_create": (_HANDLE, c_int32, _OUT),
    "bs_client_open": (_HANDLE, c_char_p, *_BYTES, c_int32, _OUT),
    "bs_client_save": (_HANDLE, c_char_p, *_BYTES, c_int32),
    "bs_client_evaluation_keys": (_HANDLE, *_PROGRESS, _OUT),
    "bs_client_encrypt": (_HANDLE, *_MATRIX, c_int32, *_PROGRESS, _OUT),
    "bs_client_decrypt": (_HANDLE, *_BYTES, *_BYTES, *_PROGRESS, _OUT),
    "bs_model_prepare": (_HANDLE, c_int32, _OUT),
    "bs_server_create": (_HANDLE, *_BYTES, c_int32, _OUT),
    "bs_server_predict": (_HANDLE, *_BYTES, *_PROGRESS, _OUT),
    "bs_predictions_logits": (_HANDLE, POINTER(c_int64)),
    "bs_predictions_logit_text": (_HANDLE, _OUT),
    "bs_predictions_values": (_HANDLE, POINTER(c_double)),
    "bs_predictions_labels": (_HANDLE, POINTER(c_int64)),
    "bs_predictions_output": (_HANDLE, c_size_t, POINTER(c_float)),
    "bs_sum_key_create": (c_int32, _OUT),
    "bs_sum_key_public": (_HANDLE, _OUT),
    "bs_sum_create": (*_BYTES, c_int64, c_int64, c_int64, c_int32, _OUT),
    "bs_sum_describe": (_HANDLE, _OUT),
    "bs_sum_encrypt": (_HANDLE, POINTER(c_int64), c_int64, _OUT),
    "bs_sum_terms": (_HANDLE, *_BYTES, POINTER(c_int64)),
    "bs_sum_add": (_HANDLE, *_BYTES, *_BYTES, _OUT),
    "bs_sum_decrypt": (_HANDLE, _HANDLE, *_BYTES, c_int64, POINTER(c_int64)),
}

# What others give and take.
_OTHERS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "bs_abi_version": (c_int32, ()),
    "bs_version": (c_char_p, ()),
    "bs_free": (None, (c_void_p,)),
    "bs_error_status": (c_int32, (_HANDLE,)),
    "bs_error_where": (c_char_p, (_HANDLE,)),
    "bs_error_what": (c_char_p, (_HANDLE,)),
    "bs_error_remedy_count": (c_size_t, (_HANDLE,)),
    "bs_error_remedy": (c_char_p, (_HANDLE, c_size_t)),
    "bs_error_remedy_option": (c_char_p, (_HANDLE, c_size_t)),
    "bs_bytes_data": (c_void_p, (_HANDLE,)),
    "bs_bytes_count": (c_size_t, (_HANDLE,)),
    "bs_predictions_count": (c_int64, (_HANDLE,)),
    "bs_predictions_logit_width": (c_int64, (_HANDLE,)),
    "bs_predictions_value_width": (c_int64, (_HANDLE,)),
    "bs_predictions_are_certified": (c_int32, (_HANDLE,)),
    "bs_main": (None, (c_int32, POINTER(c_char_p))),
}


def _load() -> ctypes.CDLL:
    name = "libblindsight.dylib" if sys.platform == "darwin" else "libblindsight.so"
    path = Path(__file__).with_name(name)
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise ImportError(
            f"{path} can't be loaded ({error}). A wheel of another platform, or a source folder that was not built: "
            "install the wheel for this machine, or run pip in the folder Python of the sources, which needs Swift"
        ) from error
    for function, parameters in _CALLS.items():
        getattr(library, function).argtypes = (*parameters, _OUT)
        getattr(library, function).restype = c_int32
    for function, (result, parameters) in _OTHERS.items():
        getattr(library, function).argtypes = parameters
        getattr(library, function).restype = result
    if library.bs_abi_version() != ABI_VERSION:
        raise ImportError(f"{path} is of another release than this package: install it again")
    return library


library = _load()


def _text(value: Optional[bytes]) -> Optional[str]:
    return None if value is None else value.decode("utf-8", "replace")


def _python_option(option: str) -> str:
    """'trees=grid' as an argument of Python is written; the nodes of several lines as one list."""
    pairs = [line.split("=", 1) for line in option.split("\n")]
    key, value = pairs[0]
    if key == "move":
        return f"move={[pair[1] for pair in pairs]!r}"
    if key in ("bits", "degrees"):
        return f"{key}=({value.replace('..', ', ')})"
    if value in ("true", "false"):
        return f"{key}={value == 'true'}"
    return f"{key}={value}" if value.replace(".", "", 1).isdigit() else f'{key}="{value}"'


def _raise(status: int, error: c_void_p) -> NoReturn:
    try:
        option = library.bs_error_remedy_option
        remedies = []
        for index in range(library.bs_error_remedy_count(error)):
            text = _text(option(error, index))
            remedies.append(
                Remedy(
                    _text(library.bs_error_remedy(error, index)) or "",
                    None if text is None else _python_option(text),
                )
            )
        what = _text(library.bs_error_what(error)) or f"status {status}"
        where = _text(library.bs_error_where(error))
    finally:
        library.bs_free(error)
    kind: type[BlindsightError] = BY_STATUS.get(status, InternalError)
    raise kind(what, where, tuple(remedies))


def call(function: str, *arguments: Any) -> None:
    """Calls a function that gives a status; what it gives otherwise is raised."""
    error = c_void_p()
    status = getattr(library, function)(*arguments, byref(error))
    if status != 0:
        _raise(status, error)


def make(function: str, *arguments: Any) -> Handle:
    """The handle that a call gives out."""
    result = c_void_p()
    call(function, *arguments, byref(result))
    return Handle(cast(int, result.value))


class Handle:
    """Owns one object of the library."""

    __slots__ = ("__weakref__", "_pointer")

    def __init__(self, pointer: int) -> None:
        self._pointer: Optional[int] = pointer

    @property
    def pointer(self) -> int:
        if self._pointer is None:
            raise InvalidArgument("it is closed")
        return self._pointer

    @property
    def is_closed(self) -> bool:
        return self._pointer is None

    def close(self) -> None:
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            library.bs_free(pointer)

    def __del__(self) -> None:
        # The interpreter may have taken the library away before.
        if getattr(self, "_pointer", None) is not None and library is not None:
            self.close()

    def view(self) -> memoryview:
        """The bytes of a `bs_bytes`, in place; the view keeps them."""
        count = library.bs_bytes_count(self.pointer)
        array = (ctypes.c_uint8 * count).from_address(library.bs_bytes_data(self.pointer))
        # Whoever has the view has the array, and with it the handle.
        array._handle = self
        return memoryview(array).cast("B").toreadonly()

    def json(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(bytes(self.view())))


class Borrowed:
    """Bytes of Python as the library reads them during a call: not copied where that can be."""

    def __init__(self, data: BytesLike) -> None:
        view = memoryview(data)
        if not view.c_contiguous:
            view = memoryview(view.tobytes())
        self.count = view.nbytes
        self.keep: Any = view
        self.pointer: Any
        if self.count == 0:
            self.keep = ctypes.create_string_buffer(1)
            self.pointer = ctypes.addressof(self.keep)
        elif isinstance(data, bytes):
            self.keep = data
            self.pointer = ctypes.cast(c_char_p(data), c_void_p).value
        elif view.readonly:
            self.pointer = _address(view)
        else:
            self.keep = (ctypes.c_uint8 * self.count).from_buffer(view)
            self.pointer = ctypes.addressof(self.keep)

    @property
    def arguments(self) -> tuple[Any, int]:
        return self.pointer, self.count


def _address(view: memoryview) -> int:
    """Where a view's bytes are that can't be written to."""
    owner = view.obj
    # Of `Handle.view`: all of it, or numpy has to find out.
    if isinstance(owner, ctypes.Array) and ctypes.sizeof(owner) == view.nbytes:
        return ctypes.addressof(owner)
    import numpy

    return int(numpy.frombuffer(view, numpy.uint8).ctypes.data)


def path_bytes(path: Any) -> bytes:
    import os

    return os.fsencode(os.fspath(path))


def run_command_line(arguments: Sequence[str]) -> NoReturn:
    """Runs the program `blindsight` in this process, and ends it."""
    sys.stdout.flush()
    sys.stderr.flush()
    texts = (c_char_p * len(arguments))(*(argument.encode() for argument in arguments))
    library.bs_main(len(arguments), texts)
    raise SystemExit(1)


ProgressFunction = Callable[[Any, Optional[bytes], int, int], int]
