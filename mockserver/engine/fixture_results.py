"""The results that a fixture gives itself, which then are not derived from what is said; times in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import yaml

from mockserver.engine.transcripts import UntimedTurn
from mockserver.engine.yaml_reader import FixtureError, Read, Reader, line_of, millis

MOODS = ("positive", "neutral", "negative")


def read_results(reader: Reader, node: yaml.Node) -> dict[str, Any]:
    """Read the field ``results``."""
    listed = partial(_list, reader)
    return reader.mapping(
        node,
        {
            "language_confidence": reader.fraction,
            "summary": reader.text,
            "entities": listed({"kind": reader.text, "text": reader.text}, "kind", "text"),
            "highlights": listed({"text": reader.text, "rank": reader.fraction}, "text"),
            "sentiment": listed(
                {"text": reader.text, "mood": reader.one_of(MOODS), "confidence": reader.fraction}, "text", "mood"
            ),
            "chapters": listed(_chapter_fields(reader), "headline", "start", "end"),
            "topics": listed({"text": reader.text, "labels": _by_name(reader, reader.fraction)}, "labels"),
            "content_safety": listed(
                {"text": reader.text, "labels": _by_name(reader, partial(_hazard, reader))}, "labels"
            ),
            "translations": _by_name(reader, reader.text),
            "speakers": _by_name(reader, reader.text),
            "action_items": lambda items: [reader.text(item) for item in reader.sequence(items)],
        },
    )


def _chapter_fields(reader: Reader) -> dict[str, Read]:
    def moment(node: yaml.Node) -> int | None:
        return millis(reader.seconds(node))

    texts = dict.fromkeys(("gist", "headline", "summary"), reader.text)
    return {**texts, "start": moment, "end": moment}


def _list(reader: Reader, fields: Mapping[str, Read], *needed: str) -> Read:
    def read(node: yaml.Node) -> list[dict[str, Any]]:
        return [_item(reader, item, fields, needed) for item in reader.sequence(node)]

    return read


def _item(reader: Reader, node: yaml.Node, fields: Mapping[str, Read], needed: Sequence[str]) -> dict[str, Any]:
    item = reader.mapping(node, fields)
    missing = [name for name in needed if name not in item]
    if missing:
        raise FixtureError(line_of(node), f"{' and '.join(missing)} must be given")
    return item


def _by_name(reader: Reader, read: Read) -> Read:
    """Return a reader of fields that may have any name."""

    def read_all(node: yaml.Node) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise FixtureError(line_of(node), "expected a field for each name")
        return {reader.text(key): read(value) for key, value in node.value}

    return read_all


def _hazard(reader: Reader, node: yaml.Node) -> dict[str, float]:
    """Read a confidence, or fields with a confidence and a severity."""
    if isinstance(node, yaml.ScalarNode):
        return {"confidence": reader.fraction(node)}
    return _item(reader, node, {"confidence": reader.fraction, "severity": reader.fraction}, ["confidence"])


def check_quotes(node: yaml.Node, results: Mapping[str, Any], turns: Sequence[UntimedTurn] | None) -> None:
    """Refuse results that quote what is not said."""
    if turns is None or not results:
        return
    from mockserver.engine.wording import bare

    said = f" {' '.join(filter(None, (bare(word.text) for turn in turns for word in turn.words)))} "
    for kind, quote in _quotes(results):
        if f" {' '.join(filter(None, map(bare, quote.split())))} " not in said:
            raise FixtureError(line_of(node), f"{kind}: {quote!r} is not said in the text")


def _quotes(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind in ("entities", "highlights", "sentiment", "topics", "content_safety"):
        for item in results.get(kind, ()):
            if item.get("text"):
                yield kind, item["text"]
