"""Commands that speak to a running server, as a shell calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.cli import address
from mockserver.cli.app import MODULES
from mockserver.settings import Settings
from tests.cli.conftest import URL, Command, call, told
from tests.conftest import Api
from tests.processes import ROOT, running
from tests.receivers import receiving


def test_jobs_are_listed_shown_held_released_and_failed(command: Command, api: Api) -> None:
    assert command("jobs", "--key", api.key).stdout == "no jobs\n"
    first, second = api.submit(URL, progress="timed"), api.submit(URL, progress="held")
    lines = command("jobs", "list", "--key", api.key).stdout.splitlines()
    assert lines[0].split()[:2] == ["id", "status"]
    assert [line.split()[0] for line in lines[1:]] == [second, first]
    assert "held" in command("jobs", "show", second).stdout
    assert "yes" in command("jobs", "hold", first).stdout
    assert told(command("jobs", "release", second, "--json"))["status"] == "completed"
    assert "the tape broke" in command("jobs", "fail", first, "--error", "the tape broke").stdout
    assert told(command("jobs", "--key", api.key, "--status", "error", "--json"))["jobs"][0]["id"] == first


def test_json_is_what_the_api_says(command: Command, api: Api) -> None:
    job = api.submit(URL)
    api.freeze()
    for path, arguments in {
        "/jobs": ("jobs", "list"),
        f"/jobs/{job}": ("jobs", "show", job),
        "/clock": ("clock", "show"),
        "/terms": ("terms", "show"),
        "/webhooks": ("webhooks", "list"),
        "/journal": ("journal", "list"),
    }.items():
        keyed = () if job in arguments else ("--key", api.key)
        assert told(command(*arguments, *keyed, "--json")) == api.control.get(path).json()


def test_the_clock_is_shown_and_moved(command: Command, api: Api) -> None:
    key = ("--key", api.key)
    assert "frozen" in command("clock", "freeze", *key).stdout
    job = api.submit(URL, progress="timed")
    advanced = command("clock", "advance", "3600", *key).stdout
    assert advanced.count(job) == 2
    assert "processing -> completed" in advanced
    assert told(command("clock", "resume", *key, "--json"))["frozen"] is False
    assert "60 times as fast" in command("clock", "scale", "60", *key).stdout
    assert "60 times as fast" in command("clock", *key).stdout


def test_the_journal_is_listed_the_newest_last(command: Command, api: Api) -> None:
    api.http.get("/v2/transcript/x")
    api.http.post("/v2/transcript", content=b"{")
    first, second = command("journal", "--key", api.key).stdout.splitlines()[1:]
    assert "/v2/transcript/x" in first
    assert "400" in second
    assert "JSON" in second


def test_terms_are_changed_and_restored(command: Command, api: Api) -> None:
    key = ("--key", api.key)
    changed = told(command("terms", "change", "rate_limit=5", "concurrency=free", "failing=503", "--json", *key))
    assert (changed["rate_limit"], changed["concurrency"], changed["failing"]) == (5, 5, 503)
    assert "rate_limit" in command("terms", *key).stdout
    assert told(command("terms", "restore", "--json", *key))["rate_limit"] == 20_000


def test_webhook_calls_are_listed_and_made_again(command: Command, api: Api) -> None:
    with receiving() as receiver:
        job = api.submit(URL, webhook_url=receiver.url)
        api.get(job)
        listed = command("webhooks", "--key", api.key, "--wait", "10").stdout
        assert job in listed
        assert "200" in listed
        number = told(command("webhooks", "list", "--key", api.key, "--json"))["webhooks"][0]["number"]
        assert command("webhooks", "replay", str(number)).returncode == 0
        receiver.wait_for(2)


def test_reset_is_of_one_key(command: Command, api: Api) -> None:
    api.submit(URL)
    assert told(command("reset", "--key", api.key, "--json"))["reset"] != "everything"
    assert api.control.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("jobs", "show", "nope"), 1, "there is no job nope"),
        (("jobs", "--key", "invalid-key"), 1, "invalid-key"),
        (("jobs", "--limit", "0"), 2, "limit"),
        (("jobs", "--status", "done"), 2, "status"),
        (("jobs", "--key", "k", "list"), 2, "options come after 'list'"),
        (("clock", "advance", "--", "-1"), 2, "seconds: "),
        (("terms", "change", "rate_limit=few"), 2, "rate_limit: "),
        (("terms", "change", "rate_limit"), 2, "'rate_limit' is not name=value"),
        (("jobs", "--url", "nowhere"), 2, "'nowhere' is no address"),
        (("jobs", "--url", "http://127.0.0.1:9"), 3, "http://127.0.0.1:9 does not answer"),
        (("journal", "--url", "http://127.0.0.1:9"), 3, "does not answer"),
        (("job",), 2, "No such command 'job'"),
        (("faults", "add"), 2, "what is to happen"),
    ],
)
def test_exit_codes_say_what_went_wrong(command: Command, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = command(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_completion_is_named_for_the_command_however_it_is_called() -> None:
    assert "_MOCKSERVER_COMPLETE=complete_bash" in call("--show-completion", "bash").stdout
    asked = {"_MOCKSERVER_COMPLETE": "complete_bash", "COMP_WORDS": "mockserver faults fail-", "COMP_CWORD": "2"}
    assert call(**asked).stdout.split() == ["fail-next"]


def test_every_command_has_help_and_those_that_speak_to_a_server_print_json() -> None:
    without = {"serve", "exec"}
    for name in MODULES:
        done = call(name, "--help")
        assert done.returncode == 0
        assert ("--json" in done.stdout) == (name not in without)


def test_ready_waits_for_a_server_that_starts(tmp_path: Path) -> None:
    port = _free_port()
    waiting = subprocess.Popen(
        [sys.executable, "-m", "mockserver", "ready", "--wait", "60", "--json", "--url", f"http://127.0.0.1:{port}"],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    with running("--port", str(port)):
        said, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    assert json.loads(said)["status"] == "ok"


def test_ready_gives_up_after_a_while() -> None:
    done = call("ready", "--wait", "0.3", "--url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "does not answer" in done.stderr


def test_the_health_check_of_a_container_imports_little() -> None:
    script = "import sys\nsys.argv[1:] = ['ready']\nfrom mockserver.cli import main\ntry:\n    main()\nfinally:\n    print(*sys.modules)"
    with running() as server:
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env={"MOCKSERVER_URL": server.url}, cwd=ROOT
        )
    assert done.returncode == 0
    heavy = {"typer", "pydantic", "asyncio", "uvicorn", "yaml"}
    assert heavy & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    "env", [{}, {"MOCKSERVER_PORT": "5000", "MOCKSERVER_HOST": "0.0.0.0"}, {"MOCKSERVER_HOST": "::"}]
)
def test_the_address_is_that_of_the_settings(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOCKSERVER_URL", "MOCKSERVER_CONFIG", "MOCKSERVER_HOST", "MOCKSERVER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    assert address.own_url() == f"http://{host}:{settings.port}"


def test_the_address_can_come_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").write_text("port = 5001\n")
    monkeypatch.delenv("MOCKSERVER_URL", raising=False)
    monkeypatch.setenv("MOCKSERVER_CONFIG", str(tmp_path / "settings.toml"))
    assert address.own_url() == "http://127.0.0.1:5001"


def test_fixture_files_are_checked(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("text: Hello\n")
    assert call("fixtures", "check", str(tmp_path)).stdout == "1 fixture, no problems\n"
    (tmp_path / "bad.yaml").write_text("txt: Hello\n")
    done = call("fixtures", "check", str(tmp_path))
    assert done.returncode == 1
    assert "bad.yaml:1: " in done.stdout
    problems = json.loads(call("fixtures", "check", "--json", str(tmp_path)).stdout)["problems"]
    assert problems[0]["file"].endswith("bad.yaml")
    assert problems[0]["line"] == 1


@pytest.mark.parametrize("name", ["greeting", "it's: a #test", "Ünï cödé"])
def test_a_new_fixture_file_is_sound_and_never_written_over(name: str, tmp_path: Path) -> None:
    done = call("fixtures", "new", str(tmp_path / name))
    assert done.returncode == 0, done.stderr
    assert call("fixtures", "check", str(tmp_path)).returncode == 0
    written = (tmp_path / f"{name}.yaml").read_text()
    again = call("fixtures", "new", str(tmp_path / name))
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert (tmp_path / f"{name}.yaml").read_text() == written


def test_a_new_fixture_file_is_for_the_audio_that_is_named(tmp_path: Path) -> None:
    audio = tmp_path / "hello.wav"
    audio.write_bytes((ROOT / "fixtures/audio/hello.wav").read_bytes())
    assert call("fixtures", "new", str(audio)).returncode == 0
    with running("--no-samples", "--fixtures", str(tmp_path)) as server:
        api = Api(server.url, "k")
        assert api.transcribe(api.upload(audio.read_bytes()))["text"].startswith("Write here what is said.")
        api.close()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
