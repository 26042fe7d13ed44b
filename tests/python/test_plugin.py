"""The pytest plugin, in runs of pytest."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver import Mock, MockServer
from mockserver.pytest_plugin import key_of
from tests.processes import ROOT
from tests.python.conftest import ASKING, Run

pytest_plugins = ["pytester"]


def test_each_test_has_a_world_of_its_own_on_one_server(run: Run) -> None:
    result = run(
        ASKING
        + """
seen = set()

def test_one(mockserver, mockserver_server):
    assert mockserver.jobs() == []
    ask(mockserver, "/v2/transcript", AUDIO)
    mockserver.freeze()
    seen.add((mockserver_server.url, mockserver.api_key))

def test_two(mockserver, mockserver_server):
    assert mockserver.jobs() == []
    assert not mockserver.clock().frozen
    (url, key), = seen
    assert url == mockserver.url == mockserver_server.url
    assert key != mockserver.api_key
    assert mockserver_server.with_key(key).jobs() == []  # it was reset at the end
"""
    )
    result.assert_outcomes(passed=2)


def test_ids_are_the_same_in_every_run_and_on_every_worker(run: Run) -> None:
    code = (
        ASKING
        + """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_id(mockserver, number):
    print("ID", number, ask(mockserver, "/v2/transcript", AUDIO)["id"])
"""
    )
    alone = run(code, "-rP")
    side_by_side = run(code, "-rP", "-n", "2", plugins=("xdist",))

    def ids(result: pytest.RunResult) -> list[str]:
        return sorted(line for line in result.outlines if line.startswith("ID"))

    side_by_side.assert_outcomes(passed=4)
    assert len(set(ids(alone))) == 4
    assert ids(side_by_side) == ids(alone)


def test_the_journal_of_a_failing_test_is_in_its_report(run: Run) -> None:
    result = run(
        ASKING
        + """
def test_fails(mockserver):
    job = ask(mockserver, "/v2/transcript", {"audio_url": "https://example.com/errors/too-short.mp3"})["id"]
    ask(mockserver, f"/v2/transcript/{job}")
    assert ask(mockserver, "/v2/transcript", {"audio_url": 5}) == 200

def test_passes(mockserver):
    ask(mockserver, "/v2/transcript", AUDIO)
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*mockserver journal*",
            f"API key {key_of('test_it.py::test_fails')} at http://127.0.0.1:*",
            "200 POST /v2/transcript job=*",
            "200 GET /v2/transcript/*",
            "400 POST /v2/transcript: *audio_url*",
            "job * failed: *",
        ]
    )
    assert result.stdout.str().count("mockserver journal") == 1


def test_the_journal_in_a_report_is_short_and_has_the_newest(run: Run) -> None:
    code = (
        ASKING
        + """
def test_fails(mockserver):
    for number in range(70):
        ask(mockserver, f"/v2/transcript/{number}")
    assert False
"""
    )
    result = run(code, "-n", "1", plugins=("xdist",))
    shown = [line for line in result.outlines if re.match(r"\d+ GET /v2/transcript", line)]
    assert len(shown) == 50
    assert "/v2/transcript/69" in shown[-1]
    result.stdout.fnmatch_lines(["... only the newest 50 requests"])


def test_the_marker_says_what_the_server_is_like(run: Run) -> None:
    result = run(
        ASKING
        + """
import pytest

@pytest.mark.mockserver(speed=60, rate_limit=1)
def test_marked(mockserver):
    assert mockserver.clock().scale == 60
    assert [ask(mockserver, "/v2/transcript/x"), ask(mockserver, "/v2/transcript/x")] == [400, 429]

@pytest.mark.mockserver(rate_limit=5, rate_window=7)
class TestClass:
    @pytest.mark.mockserver(rate_limit=6)
    def test_the_nearest_marker_wins(self, mockserver):
        terms = mockserver.terms()
        assert (terms["rate_limit"], terms["rate_window"]) == (6, 7)

def test_unmarked(mockserver):
    assert mockserver.terms()["rate_limit"] == 20_000
"""
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("spede=60", "the mockserver marker knows no 'spede'; it knows *speed*rate_limit*"),
        ("rate_limit='few'", "the mockserver marker: rate_limit: *"),
        ("speed=0", "the mockserver marker: factor: *"),
        ("60", "the mockserver marker takes names only, not 60"),
        ("faults=5", "the mockserver marker: faults: 5 is no list of rules*"),
        ("faults=[{'eror': 'x'}]", "the mockserver marker: eror: there is no such field; there are name, *"),
        ("profile='nope'", "the mockserver marker: profile: there is no 'nope'; there are *"),
    ],
)
def test_a_wrong_marker_names_what_is_wrong(run: Run, arguments: str, told: str) -> None:
    result = run(f"import pytest\n\n@pytest.mark.mockserver({arguments})\ndef test_marked(mockserver):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*During handling*")


def test_settings_come_from_the_ini_file_and_the_command_line(run: Run) -> None:
    result = run(
        """
def test_settings(mockserver_server):
    settings = mockserver_server.settings
    assert (settings.progress, settings.seed, settings.rate_limit) == ("timed", 9, 3)
""",
        "--mockserver-set",
        "seed=9",
        ini="mockserver_settings =\n    progress=timed\n    seed=8\n    rate_limit=3\n",
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("line", "told"), [("prot=1", "mockserver_settings: prot: *"), ("x", "*'x' is not name=value")]
)
def test_a_wrong_setting_is_named(run: Run, line: str, told: str) -> None:
    result = run("def test_it(mockserver):\n    pass\n", ini=f"mockserver_settings = {line}\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])


@pytest.mark.parametrize("way", ["option", "ini", "environment"])
def test_a_server_that_runs_already_can_be_used(
    run: Run, way: str, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = ASKING + f"def test_it(mockserver):\n    assert mockserver.url == {server.url!r}\n    assert 0\n"
    if way == "environment":
        monkeypatch.setenv("MOCKSERVER_URL", server.url)
    options = ["--mockserver-url", server.url] if way == "option" else []
    result = run(code, *options, ini=f"mockserver_url = {server.url}\n" if way == "ini" else "")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"API key * at {server.url}", "no request was made with this key"])


def test_a_server_that_does_not_answer_is_named(run: Run) -> None:
    result = run("def test_it(mockserver):\n    pass\n", "--mockserver-url", "http://127.0.0.1:9")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["mockserver_url: http://127.0.0.1:9 does not answer: *"])


def test_workers_side_by_side_share_a_server_and_no_state(run: Run, server: MockServer) -> None:
    result = run(
        ASKING
        + """
import pytest

@pytest.mark.parametrize("number", range(40))
def test_it(mockserver, number):
    mockserver.freeze()
    mockserver.advance(number)
    jobs = [ask(mockserver, "/v2/transcript", AUDIO)["id"] for _ in range(number % 4 + 1)]
    assert [job.id for job in reversed(mockserver.jobs())] == jobs
    assert len(mockserver.requests()) == len(jobs)
    assert mockserver.clock().frozen
""",
        "-n",
        "4",
        "--mockserver-url",
        server.url,
        plugins=("xdist",),
    )
    result.assert_outcomes(passed=40)


def test_the_official_sdk_calls_the_server(run: Run) -> None:
    result = run(
        """
import os, subprocess, sys
import assemblyai as aai

before = aai.settings.base_url

def test_env(mockserver, assemblyai_env):
    assert assemblyai_env == mockserver.env
    assert os.environ["ASSEMBLYAI_BASE_URL"] == mockserver.url
    transcript = aai.Transcriber().transcribe("https://example.com/a.mp3")
    assert transcript.status == "completed"
    assert [request.status for request in mockserver.requests()] == [200, 200]

def test_again(mockserver, assemblyai_env):
    aai.Transcriber().transcribe("https://example.com/a.mp3")
    assert len(mockserver.jobs()) == 1

def test_afterwards():
    assert "ASSEMBLYAI_BASE_URL" not in os.environ
    assert aai.settings.base_url == before
    assert aai.settings.api_key is None
"""
    )
    result.assert_outcomes(passed=3)


def test_tests_with_an_event_loop_can_use_it(run: Run) -> None:
    result = run(
        """
import httpx, pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_it(mockserver):
    await mockserver.asynchronous.freeze()
    async with httpx.AsyncClient(base_url=mockserver.url, headers={"Authorization": mockserver.api_key}) as client:
        await client.get("/v2/transcript/x")
    assert len(await mockserver.asynchronous.requests()) == 1
    assert False
""",
        plugins=("anyio",),
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*mockserver journal*", "400 GET /v2/transcript/x*"])


def test_the_plugin_alone_imports_nothing_that_takes_long() -> None:
    script = "import sys, pytest\nbefore = set(sys.modules)\nimport mockserver.pytest_plugin\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(done.stdout.split()) == {"mockserver", "mockserver.pytest_plugin"}


def test_pytest_finds_the_plugin_by_its_entry_point(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = tmp_path / "mockserver_entry-0.dist-info"
    entry.mkdir()
    (entry / "METADATA").write_text("Name: mockserver-entry\nVersion: 0\n")
    lines = (ROOT / "pyproject.toml").read_text()
    (point,) = re.findall(r'\[project\.entry-points\.pytest11\]\nmockserver = "(.*)"\n', lines)
    (entry / "entry_points.txt").write_text(f"[pytest11]\nmockserver = {point}\n")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{tmp_path}")
    pytester.makepyfile("def test_it(mockserver):\n    assert mockserver.jobs() == []\n")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_key_is_one_of_the_test_and_can_be_sent() -> None:
    keys = {key_of(node) for node in ("a.py::test_x", "b.py::test_x", "a.py::test_x[ü+/ ]", "a.py::Test::test_x")}
    assert len(keys) == 4
    assert all(re.fullmatch(r"test-[A-Za-z0-9_-]+", key) for key in keys)
    assert isinstance(Mock("http://127.0.0.1:1", keys.pop()).env, dict)
