"""View models of patients: labels, tones and which buttons are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from renkei.audit.models import Outcome
from renkei.audit.queries import Access
from renkei.gate.actor import Actor
from renkei.kernel import eras
from renkei.kernel.errors import Invalid
from renkei.kernel.identifiers import parse_member_id
from renkei.kernel.roles import Role
from renkei.patients.matching import Candidate
from renkei.patients.models import InsuredNumber, Patient, PatientLink, Sex
from renkei.patients.permissions import P
from renkei.patients.searching import Terms
from renkei.ui.addresses import address
from renkei.ui.types import Row, Shown, Tone

STRONG, MIDDLING = 0.75, 0.55
SEXES: dict[str, str] = {value: str(label) for value, label in Sex.choices}
OUTCOMES: dict[str, tuple[str, Tone]] = {
    Outcome.READ: ("閲覧", Tone.NEUTRAL),
    Outcome.DONE: ("記録", Tone.INFO),
    Outcome.DENIED: ("拒否", Tone.DANGER),
}


def who_line(patient: Patient) -> str:
    """``スズキ イチロウ　昭和34年3月4日(67歳) 男``."""
    born = f"{eras.format_era(patient.birth_on)}({patient.age()}歳)"
    return f"{patient.kana}　{born} {patient.get_sex_display()}".strip()


@dataclass(frozen=True)
class ListRow(Shown):
    """One line of the list of patients."""

    uid: UUID
    url: str
    name: str
    kana: str
    born: str
    age: int
    sex: str
    number: str
    phone: str
    facility: str
    shared: bool
    address: str


def list_row(actor: Actor, patient: Patient) -> ListRow:
    """A patient for the list; the number only of the actor's own facility."""
    shared = patient.facility_id != actor.facility_id
    return ListRow(
        patient.uid,
        address("patients:show", patient.uid),
        patient.name,
        patient.kana,
        eras.format_era(patient.birth_on),
        patient.age(),
        SEXES.get(patient.sex, patient.sex),
        "" if shared else patient.local_number,
        patient.phone,
        patient.facility.name,
        shared,
        patient.address,
    )


def understood(terms: Terms) -> str:
    """How the search box was read, where that is not plain: dates and regional ids."""
    parts = []
    days = [terms.born, *(number.born for number in terms.numbers)]
    parts += [f"生年月日 {eras.format_both(day)}" for day in days if day]
    parts += [f"地域患者ID {number.code}" for number in terms.numbers if number.code]
    return "、".join(parts)


@dataclass(frozen=True)
class CandidateView:
    """A candidate as the page shows it."""

    patient: Patient
    who: str
    where: str
    strength: str
    tone: Tone
    reasons: str
    cautions: tuple[str, ...]
    own: bool


def candidate_view(actor: Actor, found: Candidate) -> CandidateView:
    """Words for a score: people read 強い and 弱い, not decimals."""
    if found.certain:
        strength, tone = "番号まで一致", Tone.SUCCESS
    elif found.score >= STRONG:
        strength, tone = "よく似ている", Tone.WARNING
    elif found.score >= MIDDLING:
        strength, tone = "似ている", Tone.PURPLE
    else:
        strength, tone = "少し似ている", Tone.NEUTRAL
    patient = found.patient
    own = patient.facility_id == actor.facility_id
    number = f" 患者番号 {patient.local_number}" if own and patient.local_number else ""
    where = f"{patient.facility.name}{number}"
    return CandidateView(
        patient, who_line(patient), where, strength, tone, "・".join(found.reasons), found.cautions, own
    )


def facts(patient: Patient, person: PatientLink | None) -> list[Row]:
    """The demographics card."""
    return [
        Row("生年月日", f"{eras.format_both(patient.birth_on)} {patient.age()}歳"),
        Row("性別", patient.get_sex_display()),
        Row("住所", " ".join(part for part in (patient.postal_code, patient.address) if part)),
        Row("電話", patient.phone),
        Row("職業", patient.occupation),
        Row("患者番号", patient.local_number),
        Row("登録した施設", patient.facility.name),
        Row("地域患者ID", person.person.code if person else ""),
    ]


@dataclass(frozen=True)
class InsuredLine:
    """An insured number for the card: masked for staff of care services (rules J.1)."""

    text: str
    insurer: str
    since: date
    until: date | None


def insured_line(actor: Actor, row: InsuredNumber) -> InsuredLine:
    """``記号 あいう 番号 187 枝番 05`` under its insurer."""
    try:
        member = parse_member_id(row.member_id)
    except Invalid:
        return InsuredLine(row.member_id, "", row.valid_from, row.valid_until)
    number = member.number
    if actor.roles and actor.roles <= {Role.CARE_MANAGER}:
        number = "*" * max(len(number) - 2, 1) + number[-2:]
    parts = [("記号", member.symbol), ("番号", number), ("枝番", member.branch)]
    text = "　".join(f"{label} {value}" for label, value in parts if value)
    return InsuredLine(text, member.insurer, row.valid_from, row.valid_until)


@dataclass(frozen=True)
class Buttons:
    """What the person at the screen may do with this row."""

    edit: bool
    link: bool
    access: bool


def buttons(actor: Actor, patient: Patient) -> Buttons:
    """Only the facility that registered the row changes and links it."""
    own = patient.facility_id == actor.facility_id
    return Buttons(own and actor.may(P.REGISTER), own and actor.may(P.LINK), actor.may(P.VIEW_ACCESS_HISTORY))


@dataclass(frozen=True)
class Compared:
    """One line of the side-by-side comparison of two rows."""

    label: str
    left: str
    right: str
    same: bool

    @property
    def known(self) -> bool:
        """Whether either row says anything about it."""
        return bool(self.left or self.right)


def compare(one: Patient, other: Patient) -> list[Compared]:
    """Both rows, field by field; equal when the search keys agree."""
    lines = [
        ("氏名", one.name, other.name, one.kanji_key == other.kanji_key),
        ("フリガナ", one.kana, other.kana, one.kana_key == other.kana_key),
        (
            "生年月日",
            eras.format_both(one.birth_on),
            eras.format_both(other.birth_on),
            one.birth_on == other.birth_on,
        ),
        ("性別", one.get_sex_display(), other.get_sex_display(), one.sex == other.sex),
        ("郵便番号", one.postal_code, other.postal_code, one.postal_code == other.postal_code),
        ("住所", one.address, other.address, one.address == other.address),
        ("電話", one.phone, other.phone, one.phone_digits == other.phone_digits),
        ("職業", one.occupation, other.occupation, one.occupation == other.occupation),
    ]
    return [Compared(*line) for line in lines]


@dataclass(frozen=True)
class AccessLine:
    """One line of the access history in plain words."""

    line: Access
    facility: str
    person: str
    outcome: str
    tone: Tone
    other_facility: bool


def access_line(actor: Actor, line: Access) -> AccessLine:
    """Who, where and what; the system is called by its name."""
    outcome, tone = OUTCOMES.get(line.outcome, ("", Tone.NEUTRAL))
    return AccessLine(
        line,
        line.facility_label or "(システム)",
        line.actor_label or "システム",
        outcome,
        tone,
        bool(line.facility_id) and line.facility_id != actor.facility_id,
    )
