"""What was made at one region's host does not exist at the other's."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import Api, JobsApi
from tests.conftest import AUDIO, api_of
from tests.processes import running
from tests.receivers import receiving
from tests.sounds import wav

URL = "https://example.com/a.mp3"
API = {"us": "api.assemblyai.com", "eu": "api.eu.assemblyai.com"}
GATEWAY = {"us": "llm-gateway.assemblyai.com", "eu": "llm-gateway.eu.assemblyai.com"}
NOT_FOUND = (400, {"error": "Transcript lookup error, transcript id not found"})
CLAUDE = "claude-haiku-4-5-20251001"


class Regions(NamedTuple):
    """One key at the hosts of two regions: where something is made, and the other."""

    here: Api
    there: Api


def at(host: str, url: str, key: str) -> Api:
    api = api_of(url, key)
    api.http.headers["Host"] = host
    return api


def regions_of(url: str, key: str, here: str, there: str) -> Regions:
    return Regions(at(API[here], url, key), at(API[there], url, key))


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with MockServer(quirks=["lemur"]) as made:
        yield made


@pytest.fixture(params=["us", "eu"])
def here(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def there(here: str) -> str:
    return {"us": "eu", "eu": "us"}[here]


@pytest.fixture
def regions(mock: MockServer, request: pytest.FixtureRequest, here: str, there: str) -> Regions:
    key = api_of(mock.url).key
    return regions_of(mock.url, key, here, there)


def seen(api: Api) -> list[str]:
    return api.listed(api.listing())


def answer(reply: httpx.Response) -> tuple[int, Any]:
    return reply.status_code, reply.json()


def test_a_transcript_is_not_found_at_the_other_regions_host(regions: Regions, here: str, there: str) -> None:
    job = regions.here.submit(URL)
    before = regions.there.ask(job)
    assert answer(before) == NOT_FOUND
    assert before.headers["x-mock-hint"] == f"{job} is in the region {here}, and this host is of {there}"
    assert regions.here.get(job)["status"] == "completed"
    again = regions.here.ask(job).content
    assert answer(regions.there.ask(job)) == NOT_FOUND
    assert regions.here.ask(job).content == again


@pytest.mark.parametrize(
    "export", ["sentences", "paragraphs", "srt", "vtt", "word-search?words=the", "redacted-audio"]
)  # fmt: skip
def test_nothing_of_a_transcript_is_at_the_other_regions_host(export: str, regions: Regions) -> None:
    job = regions.here.submit(URL, redact_pii=True, redact_pii_policies=["person_name"], redact_pii_audio=True)
    regions.here.get(job)
    path = f"/v2/transcript/{job}/{export}"
    assert regions.here.http.get(path).status_code == 200
    assert answer(regions.there.http.get(path)) == NOT_FOUND


def test_a_transcript_cannot_be_deleted_from_the_other_region(regions: Regions) -> None:
    job = regions.here.send(wav(2))
    view = regions.here.get(job)
    assert answer(regions.there.http.delete(f"/v2/transcript/{job}")) == NOT_FOUND
    assert regions.here.get(job) == view
    deleted = regions.here.http.delete(f"/v2/transcript/{job}")
    assert deleted.json()["audio_url"] == "http://deleted_by_user"
    assert answer(regions.there.ask(job)) == NOT_FOUND


def test_a_poll_from_the_other_region_moves_nothing(regions: Regions) -> None:
    job = regions.here.submit(URL, progress="polls")
    for _ in range(5):
        assert answer(regions.there.ask(job)) == NOT_FOUND
    assert regions.here.job(job)["status"] == "queued"
    assert [regions.here.status(job) for _ in range(2)] == ["processing", "completed"]


def test_each_list_has_the_transcripts_of_its_region(regions: Regions) -> None:
    made: dict[Api, list[str]] = {api: [] for api in regions}
    for _ in range(3):
        for api in regions:
            made[api].insert(0, api.submit(URL))
    assert [seen(api) for api in regions] == [made[api] for api in regions]
    regions.here.http.delete(f"/v2/transcript/{made[regions.here][0]}")
    assert [seen(api) for api in regions] == [made[api] for api in regions]


@pytest.mark.parametrize("filters", [{}, {"status": "completed"}, {"status": "queued"}, {"throttled_only": "true"}])
def test_pages_pass_over_what_is_in_the_other_region(filters: dict[str, str], regions: Regions) -> None:
    progress = "instant" if filters.get("status") == "completed" else "held"
    if "throttled_only" in filters:
        assert regions.here.control.patch("/terms", json={"concurrency": 1}).status_code == 200
        regions.here.freeze()
        regions.here.submit(URL, progress="timed")  # it has the slot
        progress = "timed"
    made = [(api, api.submit(URL, progress=progress)) for _ in range(7) for api in regions]
    regions.here.advance(1)
    for api in regions:
        mine = [job for maker, job in reversed(made) if maker is api]
        pages = list(paged(api, filters))
        assert pages == [mine[:2], mine[2:4], mine[4:6], mine[6:]]
        newer = api.http.get("/v2/transcript", params={"limit": 2, **filters, "after_id": mine[-1]})
        assert api.listed(newer) == mine[-3:-1]


def paged(api: Api, filters: dict[str, str]) -> Iterator[list[str]]:
    """Yield the ids of every page of two."""
    query: dict[str, Any] = {"limit": 2, **filters}
    has_older = True
    while has_older:
        page = api.http.get("/v2/transcript", params=query)
        yield api.listed(page)
        has_older = page.json()["page_details"]["prev_url"] is not None
        query["before_id"] = api.listed(page)[-1]


@pytest.mark.parametrize("cursor", ["before_id", "after_id"])
def test_a_page_cannot_begin_at_a_transcript_of_the_other_region(
    cursor: str, regions: Regions, here: str, there: str
) -> None:
    job = regions.here.submit(URL)
    regions.there.submit(URL)
    refused = regions.there.http.get("/v2/transcript", params={cursor: job})
    assert refused.status_code == 400
    assert refused.headers["x-mock-hint"] == f"{job} is in the region {here}, and this host is of {there}"


def test_an_upload_is_no_audio_in_the_other_region(regions: Regions, here: str, there: str) -> None:
    upload = regions.here.upload(AUDIO.joinpath("support-call.mp3").read_bytes())
    reply = regions.there.create(upload)
    assert answer(reply)[1]["status"] == "queued"
    assert reply.headers["x-mock-hint"] == f"the upload is in the region {here}, and this host is of {there}"
    failed = regions.there.get(reply.json()["id"])
    assert (failed["status"], failed["error"]) == ("error", f"Download error, unable to access file at {upload}")
    assert regions.there.job(failed["id"])["failure"]["reason"] == "wrong_region"
    assert regions.here.transcribe(upload)["status"] == "completed"


def test_deleting_what_failed_for_its_region_leaves_the_upload(regions: Regions) -> None:
    upload = regions.here.upload(wav(2))
    failed = regions.there.submit(upload)
    assert regions.there.status(failed) == "error"
    assert regions.there.http.delete(f"/v2/transcript/{failed}").status_code == 200
    assert regions.here.transcribe(upload)["status"] == "completed"


def test_an_upload_of_a_stranger_in_the_other_region_is_as_if_there_were_none(
    mock: MockServer, regions: Regions
) -> None:
    stranger = at(regions.there.http.headers["Host"], mock.url, api_of(mock.url).key)
    failed = stranger.transcribe(regions.here.upload(wav(2)))
    assert failed["status"] == "error"
    assert failed["error"].startswith("Download error")
    stranger.http.headers["Host"] = regions.here.http.headers["Host"]
    assert stranger.create(regions.here.upload(wav(2))).status_code == 403


def test_the_same_audio_is_heard_alike_in_both_regions(regions: Regions) -> None:
    audio = AUDIO.joinpath("support-call.mp3").read_bytes()
    views = [api.get(api.send(audio)) for api in regions]
    assert views[0]["words"] == views[1]["words"]
    assert views[0]["id"] != views[1]["id"]


def test_a_chat_and_understanding_know_the_transcripts_of_their_region(
    regions: Regions, mock: MockServer, here: str, there: str
) -> None:
    job = regions.here.submit(URL, speaker_labels=True)
    task = {"summarization": {"summary_type": "paragraph"}}
    asked = {
        "/v1/chat/completions": {
            "model": CLAUDE,
            "messages": [{"role": "user", "content": "Summarise: {{ transcript }}"}],
            "transcript_id": job,
        },
        "/v1/understanding": {"transcript_id": job, "speech_understanding": {"request": task}},
        "/v1/understanding/validate": {"transcript_id": job, "speech_understanding": {"request": task}},
    }
    regions.here.get(job)
    for path, body in asked.items():
        refused = regions.here.http.post(path, json=body, headers={"Host": GATEWAY[there]})
        assert (refused.status_code, refused.json()["message"]) == (404, "transcript not found")
        assert f"is in the region {here}" in refused.headers["x-mock-hint"]
        reply = regions.here.http.post(path, json=body, headers={"Host": GATEWAY[here]})
        assert reply.status_code == 200, reply.text


def test_lemur_knows_the_transcripts_and_the_answers_of_its_region(regions: Regions) -> None:
    job = regions.here.submit(URL)
    regions.here.get(job)
    asked = {"transcript_ids": [job]}
    refused = regions.there.http.post("/lemur/v3/generate/summary", json=asked)
    assert answer(refused) == (400, {"error": "each transcript source id must be valid"})
    given = regions.here.http.post("/lemur/v3/generate/summary", json=asked).json()["request_id"]
    assert regions.there.http.get(f"/lemur/v3/{given}").status_code == 400
    assert regions.there.http.delete(f"/lemur/v3/{given}").status_code == 400
    assert regions.here.http.get(f"/lemur/v3/{given}").status_code == 200


def test_a_link_to_redacted_audio_is_good_at_its_regions_host(regions: Regions) -> None:
    job = regions.here.submit(URL, redact_pii=True, redact_pii_policies=["person_name"], redact_pii_audio=True)
    regions.here.get(job)
    link = urlsplit(regions.here.http.get(f"/v2/transcript/{job}/redacted-audio").json()["redacted_audio_url"])
    assert link.netloc == regions.here.http.headers["Host"]
    path = f"{link.path}?{link.query}"
    assert regions.there.http.get(path).status_code == 403
    assert regions.here.http.get(path).status_code == 200


def test_webhooks_of_both_regions_arrive(regions: Regions) -> None:
    with receiving() as receiver:
        for api in regions:
            job = api.submit(URL, webhook_url=receiver.url)
            calls = api.control.get("/webhooks", params={"wait": 10, "job": job}).json()["webhooks"]
            assert [call["delivered"] for call in calls] == [True]
        assert len(receiver.received) == 2


def test_the_control_api_sees_every_region(regions: Regions, here: str, there: str) -> None:
    jobs = {here: regions.here.submit(URL), there: regions.there.submit(URL)}
    for region, job in jobs.items():
        assert regions.here.job(job)["region"] == region
    listed = regions.here.control.get("/jobs").json()["jobs"]
    assert {row["region"]: row["id"] for row in listed} == jobs


def test_requests_to_both_regions_count_together(regions: Regions) -> None:
    assert regions.here.control.patch("/terms", json={"rate_limit": 2}).status_code == 200
    assert regions.here.listing().status_code == regions.there.listing().status_code == 200
    assert regions.here.listing().status_code == regions.there.listing().status_code == 429


def test_a_slot_is_shared_by_the_regions(regions: Regions) -> None:
    assert regions.here.control.patch("/terms", json={"concurrency": 1}).status_code == 200
    regions.here.freeze()
    first, second = regions.here.submit(URL, progress="timed"), regions.there.submit(URL, progress="timed")
    regions.here.advance(1)
    assert (regions.here.status(first), regions.there.status(second)) == ("processing", "queued")


@pytest.mark.parametrize("setting", ["us", "eu"])
def test_hosts_without_a_region_are_of_the_settings(setting: str) -> None:
    other = {"us": "eu", "eu": "us"}[setting]
    with MockServer(region=setting) as mock:
        api = api_of(mock.url)
        job = api.submit(URL)
        assert api.get(job)["status"] == "completed"
        assert at(API[setting], mock.url, api.key).get(job)["status"] == "completed"
        assert answer(at(API[other], mock.url, api.key).ask(job)) == NOT_FOUND
        assert at(f"mock.{setting}.example", mock.url, api.key).get(job)["status"] == "completed"
        assert answer(at(f"{other}.localhost:4747", mock.url, api.key).ask(job)) == NOT_FOUND


def test_the_jobs_api_has_no_regions(mock: MockServer) -> None:
    api = api_of(mock.url, family=JobsApi)
    api.http.headers["Host"] = "jobs.eu.example"
    job, uploaded = api.submit(URL), api.send(wav(2))
    api.http.headers["Host"] = "jobs.us.example"
    assert [api.status(each) for each in (job, uploaded)] == ["completed", "completed"]
    assert api.text(job)
    assert api.listed(api.listing()) == [uploaded, job]
    assert api.job(job)["region"] is None


def test_a_restart_keeps_regions_apart(tmp_path: Path, here: str, there: str) -> None:
    flags = ["--data", str(tmp_path)]
    with running(*flags) as first:
        regions = regions_of(first.url, "stays", here, there)
        upload = regions.here.upload(wav(2))
        job = regions.here.submit(upload)
        view = regions.here.ask(job).content
        other = regions.there.submit(URL)
    with running(*flags) as second:
        regions = regions_of(second.url, "stays", here, there)
        assert answer(regions.there.ask(job)) == NOT_FOUND
        assert regions.here.ask(job).content == view
        assert answer(regions.there.ask(job)) == NOT_FOUND
        assert (seen(regions.here), seen(regions.there)) == ([job], [other])
        assert regions.there.transcribe(upload)["status"] == "error"
        assert regions.here.transcribe(upload)["status"] == "completed"


def test_a_snapshot_keeps_regions_apart(regions: Regions) -> None:
    upload = regions.here.upload(wav(2))
    job, other = regions.here.submit(upload), regions.there.submit(URL)
    assert regions.here.control.post("/snapshots", json={"name": "a"}).status_code == 201
    regions.here.control.post("/reset")
    assert seen(regions.here) == seen(regions.there) == []
    assert regions.here.control.post("/snapshots/a/restore").status_code == 200
    assert (seen(regions.here), seen(regions.there)) == ([job], [other])
    assert answer(regions.there.ask(job)) == NOT_FOUND
    assert regions.there.transcribe(upload)["status"] == "error"
    assert regions.here.transcribe(upload)["status"] == "completed"


def test_a_job_for_the_wrong_region_fails_for_that_also_when_it_is_prepared_by_the_next_server(tmp_path: Path) -> None:
    folder = tmp_path / "fixtures"
    folder.mkdir()
    long = "https://example.com/long.mp3"
    (folder / "long.yaml").write_text(f"match: {{audio_url: {long}}}\nduration: 36000\n")
    flags = ["--data", str(tmp_path / "data"), "--fixtures", str(folder)]
    with running(*flags) as first:
        regions = regions_of(first.url, "stays", "us", "eu")
        upload = regions.here.upload(wav(2))
        regions.there.submit(long)
        behind = regions.there.submit(upload)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with running(*flags) as second:
        api = at(API["eu"], second.url, "stays")
        assert api.failure(behind) == f"Download error, unable to access file at {upload}"
