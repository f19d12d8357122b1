"""Open and close circles; give and withdraw consent; emergency access.

Consent is evaluated when it changes: a read is one index probe of an open period.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from renkei.circles.events import EmergencyOpened
from renkei.circles.models import FOREVER, Circle, Consent, EmergencyAccess, EmergencySearch, Member
from renkei.circles.types import (
    ConsentMethod,
    ConsentReach,
    ConsentType,
    ConsentWords,
    EmergencyHit,
    Level,
    Source,
)
from renkei.directory.queries import facility_by_id
from renkei.events.bus import emit
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.gate.writing import say, touch_patient
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.names import check_person_name, kana_key, kanji_key
from renkei.kernel.roles import Role
from renkei.kernel.text import clean_note, shorten
from renkei.patients.models import Patient
from renkei.patients.permissions import P
from renkei.patients.queries import by_keys

EMERGENCY_HOURS = 24
SEARCHES_PER_HOUR = 20
REASON_LIMIT = 200
WORDS = {
    "purpose": 200,
    "relation": 40,
    "evidence": 200,
    "reservation": 300,
    "named_person": 80,
}  # fmt: skip


def open_circle(actor: Actor, patient: Patient, *, purpose: str, source: Source = Source.REFERRAL) -> Circle:
    """A circle of one, the facility of ``actor``; called inside an action that opens a matter about ``patient``."""
    circle = Circle.objects.create(patient=patient, owner_facility_id=actor.facility_id, purpose=purpose)
    let_in(circle, actor.facility_id, source=source)
    return circle


def let_in(
    circle: Circle,
    facility_id: int,
    *,
    source: Source,
    level: Level = Level.FULL,
    reason: str = "",
    consent: Consent | None = None,
) -> Member:
    """Open a period for ``facility_id`` from now on; called inside an action."""
    return Member.objects.create(
        circle=circle,
        patient_id=circle.patient_id,
        facility_id=facility_id,
        source=source,
        level=level,
        valid_from=_moment(),
        valid_until=FOREVER,
        reason=reason[:200],
        consent=consent,
    )


def _moment() -> datetime:
    """The instant that the database takes for now in this transaction: a period from then on counts at once."""
    told: datetime = transaction.get_connection().told_at
    return told


def let_out(actor: Actor, circle: Circle, facility_id: int, *, reason: str) -> int:
    """Close the open periods of ``facility_id``; returns how many. What was seen stays in the access history."""
    rows = Member.objects.visible_to(actor).filter(
        circle=circle, facility_id=facility_id, valid_until=FOREVER
    )
    closed = 0
    for member in rows:
        member.valid_until = clock.now()
        member.reason = reason
        member.save()
        closed += 1
    return closed


@action(P.CONSENT, says="同意・留保を記録")
def give_consent(actor: Actor, patient: Patient, said: ConsentWords) -> Consent:
    """Record what the patient said, and open the periods of the facilities it names, from now on.

    Raises ``Invalid`` naming the field.
    """
    _require_own(actor, patient)
    named = sorted({int(key) for key in said.facility_ids} - {actor.facility_id})
    _check_consent(said, named)
    consent = Consent.objects.create(
        patient=patient,
        type=said.type,
        reach=said.reach,
        facilities=named,
        info_classes=list(said.info_classes),
        given_by=check_person_name(said.given_by, "given_by"),
        method=said.method,
        valid_from=said.valid_from or clock.now(),
        recorded_by=actor.label,
        **{field: clean_note(getattr(said, field).strip(), limit, field) for field, limit in WORDS.items()},
    )
    if named:
        circle = open_circle(actor, patient, purpose="consent", source=Source.CONSENT)
        for facility_id in named:
            let_in(circle, facility_id, source=Source.CONSENT, reason=consent.purpose, consent=consent)
    return consent


def _require_own(actor: Actor, patient: Patient) -> None:
    if patient.facility_id != actor.facility_id:
        raise NotAllowed(
            "not_own_patient", "同意は、患者を登録した施設が記録します。自施設の患者として登録してください。"
        )


def _check_consent(said: ConsentWords, named: list[int]) -> None:
    for choices, field in ((ConsentType, "type"), (ConsentReach, "reach"), (ConsentMethod, "method")):
        if getattr(said, field) not in choices.values:
            raise Invalid("choice_unknown", "選択肢から選んでください。", field)
    _check_reach(said, named)
    if not said.purpose.strip():
        raise Invalid("purpose_missing", "何のための同意かを入力してください。", "purpose")
    if not said.given_by.strip():
        raise Invalid("giver_missing", "同意した人の氏名を入力してください。", "given_by")
    if said.valid_from and said.valid_from > clock.now():
        raise Invalid("consent_in_future", "同意の日が未来の日付です。", "valid_from")


def _check_reach(said: ConsentWords, named: list[int]) -> None:
    if said.reach == ConsentReach.ORG and len(named) != 1:
        raise Invalid("one_facility", "同意の相手の施設を1つ選んでください。", "facilities")
    if said.reach == ConsentReach.ORG_LIST and not named:
        raise Invalid("facilities_missing", "同意の相手の施設を選んでください。", "facilities")
    if said.reach in (ConsentReach.ALL, ConsentReach.PERSON) and named:
        raise Invalid("facilities_not_asked", "この範囲では施設を選びません。", "facilities")
    if said.reach == ConsentReach.PERSON and not said.named_person.strip():
        raise Invalid("person_missing", "同意の相手の人の氏名を入力してください。", "named_person")
    if any(facility_by_id(key) is None for key in named):
        raise Invalid("facility_unknown", "選んだ施設が見つかりません。", "facilities")


@action(P.CONSENT, says="同意を撤回")
def withdraw_consent(actor: Actor, consent: Consent, *, reason: str = "") -> Consent:
    """The patient takes the consent back: every period that hung on it ends now; what was seen stays in the history."""
    _require_own(actor, consent.patient)
    if consent.withdrawn_at is not None:
        raise NotPossibleNow("already_withdrawn", "この同意はすでに撤回されています。")
    now = clock.now()
    for member in Member.objects.visible_to(actor).filter(consent=consent, valid_until__gt=now):
        member.valid_until = now
        member.reason = "同意の撤回"
        member.save()
    consent.withdrawn_at, consent.withdrawn_by = now, actor.label
    consent.withdraw_reason = clean_note(reason.strip(), 200, "reason")
    consent.save()
    return consent


def _note_search(actor: Actor) -> None:
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT circles_emergency_searches()")
        made = cursor.fetchone()[0]
    if made >= SEARCHES_PER_HOUR:
        refuse(actor, "circles.actions.search_in_emergency", "緊急参照の検索(1時間の上限)")
        raise NotPossibleNow(
            "too_many_searches",
            f"緊急参照の検索は1人1時間に{SEARCHES_PER_HOUR}回までです。"
            "時間をおくか、患者がかかっている施設に電話してください。",
        )
    EmergencySearch.objects.create(
        facility_id=actor.facility_id, person_id=actor.person_id, searched_at=_moment()
    )


@action(P.EMERGENCY, says="緊急参照のため地域の患者を検索")
def search_in_emergency(actor: Actor, *, name: str, birth_on: date) -> list[EmergencyHit]:
    """Patients of the whole region with exactly this name (kanji or kana) and birth date, at most ten.

    Every search is on record before it is made and stands in the access history of whoever was found. Raises
    ``NotPossibleNow`` after ``SEARCHES_PER_HOUR`` searches of one person in an hour.
    """
    kanji, kana = kanji_key(name), kana_key(name)
    if not kanji:
        raise Invalid("name_empty", "氏名を漢字かカナで、姓名とも入力してください。", "name")
    _note_search(actor)
    with transaction.get_connection().cursor() as cursor:
        cursor.execute(
            "SELECT found_id, found_name, found_kana, found_birth, found_facility"
            " FROM circles_find_in_emergency(%s, %s, %s)",
            [kanji, kana, birth_on],
        )
        hits = [EmergencyHit(*row) for row in cursor.fetchall()]
    for hit in hits:
        touch_patient(hit.patient_id)
    say(f"{actor.label}が緊急参照のため氏名と生年月日で検索しました({len(hits)}件)")
    return hits


@action(P.EMERGENCY, says="緊急参照を開始")
def open_emergency(actor: Actor, patient_id: int, *, reason: str) -> EmergencyAccess:
    """緊急参照: 24 hours of access with a reason; the database function opens it, and the review list shows it.

    The facility that registered the patient hears of it (``EmergencyOpened``). Raises ``Invalid`` without a reason of at
    least five characters, ``NotFound`` for an unknown patient, ``NotPossibleNow`` where the access is open already.
    """
    why = clean_note(reason.strip(), REASON_LIMIT, "reason")
    if len(why) < 5:
        raise Invalid(
            "reason_missing",
            "緊急参照には理由が必要です(5文字以上)。誰が、なぜ今必要かを書いてください。",
            "reason",
        )
    until = _moment() + timedelta(hours=EMERGENCY_HOURS)
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT circles_open_emergency(%s, %s, %s)", [patient_id, until, why])
        if not cursor.fetchone()[0]:
            raise NotFound("not_found", "患者が見つかりません。")
    patient = by_keys(actor, [patient_id])[patient_id]
    if patient.facility_id == actor.facility_id:
        raise NotPossibleNow("own_patient", "自施設の患者です。緊急参照は必要ありません。")
    access = EmergencyAccess.objects.create(
        patient=patient,
        facility_id=actor.facility_id,
        person_id=actor.person_id,
        person_label=actor.label,
        reason=why,
        opened_at=_moment(),
        valid_until=until,
    )
    say(f"{actor.label}が緊急参照を始めました(理由: {shorten(why, 120)})")
    _tell_owner(actor, access, patient)
    return access


def _tell_owner(actor: Actor, access: EmergencyAccess, patient: Patient) -> None:
    by = f"{actor.facility_label} {actor.label}"
    emit(EmergencyOpened(str(access.uid), patient.pk, patient.facility_id, actor.facility_id, by))


@action(P.REVIEW_EMERGENCY, says="緊急参照を事後確認")
def review_emergency(
    actor: Actor, access: EmergencyAccess, *, justified: bool, review: str
) -> EmergencyAccess:
    """The later look at an emergency access: justified or not, in words.

    By the facility that registered the patient, or an auditor; never by the person who opened it.
    """
    if access.person_id == actor.person_id:
        raise NotAllowed("own_access", "自分の緊急参照は確認できません。ほかの管理者か監査者が確認します。")
    patient = by_keys(actor, [access.patient_id]).get(access.patient_id)
    owner = patient is not None and patient.facility_id == actor.facility_id
    if Role.AUDITOR not in actor.roles and not owner:
        raise NotAllowed("not_owner", "緊急参照の確認は、患者を登録した施設か監査者が行います。")
    if access.reviewed_at is not None:
        raise NotPossibleNow("already_reviewed", f"{access.reviewed_by}がすでに確認しました。")
    words = clean_note(review.strip(), 500, "review")
    if not words:
        raise Invalid("review_missing", "確認した内容を書いてください。", "review")
    access.justified = justified
    access.review = words
    access.reviewed_by = actor.label
    access.reviewed_at = clock.now()
    access.save()
    say(f"{actor.label}が緊急参照を確認しました({'妥当' if justified else '妥当でない'})")
    return access
