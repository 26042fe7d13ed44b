"""The conversation that is heard where no fixture matches: seeded, and as long as the audio."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from mockserver.engine.transcripts import UntimedTurn, UntimedWord

if TYPE_CHECKING:
    from faker import Faker

WORDS_PER_MINUTE = 150
LOCALES = {
    "en": "en_US", "en_us": "en_US", "en_uk": "en_GB", "en_au": "en_AU", "es": "es_ES", "fr": "fr_FR",
    "de": "de_DE", "it": "it_IT", "pt": "pt_BR", "nl": "nl_NL", "pl": "pl_PL", "ru": "ru_RU", "uk": "uk_UA",
    "tr": "tr_TR", "ja": "ja_JP", "zh": "zh_CN", "hi": "hi_IN", "fi": "fi_FI", "sv": "sv_SE", "da": "da_DK",
}  # fmt: skip
_OPENINGS = (
    "Hi {name}, thanks for calling {company}. How can I help you today?",
    "Good morning, this is {name} from {company}. Do you have a few minutes?",
    "Hello {name}, it is good to hear from you again.",
)
_LINES = (
    "I wanted to talk about the order that we placed on {day}.",
    "The shipment to {city} was delayed again, and our customers are not happy about it.",
    "We spoke with {name} last week, and she promised an answer by {day}.",
    "That sounds reasonable to me.",
    "Could you send the contract to {email} before the meeting?",
    "Our team in {city} has grown to {number} people this year.",
    "I am really pleased with how the launch went.",
    "The invoice says {money}, but we agreed on less than that.",
    "Let me write that down. What is the best number to reach you?",
    "You can call me back at {phone} any time after {hour}.",
    "To be honest, the last update made things worse for us.",
    "I will ask {name} to look into it right away.",
    "What would you suggest as the next step?",
    "We should plan a review with {company} in {month}.",
    "Okay, I understand. Let us go through it one more time.",
    "Actually, I have worked as a {job} for {number} years, so I know how this goes.",
    "Thank you, that helps a lot.",
    "The new version is much faster, and everybody noticed it.",
    "Is there anything else that you need from us?",
    "I am worried that we will not make the deadline in {month}.",
    "Right, and then we can decide about the budget.",
    "My flight to {city} leaves on {day}, so let us talk before that.",
)


def conversation(duration: int, *, language: str, channels: int, seed: str, speakers: int = 2) -> list[UntimedTurn]:
    """Invent what is said in ``duration`` milliseconds of audio.

    The speakers take turns; in stereo audio there are two, and each has a channel. The same arguments give the
    same words.
    """
    wanted = max(1, round(duration / 60_000 * WORDS_PER_MINUTE))
    rng = random.Random(seed)
    sentence = _sentences(language, rng)
    turns: list[UntimedTurn] = []
    said = 0
    while said < wanted:
        words = " ".join(sentence() for _ in range(rng.randint(1, 3))).split()[: wanted - said]
        said += len(words)
        who = len(turns) % (2 if channels > 1 else speakers)
        turns.append(
            UntimedTurn(
                tuple(UntimedWord(word) for word in _ended(words)),
                speaker=_label(who),
                channel=who + 1 if channels > 1 else None,
            )
        )
    return turns


def talk(*, language: str, seed: str) -> Iterator[UntimedTurn]:
    """Invent sentences, one by one, without end."""
    sentence = _sentences(language, random.Random(seed))
    while True:
        yield UntimedTurn(tuple(UntimedWord(word) for word in _ended(sentence().split())), speaker="A")


def _label(number: int) -> str:
    letters = chr(ord("A") + number % 26)
    return letters if number < 26 else _label(number // 26 - 1) + letters


def _ended(words: list[str]) -> list[str]:
    if words[-1][-1] not in ".!?。？！।":
        words[-1] = words[-1].rstrip(",;:") + "."
    return words


def _sentences(language: str, rng: random.Random) -> Callable[[], str]:
    fake = _faker(LOCALES.get(language, "en_US"))
    fake.seed_instance(rng.getrandbits(64))
    if language not in LOCALES or language.startswith("en"):
        openings = iter((rng.choice(_OPENINGS),))
        return lambda: _fill(next(openings, None) or rng.choice(_LINES), fake, rng)
    return lambda: str(fake.sentence(nb_words=rng.randint(5, 12)))


def _faker(locale: str) -> Faker:
    from faker import Faker

    return Faker(locale)


def _fill(line: str, fake: Faker, rng: random.Random) -> str:
    fields: dict[str, Callable[[], str]] = {
        "name": fake.first_name,
        "company": lambda: fake.last_name() + " Labs",
        "city": fake.city,
        "day": fake.day_of_week,
        "month": fake.month_name,
        "email": lambda: f"{fake.user_name()}@example.com",
        "phone": lambda: f"555-01{rng.randint(10, 99)}",
        "money": lambda: f"${rng.randint(2, 90) * 100:,}",
        "number": lambda: str(rng.randint(2, 40)),
        "hour": lambda: f"{rng.randint(2, 5)} p.m.",
        "job": lambda: fake.job().split(",")[0].lower(),
    }
    for field, value in fields.items():
        if "{" + field + "}" in line:
            line = line.replace("{" + field + "}", value())
    return line
