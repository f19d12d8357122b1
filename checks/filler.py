"""Builds one plausible row of every model by looking at its fields: a new model needs no line here."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, models, transaction

from renkei.circles.models import Circle, Member
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from testing.cast import Cast

MARK = "白鷺沢"
"""Stands in every text of an arranged row, and nowhere else in the product: whoever reads it saw a stranger's row."""
PUBLIC_MARK = "掲示"
WALLED = {"patient", "facility", "person"}

HINTS: dict[str, dict[str, Any]] = {"referrals.Referral": {"kind": "referral"}}
"""Values that a CHECK or a page of one model wants and its fields do not tell: ``{"app.model": {"field": value}}``."""


class Filler:
    """Fills models, following foreign keys; everything hangs on one patient of C1 in a circle of C1 and H1."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.rows: dict[type[models.Model], models.Model] = {}
        self.number = 0
        self.clinic = cast.facility("C1")
        self.person_id = cast.actor("aoki").person_id

    def fill_everything(self) -> dict[type[models.Model], models.Model]:
        """One saved row of each model that belongs to somebody."""
        for model in apps.get_models():
            if str(getattr(model, "scope", "")) in WALLED and not model._meta.proxy:
                self.row_of(model)
        return self.rows

    def row_of(self, model: type[models.Model]) -> models.Model:
        """The arranged row of ``model``, made at the first call."""
        if model is type(self.clinic):
            return self.clinic
        if model not in self.rows:
            self.number += 1
            self.rows[model] = self._make(model)
            if model is Circle:
                self._share(self.rows[model])
        return self.rows[model]

    def _share(self, circle: models.Model) -> None:
        for key in ("C1", "H1"):
            self.rows[Member] = Member.objects.create(
                circle=circle,
                patient=self.row_of(apps.get_model("patients.Patient")),
                facility=self.cast.facility(key),
                source="referral",
                reason=self._text(models.CharField(max_length=40)),
            )

    def _make(self, model: type[models.Model]) -> models.Model:
        """As many fields as possible; where a CHECK refuses that, only those that the model cannot do without."""
        try:
            with transaction.atomic():
                return self._save(model, generous=True)
        except IntegrityError:
            return self._save(model, generous=False)

    def _save(self, model: type[models.Model], *, generous: bool) -> models.Model:
        hints = HINTS.get(model._meta.label, {})
        mark = MARK if str(getattr(model, "scope", "")) in WALLED else PUBLIC_MARK
        values: dict[str, Any] = {}
        for field in model._meta.concrete_fields:
            automatic = field.primary_key and not isinstance(field, models.OneToOneField)
            needless = field.has_default() or field.null or field.blank
            if field.name in hints or automatic or (needless and not generous):
                continue
            value = self._value(model, field, mark)
            if value is not NOTHING:
                values[field.attname] = value
        row = model(**values, **hints)
        row.save(force_insert=True)
        if row.pk is None:
            # Saved without RETURNING, because whoever may add such a row may not read it.
            return model._base_manager.get(uid=row.uid)  # type: ignore[attr-defined]
        return row

    def _value(self, model: type[models.Model], field: models.Field[Any, Any], mark: str) -> Any:
        if isinstance(field, models.ForeignKey):
            return self._key(model, field)
        if field.name in OWNERS:
            return getattr(self, OWNERS[field.name])
        if field.name == "circle_id":
            return self.row_of(Circle).pk
        if field.name == "patient_id":
            return self.row_of(apps.get_model("patients.Patient")).pk
        if isinstance(field, models.CharField | models.TextField) and not field.choices:
            plain = type(field) in (models.CharField, models.TextField)
            return self._text(field, mark) if plain or not field.has_default() else NOTHING
        if field.has_default() or field.null:
            return NOTHING
        if field.choices:
            return field.flatchoices[0][0]
        return self._plain(field)

    def _key(self, model: type[models.Model], field: models.ForeignKey[Any, Any]) -> Any:
        target = field.related_model
        wanted = not field.null or (
            target is not model and str(getattr(target, "scope", "")) in WALLED and target in self.rows
        )
        return self.row_of(target).pk if wanted else NOTHING

    @property
    def clinic_id(self) -> int:
        """Key of C1."""
        return int(self.clinic.pk)

    def _text(self, field: models.Field[Any, Any], mark: str = MARK) -> str:
        text = f"{mark}{self.number}"
        if isinstance(field, models.EmailField):
            text = f"mark{self.number}@example.jp"
        limit = getattr(field, "max_length", None) or len(text)
        return text if len(text) <= limit else str(self.number)[:limit]

    def _plain(self, field: models.Field[Any, Any]) -> Any:
        for kind, make in _MAKERS:
            if isinstance(field, kind):
                return make()
        raise TypeError(f"{field}: say in checks/filler.py how to fill a {type(field).__name__}")


NOTHING = object()
OWNERS = {"facility_id": "clinic_id", "owner_facility_id": "clinic_id", "person_id": "person_id"}
_MAKERS: list[tuple[type, Any]] = [
    (models.DateTimeField, clock.now),
    (models.DateField, clock.today),
    (models.TimeField, lambda: clock.now().timetz().replace(tzinfo=None)),
    (models.DurationField, lambda: timedelta(hours=1)),
    (models.UUIDField, uuid7),
    (models.BooleanField, lambda: False),
    (models.DecimalField, lambda: Decimal(1)),
    (models.FloatField, lambda: 1.0),
    (models.IntegerField, lambda: 1),
    (models.BinaryField, lambda: MARK.encode()),
    (models.JSONField, lambda: {"text": MARK}),
    (ArrayField, list),
]
