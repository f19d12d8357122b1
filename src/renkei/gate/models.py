"""Five scopes. Every model of the product derives from one of them; a test fails on a model without."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.base import ModelState

from renkei.gate.guard import GuardedManager, Scope
from renkei.gate.storing import insert, update
from renkei.gate.writing import note_change, require_writing
from renkei.kernel.identifiers import uuid7


class Guarded(models.Model):
    """Rows that are written only inside an ``@action`` and read only through ``visible_to``."""

    scope: ClassVar[Scope]
    versioned: ClassVar[bool] = False
    secret_fields: ClassVar[frozenset[str]] = frozenset()

    objects = GuardedManager()

    class Meta:
        abstract = True

    _loaded: dict[str, Any]
    expected_version: int | None = None
    version: Any

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save inside an action; raises ``OutsideAction`` elsewhere."""
        require_writing(self)
        if self.versioned:
            self.version = self.version + 1 if not self._state.adding else 1
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "version"}
        adding = self._state.adding
        super().save(*args, **kwargs)
        note_change(self, adding=adding)

    def _do_insert(
        self, manager: Any, using: Any, fields: Any, returning_fields: Any, raw: Any
    ) -> list[tuple[Any, ...]]:
        found = insert(self, using, fields, returning_fields, raw=raw)
        if found is None:
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        return found

    def _do_update(self, *given: Any) -> Any:
        _, using, key, values, *_ = given
        found = update(type(self), using, key, values)
        return super()._do_update(*given) if found is None else found

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete inside an action; the database refuses it for patients' rows."""
        require_writing(self)
        note_change(self, deleting=True)
        return super().delete(*args, **kwargs)

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **kwargs: Any) -> Self:
        """Remember what was loaded, so that the audit trail can say before and after.

        The row is put together here: ``Model.__init__`` costs twenty times as much for the same result. A column that was
        not loaded is missing, which is what Django looks for before it asks.
        """
        row = cls.__new__(cls)
        row._state = ModelState()
        row._state.adding, row._state.db = False, db
        row._loaded = dict(zip(field_names, values, strict=False))
        row.__dict__.update(row._loaded)
        return row

    def expecting(self, version: int | str | None) -> Self:
        """The version that the person saw on the screen; an action refuses another one as ``Stale``."""
        self.expected_version = int(version) if version not in (None, "") else None
        return self


class PatientData(Guarded):
    """A row about a patient: belongs to one circle (共有範囲), or to the patient row itself."""

    scope = Scope.PATIENT
    versioned = True
    patient_column: ClassVar[str] = "patient_id"
    """The column with the patient's key, for lines of the trail that the database writes."""
    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)

    class Meta:
        abstract = True


class FacilityData(Guarded):
    """A row that one facility owns; only its staff see it. ``facility_field`` names the key."""

    scope = Scope.FACILITY
    facility_field: ClassVar[str] = "facility_id"

    class Meta:
        abstract = True


class PersonData(Guarded):
    """A row about a person who logs in: theirs, and their facility's administrators'."""

    scope = Scope.PERSON

    class Meta:
        abstract = True


class PublicData(Guarded):
    """Reference data that everybody may read; written through actions."""

    scope = Scope.PUBLIC

    class Meta:
        abstract = True


class SystemData(Guarded):
    """Machinery: outbox, trail, seals. Shown only on pages made for it."""

    scope = Scope.SYSTEM

    class Meta:
        abstract = True
