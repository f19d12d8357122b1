"""Referrals with everything that hangs on them, as the actions would have written them one by one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from random import Random

from django.db.backends.utils import CursorWrapper

from renkei.circles.models import FOREVER, Circle, Member
from renkei.circles.types import Source
from renkei.demo.loading.patients import Patients
from renkei.demo.loading.people import Staff
from renkei.demo.loading.places import Places
from renkei.demo.loading.steps import Historian, Past, Step
from renkei.demo.loading.table import Table
from renkei.demo.loading.trail import Trail
from renkei.demo.loading.written import Written
from renkei.demo.model import ReferralPlan
from renkei.demo.timeline import DEMO_START, office
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.identifiers import referral_number
from renkei.kernel.text import shorten
from renkei.patients.models import Patient
from renkei.referrals.models import (
    DateOffer,
    Deadline,
    Message,
    MessageRead,
    Referral,
    ReferralLetter,
    ReferralMove,
    ReplyLetter,
)
from renkei.referrals.permissions import P
from renkei.referrals.printing import card, party

BRING = "マイナ保険証(または資格確認書)・紹介状・お薬手帳"


class Referrals:
    """Collects the rows of all tables of the trunk; ``write`` copies them in."""

    def __init__(
        self, cursor: CursorWrapper, places: Places, staff: Staff, patients: Patients, trail: Trail
    ) -> None:
        self.places, self.staff, self.patients, self.trail = places, staff, patients, trail
        self.circles, self.members = Table(cursor, Circle), Table(cursor, Member)
        self.referrals, self.letters = Table(cursor, Referral), Table(cursor, ReferralLetter)
        self.moves, self.offers = Table(cursor, ReferralMove), Table(cursor, DateOffer)
        self.replies, self.deadlines = Table(cursor, ReplyLetter), Table(cursor, Deadline)
        self.messages, self.reads = Table(cursor, Message), Table(cursor, MessageRead)
        self.written: dict[str, Written] = {}

    def add(self, plan: ReferralPlan, serial: int) -> Written:
        """One referral; ``serial`` is its place in the order of time."""
        patient = self._patient(plan)
        past = Historian(plan, self.staff, self.places).tell()
        number = referral_number(clock.jst_date(plan.created_at).year, serial)
        receiver_patient = self._arrival(plan, past, number)
        circle_id = self._circle(plan, past, patient, number)
        about = {"circle_id": circle_id, "patient_id": patient.pk}
        author = self.staff.pick(plan.sender, P.FINALISE, plan.physician)
        typist = self.staff.pick(plan.sender, P.DRAFT, plan.entered_by or plan.physician)
        referral_id = self.referrals.add(
            **about,
            receiver_patient_id=receiver_patient.pk if receiver_patient else None,
            **self._header(plan, number, author, typist),
            **_columns(plan, past),
            suggested_id=self.places.facilities[past.redirected_to].pk if past.redirected_to else None,
            answers_id=self.written[plan.origin].referral_id if plan.origin else None,
        )
        about |= {"referral_id": referral_id}
        sent_at = past.first("send")
        finalised_at = sent_at - timedelta(seconds=90) if sent_at else None
        self._letter(plan, about, patient, author, typist, finalised_at)
        self._steps(past, about)
        self._dates(plan, past, about)
        self._replies(plan, past, about)
        self._messages(plan, about)
        receiver = next((s.actor for s in past.steps if s.name in ("receive", "accept")), None)
        made = Written(plan, referral_id, circle_id, patient.pk, number, author, receiver, finalised_at)
        self.written[plan.key] = made
        self.trail.tell(made, past, author, typist)
        return made

    def _patient(self, plan: ReferralPlan) -> Patient:
        """The sending house's own row of the person."""
        row = self.patients.at(plan.patient, plan.sender)
        if row is not None:
            return row
        return self.patients.adopt(plan.patient, plan.sender, plan.created_at, by="", reason="紹介")

    def _arrival(self, plan: ReferralPlan, past: Past, number: str) -> Patient | None:
        """On arrival the receiver makes the person a patient of its own."""
        came = next((s for s in past.steps if s.name == "arrive"), None)
        if came is None:
            return None
        by, reason = came.actor.label, f"紹介 {number}"
        return self.patients.adopt(plan.patient, plan.receiver, came.at, by=by, reason=reason)

    def _circle(self, plan: ReferralPlan, past: Past, patient: Patient, number: str) -> int:
        sender, receiver = (self.places.facilities[key].pk for key in (plan.sender, plan.receiver))
        circle_id = self.circles.add(
            patient_id=patient.pk,
            owner_facility_id=sender,
            purpose=f"referral:{plan.kind}",
            opened_at=plan.created_at,
        )
        about = {"circle_id": circle_id, "patient_id": patient.pk, "source": Source.REFERRAL}
        self.members.add(**about, facility_id=sender, valid_from=plan.created_at)
        if sent_at := past.first("send"):
            ended = next((s for s in past.steps if s.name == "withdraw"), None)
            self.members.add(
                **about,
                facility_id=receiver,
                valid_from=sent_at,
                valid_until=ended.at if ended else FOREVER,
                reason=f"取り下げ: {ended.note}"[:200] if ended else number,
            )
        return circle_id

    def _header(self, plan: ReferralPlan, number: str, author: Actor, typist: Actor) -> dict[str, object]:
        assigned = self.staff.plans[plan.assigned].name if plan.assigned else ""
        return {
            "kind": plan.kind,
            "number": number,
            "urgency": plan.urgency,
            "sender_id": author.facility_id,
            "sender_department": self.staff.plans[plan.physician].department,
            "sender_physician_id": author.person_id,
            "sender_physician": self.staff.plans[plan.physician].name,
            "receiver_id": self.places.facilities[plan.receiver].pk,
            "receiver_name": self.places.facilities[plan.receiver].name,
            "receiver_department": plan.department,
            "receiver_physician": assigned,
            "wish": plan.wish,
            "basis": plan.basis,
            "source": "paper" if plan.on_paper else "screen",
            "purpose": shorten(" ".join(plan.content.purpose.split()), 200),
            "diagnosis": shorten("、".join(d.text for d in plan.content.diagnoses), 200),
            "entered_by_id": typist.person_id,
            "entered_by": typist.label,
        }

    def _letter(
        self,
        plan: ReferralPlan,
        about: dict[str, int],
        patient: Patient,
        author: Actor,
        typist: Actor,
        finalised_at: datetime | None,
    ) -> None:
        """A draft stays open; what was sent is final and keeps its parties as printed."""
        values: dict[str, object] = {}
        if finalised_at:
            values = {
                "printed": self._printed(plan, patient),
                "finalised_by_id": author.person_id,
                "finalised_by": author.label,
                "finalised_at": finalised_at,
            }
        self.letters.add(
            **about,
            content=plan.content.to_json(),
            entered_by_id=typist.person_id,
            entered_by=typist.label,
            created_at=plan.created_at,
            saved_at=finalised_at or plan.created_at,
            **values,
        )

    def _printed(self, plan: ReferralPlan, patient: Patient) -> dict[str, object]:
        """A back-referral names the physician who asked; a first letter is addressed to the department."""
        back = plan.kind == "back_referral"
        to_physician = self.staff.plans[plan.assigned].name if back and plan.assigned else ""
        sender, receiver = (self.places.facilities[key] for key in (plan.sender, plan.receiver))
        signer = self.staff.plans[plan.physician]
        return {
            "sender": asdict(party(sender, "", signer.department, signer.name)),
            "receiver": asdict(party(receiver, "", plan.department, to_physician)),
            "patient": asdict(card(patient, self.patients.insured_number(plan.patient))),
        }

    def _steps(self, past: Past, about: dict[str, int]) -> None:
        for step in past.steps:
            self.moves.add(
                **about,
                at=step.at,
                name=step.name,
                from_state=step.before,
                to_state=step.after,
                says=step.says,
                note=step.note,
                **_person(step.actor),
            )
        for due in past.dues:
            self.deadlines.add(
                **about,
                facility_id=self.places.facilities[due.facility].pk,
                name=due.name,
                started_at=due.started_at,
                due_at=due.due_at,
                met_at=due.met_at,
            )

    def _dates(self, plan: ReferralPlan, past: Past, about: dict[str, int]) -> None:
        reception = self.places.departments.get(f"{plan.receiver}:{plan.department}")
        for offer in past.offers:
            self.offers.add(
                **about,
                starts_at=offer.starts_at,
                department=plan.department,
                physician=self.staff.plans[plan.assigned].name if plan.assigned else "",
                place=reception.place if reception else "",
                bring=BRING,
                status=offer.status,
                offered_at=offer.offered_at,
                answered_at=offer.answered_at,
            )

    def _replies(self, plan: ReferralPlan, past: Past, about: dict[str, int]) -> None:
        rng = Random(f"{plan.key}:replies")  # noqa: S311 - fiction, no secret
        sent = [s for s in past.steps if s.name in ("notify_arrival", "reply", "finish")]
        reader = self.staff.pick(plan.sender, P.VIEW, plan.entered_by or plan.physician)
        for reply, step in zip(plan.replies, sent, strict=True):
            read_at = office(step.at + timedelta(minutes=rng.randint(20, 900)))
            was_read = read_at < DEMO_START
            self.replies.add(
                **about,
                kind=reply.kind,
                text=reply.text,
                entered_by_id=step.actor.person_id,
                entered_by=step.actor.label,
                author_id=step.actor.person_id,
                author=step.actor.label,
                facility_id=step.actor.facility_id,
                created_at=step.at - timedelta(minutes=6),
                sent_at=step.at,
                first_read_at=read_at if was_read else None,
                first_read_by=reader.label if was_read else "",
            )
            if was_read:
                self.trail.read(reader, read_at, about, "紹介を閲覧")

    def _messages(self, plan: ReferralPlan, about: dict[str, int]) -> None:
        for line in plan.messages:
            house = plan.sender if self.staff.at(line.author, plan.sender) else plan.receiver
            author = self.staff.pick(house, P.MESSAGE, line.author)
            message_id = self.messages.add(**about, at=line.at, text=line.text, **_person(author))
            read_at = line.at + timedelta(minutes=25)
            if read_at < DEMO_START:
                self._read_by(plan, house, message_id, about, read_at)

    def _read_by(
        self, plan: ReferralPlan, house: str, message_id: int, about: dict[str, int], read_at: datetime
    ) -> None:
        """Everybody of the other side who looks after letters has seen it by now."""
        other = plan.receiver if house == plan.sender else plan.sender
        keys = {"circle_id": about["circle_id"], "patient_id": about["patient_id"]}
        for colleague in self.staff.houses[other]:
            if colleague.may(P.DRAFT) and (other == plan.sender or colleague.may(P.DECIDE)):
                self.reads.add(
                    **keys,
                    message_id=message_id,
                    person_id=colleague.person_id,
                    facility_id=colleague.facility_id,
                    at=read_at,
                )

    def write(self) -> dict[str, int]:
        """COPY everything; returns rows per table."""
        tables = (
            *(self.circles, self.members, self.referrals, self.letters, self.moves, self.offers),
            *(self.replies, self.deadlines, self.messages, self.reads),
        )
        return {table.name: table.write() for table in tables}


def _person(actor: Actor) -> dict[str, object]:
    return {
        "person_id": actor.person_id,
        "person": actor.label,
        "facility_id": actor.facility_id,
        "facility_name": actor.facility_label,
    }


def _columns(plan: ReferralPlan, past: Past) -> dict[str, object]:
    """State and instants, read from the history."""
    steps: list[Step] = past.steps
    return {
        "state": past.state,
        "created_at": plan.created_at,
        "moved_at": steps[-1].at if steps else plan.created_at,
        "sent_at": past.first("send"),
        "received_at": past.first("receive", "accept", "decline", "redirect", "offer_date", "arrive"),
        "appointment_at": past.appointment_at,
        "arrived_at": past.last("arrive"),
        "admitted_at": past.last("admit"),
        "back_referral_planned": any(s.name == "plan_back" for s in steps),
        "final_report_at": past.last("finish"),
        "closed_at": past.last("close"),
        "close_reason": past.reason,
        "version": 2 + len(steps),
    }
