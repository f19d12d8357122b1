"""Reads the trail: the access history (閲覧履歴) of one patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connections

from renkei.audit.models import Outcome

NEWEST = 2**62
MOST = 500

_HISTORY = """SELECT id, at, outcome, says, actor_kind, person_id, actor_label, facility_id, facility_label, reason
 FROM audit_of_patient(%s, %s, %s)"""


@dataclass(frozen=True)
class Access:
    """One line of a patient's access history; ``before`` of the next page is the ``number`` of the last line."""

    number: int
    at: datetime
    outcome: Outcome
    says: str
    actor_kind: str
    person_id: int
    actor_label: str
    facility_id: int
    facility_label: str
    reason: str


def history_of_patient(
    patient_id: int, before: int = NEWEST, size: int = 50, *, using: str = "default"
) -> list[Access]:
    """Who read, changed or was refused this patient's data, at every facility, newest first.

    ``patient_id`` is the key of a patient row; ``before`` a line number (exclusive), ``size`` at most 500 lines.
    Empty for an actor whose facility may not see the patient: the database asks the same rule as for the patient row.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(_HISTORY, [patient_id, before, max(1, min(size, MOST))])
        rows = cursor.fetchall()
    return [Access(row[0], row[1], Outcome(row[2]), *row[3:]) for row in rows]
