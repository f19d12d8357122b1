"""Reads the folders of the catalog: each ``scheme.toml`` becomes a manifest, or says what is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from renkei.enrolments.types import (
    CHECK_NAMES,
    FIELD_KINDS,
    Category,
    CertificateStyle,
    Eligibility,
    Enrols,
    FormField,
    Manifest,
    Renewal,
    TermKind,
    TermRule,
    register_manifest,
)

CATALOG = Path(__file__).parent / "catalog"
FILE = "scheme.toml"


class Unreadable(ValueError):
    """A manifest that does not say what it must; names the file."""


def read(folder: Path) -> Manifest:
    """The manifest of ``folder``; its name is the key. Raises ``Unreadable``."""
    path = folder / FILE
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        found = _manifest(folder.name, said)
        _check(found)
        return found
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{path}: {error}") from error


def folders(catalog: Path = CATALOG) -> Iterator[Path]:
    """Every folder that holds a manifest, by name."""
    return (path.parent for path in sorted(catalog.glob(f"*/{FILE}")))


def discover(catalog: Path = CATALOG) -> list[Manifest]:
    """Register every scheme of the catalog."""
    return [register_manifest(read(folder)) for folder in folders(catalog)]


def _manifest(key: str, said: Mapping[str, Any]) -> Manifest:
    rest = dict(said)
    certificate = rest.pop("certificate", None)
    return Manifest(
        key=key,
        enrols=Enrols(rest.pop("enrols")),
        term=_term(rest.pop("term")),
        certificate=CertificateStyle(**certificate) if certificate else None,
        categories=tuple(Category(**one) for one in rest.pop("categories", ())),
        eligibility=tuple(Eligibility(**_lists(one)) for one in rest.pop("eligibility", ())),
        fields=tuple(FormField(**_lists(one)) for one in rest.pop("fields", ())),
        **_lists(rest),
    )


def _term(said: Mapping[str, Any]) -> TermRule:
    rest = dict(said)
    return TermRule(kind=TermKind(rest.pop("kind")), renewal=Renewal(rest.pop("renewal")), **rest)


def _check(found: Manifest) -> None:
    """Raise ``ValueError`` for words that the engine does not know: told when it starts, not when somebody applies."""
    for field in found.fields:
        if field.kind not in FIELD_KINDS or bool(field.options) != (field.kind in ("choice", "choices")):
            raise ValueError(f"field {field.key}: kind {field.kind} with {len(field.options)} options")
    if unknown := {rule.check for rule in found.eligibility} - CHECK_NAMES:
        raise ValueError(f"eligibility: no check is called {min(unknown)}")
    if not {found.change, found.withdraw} <= {"representative", "staff"}:
        raise ValueError("change and withdraw are representative or staff")
    rule = found.term
    if rule.kind is TermKind.FIXED and (rule.until_on is None or rule.renewal is Renewal.AUTOMATIC):
        raise ValueError("a fixed term has until_on and does not go on by itself")
    if rule.kind is TermKind.FROM_ISSUE and rule.months < 1:
        raise ValueError("a term from issue has at least one month")
    if rule.kind is TermKind.OPEN and rule.renewal is not Renewal.NONE:
        raise ValueError("a term without an end is not renewed")
    if found.certificate is not None:
        numbers = {found.certificate.numbering.format(year=2026, era="R8", number=n) for n in (1, 2)}
        if len(numbers) != 2:
            raise ValueError("numbering gives two certificates one number")


def _lists(said: Mapping[str, Any]) -> dict[str, Any]:
    """TOML's arrays as tuples: manifests compare and never change."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
