"""Tells the other side: the office of an application, the institution of what became of it."""

from __future__ import annotations

from renkei.directory.queries import facility_by_id
from renkei.enrolments.events import Applied, Decided, Ended
from renkei.enrolments.models import Application, Enrolment
from renkei.enrolments.types import State
from renkei.events.bus import subscribe
from renkei.gate.actor import current
from renkei.notices.actions import notify


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
    facility = facility_by_id(row.facility_id)
    answer = f" {row.answer}" if row.answer else ""
    notify(
        row.facility_id,
        kind="enrolment_decided",
        text=f"「{row.scheme.name}」の申請: {State(event.state).label}。{answer}".strip(),
        url=f"/enrolments/applications/{row.uid}/",
        from_facility_id=row.owner_id,
        on_paper=facility is not None and not facility.uses_renkei,
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
            text=f"「{row.scheme.name}」の{row.facility.name}の登録が終わります({row.end_reason})。",
            url=f"/enrolments/{row.uid}/",
            from_facility_id=other,
        )
