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
    **dict.fromkeys(("phone", "phone_number", "telephone", "mobile", "tel", "fax"), _phone),
    **dict.fromkeys(("company", "organization", "organisation", "employer"), _faked("company")),
    **dict.fromkeys(("street", "street_address", "address_line"), _faked("street_address")),
    **dict.fromkeys(("address", "location"), _address),
    **dict.fromkeys(("zip", "zip_code", "zipcode", "postcode", "postal_code"), _faked("postcode")),
    **dict.fromkeys(("url", "uri", "link", "website", "homepage", "href"), _url),
    **dict.fromkeys(("date", "day", "due", "deadline", "birthday", "birthdate", "dob"), _date),
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
    return next((_NAMES[word] for word in _naming(tails(name)) if word in _NAMES), None)


def _naming(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words to look up: the name of a company or a thing is none of a person."""
    if not words or words[0] in _NAMES or not words[0].endswith("_name"):
        return words
    owner = words[0].removesuffix("_name")
    if owner.rsplit("_", 1)[-1] in _PEOPLE or (words[1] in _NAMES and words[1] != "name"):
        return words
    return (owner if owner in _NAMES else "label",)
