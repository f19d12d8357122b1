"""View models of sharing: labels and which buttons are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core import signing

from renkei.circles.models import Consent
from renkei.circles.queries import Emergency, Share
from renkei.circles.types import ConsentReach, EmergencyHit
from renkei.gate.actor import Actor
from renkei.kernel import eras
from renkei.kernel.errors import Invalid
from renkei.kernel.roles import Role
from renkei.patients.permissions import P
from renkei.ui.types import Tone

TOKEN_SECONDS = 15 * 60


@dataclass(frozen=True)
class ShareLine:
    """One facility of the card "who may see this"."""

    facility: str
    ground: str
    since: datetime
    until: datetime | None
    open_now: bool
    tone: Tone
    reason: str


def share_lines(shares: Iterable[Share], home_id: int) -> list[ShareLine]:
    """Other facilities than ``home_id`` (where the patient is registered): one line per facility and ground."""
    found: dict[tuple[int, str, bool], ShareLine] = {}
    for share in shares:
        if share.facility_id == home_id:
            continue
        key = (share.facility_id, share.source, share.open_now)
        since = min(share.since, found[key].since) if key in found else share.since
        tone = Tone.DANGER if share.purpose == "emergency" else Tone.INFO
        found[key] = ShareLine(
            share.facility,
            share.source,
            since,
            share.until,
            share.open_now,
            tone if share.open_now else Tone.NEUTRAL,
            share.reason,
        )
    return list(found.values())


@dataclass(frozen=True)
class ConsentLine:
    """One consent in words."""

    consent: Consent
    type: str
    reach: str
    method: str
    given_by: str
    standing: bool


def consent_line(consent: Consent, names: dict[int, str]) -> ConsentLine:
    """``names``: facility keys to names."""
    reach = ConsentReach(consent.reach).label
    if consent.facilities:
        reach = "、".join(names.get(key, "(不明な施設)") for key in consent.facilities)
    elif consent.named_person:
        reach = consent.named_person
    given_by = f"{consent.given_by}({consent.relation})" if consent.relation else consent.given_by
    return ConsentLine(
        consent,
        consent.get_type_display(),
        reach,
        consent.get_method_display(),
        given_by,
        consent.withdrawn_at is None,
    )


@dataclass(frozen=True)
class HitView:
    """A patient found by an emergency search: enough to tell people apart, and a token instead of a key."""

    token: str
    name: str
    kana: str
    born: str
    facility: str


def hit_view(actor: Actor, hit: EmergencyHit) -> HitView:
    """The token is for this person and a quarter of an hour."""
    token = signing.dumps([actor.person_id, hit.patient_id], salt="renkei.circles.emergency")
    return HitView(token, hit.name, hit.kana, eras.format_both(hit.birth_on), hit.facility_name)


def read_token(actor: Actor, token: str) -> int:
    """The patient key behind ``token``. Raises ``Invalid`` for a token of somebody else or an old one."""
    try:
        person_id, patient_id = signing.loads(token, salt="renkei.circles.emergency", max_age=TOKEN_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        person_id, patient_id = 0, 0
    if person_id != actor.person_id or not patient_id:
        raise Invalid("search_again", "検索から時間がたちました。もう一度検索してください。", "token")
    return int(patient_id)


@dataclass(frozen=True)
class EmergencyView:
    """A line of the review list."""

    found: Emergency
    name: str
    state: str
    tone: Tone
    may_review: bool


def emergency_view(actor: Actor, found: Emergency) -> EmergencyView:
    """Names only of patients that the actor may see; whoever opened it does not review it."""
    access = found.access
    may = actor.may(P.REVIEW_EMERGENCY) and access.person_id != actor.person_id and access.reviewed_at is None
    may = may and (found.own_patient or Role.AUDITOR in actor.roles)
    if access.reviewed_at is None:
        state, tone = "確認待ち", Tone.WARNING
    elif access.justified:
        state, tone = "妥当", Tone.SUCCESS
    else:
        state, tone = "妥当でない", Tone.DANGER
    name = found.patient.name if found.patient else "(共有期間が終わった患者)"
    return EmergencyView(found, name, state, tone, may)
