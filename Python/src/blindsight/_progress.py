# SPDX-License-Identifier: Apache-2.0
"""Long calls: how far they are, and Ctrl-C.

A call of the library holds its thread until it returns, and Python handles Ctrl-C only between steps of the main
thread. So what may take long is run on a thread of its own, while the main one waits, draws and listens.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Callable, Optional, TypeVar, Union

from ._errors import Cancelled, InvalidArgument, MissingPackage, Remedy
from ._library import NO_PROGRESS, ProgressCall

Value = TypeVar("Value")

# Called with (stage, done, total); stage is None where a call has one only, total is 0 where nobody knows.
ProgressListener = Callable[[Optional[str], int, int], None]
ProgressOption = Union[None, bool, ProgressListener]

# Seconds. Calls that are shorter run on the caller's thread: a thread costs some 50 microseconds.
_SHORT = 0.2
_PATIENCE = 0.5
# An abandoned call ends at its next step; nobody waits longer for that.
_FAREWELL = 0.6


class _Bar:
    """A bar of tqdm, shown once a call has taken a while."""

    def __init__(self, title: str, tqdm: Any) -> None:
        self._title = title
        self._tqdm = tqdm
        self._bar: Any = None

    def __call__(self, stage: Optional[str], done: int, total: int) -> None:
        if self._bar is None:
            self._bar = self._tqdm(total=total or None, desc=self._title, leave=False)
        if stage:
            self._bar.set_description_str(f"{self._title}: {stage}")
        if total:
            self._bar.total = total
            self._bar.n = done
        self._bar.refresh()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _listener(option: ProgressOption, title: str) -> Optional[Any]:
    if option is False:
        return None
    if callable(option):
        return option
    if option not in (None, True):
        raise InvalidArgument("a function, True, False or None is taken", "progress")
    shown = "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())
    if option is None and not shown:
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if option is None:
            return None
        raise MissingPackage(
            "progress bars need the package tqdm",
            "progress",
            (Remedy("pip install tqdm"), Remedy("a function of your own", "progress=print")),
        ) from None
    return _Bar(title, tqdm)


class _Call:
    def __init__(self) -> None:
        self.is_stopped = False
        self.report: Optional[tuple[Optional[str], int, int]] = None

    def tell(self, _context: Any, stage: Optional[bytes], done: int, total: int) -> int:
        # On a thread of the library: nothing here may raise.
        text = None if stage is None else stage.decode("utf-8", "replace")
        self.report = (text, done, total)
        return 1 if self.is_stopped else 0


def run(body: Callable[[Any], Value], option: ProgressOption, title: str, seconds: Optional[float]) -> Value:
    """Runs a call.

    body: makes the call, with the callback to give to it.
    option: what the user said of progress.
    seconds: how long it takes, roughly; None: nobody knows.
    """
    if option is None or option is True or option is False:
        # First of all, and with little code: after a prediction none of it is in a cache.
        if seconds is not None and seconds < _SHORT:
            return body(NO_PROGRESS)
        if threading.current_thread() is not threading.main_thread():
            return body(NO_PROGRESS)
    listener = _listener(option, title)
    call = _Call()
    callback = ProgressCall(call.tell)
    results: list[Value] = []
    errors: list[BaseException] = []
    finished = threading.Event()

    def work() -> None:
        try:
            results.append(body(callback))
        except BaseException as error:
            errors.append(error)
        finally:
            finished.set()

    thread = threading.Thread(target=work, name=f"blindsight {title}", daemon=True)
    try:
        thread.start()
        waited = 0.0
        while not finished.wait(0.05):
            waited += 0.05
            if listener is not None and call.report is not None:
                if callable(option) or option is True or waited >= _PATIENCE:
                    listener(*call.report)
    except BaseException:
        # Ctrl-C, or the listener's own end of it.
        call.is_stopped = True
        finished.wait(_FAREWELL)
        raise
    finally:
        if isinstance(listener, _Bar):
            listener.close()
    thread.join()
    if errors:
        error = errors[0]
        if isinstance(error, Cancelled):
            raise KeyboardInterrupt from error
        raise error
    return results[0]
