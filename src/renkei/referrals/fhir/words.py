"""The codes of referrals on the wire: systems of this product, and the tables between its states and FHIR's."""

from __future__ import annotations

from renkei.fhirkit.bundles import Resource
from renkei.referrals.types import REPLY_LABELS, ReplyKind, State, Urgency
from renkei.referrals.workflow import LABELS

NUMBER = "urn:renkei:referral-number"
KIND = "urn:renkei:referral-kind"
STATE = "urn:renkei:referral-state"
REPLY = "urn:renkei:reply-kind"
MESSAGE = "urn:renkei:message-kind"
PART = "urn:renkei:letter-part"
"""Extension of ``ServiceRequest.note``: which field of 様式11 the note is; a note without it is 病状経過."""
SNOMED = "http://snomed.info/sct"
REFERRED = "3457005"
LOINC = "http://loinc.org"
REFERRAL_NOTE = "57133-1"
CONSULT_NOTE = "11488-4"
TASK_CODES = "http://hl7.org/fhir/CodeSystem/task-code"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
DOCUMENT_TYPES = "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes"

PARTS = {
    "course": "病状経過",
    "past_history": "既往歴",
    "family_history": "家族歴",
    "allergies": "アレルギー",
    "results": "検査結果",
    "treatment": "治療経過",
    "prescription_text": "現在の処方",
    "remarks": "備考",
}
PLAIN_PART = "course"

REQUEST_STATUS = {
    State.DRAFT: "draft",
    State.CLOSED: "completed",
    State.DECLINED: "revoked",
    State.REDIRECTED: "revoked",
    State.WITHDRAWN: "revoked",
}
"""Every other state is ``active``."""

TASK_STATUS = {
    State.DRAFT: "draft",
    State.SENT: "requested",
    State.RECEIVED: "received",
    State.ACCEPTED: "accepted",
    State.OFFERED: "accepted",
    State.BOOKED: "accepted",
    State.ARRIVED: "in-progress",
    State.ADMITTED: "in-progress",
    State.NO_SHOW: "on-hold",
    State.FINAL_REPLY: "in-progress",
    State.CLOSED: "completed",
    State.DECLINED: "rejected",
    State.REDIRECTED: "rejected",
    State.WITHDRAWN: "cancelled",
}
MEANT = {
    "draft": State.DRAFT,
    "requested": State.SENT,
    "received": State.RECEIVED,
    "accepted": State.ACCEPTED,
    "rejected": State.DECLINED,
    "in-progress": State.ARRIVED,
    "on-hold": State.NO_SHOW,
    "completed": State.CLOSED,
    "cancelled": State.WITHDRAWN,
}
"""Where a bare ``Task.status`` wants to go; ``businessStatus`` says it exactly."""

PRIORITY = {Urgency.ROUTINE: "routine", Urgency.SOON: "urgent", Urgency.URGENT: "asap"}
URGENCY = {
    "routine": Urgency.ROUTINE,
    "urgent": Urgency.SOON,
    "asap": Urgency.URGENT,
    "stat": Urgency.URGENT,
}


def request_status(state: str) -> str:
    """``ServiceRequest.status``."""
    return REQUEST_STATUS.get(state, "active")  # type: ignore[call-overload]


def states_by(status: dict[State, str], rest: str = "") -> dict[str, list[str]]:
    """FHIR code → states, for searches; ``rest`` is the code of the states that the table leaves out."""
    found: dict[str, list[str]] = {}
    for state in State:
        if code := status.get(state, rest):
            found.setdefault(code, []).append(state.value)
    return found


def state_concept(state: str) -> Resource:
    """``businessStatus``: the state of the workflow table and its Japanese word."""
    label = LABELS[State(state)]
    return {"coding": [{"system": STATE, "code": state, "display": label}], "text": label}


def reply_concept(kind: str) -> Resource:
    """The kind of a reply (返書)."""
    label = REPLY_LABELS[ReplyKind(kind)]
    return {"coding": [{"system": REPLY, "code": kind, "display": label}], "text": label}
