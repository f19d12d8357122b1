"""What happens inside one action: whether writing is open, and what was changed."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from renkei.gate.actor import Actor, Kind, current

if TYPE_CHECKING:
    from django.db import models

LONG = 200


@dataclass
class Writing:
    """The open action: its name, who acts, and the changes so far."""

    name: str
    actor: Actor
    changes: list[dict[str, Any]] = field(default_factory=list)
    patient_ids: set[int] = field(default_factory=set)
    sentence: str = ""


_writing: ContextVar[Writing | None] = ContextVar("renkei_writing", default=None)


class OutsideAction(RuntimeError):
    """A programming error: a row was written outside an ``@action``."""


@contextmanager
def writing(name: str, actor: Actor) -> Iterator[Writing]:
    """Open writing inside the block; an inner action shares the outer one's change list."""
    outer = _writing.get()
    if outer is not None:
        yield outer
        return
    token = _writing.set(Writing(name, actor))
    try:
        opened = _writing.get()
        assert opened is not None
        yield opened
    finally:
        _writing.reset(token)


def open_writing() -> Writing | None:
    """The action in progress, if any."""
    return _writing.get()


def require_writing(what: object) -> None:
    """Raise unless an action is open or the system acts with a reason."""
    if _writing.get() is None and current().kind is not Kind.SYSTEM:
        # Not the row itself: its text may be made of fields that are not filled yet, or name a patient.
        named = getattr(getattr(what, "_meta", None), "label", what)
        raise OutsideAction(f"{named} was written outside an action")


_one_piece: ContextVar[bool] = ContextVar("renkei_one_piece", default=False)


@contextmanager
def in_one_piece() -> Iterator[None]:
    """Whatever an action inside the block raises ends the whole transaction: they need no savepoints of their own.

    Only around code that lets every error through; who catches one inside finds the transaction broken.
    """
    token = _one_piece.set(True)
    try:
        yield
    finally:
        _one_piece.reset(token)


def needs_savepoint() -> bool:
    """Whether an action that fails may be survived by what stands around it."""
    return not _one_piece.get()


def say(sentence: str) -> None:
    """Put the exact sentence of what happens into the audit entry of the open action."""
    opened = _writing.get()
    if opened is not None:
        opened.sentence = sentence


def touch_patient(patient_id: int) -> None:
    """Say that the open action concerns this patient, so that the access history finds it."""
    opened = _writing.get()
    if opened is not None and patient_id:
        opened.patient_ids.add(patient_id)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= LONG else f"{text[:LONG]}…({len(text)})"


@functools.cache
def _columns(model: type[models.Model]) -> list[tuple[str, str, bool]]:
    """Attribute and name of each column, and whether it is the key."""
    return [(f.attname, f.name, f.primary_key) for f in model._meta.concrete_fields]


def note_change(row: models.Model, *, adding: bool = False, deleting: bool = False) -> None:
    """Record before and after of ``row`` for the audit entry of the open action."""
    opened = _writing.get()
    if opened is None:
        return
    secret: frozenset[str] = getattr(row, "secret_fields", frozenset())
    loaded: dict[str, Any] = getattr(row, "_loaded", {})
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    now: dict[str, Any] = {}
    held = row.__dict__
    for name, known_as, is_key in _columns(type(row)):
        now[name] = new = held[name] if name in held else getattr(row, name)
        if is_key or (adding and (new is None or new == "")):
            continue
        old = None if adding else loaded.get(name)
        if not deleting and not adding and new == old:
            continue
        if not adding:
            before[name] = "***" if known_as in secret else _plain(old)
        if not deleting:
            after[name] = "***" if known_as in secret else _plain(new)
    opened.changes.append({"model": row._meta.label_lower, "id": row.pk, "before": before, "after": after})
    row._loaded = now  # type: ignore[attr-defined]
    patient_id = getattr(row, "patient_id", None)
    if isinstance(patient_id, int):
        opened.patient_ids.add(patient_id)
