"""What users write is typed: their editors know it, and mypy --strict accepts it, and refuses what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT
from tests.python.conftest import Run

pytest_plugins = ["pytester"]
USE = Path(__file__).with_name("typed_use.py").read_text()
WRONG = {
    "mock.fault(eror='server_error')": "eror",
    "mock.fail_next(times='2')": "times",
    "mock.requests(stauts=200)": "stauts",
    "mock.change_terms(progress='fast')": "progress",
    "mock.transcript('Hello.', audi_url='x')": "audi_url",
    "mock.jobs()[0].finnished": "finnished",
}


def test_a_users_tests_pass_and_are_typed(run: Run, tmp_path: Path) -> None:
    run(USE).assert_outcomes(passed=5)
    wrong = "\n".join(["from mockserver import Mock", "mock = Mock()", *WRONG])
    (tmp_path / "wrong.py").write_text(wrong + "\n")
    (tmp_path / "right.py").write_text(USE)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache" / "users"), *map(str, tmp_path.glob("*.py"))],
        capture_output=True, text=True, cwd=tmp_path, env={"MYPYPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    if "No module named mypy" in done.stderr:
        pytest.skip("mypy is not installed")
    told = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line for line in told if not line.startswith("wrong.py:")] == []
    for number, name in enumerate(WRONG.values(), 3):
        assert any(line.startswith(f"wrong.py:{number}: ") and name in line for line in told), (name, told)
