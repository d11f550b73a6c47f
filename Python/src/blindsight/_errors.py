# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by kind. Every error says where and what, and what would help where that is known."""

from __future__ import annotations

from typing import NamedTuple, Optional


class Remedy(NamedTuple):
    """A change that would help.

    what: for people.
    option: the argument of `compile` that does it, such as `trees="grid"`; None: no argument does.
    """

    what: str
    option: Optional[str] = None

    def __str__(self) -> str:
        return self.what + (f": {self.option}" if self.option else "")


class BlindsightError(Exception):
    """Base of all errors of this package.

    where: the node, file, sample or argument; None where no one place is meant.
    what: what is wrong.
    remedies: changes that would help, the nearest first.
    """

    def __init__(self, what: str, where: Optional[str] = None, remedies: tuple[Remedy, ...] = ()) -> None:
        super().__init__(what, where, remedies)
        self.what = what
        self.where = where
        self.remedies = tuple(remedies)

    def __str__(self) -> str:
        # Many texts name their place themselves.
        place = f"{self.where}: " if self.where and self.where not in self.what else ""
        steps = "".join(f"\n  - {remedy}" for remedy in self.remedies)
        return place + self.what + (f"\nWhat would work:{steps}" if steps else "")


class Cancelled(BlindsightError):
    """Progress asked for the end of the call."""


class InvalidArgument(BlindsightError, ValueError):
    """An argument that no call takes."""


class ModelError(BlindsightError, ValueError):
    """No model, or one with a part that can't be taken; `where` names the part."""


class PlanRefused(BlindsightError, ValueError):
    """The model has no plan as it is asked for; `remedies` say what would work."""


class DataError(BlindsightError, ValueError):
    """Samples that don't fit the plan or the model."""


class FormatError(BlindsightError, ValueError):
    """Bytes that are damaged, or of another kind than is needed."""


class MismatchError(BlindsightError, ValueError):
    """Keys, a request or a reply of another plan, key set or request."""


class DecryptionError(BlindsightError):
    """What only the secret key tells of a reply. Never let the server know that, or why, a reply was refused."""


class FileError(BlindsightError, OSError):
    """A file that can't be read or written; `where` is its path."""


class MissingPackage(BlindsightError, ImportError):
    """A package that this kind of model or table needs."""


class InternalError(BlindsightError):
    """A defect of this package: please report it."""


BY_STATUS: dict[int, type[BlindsightError]] = {
    1: Cancelled,
    2: InvalidArgument,
    3: ModelError,
    4: PlanRefused,
    5: DataError,
    6: FormatError,
    7: MismatchError,
    8: DecryptionError,
    9: FileError,
    10: InternalError,
}
