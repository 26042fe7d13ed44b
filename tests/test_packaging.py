"""What is shipped, and how it starts on a machine that has nothing of ours."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx

from mockserver.engine import tables
from tests.processes import ROOT, running

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def test_the_schema_is_that_of_the_tables() -> None:
    for name in tables.FILES:
        assert (ROOT / "mockserver/engine" / name).read_text() == tables.schema(name), "run scripts/docs"


def test_every_locked_package_has_a_version_and_hashes_and_no_address() -> None:
    assert len(LOCKS) == 4
    for lock in LOCKS:
        text = lock.read_text()
        assert "://" not in text
        for entry in re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)):
            assert re.match(r"[\w.-]+==\S+", entry)
            assert "--hash=sha256:" in entry


def test_every_dependency_is_locked_and_has_a_reason() -> None:
    source = (ROOT / "pyproject.toml").read_text()
    locked = (ROOT / "requirements/runtime.lock").read_text()
    for requirement in tomllib.loads(source)["project"]["dependencies"]:
        name = re.split(r"[\[>=]", requirement)[0]
        assert re.search(rf"^{name}==", locked, re.MULTILINE)
        assert re.search(rf'"{re.escape(requirement)}",\s+# \w+', source)


def test_starting_imports_nothing_that_takes_long() -> None:
    heavy = {"sqlmodel", "sqlalchemy", "av", "faker", "aiohttp", "rich", "jinja2", "fastapi"}
    script = (
        "import sys\nfrom mockserver.server import Server\nfrom mockserver.settings import Settings\nimport mockserver.cli\n"
        "Server(Settings(port=0), print, alone=True)\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert heavy & set(done.stdout.split()) == set()


def test_scripts_serve_runs_the_server() -> None:
    with running(command=["scripts/serve"], patience=600) as server:
        assert httpx.get(f"{server.url}/_mock/health").json()["status"] == "ok"


def test_the_wheel_carries_the_sample_fixtures(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "unpacked"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(unpacked)], check=True)
    assert (unpacked / "mockserver/samples/audio/hello.wav").is_file()
    assert (unpacked / "mockserver/engine/schema.sql").is_file()
    assert (unpacked / "mockserver/engine/journal.sql").is_file()
    assert (unpacked / "mockserver/py.typed").is_file()
    checked = subprocess.run(
        [sys.executable, "-m", "mockserver", "fixtures", "check"],
        cwd=unpacked, env={"PYTHONPATH": str(unpacked)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "no problems" in checked.stdout


def test_nothing_in_the_repository_names_a_registry() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    hosts = re.compile("files[.]pythonhosted|pypi[.]org|registry[.]npmjs")
    for name in filter(None, files):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".wav", ".mp3", ".m4a", ".mp4", ".ogg"):
            assert not hosts.search(path.read_text()), name
