"""Tells the other side: the office of an application, the institution of what became of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from renkei.directory.events import ProfileChanged, Rested
from renkei.directory.queries import facility_by_id
from renkei.enrolments.conditions.lapsed import lapsed
from renkei.enrolments.events import Applied, Decided, Ended, Moved
from renkei.enrolments.models import Application, Enrolment
from renkei.enrolments.queries import owners_of, schemes_joined
from renkei.enrolments.types import State
from renkei.events.bus import subscribe
from renkei.gate.actor import current
from renkei.notices.actions import notify
from renkei.notices.queries import still_unread


@subscribe(Applied)
def tell_office(event: Applied) -> None:
    """Something waits for review; not when the office entered it itself."""
    row = (
        Application.objects.visible_to(current())
        .select_related("scheme", "facility")
        .get(pk=event.application_id)
    )
    if row.channel == "web":
        notify(
            row.owner_id,
            kind="enrolment_applied",
            text=f"「{row.scheme.name}」に{row.facility.name}から申請が届きました。",
            url=f"/enrolments/applications/{row.uid}/",
            from_facility_id=row.facility_id,
        )


@subscribe(Decided)
def tell_institution(event: Decided) -> None:
    """What became of the application; on paper for an institution without Renkei."""
    row = Application.objects.visible_to(current()).select_related("scheme").get(pk=event.application_id)
    answer = f" {row.answer}" if row.answer else ""
    notify(
        row.facility_id,
        kind="enrolment_decided",
        text=f"「{row.scheme.name}」の申請: {State(event.state).label}。{answer}".strip(),
        url=f"/enrolments/applications/{row.uid}/",
        from_facility_id=row.owner_id,
        on_paper=_on_paper(row.facility_id),
    )


@subscribe(Ended)
def tell_of_the_end(event: Ended) -> None:
    """A membership ended or will end: both sides know it from the same line."""
    row = (
        Enrolment.objects.visible_to(current())
        .select_related("scheme", "facility")
        .get(pk=event.enrolment_id)
    )
    for facility_id, other in ((row.owner_id, row.facility_id), (row.facility_id, row.owner_id)):
        if facility_id == other:
            continue
        notify(
            facility_id,
            kind="enrolment_ended",
            text=f"「{row.scheme.name}」の{_whose(row)}の登録は{_day(event.ended_on)}から終了となります({row.end_reason})。",
            url=f"/enrolments/members/{row.uid}/",
            from_facility_id=other,
            on_paper=_on_paper(facility_id),
        )


@subscribe(Moved)
def tell_the_old_house(event: Moved) -> None:
    """The institution that the physician left: its certificate is void."""
    row = (
        Enrolment.objects.visible_to(current())
        .select_related("scheme", "facility")
        .get(pk=event.enrolment_id)
    )
    notify(
        event.from_facility_id,
        kind="enrolment_ended",
        text=(
            f"「{row.scheme.name}」の{row.physician_name}の登録は、所属の変更により{_day(event.on)}から"
            "ほかの医療機関に移りました。お手元の登録証は無効です。"
        ),
        url="/enrolments/",
        from_facility_id=row.owner_id,
        on_paper=_on_paper(event.from_facility_id),
    )


@subscribe(Rested)
def tell_the_offices(event: Rested) -> None:
    """A member rests (休止) or comes back: nothing ends, but nobody shall be sent there in the meantime."""
    facility = facility_by_id(event.facility_id)
    if facility is None:
        return
    if not event.from_on:
        what = "休止は取りやめになりました"
    else:
        back = f"{_day(event.back_on)}に再開予定" if event.back_on else "再開未定"
        what = f"{_day(event.from_on)}から休止({back})"
    for owner_id in owners_of(facility.pk):
        if owner_id != facility.pk:
            notify(
                owner_id,
                kind="facility_rested",
                text=f"{facility.name}: {what}。登録はそのまま続きます。",
                url=f"/directory/{facility.uid}/",
                from_facility_id=facility.pk,
            )


@subscribe(ProfileChanged)
def tell_who_does_not_fit_any_more(event: ProfileChanged) -> None:
    """An institution moved or gave something up: the office sees it once, until somebody has read that."""
    actor = current()
    for scheme in schemes_joined(event.facility_id):
        if scheme.owner_id == event.facility_id:
            continue
        found = lapsed(actor, scheme, facility_id=event.facility_id)
        address = f"/enrolments/schemes/{scheme.uid}/exceptions/"
        known: dict[str, Any] = {
            "kind": "enrolment_lapsed",
            "url": address,
            "from_facility_id": event.facility_id,
        }
        if not found or still_unread(actor, scheme.owner_id, **known):
            continue
        reasons = "、".join(dict.fromkeys(f.says for one in found for f in one.found))
        notify(
            scheme.owner_id,
            text=f"「{scheme.name}」の{found[0].enrolment.facility.name}の登録が条件に合わなくなりました({reasons})。",
            **known,
        )


def _whose(row: Enrolment) -> str:
    return f"{row.facility.name} {row.physician_name}".strip()


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.year}年{day.month}月{day.day}日"


def _on_paper(facility_id: int) -> bool:
    facility = facility_by_id(facility_id)
    return facility is not None and not facility.uses_renkei
