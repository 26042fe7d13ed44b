"""Where accounts of the service contradict each other, or it changed.

Today's behaviour is the default, and a quirk brings the other.
"""

from __future__ import annotations

from mockserver.web.family import Quirk

QUIRKS = {
    "processing_first": Quirk(
        "the reply to a new job says `queued`", "it says `processing`, as the description of August 2026 shows it"
    ),
    "speech_models_required": Quirk(
        "`speech_models` may be left out", "a job without it is refused, as in the spring of 2026"
    ),
    "speech_model_accepted": Quirk(
        "`speech_model` is refused", "it is accepted and echoed, as until the summer of 2026"
    ),
    "rate_limit_403": Quirk(
        "one request too many is answered with 429", "it is answered with 403, as the newest table of errors lists it"
    ),
    "addons_wording": Quirk(
        "`The following models are not available in this language`",
        "`The following addons are not available in this language`",
    ),
    "naive_times": Quirk(
        "times in the list end in `Z`, and `error` is an empty string where there is none",
        "times have no zone, and `error` is null, as in the description",
    ),
    "deleted_url_with_scheme": Quirk(
        "the list shows `deleted_by_user` as the URL of deleted audio", "it shows `http://deleted_by_user`"
    ),
    "redacted_link_24h": Quirk(
        "a link to redacted audio is good for 30 minutes, and every request makes a new one",
        "it is good for 24 hours, as documented",
    ),
    "redacted_results": Quirk(
        "entities, sentiment, chapters, highlights, topics and summaries are not redacted", "they are"
    ),
    "lemur": Quirk("`/lemur/v3` answers 404", "it answers as it did until March 2026"),
    "realtime_v2": Quirk(
        "`/v2/realtime/ws` answers 410, and `/v2/realtime/token` 404", "they answer as they did before streaming"
    ),
    "keep_forever": Quirk(
        "a transcript is deleted 30 days after it was made, and the list goes back 90 days",
        "transcripts and the list are kept until they are deleted",
    ),
    "default_english": Quirk(
        "without `language_code` the language is detected", "it is `en_us`, as until 2026"
    ),
    "nested_errors": Quirk(
        "errors of the LLM Gateway are flat: `code`, `message`, `request_id`",
        "they stand under `error`, as until June 2026",
    ),
    "tool_calls_in_choice": Quirk(
        "tool calls stand in `choices[].message`", "they stand in `choices[]`, as the description has it"
    ),
    "sync_401": Quirk(
        "Sync answers 404 to a key that is not accepted", "it answers 401, as documented"
    ),
    "sync_error_codes": Quirk(
        "errors of Sync are `application/problem+json`: `status`, `title`, `detail`",
        "they are `error_code` and `message`, or `detail` alone for keys and limits, as the guide has them",
    ),
    "bearer_accepted": Quirk(
        "`Authorization: Bearer <key>` is refused, but by the LLM Gateway and `/v3/token`", "it is accepted everywhere"
    ),
    "stream_default_english": Quirk(
        "a stream that names no model gets `universal-3-5-pro`",
        "it gets `universal-streaming-english`, as some saw it in September 2026",
    ),
    "stream_plain_partials": Quirk(
        "`turn_is_formatted` is true in the partials of the Pro models too",
        "it is true where `end_of_turn` is, as documented in March 2026",
    ),
    "stream_pace": Quirk(
        "the audio of a stream may come as fast as it likes",
        "it ends a stream if it comes more than 1.25 times as fast as it was spoken, as documented",
    ),
    "stream_limit_3009": Quirk(
        "one stream too many is closed with 1008", "it is closed with 3009, as the table of errors has it"
    ),
    "stream_token_once": Quirk(
        "a token for streams is good for any number of sessions", "it is good for one, as documented"
    ),
    "stream_token_errors": Quirk(
        "`/v3/token` answers 422 and `detail`, as FastAPI does",
        "it answers 400 or 401, and `error`, `code` and `details`, as described",
    ),
}  # fmt: skip
