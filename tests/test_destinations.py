"""Where the server does not go, whoever asks: link-local addresses, metadata, files outside the folders."""

from __future__ import annotations

import array
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.receivers import receiving
from tests.waiting import eventually

AUDIO_URL = "https://example.com/call.mp3"
SECRETS = [
    "169.254.169.254",
    "169.254.0.1:8080",
    "[fe80::1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[fd20:ce::254]",
    "100.100.100.200",
    # The resolver makes addresses of these, as it would of a name.
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.0xa9fe",
]
ODD = ["2852039166", "0251.0376.0251.0376", "169.254.43518"]
"""The same address in forms that the HTTP client takes for none."""


class _Elsewhere(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://169.254.169.254/latest/meta-data/a.mp3")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def fetching() -> Iterator[MockServer]:
    with MockServer(remote_audio="fetch", fetch_timeout=60) as mock:
        yield mock


def finished(api: AnyApi, url: str, **params: Any) -> str:
    job = api.submit(url, **params)
    eventually(lambda: api.status(job) in ("completed", "error"))
    return job


def attempt(api: AnyApi, webhook_url: str) -> dict[str, Any]:
    api.freeze()
    api.submit(AUDIO_URL, webhook_url=webhook_url)
    (delivery,) = api.control.get("/webhooks", params={"wait": 30}).json()["webhooks"]
    (made,) = delivery["attempts"]
    found: dict[str, Any] = made
    return found


@each_family
@pytest.mark.parametrize("host", SECRETS)
def test_no_download_comes_from_there(family: Family, fetching: MockServer, host: str) -> None:
    api = api_of(fetching.url, family=family)
    url = f"http://{host}/latest/a.mp3"
    job = finished(api, url)
    assert api.status(job) == "error"
    failure = api.job(job)["failure"]
    assert failure["reason"] == "download_denied"
    assert "is a link-local or metadata address; the setting allow_link_local allows it" in failure["detail"]


def test_a_download_from_there_is_refused_in_the_documented_words(fetching: MockServer) -> None:
    api = api_of(fetching.url)
    url = f"http://{SECRETS[0]}/latest/a.mp3"
    assert api.get(finished(api, url))["error"] == f"Download error, unable to access file at {url}"


@each_family
def test_no_redirect_leads_there(family: Family, fetching: MockServer, elsewhere: str) -> None:
    api = api_of(fetching.url, family=family)
    failure = api.job(finished(api, f"http://{elsewhere}/a.mp3"))["failure"]
    assert failure["reason"] == "download_denied"
    assert failure["detail"].startswith("169.254.169.254 is a link-local")


@each_family
@pytest.mark.parametrize("host", SECRETS)
def test_no_webhook_goes_there(api: AnyApi, host: str) -> None:
    made = attempt(api, f"http://{host}/hook")
    assert made["status"] is None
    assert "is a link-local or metadata address; the setting allow_link_local allows it" in made["error"]


@each_family
@pytest.mark.parametrize("host", ODD)
def test_an_address_in_an_odd_form_is_none(family: Family, api: AnyApi, fetching: MockServer, host: str) -> None:
    assert "is not a canonical IPv4 address" in attempt(api, f"http://{host}/hook")["error"]
    other = api_of(fetching.url, family=family)
    assert other.job(finished(other, f"http://{host}/a.mp3"))["failure"]["reason"] == "download_failed"


@each_family
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_ones_own_machine_may_be_called(api: AnyApi, host: str) -> None:
    with receiving() as receiver:
        assert attempt(api, receiver.url.replace("127.0.0.1", host))["status"] == 200


@each_family
def test_a_setting_allows_it(family: Family) -> None:
    with MockServer(allow_link_local=True, webhook_timeout=0.2) as mock:
        made = attempt(
            api_of(mock.url, family=family), "http://[fe80::1]/hook"
        )  # without a zone nothing leaves the machine
        assert made["error"]
        assert "allow_link_local" not in made["error"]


def test_a_file_elsewhere_is_not_read_either_when_a_fixture_speaks_for_it(tmp_path: Path) -> None:
    fixtures, outside = tmp_path / "fixtures", tmp_path / "outside"
    fixtures.mkdir()
    outside.mkdir()
    (outside / "secret.wav").write_bytes((AUDIO / "hello.wav").read_bytes())
    (fixtures / "any.yaml").write_text("match: {audio_url: 'file:*'}\ntext: Hello I am here for a while today.\n")
    (fixtures / "loop.wav").symlink_to(fixtures / "loop.wav")
    with MockServer(fixtures=(fixtures,), file_folders=(fixtures,)) as mock:
        api = api_of(mock.url)
        for url in (f"file://{outside}/secret.wav", f"file://{fixtures}/loop.wav", "file:///a%00b.wav"):
            job = finished(api, url, redact_pii=True, redact_pii_policies=["person_name"], redact_pii_audio=True,
                           redact_pii_audio_quality="wav")  # fmt: skip
            assert api.get(job)["status"] == "completed"
            link = api.http.get(f"/v2/transcript/{job}/redacted-audio").json()["redacted_audio_url"]
            assert loudest(httpx.get(link).content) == 0


def loudest(content: bytes) -> int:
    with av.open(io.BytesIO(content), "r") as container:
        frames = list(container.decode(audio=0))
    return max(max(map(abs, array.array("h", bytes(frame.planes[0])))) for frame in frames)
