"""Values for schemas that clients send: always valid, always the same, sensible, and never at any price."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any, Literal

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from mockserver.engine.schema import SchemaError, check, invent

FACTS = {
    "person": ("Anna Schmidt", "Bob"),
    "company": ("Acme",),
    "email": ("anna@acme.example",),
    "phone": ("555 0100",),
    "number": ("48213",),
    "place": ("Berlin",),
    "date": ("Friday", "2026-03-04"),
    "url": ("https://acme.example/help",),
    "topic": ("order status", "refund"),
    "sentiment": ("negative",),
    "language": ("German", "de"),
    "amount": ("4",),
}
TEXTS = ("The shipment was late.", "Anna will call on Monday.", "Everybody agreed on the price.")


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Person(BaseModel):
    name: str
    email: str | None = None
    age: int = Field(ge=0, le=120)


class Task(BaseModel):
    title: str
    owner: Person
    mood: Mood
    steps: list[Task] = Field(max_length=5)
    parent: Task | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = Field(min_length=1)


class Zoo(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")
    scores: dict[str, float]
    pair: tuple[int, str]
    amount: float = Field(gt=0, lt=1, multiple_of=0.05)


STRICT = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"task": {"type": "string"}, "due": {"type": ["string", "null"], "format": "date"}},
                "required": ["task", "due"],
                "additionalProperties": False,
            },
        },
        "verdict": {"anyOf": [{"$ref": "#/$defs/verdict"}, {"type": "null"}]},
    },
    "required": ["summary", "items", "verdict"],
    "additionalProperties": False,
    "$defs": {"verdict": {"type": "string", "enum": ["pass", "fail"]}},
}
TREE = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["value", "children"],
    "additionalProperties": False,
}
LINKED = {
    "$defs": {
        "a": {
            "type": "object",
            "properties": {"b": {"anyOf": [{"$ref": "#/$defs/b"}, {"type": "null"}]}},
            "required": ["b"],
        },
        "b": {
            "type": "object",
            "properties": {"a": {"oneOf": [{"$ref": "#/$defs/a"}, {"const": 0}]}},
            "required": ["a"],
        },
    },
    "$ref": "#/$defs/a",
}
SCHEMAS: dict[str, Any] = {
    "anything": {},
    "true": True,
    "no type but properties": {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
    "list of types": {"type": ["integer", "null"]},
    "const": {"const": {"a": [1, None]}},
    "enum": {"enum": ["red", 2, None]},
    "enum that must fit": {"enum": ["red", 2, None], "type": "integer"},
    "default": {"type": "integer", "default": 42},
    "default that does not fit": {"type": "integer", "default": "many"},
    "additionalProperties only": {"type": "object", "additionalProperties": {"type": "number"}, "minProperties": 3},
    "patternProperties": {"type": "object", "patternProperties": {"^x-[a-z]{3}$": {"type": "integer"}}, "additionalProperties": False, "minProperties": 2},
    "propertyNames": {"type": "object", "propertyNames": {"pattern": "^[A-Z]{4,6}$"}, "minProperties": 2},
    "maxProperties": {"type": "object", "properties": {name: {"type": "string"} for name in "abcd"}, "required": ["c"], "maxProperties": 2},
    "dependentRequired": {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"], "dependentRequired": {"a": ["b"], "b": ["c"]}},
    "dependentSchemas": {"type": "object", "properties": {"a": {}}, "dependentSchemas": {"a": {"required": ["b"]}}},
    "prefixItems": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
    "items of an older draft": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}], "additionalItems": False, "minItems": 2},
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 1000}, "minContains": 2},
    "uniqueItems": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 5}, "uniqueItems": True, "minItems": 5},
    "unique texts": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 8},
    "anyOf": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "integer", "minimum": 5}]},
    "oneOf that overlaps": {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
    "oneOf of open objects": {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
    "allOf": {"allOf": [{"type": "object", "properties": {"a": {"minimum": 5}}, "required": ["a"]}, {"properties": {"a": {"type": "integer", "maximum": 6}, "b": {"type": "string"}}, "required": ["b"]}]},
    "allOf closed": {"allOf": [{"properties": {"a": {"type": "integer"}, "b": {}}, "additionalProperties": False}, {"properties": {"b": {"type": "null"}, "c": {}}, "required": ["b"]}], "type": "object"},
    "not": {"type": "integer", "minimum": 1, "maximum": 3, "not": {"enum": [1, 3]}},
    "not required": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "not": {"required": ["a"]}},
    "if and then": {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"], "if": {"properties": {"kind": {"const": "a"}}}, "then": {"required": ["x"]}, "else": {"required": ["y"]}},
    "$anchor": {"$defs": {"x": {"$anchor": "here", "type": "integer"}}, "type": "array", "items": {"$ref": "#here"}, "minItems": 1},
    "$id": {"$id": "https://example.com/a.json", "$defs": {"x": {"type": "integer"}}, "$ref": "a.json#/$defs/x"},
    "draft 7": {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"x": {"type": "string", "format": "email"}}, "$ref": "#/definitions/x"},
    "draft 4": {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 4},
    "lengths": {"type": "string", "minLength": 150, "maxLength": 160},
    "one character": {"type": "string", "maxLength": 1},
    "no character": {"type": "string", "maxLength": 0},
    "pattern": {"type": "string", "pattern": r"^[A-Z]{2}-\d{4}(-[^a-z]+)?$"},
    "long pattern": {"type": "string", "pattern": "^[a-z]+$", "minLength": 60, "maxLength": 64},
    "very long pattern": {"type": "string", "pattern": "^[a-z ]+$", "minLength": 900, "maxLength": 990},
    "pattern with look-ahead": {"type": "string", "pattern": r"^(?=.*\d)(?=.*[A-Z]).{8,}$"},
    "pattern of another script": {"type": "string", "pattern": "^[\\u4e00-\\u9fff]{40}$"},
    "multipleOf": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 1},
    "narrow": {"type": "number", "exclusiveMinimum": 0.001, "exclusiveMaximum": 0.0011},
    "big steps": {"type": "integer", "multipleOf": 1000},
    "below zero": {"type": "number", "maximum": -5.5},
    "strict": STRICT,
    "tree": TREE,
    "linked": LINKED,
    "person": Person.model_json_schema(),
    "task": Task.model_json_schema(),
    "zoo": Zoo.model_json_schema(),
}  # fmt: skip
FORMATS = ["date", "date-time", "time", "email", "uri", "uuid", "hostname", "ipv4", "ipv6", "duration"]


def is_valid(schema: Any, value: Any) -> bool:
    older = {"$schema": "http://json-schema.org/draft-07/schema#"}
    if isinstance(schema, dict) and isinstance(schema.get("items"), list):
        schema = {**schema, **older}
    return jsonschema_rs.is_valid(schema, value, validate_formats=True, offline=True)


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_a_value_is_valid_and_always_the_same(name: str, seed: str) -> None:
    schema = SCHEMAS[name]
    made = invent(schema, seed, TEXTS)
    assert is_valid(schema, made), made
    assert invent(pickle.loads(pickle.dumps(schema)), seed, TEXTS) == made


def test_another_process_makes_up_the_same_values() -> None:
    code = "import json; from tests.engine.test_schema import *; print(json.dumps([invent(s, 'x', TEXTS) for s in SCHEMAS.values()]))"
    runs = [subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True) for seed in ("1", "2")]  # fmt: skip
    assert json.loads(runs[0].stdout) == json.loads(runs[1].stdout) == [invent(s, "x", TEXTS) for s in SCHEMAS.values()]


def test_threads_do_not_disturb_each_other() -> None:
    alone = [invent(schema, "x", TEXTS) for schema in SCHEMAS.values()]
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(lambda: [invent(schema, "x", TEXTS) for schema in SCHEMAS.values()]) for _ in range(4)]
        assert all(run.result() == alone for run in runs)


def test_another_seed_makes_up_another_value() -> None:
    assert len({invent({"type": "string", "format": "uuid"}, str(seed)) for seed in range(10)}) == 10


def test_a_value_can_be_changed_without_changing_the_schema() -> None:
    schema = {"const": {"a": [1]}}
    invent(schema, "x")["a"].append(2)
    assert schema == {"const": {"a": [1]}}


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_is_kept(form: str) -> None:
    schema = {"type": "string", "format": form}
    assert all(is_valid(schema, invent(schema, str(seed), TEXTS)) for seed in range(20))


scalars = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": ["string", "null"]}),
    st.builds(lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more}, st.integers(-500, 500), st.integers(0, 50)),
    st.builds(lambda low, more: {"type": "number", "exclusiveMinimum": low, "maximum": low + more}, st.floats(-9, 9), st.floats(0.01, 9)),
    st.builds(lambda step: {"type": "integer", "multipleOf": step}, st.integers(1, 5000)),
    st.builds(lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more}, st.integers(0, 80), st.integers(0, 9)),
    st.builds(lambda form: {"type": "string", "format": form}, st.sampled_from(FORMATS)),
    st.builds(lambda pattern: {"type": "string", "pattern": pattern}, st.sampled_from(["^a+$", r"\d{3}", "^(x|yz){2,4}[^b]$", "^$"])),
    st.builds(lambda values: {"enum": values}, st.lists(st.integers() | st.text(max_size=5) | st.none(), min_size=1, max_size=4)),
)  # fmt: skip
names = st.sampled_from(
    ["name", "email", "score", "count", "summary", "tags", "id", "x y", "ä", "$ref", "enum", "properties",
     "guests", "order_number", "language_code", "due_date"]
)  # fmt: skip
told = (
    st.text(max_size=30)
    | st.integers(-50, 5000).map(str)
    | st.sampled_from(["2026-03-04", "a@b.example", "aa", "٣", "1e3"])
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(names, inner, max_size=4)
    return st.one_of(
        st.builds(lambda item, low, more: {"type": "array", "items": item, "minItems": low, "maxItems": low + more}, inner, st.integers(0, 4), st.integers(0, 3)),
        st.builds(lambda first, rest: {"type": "array", "prefixItems": first, "items": rest}, st.lists(inner, min_size=1, max_size=3), inner),
        st.builds(lambda item: {"type": "array", "contains": item}, inner),
        st.builds(lambda parts: {"type": "object", "properties": parts, "required": [*parts], "additionalProperties": False}, members),
        st.builds(lambda parts: {"type": "object", "properties": parts, "required": [*parts][:1]}, members),
        st.builds(lambda part, least: {"type": "object", "additionalProperties": part, "minProperties": least}, inner, st.integers(0, 3)),
        st.builds(lambda one, other: {"allOf": [{"type": "object", "properties": one}, {"properties": {"only": other}, "required": ["only"]}]}, members, inner),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one, other: {"type": "object", "properties": {"body": {"oneOf": [one, {"type": "object", "properties": {"only here": other}, "required": ["only here"], "additionalProperties": False}]}}, "required": ["body"]}, inner, inner),
        st.builds(lambda part: {"$defs": {"part": part}, "type": "array", "items": {"type": "object", "properties": {"part": True}}}, inner),
    )  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(st.recursive(scalars, nested, max_leaves=8), st.text(max_size=5), st.lists(st.text(max_size=30), max_size=3))
def test_whatever_the_schema_the_value_is_valid(schema: Any, seed: str, texts: list[str]) -> None:
    made = invent(schema, seed, texts)
    assert is_valid(schema, made), made
    assert invent(schema, seed, texts) == made


@settings(deadline=None, max_examples=200)
@given(
    st.recursive(scalars, nested, max_leaves=8), st.dictionaries(st.sampled_from([*FACTS]), st.lists(told, max_size=4))
)
def test_whatever_is_known_the_value_is_valid(schema: Any, facts: dict[str, list[str]]) -> None:
    made = invent(schema, "seed", TEXTS, facts=facts)
    assert is_valid(schema, made), made
    assert invent(schema, "seed", TEXTS, facts=facts) == made


def chained(count: int, step: Any, last: Any) -> dict[str, Any]:
    links = {f"d{place}": step({"$ref": f"#/$defs/d{place + 1}"}) for place in range(count)}
    return {"$defs": {**links, f"d{count}": last}, "$ref": "#/$defs/d0"}


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


HOSTILE: dict[str, tuple[Any, str]] = {
    "no schema": (None, "NoneType"),
    "a list": ([], "list"),
    "text": ("{}", "str"),
    "unknown type": ({"properties": {"a": {"type": "strin"}}}, r"strin.*\$\.properties\.a\.type"),
    "no JSON": ({"const": object()}, "object"),
    "names that are no text": ({1: 2}, "str"),
    "a schema on the web": ({"$ref": "http://127.0.0.1:9/a"}, "http://127.0.0.1:9/a"),
    "a schema in a file": ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "file:///etc/passwd"),
    "a schema beside it": ({"$ref": "other.json"}, "other.json"),
    "a draft on the web": ({"$schema": "http://127.0.0.1:9/draft"}, "http://127.0.0.1:9/draft"),
    "a reference to nothing": ({"$ref": "#/$defs/nobody"}, "nobody"),
    "too many items": ({"type": "array", "minItems": 10**9}, "minItems 1000000000"),
    "too many items below": ({"type": "object", "properties": {"a": {"type": "array", "minItems": 10**9}}, "required": ["a"]}, r"minItems.*\$\.a"),
    "too many items of items": ({"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000}}, "minItems"),
    "too long": ({"type": "string", "minLength": 10**9}, "minLength 1000000000"),
    "too many long ones": ({"type": "array", "minItems": 4000, "items": {"type": "string", "minLength": 100}}, "minLength|characters"),
    "too many repeats": ({"type": "string", "pattern": "^a{1000000000}$"}, "1000000000"),
    "repeats of repeats": ({"type": "string", "pattern": "^((a{90}){90}){60}$"}, "90"),
    "a pattern that nothing matches": ({"type": "string", "pattern": "(?!)"}, "pattern"),
    "a broken pattern": ({"type": "string", "pattern": "("}, "regex"),
    "a pattern that backtracks": ({"type": "string", "pattern": "^(?=a)((a+)+)+$(?<=b)", "minLength": 3000}, "pattern"),
    "not anything": ({"not": {}}, "false"),
    "false": (False, "false"),
    "false below": ({"type": "object", "properties": {"a": False}, "required": ["a"]}, r"false.*\$\.a"),
    "bounds that cross": ({"type": "integer", "minimum": 5, "maximum": 4}, "minimum 5.*maximum 4"),
    "lengths that cross": ({"type": "string", "minLength": 5, "maxLength": 4}, "minLength 5.*maxLength 4"),
    "types that exclude each other": ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "type"),
    "no type": ({"not": {"type": ["string", "number", "boolean", "object", "array", "null"]}}, "type"),
    "three different booleans": ({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 3}, "true nor false"),
    "itself": ({"$ref": "#"}, "itself"),
    "one another": (chained(1, lambda ref: ref, {"$ref": "#/$defs/d0"}), "itself"),
    "an object that needs itself": ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "deep"),
    "a list that needs itself": ({"type": "array", "items": {"$ref": "#"}, "minItems": 2}, "deep"),
    "branches that need themselves": ({"type": "object", "properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "required": ["a"]}, "deep|too many"),
    "too many properties": ({"type": "object", "required": [f"p{place}" for place in range(10_000)]}, "10000 properties"),
    "too deep a schema": (deep(500), "deep"),
    "too deep a value": (deep(80), "deep"),
    "a tree that grows too large": (chained(30, lambda ref: {"type": "object", "properties": {"l": ref, "r": ref}, "required": ["l", "r"]}, {}), "too many|properties"),
    "a long chain": (chained(20_000, lambda ref: ref, {"type": "string"}), "deep"),
    "doubling": (chained(30, lambda ref: {"allOf": [ref, ref]}, {"type": "string"}), "branches"),
    "doubling choices": (chained(30, lambda ref: {"oneOf": [ref, ref]}, {"type": "string"}), "branches"),
    "ten thousand parts": ({"allOf": [{"properties": {f"p{place}": {}}, "required": [f"p{place}"]} for place in range(10_000)]}, "too many"),
    "a number beyond all": ({"type": "number", "minimum": 10**400}, "float"),
    "half a character": ({"const": "\ud800"}, "surrogates"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_done_is_refused(name: str) -> None:
    schema, named = HOSTILE[name]
    with pytest.raises(SchemaError, match=f"(?s){named}"):
        invent(schema, "seed")


@pytest.mark.parametrize("schema", [None, 1, "x", {"type": "strin"}, {"$ref": "http://127.0.0.1:9/a"}, deep(500)])
def test_what_is_no_schema_is_refused_beforehand(schema: Any) -> None:
    with pytest.raises(SchemaError):
        check(schema)


def test_what_nothing_satisfies_is_a_schema_nevertheless() -> None:
    check({"not": {}})
    with pytest.raises(SchemaError):
        invent({"not": {}}, "seed")


def test_ten_thousand_optional_properties_are_filled_in_part() -> None:
    schema = {"type": "object", "properties": {f"p{place}": {"type": "integer"} for place in range(10_000)}}
    assert 1000 < len(invent(schema, "seed")) < 5000


def test_optional_properties_that_cannot_be_are_left_out() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array", "minItems": 10**9}}}
    assert list(invent(schema, "seed")) == ["a"]


def test_optional_properties_are_filled_and_keep_their_order() -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in ("z", "a", "m")}, "required": ["m"]}
    assert list(invent(schema, "seed")) == ["z", "a", "m"]


def depth(tree: dict[str, Any]) -> int:
    return 1 + max((depth(child) for child in tree["children"]), default=0)


@pytest.mark.parametrize("seed", "abcdef")
def test_recursion_is_shown_and_ends_soon(seed: str) -> None:
    assert 2 <= depth(invent(TREE, seed)) <= 4


def of_names(*names: str, kind: str = "string") -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": kind} for name in names}, "required": list(names)}


LOOKS = {
    "name": r"\w+\.? \w+.*",
    "email": r"[^@ ]+@example\.\w+",
    "customerEmail": r"[^@ ]+@example\.\w+",
    "phone_number": r"\+1-202-555-01\d\d",
    "url": r"https://www\.example\.com/\w+",
    "start_date": r"\d{4}-\d\d-\d\d",
    "start_time": r"\d\d:\d\d",
    "order_id": r"[0-9a-f-]{36}",
    "currency": "[A-Z]{3}",
    "company_name": r"[A-Z]\w+( |,|-).*",
    "product_name": r"[A-Z]\w+ [A-Z]\w+",
    "city": r"[A-Z][a-z]+.*",
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_property_is_filled_as_its_name_says(name: str) -> None:
    assert re.fullmatch(LOOKS[name], invent(of_names(name), "seed", TEXTS)[name])


@pytest.mark.parametrize(
    "name", ["guest", "agent", "caller", "patient", "customer", "speaker", "host", "invitedGuests"]
)
def test_a_property_for_a_person_is_filled_with_a_name(name: str) -> None:
    made = invent(of_names(name), "seed", TEXTS)[name]
    assert made not in TEXTS
    assert re.fullmatch(LOOKS["name"], made)


def test_the_agent_of_a_user_is_no_person() -> None:
    assert "/" in invent(of_names("user_agent"), "seed", TEXTS)["user_agent"]


def numbers(name: str, **bounds: float) -> Iterator[float]:
    schema = {"type": "object", "properties": {name: {"type": "number", **bounds}}, "required": [name]}
    return (invent(schema, str(seed))[name] for seed in range(30))


def test_numbers_are_what_their_names_let_expect() -> None:
    assert all(0 <= number <= 1 for number in numbers("confidence"))
    assert all(18 <= number <= 80 for number in numbers("age"))
    assert all(1 <= number <= 5 for number in numbers("rating"))
    assert all(50 <= number <= 100 for number in numbers("confidence", minimum=50, maximum=100))


def test_free_text_is_what_was_said_one_after_the_other() -> None:
    made = invent(of_names("summary", "quote", "description", "whatever"), "seed", TEXTS)
    assert list(made.values()) == [*TEXTS, TEXTS[0]]


def test_text_is_cut_between_words_and_padded() -> None:
    assert invent({"type": "string", "maxLength": 15}, "seed", TEXTS) == "The shipment"
    assert invent({"type": "string", "minLength": 30}, "seed", TEXTS).startswith(TEXTS[0])


def test_without_texts_a_sentence_is_made_up() -> None:
    assert re.fullmatch(r"[A-Z]\w*( \w+)+\.", invent({"type": "string"}, "seed"))


def test_examples_and_defaults_are_used_where_they_are_valid() -> None:
    assert invent({"type": "string", "examples": ["blue", 7]}, "seed", TEXTS) == "blue"
    assert invent({"type": "integer", "default": 42}, "seed") == 42
    assert invent({"type": "integer", "default": "many", "minimum": 3, "maximum": 3}, "seed") == 3


def known(schema: Any, facts: dict[str, tuple[str, ...]] = FACTS) -> Any:
    made = invent(schema, "seed", TEXTS, facts=facts)
    assert is_valid(schema, made), made
    return made


KNOWN = {
    "customer_name": "Anna Schmidt", "guest": "Anna Schmidt", "first_name": "Anna", "lastName": "Schmidt", "name_of_agent": "Anna Schmidt",
    "company": "Acme", "clientCompany": "Acme", "company_name": "Acme", "employer": "Acme",
    "email": "anna@acme.example", "customerEmail": "anna@acme.example", "phone": "555 0100", "phone_number": "555 0100", "contact_number": "555 0100",
    "order_number": "48213", "ticket_id": "48213", "reference": "48213", "invoiceNumber": "48213",
    "city": "Berlin", "venue_name": "Berlin", "location": "Berlin", "due_date": "Friday", "deadline": "Friday", "website": "https://acme.example/help",
    "topic": "order status", "category": "order status", "language": "German", "language_code": "de", "sentiment": "negative", "number_of_guests": "4",
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_a_property_says_what_is_known(name: str) -> None:
    assert known(of_names(name)) == {name: KNOWN[name]}


@pytest.mark.parametrize(
    "name", ["summary", "id", "birth_date", "product_name", "page_number", "country", "type_of_customer"]
)
def test_a_property_that_asks_for_nothing_known_is_made_up_as_ever(name: str) -> None:
    assert known(of_names(name)) == invent(of_names(name), "seed", TEXTS)


@pytest.mark.parametrize("name", KNOWN)
def test_a_property_of_which_nothing_is_known_is_made_up_as_ever(name: str) -> None:
    assert known(of_names(name), {"other": ("x",), "person": (), "language": ("  ",)}) == invent(
        of_names(name), "seed", TEXTS
    )


def test_what_is_known_is_used_in_its_order_and_then_again() -> None:
    made = known(of_names("customer_name", "agent", "owner", "email", "contact_email"))
    assert list(made.values()) == ["Anna Schmidt", "Bob", "Anna Schmidt", "anna@acme.example", "anna@acme.example"]


def test_a_list_has_as_many_elements_as_are_known() -> None:
    people = {"type": "array", "items": of_names("name", "company")}
    schema = {
        "type": "object",
        "properties": {"attendees": people, "tags": {"type": "array", "items": {"type": "string"}}},
    }
    assert known(schema) == {
        "attendees": [{"name": "Anna Schmidt", "company": "Acme"}, {"name": "Bob", "company": "Acme"}],
        "tags": ["order status", "refund"],
    }


REFUSED: dict[str, dict[str, Any]] = {
    "company": {"maxLength": 3},
    "city": {"minLength": 20},
    "order_number": {"pattern": "^ORD-[0-9]+$"},
    "ticket_id": {"format": "uuid"},
    "deadline": {"format": "date-time"},
    "language": {"not": {"const": "German"}},
    "employer": {"allOf": [{"pattern": "^X"}]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_known_gives_way_to_the_schema(name: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string", **REFUSED[name]}}, "required": [name]}
    assert known(schema)[name] != KNOWN[name]


def test_of_what_is_known_the_first_that_fits_is_used() -> None:
    date = {"type": "string", "format": "date"}
    assert known({"type": "object", "properties": {"due_date": date}, "required": ["due_date"]}) == {
        "due_date": "2026-03-04"
    }
    undated = known({"type": "object", "properties": {"date": date}, "required": ["date"]}, {"date": ("Friday",)})
    assert undated["date"] != "Friday"


def test_a_format_asks_for_what_is_known_whatever_the_name() -> None:
    schema = {
        "type": "object",
        "properties": {"contact": {"type": "string", "format": "email"}},
        "required": ["contact"],
    }
    assert known(schema) == {"contact": "anna@acme.example"}


def test_unique_elements_go_on_where_what_is_known_ends() -> None:
    people = {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 4}
    made = known({"type": "object", "properties": {"guests": people}, "required": ["guests"]})["guests"]
    assert made[:2] == ["Anna Schmidt", "Bob"]
    assert len({*made}) == 4


def test_what_the_rest_of_the_schema_forbids_does_not_stand_in_the_way() -> None:
    schema = {**of_names("city", "company"), "not": {"properties": {"city": {"const": "Berlin"}}}}
    assert known(schema)["city"] != "Berlin"


@pytest.mark.parametrize(
    ("name", "values", "chosen"),
    [
        ("sentiment", ["Positive", "Neutral", "Negative"], "Negative"),
        ("mood", ["NEGATIVE", "POSITIVE"], "NEGATIVE"),
        ("topic", ["billing", "other", "Refund"], "Refund"),
        ("intent", ["billing", "ORDER_STATUS", "refund"], "ORDER_STATUS"),
        ("language", ["en", "de", "fr"], "de"),
        ("office", ["Paris", "Berlin", None], "Berlin"),
        ("guests", [1, 2, 3, 4, 5], 4),
    ],
)
def test_an_enum_says_what_is_known(name: str, values: list[Any], chosen: Any) -> None:
    assert known({"type": "object", "properties": {name: {"enum": values}}, "required": [name]}) == {name: chosen}


def test_an_enum_of_other_things_is_chosen_from_as_ever() -> None:
    schema = {"type": "object", "properties": {"sentiment": {"enum": ["happy", "sad", 4]}}, "required": ["sentiment"]}
    assert known(schema) == invent(schema, "seed", TEXTS)


def test_a_list_of_an_enum_has_what_is_known() -> None:
    listed = {"type": "array", "items": {"$ref": "#/$defs/label"}}
    schema = {
        "type": "object",
        "properties": {"labels": listed},
        "$defs": {"label": {"enum": ["x", "Refund", "y", "Order status"]}},
    }
    assert known(schema) == {"labels": ["Order status", "Refund"]}


@pytest.mark.parametrize(
    "name", ["count", "people", "guests", "quantity", "number_of_rooms", "numberOfPeople", "guest_count", "party_size"]
)
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_a_number_is_what_was_said(name: str, kind: str) -> None:
    assert known(of_names(name, kind=kind)) == {name: 4}


def test_a_number_keeps_its_bounds_whatever_was_said() -> None:
    def guests(*said: str, **bounds: int) -> Any:
        schema = {"type": "object", "properties": {"guests": {"type": "integer", **bounds}}, "required": ["guests"]}
        return known(schema, {"amount": said})["guests"]

    assert guests("4", "12", minimum=10) == 12
    assert guests("4", minimum=10) >= 10
    assert guests("4", exclusiveMaximum=4) < 4
    assert guests("4", multipleOf=3) % 3 == 0
    assert guests("four", "007", "٣", "9" * 400, "8") == 8


def test_a_number_for_an_order_is_no_amount() -> None:
    assert known(of_names("order_number", "age", "priority", kind="integer"))["order_number"] == 48213
    assert known(of_names("age", kind="integer")) == invent(of_names("age", kind="integer"), "seed", TEXTS)


def test_what_is_known_comes_before_examples_and_defaults() -> None:
    properties = {"city": {"type": "string", "examples": ["Rome"]}, "people": {"type": "integer", "default": 1}}
    assert known({"type": "object", "properties": properties}) == {"city": "Berlin", "people": 4}
    assert known({"type": "object", "properties": properties}, {}) == {"city": "Rome", "people": 1}
