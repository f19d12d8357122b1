"""The one write path: permission, lock, check, write, history, audit, event, all in one transaction."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import models, transaction

from renkei.audit.models import Outcome
from renkei.audit.trail import Line, record, record_refusal
from renkei.gate.actor import Actor, current
from renkei.gate.compiled import fetch
from renkei.gate.context import acting
from renkei.gate.models import Guarded
from renkei.gate.writing import Writing, needs_savepoint, writing
from renkei.kernel.errors import NotAllowed, NotFound, Stale

P = ParamSpec("P")
R = TypeVar("R")

registry: dict[str, tuple[str, str]] = {}
"""Every action of the product: dotted name → (permission, sentence). Tests and the generated docs read it."""


def line_for(actor: Actor, outcome: Outcome, action: str, says: str, **more: Any) -> Line:
    """An audit line in the name of ``actor``."""
    return Line(
        outcome=outcome,
        action=action,
        says=says,
        actor_kind=str(actor.kind),
        person_id=actor.person_id,
        actor_label=actor.label,
        facility_id=actor.facility_id,
        facility_label=actor.facility_label,
        reason=more.pop("reason", actor.reason),
        **more,
    )


def refuse(actor: Actor, action: str, says: str, row: Guarded | None = None) -> None:
    """Write the refusal on the second connection, where the rollback of this request cannot reach it."""
    record_refusal(
        line_for(
            actor,
            Outcome.DENIED,
            action,
            says,
            subject=row._meta.label_lower if row is not None else "",
            subject_id=row.pk if row is not None else None,
        )
    )


def _locked(actor: Actor, row: Guarded, name: str, says: str, *, adds: bool) -> Guarded:
    """The row as it is now, locked; ``NotFound`` for strangers, ``Stale`` when somebody saved in between (not for ``adds``)."""
    model = type(row)
    rows = fetch(actor, ("lock", model), lambda who, key: _for_update(model, who, key), row.pk)
    found: Guarded | None = rows[0] if rows else None
    if found is None:
        refuse(actor, name, says, row)
        raise NotFound("not_found", "見つかりません。共有範囲の外か、取り下げられた可能性があります。")
    if row.versioned and not (adds and row.expected_version is None):
        seen = row.expected_version if row.expected_version is not None else row.version
        if seen != found.version:
            raise Stale(
                "stale", "ほかの人が先に更新しました。最新の内容を確認して、もう一度操作してください。"
            )
    return found


def _for_update(model: type[Guarded], actor: Actor, key: int) -> models.QuerySet[Any]:
    return model.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=key).order_by()


def action(
    permission: StrEnum, *, says: str, adds: bool = False
) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[Concatenate[Actor, P], R]]:
    """Make a function the one way to do what ``says`` names.

    The decorated function takes the actor first. A guarded row as second argument is loaded again under lock, through
    ``visible_to``; its version is compared with the one that the person saw. Raises ``NotAllowed``, ``NotFound``,
    ``Stale`` and whatever the body raises; then nothing is changed and refusals stay on record. ``adds``: the action only
    adds something beside the row (a line, a read mark), so what others changed in it meanwhile does not matter.
    """

    def decorate(function: Callable[Concatenate[Actor, P], R]) -> Callable[Concatenate[Actor, P], R]:
        name = f"{function.__module__.removeprefix('renkei.')}.{function.__name__}"
        registry[name] = (str(permission), says)

        @functools.wraps(function)
        def run(actor: Actor, *args: P.args, **kwargs: P.kwargs) -> R:
            first: Any = args[0] if args else None
            row = first if isinstance(first, Guarded) and first.pk is not None else None
            if not actor.may(permission):
                refuse(actor, name, says, row)
                raise NotAllowed(
                    "not_allowed", f"「{says}」の権限がありません。施設の管理者に確認してください。"
                )
            with transaction.atomic(savepoint=needs_savepoint()), _as(actor), writing(name, actor) as opened:
                if row is not None:
                    locked = _locked(actor, row, name, says, adds=adds)
                    args = (locked, *args[1:])  # type: ignore[assignment]
                # An action inside another has a sentence of its own; the outer one's waits meanwhile.
                start, outer, opened.sentence = len(opened.changes), opened.sentence, ""
                result = function(actor, *args, **kwargs)
                _record(actor, opened, start, name, says, row if row is not None else result)
                opened.sentence = outer
                return result

        run.action_name = name  # type: ignore[attr-defined]
        run.permission = permission  # type: ignore[attr-defined]
        return run

    return decorate


def _as(actor: Actor) -> AbstractContextManager[Actor]:
    """Act as ``actor`` unless that is who acts already: then the database has been told, too."""
    return nullcontext(actor) if current() == actor else acting(actor)


def _record(actor: Actor, opened: Writing, start: int, name: str, says: str, about: object) -> None:
    subject = about if isinstance(about, models.Model) else None
    patient_id = getattr(about, "patient_id", None)
    if isinstance(patient_id, int):
        opened.patient_ids.add(patient_id)
    record(
        line_for(
            actor,
            Outcome.DONE,
            name,
            opened.sentence or says,
            subject=subject._meta.label_lower if subject is not None else "",
            subject_id=subject.pk if subject is not None else None,
            patient_ids=tuple(opened.patient_ids),
            changes=opened.changes[start:],
        )
    )


def require(permission: StrEnum, says: str) -> Actor:
    """The current actor if ``permission`` is granted; a refusal is put on record."""
    actor = current()
    if not actor.may(permission):
        refuse(actor, f"require.{permission}", says)
        raise NotAllowed("not_allowed", f"「{says}」の権限がありません。施設の管理者に確認してください。")
    return actor
