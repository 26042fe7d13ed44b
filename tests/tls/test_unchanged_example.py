"""examples/unchanged: containers in whose network the vendor's names are the server's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.apis.assemblyai.hosts import PRODUCTS
from mockserver.embed import MockServer
from mockserver.settings import Settings
from tests.processes import ROOT

FOLDER = ROOT / "examples" / "unchanged"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "docker-compose.yml").read_text())
    assert loaded.keys() == {"services"}
    found: dict[str, Any] = loaded["services"]
    return found


def test_every_host_of_the_vendor_is_a_name_of_the_server(services: dict[str, Any]) -> None:
    assert services["mockserver"]["networks"] == {"default": {"aliases": list(PRODUCTS)}}


def test_the_server_is_healthy_and_at_the_usual_port_before_the_client_starts(services: dict[str, Any]) -> None:
    server, client = services["mockserver"], services["client"]
    names = {f"MOCKSERVER_{name.upper()}" for name in Settings.model_fields}
    assert server["environment"].keys() <= names
    assert server["environment"] == {"MOCKSERVER_TLS": "true", "MOCKSERVER_TLS_PORT": "443"}
    assert server["healthcheck"]["test"] == ["CMD", "mockserver", "ready"]
    assert client["depends_on"] == {"mockserver": {"condition": "service_healthy"}}
    for service in (server, client):
        assert (FOLDER / service["build"] / "Dockerfile").is_file()


def test_the_client_runs_as_it_is_once_it_has_the_certificate(services: dict[str, Any], tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    with MockServer(tls=True, proxy_port=0) as mock:
        env |= services["client"]["environment"] | {
            "CA_URL": f"{mock.url}/_mock/ca.pem",
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
            "HTTPS_PROXY": mock.proxy_url or "",  # in place of the network's names
        }
        done = subprocess.run(["sh", "start.sh"], env=env, cwd=FOLDER, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(
            r"completed: \d+ words\n\d\d language models\n\d transcripts in Europe\nthe stream says Begin\n",
            done.stdout,
        ), done.stdout
        paths = [request.path for request in mock.with_key("any-key").requests()]
        assert paths.count("/v2/transcript") == 2


def test_the_client_needs_what_is_tested_here() -> None:
    locked = (ROOT / "requirements" / "dev.lock").read_text()
    for requirement in (FOLDER / "requirements.txt").read_text().split():
        assert f"\n{requirement} " in locked


def test_its_image_is_built_from_what_is_there_on_the_official_base() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["docker.io/library/python:3.12-slim"]
    for copied in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE):
        assert all((FOLDER / name).is_file() for name in copied.split())
