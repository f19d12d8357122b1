"""Formats of documents: each is one folder under ``formats/`` that is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Protocol, cast

from renkei.exchange.formats.clins.received import ReceivedDocument
from renkei.kernel.errors import Invalid
from renkei.referrals.types import LetterDocument

Attachment = tuple[str, str, bytes]


class Format(Protocol):
    """What a ``format.py`` offers: names, and functions to read, to write and to tell what is missing."""

    NAME: str
    TITLE_JA: str
    MEDIA_TYPES: tuple[str, ...]
    EXTENSIONS: tuple[str, ...]

    def parse(self, raw: bytes) -> ReceivedDocument:
        """Read a document. Raises ``Invalid`` naming the element."""

    def build(self, document: LetterDocument, *, attachments: Sequence[Attachment] = ()) -> bytes:
        """Write a letter. Raises ``Invalid`` for what has no stand-in."""

    def gaps(self, document: LetterDocument) -> tuple[str, ...]:
        """What the receiver will miss, as sentences."""


NEEDED = ("NAME", "TITLE_JA", "MEDIA_TYPES", "EXTENSIONS", "parse", "build", "gaps")
DEFAULT = "clins"
_formats: dict[str, Format] = {}


def register(manifest: ModuleType) -> Format:
    """Make the format of a ``format.py`` known; one that lacks a part is a programming error."""
    missing = [name for name in NEEDED if not hasattr(manifest, name)]
    if missing:
        raise TypeError(f"{manifest.__name__} lacks {', '.join(missing)}")
    found = cast("Format", manifest)
    known = _formats.get(found.NAME)
    if known is not None and known is not found:
        raise ValueError(f"format {found.NAME} exists already")
    _formats[found.NAME] = found
    return found


def all_formats() -> list[Format]:
    """Every format by name."""
    return [_formats[name] for name in sorted(_formats)]


def format_named(name: str) -> Format:
    """The format called ``name``; ``KeyError`` when no folder has it."""
    return _formats[name]


def format_for(filename: str) -> Format:
    """The format that takes files with this ending. Raises ``Invalid``, naming what is taken."""
    lower = filename.lower()
    fitting = [f for f in all_formats() if lower.endswith(f.EXTENSIONS)]
    if fitting:
        return next((f for f in fitting if f.NAME == DEFAULT), fitting[0])
    taken = "、".join(f"{f.TITLE_JA}({' '.join(f.EXTENSIONS)})" for f in all_formats())
    raise Invalid(
        "format_unknown",
        f"この種類のファイルは取り込めません。取り込めるのは {taken} です。",
        "file",
    )


def discover(package: str, paths: Iterable[str]) -> None:
    """Import and register ``<package>.<folder>.format`` for every folder in ``paths``."""
    for found in pkgutil.iter_modules(list(paths)):
        if found.ispkg:
            register(importlib.import_module(f"{package}.{found.name}.format"))
