"""Read values from YAML nodes; every mistake is raised with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Read = Callable[[yaml.Node], Any]


class FixtureError(ValueError):
    """A mistake in a fixture file; ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


_MOST_NODES = 1_000_000
_DEEPEST = 200
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_LOADER):  # type: ignore[misc]
    """YAML in which only true and false are booleans, and a time like 1:30 is a string."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] in ("null", "merge")]
    for first, resolvers in _LOADER.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


class Reader:
    """Reads the values of one YAML document that lies in the file ``path``, or is only named so and reads no files."""

    def __init__(self, path: Path, loader: Any, *, reads_files: bool = True) -> None:
        self._path = path
        self._loader = loader
        self._reads_files = reads_files

    def mapping(self, node: yaml.Node, readers: Mapping[str, Read]) -> dict[str, Any]:
        """Read fields, each with its reader."""
        if not isinstance(node, yaml.MappingNode):
            raise FixtureError(line_of(node), f"expected fields ({', '.join(readers)}), not {_kind(node)}")
        fields: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in readers:
                raise FixtureError(line_of(key), f"unknown field {name!r}; there are: {', '.join(readers)}")
            if name in fields:
                raise FixtureError(line_of(key), f"{name!r} is given twice")
            fields[name] = readers[name](value)
        return fields

    def sequence(self, node: yaml.Node) -> list[yaml.Node]:
        """Read a list that is not empty."""
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            empty = "an empty one" if isinstance(node, yaml.SequenceNode) else _kind(node)
            raise FixtureError(line_of(node), f"expected a list, not {empty}")
        return list(node.value)

    def scalar(self, node: yaml.Node) -> Any:
        """Read one value of any type."""
        if not isinstance(node, yaml.ScalarNode):
            raise FixtureError(line_of(node), f"expected one value, not {_kind(node)}")
        return self._loader.construct_object(node)

    def text(self, node: yaml.Node) -> str:
        """Read one value as text."""
        if not isinstance(node, yaml.ScalarNode):
            raise FixtureError(line_of(node), f"expected one value, not {_kind(node)}")
        return str(node.value)

    def number(self, node: yaml.Node, wanted: str) -> float:
        """Read a number."""
        value = self.scalar(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FixtureError(line_of(node), f"expected {wanted}, not {node.value!r}")
        return value

    def seconds(self, node: yaml.Node) -> float:
        """Read a time in seconds."""
        value = self.number(node, "seconds")
        if not 0 <= value <= 10**8:
            raise FixtureError(line_of(node), f"expected seconds from 0 to 100000000, not {node.value}")
        return value

    def fraction(self, node: yaml.Node) -> float:
        """Read a number from 0 to 1."""
        value = self.number(node, "a number from 0 to 1")
        if not 0 <= value <= 1:
            raise FixtureError(line_of(node), f"expected a number from 0 to 1, not {node.value}")
        return float(value)

    def channel(self, node: yaml.Node) -> int:
        """Read the number of a channel."""
        value = self.number(node, "a channel")
        if value not in range(1, 33):
            raise FixtureError(line_of(node), f"channels count from 1 to 32, not {node.value}")
        return int(value)

    def sha256(self, node: yaml.Node) -> str:
        """Read a hash."""
        value = self.text(node).lower()
        if not re.fullmatch("[0-9a-f]{64}", value):
            raise FixtureError(line_of(node), "a sha256 has 64 hexadecimal digits")
        return value

    def one_of(self, values: Sequence[str]) -> Read:
        """Return a reader of one of some words."""

        def read(node: yaml.Node) -> str:
            value = self.text(node)
            if value not in values:
                raise FixtureError(line_of(node), f"expected one of {', '.join(values)}, not {value!r}")
            return value

        return read

    def file(self, node: yaml.Node) -> Path:
        """Read the path of a file that is there, relative to this one."""
        if not self._reads_files:
            raise FixtureError(line_of(node), f"{self.text(node)!r}: only a fixture in a file may name files")
        path = self._path.parent / self.text(node)
        if not path.is_file():
            raise FixtureError(line_of(node), f"there is no file {path}")
        return path

    def params(self, node: yaml.Node) -> dict[str, Any]:
        """Read request parameters."""
        if not isinstance(node, yaml.MappingNode):
            raise FixtureError(line_of(node), f"expected request parameters, not {_kind(node)}")
        params: dict[str, Any] = self._loader.construct_document(node)
        return params


def check_times(node: yaml.Node, fields: Mapping[str, Any]) -> None:
    """Refuse times of which one is missing, or that are in the wrong order."""
    start, end = fields.get("start"), fields.get("end")
    if (start is None) != (end is None):
        raise FixtureError(line_of(node), "start and end must be given together")
    if start is not None and end is not None and end < start:
        raise FixtureError(line_of(node), f"the end, {end}, is before the start, {start}")


def check_expansion(node: yaml.Node) -> None:
    """Refuse aliases that make a document endless, or far larger than what was written. Raises FixtureError."""
    if _size(node, {}) > _MOST_NODES:
        raise FixtureError(line_of(node), f"with its aliases this has more than {_MOST_NODES} values")


def check_depth(text: str) -> None:
    """Refuse what is nested so deeply that composing it would break the process. Raises FixtureError, YAMLError."""
    depth = 0
    for event in yaml.parse(text, Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise FixtureError(line_of(event), f"this is nested more than {_DEEPEST} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many nodes there are where every alias is written out."""
    size = known.get(id(node))
    if size is None:
        known[id(node)] = _MOST_NODES + 1  # what contains itself has no end
        children = node.value if isinstance(node, yaml.SequenceNode) else ()
        if isinstance(node, yaml.MappingNode):
            children = [child for pair in node.value for child in pair]
        size = known[id(node)] = 1 + sum(_size(child, known) for child in children)
    return size


def line_of(node: Any) -> int:
    """Return the line on which something stands, from 1."""
    return int(node.start_mark.line) + 1


def _kind(node: yaml.Node) -> str:
    kinds = {yaml.MappingNode: "fields", yaml.SequenceNode: "a list"}
    return next((name for cls, name in kinds.items() if isinstance(node, cls)), repr(node.value))


def millis(seconds: float | None) -> int | None:
    """Return seconds in milliseconds."""
    return None if seconds is None else round(seconds * 1000)


def micros(seconds: float | None) -> int | None:
    """Return seconds in microseconds."""
    return None if seconds is None else round(seconds * 1_000_000)
