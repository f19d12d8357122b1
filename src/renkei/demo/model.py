"""Plans of the demo region: frozen values keyed by short strings (``H1``, ``sato.h1``, ``P0001``, ``R0001``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from renkei.kernel.roles import Role
from renkei.referrals.types import LetterContent, ReplyKind, State, Urgency


@dataclass(frozen=True)
class HoursPlan:
    """Opening hours of one weekday (0 = Monday), local wall-clock ``HH:MM``."""

    weekday: int
    opens: str
    closes: str


@dataclass(frozen=True)
class FacilityPlan:
    """A facility. ``kind`` is a word of the directory (hospital, clinic, dental, pharmacy, visiting_nursing,
    care_facility, care_manager_office, laboratory, public_body, association, fire_control); ``profile`` says which
    patients a clinic sees; ``alliance`` is the member corporation a–e of CO1, or empty."""

    key: str
    name: str
    kana: str
    kind: str
    profile: str
    institution_number: str
    founder: str
    area_code: str
    postal_code: str
    address: str
    phone: str
    fax: str
    beds: int
    hours: tuple[HoursPlan, ...]
    registered: bool
    alliance: str = ""
    functions: str = ""
    map_picture: str = ""


@dataclass(frozen=True)
class DepartmentPlan:
    """A department (診療科) or office of a facility; ``key`` is ``H1:循環器内科``."""

    key: str
    facility: str
    name: str
    kana: str
    code: str


@dataclass(frozen=True)
class StaffPlan:
    """A person who logs in. ``also_at`` lists further facilities where the same person works."""

    login: str
    facility: str
    name: str
    kana: str
    roles: tuple[Role, ...]
    department: str = ""
    title: str = ""
    also_at: tuple[str, ...] = ()


@dataclass(frozen=True)
class InsuredNumberPlan:
    """被保険者番号: 8-digit insurer, symbol, number, 2-digit branch, valid from a day."""

    insurer: str
    symbol: str
    number: str
    branch: str
    valid_from: date


@dataclass(frozen=True)
class KnownAt:
    """The same person at another facility, with the name as that facility wrote it."""

    facility: str
    local_number: str
    name: str


@dataclass(frozen=True)
class ContactPlan:
    """キーパーソン: name, relation and phone."""

    name: str
    relation: str
    phone: str


@dataclass(frozen=True)
class PatientPlan:
    """A patient owned by one facility. ``sex`` is a FHIR administrative gender."""

    key: str
    facility: str
    name: str
    kana: str
    birth_on: date
    sex: str
    postal_code: str
    address: str
    phone: str
    occupation: str
    local_number: str
    insured: InsuredNumberPlan
    contact: ContactPlan | None
    also: tuple[KnownAt, ...] = ()

    def age_on(self, day: date) -> int:
        """Full years on ``day``."""
        before_birthday = (day.month, day.day) < (self.birth_on.month, self.birth_on.day)
        return day.year - self.birth_on.year - before_birthday


@dataclass(frozen=True)
class MovePlan:
    """One move of the workflow, as it happened."""

    at: datetime
    name: str
    actor: str
    note: str = ""


@dataclass(frozen=True)
class ReplyPlan:
    """One reply letter (返書); the matching ``send_reply`` move carries the same instant."""

    at: datetime
    kind: ReplyKind
    author: str
    text: str


@dataclass(frozen=True)
class MessagePlan:
    """One line of the conversation on a referral."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True)
class ReferralPlan:
    """A referral with its whole past.

    ``kind`` is ``referral`` or ``back_referral``; ``physician`` signs, ``entered_by`` is the clerk who typed or empty;
    ``assigned`` is the receiving physician once accepted; ``origin`` is the referral a back-referral answers. In a
    back-referral the patient row is that of the *sending* hospital, the plan names the person by the owner's key.
    ``desk`` names the lane of H1's desk on the first morning: new, date, today, overdue, back, or empty.
    """

    key: str
    kind: str
    scenario: str
    sender: str
    physician: str
    entered_by: str
    receiver: str
    department: str
    assigned: str
    patient: str
    urgency: Urgency
    wish: str
    basis: str
    on_paper: bool
    created_at: datetime
    content: LetterContent
    state: State
    moves: tuple[MovePlan, ...]
    replies: tuple[ReplyPlan, ...]
    appointment_at: datetime | None
    messages: tuple[MessagePlan, ...] = ()
    origin: str = ""
    back_referral_planned: bool = False
    desk: str = ""
