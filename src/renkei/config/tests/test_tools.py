"""The shell helpers behind ``make``: what is missing is named with the command that brings it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
TOOLS = ("sh", "bash", "dirname", "cmp", "df", "awk", "tee", "grep", "tail", "mktemp", "rm", "cat", "echo")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs like that of a bare machine: the basic ones, no Python and no git."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    return programs


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(script: str, machine: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(machine), "VENV": str(machine.parent / "venv"), "LC_ALL": "C.UTF-8"} | more
    shell = "bash" if script == "test.sh" else "sh"
    command = [str(machine / shell), str(ROOT / "tools" / script), "dev"]
    return subprocess.run(command, env=env, check=False, capture_output=True, text=True)


def test_a_machine_without_python_is_told_how_to_get_it(machine: Path) -> None:
    done = run("setup.sh", machine)
    assert done.returncode == 1
    assert "apt install python3 python3-venv" in done.stderr
    assert "エラー" in run("setup.sh", machine, LC_ALL="ja_JP.UTF-8").stderr


def test_an_old_python_does_not_count(machine: Path) -> None:
    program(machine, "python3", "exit 1")
    assert "Python 3.11" in run("setup.sh", machine).stderr


def test_a_python_without_venv_is_told_how_to_get_it(machine: Path) -> None:
    program(machine, "python3", 'case "$*" in *ensurepip*) exit 1 ;; esac')
    done = run("setup.sh", machine)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def test_a_machine_without_git_is_told_how_to_get_it(machine: Path) -> None:
    program(machine, "python3", "exit 0")
    assert "apt install git" in run("setup.sh", machine).stderr


def test_an_environment_that_is_up_to_date_is_left_alone(machine: Path) -> None:
    venv = machine.parent / "venv"
    program(venv / "bin", "python", "exit 0")
    shutil.copy(ROOT / "requirements-dev.txt", venv / ".installed-dev")
    done = run("setup.sh", machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("unit", "stories", "last"),
    [
        ("7 passed in 1s:0", "3 passed in 1s:0", "3 passed in 1s"),
        ("1 failed, 6 passed in 1s:1", "3 passed in 1s:0", "1 failed, 6 passed in 1s"),
        ("7 passed in 1s:0", "no tests ran in 0.1s:5", "no tests ran in 0.1s"),
    ],
)
def test_the_closing_line_stands_last_and_nothing_found_is_a_failure(
    machine: Path, unit: str, stories: str, last: str
) -> None:
    cases = [f"{pattern}) echo '{part[0]}'; exit {part[1]} ;;" for pattern, part in
             (("*stories*", stories.split(":")), ("*", unit.split(":")))]  # fmt: skip
    program(machine.parent / "venv" / "bin", "python", 'case "$*" in\n' + "\n".join(cases) + "\nesac")
    done = run("test.sh", machine, TMPDIR=os.environ.get("TMPDIR", str(machine.parent)))
    assert done.stdout.strip().splitlines()[-1] == last
    assert (done.returncode == 0) == (unit.endswith(":0") and stories.endswith(":0"))
