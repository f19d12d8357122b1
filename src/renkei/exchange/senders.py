"""The facility behind the name on a document: from the directory, or a new row that is reached on paper."""

from __future__ import annotations

from django.db import connection

from renkei.directory.models import Facility
from renkei.directory.queries import facilities, facility_by_number
from renkei.directory.types import FacilityKind
from renkei.kernel.errors import Invalid
from renkei.kernel.identifiers import check_institution_number, phone, postal_code
from renkei.kernel.text import shorten
from renkei.referrals.types import Party

DENTAL = "3"


def known(party: Party) -> Facility | None:
    """The directory's row with the institution number of ``party``; without a number, one reached on paper by name."""
    number = number_of(party)
    if number:
        return facility_by_number(number)
    same = facilities(closed=True).filter(name=name_of(party), institution_number=None, uses_renkei=False)
    return same.first()


def number_of(party: Party) -> str:
    """The 10-digit institution number as stored, empty when the document has none that can be right."""
    try:
        return check_institution_number(party.institution_number).value
    except Invalid:
        return ""


def name_of(party: Party) -> str:
    """The printed name as a row of the directory holds it."""
    return shorten(party.facility_name, 120)


def on_paper(party: Party) -> Facility:
    """A new row of the directory that does not use Renkei, as the document names it; call inside an action.

    The change stands in the trail of that action. Numbers that do not read as such are left out; the letter keeps them.
    """
    number = number_of(party)
    with connection.cursor() as cursor:
        # Two documents of a new sender in the same instant make one row.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"sender:{number or name_of(party)}"]
        )
    if found := known(party):
        return found
    facility = Facility(
        kind=_kind(party, number),
        name=name_of(party),
        institution_number=number or None,
        postal_code=_readable_postal_code(party.postal_code),
        address=shorten(party.address, 200) if party.address else "",
        phone=_readable_phone(party.phone),
        fax=_readable_phone(party.fax),
        uses_renkei=False,
    )
    facility.save()
    return facility


def _kind(party: Party, number: str) -> str:
    if number[2:3] == DENTAL:
        return FacilityKind.DENTAL
    hospital = "病院" in party.facility_name or "医療センター" in party.facility_name
    return FacilityKind.HOSPITAL if hospital else FacilityKind.CLINIC


def _readable_postal_code(text: str) -> str:
    try:
        return postal_code(text) if text else ""
    except Invalid:
        return ""


def _readable_phone(text: str) -> str:
    try:
        return phone(text).display[:20] if text else ""
    except Invalid:
        return ""
