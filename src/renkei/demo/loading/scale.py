"""A bigger region for load tests: every patient and every referral again and again, copied inside the database.

The copies are the same houses' work many times over, or with ``houses`` other houses' work: a region with more areas.
"""

from __future__ import annotations

from django.db import connections, models
from django.db.backends.utils import CursorWrapper

from renkei.circles.models import Circle, Member
from renkei.directory.models import Facility
from renkei.patients.models import InsuredNumber, Patient
from renkei.referrals.models import (
    DateOffer,
    Deadline,
    Message,
    MessageRead,
    Referral,
    ReferralLetter,
    ReferralMove,
    ReplyLetter,
)

COPIED: tuple[type[models.Model], ...] = (
    *(Patient, InsuredNumber, Circle, Member, Referral, ReferralLetter, ReferralMove, DateOffer),
    *(ReplyLetter, Deadline, Message, MessageRead),
)
"""Links, key contacts, files and the trail stay single: no list reads them."""

SPECIAL = {
    "uid": "gen_random_uuid()",
    "institution_number": "NULL",
    "local_number": "CASE WHEN t.local_number = '' THEN '' ELSE t.local_number || '-' || k END",
    "number": "left(t.number, 7) || to_char(right(t.number, 6)::int + k * {referrals}, 'FM999999000000')",
}


def multiply(scale: int, using: str, *, houses: bool = False) -> None:
    """Make ``scale`` of everything in :data:`COPIED`, with ``houses`` also of the facilities; keys of the ``k``-th copy lie ``k`` spans further on.

    Constraints and indexes of the tables are taken off and built anew at the end: building once is a fraction of
    the work of keeping them up, and the database checks every foreign key of every copy when they come back.
    """
    with connections[using].cursor() as cursor:
        copied: tuple[type[models.Model], ...] = (Facility, *COPIED) if houses else COPIED
        spans = {model: _span(cursor, model) for model in copied}
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        back = _take_off(cursor)
        for model in copied:
            cursor.execute(_copy_sql(model, spans), [scale - 1])
        for statement in back:
            cursor.execute(statement)
        for model, span in spans.items():
            sequence: list[str | int] = [model._meta.db_table, max(span * scale, 1)]
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", sequence)
        cursor.execute("SELECT setval('referrals_number', %s)", [spans[Referral] * scale])


def _span(cursor: CursorWrapper, model: type[models.Model]) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) FROM {model._meta.db_table}")
    return int(cursor.fetchone()[0])


def _copy_sql(model: type[models.Model], spans: dict[type[models.Model], int]) -> str:
    table = model._meta.db_table
    columns, values = [], []
    for field in model._meta.concrete_fields:
        columns.append(f'"{field.column}"')
        target = model if field.primary_key else field.remote_field and field.remote_field.model
        if field.name == "facility_id":
            target = Facility
        if target in spans:
            values.append(f't."{field.column}" + k * {spans[target]}')
        elif model in (Facility, Patient, Referral) or field.name == "uid":
            special = SPECIAL.get(field.name, f't."{field.column}"')
            values.append(special.format(referrals=spans[Referral]))
        else:
            values.append(f't."{field.column}"')
    source = f"FROM generate_series(1, %s) k CROSS JOIN {table} t"
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} {source}"


def _take_off(cursor: CursorWrapper) -> list[str]:
    """Drop foreign keys, unique constraints and plain indexes; the statements that bring them back."""
    tables = [model._meta.db_table for model in COPIED]
    cursor.execute(
        """SELECT c.relname, n.conname, pg_get_constraintdef(n.oid) FROM pg_constraint n
           JOIN pg_class c ON c.oid = n.conrelid
           WHERE c.relname = ANY(%s) AND n.contype IN ('f', 'u') ORDER BY n.contype DESC, n.conname""",
        [tables],
    )
    constraints = cursor.fetchall()
    back = []
    for table, name, _definition in reversed(constraints):
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
           JOIN pg_class c ON c.oid = i.indrelid WHERE c.relname = ANY(%s) AND NOT i.indisprimary""",
        [tables],
    )
    for name, definition in cursor.fetchall():
        cursor.execute(f"DROP INDEX {name}")
        back.append(definition)
    return back + [
        f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}' for table, name, definition in constraints
    ]
