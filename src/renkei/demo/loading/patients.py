"""Patient rows: the owner's, those of other facilities that know the person, and those that an arrival makes."""

from __future__ import annotations

from datetime import datetime
from random import Random

from django.db.backends.utils import CursorWrapper

from renkei.demo.loading.places import Places
from renkei.demo.loading.table import Table
from renkei.demo.model import PatientPlan
from renkei.demo.plans import FIRST_DAY
from renkei.demo.region import Region
from renkei.kernel.identifiers import build_member_id, check_code
from renkei.patients.models import InsuredNumber, KeyContact, Patient, PatientLink, RegionalPerson

_COPIED = (
    "name",
    "kana",
    "kanji_key",
    "kana_key",
    "bigrams",
    "birth_on",
    "sex",
    "postal_code",
    "address",
    "phone",
    "phone_digits",
    "occupation",
)


class Patients:
    """All patient rows by (plan key, facility key) and the regional persons who group them."""

    def __init__(self, cursor: CursorWrapper, region: Region, places: Places) -> None:
        self.table = Table(cursor, Patient)
        self.insured = Table(cursor, InsuredNumber)
        self.contacts = Table(cursor, KeyContact)
        self.persons = Table(cursor, RegionalPerson)
        self.links = Table(cursor, PatientLink)
        self.places = places
        self.rows: dict[tuple[str, str], Patient] = {}
        self.plans = {plan.key: plan for plan in region.patients}
        self._linked: set[int] = set()
        self._person_of: dict[str, int] = {}
        self._codes = iter(Random(f"{region.seed}:codes").sample(range(10_000_000), 2 * len(self.plans)))  # noqa: S311
        for plan in region.patients:
            self._person(plan)

    def _person(self, plan: PatientPlan) -> None:
        own = self._add(plan, plan.facility, plan.name, plan.local_number, FIRST_DAY)
        for known in plan.also:
            self._add(plan, known.facility, known.name, known.local_number, FIRST_DAY)
        card = plan.insured
        self.insured.add(
            patient_id=own.pk,
            member_id=build_member_id(card.insurer, card.symbol, card.number, card.branch),
            valid_from=card.valid_from,
        )
        if plan.contact:
            contact = plan.contact
            self.contacts.add(
                patient_id=own.pk, name=contact.name, relation=contact.relation, phone=contact.phone
            )

    def insured_number(self, key: str) -> str:
        """The insured number of a person, as it stands on letters."""
        card = self.plans[key].insured
        return build_member_id(card.insurer, card.symbol, card.number, card.branch)

    def _add(self, plan: PatientPlan, facility: str, name: str, number: str, at: datetime) -> Patient:
        row = Patient(
            facility_id=self.places.facilities[facility].pk,
            local_number=number,
            name=name,
            kana=plan.kana,
            birth_on=plan.birth_on,
            sex=plan.sex,
            postal_code=plan.postal_code,
            address=plan.address,
            phone=plan.phone,
            occupation=plan.occupation,
        )
        row.make_keys()
        values = {name: getattr(row, name) for name in _COPIED}
        row.pk = self.table.add(
            facility_id=row.facility_id, local_number=number, created_at=at, updated_at=at, **values
        )
        self.rows[plan.key, facility] = row
        return row

    def at(self, key: str, facility: str) -> Patient | None:
        """The person's row at a facility, or None."""
        return self.rows.get((key, facility))

    def adopt(self, key: str, facility: str, at: datetime, *, by: str, reason: str) -> Patient:
        """The receiver's own row on arrival: an existing one or a copy, linked with the owner's row."""
        plan = self.plans[key]
        row = self.at(key, facility)
        if row is None:
            row = self._add(plan, facility, plan.name, f"{700_000 + len(self.rows)}", at)
        person = self._person_of.get(key)
        if person is None:
            code = check_code(next(self._codes))
            person = self._person_of[key] = self.persons.add(code=code)
        for each in (self.rows[key, plan.facility], row):
            if each.pk not in self._linked:
                self._linked.add(each.pk)
                self.links.add(
                    patient_id=each.pk, person_id=person, reason=reason, linked_by=by, linked_at=at
                )
        return row

    def write(self) -> int:
        """COPY everything; returns the number of patient rows."""
        written = self.table.write()
        for table in (self.insured, self.contacts, self.persons, self.links):
            table.write()
        return written
