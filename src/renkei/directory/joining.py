"""Two rows that are one house (重複): one stays, the other is closed and points to it; a public face of ``actions``."""

from __future__ import annotations

from renkei.directory.events import ProfileChanged
from renkei.directory.models import Facility, FormerNumber
from renkei.directory.permissions import P
from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid

FILLED = ("kana", "area", "postal_code", "address", "phone", "fax", "email", "access", "hours", "beds")


@action(P.EDIT_ALL, says="重複した医療機関をまとめる", adds=True)
def join_facilities(actor: Actor, keep: Facility, *, other: Facility) -> Facility:
    """``other`` is the same house as ``keep``: it closes today, is found no more, and its numbers find ``keep``.

    What ``keep`` lacks is taken from ``other``; letters and patients that point to ``other`` stay as they are. Raises
    ``Invalid('other')`` for the same row, for one that was joined before, and for a house that uses Renkei.
    """
    row = Facility.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=other.pk)
    if row.pk == keep.pk:
        raise Invalid("same_facility", "同じ登録です。まとめる相手を選んでください。", "other")
    if row.joined_to_id or keep.joined_to_id:
        raise Invalid(
            "joined_before", "すでにまとめられた登録です。残っているほうを選んでください。", "other"
        )
    if row.uses_renkei:
        raise Invalid(
            "uses_renkei",
            f"「{row.name}」はRenkeiを使っています。利用者と患者を移してから「Renkeiを使っている」を外してください。",
            "other",
        )
    numbers = [row.institution_number] if row.institution_number else []
    row.joined_to, row.institution_number = keep, None
    row.closed_on = min(row.closed_on or clock.today(), clock.today())
    row.save()
    FormerNumber.objects.visible_to(actor).filter(facility=row).update(facility=keep)
    if numbers and not keep.institution_number:
        keep.institution_number = numbers.pop()
    for number in numbers:
        FormerNumber(facility=keep, institution_number=number, until_on=clock.today()).save()
    for name in FILLED:
        if not getattr(keep, name):
            setattr(keep, name, getattr(row, name))
    keep.save()
    for key in (keep.pk, row.pk):
        emit(ProfileChanged(key))
    return keep
