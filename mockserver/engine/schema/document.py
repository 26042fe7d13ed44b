"""A JSON Schema that a client sent: what its references mean, and which values it accepts; nothing is ever fetched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin

if TYPE_CHECKING:
    from jsonschema_rs import Validator

MOST_BRANCHES = 100_000
DEEPEST = 200
_OWN = "mock:schema"
_BACKTRACKS = 10_000
_COMPILED = 300_000
"""How much may be compiled to look at parts of a schema: the size of the whole, for each part."""
_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
_LITERALS = frozenset({"enum", "const", "default", "examples", "example"})
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_PLACES = frozenset({"$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$schema", *_REFERENCES})
_OLDER = ("http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-04/schema#")
_SAME_VALUE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "$ref")


class SchemaError(ValueError):
    """The schema is not valid, or nothing satisfies it (within bounds); the message names what and where."""


def compiled(schema: Any, **options: Any) -> Validator:
    """Return what holds values against a schema; raise ``SchemaError`` if it is none."""
    import jsonschema_rs

    limited = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS)
    if not isinstance(schema, dict | bool):
        raise SchemaError(f"a schema is an object or a boolean, not {type(schema).__name__}")
    try:
        return jsonschema_rs.validator_for(schema, offline=True, pattern_options=limited, **options)
    except jsonschema_rs.ValidationError as error:
        raise SchemaError(f"{_message(error)} at {pointer(error.instance_path)}") from error
    except Exception as error:
        raise SchemaError(f"the schema cannot be read: {error}") from error


def _understood(schema: Any) -> tuple[str | None, Validator]:
    """Return the draft that the schema is written for, if it has to be said, and the validator."""
    try:
        return (schema.get("$schema") if isinstance(schema, dict) else None), compiled(schema)
    except SchemaError:
        if not isinstance(schema, dict) or "$schema" in schema:
            raise
        for dialect in _OLDER:
            with suppress(SchemaError):
                return dialect, compiled({**schema, "$schema": dialect})
        raise


def pointer(path: Any) -> str:
    """Return a path as it is written for people."""
    return "".join(["$", *(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)])


def _message(error: Any) -> str:
    message = str(error.message)
    return message if len(message) < 300 else message[:297] + "..."


class Document:
    """A schema as a whole, with references that do not depend on where they stand."""

    def __init__(self, schema: Any) -> None:
        if isinstance(schema, dict):
            _refuse_excess(schema)
        self._places = dict(_places(schema, "", "")) | {"": ""}
        self.root = self._rewritten(schema, "")
        self._known: dict[str, Any] = {}
        self._parts: dict[int, tuple[Any, Validator | None]] = {}
        self._texts: dict[tuple[str, str], Validator] = {}
        self._compilable = max(20, _COMPILED // (1 + sum(1 for _ in _nodes(schema))))
        self._refuse_bombs()
        self._dialect, self._validator = _understood(schema)

    def target(self, reference: str) -> Any:
        """Return the schema that a rewritten reference means."""
        if reference not in self._known:
            self._known[reference] = self._found(reference)
        return self._known[reference]

    def _known_target(self, reference: str) -> Any:
        try:
            return self.target(reference)
        except SchemaError:
            return None

    def fault(self, value: Any) -> str | None:
        """Return why the value is not valid; None if it is."""
        import jsonschema_rs

        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return f"{error.kind.name}: {_message(error)} at {pointer(error.instance_path)}"
        return None

    def accepts(self, part: Any, value: Any) -> bool:
        """Say whether the value is valid under a part of the schema; it counts as valid where that costs too much."""
        if isinstance(part, bool):
            return part
        if id(part) not in self._parts:
            self._parts[id(part)] = (part, self._compiled(part))
        validator = self._parts[id(part)][1]
        return validator is None or validator.is_valid(value)

    def matches(self, asked: str, text: str, keyword: str = "pattern") -> bool:
        """Say whether the regular expression is found in the text, or whether it has the ``format`` that is asked."""
        if (keyword, asked) not in self._texts:
            self._texts[keyword, asked] = compiled({keyword: asked}, validate_formats=True)
        return self._texts[keyword, asked].is_valid(text)

    def _compiled(self, part: dict[str, Any]) -> Validator | None:
        import jsonschema_rs

        self._compilable -= 1
        if self._compilable < 0:
            return None
        dialect = {"$schema": self._dialect} if self._dialect else {}
        try:
            registry = jsonschema_rs.Registry([(_OWN, {**self.root, **dialect})])
            return compiled({**part, **dialect}, registry=registry)
        except Exception:
            return None

    def _rewritten(self, node: Any, base: str, *, named: bool = False) -> Any:
        if isinstance(node, list):
            return [self._rewritten(each, base) for each in node]
        if not isinstance(node, dict):
            return node
        if named:
            return {key: self._rewritten(value, base) for key, value in node.items()}
        base = _base(node, base)
        plain = {
            key: value if key in _LITERALS else self._rewritten(value, base, named=key in _MAPS)
            for key, value in node.items()
            if key not in _PLACES or not isinstance(value, str | bool)
        }
        references = [self._absolute(node[key], base) for key in _REFERENCES if isinstance(node.get(key), str)]
        return _referring(plain, references)

    def _absolute(self, reference: str, base: str) -> str:
        full = base + reference if reference.startswith("#") else urljoin(base, reference)
        if full in self._places:
            return f"{_OWN}#{self._places[full]}"
        address, fragment = urldefrag(full)
        if address in self._places and (not fragment or fragment.startswith("/")):
            return f"{_OWN}#{self._places[address]}{fragment}"
        return full

    def _found(self, reference: str) -> Any:
        if not reference.startswith(_OWN + "#"):
            raise SchemaError(f"$ref {reference!r} is not part of the schema")
        node = self.root
        for step in reference.removeprefix(_OWN + "#").split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise SchemaError(f"$ref {reference.removeprefix(_OWN)!r} leads nowhere") from error
        return node

    def _refuse_bombs(self) -> None:
        if self._branches(self.root, {}, 0) > MOST_BRANCHES:
            raise SchemaError("the schema has too many branches: its allOf, anyOf, oneOf and $ref multiply")

    def _branches(self, node: Any, known: dict[int, int], depth: int) -> int:
        """Return about how often a part of a value is looked at."""
        if not isinstance(node, dict):
            return 0
        if depth > DEEPEST:
            raise SchemaError(f"the schema is nested more than {DEEPEST} levels deep")
        if id(node) not in known:
            known[id(node)] = 1
            same, below = 1, 0
            for keyword, child in self._children(node):
                branches = self._branches(child, known, depth + 1)
                same, below = (same + branches, below) if keyword in _SAME_VALUE else (same, max(below, branches))
            known[id(node)] = same + below
        return known[id(node)]

    def _children(self, node: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in node.items():
            if key in _LITERALS or key in ("$defs", "definitions"):
                continue
            if key == "$ref" and isinstance(value, str):
                yield key, self._known_target(value)
            elif isinstance(value, list):
                yield from ((key, each) for each in value)
            elif isinstance(value, dict):
                yield from ((key, each) for each in (value.values() if key in _MAPS else (value,)))


def _referring(plain: dict[str, Any], references: list[str]) -> dict[str, Any]:
    if references:
        plain["$ref"] = references[0]
    if references[1:]:
        plain["allOf"] = [*plain.get("allOf", ()), *({"$ref": reference} for reference in references[1:])]
    return plain


def _nodes(node: Any) -> Iterator[Any]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())


def _refuse_excess(schema: dict[str, Any]) -> None:
    level: list[Any] = [schema]
    for _ in range(DEEPEST):
        lists = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [value for values in lists for value in values]
        if not level:
            return
    raise SchemaError(f"the schema is nested more than {DEEPEST} levels deep")


def _base(node: dict[str, Any], base: str) -> str:
    identity = node.get("$id")
    return urldefrag(urljoin(base, identity))[0] if isinstance(identity, str) else base


def _places(node: Any, base: str, path: str, *, named: bool = False) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for place, each in enumerate(node):
            yield from _places(each, base, f"{path}/{place}")
    if not isinstance(node, dict):
        return
    if not named:
        if isinstance(identity := node.get("$id"), str):
            yield urljoin(base, identity).removesuffix("#"), path
            base = _base(node, base)
        anchors = [node.get("$anchor"), node.get("$dynamicAnchor")]
        yield from ((f"{base}#{anchor}", path) for anchor in anchors if isinstance(anchor, str))
    for key, value in node.items():
        if named or key not in _LITERALS:
            step = str(key).replace("~", "~0").replace("/", "~1")
            yield from _places(value, base, f"{path}/{step}", named=not named and key in _MAPS)
