"""Comparisons of texts that suit the wall: the value stands in the SQL as it is, and the planner may use an index."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Field, Lookup, TextField


class Begins(Lookup):
    """``field ^@ text``: leakproof, so it keeps its index under row-level security, which ``LIKE`` does not."""

    lookup_name = "begins"
    form = "{} ^@ {}"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """SQL and parameters."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return self.form.format(left, right), (*left_params, *right_params)


class Holds(Begins):
    """``strpos(field, text) > 0``: nothing in the text means anything else than itself."""

    lookup_name = "holds"
    form = "STRPOS({}, {}) > 0"


class Said(Lookup):
    """``field <> ''`` for True, ``field = ''`` for False: a constant of the SQL, so that a prepared statement may use an
    index of the rows that say something."""

    lookup_name = "said"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """SQL and parameters."""
        left, params = self.process_lhs(compiler, connection)
        return f"{left} {'<>' if self.rhs else '='} ''", tuple(params)


def register() -> None:
    """Offer them on every text column."""
    kinds: tuple[type[Field[Any, Any]], ...] = (CharField, TextField)
    for kind in kinds:
        kind.register_lookup(Begins)
        kind.register_lookup(Holds)
        kind.register_lookup(Said)
