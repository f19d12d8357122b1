"""The shape of the house: sizes that tell when a wall is missing, floors, scopes, names."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from checks.world import scope_of
from renkei.gate.permissions import matrix
from renkei.kernel.identifiers import uuid7

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "renkei"
PRODUCT = sorted(p for p in SRC.rglob("*.py") if "migrations" not in p.parts)
EVERYTHING = [
    *PRODUCT,
    *(p for folder in ("checks", "testing", "bench", "stories") for p in (ROOT / folder).rglob("*.py")),
]
MODULES = sorted(p for p in SRC.iterdir() if p.is_dir() and (p / "__init__.py").exists())

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40
MOST_LINES_OF_A_ROOM = 3_000

FLOORS = [
    {"portal"},
    {"demo"},
    {"schemes", "exchange", "indicators", "api", "webhooks"},
    {"pathways", "imaging", "broadcasts", "cards", "publications", "pooling", "guests"},
    {"referrals", "meetings"},
    {"records", "bookings", "capacity"},
    {"circles"},
    {"patients"},
    {"enrolments"},
    {"clients"},
    {"accounts"},
    {"directory", "terms"},
    {"notices"},
    {"ui", "fhirkit"},
    {"gate"},
    {"events", "letters"},
    {"audit", "jobs", "files"},
    {"kernel"},
]
"""From the roof down, as in .importlinter (a test compares)."""
OF_DJANGO = {"contenttypes", "auth", "sessions"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_400_lines() -> None:
    long = {named(p): n for p in EVERYTHING if (n := len(p.read_text().splitlines())) > MOST_LINES_OF_A_FILE}
    assert not long


def test_no_function_is_longer_than_40_lines() -> None:
    long = [
        f"{named(p)}:{f.lineno} {f.name}"
        for p in PRODUCT
        if "tests" not in p.parts
        for f in functions(p)
        if (f.end_lineno or 0) - f.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]
    assert not long


def room_of(path: Path) -> str:
    """The module, or the sub-package with a README.md of its own, that ``path`` lies in.

    A module may be larger than a person reads in an afternoon as long as it consists of rooms that each are not: a room
    has a page that says what it is for and what it leaves to the others (docs/adr/0005), and the same limit of lines.
    """
    room = next(folder for folder in path.parents if (folder / "README.md").exists() or folder.parent == SRC)
    return str(room.relative_to(SRC))


def test_no_room_is_longer_than_3000_lines_without_its_tests_and_plugins() -> None:
    size: Counter[str] = Counter()
    for path in PRODUCT:
        parts = path.relative_to(SRC).parts
        if "tests" in parts or {"kinds", "formats", "catalog"} & set(parts) or len(parts) == 1:
            continue
        size[room_of(path)] += len(path.read_text().splitlines())
    assert not {room: n for room, n in size.items() if n > MOST_LINES_OF_A_ROOM}


def test_nothing_is_imported_inside_a_function() -> None:
    late = [
        f"{named(p)}:{node.lineno}"
        for p in PRODUCT
        if "tests" not in p.parts
        for f in functions(p)
        for node in ast.walk(f)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not late


def test_every_module_has_a_page_that_explains_it() -> None:
    without = [m.name for m in MODULES if not (m / "README.md").exists()]
    assert not without
    rooms = [p for m in MODULES for p in m.rglob("README.md")]
    assert not [named(p) for p in rooms if len(p.read_text()) <= 200]


def test_nothing_is_left_to_do_in_the_code() -> None:
    words = re.compile(
        r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "NotImplemented" + "Error"]) + r")\b"
    )
    found = [f"{named(p)}: {m[0]}" for p in EVERYTHING if (m := words.search(p.read_text()))]
    assert not found


def test_no_test_is_switched_off() -> None:
    words = re.compile(r"pytest\.mark\.(skip|xfail)\b|# type: ignore(?!\[)|# noqa(?!:)")
    found = [
        f"{named(p)}: {m[0]}"
        for p in EVERYTHING
        if (m := words.search(p.read_text())) and p != Path(__file__)
    ]
    assert not found


def test_time_is_asked_from_the_kernels_clock_only() -> None:
    words = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|timezone\.now|timezone\.localdate)\(")
    clock = SRC / "kernel" / "clock.py"
    found = [
        f"{named(p)}: {m[0]}"
        for p in PRODUCT
        if p != clock and "config" not in p.parts and (m := words.search(p.read_text()))
    ]
    assert not found


# Host names and paths of a machine are no part of the product; these are standards, examples, or the project's own names.
HARMLESS_HOSTS = re.compile(
    r"https?://(localhost|127\.0\.0\.1|\[::1\]|testserver|example\.(jp|com|org)|[\w.-]*\.example(\.\w+)?"
    r"|(www\.)?(hl7|w3|iso|apache|opensource|scripts\.sil|dicom\.nema|ihe|loinc|snomed|unitsofmeasure|jpfhir|medis)\.[\w./-]*"
    r"|[\w.-]*\.(go|or|lg|ac)\.jp|fhir\.[\w.-]+|terminology\.hl7\.org|jpfhir\.jp|creativecommons\.org|openfontlicense\.org"
    r"|[{%<$])"
)
MACHINE_PATHS = re.compile(r"(?<![\w/])(/w[o]rk/\w+/|/root/|/home/\w+/|/Users/\w+/|/tmp/\w{3,}/)")


def _texts() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = set(path.relative_to(ROOT).parts)
        if parts & SKIPPED or any(p.startswith(".") and p not in {".ci", ".importlinter"} for p in parts):
            continue
        if path.is_file() and path.suffix in TEXTS:
            yield path


SKIPPED = {"vendor", "data", "node_modules", "__pycache__", "fonts"}
TEXTS = {".py", ".md", ".toml", ".html", ".js", ".css", ".sh", ".txt", ".typ", ".json", ".ini", ".cfg"}


def test_no_path_of_a_machine_stands_in_the_repository() -> None:
    here = Path(__file__).resolve()
    found = [
        f"{named(p)}: {m[0]}" for p in _texts() if p != here and (m := MACHINE_PATHS.search(p.read_text()))
    ]
    assert not found


def test_no_host_of_a_registry_or_mirror_stands_in_the_repository() -> None:
    words = re.compile(
        r"(pypi\.org|pythonhosted|npmjs|jsdelivr|unpkg|cdnjs|googleapis|gstatic|docker\.io|index-url)"
    )
    here = Path(__file__).resolve()
    found = [f"{named(p)}: {m[0]}" for p in _texts() if p != here and (m := words.search(p.read_text()))]
    assert not found


def test_no_page_or_script_loads_anything_from_elsewhere() -> None:
    loads = re.compile(r"""(?:src|href|action|url\(|import|fetch\()\s*=?\s*\(?["']?(https?:)?//[\w.-]+""")
    found = [
        f"{named(p)}: {m[0]}"
        for p in _texts()
        if p.suffix in {".html", ".js", ".css"}
        and (m := loads.search(p.read_text()))
        and not HARMLESS_HOSTS.search(m[0])
    ]
    assert not found


def our_models() -> list[type[models.Model]]:
    return [m for m in apps.get_models() if m.__module__.startswith("renkei.")]


def test_every_model_declares_its_scope() -> None:
    known = {"patient", "facility", "person", "public", "system"}
    assert not [m._meta.label for m in our_models() if scope_of(m) not in known]


def test_a_patients_row_hangs_on_a_circle_or_on_the_patient() -> None:
    loose = []
    for model in our_models():
        names = {f.attname for f in model._meta.concrete_fields}
        if (
            scope_of(model) == "patient"
            and not names & {"circle_id", "patient_id"}
            and model._meta.label not in HOLDERS
        ):
            loose.append(model._meta.label)
    assert not loose


HOLDERS = {"patients.Patient", "circles.Circle"}


def test_a_facilitys_row_names_its_facility() -> None:
    without = [
        m._meta.label
        for m in our_models()
        if scope_of(m) == "facility" and m.facility_field not in {f.attname for f in m._meta.concrete_fields}  # type: ignore[attr-defined]
    ]
    assert not without


def floor_of(label: str) -> int:
    """0 is the roof."""
    return next(number for number, floor in enumerate(FLOORS) if label in floor)


def test_a_foreign_key_points_down_or_stays_in_its_module() -> None:
    upwards = []
    for model in our_models():
        for field in model._meta.concrete_fields:
            target = getattr(field, "related_model", None)
            if not isinstance(target, type) or target._meta.app_label == model._meta.app_label:
                continue
            label = target._meta.app_label
            if label not in OF_DJANGO and floor_of(label) <= floor_of(model._meta.app_label):
                upwards.append(f"{model._meta.label}.{field.name} → {target._meta.label}")
    assert not upwards


def test_the_floors_are_those_of_the_import_rules() -> None:
    text = (ROOT / ".importlinter").read_text().split("layers =", 1)[1].split("exhaustive", 1)[0]
    layers = [set(re.findall(r"\w+", line)) for line in text.splitlines() if line.strip()]
    assert layers == FLOORS


def test_a_row_in_an_address_has_a_uid_that_tells_no_number() -> None:
    for model in our_models():
        for field in model._meta.concrete_fields:
            if field.name == "uid":
                assert isinstance(field, models.UUIDField), model._meta.label
                assert field.default is uuid7, model._meta.label
                assert field.unique, model._meta.label


def test_a_permission_is_called_noun_dot_verb() -> None:
    assert matrix()
    assert not [p for p in matrix() if not re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", p)]


def test_every_permission_is_granted_to_somebody() -> None:
    assert not [permission for permission, roles in matrix().items() if not roles]


def test_names_end_in_their_kind_of_time() -> None:
    wrong = []
    for model in our_models():
        for field in model._meta.concrete_fields:
            name = field.name
            if (
                type(field) is models.DateTimeField
                and not name.endswith(("_at", "_from", "_until", "login"))
                and name != "at"
            ):
                wrong.append(f"{model._meta.label}.{name} is an instant")
            if type(field) is models.DateField and not name.endswith(("_on", "_from", "_until")):
                wrong.append(f"{model._meta.label}.{name} is a date")
    assert not wrong


def test_the_glossary_knows_every_model_and_permission_noun() -> None:
    """The file is GLOSSARY.md at the root; names stand there in backquotes."""
    glossary = ROOT / "GLOSSARY.md"
    assert glossary.exists(), "GLOSSARY.md is missing"
    known = {
        word
        for found in re.findall(r"`([^`]+)`", glossary.read_text())
        for word in re.findall(r"[\w.]+", found)
    }
    nouns = {permission.split(".", 1)[0] for permission in matrix()}
    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", m.__name__).lower() for m in our_models()}
    assert not sorted((nouns | snake) - known)


@pytest.mark.parametrize("folder", ["checks", "bench"])
def test_the_folders_of_the_proofs_exist(folder: str) -> None:
    assert list((ROOT / folder).glob("*.py"))
