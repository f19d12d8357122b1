"""Public faces: what a module may ask of another one. A contract of import-linter, so ``lint-imports`` checks it.

A module shows ``actions``, ``queries``, ``events``, ``types`` and ``permissions``; packages of the two lowest floors
list theirs here; a room of a large module has a face of its own. Any other class, a row's above all, may be named in a
type (queries hand such rows out) and used for nothing else: who asks ``Patient.objects`` or builds a ``Facility`` does
the other module's work. Tests and migrations are free; every other exception stands in ``EXCEPTIONS`` with its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from importlinter import Contract, ContractCheck, output

FACE = {"actions", "queries", "events", "types", "permissions"}
LIBRARIES = {"kernel", "fhirkit", "letters"}
"""Plain functions without a table of their own: all of it is public."""
LISTED = {
    "audit": {"chain", "models", "queries", "trail"},
    "jobs": {"queries", "queue"},
    "notices": FACE | {"outbox", "paper_actions", "paper_queries", "papers"},
    "files": {"checking", "models", "pictures", "store"},
    "events": {"bus"},
    "gate": {
        "actions",
        "actor",
        "compiled",
        "context",
        "guard",
        "questions",
        "middleware",
        "models",
        "pages",
        "permissions",
        "writing",
    },
    "ui": {"addresses", "forms", "fragments", "panels", "types"},
    "accounts": FACE | {"throttle"},
    "clients": FACE | {"cors", "scopes"},
    "directory": FACE | {"pictures"},
    "config": {"module"},
}
"""Faces of the packages of the low floors and of the settings, the counters of failed log-ins, and what ``clients`` lets
modules register and asks of the door of the API; how a picture of a facility is checked and down-scaled."""

_SEED = "a migration plants the definitions of the month's figures as rules"
_CSV = "one pass over thousands of lines: keys of many rows at once, for the importing facility's side only"
EXCEPTIONS: dict[tuple[str, str], str] = {
    **dict.fromkeys(
        [
            ("demo/loading/", f"{module}.{part}")
            for module, part in [
                ("accounts", "models"),
                ("circles", "models"),
                ("directory", "models"),
                ("directory", "reference"),
                ("enrolments", "models"),
                ("enrolments", "periods"),
                ("exchange", "models"),
                ("guests", "models"),
                ("notices", "models"),
                ("indicators", "models"),
                ("enrolments", "models"),
                ("publications", "models"),
                ("publications", "reference"),
                ("patients", "models"),
                ("enrolments", "models"),
                ("publications", "models"),
                ("publications", "leaflets"),
                ("publications", "editions"),
                ("referrals", "models"),
                ("referrals", "printing"),
                ("referrals", "registry"),
                ("terms", "reference"),
            ]
        ],
        "the demo's past is written as rows: no action lets anybody write what happened months ago",
    ),
    (
        "circles/startup.py",
        "patients.models",
    ): "the policy is a subquery that the gate itself asks under the wall",
    ("circles/views.py", "patients.present"): "the one line that says who somebody is, alike on every page",
    ("exchange/", "referrals.printing"): "one function turns a letter into the plain document of ``types``",
    ("portal/documentation.py", "referrals.registry"): "the generated page lists every kind of referral",
    ("portal/navigation.py", "demo.clock"): "the frame shows the demo's clock; in a real house it is empty",
    ("indicators/actions/closing.py", "directory.models"): "a new definition is a rule with its first day",
    ("indicators/actions/importing.py", "directory.models"): _CSV,
    ("indicators/actions/importing.py", "patients.models"): _CSV,
    ("indicators/actions/importing.py", "referrals.models"): _CSV,
    (
        "indicators/actions/product.py",
        "directory.models",
    ): "public areas with the two areas above them, in one query",
    ("indicators/reference.py", "directory.models"): _SEED,
    ("indicators/rules.py", "directory.models"): "every version of the definitions at once, in one query",
    (
        "indicators/subscribers.py",
        "referrals.models",
    ): "an event brings a key; the row is asked through the gate",
}
"""(file or folder that asks, what it asks) → reason."""


@dataclass(frozen=True)
class Asked:
    """One name that ``file`` imports from ``part`` ("patients.models") of another module; ``line`` counts from 1."""

    file: str
    line: int
    part: str
    name: str

    @property
    def excused(self) -> tuple[str, str] | None:
        """The exception that covers it."""
        fitting = (e for e in EXCEPTIONS if e[1] == self.part and self.file.startswith(e[0]))
        return next(fitting, None)


def violations(root: Path) -> list[Asked]:
    """Everything below the package folder ``root`` that goes past a public face and is on no list."""
    return [asked for asked in asked_past_faces(root) if asked.excused is None]


def asked_past_faces(root: Path) -> Iterator[Asked]:
    """The same with the exceptions."""
    for path in sorted(root.rglob("*.py")):
        within = path.relative_to(root)
        if not {"tests", "migrations"} & set(within.parts) and len(within.parts) > 1:
            yield from _of_file(root, path, within)


def _of_file(root: Path, path: Path, within: Path) -> Iterator[Asked]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    types_only = _named_in_types_only(tree)
    for node in ast.walk(tree):
        for dotted, bound in _imported(node):
            module, _, rest = dotted.removeprefix(f"{root.name}.").partition(".")
            if module == within.parts[0] or not (root / module).is_dir():
                continue
            part, name = _split(root / module, rest)
            shown = part in LISTED.get(module, FACE) or module in LIBRARIES
            room = (root / module / part).is_dir() and bool(part) and name.partition(".")[0] in FACE
            if not (shown or room or (name and bound in types_only)):
                yield Asked(
                    within.as_posix(), getattr(node, "lineno", 0), f"{module}.{part}".rstrip("."), name
                )


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Dotted name and the name it gets here, for imports from the package; ``import a.b`` binds ``a``."""
    if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("renkei"):
        yield from ((f"{node.module}.{alias.name}", alias.asname or alias.name) for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from ((a.name, a.asname or "") for a in node.names if a.name.startswith("renkei."))


def _split(module: Path, rest: str) -> tuple[str, str]:
    """``models.Patient`` → part and name; the part is empty for a name of the package itself."""
    part, _, name = rest.partition(".")
    is_part = (module / part).is_dir() or (module / f"{part}.py").exists()
    return (part, name) if is_part else ("", rest)


def _named_in_types_only(tree: ast.AST) -> set[str]:
    """Names that stand in annotations of parameters, results and variables, and nowhere else."""
    annotations: list[ast.AST] = []
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            found = getattr(node, field, None)
            if isinstance(found, ast.AST):
                annotations.append(found)
    in_types = {id(n): n.id for a in annotations for n in ast.walk(a) if isinstance(n, ast.Name)}
    elsewhere = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in in_types}
    return set(in_types.values()) - elsewhere


class PublicFaces(Contract):
    """``type = faces`` of ``.importlinter``."""

    type_name = "faces"

    def check(self, graph: Any, verbose: bool) -> ContractCheck:
        """Broken when anything goes past a face."""
        spec = find_spec("renkei")
        assert spec is not None
        found = violations(Path(next(iter(spec.submodule_search_locations or []))))
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each: where, what, and what to do."""
        for a in check.metadata["found"]:
            output.print_error(
                f"{a.file}:{a.line} takes {a.name or 'the module'} from {a.part}:"
                f" ask the actions, queries, events, types or permissions of {a.part.split('.')[0]}"
            )
