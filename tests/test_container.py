"""The image and the compose file; ``scripts/image`` builds the image and looks at it from inside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.embed import MockServer

ROOT = Path(__file__).parent.parent
CLIENT = ROOT / "examples" / "compose"
DOCKERFILES = [ROOT / "Dockerfile", CLIENT / "Dockerfile"]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert loaded.keys() == {"services", "volumes"}
    found: dict[str, Any] = loaded["services"]
    named = [volume.split(":")[0] for service in found.values() for volume in service.get("volumes", [])]
    assert {name for name in named if name.isidentifier()} == loaded["volumes"].keys()
    return found


def test_without_a_profile_there_is_only_the_server(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "profiles" not in service] == ["mockserver"]
    server = services["mockserver"]
    assert server["healthcheck"]["test"] == ["CMD", "mockserver", "ready"]
    assert server["ports"] == ["127.0.0.1:4747:4747"]
    assert server["read_only"] is True


def test_the_profile_runs_a_clients_tests_when_the_server_is_healthy(services: dict[str, Any]) -> None:
    tests = services["tests"]
    assert tests["profiles"] == ["test"]
    assert tests["depends_on"] == {"mockserver": {"condition": "service_healthy"}}
    assert tests["environment"]["ASSEMBLYAI_BASE_URL"] == "http://mockserver:4747"


def test_what_the_compose_file_names_is_there(services: dict[str, Any]) -> None:
    paths = [service["build"] for service in services.values()]
    for service in services.values():
        for volume in service.get("volumes", []):
            source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
            paths += [source] if source.startswith(".") else []
    assert paths == [".", "examples/compose", "./examples/compose/seed"]
    for path in paths:
        assert (ROOT / path).is_dir()


def test_the_sample_clients_tests_pass_again_and_again(services: dict[str, Any], tmp_path: Path) -> None:
    with MockServer(seed_folder=CLIENT / "seed", data=tmp_path) as mock:
        env = os.environ | services["tests"]["environment"] | {"ASSEMBLYAI_BASE_URL": mock.url}
        command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "no:cacheprovider", str(CLIENT)]
        for _ in range(2):
            done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=tmp_path)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "3 passed" in done.stdout


def test_the_sample_client_needs_what_is_tested_here() -> None:
    locked = (ROOT / "requirements" / "dev.lock").read_text()
    for requirement in (CLIENT / "requirements.txt").read_text().split():
        assert f"\n{requirement} " in locked


@pytest.mark.parametrize("file", DOCKERFILES, ids=["server", "client"])
def test_an_image_is_built_from_what_is_there_on_the_official_base(file: Path) -> None:
    text = file.read_text()
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"docker.io/library/python:3.12-slim"}
    for copied in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE):
        for name in copied.split():
            assert list(file.parent.glob(name)), name
            ignored = file.parent / ".dockerignore"
            assert not ignored.exists() or f"!{name}" in ignored.read_text().split()
