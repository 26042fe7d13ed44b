"""A finished transcript as its request asked for it; every view and every result is computed from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from mockserver.apis.assemblyai.languages import full_code
from mockserver.apis.assemblyai.params import by_channel, diarized, models, options_of, tasks
from mockserver.engine import results
from mockserver.engine.answers import certainty
from mockserver.engine.options import Language, detected, merged_speakers
from mockserver.engine.transcripts import Transcript, Turn
from mockserver.engine.understanding import Entity, static_entities
from mockserver.engine.views import Passage, sentences
from mockserver.engine.wording import Place, Wording, redacted, renamed, written

_MODEL_LANGUAGES = {
    "universal-3-5-pro": frozenset("en es fr de it pt tr nl sv no da fi hi vi ar he ja zh".split()),
    "universal-3-pro": frozenset("en es de fr it pt".split()),
}
_KIND_OF_POLICY = {
    "gender": "gender_sexuality",
    "sexuality": "gender_sexuality",
    "organization_medical_facility": "organization",
}


class Document:
    """The transcript of one job; ``quirks`` say how the service behaves."""

    def __init__(self, params: Mapping[str, Any], transcript: Transcript, quirks: Iterable[str]) -> None:
        self.params = params
        self.quirks = quirks
        self.heard = transcript
        self.plain = written(_labelled(params, transcript), _wording(params))
        """As it was heard: nothing is redacted, and speakers are letters or channels."""

    @cached_property
    def names(self) -> dict[str, str]:
        """Return the names of identified speakers, by label."""
        task = tasks(self.params).get("speaker_identification")
        if task is None:
            return {}
        labels = list(dict.fromkeys(turn.speaker for turn in self.plain.turns if turn.speaker is not None))
        given = self.heard.results.get("speakers") or {}
        kind = task["speaker_type"]
        known = task.get("known_values") or [s[kind] for s in task.get("speakers") or () if s.get(kind)]
        return dict(zip(labels, known, strict=False)) | {label: given[label] for label in labels if label in given}

    @cached_property
    def named(self) -> Transcript:
        """Return the transcript before redaction, with the names of identified speakers."""
        return renamed(self.plain, self.names) if self.names else self.plain

    @cached_property
    def shown(self) -> Transcript:
        """Return the transcript as it is given out."""
        by_name = self.params.get("redact_pii_sub") == "entity_name"
        return redacted(self.named, self.hidden, by_name=by_name)

    @cached_property
    def hidden(self) -> list[Place]:
        """Return the places that are redacted."""
        if not self.params.get("redact_pii"):
            return []
        policies = {_KIND_OF_POLICY.get(p, _kind(p)) for p in self.params.get("redact_pii_policies") or ()}
        found = [entity for entity in self.entities if entity.kind in policies]
        static = static_entities(self.sentences, self.params.get("redact_static_entities") or {})
        return [Place(entity.first, entity.count, entity.kind) for entity in (*found, *static)]

    def hides(self, entity: Entity) -> bool:
        """Say whether any word of an entity is redacted."""
        return not self._hidden_words.isdisjoint(range(entity.first, entity.first + entity.count))

    @cached_property
    def _hidden_words(self) -> set[int]:
        return {number for place in self.hidden for number in range(place.first, place.first + place.count)}

    @cached_property
    def sentences(self) -> list[Passage]:
        """Return the sentences before redaction."""
        return sentences(self.named)

    @cached_property
    def shown_sentences(self) -> list[Passage]:
        """Return the sentences as they are given out: the same as before redaction."""
        if self.shown is self.named:
            return self.sentences
        return _resliced(self.sentences, self.shown)

    @cached_property
    def analysed(self) -> list[Passage]:
        """Return the sentences that results are derived from."""
        return self.shown_sentences if "redacted_results" in self.quirks else self.sentences

    @cached_property
    def entities(self) -> list[Entity]:
        """Return the entities, as they were said."""
        return results.entities(self.heard.results, self.sentences, self.heard.language)

    @cached_property
    def language(self) -> Language:
        """Return the language that was asked for, or detected."""
        asked = self.params.get("language_code")
        if asked is not None:
            return Language(asked, 1.0)
        detect = options_of(self.params).detect
        if detect is None:
            return Language("en_us" if "default_english" in self.quirks else self.heard.language, certainty(self.heard))
        found = detected(detect, self.heard.language, certainty(self.heard), silent=not self.heard.turns)
        assert isinstance(found, Language)
        return found._replace(code=self._localized(found.code))

    def _localized(self, code: str) -> str:
        options = self.params.get("language_detection_options") or {}
        if code == "de" and options.get("swiss_german"):
            return "de_ch"
        variants: dict[str, str] = {variant.split("_")[0]: variant for variant in options.get("localization") or ()}
        return variants.get(code.split("_")[0], code)

    @property
    def language_code(self) -> str | None:
        """Return the code of the language, as replies have it."""
        return full_code(self.language.code)

    @property
    def model(self) -> str:
        """Return the first model that knows the language."""
        base = self.language.code.split("_")[0]
        asked = models(self.params)
        return next((m for m in asked if base in _MODEL_LANGUAGES.get(m, (base,))), asked[-1])


def _kind(policy: str) -> str:
    return "location" if policy.startswith("location_") else policy


def _labelled(params: Mapping[str, Any], transcript: Transcript) -> Transcript:
    """Return the transcript with the speakers and channels that replies show."""
    speakers = options_of(params).speakers
    turns = merged_speakers(transcript.turns, speakers[1] if speakers else None)
    if by_channel(params):
        return transcript.with_turns(_in_channel(turn, bool(params.get("speaker_labels"))) for turn in turns)
    labelled = diarized(params)
    return transcript.with_turns(Turn(turn.speaker if labelled else None, None, turn.words) for turn in turns)


def _in_channel(turn: Turn, with_speaker: bool) -> Turn:
    channel = turn.channel or 1
    return Turn(f"{channel}{turn.speaker}" if with_speaker else str(channel), channel, turn.words)


def _wording(params: Mapping[str, Any]) -> Wording:
    spellings = params.get("custom_spelling") or ()
    terms = [*(params.get("keyterms_prompt") or ()), *(params.get("word_boost") or ())]
    return Wording(
        fillers=bool(params.get("disfluencies")),
        other_tags=params.get("remove_audio_tags") == "speaker",
        spellings=tuple((tuple(phrase.split()), s["to"].strip()) for s in spellings for phrase in s["from"]),
        terms=tuple(tuple(term.split()) for term in terms),
        profanity=not params.get("filter_profanity"),
        punctuated=params.get("punctuate") is not False,
        formatted=params.get("format_text") is not False,
    )


def _resliced(passages: Sequence[Passage], transcript: Transcript) -> list[Passage]:
    """Return the passages with the words that stand at their places in another transcript."""
    words = [word for passage in sentences(transcript) for word in passage.words]
    return [Passage(tuple(words[p.first : p.first + len(p.words)]), p.first) for p in passages]
