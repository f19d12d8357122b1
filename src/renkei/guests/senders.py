"""The clinic behind a guest's request: the directory's row, or a new one that is reached on paper."""

from __future__ import annotations

from django.db import connection

from renkei.directory.models import Facility
from renkei.directory.queries import facility_by_number
from renkei.directory.types import FacilityKind
from renkei.guests.models import GuestRequest

_FEE_TABLE_DENTAL = "2"


def sender_of(request: GuestRequest) -> Facility:
    """The row with the number of the request; made anew where the directory knows none. Call inside an action.

    The number that counts is the one that was called: the new row takes it as its telephone.
    """
    number = request.institution_number
    with connection.cursor() as cursor:
        # The lock of exchange's senders: two requests of a new clinic in the same instant make one row.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"sender:{number}"])
    if found := facility_by_number(number):
        return found
    row = Facility(
        kind=_kind(request),
        name=request.clinic,
        institution_number=number,
        phone=request.called_number[:20],
        uses_renkei=False,
    )
    row.save()
    return row


def _kind(request: GuestRequest) -> str:
    if request.institution_number[2:3] == _FEE_TABLE_DENTAL:
        return FacilityKind.DENTAL
    return FacilityKind.HOSPITAL if "病院" in request.clinic else FacilityKind.CLINIC
