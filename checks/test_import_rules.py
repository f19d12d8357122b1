"""Each import rule is broken on purpose in a small house of its own and has to be noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / ".importlinter"
SOUND = {
    "kernel": ["errors"],
    "audit": ["trail"],
    "jobs": ["queue"],
    "gate": ["actions"],
    "directory": ["models", "queries", "views"],
    "patients": ["models", "actions", "queries", "views", "types", "events", "permissions"],
    "circles": ["models", "actions"],
    "referrals": [
        "models",
        "actions",
        "queries",
        "views",
        "urls",
        "events",
        "subscribers",
        "workflow",
        "types",
    ],
    "meetings": ["models", "events"],
    "portal": ["views"],
}
FLOORS, EVENTS, INSIDE, KERNEL = (
    "Imports go down; modules on one floor do not import each other",
    "A module's events.py is plain data",
    "Inside a module",
    "kernel is plain Python",
)
BREAKS = {
    "a lower floor asks a higher one": ("patients/models.py", "import renkei.referrals.models", FLOORS),
    "a module asks its neighbour": ("meetings/models.py", "import renkei.referrals.models", FLOORS),
    "the gate asks the policy": ("gate/actions.py", "import renkei.circles.models", FLOORS),
    "the trail asks the queue": ("audit/trail.py", "import renkei.jobs.queue", FLOORS),
    "an event carries a model": ("referrals/events.py", "import renkei.referrals.models", EVENTS),
    "an event needs Django": ("patients/events.py", "import django.db", EVENTS),
    "a query asks a view": ("referrals/queries.py", "import renkei.referrals.views", INSIDE),
    "a model asks an action": ("circles/models.py", "import renkei.circles.actions", INSIDE),
    "a type asks a model": ("patients/types.py", "import renkei.patients.models", INSIDE),
    "the kernel needs Django": ("kernel/errors.py", "import django.db", KERNEL),
}
ALLOWED = {
    "a subscriber hears its neighbour's events": (
        "referrals/subscribers.py",
        "import renkei.meetings.events",
    ),
    "an upper floor asks a lower one": ("referrals/actions.py", "import renkei.patients.queries"),
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A skeleton of the product with the real rules."""
    for module, parts in SOUND.items():
        folder = tmp_path / "renkei" / module
        folder.mkdir(parents=True)
        for part in ["__init__", *parts]:
            (folder / f"{part}.py").write_text("")
    (tmp_path / "renkei" / "__init__.py").write_text("")
    shutil.copy(RULES, tmp_path / ".importlinter")
    return tmp_path


def lint(house: Path) -> tuple[int, str]:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def broken(output: str) -> set[str]:
    return {rule for rule in (FLOORS, EVENTS, INSIDE, KERNEL) if f"{rule} BROKEN" in output}


def test_the_sound_house_passes(house: Path) -> None:
    for path, line in ALLOWED.values():
        (house / "renkei" / path).write_text(line)
    code, output = lint(house)
    assert (code, broken(output)) == (0, set()), output


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_is_noticed(house: Path, name: str) -> None:
    path, line, rule = BREAKS[name]
    (house / "renkei" / path).write_text(line)
    code, output = lint(house)
    assert code == 1, output
    assert rule in broken(output), output


def test_a_module_on_no_floor_is_noticed(house: Path) -> None:
    (house / "renkei" / "attic").mkdir()
    (house / "renkei" / "attic" / "__init__.py").write_text("")
    code, output = lint(house)
    assert code == 1
    assert broken(output) == {FLOORS}


def test_the_real_house_keeps_every_rule() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
