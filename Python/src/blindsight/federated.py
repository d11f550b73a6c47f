# SPDX-License-Identifier: Apache-2.0
"""Sums of many clients' integers that nobody sees the terms of: gradients, votes, counts.

    key = SumKey()                                               # who may see the sum
    scheme = PrivateSum(key.public, count=1000, magnitude=2**15, clients=20)
    vectors = [scheme.encrypt(values) for values in of_clients]  # at each client
    total = scheme.sum(vectors)                                  # at the server, which has no key
    sums = key.decrypt(scheme, total)                            # exact integers, [count]

Paillier's cryptosystem (1999) adds what it encrypts; many integers share a ciphertext, in slots that no sum of as many
clients leaves. The server sees ciphertexts, the key's holder the sum alone, as long as these two don't work together:
both together see every vector. A sum of few vectors says much of each, and one of a single vector everything. Nothing
proves that a client's integers are in range: one that lies spoils a sum, which is found out only where it leaves what
honest vectors can add up to.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from ._errors import DataError, InvalidArgument
from ._library import Borrowed, BytesLike, call, make
from ._sealed import Sealed, data_of

__all__ = ["EncryptedVector", "PrivateSum", "PublicKey", "SumKey"]

Integers = npt.NDArray[np.int64]

_INT64 = np.iinfo(np.int64)


class PublicKey(Sealed):
    """What encrypts and adds, and can't decrypt: for clients and the server."""

    __slots__ = ()


class EncryptedVector(Sealed):
    """One client's vector, or a sum of several: for the server, then for the key's holder."""

    __slots__ = ()


class SumKey:
    """The secret key of sums. It lives in this process and can't be saved: a new process makes a new one.

    bits: of the modulus: 2048 (112-bit security), 3072 (128-bit) or 4096. Making one takes up to some seconds.
    Raises InvalidArgument for another size.
    """

    def __init__(self, bits: int = 3072) -> None:
        self._handle = make("bs_sum_key_create", _int32(bits, "bits"))
        self.public = PublicKey(make("bs_sum_key_public", self._handle.pointer).view())

    def decrypt(self, scheme: PrivateSum, total: Union[EncryptedVector, BytesLike], *, least: int = 2) -> Integers:
        """The sums, one for each place of the vectors: int64, [count].

        least: refuse a sum of fewer vectors, as it says itself; what its server says of it can't be checked.
        Raises MismatchError for a sum of another key or scheme, or of too few vectors; FormatError for damaged bytes;
        DecryptionError for what vectors within the magnitude can't add up to.
        """
        out = np.empty(scheme.count, np.int64)
        call(
            "bs_sum_decrypt",
            self._handle.pointer,
            scheme._handle.pointer,
            *Borrowed(data_of(total)).arguments,
            _integer(least, "least"),
            out.ctypes.data_as(ctypes.POINTER(ctypes.c_int64)),
        )
        return out

    def close(self) -> None:
        """Ends the key, and wipes it."""
        self._handle.close()

    def __reduce__(self) -> Any:
        raise TypeError("a SumKey is not pickled: send its public key")


class PrivateSum:
    """What all parties of a sum agree on. Clients encrypt with it, and the server adds.

    public_key: of who may see the sum.
    count: integers in a vector. magnitude: the largest of one client's, without its sign. clients: most vectors in one
        sum. Slots are as wide as sums of so many need: no sum can leave its own.
    threads: of one call; None: as many as there are cores.
    Raises InvalidArgument where sums don't fit 64 bits, MismatchError or FormatError for what is no key.
    """

    def __init__(
        self,
        public_key: Union[PublicKey, BytesLike],
        count: int,
        magnitude: int,
        clients: int,
        *,
        threads: Optional[int] = None,
    ) -> None:
        self.count = _integer(count, "count")
        self.magnitude = _integer(magnitude, "magnitude")
        self.clients = _integer(clients, "clients")
        self._key = bytes(data_of(public_key))
        self._threads = threads
        self._handle = make(
            "bs_sum_create",
            *Borrowed(self._key).arguments,
            self.count,
            self.magnitude,
            self.clients,
            _int32(threads or 0, "threads"),
        )
        self._description = make("bs_sum_describe", self._handle.pointer).json()

    @property
    def slots(self) -> int:
        """Integers in a ciphertext."""
        return int(self._description["slots"])

    @property
    def slot_bits(self) -> int:
        """Bits of each, sign included."""
        return int(self._description["slot_bits"])

    @property
    def ciphertexts(self) -> int:
        """Of a vector."""
        return int(self._description["ciphertexts"])

    @property
    def vector_bytes(self) -> int:
        """Of an encrypted vector, and of a sum."""
        return int(self._description["bytes"])

    def encrypt(self, values: Any) -> EncryptedVector:
        """One client's vector, encrypted.

        values: integers, [count], each in -magnitude..magnitude. Raises DataError for others.
        """
        array = np.asarray(values)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise DataError(f"one row of integers is needed, not {array.dtype} of shape {array.shape}", "values")
        if array.dtype == np.uint64 and array.size and array.max() > np.uint64(_INT64.max):
            raise DataError(f"an integer is {array.max()}, and -{self.magnitude} to {self.magnitude} were agreed on")
        row = np.ascontiguousarray(array, np.int64)
        pointer = row.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))
        return EncryptedVector(make("bs_sum_encrypt", self._handle.pointer, pointer, len(row)).view())

    def terms(self, vector: Union[EncryptedVector, BytesLike]) -> int:
        """How many vectors were added, as the bytes say."""
        terms = ctypes.c_int64()
        call("bs_sum_terms", self._handle.pointer, *Borrowed(data_of(vector)).arguments, ctypes.byref(terms))
        return terms.value

    def add(
        self, first: Union[EncryptedVector, BytesLike], second: Union[EncryptedVector, BytesLike]
    ) -> EncryptedVector:
        """The sum of two vectors or sums; no key is needed.

        Raises MismatchError for more vectors than clients, or ones of another key or scheme; FormatError for damaged
        bytes.
        """
        both = Borrowed(data_of(first)), Borrowed(data_of(second))
        handle = make("bs_sum_add", self._handle.pointer, *both[0].arguments, *both[1].arguments)
        return EncryptedVector(handle.view())

    def sum(self, vectors: Iterable[Union[EncryptedVector, BytesLike]]) -> EncryptedVector:
        """The sum of all, one at a time in memory. Raises as `add`; InvalidArgument where there are none."""
        total: Optional[EncryptedVector] = None
        for vector in vectors:
            if total is None:
                total = EncryptedVector(data_of(vector))
                self.terms(total)
            else:
                total = self.add(total, vector)
        if total is None:
            raise InvalidArgument("no vectors to add", "vectors")
        return total

    def __reduce__(self) -> tuple[Any, ...]:
        return _scheme, (self._key, self.count, self.magnitude, self.clients, self._threads)


def _scheme(key: bytes, count: int, magnitude: int, clients: int, threads: Optional[int]) -> PrivateSum:
    return PrivateSum(key, count, magnitude, clients, threads=threads)


def _integer(value: Any, where: str) -> int:
    """A whole number that a word of 64 bits holds: ctypes would cut others without a word."""
    try:
        number = value.__index__()
    except AttributeError:
        raise InvalidArgument(f"a whole number is needed, not {value!r}", where) from None
    if not _INT64.min <= number <= _INT64.max:
        raise InvalidArgument(f"{number} doesn't fit 64 bits", where)
    return int(number)


def _int32(value: Any, where: str) -> int:
    number = _integer(value, where)
    if not -(2**31) <= number < 2**31:
        raise InvalidArgument(f"{number} is out of range", where)
    return number
