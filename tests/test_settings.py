"""Settings, and the command line that shows them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.settings import Settings, SettingsError
from tests.processes import running


def command(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"} | env
    return subprocess.run(
        [sys.executable, "-m", "mockserver", *arguments], capture_output=True, text=True, env=environment
    )


def test_flags_win_over_the_environment_and_this_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('seed = 1\nport = 1\nspeed = 1.5\nkeys = ["a,b", "c"]\n')
    monkeypatch.setenv("MOCKSERVER_CONFIG", str(file))
    monkeypatch.setenv("MOCKSERVER_PORT", "2")
    monkeypatch.setenv("MOCKSERVER_SEED", "2")
    settings = Settings.load(seed=3)
    assert (settings.seed, settings.port, settings.speed, settings.keys) == (3, 2, 1.5, ("a,b", "c"))


def test_lists_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_KEYS", "a,b  c")
    monkeypatch.setenv("MOCKSERVER_FIXTURES", f"one{os.pathsep}two")
    settings = Settings.load()
    assert settings.keys == ("a,b", "c")
    assert settings.fixtures == (Path("one"), Path("two"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("port", "x"),
        ("speed", "0"),
        ("progress", "fast"),
        ("public_url", "example.com"),
        ("concurrency", "0"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_wrong(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"MOCKSERVER_{name.upper()}", value)
    with pytest.raises(SettingsError, match=f"(?s)^{name}: .*{value}"):
        Settings.load()


@pytest.mark.parametrize("content", ["prot = 1\n", "port = \n"])
def test_a_wrong_file_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(content)
    told = command("serve", "--config", str(tmp_path / "settings.toml"))
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert "prot" in told.stderr or "line 1" in told.stderr


def test_a_missing_file_is_told() -> None:
    assert "there is no file nowhere.toml" in command("serve", "--config", "nowhere.toml").stderr


def test_help_shows_every_setting_with_its_default() -> None:
    shown = command("serve", "--help").stdout
    flags = {"keys": "key", "file_folders": "file-folder", "tls_hosts": "tls-host"}
    for name, field in Settings.model_fields.items():
        assert f"--{flags.get(name, name).replace('_', '-')}" in shown
        if isinstance(field.default, int | float | str) and not isinstance(field.default, bool):
            assert str(field.default) in shown
        assert (field.description or "-").split()[0] in shown


def test_every_setting_can_be_given_as_a_flag(tmp_path: Path) -> None:
    flags = [
        "--key",
        "a,b",
        "--key",
        "c",
        "--no-samples",
        "--seed",
        "5",
        "--log-format",
        "json",
        "--data",
        str(tmp_path),
    ]
    with running(*flags) as server:
        told = command("ready", "--url", server.url)
        assert told.returncode == 0


def test_ready_tells_whether_a_server_answers() -> None:
    with running() as server:
        assert command("ready", "--url", server.url).returncode == 0
        host, port = server.url.removeprefix("http://").split(":")
        assert command("ready", MOCKSERVER_HOST=host, MOCKSERVER_PORT=port).returncode == 0
        assert command("ready", "--url", server.url, http_proxy="http://127.0.0.1:9").returncode == 0
    told = command("ready", "--url", server.url)
    assert told.returncode == 1
    assert "does not answer" in told.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with running() as server:
        taken = command("serve", "--port", server.url.rsplit(":", 1)[1])
    assert taken.returncode == 1
    assert "Traceback" not in taken.stderr
    assert "in use" in taken.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_request_is_a_line_of_the_log(form: str) -> None:
    with running("--log-format", form) as server:
        import httpx

        identifier = httpx.get(f"{server.url}/v2/transcript/x", headers={"Authorization": "k"}).headers["x-request-id"]
        server.process.terminate()
        _, log = server.process.communicate()
    line = next(line for line in log.splitlines() if identifier in line)
    assert "/v2/transcript/x" in line
    assert line.startswith("{") == (form == "json")


def test_a_variable_that_is_no_setting_is_told() -> None:
    with running(env={"MOCKSERVER_PROGESS": "timed"}) as server:
        assert "MOCKSERVER_PROGESS is in the environment" in server.said


def test_wrong_settings_are_told_by_every_command() -> None:
    for arguments in (["serve"], ["ready"], ["fixtures", "check"]):
        told = command(*arguments, MOCKSERVER_PORT="abc")
        assert told.returncode == 2
        assert "port: " in told.stderr
        assert "Traceback" not in told.stderr
