# SPDX-License-Identifier: Apache-2.0
"""Certified plans: the owner's, with the model's weights, and the half for clients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from ._arrays import Layout, matrix
from ._errors import FormatError, InvalidArgument
from ._library import Borrowed, BytesLike, Handle, make
from ._predictions import Predictions
from ._progress import ProgressOption, run
from ._sealed import PathLike, write_file


class ClientPlan:
    """What clients know of a plan: parameters, encodings, what is proven. No weights.

    May be pickled, sent and kept like any public data.
    """

    def __init__(self, handle: Handle, columns: Optional[Sequence[str]] = None) -> None:
        self._handle = handle
        self._description = make("bs_client_plan_describe", handle.pointer).json()
        self._layout = Layout.of(self._description)
        self._columns = None if columns is None else tuple(columns)

    @classmethod
    def from_bytes(cls, data: BytesLike, *, columns: Optional[Sequence[str]] = None) -> ClientPlan:
        """Reads the bytes of client.plan; everything in them is checked.

        columns: names of a table's columns, where the plan itself knows none.
        """
        return cls(make("bs_client_plan_load", *Borrowed(data).arguments), columns)

    @classmethod
    def load(cls, path: PathLike) -> ClientPlan:
        """Reads a client.plan."""
        return cls.from_bytes(Path(path).read_bytes())

    def __bytes__(self) -> bytes:
        return bytes(make("bs_client_plan_serialize", self._handle.pointer).view())

    def save(self, path: PathLike) -> None:
        """Writes a client.plan; it appears whole or not at all."""
        write_file(path, bytes(self))

    @property
    def method(self) -> str:
        """How samples lie in ciphertexts: "slots", "features" or "paillier"."""
        return str(self._description["method"])

    @property
    def digest(self) -> str:
        """SHA-256 of the plan, in hexadecimal: requests and replies belong to one plan."""
        return str(self._description["digest"])

    @property
    def key_set(self) -> str:
        """SHA-256 of what keys depend on: plans of one key set share their keys."""
        return str(self._description["key_set"])

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of one sample."""
        return self._layout.shape

    @property
    def columns(self) -> Optional[tuple[str, ...]]:
        """Names by which a table's columns are found; None: by their order."""
        return self._layout.names or self._columns

    @property
    def classes(self) -> Optional[list[str]]:
        """Names of the labels; None for a regression, and where labels are numbers without names."""
        names = self._description.get("labels")
        return None if names is None else list(names)

    @property
    def samples_per_group(self) -> int:
        """Samples that one group of ciphertexts holds. A group that isn't full costs what a full one does."""
        return int(self._description["samples_per_group"])

    @property
    def is_certified(self) -> bool:
        """Whether it is proven that no result can wrap, for any input in the box."""
        return bool(self._description["certified"])

    @property
    def security_bits(self) -> int:
        """Of the keys."""
        return int(self._description["security_bits"])

    @property
    def request_bytes(self) -> int:
        """Of a full group."""
        return int(self._description["request_bytes"])

    @property
    def reply_bytes(self) -> int:
        """Of the reply to a full group."""
        return int(self._description["reply_bytes"])

    @property
    def evaluation_key_bytes(self) -> int:
        """Of what a client gives its server once."""
        return int(self._description["evaluation_key_bytes"])

    def groups(self, samples: int) -> int:
        """How many groups so many samples take."""
        return -(-samples // self.samples_per_group)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClientPlan) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"<ClientPlan {self.digest[:16]}: {self.method}, samples of {shape}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _client_plan, (bytes(self), self._columns)


def _client_plan(data: bytes, columns: Optional[tuple[str, ...]]) -> ClientPlan:
    return ClientPlan.from_bytes(data, columns=columns)


class Plan:
    """A certified plan: the model as it is served. Made by `compile`.

    It holds the model's weights: for the server, not for clients, who get `plan.client`. `print(plan)` shows what is
    proven, what a prediction costs and what became of the model's accuracy; a notebook shows it with plots.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        report: Optional[dict[str, Any]] = None,
        columns: Optional[Sequence[str]] = None,
    ) -> None:
        self._handle = handle
        self._report = report
        self.client = ClientPlan(make("bs_plan_client", handle.pointer), columns)

    @classmethod
    def from_bytes(cls, data: BytesLike) -> Plan:
        """Reads the bytes of server.plan.

        What takes long to prove is taken from them: their writer is trusted for it as for the weights.
        """
        return cls(make("bs_plan_load", *Borrowed(data).arguments))

    @classmethod
    def load(cls, path: PathLike) -> Plan:
        """Reads a server.plan, or the one in a folder that `save` or the command line wrote."""
        place = Path(path)
        return cls.from_bytes((place / "server.plan" if place.is_dir() else place).read_bytes())

    def __bytes__(self) -> bytes:
        return bytes(make("bs_plan_serialize", self._handle.pointer).view())

    def save(self, folder: PathLike) -> None:
        """Writes server.plan, client.plan and, for a plan that `compile` made, report.md with its plots.

        The files are those of the command line, and each appears whole or not at all.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        write_file(place / "server.plan", bytes(self))
        self.client.save(place / "client.plan")
        for plot in self.report.get("plots", ()):
            name = str(plot["name"])
            if "/" in name or name.startswith("."):
                raise FormatError(f"a plot called {name!r}")
            write_file(place / name, str(plot["svg"]).encode())
        if "markdown" in self.report:
            write_file(place / "report.md", str(self.report["markdown"]).encode())

    @property
    def report(self) -> dict[str, Any]:
        """What is proven, what it costs, and what quantization did: names and values, bytes, bits and milliseconds."""
        if self._report is None:
            self._report = make("bs_plan_report", self._handle.pointer).json()
        return self._report

    def simulate(self, samples: Any, *, clamp: bool = False, progress: ProgressOption = None) -> Predictions:
        """What a server would answer, bit for bit, without any encryption and at the speed of clear text.

        samples, clamp: as `Client.encrypt` takes them. The result says that it was simulated.
        """
        rows = matrix(samples, self.client._layout, self.client.columns)

        def body(callback: Any) -> Handle:
            return make(
                "bs_plan_simulate",
                self._handle.pointer,
                *rows.arguments,
                int(clamp),
                callback,
                None,
            )

        # Some microseconds a sample; nobody knows of large models.
        seconds = None if rows.count > 100 else 0.0
        handle = run(body, progress, "simulate", seconds)
        return Predictions(handle, self.client._description, is_encrypted=False)

    @property
    def _request_bytes(self) -> int:
        return self.client.request_bytes

    @property
    def _seconds_per_group(self) -> float:
        return float(self.report["estimated_ms"]) / 1000

    def __str__(self) -> str:
        return f"{self.report['text']}\n\n{self._learned}"

    @property
    def _learned(self) -> str:
        bits = self.report.get("function_privacy_bits")
        hidden = (
            f"and nothing else of the model, up to 2^-{bits} a reply"
            if bits
            else "and what else replies tell of the weights: function privacy is none"
        )
        return (
            "What the client learns\n"
            f"  the model's integer outputs for its samples, {hidden}.\n"
            "  From many outputs anybody can rebuild a model: limit queries by other means.\n"
            "What the server learns\n"
            "  nothing of the samples but how many there are. Never tell it whether a decryption went well."
        )

    def __repr__(self) -> str:
        return f"<Plan {self.client.digest[:16]}: {self.client.method}>"

    def _repr_html_(self) -> str:
        from ._html import page

        return page(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _plan, (bytes(self), self._report, self.client._columns)


def _plan(data: bytes, report: Optional[dict[str, Any]], columns: Optional[tuple[str, ...]]) -> Plan:
    handle = make("bs_plan_load", *Borrowed(data).arguments)
    return Plan(handle, report=report, columns=columns)


def option_text(options: dict[str, Any]) -> bytes:
    """Options of `compile` as the library takes them."""
    lines: list[str] = []

    def add(key: str, value: Any) -> None:
        text = str(value)
        if "\n" in text or "\0" in text:
            raise InvalidArgument("an option of one line is needed", key)
        lines.append(f"{key}={text}")

    for key, value in options.items():
        if value is None or value is False:
            continue
        if key in ("bits", "degrees"):
            ends = (value, value) if isinstance(value, int) else tuple(value)
            if len(ends) != 2:
                raise InvalidArgument("a pair such as (3, 8) is needed", key)
            add(key, f"{ends[0]}..{ends[1]}")
        elif key == "move":
            for node in [value] if isinstance(value, str) else value:
                add(key, node)
        else:
            add(key, "true" if value is True else value)
    return "\n".join(lines).encode()
