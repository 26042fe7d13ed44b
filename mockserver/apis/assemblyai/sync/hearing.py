"""What is heard in audio that has come: what a fixture says, or what is invented. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from urllib.parse import quote

from mockserver.apis.assemblyai.sync import errors
from mockserver.apis.assemblyai.sync.audio import Clip
from mockserver.apis.assemblyai.sync.config import Config
from mockserver.apis.assemblyai.sync.models import model_of
from mockserver.engine import Engine, media
from mockserver.engine.answers import Plan, perform
from mockserver.engine.fixture import Fixture, Question
from mockserver.engine.media import Sound
from mockserver.engine.options import AS_USUAL
from mockserver.engine.transcripts import Transcript
from mockserver.web.family import Call
from mockserver.web.preparer import question


async def hear(call: Call, clip: Clip, config: Config) -> Transcript:
    """Return what is said, worded as the pre-recorded API words it. Raises ApiError if a fixture has an error."""
    asked = _question(call, clip, config)
    added = call.engine.added
    choice = added.choose(call.project.id, asked)
    try:
        plan, transcript = await call.courier.in_slow_thread(
            _heard, call.engine, asked, clip, choice.fixture, config, call.quirks
        )
    except BaseException:
        added.give_back(choice)
        raise
    added.spend(choice)
    call.fixture = plan.fixture
    if transcript is None:
        assert plan.failure is not None
        raise errors.failed(plan.failure)
    return transcript


def _question(call: Call, clip: Clip, config: Config) -> Question:
    """Return what fixtures are matched on: the audio is the recording that it sounds like, unless one has its hash."""
    audio, params = clip.audio, {**config.said, "model": model_of(call)}
    if clip.found is not None and not _is_named(call, audio.sha256):
        audio = audio._replace(sha256=clip.found.recording.sha256, size=clip.found.recording.size)
    return question(f"upload:{quote(audio.file_name or '')}", audio, config.language, call.key, params, AS_USUAL)


def _is_named(call: Call, digest: str | None) -> bool:
    every = chain(call.engine.fixtures, *call.engine.added.candidates(call.project.id))
    return any(fixture.match.audio_sha256 == digest for fixture in every)


def _heard(
    engine: Engine, asked: Question, clip: Clip, added: Fixture | None, config: Config, quirks: Collection[str]
) -> tuple[Plan, Transcript | None]:
    """Return how the request ends, and what is said unless it fails; this blocks."""
    from mockserver.apis.assemblyai.document import Document
    from mockserver.apis.assemblyai.sync.recognition import part

    fixture = added or engine.fixtures.match(asked)
    recording = _recording(fixture, clip, asked)
    script = engine.answers.begin(asked, recording or clip.sound, None, fixture)
    if isinstance(script, Plan):
        return script, None
    worked = perform(script)
    if worked.plan.failure is not None:
        return worked.plan, None
    transcript = Transcript.decode(worked.body)
    if recording is not None and clip.found is not None:
        transcript = part(transcript, clip.found.shift, clip.sound.duration)
    return worked.plan, Document(config.wording, transcript, quirks).shown


def _recording(fixture: Fixture | None, clip: Clip, asked: Question) -> Sound | None:
    """Return the recording that a fixture is for, if the audio was recognised as that."""
    if fixture is None or clip.found is None or clip.found.recording.sha256 != asked.sha256:
        return None
    found = media.probe(clip.found.recording.path) if fixture.match.audio or fixture.match.audio_sha256 else None
    return found if isinstance(found, Sound) else None
