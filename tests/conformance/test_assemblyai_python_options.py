"""What every option of the official Python client does to the result."""

from __future__ import annotations

import json
import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import assemblyai as aai
import pytest

from tests.conformance.conftest import ORDER, Heard
from tests.conftest import AUDIO, Api

GREETING = "https://example.com/said/greeting.mp3"
GERMAN = "https://example.com/said/german.mp3"
STEREO = str(AUDIO / "stereo-call.wav")
VOICEMAIL = str(AUDIO / "voicemail.m4a")

Policy = aai.PIIRedactionPolicy


def reply(client: aai.Client) -> dict[str, Any]:
    """The reply that was read last, with what the SDK does not read."""
    assert client.last_response is not None
    found: dict[str, Any] = client.last_response.json()
    return found


def text(transcript: aai.Transcript) -> str:
    assert transcript.text is not None
    return transcript.text


def speakers(transcript: aai.Transcript) -> list[str | None]:
    assert transcript.utterances is not None
    return [utterance.speaker for utterance in transcript.utterances]


def test_the_language_code_decides_which_language_is_heard(heard: Heard) -> None:
    spanish, english = heard(GREETING, language_code="es"), heard(GREETING, language_code="en")
    assert (spanish.language_code, spanish.text) == ("es", "Buenos días.")
    assert (english.language_code, english.text) == ("en_us", "Good morning.")


def test_several_language_codes_come_back(heard: Heard) -> None:
    assert heard(GREETING, language_codes=["en", "es"]).language_codes == ["en", "es"]


def test_the_model_is_the_first_that_knows_the_language(heard: Heard, client: aai.Client) -> None:
    assert heard(GREETING).speech_model_used == "universal-3-5-pro"
    polish = heard(GREETING, language_code="pl", speech_models=["universal-3-pro", "universal-2"])
    assert polish.speech_model_used == "universal-2"
    assert polish.speech_model is None
    heard(GREETING, speech_models=["universal-2"])
    assert reply(client)["metadata"]["warning"] == (
        'For highest accuracy and broadest language coverage: set "speech_models" to ["universal-3-pro", "universal-2"].'
    )


def test_the_one_model_of_old_is_refused(heard: Heard) -> None:
    with pytest.raises(aai.TranscriptError, match="The speech_model parameter is deprecated"):
        heard(GREETING, speech_model=aai.SpeechModel.best)


def test_without_punctuation_there_is_none(heard: Heard) -> None:
    assert text(heard(GREETING, punctuate=False)) == "Good morning"


def test_without_formatting_there_are_neither_capitals_nor_digits(heard: Heard) -> None:
    plain = text(heard(ORDER, format_text=False))
    assert plain == plain.lower()
    assert not any(character.isdigit() for character in plain)
    assert "we will send forty new lamps on march fifth, two-thousand-twenty-six." in plain


def test_fillers_are_kept_if_asked_for(heard: Heard) -> None:
    assert text(heard(ORDER)).startswith("Good morning, this is Robert")
    assert text(heard(ORDER, disfluencies=True)).startswith("Um, good morning, this is Robert")


def test_swear_words_are_starred(heard: Heard) -> None:
    assert "My damn supplier" in text(heard(ORDER))
    assert "My d*** supplier" in text(heard(ORDER, filter_profanity=True))


def test_audio_tags_are_removed_except_where_only_speakers_are(heard: Heard) -> None:
    for transcript in (heard(ORDER), heard(ORDER, remove_audio_tags="all")):
        assert "[" not in text(transcript)
    assert [word for word in text(heard(ORDER, remove_audio_tags="speaker")).split() if "[" in word] == ["[MUSIC]"]


def test_terms_are_written_as_they_were_given(heard: Heard) -> None:
    assert "the acme shop" in text(heard(ORDER))
    assert "the ACME Shop" in text(heard(ORDER, keyterms_prompt=["ACME Shop"]))
    assert "the ACME Shop" in text(heard(ORDER, word_boost=["ACME Shop"]))


def test_what_only_a_real_model_obeys_comes_back(heard: Heard, client: aai.Client) -> None:
    heard(
        GREETING,
        prompt="Two neighbours meet.",
        temperature=0.5,
        keyterms_prompt=["Meier"],
        keyterms_prompt_options=aai.KeytermsPromptOptions(keyterms_match_strength="high"),
        word_boost=["Meier"],
        boost_param=aai.WordBoost.high,
    )
    found = reply(client)
    assert (found["prompt"], found["temperature"], found["boost_param"]) == ("Two neighbours meet.", 0.5, "high")
    assert found["keyterms_prompt_options"] == {"keyterms_match_strength": "high"}


def test_spellings_replace_words_in_a_row(heard: Heard, transcriber: aai.Transcriber) -> None:
    assert "from the Acme in" in text(heard(ORDER, custom_spelling={"Acme": ["acme shop"]}))
    config = aai.TranscriptionConfig().set_custom_spelling({"Acme": "acme shop"})
    config.set_custom_spelling({"LAMPS": ["lamps", "lights"]}, override=False)
    both = text(transcriber.transcribe(ORDER, config))
    assert "from the Acme in" in both
    assert "I love our LAMPS, so" in both


def test_only_the_slice_that_was_asked_for_is_heard(heard: Heard) -> None:
    transcript = heard(ORDER, audio_start_from=5000, audio_end_at=15_000)
    assert transcript.words is not None
    assert text(transcript).startswith("from the acme shop")
    assert text(transcript).endswith("that is terrible.")
    assert all(5000 <= word.start < word.end <= 15_000 for word in transcript.words)
    assert transcript.audio_duration == 60


def test_channels_are_heard_one_by_one(heard: Heard) -> None:
    for transcript in (heard(STEREO, multichannel=True), heard(STEREO, dual_channel=True)):
        assert speakers(transcript) == ["1", "2", "1", "2"]
        assert transcript.words is not None
        assert {word.channel for word in transcript.words} == {"1", "2"}


def test_speakers_are_told_apart_up_to_the_number_that_is_expected(heard: Heard, client: aai.Client) -> None:
    assert heard(ORDER).utterances is None
    assert speakers(heard(ORDER, speaker_labels=True)) == ["A", "B", "A", "B"]
    assert speakers(heard(ORDER, speaker_labels=True, speakers_expected=1)) == ["A"] * 4
    assert reply(client)["speaker_options"] == {
        "min_speakers_expected": 1, "max_speakers_expected": 1, "advanced_speaker_segmentation": True,
    }  # fmt: skip


def test_speaker_options_are_obeyed_and_come_back(heard: Heard, client: aai.Client) -> None:
    options = aai.SpeakerOptions(
        min_speakers_expected=1,
        max_speakers_expected=1,
        use_two_stage_clustering=True,
        short_file_diarization_method="balanced",
        long_file_diarization_method="experimental",
    )
    assert speakers(heard(ORDER, speaker_labels=True, speaker_options=options)) == ["A"] * 4
    assert reply(client)["speaker_options"] == {
        "min_speakers_expected": 1,
        "max_speakers_expected": 1,
        "use_two_stage_clustering": True,
        "short_file_diarization_method": "balanced",
        "long_file_diarization_method": "experimental",
    }


def test_personal_data_is_hidden_by_hashes(heard: Heard) -> None:
    policies = [Policy.person_name, Policy.location, Policy.email_address, Policy.phone_number]
    hidden = text(heard(ORDER, redact_pii=True, redact_pii_policies=policies))
    assert "this is ###### ###### from the acme shop in #######." in hidden
    assert "Write to ####@#######.### or call ###-###-####, and we will send 40 new lamps on March 5th" in hidden


def test_personal_data_is_hidden_by_names_and_given_besides_if_asked_for(heard: Heard) -> None:
    transcript = heard(
        ORDER,
        redact_pii=True,
        redact_pii_policies=[Policy.person_name],
        redact_pii_sub=aai.PIISubstitutionPolicy.entity_name,
        redact_pii_return_unredacted=True,
        speaker_labels=True,
    )
    assert "this is [PERSON_NAME] [PERSON_NAME] from" in text(transcript)
    assert transcript.unredacted_text is not None
    assert "this is Robert Miller from" in transcript.unredacted_text
    assert transcript.unredacted_words is not None
    assert transcript.unredacted_utterances is not None
    assert " ".join(word.text for word in transcript.unredacted_words) == transcript.unredacted_text
    assert " ".join(u.text for u in transcript.unredacted_utterances) == transcript.unredacted_text
    assert heard(ORDER, redact_pii=True, redact_pii_policies=[Policy.person_name]).unredacted_text is None


def hidden_samples(transcript: aai.Transcript, folder: Path) -> bytes:
    """What is heard in the redacted audio where the first hidden word was."""
    transcript.save_redacted_audio(str(folder / "redacted.wav"))
    assert transcript.words is not None
    word = next(word for word in transcript.words if "#" in word.text)
    with wave.open(str(folder / "redacted.wav")) as audio:
        rate = audio.getframerate()
        audio.setpos((word.start + 20) * rate // 1000)
        samples: bytes = audio.readframes((word.end - word.start - 40) * rate // 1000)
        return samples


def test_personal_data_is_beeped_out_or_silenced_in_the_audio(heard: Heard, tmp_path: Path) -> None:
    beep = heard(
        VOICEMAIL,
        redact_pii=True,
        redact_pii_policies=[Policy.person_name],
        redact_pii_audio=True,
        redact_pii_audio_quality=aai.PIIRedactedAudioQuality.wav,
    )
    silence = heard(
        VOICEMAIL,
        redact_pii=True,
        redact_pii_policies=[Policy.person_name],
        redact_pii_audio=True,
        redact_pii_audio_quality=aai.PIIRedactedAudioQuality.wav,
        redact_pii_audio_options=aai.RedactPiiAudioOptions(
            override_audio_redaction_method=aai.PIIRedactedAudioMethod.silence
        ),
    )
    beeped, silenced = hidden_samples(beep, tmp_path), hidden_samples(silence, tmp_path)
    assert len(beeped) == len(silenced) > 1000
    assert any(beeped)
    assert not any(silenced)


def test_redacted_audio_is_mp3_unless_wav_is_asked_for(heard: Heard) -> None:
    transcript = heard(VOICEMAIL, redact_pii=True, redact_pii_policies=[Policy.person_name], redact_pii_audio=True)
    assert f"{transcript.id}.mp3?" in transcript.get_redacted_audio_url()


def test_unsafe_content_is_found_if_it_is_sure_enough(heard: Heard) -> None:
    found = heard(ORDER, content_safety=True).content_safety
    assert found is not None
    assert found.status == aai.types.StatusResult.success
    assert found.summary is not None
    assert set(found.summary) == {aai.ContentSafetyLabel.gambling, aai.ContentSafetyLabel.profanity}
    assert found.results is not None
    assert "gamble at the casino" in found.results[0].text
    sure = heard(ORDER, content_safety=True, content_safety_confidence=95).content_safety
    assert sure is not None
    assert sure.results == []
    assert heard(ORDER).content_safety is None


def test_topics_are_those_of_the_text(heard: Heard) -> None:
    found = heard(ORDER, iab_categories=True).iab_categories
    assert found is not None
    assert found.results is not None
    assert found.summary is not None
    assert max(found.summary.values()) == 1.0
    assert {"Sports>Soccer", "HomeAndGarden>InteriorDecorating"} <= set(found.summary)
    for result in found.results:
        assert result.text in text(heard(ORDER))
        assert [label.relevance for label in result.labels] == sorted(
            (x.relevance for x in result.labels), reverse=True
        )
    assert heard(ORDER).iab_categories is None


def test_every_sentence_has_a_mood(heard: Heard) -> None:
    transcript = heard(ORDER, sentiment_analysis=True, speaker_labels=True)
    assert transcript.sentiment_analysis is not None
    moods = {found.text: (found.sentiment, found.speaker) for found in transcript.sentiment_analysis}
    assert moods["You sold us forty broken lamps, and that is terrible."] == (aai.SentimentType.negative, "A")
    assert moods["That is wonderful."] == (aai.SentimentType.positive, "A")
    assert moods["I will send you the invoice on Monday."] == (aai.SentimentType.neutral, "B")
    assert " ".join(moods) == transcript.text


def test_entities_are_those_of_the_text(heard: Heard) -> None:
    entities = heard(ORDER, entity_detection=True).entities
    assert entities is not None
    assert [(entity.entity_type.value, entity.text) for entity in entities] == [
        ("person_name", "Robert Miller"),
        ("location", "Chicago"),
        ("person_name", "Robert"),
        ("email_address", "help@example.com"),
        ("phone_number", "555-010-4477"),
        ("date", "March 5th, 2026"),
        ("date", "Monday"),
    ]


def test_key_phrases_are_counted_with_their_times(heard: Heard) -> None:
    found = heard(ORDER, auto_highlights=True).auto_highlights
    assert found is not None
    assert found.results is not None
    counts = {highlight.text: highlight.count for highlight in found.results}
    assert (counts["football match"], counts["lamps"]) == (2, 3)
    assert all(len(highlight.timestamps) == highlight.count for highlight in found.results)


def test_chapters_cover_the_interview(heard: Heard) -> None:
    transcript = heard(str(AUDIO / "interview.mp3"), auto_chapters=True)
    assert transcript.chapters
    assert transcript.words is not None
    assert transcript.chapters[0].start == transcript.words[0].start
    assert transcript.chapters[-1].end == transcript.words[-1].end
    assert all(chapter.gist and chapter.headline and chapter.summary for chapter in transcript.chapters)


def test_a_summary_has_the_form_that_was_asked_for(heard: Heard) -> None:
    bullets = heard(ORDER, summarization=True).summary
    assert bullets is not None
    assert all(line.startswith("- ") for line in bullets.splitlines())
    gist = heard(
        ORDER,
        summarization=True,
        summary_model=aai.SummarizationModel.catchy,
        summary_type=aai.SummarizationType.gist,
    ).summary
    assert gist == "Football Match, Lamps"


def test_the_language_is_detected(heard: Heard, client: aai.Client) -> None:
    assert heard(GERMAN, language_detection=True).language_code == "de"
    assert 0.5 < reply(client)["language_confidence"] < 1


def test_a_language_that_is_not_certain_enough_is_an_error(transcriber: aai.Transcriber) -> None:
    config = aai.TranscriptionConfig(language_detection=True, language_confidence_threshold=1.0)
    error = transcriber.transcribe(GERMAN, config).error
    assert error is not None
    assert error.startswith("detected language 'de', confidence 0.")
    assert error.endswith(", is below the requested confidence threshold value of '1.0'")


def test_a_language_that_is_not_expected_or_not_certain_falls_back(heard: Heard) -> None:
    unexpected = aai.LanguageDetectionOptions(expected_languages=["es", "fr"], fallback_language="fr")
    assert heard(GERMAN, language_detection=True, language_detection_options=unexpected).language_code == "fr"
    unsure = aai.LanguageDetectionOptions(fallback_language="es", on_low_language_confidence="fallback")
    options = {"language_detection_options": unsure, "language_confidence_threshold": 1.0}
    assert heard(GERMAN, language_detection=True, **options).language_code == "es"


def test_a_detected_language_is_localised(heard: Heard, client: aai.Client) -> None:
    swiss = aai.LanguageDetectionOptions(swiss_german=True, language_detection_model="best")
    assert heard(GERMAN, language_detection=True, language_detection_options=swiss).language_code == "de_ch"
    assert reply(client)["language_detection_options"] == {"swiss_german": True, "language_detection_model": "best"}
    australian = aai.LanguageDetectionOptions(localization=["en_au"])
    assert heard(GREETING, language_detection=True, language_detection_options=australian).language_code == "en_au"


def test_languages_among_which_is_switched_are_listed(heard: Heard) -> None:
    options = aai.LanguageDetectionOptions(code_switching=True, code_switching_confidence_threshold=0.4)
    transcript = heard(GERMAN, language_detection=True, language_detection_options=options)
    assert transcript.json_response is not None
    languages = transcript.json_response["language_detection_results"]["code_switching_languages"]
    assert [language["language_code"] for language in languages] == ["de"]


def test_too_little_speech_is_an_error(transcriber: aai.Transcriber) -> None:
    silence = transcriber.transcribe(str(AUDIO / "silence.wav"), aai.TranscriptionConfig(speech_threshold=0.5))
    assert silence.error == "Audio speech threshold 0.0 is below the requested speech threshold value 0.5"


def test_the_medical_domain_is_used_where_the_language_has_it(heard: Heard, client: aai.Client) -> None:
    heard(GREETING, domain="medical-v1")
    assert reply(client)["metadata"]["domain_used"] == "medical-v1"
    heard(GREETING, domain="medical-v1", language_code="pl")
    assert reply(client)["metadata"]["domain_used"] is None


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, Any], str | None]]]]:
    """An address, and what was posted to it: the body and one header."""
    received: list[tuple[dict[str, Any], str | None]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((body, self.headers["X-Secret"]))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/hook?call=17", received
        http.shutdown()
        thread.join()


def test_a_webhook_is_called_with_its_header(
    receiver: tuple[str, list[tuple[dict[str, Any], str | None]]], heard: Heard, api: Api
) -> None:
    url, received = receiver
    transcript = heard(
        GREETING, webhook_url=url, webhook_auth_header_name="X-Secret", webhook_auth_header_value="open sesame"
    )
    assert api.control.get("/webhooks", params={"wait": 10}).json()["webhooks"][0]["delivered"]
    assert received == [({"transcript_id": transcript.id, "status": "completed"}, "open sesame")]
    transcript.wait_for_completion()
    assert transcript.webhook_auth is True
    assert transcript.webhook_status_code == 202


def understood(heard: Heard, **tasks: Any) -> tuple[aai.Transcript, aai.SpeechUnderstandingFeatureResponses]:
    request = aai.SpeechUnderstandingRequest(request=aai.SpeechUnderstandingFeatureRequests(**tasks))
    transcript = heard(ORDER, speaker_labels=True, speech_understanding=request)
    assert transcript.speech_understanding is not None
    assert transcript.speech_understanding.response is not None
    return transcript, transcript.speech_understanding.response


def test_speakers_are_identified(heard: Heard) -> None:
    roles = aai.SpeakerIdentificationRequest(speaker_type=aai.SpeakerType.role, known_values=["Buyer", "Seller"])
    transcript, response = understood(heard, speaker_identification=roles)
    assert response.speaker_identification is not None
    assert response.speaker_identification.mapping == {"A": "Buyer", "B": "Seller"}
    assert speakers(transcript) == ["Buyer", "Seller", "Buyer", "Seller"]
    described = [{"name": "Robert", "description": "wants his money back"}, {"name": "Ann"}]
    names = aai.SpeakerIdentificationRequest(speaker_type=aai.SpeakerType.name, speakers=described)
    assert speakers(understood(heard, speaker_identification=names)[0]) == ["Robert", "Ann", "Robert", "Ann"]


def test_texts_are_translated(heard: Heard, client: aai.Client) -> None:
    wanted = aai.TranslationRequest(target_languages=["de", "fr"], formal=True, match_original_utterance=True)
    transcript, response = understood(heard, translation=wanted)
    assert response.translation is not None
    assert response.translation.status == "success"
    assert transcript.translated_texts is not None
    assert set(transcript.translated_texts) == {"de", "fr"}
    assert all(set(utterance["translated_texts"]) == {"de", "fr"} for utterance in reply(client)["utterances"])


def test_dates_and_numbers_are_formatted(heard: Heard) -> None:
    formats = aai.CustomFormattingRequest(
        date="yyyy-mm-dd", phone_number="(xxx) xxx-xxxx", email="username (at) domain.com"
    )
    formatted = understood(heard, custom_formatting=formats)[1].custom_formatting
    assert formatted is not None
    assert formatted.formatted_text is not None
    assert "Write to help (at) example.com or call (555) 010-4477" in formatted.formatted_text
    assert "on 2026-03-05." in formatted.formatted_text
    assert formatted.formatted_utterances is not None
    assert " ".join(turn["text"] for turn in formatted.formatted_utterances) == formatted.formatted_text


def test_chapters_are_summarised(heard: Heard) -> None:
    wanted = aai.SummarizationRequest(
        summary_type="bullets", headline_length=5, approximate_chapters=1, effort="medium"
    )
    summary = understood(heard, summarization=wanted)[1].summarization
    assert summary is not None
    assert summary.summary is not None
    assert (summary.summary_type, summary.effort, len(summary.summary)) == ("bullets", "medium", 1)
    assert summary.summary[0].headline == "Good morning, this is Robert"
    assert summary.summary[0].bullets
    assert summary.block_summary


def test_the_helpers_of_a_configuration_set_the_same_options(transcriber: aai.Transcriber) -> None:
    config = aai.TranscriptionConfig(raw_transcription_config=aai.RawTranscriptionConfig(punctuate=True))
    config.set_casing_and_formatting(True).set_speaker_diarization(True, 1).set_audio_slice(0, 50_000)
    config.set_word_boost(["ACME"]).set_redact_pii(True, policies=[Policy.email_address]).set_content_safety(True, 50)
    config.set_webhook(None).set_summarize(True, aai.SummarizationModel.informative, aai.SummarizationType.bullets)
    config.set_custom_spelling({"LAMPS": "lamps"}).set_language_detection(
        True, 0.1, ["en"], "en", "fallback", ["en_uk"]
    )
    transcript = transcriber.transcribe(ORDER, config)
    assert speakers(transcript) == ["A"] * 4
    assert "ACME" in text(transcript)
    assert "LAMPS" in text(transcript)
    assert "####@#######.###" in text(transcript)
    assert transcript.language_code == "en_uk"
    assert transcript.summary
    assert transcript.content_safety
    assert config.raw.audio_end_at == 50_000


def test_what_was_asked_for_comes_back_as_a_configuration(heard: Heard) -> None:
    found = heard(ORDER, speaker_labels=True, filter_profanity=True, language_code="en").config
    assert (found.speaker_labels, found.filter_profanity, found.language_code) == (True, True, "en_us")
    assert found.webhook_url is None
