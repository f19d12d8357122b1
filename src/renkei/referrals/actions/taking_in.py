"""A letter that came as a document of another system stands on the desk as a received referral."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from uuid import UUID

from renkei.circles.actions import open_circle
from renkei.directory.models import Facility
from renkei.events.bus import emit
from renkei.files.store import CheckedFile, store
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed
from renkei.kernel.text import shorten
from renkei.patients.models import Patient
from renkei.referrals.actions.drafting import next_number
from renkei.referrals.events import ReferralMoved
from renkei.referrals.models import Attachment, Referral, ReferralLetter, ReferralMove
from renkei.referrals.permissions import P
from renkei.referrals.registry import all_kinds
from renkei.referrals.types import LetterDocument, State

OUTSIDE = -1
"""Key of a person whom this house does not know: the physician who signed the received letter."""


@action(P.RECEIVE, says="文書を取り込み")
def take_in(
    actor: Actor,
    doc: LetterDocument,
    *,
    sender: Facility,
    patient: Patient,
    source: str,
    sha256: str,
    files: Sequence[CheckedFile] = (),
    note: str = "",
) -> Referral:
    """A received referral of the actor's facility from ``doc``, with its files, in one step.

    ``patient`` is a row of the actor's own facility; nobody else enters the circle. The letter keeps the parties and
    the patient as the document names them and ``sha256`` of the bytes that came. ``NotAllowed`` for another's patient row.
    """
    if patient.facility_id != actor.facility_id:
        raise NotAllowed("not_own_patient", "自施設の患者としてだけ取り込めます。")
    referral = _referral(actor, doc, sender, patient, source)
    _letter(referral, doc, sha256)
    for checked in files:
        _attach(actor, referral, checked)
    _tell(actor, referral, sender, note)
    return referral


def _tell(actor: Actor, referral: Referral, sender: Facility, note: str) -> None:
    """History, trail and event."""
    says = f"{actor.label}が{sender.name}の文書を取り込みました"
    ReferralMove.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        at=clock.now(),
        name="take_in",
        from_state=State.SENT,
        to_state=State.RECEIVED,
        says=says,
        note=shorten(note, 500),
        person_id=actor.person_id,
        person=actor.label,
        facility_id=actor.facility_id,
        facility_name=actor.facility_label,
    )
    say(says)
    emit(
        ReferralMoved(
            referral_id=referral.pk,
            referral_uid=str(referral.uid),
            number=referral.number,
            kind=referral.kind,
            move="take_in",
            state=State.RECEIVED,
            sender_id=sender.pk,
            receiver_id=actor.facility_id,
            actor_facility_id=actor.facility_id,
        )
    )


def _referral(actor: Actor, doc: LetterDocument, sender: Facility, patient: Patient, source: str) -> Referral:
    now = clock.now()
    kind = kind_named(doc.kind_title)
    return Referral.objects.create(
        circle=open_circle(actor, patient, purpose=f"referral:{kind}"),
        patient=patient,
        receiver_patient=patient,
        kind=kind,
        number=next_number(),
        state=State.RECEIVED,
        sender=sender,
        sender_department=shorten(doc.sender.department, 60),
        sender_physician=shorten(doc.sender.physician, 80),
        receiver_id=actor.facility_id,
        receiver_name=shorten(actor.facility_label, 120),
        receiver_department=shorten(doc.receiver.department, 60),
        receiver_physician=shorten(doc.receiver.physician, 80),
        basis_note="受け取った文書による",
        source=source,
        purpose=shorten(" ".join(doc.content.purpose.split()), 200),
        diagnosis=shorten("、".join(d.text for d in doc.content.diagnoses), 200),
        entered_by_id=actor.person_id,
        entered_by=shorten(actor.label, 80),
        created_at=now,
        sent_at=min(issued_at(doc.issued_at) or now, now),
        received_at=now,
        moved_at=now,
    )


def _letter(referral: Referral, doc: LetterDocument, sha256: str) -> ReferralLetter:
    issued = issued_at(doc.issued_at) or clock.now()
    return ReferralLetter.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        number=1,
        content=doc.content.to_json(),
        printed={
            "sender": asdict(doc.sender),
            "receiver": asdict(doc.receiver),
            "patient": asdict(doc.patient),
        },
        entered_by=shorten(doc.entered_by, 80),
        finalised_by_id=OUTSIDE,
        finalised_by=shorten(doc.sender.physician or doc.sender.facility_name, 80),
        finalised_at=issued,
        original_sha256=sha256,
    )


def _attach(actor: Actor, referral: Referral, checked: CheckedFile) -> UUID:
    stored = store(actor, referral.circle_id, checked)
    Attachment.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        file_uid=stored.uid,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        added_by=shorten(actor.facility_label, 120),
    )
    return stored.uid


def kind_named(title: str) -> str:
    """The kind whose letters bear ``title``; 逆紹介 anywhere in it is a back-referral, everything else a referral."""
    named = [k.key for k in all_kinds() if k.title == title]
    if named:
        return named[0]
    return "back_referral" if "逆紹介" in title else "referral"


def issued_at(text: str) -> datetime | None:
    """The instant of issue; a day alone counts from its first minute in Japan, parts of a date are none."""
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(), tzinfo=clock.JST)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=clock.JST)
