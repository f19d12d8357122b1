"""The tutorials are followed to the letter in a copy of the house, and what they write is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").glob("tutorial-*.md"))
COPIED = (
    "src",
    "testing",
    "checks",
    "conftest.py",
    "pyproject.toml",
    ".importlinter",
    "GLOSSARY.md",
    "README.md",
)
FENCE = re.compile(
    r"^```(?P<language>\w+) file=(?P<rest>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
OTHER_FENCES = re.compile(r"^```(?!\w+ file=)(\w*)$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One fenced block: a new file, or a change of a file that is there."""

    path: str
    text: str
    replaces: str = ""
    appends: bool = False

    def follow(self, house: Path) -> None:
        """Do what the block says; a line that is not there exactly once is a tutorial that has grown old."""
        target = house / self.path
        if self.appends:
            target.write_text(f"{target.read_text().rstrip()}\n\n{self.text}")
        elif self.replaces:
            before = target.read_text()
            assert before.count(f"{self.replaces}\n") == 1, f"{self.path}: {self.replaces}"
            target.write_text(before.replace(f"{self.replaces}\n", self.text))
        else:
            assert not target.exists(), f"{self.path} exists already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.text)


def steps(tutorial: Path) -> list[Step]:
    """The blocks of ``tutorial`` in their order."""
    found = []
    for block in FENCE.finditer(tutorial.read_text()):
        path, _, option = block["rest"].partition(" ")
        replaces = re.fullmatch(r"""replace=(["'])(?P<line>.*)\1""", option)
        assert not option or replaces or option == "append", option
        found.append(Step(path, block["text"], replaces["line"] if replaces else "", option == "append"))
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house in which all tutorials were followed."""
    copy = tmp_path_factory.mktemp("house")
    leave = shutil.ignore_patterns("__pycache__", "vendor")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=leave)
        else:
            shutil.copy(ROOT / name, copy / name)
    for tutorial in DOCS:
        for step in steps(tutorial):
            step.follow(copy)
    return copy


def run(house: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run in the copy, with the copy's code before the original's and none of this run's database."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("RENKEI_", "DATABASE_", "DJANGO_", "PYTEST_"))
    }
    env = kept | {
        "PYTHONPATH": f"{house / 'src'}{os.pathsep}{house}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }
    return subprocess.run(
        command, cwd=house, env=env, capture_output=True, text=True, timeout=400, check=False
    )


def written_tests() -> list[str]:
    return [
        s.path for doc in DOCS for s in steps(doc) if Path(s.path).name.startswith("test_") and not s.replaces
    ]


def test_there_is_a_tutorial_for_a_kind_a_format_a_module_and_a_scheme() -> None:
    assert {d.stem for d in DOCS} >= {
        "tutorial-add-a-kind",
        "tutorial-add-a-format",
        "tutorial-add-a-module",
        "tutorial-add-a-scheme",
    }
    assert len(written_tests()) == len(DOCS)


@pytest.mark.parametrize("tutorial", DOCS, ids=lambda d: d.stem)
def test_every_block_of_code_says_which_file_it_is(tutorial: Path) -> None:
    opened = [language for language in OTHER_FENCES.findall(tutorial.read_text()) if language]
    assert opened == []


@pytest.mark.parametrize(
    ("tutorial", "folder"),
    [
        ("tutorial-add-a-kind", "src/renkei/referrals/kinds/exam_request"),
        ("tutorial-add-a-format", "src/renkei/exchange/formats/plain"),
        ("tutorial-add-a-scheme", "src/renkei/schemes/catalog/home_dentistry"),
    ],
)
def test_a_plugin_is_one_folder_and_touches_nothing_else(tutorial: str, folder: str, tmp_path: Path) -> None:
    """Followed where no other file lies: a step that changes one would not find it."""
    for step in steps(ROOT / "docs" / f"{tutorial}.md"):
        step.follow(tmp_path)
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert [path for path in written if not path.is_relative_to(folder)] == []
    assert not (ROOT / folder).exists()


def test_what_the_tutorials_write_passes_its_own_tests(house: Path) -> None:
    catalog = "src/renkei/schemes/tests/test_catalog.py"
    done = run(house, sys.executable, "-m", "pytest", "-q", *written_tests(), catalog)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout


def test_the_floors_hold_with_the_new_module(house: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = run(house, str(linter), "--no-cache")
    assert "0 broken" in done.stdout, done.stdout[-3000:] + done.stderr[-2000:]


def test_the_migration_of_the_tutorial_is_what_the_models_say(house: Path) -> None:
    django = [sys.executable, "-W", "ignore", "-m", "django", "makemigrations", "handouts"]
    settings = {"RENKEI_TEST": "1", "DJANGO_SETTINGS_MODULE": "renkei.config.settings"}
    done = run(house, *django, "--check", "--dry-run", **settings)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_code_of_the_tutorials_is_as_tidy_as_the_house(house: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    files = sorted(
        {
            s.path
            for d in DOCS
            for s in steps(d)
            if s.path.endswith(".py") and "migrations" not in s.path and not s.replaces
        }
    )
    done = run(house, str(ruff), "check", "--no-cache", *files)
    assert done.returncode == 0, done.stdout
    shape = run(house, str(ruff), "format", "--no-cache", "--check", *files)
    assert shape.returncode == 0, shape.stdout
