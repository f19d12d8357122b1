"""Write one line of the trail. Called by the gate only; everything else goes through ``@action`` and ``@page``."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connections

from renkei.audit.models import Outcome
from renkei.kernel import clock

TRAIL_CONNECTION = "trail"
"""The second connection: what was refused stays on record when the request rolls back."""


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    request_id: str = ""
    address: str = ""


_NOWHERE = Origin()
origin: ContextVar[Origin] = ContextVar("renkei_origin", default=_NOWHERE)


@dataclass(frozen=True)
class Line:
    """One line as the gate hands it over; ids are plain numbers, 0 or None where there is none."""

    outcome: Outcome
    action: str
    says: str
    actor_kind: str
    person_id: int = 0
    actor_label: str = ""
    facility_id: int = 0
    facility_label: str = ""
    patient_ids: Iterable[int] = ()
    subject: str = ""
    subject_id: int | None = None
    shown: dict[str, list[int]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""


_INSERT = """INSERT INTO audit_auditentry (at, outcome, action, says, actor_kind, person_id, actor_label, facility_id,
 facility_label, patient_ids, subject, subject_id, shown, changes, reason, request_id, address)
 VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""


def record(line: Line, *, using: str = "default") -> None:
    """Append ``line``; inside a transaction with its next statement or its end, where an error of it ends everything.

    No RETURNING: whoever writes the trail need not be allowed to read it. Lists and JSON go as the database reads them,
    which costs the driver nothing.
    """
    came = origin.get()
    values: list[Any] = [
        clock.now(),
        str(line.outcome.value),
        line.action[:80],
        line.says[:200],
        line.actor_kind,
        line.person_id,
        line.actor_label[:200],
        line.facility_id,
        line.facility_label[:200],
        f"{{{','.join(map(str, sorted(set(line.patient_ids))))}}}",
        line.subject[:80],
        line.subject_id,
        orjson.dumps(line.shown).decode(),
        orjson.dumps(line.changes).decode(),
        line.reason[:500],
        came.request_id[:40],
        came.address[:60],
    ]
    connections[using].change_later(_INSERT, values)  # type: ignore[attr-defined]


def record_refusal(line: Line) -> None:
    """Append ``line`` on the second connection, so that a rollback of the request cannot remove it."""
    record(line, using=TRAIL_CONNECTION)
