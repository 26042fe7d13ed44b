"""``mockserver exec -- CMD``."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.processes import ROOT

EXEC = [sys.executable, "-m", "mockserver", "exec"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EXEC, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=60)


def test_a_program_finds_the_server_in_its_environment() -> None:
    script = "import assemblyai as aai; print(aai.Transcriber().transcribe('https://example.com/a.mp3').status.value)"
    done = run("--", sys.executable, "-c", script)
    assert (done.returncode, done.stdout) == (0, "completed\n"), done.stderr


def test_a_proxy_of_the_environment_is_not_asked_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.com")
    script = (
        "import assemblyai as aai, openai, os\n"
        "print(aai.Transcriber().transcribe('https://example.com/a.mp3').status.value)\n"
        "with openai.OpenAI() as client:\n    print(len(client.models.list().data) > 3)\n"
        "print(os.environ['no_proxy'])"
    )
    done = run("--", sys.executable, "-c", script)
    assert (done.returncode, done.stdout) == (0, "completed\nTrue\nexample.com,127.0.0.1,localhost\n"), done.stderr


def test_the_official_clients_for_node_reach_the_server() -> None:
    folder = ROOT / "tests" / "node"
    if shutil.which("node") is None or not (folder / "node_modules" / "assemblyai").is_dir():
        pytest.skip("the Node SDK is not installed (scripts/test does that where npm is there)")
    script = """
import OpenAI from "openai";
import { AssemblyAI } from "assemblyai";
const env = process.env;
const client = new AssemblyAI({ apiKey: env.ASSEMBLYAI_API_KEY, baseUrl: env.ASSEMBLYAI_BASE_URL });
console.log((await client.transcripts.transcribe({ audio: "https://example.com/a.mp3" })).status);
console.log((await new OpenAI().models.list()).data.length > 3);
"""
    done = subprocess.run(
        [*EXEC, "--", "node", "--input-type=module", "-e", script],
        capture_output=True, text=True, timeout=60, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "completed\ntrue\n"), done.stderr


def test_commands_inside_speak_to_that_server() -> None:
    done = run("--set", "rate_limit=7", "--key", "mine", "--", sys.executable, "-m", "mockserver", "terms", "--json")
    assert json.loads(done.stdout)["rate_limit"] == 7
    done = run("--key", "mine", "--", "printenv", "ASSEMBLYAI_API_KEY")
    assert done.stdout == "mine\n"


def test_options_of_the_program_are_its_own_even_without_dashes() -> None:
    assert run("bash", "-c", "echo $0 $1", "--key", "x").stdout == "--key x\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--", "bash", "-c", "exit 7"), 7, ""),
        (("--", "bash", "-c", "kill -9 $$"), 137, ""),
        (("--", "no-such-program"), 127, "there is no program no-such-program"),
        (("--", str(ROOT / "README.md")), 126, "cannot be run"),
        (("--set", "prot=1", "--", "true"), 2, "prot: "),
        (("--set", "port", "--", "true"), 2, "'port' is not name=value"),
        ((), 2, "Missing argument"),
    ],
)
def test_the_exit_code_is_the_programs_or_says_why_it_did_not_run(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_program(number: signal.Signals) -> None:
    script = (
        "import signal, sys\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(42))\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    started = subprocess.Popen(
        [*EXEC, "--", sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    started.send_signal(number)
    assert started.wait(30) == 42
    started.stdout.close()


def test_a_terminals_interrupt_reaches_the_program_once() -> None:
    script = (
        "import signal, threading\n"
        "seen, came = [], threading.Event()\n"
        "signal.signal(signal.SIGINT, lambda *_: (seen.append(1), came.set()))\n"
        "print('ready', flush=True)\n"
        "came.wait(60)\n"
        "threading.Event().wait(0.5)\n"
        "print('seen', len(seen), flush=True)\n"
    )
    pid, terminal = os.forkpty()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [*EXEC, "--", sys.executable, "-c", script])
    with os.fdopen(terminal, "r+b", buffering=0) as keys:
        _read_until(keys.fileno(), b"ready")
        keys.write(b"\x03")
        assert b"seen 1" in _read_until(keys.fileno(), b"seen 1")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _read_until(terminal: int, text: bytes) -> bytes:
    said = b""
    while text not in said:
        try:
            said += os.read(terminal, 1000)
        except OSError:
            break
    return said
