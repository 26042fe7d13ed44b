"""What is heard in audio that has come: what a fixture says, or what is invented. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

from mockserver.apis.assemblyai.sync import errors
from mockserver.apis.assemblyai.sync.config import Config
from mockserver.apis.assemblyai.sync.models import model_of
from mockserver.engine.answers import Answers, Plan, perform
from mockserver.engine.fixture import Fixture, Question
from mockserver.engine.media import Sound
from mockserver.engine.options import AS_USUAL
from mockserver.engine.transcripts import Transcript
from mockserver.web.family import Call
from mockserver.web.preparer import question
from mockserver.web.sources import Audio


async def hear(call: Call, audio: Audio, config: Config) -> Transcript:
    """Return what is said, worded as the pre-recorded API words it. Raises ApiError if a fixture has an error."""
    await call.courier.fresh_fixtures()
    asked = _question(call, audio, config)
    added = call.engine.added
    choice = added.choose(call.project.id, asked)
    try:
        plan, transcript = await call.courier.in_slow_thread(
            _heard, call.engine.answers, asked, audio.found, choice.fixture, config, call.quirks
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


def _question(call: Call, audio: Audio, config: Config) -> Question:
    """Return what fixtures are matched on: the recording is known by its bytes."""
    params = {**config.said, "model": model_of(call)}
    return question(f"upload:{quote(audio.file_name or '')}", audio, config.language, call.key, params, AS_USUAL)


def _heard(
    answers: Answers,
    asked: Question,
    sound: Sound,
    added: Fixture | None,
    config: Config,
    quirks: Collection[str],
) -> tuple[Plan, Transcript | None]:
    """Return how the request ends, and what is said unless it fails; this blocks."""
    from mockserver.apis.assemblyai.document import Document

    script = answers.begin(asked, sound, None, added)
    if isinstance(script, Plan):
        return script, None
    worked = perform(script)
    if worked.plan.failure is not None:
        return worked.plan, None
    return worked.plan, Document(config.wording, Transcript.decode(worked.body), quirks).shown
