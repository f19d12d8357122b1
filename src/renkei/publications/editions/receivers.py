"""Who receives an edition on a day, and how: each institution once, whatever schemes and physicians it is in with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from renkei.directory import queries as directory
from renkei.directory.profiles.queries import suspended_on
from renkei.gate.actor import Actor
from renkei.kernel.names import kana_key
from renkei.publications import members
from renkei.publications.models import DeliveryChoice, Edition, Way

if TYPE_CHECKING:
    from renkei.directory.models import Facility

LEAST_DIGITS = 9


@dataclass(frozen=True)
class Receiver:
    """One institution: ``to`` is the address, number or mail address; ``trouble`` why it cannot reach them this way."""

    facility: Facility
    way: Way
    to: str
    trouble: str = ""
    chosen: bool = False


def receivers(actor: Actor, edition: Edition, day: date) -> list[Receiver]:
    """Members of the edition's schemes on ``day`` that are not closed, in kana order; the house itself is none.

    Nothing is sent to a house that rests (休止): its membership rests with it.
    """
    keys = members.members_on(edition.scheme_ids, day) - {edition.facility_id} - suspended_on(day)
    return [one for one in of(actor, edition.facility_id, keys) if not _closed(one.facility, day)]


def _closed(facility: Facility, day: date) -> bool:
    return facility.closed_on is not None and facility.closed_on <= day


def of(actor: Actor, owner_id: int, keys: Iterable[int]) -> list[Receiver]:
    """These institutions with their choices for the editions of a house, in kana order."""
    rows = DeliveryChoice.objects.visible_to(actor).filter(owner_id=owner_id)
    choices = {row.facility_id: row for row in rows}
    found = [
        receiver(f, choices.get(f.pk)) for f in directory.facilities(closed=True).filter(pk__in=list(keys))
    ]
    return sorted(found, key=lambda one: (kana_key(one.facility.kana), one.facility.pk))


def receiver(facility: Facility, choice: DeliveryChoice | None) -> Receiver:
    """By post where nobody chose."""
    way = Way(choice.way) if choice else Way.POST
    to, trouble = _address(facility, way, choice.email if choice else "")
    return Receiver(facility, way, to, trouble, choice is not None)


def _address(facility: Facility, way: Way, email: str) -> tuple[str, str]:
    if way == Way.POST:
        to = " ".join(
            p for p in (facility.postal_code and f"〒{facility.postal_code}", facility.address) if p
        )
        return to, "" if facility.address else "住所が登録されていません"
    if way == Way.FAX:
        digits = sum(char.isdigit() for char in facility.fax)
        return facility.fax, "" if digits >= LEAST_DIGITS else "FAX番号が登録されていません"
    if not facility.uses_renkei:
        return email, "Renkeiを使っていないため、ログインして受け取れません"
    return (email, "") if way == Way.MAIL else (facility.name, "")
