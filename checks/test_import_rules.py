"""Each import rule is broken on purpose in a small house of its own and has to be noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checks.faces import EXCEPTIONS, asked_past_faces, violations

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
        "forms",
        "writing",
        "papers",
    ],
    "meetings": ["models", "events"],
    "portal": ["views"],
}
FLOORS, EVENTS, INSIDE, ROOMS, KERNEL, FACES = RULE_NAMES = (
    "Imports go down; modules on one floor do not import each other",
    "A module's events.py is plain data",
    "Inside a module",
    "Rooms of referrals",
    "kernel is plain Python",
    "Other modules are asked through their public faces",
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
    "a form asks a room": ("referrals/forms.py", "import renkei.referrals.writing", ROOMS),
    "a query asks a room": ("referrals/queries.py", "import renkei.referrals.papers", ROOMS),
    "a room asks the pages": ("referrals/writing.py", "import renkei.referrals.views", ROOMS),
    "a row is asked past the queries": (
        "referrals/actions.py",
        "from renkei.patients.models import Patient\nPatient.objects.all()",
        FACES,
    ),
    "a page asks another module's row": ("portal/views.py", "import renkei.referrals.models", FACES),
    "a module asks another one's pages": ("referrals/queries.py", "from renkei.patients import views", FACES),
    "the kernel needs Django": ("kernel/errors.py", "import django.db", KERNEL),
}
ALLOWED = {
    "a subscriber hears its neighbour's events": (
        "referrals/subscribers.py",
        "import renkei.meetings.events",
    ),
    "an upper floor asks a lower one": ("referrals/actions.py", "import renkei.patients.queries"),
    "a row is named in a type": (
        "circles/actions.py",
        "from renkei.patients.models import Patient\n\ndef share(patient: Patient | None) -> list[Patient]: ...",
    ),
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
        env={**os.environ, "PYTHONPATH": f"{house}{os.pathsep}{ROOT}", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def broken(output: str) -> set[str]:
    return {rule for rule in RULE_NAMES if f"{rule} BROKEN" in output}


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


def test_every_exception_to_the_public_faces_is_needed_and_has_a_reason() -> None:
    used = {asked.excused for asked in asked_past_faces(ROOT / "src" / "renkei")}
    assert set(EXCEPTIONS) <= used, set(EXCEPTIONS) - used
    assert all(len(reason) > 25 for reason in EXCEPTIONS.values())


def test_a_way_past_a_face_is_told_with_its_place(house: Path) -> None:
    page = house / "renkei" / "portal" / "views.py"
    page.write_text(
        "from renkei.patients.queries import one\nfrom renkei.patients.models import Patient as P\nP()\n"
    )
    (found,) = violations(house / "renkei")
    assert (found.file, found.line, found.part, found.name) == (
        "portal/views.py",
        2,
        "patients.models",
        "Patient",
    )
