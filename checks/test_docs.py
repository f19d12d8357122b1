"""Documentation says what the code says, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    p
    for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/renkei/**/README.md")]
    if "vendor" not in p.parts
)
LINK = re.compile(r"(?<!\!)\[[^\]]+\]\(([^)\s]+)\)")


def test_the_generated_pages_are_what_the_code_says(tmp_path: Path) -> None:
    """In a process of its own: tests register toy kinds and actions in this one."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "django",
            "generate_docs",
            "--check",
            "--folder",
            str(ROOT / "docs/generated"),
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "renkei.config.settings", "RENKEI_TEST": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-600:]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        target = link.split("#")[0]
        if target and not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} → {link}"


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_readme_names_the_two_commands_and_the_prerequisites(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for word in ("make demo", "make test", "apt install python3 python3-venv git make", "renkei doctor"):
        assert word in text, word


def test_the_readme_promises_only_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name in ("README.md", "README.ja.md", "CONTRIBUTING.md"):
        promised = re.findall(r"`make ([a-z-]+)", (ROOT / name).read_text(encoding="utf-8"))
        assert set(promised) <= targets, name


@pytest.mark.parametrize("name", ["THREAT_MODEL.md", "SECURITY.md"])
def test_every_test_that_a_promise_of_safety_names_exists(name: str) -> None:
    named = set(
        re.findall(r"`((?:checks|stories|src)/[\w/.]+\.py)(?:::(\w+))?`", (ROOT / name).read_text("utf-8"))
    )
    assert name != "THREAT_MODEL.md" or len(named) > 30
    for file, test in named:
        assert (ROOT / file).exists(), file
        assert not test or f"def {test}(" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"
