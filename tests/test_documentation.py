"""The documentation is true: its examples run, its tables are those of the code."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml
from typer.main import get_command

from mockserver.apis.assemblyai.gateway.catalogue import catalogue
from mockserver.apis.assemblyai.streaming.params import LEGACY, Params
from mockserver.cli.app import app
from mockserver.client import Mock
from mockserver.embed import MockServer
from mockserver.engine.fixture import REASONS
from mockserver.engine.fixtures import Fixtures
from tests import generated

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "fixtures" / "README.md",
    ROOT / "examples" / "jobs" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
NODE = ROOT / "tests" / "node"


class Example(NamedTuple):
    page: str
    line: int
    language: str
    code: str


def examples() -> list[Example]:
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Example(page.name, line, match[1], match[2]))
    return found


def run(example: Example, folder: Path) -> subprocess.CompletedProcess[str]:
    if example.language == "python" and example.page == "pytest.md":
        (folder / "test_example.py").write_text(example.code)
        command = [sys.executable, "-m", "pytest", "-p", "mockserver.pytest_plugin", "-c", "/dev/null", str(folder)]
        return _run(command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    if example.language == "python":
        return _run([sys.executable, "-c", example.code])
    if example.language == "js":
        if not (NODE / "node_modules" / "assemblyai").is_dir():
            pytest.skip("the Node SDK is not installed (scripts/test does that where npm is there)")
        script = NODE / f"example-{folder.name}.mjs"
        script.write_text(example.code)
        try:
            return _run(["node", str(script)])
        finally:
            script.unlink()
    assert example.language == "bash"
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    return _run(["bash", "-euo", "pipefail", "-c", example.code])


def _run(command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PYTHONPATH": str(ROOT), "PATH": path} | env
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)


@pytest.mark.parametrize(
    "example",
    [pytest.param(e, id=f"{e.page}:{e.line}") for e in examples() if e.language in ("python", "bash", "js")],
)
def test_example_runs(example: Example, server: MockServer, tmp_path: Path) -> None:
    address = server.url.removeprefix("http://")
    done = run(example._replace(code=example.code.replace("127.0.0.1:4747", address)), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    if "hello.wav" in example.code:
        assert "Hello and welcome. This is a short recording" in done.stdout


def test_every_example_is_in_a_language_that_is_run() -> None:
    assert {example.language for example in examples()} <= {"python", "bash", "js", "yaml", "toml", "json"}


@pytest.mark.parametrize(
    "example", [pytest.param(e, id=f"{e.page}:{e.line}") for e in examples() if e.language in ("yaml", "toml")]
)
def test_a_file_that_is_shown_can_be_loaded(example: Example, tmp_path: Path) -> None:
    file = tmp_path / f"example.{example.language}"
    file.write_text(example.code)
    if example.language == "toml":
        assert catalogue((file,)).find("house-1", "us")
        return
    shown = yaml.safe_load(example.code) if "\n---" not in example.code else {}
    if isinstance(shown, dict) and "jobs" in shown:
        check_workflow(shown)
    elif isinstance(shown, dict) and "services" in shown:
        check_compose(shown)
    else:
        loaded = Fixtures([tmp_path])
        assert len(loaded) > 0
        assert loaded.problems == []


def check_workflow(workflow: dict[Any, Any]) -> None:
    """Check a workflow of GitHub Actions: its steps are well-formed, and run commands that there are."""
    assert workflow.keys() == {"name", True, "jobs"}  # YAML 1.1 reads `on` as true.
    for job in workflow["jobs"].values():
        assert job.keys() <= {"runs-on", "strategy", "services", "env", "steps"}
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/checkout@v4"))
            for line in step.get("run", "").splitlines():
                check_command(re.sub(r"\$\{\{ [\w.]+ \}\}", "some", line))
        for service in job.get("services", {}).values():
            check_command(re.search(r'--health-cmd "(.*?)"', service["options"])[1])  # type: ignore[index]


def check_command(line: str) -> None:
    """Check that a line of a shell runs programs that one has, and only commands of ours that there are."""
    words = shlex.split(line)
    assert words[0] in {"docker", "mockserver", "npm", "pip"}, line
    assert words[:2] != ["pip", "install"] or "./mockserver" in words
    if "mockserver" not in words[:-1] or words[:2] in (["docker", "build"], ["docker", "run"], ["docker", "logs"]):
        return
    ours = words[len(words) - words[::-1].index("mockserver") :]
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[ours.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts}
    given = ours[: ours.index("--")] if "--" in ours else ours
    assert {word for word in given if word.startswith("--")} <= options, line


def check_compose(compose: dict[str, Any]) -> None:
    """Check a compose file: what its services wait for is there, and they are built as ours are."""
    ours = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    services = compose["services"]
    assert services.keys() == ours.keys()
    for name, service in services.items():
        assert service.keys() <= ours[name].keys()
        assert service.get("depends_on") == ours[name].get("depends_on")


def test_the_coverage_table_is_that_of_the_routes() -> None:
    assert generated.README.read_text() == generated.readme(), "run scripts/docs"


def test_the_settings_page_is_that_of_the_settings() -> None:
    assert generated.SETTINGS.read_text() == generated.settings(), "run scripts/docs"


def test_the_page_of_the_command_line_is_that_of_the_commands() -> None:
    assert generated.CLI.read_text() == generated.cli(), "run scripts/docs"


def test_the_tables_of_quirks_and_refusals_are_those_of_the_code() -> None:
    assert generated.ASSEMBLYAI.read_text() == generated.assemblyai(), "run scripts/docs"


def test_the_table_of_the_errors_of_streams_is_that_of_the_code() -> None:
    assert generated.STREAMING.read_text() == generated.streaming(), "run scripts/docs"


def test_every_parameter_of_streams_is_documented() -> None:
    page = generated.STREAMING.read_text()
    untold = {"formatted_finals", "word_finalization_max_wait_time", "_customer_support_audio_capture"}
    for name in {*Params.model_fields, *LEGACY} - untold:
        assert f"`{name}`" in page, f"{name} is not in docs/streaming.md"


def test_the_tables_of_the_jobs_api_are_those_of_the_code() -> None:
    assert generated.JOBS.read_text() == generated.jobs(), "run scripts/docs"


def test_every_error_of_the_jobs_api_is_documented(server: MockServer) -> None:
    page = (ROOT / "docs" / "jobs.md").read_text()
    names = httpx.get(f"{server.url}/_mock/faults/names").json()["errors"]["jobs"]
    assert len(names) > 20
    for name in names:
        assert f"`{name}`" in page, f"{name} is not in docs/jobs.md"


def test_what_each_reason_of_a_fixture_becomes_in_the_jobs_api_is_documented(server: MockServer) -> None:
    page = (ROOT / "docs" / "jobs.md").read_text()
    rows = dict.fromkeys(REASONS)
    for row in re.findall(r"^\| (`.+`) \| `(\w+)` \| (?:`(\w+)`)? ?\|$", page, re.MULTILINE):
        rows |= dict.fromkeys(re.findall(r"`(\w+)`", row[0]), row[1:])
    mock = server.key()
    token = httpx.post(f"{server.url}/auth/token", json={"api_key": mock.api_key}).json()["access_token"]
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as api:
        for reason in REASONS:
            url = f"https://example.com/{reason}.mp3"
            mock.fixture({"name": reason, "match": {"audio_url": url}, "outcome": {"reason": reason}})
            job = api.post("/jobs", json={"source_url": url}).json()["job_id"]
            error = api.get(f"/jobs/{job}").json()["error"]
            assert (error["error"], error.get("reason", "")) == rows[reason], reason


def test_every_control_call_is_documented(server: MockServer) -> None:
    page = (ROOT / "docs" / "control.md").read_text()
    paths = [path for path in httpx.get(f"{server.url}/_mock/openapi.json").json()["paths"] if "/_mock/" in path]
    assert len(paths) > 30
    for path in paths:
        last = re.sub(r"\{number\}$", "{id}", re.sub(r"\{(job|session)_id\}", "{id}", path)).rsplit("/", 1)[-1]
        assert f"/{last}" in page, f"{path} is not in docs/control.md"


def test_every_method_of_the_client_is_documented() -> None:
    page = (ROOT / "docs" / "python.md").read_text()
    for name in (name for name in dir(Mock) if not name.startswith("_")):
        assert re.search(rf"`{name}\b|\.{name}\(", page), f"{name} is not in docs/python.md"


def test_every_page_can_be_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for page in PAGES[1:]:
        assert f"]({page.relative_to(ROOT)}" in readme, f"README.md does not link to {page.name}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
