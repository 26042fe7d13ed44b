"""Long transcripts are made and rendered by helper processes; nothing is different but that nobody waits."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import Api, api_of

PROC = Path("/proc")
URL = "https://example.com/hour.mp3"


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    folder = tmp_path_factory.mktemp("fixtures")
    (folder / "hour.yaml").write_text(f"match: {{audio_url: {URL}}}\nduration: 3600\noutcome: {{progress: instant}}\n")
    with MockServer(fixtures=[folder]) as made:
        yield made


@pytest.fixture
def long(mock: MockServer) -> Api:
    return api_of(mock.url)


def helpers() -> list[int]:
    """Return the process ids of this process's helpers that are alive."""
    if not PROC.is_dir():
        pytest.skip("there is no /proc to look for processes in")
    return [int(path.name) for path in PROC.iterdir() if path.name.isdigit() and _is_helper(path)]


def _is_helper(process: Path) -> bool:
    try:
        command = (process / "cmdline").read_bytes()
        parent = (process / "stat").read_text().rsplit(")", 1)[1].split()[1]
    except OSError:
        return False
    return b"mockserver.web.workshop" in command and int(parent) == os.getpid()


def test_every_view_holds_the_same_words(long: Api) -> None:
    job = long.submit(URL, speaker_labels=True)
    view = long.get(job)
    assert len(view["words"]) > 8000
    assert view["audio_duration"] == 3600
    texts = [word["text"] for word in view["words"]]
    assert view["text"].split() == texts
    for export in ("sentences", "paragraphs"):
        items = long.http.get(f"/v2/transcript/{job}/{export}").json()[export]
        assert [word["text"] for item in items for word in item["words"]] == texts
    srt = long.http.get(f"/v2/transcript/{job}/srt").text
    assert [w for line in srt.splitlines()[2::4] for w in line.split()] == texts
    found = long.http.get(f"/v2/transcript/{job}/word-search", params={"words": texts[100]}).json()
    assert 100 in found["matches"][0]["indexes"]


def test_it_is_the_same_again_and_for_another_key(mock: MockServer, long: Api) -> None:
    one = long.get(long.submit(URL))
    other = api_of(mock.url).transcribe(URL)
    assert one["words"] == other["words"]


def test_what_belongs_to_one_job_is_not_given_for_another(long: Api) -> None:
    hidden: dict[str, Any] = {"redact_pii": True, "redact_pii_policies": ["person_name"]}
    plain, redacted = long.submit(URL), long.submit(URL, **hidden)
    assert "#" in long.get(redacted)["text"]
    assert "#" not in long.get(plain)["text"]
    assert "#" in long.http.get(f"/v2/transcript/{redacted}/srt").text
    assert "#" not in long.http.get(f"/v2/transcript/{plain}/srt").text


def test_a_reset_forgets_the_views(long: Api) -> None:
    first = long.submit(URL)
    words = long.get(first)["words"]
    long.control.post("/reset")
    again = long.submit(URL, redact_pii=True, redact_pii_policies=["person_name"])
    assert again == first
    assert long.get(again)["words"] != words


def test_a_reset_while_a_view_is_made_gives_the_next_job_its_own(long: Api) -> None:
    long.freeze()
    first = long.submit(URL)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(long.http.get, f"/v2/transcript/{first}", params={"x": 1})
        long.control.post("/reset")
        again = long.submit(URL, redact_pii=True, redact_pii_policies=["person_name"])
        assert asked.result().status_code in (200, 400)
    assert again == first
    assert "#" in long.get(again)["text"]


def test_a_deleted_transcript_is_gone_for_good(long: Api) -> None:
    job = long.submit(URL)
    assert len(long.get(job)["words"]) > 8000
    long.http.delete(f"/v2/transcript/{job}")
    assert long.get(job)["text"] == "Deleted by user."
    assert long.http.get(f"/v2/transcript/{job}/srt").status_code == 400


def test_a_helper_that_is_killed_is_replaced(long: Api) -> None:
    job = long.submit(URL)
    assert long.get(job)["status"] == "completed"
    killed = helpers()
    assert killed
    for process in killed:
        os.kill(process, signal.SIGKILL)
    assert long.http.get(f"/v2/transcript/{job}/sentences").status_code == 200
    assert not set(helpers()) & set(killed)


def test_no_helper_outlives_its_server(tmp_path: Path) -> None:
    (tmp_path / "hour.yaml").write_text(f"match: {{audio_url: {URL}}}\nduration: 3600\noutcome: {{hold: queued}}\n")
    before = set(helpers())
    with MockServer(fixtures=[tmp_path]) as made:
        api_of(made.url).transcribe(URL)
        mine = set(helpers()) - before
        assert mine
    assert not mine & set(helpers())
