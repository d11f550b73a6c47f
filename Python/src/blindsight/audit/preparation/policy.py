# SPDX-License-Identifier: Apache-2.0
"""The policy file: what each attribute is, and which settings may be tried.

target = "salary"                 # what the model predicts: a sensitive or insensitive attribute

[attributes.name]
kind = "identifying"              # left out of everything

[attributes.age]
kind = "quasi-identifying"        # what others may know: generalized
number = true                     # intervals; without it, sets of values

[attributes.education]
kind = "quasi-identifying"
hierarchy = { School = ["9th", "10th"], College = ["Bachelors", { Graduate = ["Masters", "Doctorate"] }] }

[attributes.diagnosis]
kind = "sensitive"

[settings]                        # each combination is tried, as far as the time lasts
k = [2, 5, 10, 25]
l = [1, 2]
t = [1.0, 0.3]
seconds = 60
least_k = 5                       # what a setting needs to be chosen; least_l and most_t too
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from ..._errors import FileError, InvalidArgument, MissingPackage, Remedy

KINDS = ("identifying", "quasi-identifying", "sensitive", "insensitive")


@dataclass(frozen=True)
class Node:
    """A place of a hierarchy: its name, and the values below it. A leaf has no children."""

    name: str
    values: frozenset[str]
    children: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Attribute:
    """number: whether values are numbers, with an order and distances. hierarchy: of a category; None: sets."""

    name: str
    kind: str
    number: bool = False
    hierarchy: Optional[Node] = None


@dataclass(frozen=True)
class Settings:
    """k, l, t: what is tried. seconds: for how long. least_k, least_l, most_t: what a chosen setting has at least."""

    k: tuple[int, ...] = (2, 5, 10, 25, 50, 100)
    l: tuple[int, ...] = (1, 2)  # noqa: E741 (the field's name for it)
    t: tuple[float, ...] = (1.0, 0.3)
    seconds: float = 60.0
    least_k: int = 2
    least_l: int = 1
    most_t: float = 1.0


@dataclass(frozen=True)
class Policy:
    """attributes: by name, of every column of the table."""

    target: str
    attributes: dict[str, Attribute]
    settings: Settings = field(default_factory=Settings)

    def of(self, kind: str) -> list[Attribute]:
        return [attribute for attribute in self.attributes.values() if attribute.kind == kind]


def _node(name: str, content: Any, where: str) -> Node:
    children: list[Node] = []
    parts: list[Any] = [content] if isinstance(content, dict) else content
    if not isinstance(parts, list) or not parts:
        raise InvalidArgument(f"the hierarchy's {name!r} needs a list of values or further names", where)
    for part in parts:
        if isinstance(part, dict):
            children.extend(_node(str(key), value, where) for key, value in part.items())
        else:
            children.append(Node(str(part), frozenset([str(part)])))
    values: frozenset[str] = frozenset()
    for child in children:
        twice = values & child.values
        if twice:
            raise InvalidArgument(f"the hierarchy has {sorted(twice)[0]!r} twice", where)
        values |= child.values
    return Node(name, values, tuple(children))


def _attribute(name: str, content: Any) -> Attribute:
    where = f"attributes.{name}"
    if not isinstance(content, dict):
        raise InvalidArgument("a table is needed, with a kind", where)
    unknown = set(content) - {"kind", "number", "hierarchy"}
    if unknown:
        raise InvalidArgument(f"{sorted(unknown)[0]!r} is not known here: kind, number, hierarchy", where)
    kind, number = content.get("kind"), content.get("number", False)
    if kind not in KINDS:
        raise InvalidArgument(f"a kind is needed, one of {', '.join(KINDS)}; not {kind!r}", where)
    if not isinstance(number, bool):
        raise InvalidArgument("number is true or false", where)
    hierarchy = content.get("hierarchy")
    if number and hierarchy is not None:
        raise InvalidArgument("numbers have intervals, and no hierarchy", where)
    return Attribute(name, kind, number, None if hierarchy is None else _node("*", hierarchy, where))


def _numbers(content: dict[str, Any], name: str, default: Any, low: float, whole: bool) -> Any:
    value = content.get(name, default)
    many = isinstance(default, tuple)
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if (many != isinstance(value, (list, tuple))) or not values:
        raise InvalidArgument("a list of numbers is needed" if many else "a number is needed", f"settings.{name}")
    for one in values:
        if isinstance(one, bool) or not isinstance(one, int if whole else (int, float)) or one < low:
            raise InvalidArgument(
                f"{'whole ' if whole else ''}numbers of at least {low:g} are needed", f"settings.{name}"
            )
    return tuple(values) if many else values[0]


def _settings(content: Any) -> Settings:
    if not isinstance(content, dict):
        raise InvalidArgument("a table is needed", "settings")
    known = {
        "k": (1, True), "l": (1, True), "t": (0, False), "seconds": (0, False),
        "least_k": (1, True), "least_l": (1, True), "most_t": (0, False),
    }  # fmt: skip
    unknown = set(content) - set(known)
    if unknown:
        raise InvalidArgument(f"{sorted(unknown)[0]!r} is not known here: {', '.join(known)}", "settings")
    default = Settings()
    return Settings(**{name: _numbers(content, name, getattr(default, name), *rule) for name, rule in known.items()})


def parse_policy(content: dict[str, Any]) -> Policy:
    """A policy of what a TOML file says."""
    unknown = set(content) - {"target", "attributes", "settings"}
    if unknown:
        raise InvalidArgument(f"{sorted(unknown)[0]!r} is not known here: target, attributes, settings", "policy")
    named = content.get("attributes")
    if not isinstance(named, dict) or not named:
        raise InvalidArgument("attributes are needed: a table [attributes.NAME] for each column", "attributes")
    attributes = {name: _attribute(name, value) for name, value in named.items()}
    target = content.get("target")
    if not isinstance(target, str) or target not in attributes:
        raise InvalidArgument(f"the target {target!r} is none of the attributes", "target")
    if attributes[target].kind not in ("sensitive", "insensitive"):
        raise InvalidArgument(f"the target is {attributes[target].kind}: it must be sensitive or insensitive", "target")
    policy = Policy(target, attributes, _settings(content.get("settings", {})))
    if not policy.of("quasi-identifying"):
        raise InvalidArgument("no attribute is quasi-identifying: there is nothing to prepare", "attributes")
    return policy


def read_policy(path: Union[str, Path]) -> Policy:
    """Reads a TOML file. Raises FileError or InvalidArgument, which names what is wrong."""
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    try:
        toml = importlib.import_module(name)
    except ImportError as error:
        raise MissingPackage(
            "a policy file needs the package tomli", "tomli", (Remedy("pip install tomli"),)
        ) from error
    try:
        content = toml.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"the policy can't be read: {error}", str(path)) from error
    except toml.TOMLDecodeError as error:
        raise InvalidArgument(f"the policy is no TOML: {error}", str(path)) from error
    return parse_policy(content)
