"""What an official Python client that still has LeMUR gets, as JSON; runs in a process of its own, with that client."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

aai: Any = importlib.import_module("assemblyai")  # not the one that the other tests and mypy know
NOBODY = "00000000-0000-4000-8000-000000000000"


def answer(call: Callable[[], Any]) -> Any:
    """What a call returns, or the text of its error."""
    try:
        returned = call()
    except aai.LemurError as error:
        return {"error": str(error), "status": error.status_code}
    return json.loads(returned.json())


def main(url: str, audio: str) -> dict[str, Any]:
    aai.settings.base_url, aai.settings.api_key, aai.settings.polling_interval = url, "lemur", 0.01
    transcript = aai.Transcriber().transcribe(audio)
    text = aai.Lemur()
    about = transcript.lemur
    unsaid = aai.LemurQuestion(question="Is it about trees or dogs?", answer_options=["dogs", "trees"])
    asked = aai.LemurQuestion(
        question="What was surprising in Rotterdam?", answer_format="short", context="an interview"
    )
    results = {
        "version": aai.__version__,
        "text": transcript.text,
        "task": answer(
            lambda: about.task("What did we measure in Rotterdam?", final_model=aai.LemurModel.claude3_haiku)
        ),
        "task_async": answer(lambda: about.task_async("What did we measure in Rotterdam?").result()),
        "summary": answer(lambda: about.summarize(context="city trees", answer_format="one paragraph")),
        "summary_async": answer(lambda: about.summarize_async().result()),
        "question": answer(lambda: about.question([asked, unsaid], temperature=0.5, max_output_size=300)),
        "question_async": answer(lambda: about.question_async(asked).result()),
        "action_items": answer(lambda: text.action_items(input_text="We must send the invoice. It rains.")),
        "action_items_async": answer(lambda: about.action_items_async().result()),
        "group": answer(lambda: aai.TranscriptGroup([transcript.id]).lemur.summarize()),
        "no_source": answer(lambda: text.task("What is said?")),
        "unknown_source": answer(lambda: aai.Lemur([aai.LemurSource(aai.Transcript(NOBODY))]).task("What is said?")),
        "unknown_get": answer(lambda: text.get_response_data(NOBODY)),
        "unknown_purge": answer(lambda: aai.Lemur.purge_request_data(NOBODY)),
    }
    for name in ("task", "question"):
        made = results[name].get("request_id", NOBODY)
        results[f"{name}_again"] = answer(partial(text.get_response_data, made))
        results[f"{name}_again_async"] = answer(text.get_response_data_async(made).result)
    made = results["task"].get("request_id", NOBODY)
    results["purge"] = answer(lambda: aai.Lemur.purge_request_data(made))
    results["purged"] = answer(lambda: text.get_response_data(made))
    made = results["summary"].get("request_id", NOBODY)
    results["purge_async"] = answer(lambda: aai.Lemur.purge_request_data_async(made).result())
    return results


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
