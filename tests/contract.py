"""Every reply on the vendor's paths is held against the vendor's own OpenAPI file, where that file is at hand.

It is the vendor's and stays outside the repository: beside it in ``shared/spec``, or where the variable
CONTRACT_SPEC says. Without the file nothing is checked.

The file is OpenAPI 3.1, whose schemas are plain JSON Schema: ``null`` is a type there, and keys beside ``$ref`` count.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import jsonschema_rs
import orjson
import yaml

_BESIDE = Path(__file__).parents[2] / "shared" / "spec" / "openapi.2026-08.yml"
_PREFIX = "/v2/"

Schema = dict[str, Any]
NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": "string"}
ANY: Schema = {}
IDLE: Schema = {"enum": [{}, {"status": "unavailable", "results": [], "summary": {}}]}
ISO_Z: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
OWN_URL: Schema = {"type": "string", "pattern": "^(data:|file:///)"}
ERROR: Schema = {"$ref": "#/components/schemas/Error"}
DELETED: Schema = {
    "type": "object",
    "required": ["id", "status", "audio_url", "text"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "status": {"enum": ["completed", "error"]},
        "language_model": TEXT,
        "acoustic_model": TEXT,
        "audio_url": {"const": "http://deleted_by_user"},
        "webhook_url": {"const": "http://deleted_by_user"},
        "text": {"const": "Deleted by user."},
        "audio_duration": {"type": ["integer", "null"]},
        "project_id": {"type": "integer"},
        "token_id": {"type": "integer"},
    },
    "additionalProperties": {"enum": [False, None]},
}


class Deviation(NamedTuple):
    """What a reply may hold besides what the file says.

    ``where`` is a component schema, or a property of one below it; ``fits`` is allowed there too. A property that
    the file does not have is added by that. ``instead`` replaces what the file says.
    """

    where: str
    fits: Schema
    reason: str
    instead: bool = False


class Status(NamedTuple):
    """A status that the file does not list for an operation; ``schema`` is that of its JSON body, None for no JSON."""

    method: str
    path: str
    status: int
    schema: Schema | None
    reason: str


LIVE = "the live service sends it; the file does not know it"
NULLS = "the live service sends null while there is nothing to say"
SDK = "the official SDKs send it, and it is echoed; the file does not know it"

DEVIATIONS = (
    Deviation("Transcript", DELETED, "a deleted transcript is scrubbed: flags are false, the rest is null"),
    *(
        Deviation(f"Transcript.{name}", NULL, NULLS)
        for name in (
            "keyterms_prompt language_code language_detection_options prompt redact_pii_audio_options redact_pii_sub "
            "speech_model_used speech_understanding translated_texts"
        ).split()
    ),
    *(
        Deviation(f"Transcript.{name}", fits, LIVE)
        for name, fits in {
            "boost_param": {"enum": [None, "low", "default", "high"]},
            "custom_topics_results": NULL,
            "dual_channel": {"type": ["boolean", "null"]},
            "is_deleted": NULL,
            "keyterms_prompt_options": {"type": "object"},
            "language_detection_results": {"type": ["object", "null"]},
            "metadata": {"type": "object"},
            "project_id": {"type": "integer"},
            "redact_static_entities": {"type": ["object", "null"]},
            "speaker_options": {"type": ["object", "null"]},
            "token_id": {"type": "integer"},
            "word_boost": {"type": "array", "items": TEXT},
        }.items()
    ),
    *(
        Deviation(f"Transcript.language_detection_options.{name}", fits, SDK)
        for name, fits in {
            "on_low_language_confidence": {"enum": ["error", "fallback", None]},
            "on_no_speech_detected": {"enum": ["error", "fallback", None]},
        }.items()
    ),
    Deviation("Transcript.language_detection_options.swiss_german", {"type": ["boolean", "null"]}, SDK),
    Deviation("Transcript.language_detection_options.language_detection_model", {"type": ["string", "null"]}, SDK),
    Deviation("Transcript.content_safety_labels", IDLE, "never null: empty until completed, then unavailable"),
    Deviation("Transcript.iab_categories_result", IDLE, "never null: empty until completed, then unavailable"),
    Deviation("Entity.speaker", {"type": ["string", "null"]}, LIVE),
    Deviation("SpeechModel", {"const": "universal-3-pro"}, "still accepted in September 2026, and echoed"),
    Deviation(
        "Transcript.speech_model", {"enum": ["best", "nano", "slam-1", "universal"]}, "ours: echoed with the old quirk"
    ),
    Deviation("ContentSafetyLabel.severity", NULL, "some labels have no severity"),
    Deviation("PiiPolicy", TEXT, "unknown names are accepted silently and echoed"),
    Deviation("SentencesResponse.speech_model_used", TEXT, LIVE),
    Deviation("ParagraphsResponse.speech_model_used", TEXT, LIVE),
    Deviation("TranscriptListItem.created", ISO_Z, "recorded in June 2026 with a Z, which the file's pattern refuses"),
    Deviation(
        "TranscriptListItem.completed", ISO_Z, "recorded in June 2026 with a Z, which the file's pattern refuses"
    ),
    Deviation("Transcript.audio_url", OWN_URL, "ours: audio may also come as a data or a file URL, and is echoed"),
    Deviation("TranscriptListItem.audio_url", OWN_URL, "ours: audio may also come as a data or a file URL"),
    Deviation("TranscriptListItem.audio_url", {"const": "deleted_by_user"}, "recorded in August 2026 after a delete"),
    Deviation(
        "Transcript.speech_understanding.request",
        {"type": "object", "minProperties": 1},
        "tasks may be combined, which the file's oneOf refuses",
    ),
    Deviation(
        "Transcript.speech_understanding.response",
        {
            "type": "object",
            "properties": {
                name: {"$ref": f"#/components/schemas/{of}Response/properties/{name}"}
                for name, of in {
                    "translation": "Translation",
                    "speaker_identification": "SpeakerIdentification",
                    "custom_formatting": "CustomFormatting",
                    "summarization": "Summarization",
                    "action_items": "ActionItems",
                }.items()
            },
            "additionalProperties": False,
        },
        "no part of the file's oneOf requires anything, so that every response fits all of them, which oneOf refuses",
        instead=True,
    ),
    Deviation(
        "ActionItemsResponse.action_items",
        {
            "type": "object",
            "required": ["items", "status"],
            "properties": {"items": {"type": "array", "items": {"type": "object"}}, "status": TEXT},
        },
        "the file requires a key action_items inside of action_items",
        instead=True,
    ),
    Deviation(
        "ActionItemsRequestBody.action_items.include_decisions",
        {"type": ["boolean", "null"]},
        "the file says bool, which is no type",
        instead=True,
    ),
)

STATUSES = (
    Status("*", "*", 405, ERROR, "what the live service answers to a wrong method is unknown"),
    Status("*", "*", 413, ERROR, "what the live service answers to a body that is too long is unknown"),
    Status("*", "*", 403, ERROR, "the newest table of errors lists 403 for too many requests (quirk rate_limit_403)"),
    Status("OPTIONS", "*", 204, None, "a browser's preflight; the live service is open to browsers"),
    Status("POST", "/v2/transcript", 403, ERROR, "listed for the upload, but described as the answer to this request"),
    Status("POST", "/v2/upload", 507, ERROR, "ours: the disk is full"),
    Status(
        "GET",
        "/v2/transcript/{transcript_id}/redacted-audio",
        202,
        {
            "type": "object",
            "required": ["status", "redacted_audio_url"],
            "properties": {"status": {"enum": ["queued", "processing"]}, "redacted_audio_url": NULL},
            "additionalProperties": False,
        },
        "the Python SDK polls as long as it gets 202",
    ),
)

OUTSIDE = {"/v2/realtime/token": "the legacy token route, with a quirk; the file has it commented out"}


class BreachError(AssertionError):
    """A reply is not as the vendor's file says."""


class Answer(NamedTuple):
    """A reply, whichever client got it."""

    method: str
    path: str
    status: int
    media_type: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, response: httpx.Response) -> Answer:
        """Return a reply that httpx got."""
        request = response.request
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        return cls(
            request.method, request.url.path, response.status_code, media_type, response.headers, response.content
        )


class Contract:
    """What an OpenAPI file promises, deviations included; nothing is read or compiled before it is needed."""

    def __init__(
        self, file: Path, deviations: tuple[Deviation, ...] = DEVIATIONS, statuses: tuple[Status, ...] = STATUSES
    ) -> None:
        self.file = file
        self._deviations = deviations
        self._statuses = statuses
        self._compiled: dict[bytes, jsonschema_rs.Validator] = {}

    def check(self, answer: Answer) -> None:
        """Raise BreachError if a reply on one of the vendor's paths is not as promised."""
        if not answer.path.startswith(_PREFIX) or answer.path in OUTSIDE:
            return
        problems = list(self._problems(answer))
        if problems:
            head = f"{answer.method} {answer.path} was answered with {answer.status}, against {self.file.name}:"
            raise BreachError("\n  ".join([head, *problems]))

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = yaml.load(self.file.read_text(encoding="utf-8"), _Loader)
        schemas = document["components"]["schemas"]
        for deviation in self._deviations:
            _allow(schemas, deviation)
        return document

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], str]]:
        """Return patterns of the paths, those with the fewest parameters first."""
        paths = sorted(self._document["paths"], key=lambda path: path.count("{"))
        return [(re.compile(re.sub(r"\{\w+\}", "[^/]*", path)), path) for path in paths]

    def _problems(self, answer: Answer) -> Iterator[str]:
        path = next((path for pattern, path in self._paths if pattern.fullmatch(answer.path)), None)
        if path is None:
            if (answer.status, answer.media_type) != (404, "text/html"):
                yield "a path that the file does not have is answered with 404 and text/html"
            return
        method = "GET" if answer.method == "HEAD" else answer.method
        promised = self._document["paths"][path].get(method.lower(), {}).get("responses", {}).get(str(answer.status))
        if promised is None:
            yield from self._undocumented(answer, method, path)
            return
        if "$ref" in promised:
            promised = self._document["components"]["responses"][promised["$ref"].rsplit("/", 1)[1]]
        yield from self._headers(answer, promised.get("headers", {}))
        contents = promised.get("content")
        if not contents:
            return
        content = contents.get(answer.media_type)
        if content is None:
            yield f"Content-Type is {answer.media_type!r}, not one of {', '.join(contents)}"
        elif answer.method != "HEAD" and answer.media_type == "application/json":
            yield from self._body(answer.body, content["schema"])

    def _undocumented(self, answer: Answer, method: str, path: str) -> Iterator[str]:
        fit = [
            s
            for s in self._statuses
            if (s.status, s.method in ("*", method), s.path in ("*", path)) == (answer.status, True, True)
        ]
        if not fit:
            yield f"the file does not list status {answer.status}"
        elif fit[0].schema is not None and answer.method != "HEAD":
            yield from self._body(answer.body, fit[0].schema)

    def _headers(self, answer: Answer, promised: Mapping[str, Any]) -> Iterator[str]:
        for name, header in promised.items():
            value = answer.headers.get(name)
            if value is None:
                yield f"the header {name} is missing"
            else:
                yield from (f"{name}: {problem}" for problem in self._body(value.encode(), header["schema"]))

    def _body(self, body: bytes, schema: Schema) -> Iterator[str]:
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            yield f"it is not JSON ({error}): {body[:100]!r}"
            return
        validator = self._validator(schema)
        if not validator.is_valid(value):
            for found in validator.iter_errors(value):
                yield from _worded(found)

    def _validator(self, schema: Schema) -> jsonschema_rs.Validator:
        key = orjson.dumps(schema)
        if key not in self._compiled:
            whole = schema | {"components": self._document["components"]}
            self._compiled[key] = jsonschema_rs.Draft202012Validator(
                whole, formats={"url": _is_url}, validate_formats=True
            )
        return self._compiled[key]


def found_contract() -> Contract | None:
    """Return the vendor's contract, or None where there is no file."""
    named = os.environ.get("CONTRACT_SPEC")
    file = Path(named) if named else _BESIDE
    if named and not file.is_file():
        raise FileNotFoundError(f"CONTRACT_SPEC names {named}, which is no file")
    return Contract(file) if file.is_file() else None


class _Loader(yaml.SafeLoader):
    """Reads YAML as its version 1.2 does: the language code ``no`` is text, and so is a date."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def _allow(schemas: dict[str, Any], deviation: Deviation) -> None:
    name, *below = deviation.where.split(".")
    holder, key = schemas, name
    for part in below:
        holder, key = _properties(holder[key]), part
    said = holder.get(key)
    holder[key] = deviation.fits if said is None or deviation.instead else {"anyOf": [said, deviation.fits]}


def _properties(schema: Schema) -> dict[str, Any]:
    """Return the properties of a schema, also where another deviation stands beside it."""
    while "anyOf" in schema:
        schema = schema["anyOf"][0]
    properties: dict[str, Any] = schema["properties"]
    return properties


def _worded(error: jsonschema_rs.ValidationError) -> Iterator[str]:
    """Say what is wrong; of several alternatives the first counts, which is what the file itself says."""
    branches = getattr(error.kind, "context", None)
    if branches and branches[0]:
        for inner in branches[0]:
            yield from _worded(inner)
        return
    yield f"at {''.join(f'/{part}' for part in error.instance_path) or '/'}: {error.message[:500]}"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
