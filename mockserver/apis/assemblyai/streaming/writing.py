"""How the words of a turn are written: as the pre-recorded API writes those of a whole recording."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mockserver.apis.assemblyai.streaming.models import WHISPER
from mockserver.apis.assemblyai.streaming.params import Params
from mockserver.engine.streaming.voices import Spoken
from mockserver.engine.transcripts import Transcript, Turn, Word
from mockserver.engine.wording import Wording, plain, written

POLICIES = (
    "account_number banking_information blood_type credit_card_cvv credit_card_expiration credit_card_number date "
    "date_interval date_of_birth drivers_license drug duration email_address event filename gender gender_sexuality "
    "healthcare_number injury ip_address language location marital_status medical_condition medical_process "
    "money_amount nationality number_sequence occupation organization organization_medical_facility passport_number "
    "password person_age person_name phone_number physical_attribute political_affiliation religion sexuality "
    "statistics time url us_social_security_number username vehicle_id zodiac_sign"
).split()
"""What is hidden where a request does not say what."""
_REMEMBERED = 4096
_MARKS = ".,;:!?"


class Writing:
    """Writes words as the parameters ask for."""

    def __init__(self, params: Params, quirks: Collection[str]) -> None:
        self._params = params
        self._quirks = quirks
        self._wording = Wording(
            other_tags=params.speech_model == WHISPER,
            terms=tuple(tuple(term.split()) for term in params.keyterms_prompt or () if term.split()),
            profanity=not params.filter_profanity,
        )
        self._spelled: dict[str, str] = {}

    def spelled(self, text: str, language: str) -> str:
        """Return a word by itself, unformatted; nothing of one that is left out."""
        found = self._spelled.get(text)
        if found is None:
            if len(self._spelled) >= _REMEMBERED:
                self._spelled.clear()
            alone = self.formatted([Spoken(text, 0, 0, 1.0, None)], language)
            found = self._spelled[text] = " ".join(word.text for word in unformatted(alone, language))
        return found

    def formatted(self, words: Iterable[Spoken], language: str) -> Sequence[Word]:
        """Return the words with capitals, punctuation and digits."""
        return tuple(written(_transcript(words, language), self._wording).words)

    def final(
        self, words: Iterable[Spoken], language: str, results: Mapping[str, Any]
    ) -> tuple[Sequence[Word], Sequence[Word]]:
        """Return the words of a turn that is over, formatted and not; what is to be hidden is hidden in both.

        ``results`` are those of the fixture.
        """
        if not self._params.redact_pii:
            formatted = self.formatted(words, language)
            return formatted, unformatted(formatted, language)
        from mockserver.apis.assemblyai.document import Document

        transcript = replace(_transcript(words, language), results=results)
        document = Document(self._asked(), transcript, self._quirks)
        seen, shown = list(document.plain.words), list(document.shown.words)
        said = [after if after.text == before.text else None for before, after in zip(seen, shown, strict=True)]
        return shown, [
            word
            for open_word, hidden in zip(said, shown, strict=True)
            for word in (unformatted([open_word], language) if open_word is not None else [_bare(hidden)])
        ]

    def _asked(self) -> dict[str, object]:
        """Return what the pre-recorded API would be asked for, for the same words."""
        params = self._params
        return {
            "redact_pii": True,
            "redact_pii_policies": POLICIES if params.redact_pii_policies is None else params.redact_pii_policies,
            "redact_pii_sub": params.redact_pii_sub,
            "keyterms_prompt": [term for term in params.keyterms_prompt or () if term.split()],
            "filter_profanity": params.filter_profanity,
        }


def without_open_tag(words: Sequence[Spoken]) -> Sequence[Spoken]:
    """Return words without a tag such as ``[Speaker: A]`` at their end that is not whole yet."""
    for place in range(len(words) - 1, -1, -1):
        text = words[place].text
        if text.rstrip(_MARKS).endswith("]"):
            break
        if text.startswith("["):
            return words[:place]
    return words


def unformatted(words: Iterable[Word], language: str) -> Sequence[Word]:
    """Return words in lower case, without punctuation, and with numbers in words."""
    is_english = language.startswith("en")
    spelled = (word._replace(text=_plain(word.text, english=is_english)) for word in words)
    return [word for word in spelled if word.text]


def _plain(text: str, *, english: bool) -> str:
    """Return a word unformatted; tags in brackets stay what they are."""
    return text.rstrip(_MARKS) if text.startswith("[") else plain(text, english=english)


def _bare(hidden: Word) -> Word:
    return hidden._replace(text=hidden.text.strip(_MARKS))


def _transcript(words: Iterable[Spoken], language: str) -> Transcript:
    taken = tuple(Word(word.text, word.start, word.end, word.confidence) for word in words)
    return Transcript(language, taken[-1].end if taken else 0, (Turn(None, None, taken),))
