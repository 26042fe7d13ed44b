"""``mockserver exec -- CMD`` for programs with the vendors' hosts built in."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT

EXEC = [sys.executable, "-m", "mockserver", "exec"]
_OF_THE_ENVIRONMENT = ("PROXY", "SSL_CERT", "CA_BUNDLE", "CA_CERTS", "ASSEMBLYAI", "OPENAI")
BUILT_IN = """
import asyncio, os, urllib.request
for name in list(os.environ):
    if name.startswith(("ASSEMBLYAI_", "OPENAI_")):
        del os.environ[name]
import aiohttp, assemblyai as aai, httpx, openai, requests

url = "https://api.assemblyai.com/v2/transcript?limit=1"
headers = {"Authorization": "k"}
async def with_aiohttp():
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(url, headers=headers) as reply:
        return reply.status

print(httpx.get(url, headers=headers).status_code, requests.get(url, headers=headers).status_code)
print(asyncio.run(with_aiohttp()), httpx.get("http://api.assemblyai.com/", headers=headers).status_code)
print(urllib.request.urlopen("https://llm-gateway.assemblyai.com/v1/models").status)
aai.settings.api_key, aai.settings.polling_interval = "k", 0.01
heard = aai.Transcriber().transcribe("fixtures/audio/hello.wav")
print(aai.settings.base_url, heard.text[:18], heard.audio_url.split("/upload/")[0])
with openai.OpenAI(base_url="https://llm-gateway.assemblyai.com/v1", api_key="k") as client:
    print(len(client.models.list().data) > 3)
"""


def run(*arguments: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    own = {
        name: value for name, value in os.environ.items() if not any(of in name.upper() for of in _OF_THE_ENVIRONMENT)
    }
    return subprocess.run(
        [*EXEC, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
        env=own | {"PYTHONPATH": str(ROOT)} | env,
    )


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"elsewhere, asked for {self.path}".encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Some other host: an address of this machine for which NO_PROXY does not stand."""
    with http.server.ThreadingHTTPServer(("127.0.0.2", 0), _Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.2:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_program_with_the_hosts_built_in_is_answered() -> None:
    done = run("--", sys.executable, "-c", BUILT_IN)
    said = "200 200\n200 404\n200\nhttps://api.assemblyai.com Hello and welcome. https://api.assemblyai.com\nTrue\n"
    assert (done.returncode, done.stdout) == (0, said), done.stderr


def node_version() -> tuple[int, ...]:
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.strip().lstrip("v").split("."))


def test_node_is_answered() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    major, minor, _ = node_version()
    knows_proxies = major >= 24 or (major, minor) >= (22, 21)
    base = "'https://api.assemblyai.com'" if knows_proxies else "process.env.MOCKSERVER_HTTPS_URL"
    script = f"const reply = await fetch({base} + '/_mock/health'); console.log((await reply.json()).status)"
    done = run("--", "node", "--input-type=module", "-e", script)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def test_streams_are_answered_at_the_host_that_is_built_in() -> None:
    script = """
import json
from websockets.sync.client import connect
url = "wss://streaming.assemblyai.com/v3/ws?sample_rate=16000"
with connect(url, additional_headers={"Authorization": "k"}) as session:
    print(json.loads(session.recv(10))["type"])
"""
    done = run("--", sys.executable, "-c", script)
    assert done.stdout == "Begin\n", done.stderr


def test_the_sdk_for_node_streams_over_wss() -> None:
    folder = ROOT / "tests" / "node"
    if shutil.which("node") is None or not (folder / "node_modules" / "assemblyai").is_dir():
        pytest.skip("the Node SDK is not installed (scripts/test does that where npm is there)")
    script = """
import { AssemblyAI } from "assemblyai";
const websocketBaseUrl = process.env.MOCKSERVER_HTTPS_URL.replace("https", "wss") + "/v3/ws";
const transcriber = new AssemblyAI({ apiKey: "k" }).streaming.transcriber({ sampleRate: 16000, websocketBaseUrl });
console.log(typeof (await transcriber.connect()).id);
await transcriber.close();
"""
    done = run("--", "node", "--input-type=module", "-e", script, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "string\n"), done.stderr


def test_curl_is_answered() -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    done = run("--", "curl", "-sS", "https://sync.eu.assemblyai.com/_mock/health")
    assert '"status":"ok"' in done.stdout, done.stderr


def test_other_hosts_are_passed_through_or_refused(elsewhere: str) -> None:
    script = "import httpx, sys; reply = httpx.get(sys.argv[1]); print(reply.status_code, reply.text)"
    assert run("--", sys.executable, "-c", script, elsewhere).stdout == "200 elsewhere, asked for /\n"
    refused = run("--others", "refuse", "--", sys.executable, "-c", script, elsewhere).stdout
    assert refused.startswith("403 127.0.0.2 is refused")
    assert run("--others", "some", "--", "true").returncode == 2


def test_other_hosts_are_still_reached_by_the_proxy_that_was_there(elsewhere: str) -> None:
    script = "import httpx; print(httpx.get('http://example.com/a').text, httpx.get('http://api.assemblyai.com/').status_code)"
    done = run("--", sys.executable, "-c", script, HTTP_PROXY=elsewhere)
    assert done.stdout == "elsewhere, asked for http://example.com/a 404\n", done.stderr


@pytest.mark.parametrize("no_proxy", ["*", ".assemblyai.com", "api.assemblyai.com, internal.test", "com"])
def test_the_vendors_hosts_are_never_called_past_the_proxy(no_proxy: str) -> None:
    script = "import httpx, os; print(httpx.get('https://api.assemblyai.com/_mock/health').status_code, os.environ['NO_PROXY'])"
    done = run("--", sys.executable, "-c", script, no_proxy=no_proxy)
    kept = ["internal.test"] if "internal" in no_proxy else []
    assert done.stdout.split() == ["200", ",".join([*kept, "127.0.0.1", "localhost"])], done.stderr


def test_without_the_proxy_only_the_sdks_are_led_here() -> None:
    script = "import os; print(sorted(n for n in os.environ if any(s in n for s in ('PROXY', 'SSL_CERT', 'CA_', 'ASSEMBLYAI_BASE'))))"
    assert run("--no-proxy", "--", sys.executable, "-c", script).stdout == "['ASSEMBLYAI_BASE_URL', 'NO_PROXY']\n"
    secure = run("--no-proxy", "--set", "tls=true", "--", sys.executable, "-c", script).stdout
    assert "'SSL_CERT_FILE'" in secure
    assert "'HTTPS_PROXY'" not in secure


def test_nothing_is_left_of_the_files(tmp_path: Path) -> None:
    done = run(
        "--", "sh", "-c", 'ls "$SSL_CERT_FILE" "$REQUESTS_CA_BUNDLE" "$NODE_EXTRA_CA_CERTS"', TMPDIR=str(tmp_path)
    )
    assert len(set(done.stdout.split())) == 2
    assert list(tmp_path.iterdir()) == []
    assert run("--", "sh", "-c", "kill -9 $$", TMPDIR=str(tmp_path)).returncode == 137
    assert list(tmp_path.iterdir()) == []
