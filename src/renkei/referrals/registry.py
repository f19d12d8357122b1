"""Kinds of referral: each is one folder under ``kinds/`` that is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass

from renkei.kernel.workflow import Workflow


@dataclass(frozen=True)
class Kind:
    """What makes one kind differ from another; everything else is the trunk.

    ``title`` heads the printed letter, ``purpose_label`` the field of 紹介目的, ``answers_kind`` names the kind that
    this one answers (a back-referral answers a referral).
    """

    key: str
    label: str
    title: str
    workflow: Workflow
    purpose_label: str = "紹介目的"
    course_label: str = "病状経過"
    answers_kind: str = ""
    starts_from_desk: bool = True


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make ``kind`` known; twice the same key is a programming error."""
    known = _kinds.get(kind.key)
    if known is not None and known != kind:
        raise ValueError(f"kind {kind.key} exists already")
    _kinds[kind.key] = kind
    return kind


def kind_of(key: str) -> Kind:
    """The kind called ``key``; raises ``KeyError`` when no folder has it."""
    return _kinds[key]


def all_kinds() -> list[Kind]:
    """Every kind, in the order of their keys."""
    return [_kinds[key] for key in sorted(_kinds)]


def discover(package: str, paths: Iterable[str]) -> None:
    """Import ``<package>.<folder>.kind`` for every folder in ``paths``."""
    for found in pkgutil.iter_modules(list(paths)):
        if found.ispkg:
            importlib.import_module(f"{package}.{found.name}.kind")
