"""Register, change, link and un-link patients. No automatic merge, ever (rules J.2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import connection

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.eras import format_both
from renkei.kernel.errors import Invalid, NotAllowed, NotFound
from renkei.kernel.identifiers import check_code, check_insured, phone, postal_code
from renkei.kernel.names import check_kana_name, check_person_name
from renkei.kernel.text import clean_note
from renkei.patients.models import InsuredNumber, KeyContact, Patient, PatientLink, RegionalPerson, Sex
from renkei.patients.permissions import P

TEXTS = {"address": 200, "occupation": 60, "local_number": 20}
PHONE_LIMIT = 20
REASON_LIMIT = 200
# A step without a common divisor with the number of codes: every serial has its own code, neighbours look unlike.
CODE_STEP, CODE_COUNT = 61_803_403, 99_999_999


def _fill(patient: Patient, *, name: str, kana: str, birth_on: date, sex: str, **details: Any) -> Patient:
    patient.name = check_person_name(name, "name")
    patient.kana = check_kana_name(kana, "kana") if kana.strip() else ""
    if birth_on > clock.today():
        raise Invalid("birth_in_future", "生年月日が未来の日付です。", "birth_on")
    patient.birth_on = birth_on
    if sex not in Sex.values:
        raise Invalid("sex_unknown", "性別は 男・女・その他・不明 から選んでください。", "sex")
    patient.sex = sex
    for field, limit in TEXTS.items():
        if field in details:
            setattr(patient, field, clean_note(str(details[field] or "").strip(), limit, field))
    if "postal_code" in details:
        typed = str(details["postal_code"] or "").strip()
        patient.postal_code = postal_code(typed, "postal_code") if typed else ""
    if "phone" in details:
        typed = str(details["phone"] or "").strip()
        patient.phone = phone(typed, "phone").display[:PHONE_LIMIT] if typed else ""
    patient.updated_at = clock.now()
    patient.make_keys()
    return patient


def _refuse_taken_number(actor: Actor, number: str, except_for: int | None = None) -> None:
    if not number:
        return
    rows = Patient.objects.visible_to(actor).filter(facility_id=actor.facility_id, local_number=number)
    others = rows if except_for is None else rows.exclude(pk=except_for)
    if others.exists():
        raise Invalid(
            "number_taken",
            f"患者番号 {number} はすでに使われています。既存の患者を確認してください。",
            "local_number",
        )


def _require_own(actor: Actor, patient: Patient) -> None:
    if patient.facility_id != actor.facility_id:
        raise NotAllowed(
            "not_own_patient", "他施設の患者情報は変更できません。登録した施設に連絡してください。"
        )


@action(P.REGISTER, says="患者を登録")
def register(actor: Actor, **details: Any) -> Patient:
    """A new patient row of the actor's facility: ``name, kana, birth_on, sex`` and the optional details.

    ``uid`` is the key that the form was opened with: sent twice, it still makes one patient.
    """
    uid = details.pop("uid", None)
    if uid and (known := Patient.objects.visible_to(actor).filter(uid=uid).first()):
        # The same form was sent twice: the first one counts.
        return known
    _refuse_taken_number(actor, str(details.get("local_number") or ""))
    patient = _fill(Patient(facility_id=actor.facility_id, created_at=clock.now()), **details)
    if uid:
        patient.uid = uid
    patient.save()
    say(f"{actor.label}が患者を登録しました")
    return patient


@action(P.REGISTER, says="患者情報を変更")
def change(actor: Actor, patient: Patient, **details: Any) -> Patient:
    """Change the actor's own facility's row; before and after stand in the trail."""
    _require_own(actor, patient)
    _refuse_taken_number(actor, str(details.get("local_number") or ""), patient.pk)
    _fill(patient, **details)
    patient.save()
    return patient


def adopt(
    actor: Actor, theirs: Patient, *, existing: Patient | None = None, local_number: str = "", reason: str
) -> Patient:
    """The actor's own row for a person whom another facility sent; called inside an action.

    ``existing`` is a row that a person at the desk confirmed to be the same human being; without it the demographics
    are copied. Both rows are linked, so that the regional person groups them.
    """
    if existing is not None and existing.facility_id != actor.facility_id:
        raise NotAllowed("not_own_patient", "自施設の患者だけを対応づけられます。")
    own = existing
    if own is None:
        _refuse_taken_number(actor, local_number)
        own = Patient(
            facility_id=actor.facility_id,
            local_number=local_number,
            name=theirs.name,
            kana=theirs.kana,
            birth_on=theirs.birth_on,
            sex=theirs.sex,
            postal_code=theirs.postal_code,
            address=theirs.address,
            phone=theirs.phone,
            occupation=theirs.occupation,
            created_at=clock.now(),
        )
        own.make_keys()
        own.save()
    if len(_persons(actor, own, theirs)) < 2:
        # Two regional persons are joined by a human at the link page only; the letter is not held up by it.
        group(actor, own, theirs, reason=reason)
    return own


def group(actor: Actor, one: Patient, other: Patient, *, reason: str) -> RegionalPerson:
    """Link two rows as the same person; called inside an action after a human decision."""
    found = [_link_of(actor, one), _link_of(actor, other)]
    if len(_persons(actor, one, other)) > 1:
        raise Invalid(
            "two_persons", "2人はそれぞれ別の地域患者IDに対応づけられています。先に対応を外してください。"
        )
    person = next((link.person for link in found if link), None) or _new_person()
    for patient, link in zip((one, other), found, strict=True):
        if link is None:
            PatientLink.objects.create(
                patient=patient,
                person=person,
                reason=reason[:REASON_LIMIT],
                linked_by=actor.label,
                linked_at=clock.now(),
            )
    return person


def _persons(actor: Actor, *patients: Patient) -> set[int]:
    return {found.person_id for patient in patients if (found := _link_of(actor, patient))}


def _link_of(actor: Actor, patient: Patient) -> PatientLink | None:
    rows = PatientLink.objects.visible_to(actor).filter(patient=patient, unlinked_at=None)
    return rows.select_related("person").first()


def _new_person() -> RegionalPerson:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('patients_regionalperson', 'id'))")
        serial = int(cursor.fetchone()[0])
    person = RegionalPerson(pk=serial, code=check_code(1 + serial * CODE_STEP % CODE_COUNT))
    person.save(force_insert=True)
    return person


@action(P.LINK, says="同一人物として対応づけ")
def link(actor: Actor, patient: Patient, *, other: Patient, reason: str) -> RegionalPerson:
    """A human says that both rows are the same person; name and birth date alone are never enough (S44)."""
    if patient.pk == other.pk:
        raise Invalid("same_row", "同じ患者です。", "other")
    if not Patient.objects.visible_to(actor).filter(pk=other.pk).exists():
        raise NotFound("not_found", "対応づける相手の患者が見つかりません。共有範囲の外の可能性があります。")
    if patient.facility_id != actor.facility_id:
        raise NotAllowed("not_own_patient", "自施設の患者からだけ対応づけられます。")
    if len(reason.strip()) < 3:
        raise Invalid(
            "reason_missing", "同一人物と判断した根拠を入力してください(例: 保険証と本人確認)。", "reason"
        )
    sexes = {patient.sex, other.sex} - {Sex.UNKNOWN}
    if patient.birth_on != other.birth_on or len(sexes) > 1:
        raise Invalid(
            "differs",
            "生年月日または性別が違います。どちらかの登録を訂正してから対応づけてください。",
            "other",
        )
    say(f"{actor.label}が同一人物として対応づけました")
    return group(actor, patient, other, reason=reason.strip())


@action(P.LINK, says="対応づけを解除")
def unlink(actor: Actor, patient: Patient, *, reason: str) -> PatientLink:
    """End the link of this row; history stays, and access never moves with it."""
    found = _link_of(actor, patient)
    if found is None:
        raise Invalid("not_linked", "対応づけがありません。")
    if len(reason.strip()) < 3:
        raise Invalid("reason_missing", "解除する理由を入力してください。", "reason")
    found.unlinked_at, found.unlinked_by = clock.now(), actor.label
    found.unlink_reason = reason.strip()[:REASON_LIMIT]
    found.save()
    say(f"{actor.label}が対応づけを解除しました")
    return found


@action(P.REGISTER, says="被保険者番号を登録")
def add_insured_number(
    actor: Actor,
    patient: Patient,
    *,
    insurer: str,
    symbol: str,
    number: str,
    branch: str = "",
    valid_from: date,
) -> InsuredNumber:
    """The insured number from ``valid_from`` on; the one before ends the day before. History stays (rules J.1).

    Raises ``Invalid`` with the reason for the 12-digit individual number (個人番号), which may not be stored.
    """
    _require_own(actor, patient)
    member = check_insured(insurer, symbol, number, branch, field="number")
    rows = InsuredNumber.objects.visible_to(actor).filter(patient=patient)
    open_ones = [row for row in rows if row.valid_until is None]
    if any(row.member_id == str(member) for row in open_ones):
        raise Invalid("number_known", "この被保険者番号はすでに登録されています。", "number")
    for row in open_ones:
        if row.valid_from >= valid_from:
            raise Invalid(
                "period_order",
                f"適用開始日は、今の番号の開始日({format_both(row.valid_from)})より後にしてください。",
                "valid_from",
            )
        row.valid_until = valid_from - timedelta(days=1)
        row.save()
    return InsuredNumber.objects.create(
        patient=patient, member_id=str(member), match_key=member.match_key, valid_from=valid_from
    )


@action(P.REGISTER, says="連絡先を追加")
def add_contact(
    actor: Actor,
    patient: Patient,
    *,
    name: str,
    relation: str = "",
    phone_number: str = "",
    proxy: bool = False,
) -> KeyContact:
    """Whom to call (キーパーソン); ``proxy`` may decide for the patient (代理人)."""
    _require_own(actor, patient)
    return KeyContact.objects.create(
        patient=patient,
        name=check_person_name(name, "name"),
        relation=clean_note(relation.strip(), 40, "relation"),
        phone=phone(phone_number, "phone_number").display[:PHONE_LIMIT] if phone_number.strip() else "",
        proxy=proxy,
    )


@action(P.REGISTER, says="連絡先を終了")
def end_contact(actor: Actor, contact: KeyContact) -> KeyContact:
    """This contact is not to be called any more; the row stays for the trail."""
    _require_own(actor, contact.patient)
    contact.ended_at = contact.ended_at or clock.now()
    contact.save()
    return contact
