"""The guest's side of the counter: hand a request in, ask where it stands. Nothing is read but two narrow answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from renkei.directory.queries import departments, facility_by_number
from renkei.events.bus import emit
from renkei.files.store import CheckedFile
from renkei.gate.actions import action
from renkei.gate.actor import Actor, Kind
from renkei.gate.writing import say
from renkei.guests import codes
from renkei.guests.events import GuestAsked
from renkei.guests.models import GuestFile, GuestKind, GuestPage, GuestRequest
from renkei.guests.permissions import P
from renkei.guests.rules import number as limit
from renkei.guests.types import PublicState, State, Wish
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.identifiers import check_institution_number, phone
from renkei.kernel.names import check_kana_name, check_person_name
from renkei.kernel.text import clean_note

GUEST = Actor(Kind.GUEST, label="ゲスト(ログインなし)", permissions=frozenset({str(P.ASK)}))
"""No facility, no person: the database shows this actor nothing that is not public."""
SAYS = {
    State.WAITING: ("電話確認待ち", "医療機関へお電話して、ご依頼を確認します。"),
    State.CONFIRMED: ("受付中", "お電話での確認が済みました。日程などを調整しています。"),
    State.ACCEPTED: ("受付済み・日程調整中", "ご依頼をお受けしました。日程が決まりましたらお知らせします。"),
    State.EXPIRED: (
        "期限切れ",
        "お電話での確認ができないまま、受付の期限が過ぎました。下記へお問い合わせください。",
    ),
    State.REFUSED: ("お受けできませんでした", "理由はお電話でお伝えします。下記へお問い合わせください。"),
}


class Repeated(NotPossibleNow):
    """The form was sent before: its request stands already."""

    def __init__(self) -> None:
        super().__init__("repeated", "このご依頼はすでに受け付けています。")


@action(P.ASK, says="ゲストとして依頼")
def ask(
    actor: Actor, house_id: int, wish: Wish, *, code: str, files: Sequence[CheckedFile] = ()
) -> GuestRequest:
    """Keep a request at the house ``house_id`` until its desk has called back; the same answer for every clinic.

    ``code`` is the one of the form. Raises ``Invalid`` at the field, ``Repeated`` when the code was used before,
    ``NotPossibleNow`` (``guests_closed``, ``too_many_open``); then nothing is stored.
    """
    if not GuestPage.objects.filter(facility_id=house_id, is_open=True).exists():
        raise NotPossibleNow("guests_closed", "この病院は、インターネットでの受付を停止しています。")
    kind = _kind(house_id, wish.kind_uid)
    row = _checked(house_id, kind, wish)
    row.code = code
    _one_after_the_other(house_id)
    if state(code, row.phone) is not None:
        raise Repeated
    _refuse_too_many(house_id, row)
    row.save()
    for checked in files:
        _keep(row, checked)
    say(f"{row.clinic}がゲスト受付から依頼しました({row.kind_label})")
    emit(GuestAsked(str(row.uid), house_id))
    return row


def _kind(house_id: int, uid: str) -> GuestKind:
    found = next((k for k in offered(house_id) if str(k.uid) == uid), None)
    if found is None:
        raise Invalid("kind_unknown", "ご依頼の種類を選んでください。", "kind")
    return found


def offered(house_id: int) -> list[GuestKind]:
    """The kinds that a house offers, in its order."""
    return list(GuestKind.objects.filter(facility_id=house_id, is_offered=True))


def _checked(house_id: int, kind: GuestKind, wish: Wish) -> GuestRequest:
    clinic_phone = phone(wish.phone, "phone")
    number = check_institution_number(wish.institution_number).value
    return GuestRequest(
        facility_id=house_id,
        asked_at=clock.now(),
        kind_label=kind.label,
        physician_check=kind.physician_check,
        physician=check_person_name(wish.physician, "physician"),
        clinic=_text(wish.clinic, 120, "clinic"),
        institution_number=number,
        sender=facility_by_number(number),
        phone=clinic_phone.display,
        phone_digits=clinic_phone.digits,
        **_patient(wish),
        department=_department(house_id, wish.department),
        **_wishes(wish),
        purpose=_text(wish.purpose, 1000, "purpose"),
    )


def _patient(wish: Wish) -> dict[str, Any]:
    if wish.birth_on > clock.today():
        raise Invalid("birth_in_future", "生年月日が未来の日付です。", "birth_on")
    return {
        "patient_name": check_person_name(wish.patient_name, "patient_name"),
        "patient_kana": check_kana_name(wish.patient_kana, "patient_kana"),
        "birth_on": wish.birth_on,
        "sex": wish.sex,
        "patient_phone": phone(wish.patient_phone, "patient_phone").display if wish.patient_phone else "",
    }


def _wishes(wish: Wish) -> dict[str, Any]:
    if not wish.consent:
        raise Invalid(
            "consent_missing",
            "患者さんに、この病院へ情報を伝えることを説明し、同意を確かめてから印を付けてください。",
            "consent",
        )
    if wish.wish_from and wish.wish_from < clock.today():
        raise Invalid("wish_past", "希望日が過ぎています。今日より後の日を入力してください。", "wish_from")
    if wish.wish_from and wish.wish_until and wish.wish_until < wish.wish_from:
        raise Invalid("wish_order", "希望日の終わりが始まりより前です。", "wish_until")
    return {
        "wish_from": wish.wish_from,
        "wish_until": wish.wish_until,
        "wish": clean_note(wish.wish, 200, "wish"),
    }


def _text(typed: str, most: int, field: str) -> str:
    kept = clean_note(typed.strip(), most, field)
    if not kept:
        raise Invalid("missing", "この欄を入力してください。", field)
    return kept


def _department(house_id: int, name: str) -> str:
    if name and name not in {d.name for d in departments(house_id, accepting=True)}:
        raise Invalid("department_unknown", "診療科を一覧から選んでください。", "department")
    return name


def _one_after_the_other(house_id: int) -> None:
    """Two guests of one house at the same instant cannot both be the last one that the limit allows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"guests:{house_id}"])


def _refuse_too_many(house_id: int, row: GuestRequest) -> None:
    most = limit("guest.open_limit", house_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT guests_open(%s, %s, %s)", [house_id, row.phone_digits, row.institution_number])
        standing = int(cursor.fetchone()[0])
    if standing >= most:
        raise NotPossibleNow(
            "too_many_open",
            f"同じ電話番号または医療機関番号からの未処理のご依頼が{most}件あります。"
            "病院からの電話をお待ちいただくか、病院へお電話ください。",
        )


def _keep(row: GuestRequest, checked: CheckedFile) -> None:
    GuestFile(
        facility_id=row.facility_id,
        request_uid=row.uid,
        name=checked.name,
        media_type=checked.media_type,
        size=checked.size,
        sha256=checked.sha256,
        content=checked.data,
    ).save()


def state(code: str, phone_number: str) -> PublicState | None:
    """Where the request with this code and this telephone number of the clinic stands; None for every wrong pair alike."""
    try:
        digits = phone(phone_number).digits
    except Invalid:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, kind_label, asked_at, house, house_phone, appointment_at FROM guests_state(%s, %s)",
            [codes.read(code), digits],
        )
        found = cursor.fetchone()
    if found is None:
        return None
    label, says = SAYS[State(found[0])]
    at = found[5] if found[0] == State.ACCEPTED else None
    if at is not None:
        label, says = "日程決定", "下記の日時に、患者さんにお越しいただくようお伝えください。"
    return PublicState(label, says, found[3], found[4], found[1], found[2], at)
