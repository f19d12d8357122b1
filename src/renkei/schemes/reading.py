"""Reads the folders of the catalog: each ``scheme.toml`` becomes a manifest, or says what is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from renkei.enrolments.types import (
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
        return _manifest(folder.name, said)
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


def _lists(said: Mapping[str, Any]) -> dict[str, Any]:
    """TOML's arrays as tuples: manifests compare and never change."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
