"""What is heard as messages: word by word with one family of models, in phrases with the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from mockserver.apis.assemblyai.streaming.messages import silence, speech_started, turn_message
from mockserver.apis.assemblyai.streaming.params import Params
from mockserver.apis.assemblyai.streaming.speakers import Speakers
from mockserver.apis.assemblyai.streaming.writing import Writing, without_open_tag
from mockserver.engine.streaming.hearing import Ended, Event, Hearing, Paused, Said, Silent, Turn
from mockserver.engine.transcripts import Word
from mockserver.web.sockets import Message

_PARTIALS = 3000
"""Milliseconds of a turn after which it is told of again."""


class Final(NamedTuple):
    """A turn that is over, as it was told of last: the fields of its message, and the message."""

    fields: dict[str, Any]
    message: Message


Told = Message | Final


class Turns(ABC):
    """Tells of the turns of one stream."""

    def __init__(self, params: Params, quirks: Collection[str]) -> None:
        self.speakers = Speakers(params)
        self._quirks = quirks
        self._order = 0
        """How many turns were told of to their end."""
        self._current: Turn | None = None
        self._said = 0
        """How many words of the current turn have been heard."""
        self.tune(params)

    def tune(self, params: Params) -> None:
        """Go on with other parameters."""
        self.params = params
        self.writing = Writing(params, self._quirks)

    def tell(self, events: Sequence[Event], hearing: Hearing, *, formats: bool = False) -> Iterator[Told]:
        """Yield what is to be said of what was heard; turns that end are formatted if ``formats`` says so."""
        for event in events:
            match event:
                case Said(turn, at, length):
                    self._note(turn, length)
                    yield from self._hear(turn, at, hearing)
                case Paused(turn, at, length, _, confidence):
                    self._note(turn, length)
                    yield from self._pause(turn, at, confidence, hearing)
                case Ended(turn, _, confidence):
                    self._note(turn, len(turn.words))
                    yield from self._end(turn, confidence, hearing, formats=formats)
                    self._current = None
                case Silent(start, end):
                    if self.params.acknowledge_silence and not self.params.is_word_by_word:
                        yield silence(start, end)

    def partial(self, hearing: Hearing) -> Iterator[Message]:
        """Yield the turn as it is now, whether or not it is time for that."""
        yield from ()

    def last(self) -> Iterator[Message]:
        """Yield what follows the last turn of a session."""
        yield from ()

    def _note(self, turn: Turn, length: int) -> None:
        if turn is not self._current:
            self._current = turn
            self._begin()
        self._said = length

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _hear(self, turn: Turn, at: int, hearing: Hearing) -> Iterator[Message]: ...

    @abstractmethod
    def _pause(self, turn: Turn, at: int, confidence: float, hearing: Hearing) -> Iterator[Message]: ...

    @abstractmethod
    def _end(self, turn: Turn, confidence: float, hearing: Hearing, *, formats: bool) -> Iterator[Told]: ...

    def _heard(self, turn: Turn, hearing: Hearing) -> Sequence[Word]:
        """Return the words of a turn that is not over, formatted."""
        return self.writing.formatted(without_open_tag(turn.words[: self._said]), hearing.language)

    def _fields(self, words: Sequence[Word], transcript: str, confidence: float, finals: int) -> dict[str, Any]:
        """Return a turn that is not over and not formatted; the first ``finals`` words are final."""
        return {
            "turn_order": self._order,
            "turn_is_formatted": False,
            "end_of_turn": False,
            "transcript": transcript,
            "end_of_turn_confidence": confidence,
            "words": [_word(word, is_final=number < finals) for number, word in enumerate(words)],
            "utterance": "",
        }

    def _final(self, turn: Turn, fields: dict[str, Any], hearing: Hearing) -> Final:
        """Return a turn that is over, with what only such a one says."""
        fields |= {"end_of_turn": True, **self._language(fields["words"], hearing)}
        self.speakers.label(fields, turn)
        return Final(fields, turn_message(fields))

    def _language(self, words: Sequence[dict[str, Any]], hearing: Hearing) -> dict[str, Any]:
        if not self.params.tells_language:
            return {}
        certain = hearing.results.get("language_confidence")
        if certain is None:
            certain = sum(word["confidence"] for word in words) / max(len(words), 1)
        return {"language_code": hearing.language.split("_")[0], "language_confidence": round(certain, 6)}


def _word(word: Word, *, is_final: bool) -> dict[str, Any]:
    return {
        "start": word.start,
        "end": word.end,
        "text": word.text,
        "confidence": word.confidence,
        "word_is_final": is_final,
    }


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


class WordByWord(Turns):
    """Each word as it comes: the last one may still change, and is no part of the text; pauses end utterances."""

    def _begin(self) -> None:
        self._seen = self._uttered = 0
        self._in_tag = False
        self._texts: list[str] = []
        self._words: list[dict[str, Any]] = []

    def _see(self, turn: Turn, hearing: Hearing) -> bool:
        """Write the words that are new, and say whether there are any. Each is written for itself: that is cheaper."""
        before = len(self._words)
        for word in turn.words[self._seen : self._said]:
            text = self.writing.spelled(word.text, hearing.language)
            if text and not self._is_in_tag(word.text):
                self._texts.append(text)
                self._words.append(_word(Word(text, word.start, word.end, word.confidence), is_final=False))
        self._seen = self._said
        return len(self._words) > before

    def _is_in_tag(self, text: str) -> bool:
        """Say whether a word is part of a tag of several words, such as ``[Speaker: A]``, which is left out."""
        was_in_tag, closes = self._in_tag, text.rstrip(".,;:!?").endswith("]")
        self._in_tag = (was_in_tag or text.startswith("[")) and not closes
        return self._in_tag or was_in_tag

    def _told(self, finals: int, confidence: float) -> dict[str, Any]:
        """Return the turn as it is now; the first ``finals`` words are final, which the others cannot have been yet."""
        for word in self._words[finals - 1 : finals]:
            word["word_is_final"] = True
        fields = self._fields((), " ".join(self._texts[:finals]), confidence, 0)
        return fields | {"words": self._words}

    def _hear(self, turn: Turn, at: int, hearing: Hearing) -> Iterator[Message]:
        if self._see(turn, hearing) and self.params.shows_partials:
            yield turn_message(self._told(len(self._words) - 1, 0.0))

    def _pause(self, turn: Turn, at: int, confidence: float, hearing: Hearing) -> Iterator[Message]:
        self._see(turn, hearing)
        if len(self._words) > self._uttered and self.params.shows_partials:
            fields = self._told(len(self._words), confidence)
            yield turn_message(fields | {"utterance": " ".join(self._texts[self._uttered :])})
            self._uttered = len(self._words)

    def _end(self, turn: Turn, confidence: float, hearing: Hearing, *, formats: bool) -> Iterator[Told]:
        formatted, words = self.writing.final(turn.words, hearing.language, hearing.results)
        if not words:
            return
        fields = self._fields(words, _text(words), confidence, len(words))
        said = self._final(turn, fields | {"utterance": _text(words[self._uttered :])}, hearing)
        formats = formats or bool(self.params.format_turns)
        yield said.message if formats else said
        if formats:
            fields = self._fields(formatted, _text(formatted), confidence, len(formatted))
            yield self._final(turn, fields | {"turn_is_formatted": True}, hearing)
        self._order += 1

    def last(self) -> Iterator[Message]:
        """Yield the empty turn that a session ends with."""
        yield turn_message(self._fields((), "", 0.0, 0) | {"end_of_turn": True})


class InPhrases(Turns):
    """What was said so far, formatted, some time after speech began, at pauses, and again and again in long turns."""

    def _begin(self) -> None:
        self._has_begun = False
        self._told, self._told_at = 0, 0

    def _hear(self, turn: Turn, at: int, hearing: Hearing) -> Iterator[Message]:
        if not self._has_begun:
            is_time = at - turn.start >= self.params.first_partial
        else:
            is_time = self.params.continuous_partials is not False and at - self._told_at >= _PARTIALS
        if is_time:
            yield from self._tell(turn, at, hearing)

    def _pause(self, turn: Turn, at: int, confidence: float, hearing: Hearing) -> Iterator[Message]:
        yield from self._tell(turn, at, hearing)

    def partial(self, hearing: Hearing) -> Iterator[Message]:
        """Yield the turn as it is now, whether or not it is time for that."""
        if self._current is not None:
            yield from self._tell(self._current, hearing.now, hearing)

    def _tell(self, turn: Turn, at: int, hearing: Hearing) -> Iterator[Message]:
        words = self._heard(turn, hearing)
        if len(words) <= self._told:
            return
        yield from self._started(turn)
        self._told, self._told_at = len(words), at
        if self.params.shows_partials:
            is_formatted = "stream_plain_partials" not in self._quirks
            fields = self._fields(words, _text(words), 0.0, 0)
            yield turn_message(fields | {"turn_is_formatted": is_formatted})

    def _started(self, turn: Turn) -> Iterator[Message]:
        if not self._has_begun:
            self._has_begun = True
            yield speech_started(turn.start, turn.words[0].confidence)

    def _end(self, turn: Turn, confidence: float, hearing: Hearing, *, formats: bool) -> Iterator[Told]:
        words, _ = self.writing.final(turn.words, hearing.language, hearing.results)
        if not words:
            return
        yield from self._started(turn)
        text = _text(words)
        fields = self._fields(words, text, 1.0, len(words))
        yield self._final(turn, fields | {"turn_is_formatted": True, "utterance": text}, hearing)
        self._order += 1


def turns_of(params: Params, quirks: Collection[str]) -> Turns:
    """Return what tells of the turns as the model of a stream does."""
    return (WordByWord if params.is_word_by_word else InPhrases)(params, quirks)
