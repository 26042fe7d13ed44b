"""Strings for a JSON Schema: by format, by regular expression, by the name of the property, or from what was said."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mockserver.engine.schema.merging import ImpossibleError
from mockserver.engine.schema.parts import Budget, SpentError

if TYPE_CHECKING:
    from faker import Faker

_TRIES = 12
_REPEATS, _MOST_REPEATS = 4, 1000
_ANY_NUMBER = 100
"""What an open end of repeats is to the library that follows the expression."""
_CANDIDATES, _ALL_CANDIDATES = 200_000, 1_000_000
"""How many characters may be chosen among for one text, and for all, that regular expressions describe."""
_LONGEST_PATTERNED = 10_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_PEOPLE = frozenset(
    "agent assignee attendee author caller client contact customer employee full guest host manager member owner "
    "participant patient person recipient reporter sender speaker student teacher user".split()
)
_CLASSES = (
    (re.compile(r"\\p\{(?:L|Letter|Alphabetic|Ll|Lowercase_Letter)\}"), "a-z"),
    (re.compile(r"\\p\{(?:Lu|Uppercase_Letter)\}"), "A-Z"),
    (re.compile(r"\\p\{(?:N|Nd|Number|Digit)\}"), "0-9"),
)
_WIDE_RANGE = re.compile(r"(\\u[0-9a-fA-F]{4}|[^\x00-\x7f])-(\\u[0-9a-fA-F]{4}|[^\x00-\x7f])")
_WIDEST = 64
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")
_BACK_REFERENCE = re.compile(r"\\k<(\w+)>")

Maker = Callable[["Faker", random.Random], str]


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
    "email": lambda fake, rng: fake.email(),
    "idn-email": lambda fake, rng: fake.email(),
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
    **{name: (lambda fake, rng: fake.name()) for name in ("name", "full_name", "person", "speaker", "author")},
    **{name: (lambda fake, rng: fake.name()) for name in ("assignee", "owner", "customer", "attendee", "participant")},
    **{name: (lambda fake, rng: fake.first_name()) for name in ("first_name", "firstname", "given_name")},
    **{name: (lambda fake, rng: fake.last_name()) for name in ("last_name", "lastname", "surname", "family_name")},
    **dict.fromkeys(("email", "email_address", "mail"), _FORMATS["email"]),
    **dict.fromkeys(("phone", "phone_number", "telephone", "mobile", "tel", "fax"), _phone),
    **{name: (lambda fake, rng: fake.company()) for name in ("company", "organization", "organisation", "employer")},
    **{name: (lambda fake, rng: fake.street_address()) for name in ("street", "street_address", "address_line")},
    **{name: (lambda fake, rng: fake.address().replace("\n", ", ")) for name in ("address", "location")},
    **{name: (lambda fake, rng: fake.postcode()) for name in ("zip", "zip_code", "zipcode", "postcode", "postal_code")},
    **dict.fromkeys(("url", "uri", "link", "website", "homepage", "href"), _url),
    **dict.fromkeys(("date", "day", "due", "deadline", "birthday", "birthdate", "dob"), _date),
    **dict.fromkeys(("datetime", "timestamp", "created_at", "updated_at", "date_time"), _moment),
    **dict.fromkeys(("id", "uuid", "guid", "identifier"), _uuid),
    **dict.fromkeys(("title", "subject", "headline", "heading"), _title),
    **{name: (lambda fake, rng: fake.job()) for name in ("job", "job_title", "occupation", "profession", "role")},
    "city": lambda fake, rng: fake.city(),
    "country": lambda fake, rng: fake.country(),
    "country_code": lambda fake, rng: fake.country_code(),
    "state": lambda fake, rng: fake.state(),
    "time": _clock_time,
    "month": lambda fake, rng: fake.month_name(),
    "weekday": lambda fake, rng: fake.day_of_week(),
    "language": lambda fake, rng: rng.choice(("English", "Spanish", "French", "German", "Italian", "Japanese")),
    "language_code": lambda fake, rng: rng.choice(("en", "es", "fr", "de", "it", "ja")),
    "currency": lambda fake, rng: rng.choice(("USD", "EUR", "GBP", "JPY", "CHF")),
    "color": lambda fake, rng: fake.color_name(),
    "colour": lambda fake, rng: fake.color_name(),
    "username": lambda fake, rng: fake.user_name(),
    "user_name": lambda fake, rng: fake.user_name(),
    "status": lambda fake, rng: rng.choice(("open", "in progress", "done")),
    "priority": lambda fake, rng: rng.choice(("low", "medium", "high")),
    "sentiment": lambda fake, rng: rng.choice(("positive", "neutral", "negative")),
    "category": lambda fake, rng: fake.word(),
    "tag": lambda fake, rng: fake.word(),
    "keyword": lambda fake, rng: fake.word(),
    "topic": lambda fake, rng: fake.word(),
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


class Texts:
    """Strings, made up one after the other; texts of the conversation are used in their order."""

    def __init__(self, texts: Sequence[str], budget: Budget, matches: Callable[[str, str], bool]) -> None:
        from faker import Faker

        self._texts = [text for text in texts if text.strip()]
        self._used = 0
        self._budget, self._matches = budget, matches
        self._fake = Faker("en_US")
        self._candidates = _ALL_CANDIDATES

    def string(self, schema: dict[str, Any], name: str, rng: random.Random, *, fresh: bool = False) -> str:
        """Make up a string; a fresh one is none of the texts."""
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 1 << 62))
        self._refuse(least, most)
        self._fake.seed_instance(rng.getrandbits(64))
        made = self._special(schema, rng, least, most)
        if made is None:
            made = self._fitted(self._plain(name, rng, fresh), least, most)
        self._budget.spend(characters=len(made))
        return made

    def word(self, rng: random.Random) -> str:
        """Make up a name for something."""
        self._fake.seed_instance(rng.getrandbits(64))
        return str(self._fake.word())

    def _refuse(self, least: int, most: int) -> None:
        if least > most:
            raise ImpossibleError(f"minLength {least} is more than maxLength {most}")
        if least > self._budget.characters:
            raise ImpossibleError(f"minLength {least} is too much")

    def _special(self, schema: dict[str, Any], rng: random.Random, least: int, most: int) -> str | None:
        pattern, make = schema.get("pattern"), _FORMATS.get(str(schema.get("format")))
        for _ in range(_TRIES if make else 0):
            made = str(make(self._fake, rng)) if make else ""
            if least <= len(made) <= most and (pattern is None or self._matches(pattern, made)):
                return made
        return None if pattern is None else self._patterned(pattern, rng, least, most)

    def _plain(self, name: str, rng: random.Random, fresh: bool) -> str:
        make = next((_NAMES[word] for word in _naming(tails(name)) if word in _NAMES), None)
        return str(make(self._fake, rng)) if make else self._said(fresh)

    def _said(self, fresh: bool) -> str:
        if fresh or not self._texts:
            return str(self._fake.sentence(nb_words=6))
        self._used += 1
        return self._texts[(self._used - 1) % len(self._texts)]

    def _fitted(self, text: str, least: int, most: int) -> str:
        while len(text) < least:
            text = " ".join([text, text or "."])[: max(least, 1)]
        if len(text) > most:
            words = text[: most + 1].rsplit(" ", 1)[0]
            text = words.rstrip(" ,;:") if least <= len(words.rstrip(" ,;:")) <= most else text[:most]
        return text

    def _patterned(self, pattern: str, rng: random.Random, least: int, most: int) -> str:
        readable = _readable(pattern)
        for attempt in range(_TRIES):
            spread = (_REPEATS, max(_REPEATS, min(least, _MOST_REPEATS)), 1, 0)[attempt % 4]
            choices = _Orderly(rng.getrandbits(64), spread, min(_CANDIDATES, self._candidates))
            made = self._imagined(readable, choices)
            self._budget.spend(steps=1 + len(made) // 20)
            for text in (made, made + self._fitted("a", least - len(made), most), made[:most]):
                if least <= len(text) <= min(most, least + _LONGEST_PATTERNED) and self._matches(pattern, text):
                    return text
        raise ImpossibleError(f"no text was found for the pattern {pattern[:80]!r} and its length")

    def _imagined(self, pattern: str, rng: _Orderly) -> str:
        from rstr import Rstr

        word = _LETTERS + _LETTERS.upper() + _DIGITS
        alphabets = {"word": word, "nonwhitespace": word, "printable": word, "nondigits": _LETTERS, "whitespace": " "}
        try:
            return Rstr(rng, **alphabets).xeger(pattern)
        except SpentError:
            return ""
        except Exception as error:
            raise ImpossibleError(f"the pattern {pattern[:80]!r} cannot be followed: {error}") from error
        finally:
            self._candidates -= rng.taken


class _Orderly(random.Random):
    """Choices that do not depend on the order of a set, prefer letters and digits, and come to an end."""

    def __init__(self, seed: int, spread: int, most: int) -> None:
        super().__init__(seed)
        self._spread, self._most, self.taken = spread, most, 0

    def choice(self, options: Any) -> Any:
        """Choose one; characters are looked at in their order."""
        self._take(len(options))
        if isinstance(options, list) and all(isinstance(each, str) for each in options):
            letters = [each for each in options if each.isascii() and each.isalnum()]
            options = sorted(letters or options)
        return super().choice(options)

    def randint(self, least: int, most: int) -> int:
        """Choose how often something is repeated."""
        high = max(least, least + self._spread if most == _ANY_NUMBER else min(most, least + self._spread))
        times = high if self._spread > _REPEATS else super().randint(least, high)
        self._take(20 * times)
        return times

    def _take(self, count: int) -> None:
        self.taken += count + 1
        if self.taken > self._most:
            raise SpentError("a pattern asks for too much")


def _naming(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words to look up: the name of a company or a thing is none of a person."""
    if not words or words[0] in _NAMES or not words[0].endswith("_name"):
        return words
    owner = words[0].removesuffix("_name")
    if owner.rsplit("_", 1)[-1] in _PEOPLE or (words[1] in _NAMES and words[1] != "name"):
        return words
    return (owner if owner in _NAMES else "label",)


def _readable(pattern: str) -> str:
    for described, characters in _CLASSES:
        pattern = described.sub(lambda found, these=characters: _listed(found, these), pattern)  # type: ignore[misc]
    pattern = _WIDE_RANGE.sub(_narrowed, pattern)
    return _BACK_REFERENCE.sub(r"(?P=\1)", _NAMED_GROUP.sub("(?P<", pattern))


def _narrowed(found: re.Match[str]) -> str:
    """Return a range of characters of which not so many have to be looked at."""
    first, last = (ord(each) if len(each) == 1 else int(each[2:], 16) for each in found.groups())
    return f"{found[1]}-{chr(min(last, first + _WIDEST))}" if first < 0xD000 else found[0]


def _listed(found: re.Match[str], characters: str) -> str:
    before = found.string[: found.start()]
    inside = before.rfind("[") > before.rfind("]")
    return characters if inside else f"[{characters}]"
