"""A facility rests for a time (休止) and comes back (再開): it is no closing (廃院), and nothing of it ends."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q

from renkei.directory.actions import line
from renkei.directory.events import ProfileChanged, Rested
from renkei.directory.models import ClosingDay, Facility
from renkei.directory.permissions import P
from renkei.directory.profiles.queries import coming_suspension
from renkei.directory.reach import require_reach
from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow

DAY = timedelta(days=1)


@action(P.EDIT_OWN, says="休止を登録", adds=True)
def suspend(
    actor: Actor, facility: Facility, *, from_on: date, back_on: date | None = None, note: str = ""
) -> ClosingDay:
    """The facility rests from ``from_on`` until ``back_on`` (再開予定), its first day open again; None: nobody knows yet.

    Whoever may close it may say so. Raises ``Invalid`` for days in disorder or over, for a facility that is closed by
    then, and for a suspension that was said already.
    """
    require_reach(actor, facility, "profiles.suspending.suspend")
    if back_on is not None and back_on <= from_on:
        raise Invalid("back_on", "再開予定日は、休止のはじめの日より後にしてください。", "back_on")
    if back_on is not None and back_on <= clock.today():
        raise Invalid("back_on", "再開予定日が過ぎています。明日以降の日付にしてください。", "back_on")
    if facility.closed_on is not None and facility.closed_on <= from_on:
        raise Invalid("from_on", "閉院した施設は休止にできません。閉院の日付を確認してください。", "from_on")
    same = ClosingDay.objects.filter(Q(until_on=None) | Q(until_on__gte=from_on), suspension=True)
    same = same.filter(facility=facility)
    if (same.filter(from_on__lt=back_on) if back_on else same).exists():
        raise Invalid(
            "from_on", "この期間の休止はもう登録されています。再開日を変えるか、再開してください。", "from_on"
        )
    row = ClosingDay(
        facility=facility,
        from_on=from_on,
        until_on=back_on - DAY if back_on else None,
        note=line(note, 100, "note"),
        suspension=True,
    )
    row.save()
    _tell(facility, from_on, back_on)
    return row


@action(P.EDIT_OWN, says="休止からの再開を登録", adds=True)
def resume(actor: Actor, facility: Facility, *, back_on: date | None = None) -> ClosingDay | None:
    """The facility is open again from ``back_on`` (today) on, or will be on a later day; earlier than planned, or later.

    One that comes back before it went never rested: then None is given. Raises ``NotPossibleNow`` without a suspension.
    """
    require_reach(actor, facility, "profiles.suspending.resume")
    row = coming_suspension(facility)
    if row is None:
        raise NotPossibleNow("not_suspended", "この施設は休止していません。画面を更新してください。")
    day = back_on or clock.today()
    if day <= row.from_on:
        row.delete()
        _tell(facility, None, day)
        return None
    row.until_on = day - DAY
    row.save()
    _tell(facility, row.from_on, day)
    return row


def _tell(facility: Facility, from_on: date | None, back_on: date | None) -> None:
    emit(ProfileChanged(facility.pk))
    days = [day.isoformat() if day else "" for day in (from_on, back_on)]
    emit(Rested(facility.pk, days[0], days[1]))
