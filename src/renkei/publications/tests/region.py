"""H1 runs 登録医制度; C1 and C2 are its members. Shared by the tests of leaflets and editions."""

from __future__ import annotations

from datetime import date
from typing import Any

from renkei.directory.models import Facility
from renkei.enrolments.models import Enrolment, Listing, Scheme
from testing.cast import Cast
from testing.database import arranging

JOINED = date(2024, 4, 1)


def open_scheme(cast: Cast, *keys: str, until: dict[str, date] | None = None) -> Scheme:
    """The scheme of H1 with these members; ``until`` is the first day without a member."""
    with arranging("a scheme with members"):
        scheme = Scheme(
            key="registered_physician_isehara", owner=cast.facility("H1"), name="登録医制度", from_on=JOINED
        )
        scheme.save()
        for key in keys:
            join(scheme, cast.facility(key), (until or {}).get(key))
    return scheme


def join(scheme: Scheme, facility: Facility, until: date | None = None, name: str = "") -> None:
    """A membership on the public list."""
    names: dict[str, Any] = {"scheme": scheme, "owner": scheme.owner, "facility": facility}
    enrolment = Enrolment(**names, physician_name=name, joined_on=JOINED, ended_on=until)
    enrolment.save()
    Listing(**names, enrolment=enrolment, name=name, from_on=JOINED, until_on=until).save()


def end_membership(facility: Facility, day: date) -> None:
    """The membership ends; ``day`` is the first one without it."""
    with arranging("a membership ends"):
        for row in Listing.objects.filter(facility=facility):
            row.until_on = day
            row.save()
