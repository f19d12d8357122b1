"""Row-level security as migration operations: the visibility rule repeated by the database.

``Protect`` stands in the same migration as the table. Policies call small predicate functions that ``gate`` ships
closed and ``circles`` replaces, so that a table is walled from its first migration on.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.migrations.operations import RunSQL

READERS = "renkei_app, renkei_worker"

_OPEN = (
    "EXISTS (SELECT FROM circles_member m WHERE m.{key} = {column} AND m.facility_id = (SELECT gate_facility())"
    " AND m.valid_from <= (SELECT gate_now()) AND m.valid_until > (SELECT gate_now()) OFFSET 0)"
)
"""OFFSET 0 keeps the planner from reading all periods of the facility into a hash before the first row of a page."""
CIRCLE = "gate_sees_circle({circle_id})"
PATIENT = "gate_sees_patient({patient_id})"
FACILITY = "{facility_id} = (SELECT gate_facility())"
PERSON = "{person_id} = (SELECT gate_person())"
EVERYBODY = "true"
NOBODY = "false"
KNOWN = "(SELECT gate_person()) IS NOT NULL OR (SELECT gate_system())"


def rule(template: str, **columns: str) -> str:
    """A predicate with its column names filled in: ``rule(CIRCLE, circle_id="circle_id")``."""
    return template.format(**(columns or {}))


def in_open_period(column: str, key: str) -> str:
    """The facility's own period, looked up in the index instead of by a function call for each row (ADR 0012).

    ``column`` carries its table's name; ``key`` is ``circle_id`` or ``patient_id``. For tables that come after
    ``circles_member``: its policy lets a facility see its own periods without asking any function.
    """
    return _OPEN.format(column=column, key=key)


def policy_sql(
    table: str, *, using: str, check: str | None = None, deletable: bool = False, update: str | None = None
) -> list[str]:
    """The statements that wall ``table``: ``using`` for reading, ``check`` for new rows, ``update`` for changes."""
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"GRANT SELECT ON {table} TO gate_reader",
        f"CREATE POLICY reader ON {table} FOR SELECT TO gate_reader USING (true)",
        f"CREATE POLICY system ON {table} TO renkei_worker USING ((SELECT gate_system())) WITH CHECK ((SELECT gate_system()))",
        f"CREATE POLICY seen ON {table} FOR SELECT TO {READERS} USING ({using})",
        f"CREATE POLICY added ON {table} FOR INSERT TO {READERS} WITH CHECK ({check or using})",
        f"CREATE POLICY changed ON {table} FOR UPDATE TO {READERS} USING ({update or using}) WITH CHECK ({update or check or using})",
    ]
    if deletable:
        statements.append(
            f"CREATE POLICY removed ON {table} FOR DELETE TO {READERS} USING ({update or using})"
        )
    else:
        statements.append(f"REVOKE DELETE ON {table} FROM {READERS}")
    statements.append(f"REVOKE TRUNCATE ON {table} FROM {READERS}")
    return statements


class Rewall(RunSQL):
    """Give a walled table other predicates: the same as ``Protect``'s, ``None`` for what stays."""

    def __init__(
        self, table: str, *, using: str, check: str | None = None, update: str | None = None
    ) -> None:
        forward = [f"ALTER POLICY seen ON {table} USING ({using})"]
        if check:
            forward.append(f"ALTER POLICY added ON {table} WITH CHECK ({check})")
        if update:
            forward.append(f"ALTER POLICY changed ON {table} USING ({update}) WITH CHECK ({update})")
        super().__init__([*forward], reverse_sql=RunSQL.noop)


class Protect(RunSQL):
    """Wall a table. ``using`` is a SQL predicate over its columns; see the constants above."""

    def __init__(
        self,
        table: str,
        *,
        using: str,
        check: str | None = None,
        deletable: bool = False,
        update: str | None = None,
    ) -> None:
        self.table, self.using, self.check, self.deletable, self.update = (
            table,
            using,
            check,
            deletable,
            update,
        )
        forward = policy_sql(table, using=using, check=check, deletable=deletable, update=update)
        super().__init__([*forward], reverse_sql=RunSQL.noop)

    def deconstruct(self) -> tuple[str, Sequence[object], dict[str, object]]:
        """So that migration files can be written back."""
        return (
            self.__class__.__qualname__,
            [self.table],
            {"using": self.using, "check": self.check, "deletable": self.deletable, "update": self.update},
        )

    def describe(self) -> str:
        """One line for ``migrate --plan``."""
        return f"Row-level security on {self.table}"
