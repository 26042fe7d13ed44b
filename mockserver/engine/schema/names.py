"""What the name of a property, or a format, lets one expect of a string."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from faker import Faker

Maker = Callable[["Faker", random.Random], str]

_PEOPLE = frozenset(
    "agent assignee attendee author caller client contact customer employee guest host manager member owner "
    "participant patient person recipient reporter sender speaker student teacher user".split()
)
_PHONES = ("phone", "phone_number", "telephone", "telephone_number", "mobile", "mobile_number", "contact_number", "tel")
_NUMBERED = (
    "account booking case claim confirmation invoice order policy reference reservation shipment ticket tracking "
    "transaction"
).split()
_THINGS = frozenset("adult child children copy item kid night passenger people person room seat ticket unit".split())


def _faked(what: str) -> Maker:
    return lambda fake, rng: str(getattr(fake, what)())


def _one_of(*words: str) -> Maker:
    return lambda fake, rng: rng.choice(words)


def _address(fake: Faker, _rng: random.Random) -> str:
    return str(fake.address()).replace("\n", ", ")


def _moment(fake: Faker, rng: random.Random) -> str:
    return f"{_date(fake, rng)}T{_time(fake, rng)}"


def _date(_fake: Faker, rng: random.Random) -> str:
    return f"{rng.randint(2024, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _time(_fake: Faker, rng: random.Random) -> str:
    return f"{rng.randint(8, 18):02}:{rng.choice((0, 15, 30, 45)):02}:00Z"


def _clock_time(_fake: Faker, rng: random.Random) -> str:
    return f"{rng.randint(8, 18):02}:{rng.choice((0, 15, 30, 45)):02}"


def _uuid(_fake: Faker, rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _url(fake: Faker, _rng: random.Random) -> str:
    return f"https://www.example.com/{fake.word()}"


def _title(fake: Faker, _rng: random.Random) -> str:
    return str(fake.sentence(nb_words=4)).rstrip(".")


def _label(fake: Faker, _rng: random.Random) -> str:
    return f"{fake.word()} {fake.word()}".title()


def _count(_fake: Faker, rng: random.Random) -> str:
    return str(rng.randint(1, 20))


def _phone(_fake: Faker, rng: random.Random) -> str:
    return f"+1-202-555-01{rng.randint(10, 99)}"


_FORMATS: dict[str, Maker] = {
    "date": _date,
    "date-time": _moment,
    "time": _time,
    "duration": lambda fake, rng: f"PT{rng.randint(1, 90)}M",
    "email": _faked("email"),
    "idn-email": _faked("email"),
    "uri": _url,
    "iri": _url,
    "url": _url,
    "uri-reference": _url,
    "iri-reference": _url,
    "uri-template": _url,
    "uuid": _uuid,
    "hostname": lambda fake, rng: f"{fake.word()}.example.com",
    "idn-hostname": lambda fake, rng: f"{fake.word()}.example.com",
    "ipv4": lambda fake, rng: f"192.0.2.{rng.randint(1, 254)}",
    "ipv6": lambda fake, rng: f"2001:db8::{rng.randint(1, 0xFFFF):x}",
    "json-pointer": lambda fake, rng: f"/{fake.word()}",
    "relative-json-pointer": lambda fake, rng: f"{rng.randint(0, 3)}/{fake.word()}",
    "regex": lambda fake, rng: f"^{fake.word()}$",
}
_NAMES: dict[str, Maker] = {
    **dict.fromkeys(("name", "full_name", *_PEOPLE), _faked("name")),
    **dict.fromkeys(("first_name", "firstname", "given_name"), _faked("first_name")),
    **dict.fromkeys(("last_name", "lastname", "surname", "family_name"), _faked("last_name")),
    **dict.fromkeys(("email", "email_address", "mail"), _FORMATS["email"]),
    **dict.fromkeys((*_PHONES, "fax"), _phone),
    **dict.fromkeys(("company", "organization", "organisation", "employer"), _faked("company")),
    **dict.fromkeys(("street", "street_address", "address_line"), _faked("street_address")),
    **dict.fromkeys(("address", "location"), _address),
    **dict.fromkeys(("zip", "zip_code", "zipcode", "postcode", "postal_code"), _faked("postcode")),
    **dict.fromkeys(("url", "uri", "link", "website", "homepage", "href"), _url),
    **dict.fromkeys(
        ("date", "day", "due", "deadline", "birthday", "birthdate", "birth_date", "date_of_birth", "dob"), _date
    ),
    **dict.fromkeys(("datetime", "timestamp", "created_at", "updated_at", "date_time"), _moment),
    **dict.fromkeys(("id", "uuid", "guid", "identifier"), _uuid),
    **dict.fromkeys(("category", "tag", "keyword", "topic"), _faked("word")),
    **dict.fromkeys(("color", "colour"), _faked("color_name")),
    **dict.fromkeys(("username", "user_name"), _faked("user_name")),
    **dict.fromkeys(("title", "subject", "headline", "heading"), _title),
    **dict.fromkeys(("job", "job_title", "occupation", "profession", "role"), _faked("job")),
    "user_agent": _faked("user_agent"),
    "city": _faked("city"),
    "country": _faked("country"),
    "country_code": _faked("country_code"),
    "state": _faked("state"),
    "time": _clock_time,
    "month": _faked("month_name"),
    "weekday": _faked("day_of_week"),
    "language": _one_of("English", "Spanish", "French", "German", "Italian", "Japanese"),
    "language_code": _one_of("en", "es", "fr", "de", "it", "ja"),
    "currency": _one_of("USD", "EUR", "GBP", "JPY", "CHF"),
    "status": _one_of("open", "in progress", "done"),
    "priority": _one_of("low", "medium", "high"),
    "sentiment": _one_of("positive", "neutral", "negative"),
    "slug": lambda fake, rng: f"{fake.word()}-{fake.word()}",
    "label": _label,
}
_KINDS: dict[str, str] = {
    **dict.fromkeys(("name", "full_name", *_PEOPLE, "people"), "person"),
    **dict.fromkeys(("first_name", "firstname", "given_name"), "first_name"),
    **dict.fromkeys(("last_name", "lastname", "surname", "family_name"), "last_name"),
    **dict.fromkeys(("company", "organization", "organisation", "employer"), "company"),
    **dict.fromkeys(("email", "email_address", "mail"), "email"),
    **dict.fromkeys(_PHONES, "phone"),
    **dict.fromkeys(("number", "reference", "confirmation_code", "booking_code"), "number"),
    **dict.fromkeys((f"{thing}_id" for thing in _NUMBERED), "number"),
    **dict.fromkeys(("city", "town", "location", "venue", "place", "destination"), "place"),
    **dict.fromkeys(("date", "day", "due", "due_date", "deadline"), "date"),
    **dict.fromkeys(("url", "uri", "link", "website", "homepage", "href"), "url"),
    **dict.fromkeys(("topic", "keyword", "tag", "category", "subject"), "topic"),
    **dict.fromkeys(("count", "quantity", "qty"), "amount"),
    **{kind: kind for kind in ("language", "language_code", "sentiment")},
}
_FORMAT_KINDS = {"email": "email", "idn-email": "email", "uri": "url", "iri": "url", "url": "url"}
_COUNTS = frozenset(
    {"count", "headcount", "quantity", "qty", "amount", "party_size", "group_size", "how_many", "people"}
)
_COUNTED = re.compile(r"(total_)?(number_of|num|no_of|count_of|how_many)_\w+")
_UNKNOWN = frozenset({"birth_date", "fax_number", "house_number", "line_number", "page_number", "row_number"})


@lru_cache(4096)
def tails(name: str) -> tuple[str, ...]:
    """Return the name as words in lower case and singular, then what is left of it without its first words."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:80])
    words = [word for word in re.split(r"[^a-z0-9]+", snake.lower()) if word]
    if words and len(words[-1]) > 3 and words[-1].endswith("s") and not words[-1].endswith(("ss", "us")):
        words[-1] = words[-1][:-3] + "y" if words[-1].endswith("ies") else words[-1][:-1]
    if words and words[-1] in ("addresse", "statuse"):
        words[-1] = words[-1][:-1]
    return tuple("_".join(words[first:]) for first in range(len(words)))


def of_format(form: str) -> Maker | None:
    """Return what makes up strings of that format; None if it is not known."""
    return _FORMATS.get(form)


def of_name(name: str) -> Maker | None:
    """Return what makes up strings for a property of that name; None if it can say anything."""
    words = _naming(tails(name))
    return _count if _is_count(words) else next((_NAMES[word] for word in words if word in _NAMES), None)


def kind_of(name: str, form: str | None = None) -> str | None:
    """Return the kind of facts that a string of that format and for a property of that name says; None for none."""
    if form in _FORMAT_KINDS:
        return _FORMAT_KINDS[form]
    words = _naming(tails(name))
    known = next((word for word in words if word in _KINDS or word in _NAMES or word in _UNKNOWN), "")
    return "amount" if _is_count(words) else None if known in _UNKNOWN else _KINDS.get(known)


def numeric_kind_of(name: str) -> str | None:
    """Return the kind of facts that a number for a property of that name says; None for none."""
    words = tails(name)
    are_many = name.lower().endswith("s") and words[-1:] and words[-1] in _PEOPLE | _THINGS
    if are_many or _is_count(words) or not _COUNTS.isdisjoint(words):
        return "amount"
    return "number" if len(words) > 1 and kind_of(name) == "number" else None


def _is_count(words: tuple[str, ...]) -> bool:
    return bool(words) and _COUNTED.fullmatch(words[0]) is not None


def _naming(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words to look up: the name of a company or a thing is none of a person."""
    if not words or words[0] in _NAMES or _is_count(words):
        return words
    if "_of_" in words[0]:
        return _naming(tails(words[0].split("_of_")[0]))
    if not words[0].endswith("_name"):
        return words
    owner = words[0].removesuffix("_name")
    if owner.rsplit("_", 1)[-1] in _PEOPLE or (words[1] in _NAMES and words[1] != "name"):
        return words
    return (owner if owner in _NAMES else "label",) if owner not in _KINDS else (owner, "label")
