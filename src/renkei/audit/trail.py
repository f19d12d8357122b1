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


_COLUMNS = """audit_auditentry (at, outcome, action, says, actor_kind, person_id, actor_label, facility_id,
 facility_label, reason, request_id, address, patient_ids, shown, subject, subject_id, changes)"""
_INSERT = f"INSERT INTO {_COLUMNS} VALUES ({', '.join(['%s'] * 17)})"
_TYPES = "timestamptz text text text text bigint text bigint text text text text".split()
_BESIDE = f"""told AS (INSERT INTO {_COLUMNS}
 SELECT {", ".join(f"%s::{kind}" for kind in _TYPES)}, ARRAY(SELECT DISTINCT patient FROM shown WHERE patient IS NOT NULL ORDER BY 1),
 jsonb_build_object(%s::text, ARRAY(SELECT DISTINCT key FROM shown ORDER BY 1)), '', NULL, '[]'
 WHERE EXISTS (SELECT FROM shown))"""


def record(line: Line, *, using: str = "default") -> None:
    """Append ``line``; inside a transaction with its next statement or its end, where an error of it ends everything.

    No RETURNING: whoever writes the trail need not be allowed to read it. Lists and JSON go as the database reads them,
    which costs the driver nothing.
    """
    values = [
        *_said(line),
        f"{{{','.join(map(str, sorted(set(line.patient_ids))))}}}",
        orjson.dumps(line.shown).decode(),
        line.subject[:80],
        line.subject_id,
        orjson.dumps(line.changes).decode(),
    ]
    connections[using].change_later(_INSERT, values)  # type: ignore[attr-defined]


def _said(line: Line) -> list[Any]:
    """Everything but the rows that the line speaks of."""
    came = origin.get()
    return [
        clock.now(),
        str(line.outcome.value),
        line.action[:80],
        line.says[:200],
        line.actor_kind,
        line.person_id,
        line.actor_label[:200],
        line.facility_id,
        line.facility_label[:200],
        line.reason[:500],
        came.request_id[:40],
        came.address[:60],
    ]


def with_its_line(question: str, width: int, key: int, patient: int) -> str:
    """``question`` as one statement with the line of the trail that names the rows it finds; none where it finds none.

    Its rows have ``width`` columns; those at the places ``key`` and ``patient`` are bigints. Takes the values of
    ``question`` and then :func:`values_beside`.
    """
    names = ", ".join(f"c{place}" for place in range(width))
    shown = f"shown AS (SELECT c{key} AS key, c{patient} AS patient FROM found LIMIT %s)"
    return f"WITH found({names}) AS MATERIALIZED ({question}), {shown}, {_BESIDE} SELECT * FROM found"


def values_beside(line: Line, label: str, most: int) -> list[Any]:
    """The last values of :func:`with_its_line`: ``line`` names the first ``most`` rows as rows of ``label``."""
    return [most, *_said(line), label]


def record_refusal(line: Line) -> None:
    """Append ``line`` on the second connection, so that a rollback of the request cannot remove it."""
    record(line, using=TRAIL_CONNECTION)
