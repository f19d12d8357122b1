"""3,000 referrals over 18 months: who sends whom where, and how each story went on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from renkei.demo import stories
from renkei.demo.cast import DESK
from renkei.demo.desk import DESK_COUNTS, desk_entries
from renkei.demo.facilities import departments
from renkei.demo.letters import Case, back_content, draw_case
from renkei.demo.model import FacilityPlan, PatientPlan, ReferralPlan, StaffPlan
from renkei.demo.scenarios import Scenario, scenario, scenarios
from renkei.demo.stories import Cast
from renkei.demo.timeline import DEMO_START, Timeline, office
from renkei.kernel.clock import jst
from renkei.kernel.roles import Role
from renkei.referrals.types import Urgency

REFERRAL_COUNT = 3000
FIRST_DAY = jst(2024, 12, 2, 9)
_RECEIVER_WEIGHT = {"H1": 62, "H2": 24, "H3": 10, "H4": 8, "R1": 30, "L1": 6}
_WISHES = (
    "",
    "",
    "",
    "できるだけ早めに",
    "午前中を希望",
    "木曜以外",
    "いつでも可",
    "家族の付き添いが可能な日",
    "午後を希望",
)
_BASES = ("posted_notice",) * 8 + ("explicit_consent",) * 2


def _group(chosen: Scenario) -> str:
    """Nobody is told the same situation twice, nor two pregnancies."""
    return "pregnancy" if chosen.key in {"preterm_labor", "gestational_diabetes"} else chosen.key


@dataclass(frozen=True)
class Request:
    """What a plan is drawn from: one patient, one scenario, one addressee, one instant."""

    patient: PatientPlan
    scenario: Scenario
    receiver: str
    at: datetime
    urgency: Urgency
    wish: str = ""
    desk: str = ""


class Planner:
    """Draws the referrals of a region one after the other."""

    def __init__(
        self,
        seed: int,
        facilities: tuple[FacilityPlan, ...],
        staff: tuple[StaffPlan, ...],
        patients: tuple[PatientPlan, ...],
    ) -> None:
        self.rng = Random(f"{seed}:referrals")  # noqa: S311 - fiction, no secret
        self.facilities = {f.key: f for f in facilities}
        reserved = {patients[entry.patient].key for entry in DESK if entry.scenario != "diabetes"}
        self.patients = tuple(p for p in patients if p.key not in reserved)
        self.cast_patients = patients
        self._staff: dict[str, list[StaffPlan]] = {}
        for member in staff:
            self._staff.setdefault(member.facility, []).append(member)
        self._receivers: dict[str, list[str]] = {}
        for department in departments():
            if department.facility in _RECEIVER_WEIGHT:
                self._receivers.setdefault(department.name, []).append(department.facility)
        self._serial = 0
        self._told: set[tuple[str, str]] = set()

    def plans(self, count: int) -> Iterator[ReferralPlan]:
        """Exactly ``count`` plans (at least the desk's 40)."""
        made = 0
        for lane, wanted in DESK_COUNTS.items():
            for entry in desk_entries(self.rng, lane, wanted):
                patient, chosen = self._desk_patient(lane, entry.patient, entry.scenario)
                pressing = lane == "new" and (not chosen.urgency[0] or chosen.key == "heart_failure")
                urgency = Urgency.URGENT if pressing else self._urgency(chosen)
                sent = stories.desk_sent_at(self.rng, lane, chosen, urgency)
                yield self._plan(Request(patient, chosen, "H1", sent, urgency, entry.wish, lane))
                made += 1
        while made < count:
            plan = self._plan(self._request())
            yield plan
            made += 1
            if made < count and plan.state == "closed" and plan.kind == "referral" and self._gives_back(plan):
                yield self._back_referral(plan)
                made += 1

    def _urgency(self, chosen: Scenario) -> Urgency:
        return self.rng.choices(list(Urgency), weights=chosen.urgency)[0]

    def _desk_patient(self, lane: str, index: int, key: str) -> tuple[PatientPlan, Scenario]:
        """The named patient of the cast, or somebody of a clinic whom a scenario of H1 fits today."""
        if index >= 0:
            patient, chosen = self.cast_patients[index], scenario(key)
            self._told.add((patient.key, _group(chosen)))
            return patient, chosen
        while True:
            patient = self.rng.choice(self.patients)
            if self.facilities[patient.facility].kind == "hospital" or any(
                p == patient.key for p, _ in self._told
            ):
                continue
            found = self._scenario_for(patient, DEMO_START - timedelta(days=60))
            if found and self._suits_lane(found, lane, patient):
                self._told.add((patient.key, _group(found)))
                return patient, found

    def _suits_lane(self, chosen: Scenario, lane: str, patient: PatientPlan) -> bool:
        """Acute patients do not wait for dates; who lies on the ward has a reason to."""
        acute = not chosen.urgency[0]
        profile = self.facilities[patient.facility].profile
        today = chosen.fits(profile, patient.sex, patient.age_on(DEMO_START.date()))
        there = "H1" in self._receivers[chosen.department] and chosen.department != "リハビリテーション科"
        return today and there and (lane == "new" or acute == (lane == "admitted"))

    def _scenario_for(self, patient: PatientPlan, at: datetime) -> Scenario | None:
        """A fitting situation that was not yet told of this patient."""
        profile = self.facilities[patient.facility].profile
        if patient.birth_on >= (at - timedelta(days=60)).date():
            return None
        age = patient.age_on(at.date())
        fitting = [
            s
            for s in scenarios()
            if s.fits(profile, patient.sex, age) and (patient.key, _group(s)) not in self._told
        ]
        return self.rng.choices(fitting, weights=[s.weight for s in fitting])[0] if fitting else None

    def _receiver(self, department: str, sender: str) -> str | None:
        keys = [key for key in self._receivers.get(department, []) if key != sender]
        if department == "リハビリテーション科":
            keys = [key for key in keys if key in {"R1", "L1"}]
        return self.rng.choices(keys, weights=[_RECEIVER_WEIGHT[k] for k in keys])[0] if keys else None

    def _request(self) -> Request:
        """A letter of the past 18 months; H1's own inbox of the last days is written by the desk alone."""
        while True:
            patient = self.rng.choice(self.patients)
            span = (DEMO_START - FIRST_DAY).total_seconds() - 7200
            at = office(FIRST_DAY + timedelta(seconds=self.rng.random() * span))
            chosen = self._scenario_for(patient, at)
            receiver = self._receiver(chosen.department, patient.facility) if chosen else None
            if not chosen or not receiver or at >= DEMO_START - timedelta(hours=1):
                continue
            if receiver == "H1" and at > stories.H1_QUIET_FROM:
                continue
            self._told.add((patient.key, _group(chosen)))
            return Request(patient, chosen, receiver, at, self._urgency(chosen), self.rng.choice(_WISHES))

    def _one(self, facility: str, role: Role, department: str = "") -> str:
        """The log-in of somebody with the role, of the department where there is one."""
        members = [m for m in self._staff[facility] if role in m.roles]
        of_department = [m for m in members if m.department == department]
        return self.rng.choice(of_department or members).login if members else ""

    def _cast_for(self, sender: str, receiver: str, department: str, chosen: Scenario) -> Cast:
        dental = self.facilities[sender].kind == "dental"
        physician = self._one(sender, Role.DENTIST if dental else Role.PHYSICIAN, chosen.department)
        desk = self._one(receiver, Role.LIAISON_STAFF) or self._one(receiver, Role.CLERK)
        to_dental = self.facilities[receiver].kind == "dental"
        assigned = self._one(receiver, Role.DENTIST if to_dental else Role.PHYSICIAN, department)
        if receiver == "H1" and self.rng.random() < 0.7:
            desk = "sato.h1"
        office_role = Role.LIAISON_STAFF if self.facilities[sender].kind == "hospital" else Role.CLERK
        return Cast(physician, self._one(sender, office_role) or physician, desk, assigned)

    def _plan(self, request: Request) -> ReferralPlan:
        chosen, patient = request.scenario, request.patient
        cast = self._cast_for(patient.facility, request.receiver, chosen.department, chosen)
        case = draw_case(self.rng, chosen, patient, request.at)
        timeline = stories.tell(self.rng, request.desk, case, cast, request.receiver, request.urgency)
        plan = self._assemble(request, case, cast, timeline)
        return replace(plan, back_referral_planned=request.desk == "back")

    def _assemble(self, request: Request, case: Case, cast: Cast, timeline: Timeline) -> ReferralPlan:
        self._serial += 1
        accepted = any(move.name == "accept" for move in timeline.moves)
        paper = request.patient.facility == "C8"
        return ReferralPlan(
            key=f"R{self._serial:04d}",
            kind="referral",
            scenario=case.scenario.key,
            sender=request.patient.facility,
            physician=cast.physician,
            entered_by=cast.clerk if cast.clerk != cast.physician and self.rng.random() < 0.35 else "",
            receiver=request.receiver,
            department=case.scenario.department,
            assigned=cast.assigned if accepted else "",
            patient=request.patient.key,
            urgency=request.urgency,
            wish=request.wish,
            basis=self.rng.choice(_BASES),
            on_paper=paper,
            created_at=request.at - timedelta(minutes=self.rng.randint(4, 40)),
            content=case.content,
            state=timeline.state,
            moves=tuple(timeline.moves),
            replies=tuple(timeline.replies),
            appointment_at=timeline.appointment_at,
            messages=tuple(sorted(timeline.messages, key=lambda message: message.at)),
            desk=request.desk,
        )

    def _gives_back(self, plan: ReferralPlan) -> bool:
        final = any(reply.kind == "final_report" for reply in plan.replies)
        clinic = self.facilities[plan.sender].kind != "hospital"
        return final and clinic and plan.department != "放射線科" and self.rng.random() < 0.38

    def _back_referral(self, plan: ReferralPlan) -> ReferralPlan:
        """The hospital gives the patient back to the sender after its final report."""
        chosen = scenario(plan.scenario)
        patient = next(p for p in self.patients if p.key == plan.patient)
        sent = plan.moves[-1].at + timedelta(minutes=self.rng.randint(20, 300))
        admitted = any(move.name == "admit" for move in plan.moves)
        case = draw_case(self.rng, chosen, patient, plan.moves[0].at)
        case = replace(case, content=replace(plan.content, results=case.content.results))
        home = next((d.name for d in departments() if d.facility == plan.sender), "")
        desk = self._one(plan.sender, Role.CLERK) or plan.physician
        cast = Cast(plan.assigned, self._one(plan.receiver, Role.LIAISON_STAFF), desk, plan.physician)
        timeline = stories.tell_back(self.rng, case, cast, office(sent))
        self._serial += 1
        return replace(
            plan,
            key=f"R{self._serial:04d}",
            kind="back_referral",
            sender=plan.receiver,
            receiver=plan.sender,
            physician=plan.assigned,
            entered_by="",
            department=home,
            assigned=plan.physician,
            urgency=Urgency.ROUTINE,
            wish="",
            on_paper=False,
            created_at=office(sent) - timedelta(minutes=10),
            content=back_content(case, admitted),
            state=timeline.state,
            moves=tuple(timeline.moves),
            replies=tuple(timeline.replies),
            appointment_at=None,
            messages=(),
            origin=plan.key,
        )
