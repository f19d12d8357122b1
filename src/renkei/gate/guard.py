"""The read gate: a queryset that did not pass ``visible_to(actor)`` raises when it is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, Self, cast

from django.db import models

from renkei.gate.actor import Actor, Kind
from renkei.gate.writing import require_writing


class Scope(StrEnum):
    """Who owns a row, and therefore who may see it."""

    PATIENT = "patient"
    FACILITY = "facility"
    PERSON = "person"
    PUBLIC = "public"
    SYSTEM = "system"


class Ungated(RuntimeError):
    """A programming error: rows were read without ``visible_to`` or written outside an action."""


Policy = Callable[[models.QuerySet[Any], Actor], models.QuerySet[Any]]


def _nobody(rows: models.QuerySet[Any], actor: Actor) -> models.QuerySet[Any]:
    return rows.none()


def _owner_facility(rows: models.QuerySet[Any], actor: Actor) -> models.QuerySet[Any]:
    if not actor.facility_id:
        return rows.none()
    return rows.filter(**{rows.model.facility_field: actor.facility_id})


_policies: dict[Scope, Policy] = {
    Scope.PATIENT: _nobody,
    Scope.FACILITY: _owner_facility,
    Scope.PERSON: _nobody,
    Scope.PUBLIC: lambda rows, actor: rows.all(),
    Scope.SYSTEM: _nobody,
}
_model_policies: dict[type[models.Model], Policy] = {}


def register_policy(scope: Scope, policy: Policy) -> None:
    """Give the gate the rule of a whole scope; ``circles`` and ``accounts`` do this when they start."""
    _policies[scope] = policy


def register_model_policy(model: type[models.Model], policy: Policy) -> None:
    """A model whose owner is found in another way than its scope's usual column."""
    _model_policies[model] = policy


_shown: ContextVar[dict[str, set[int]] | None] = ContextVar("renkei_shown", default=None)


class collecting:  # noqa: N801 - reads as a word at its place: ``with collecting() as shown:``
    """Collect the keys of patients' rows that are read inside the block, for the read audit."""

    def __enter__(self) -> dict[str, set[int]]:
        """What will be found: keys by the label of their model, those of patients under "patients"."""
        found: dict[str, set[int]] = {}
        self._token = _shown.set(found)
        return found

    def __exit__(self, *raised: object) -> None:
        """Whoever collected before goes on."""
        _shown.reset(self._token)


class unnoted:  # noqa: N801 - reads as a word at its place: ``with unnoted():``
    """Rows read inside the block are looked at on the way; whoever shows some of them notes these himself."""

    def __enter__(self) -> None:
        """Nobody collects."""
        self._token = _shown.set(None)

    def __exit__(self, *raised: object) -> None:
        """As it was."""
        _shown.reset(self._token)


def note_shown(label: str, keys: Iterable[int]) -> None:
    """Add rows that were read by other means (a database function) to the read audit."""
    found = _shown.get()
    if found is not None:
        found.setdefault(label, set()).update(keys)


def note_rows(model: type[Any], found: Iterable[Any]) -> None:
    """Add rows of ``model`` that were read, if they are about patients; what is no row of a model is passed over."""
    if getattr(model, "scope", None) is Scope.PATIENT and _shown.get() is not None:
        rows = [row for row in found if isinstance(row, models.Model)]
        note_shown(model._meta.label, [row.pk for row in rows])
        known = [getattr(row, "patient_id", None) for row in rows]
        note_shown("patients", [key for key in known if isinstance(key, int)])


class GuardedQuerySet(models.QuerySet[Any]):
    """A queryset that knows whether it passed the gate."""

    _gated = False
    asks_each = False

    def visible_to(self, actor: Actor, *, each: bool = False) -> Self:
        """Only what ``actor`` may see; the one door to evaluation.

        ``each``: another condition names the actor's own side of the row. The index of that one finds the rows, and each of
        them is asked about; the planner is not to begin with everything that the actor sees.
        """
        rows = self.all()
        if actor.kind is not Kind.SYSTEM:
            policy = _model_policies.get(self.model) or _policies[self.model.scope]
            rows.asks_each = each
            rows = cast(Self, policy(rows, actor))
        rows._gated = True
        return rows

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._gated = self._gated
        return clone

    def _require_gate(self) -> None:
        if not self._gated and self.model.scope is not Scope.PUBLIC:
            raise Ungated(f"{self.model._meta.label}: read without visible_to(actor)")

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._require_gate()
        super()._fetch_all()
        note_rows(self.model, self._result_cache or ())

    def iterator(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Guarded like every evaluation."""
        self._require_gate()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        """Guarded like every evaluation."""
        self._require_gate()
        return super().count()

    def exists(self) -> bool:
        """Guarded like every evaluation."""
        self._require_gate()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Guarded like every evaluation."""
        self._require_gate()
        return super().aggregate(*args, **kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """Guarded like every evaluation."""
        self._require_gate()
        return super().explain(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """Only inside an action, and only on rows that the actor sees."""
        require_writing(self.model)
        self._require_gate()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Only inside an action, and only on rows that the actor sees."""
        require_writing(self.model)
        self._require_gate()
        return super().delete()

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Only inside an action."""
        require_writing(self.model)
        return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> int:
        """Only inside an action."""
        require_writing(self.model)
        self._require_gate()
        return super().bulk_update(objs, *args, **kwargs)


GuardedManager = models.Manager.from_queryset(GuardedQuerySet)
