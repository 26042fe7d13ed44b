"""Where the documentation contradicts itself: what the server does, and what a quirk makes it do instead."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.web.family import Quirk

QUIRKS: Mapping[str, Quirk] = {
    "whisper_fallback_label": Quirk(
        "After a fallback `engine` is `whisper_large_v3`.",
        "It is `whisper_fallback`.",
    ),
    "whisper_only": Quirk(
        "The first engine is `assemblyai_universal_3`; where it fails, another takes over.",
        "The only engine is `whisper_large_v3`, as in deployments of one's own; where it fails, so does the job.",
    ),
    "oversize_415": Quirk(
        "A file over the size of the plan is refused with 413 `payload_too_large`.",
        "It is refused with 415 `invalid_audio`, reason `unsupported_format`.",
    ),
    "invalid_audio_later": Quirk(
        "An upload that cannot be used, or is too long, is refused with 415 `invalid_audio`.",
        "It is accepted with 202, and its job fails with the same error.",
    ),
    "silence_completes": Quirk(
        "Audio in which nothing can be heard is invalid: `empty_audio`.",
        "It is transcribed like any other.",
    ),
}
