"""The desk's side: call back, make sure who asks, take in or refuse, tell the date; and the page of the house."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime

from renkei.directory.actions import facility_on_paper
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.guests import queries
from renkei.guests.models import SHORT_CODE, GuestFile, GuestKind, GuestPage, GuestRequest
from renkei.guests.permissions import P
from renkei.guests.types import DEFAULT_KINDS, Identity, KindDraft, State, Told
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotFound, NotPossibleNow
from renkei.kernel.identifiers import phone
from renkei.kernel.text import clean_note, to_plain_number
from renkei.notices.papers import queue_paper
from renkei.patients.actions import register
from renkei.patients.models import Patient
from renkei.referrals import actions as referrals
from renkei.referrals.actions.taking_in import take_in
from renkei.referrals.models import Referral
from renkei.referrals.types import LetterContent, LetterDocument, Party, PatientCard

SOURCE = "guest"
PAPER_KIND = "guest_date"
"""The word under which ``date_notice.py`` makes the sheet."""
RESERVED = {"requests", "settings", "state", "kinds"}
"""Addresses of this module: no house may be called so."""


@action(P.HANDLE, says="ゲストの依頼に折り返し電話")
def call_back(
    actor: Actor,
    request: GuestRequest,
    *,
    called: str,
    confirmed_with: str,
    number_source: str = "",
    note: str = "",
) -> GuestRequest:
    """Who at the clinic confirmed the request, and on which number.

    Where the directory has a number, only that one counts: whoever typed another may sit there. Where it has none,
    ``number_source`` says where the number was looked up. Raises ``Invalid`` at the field, ``NotPossibleNow`` when decided.
    """
    _still_open(request)
    number = phone(called, "called")
    known = queries.number_to_call(request)
    if known and queries.digits(known) != number.digits:
        raise Invalid(
            "not_the_directorys_number",
            f"名簿の電話番号({known})にかけて確かめてください。入力された番号では本人確認になりません。",
            "called",
        )
    source = clean_note(number_source.strip(), 100, "number_source")
    if not known and not source:
        raise Invalid(
            "number_source_missing",
            "名簿にない医療機関です。電話番号を何で調べたか(地方厚生局の一覧など)を入力してください。",
            "number_source",
        )
    request.called_number, request.number_source = number.display, "" if known else source
    request.confirmed_with = _needed(confirmed_with, 80, "confirmed_with", "確認した相手の氏名")
    request.call_note = clean_note(note.strip(), 300, "note")
    request.called_at, request.called_by = clock.now(), actor.label[:120]
    request.state = State.CONFIRMED
    request.save()
    say(f"{actor.label}が{request.clinic}に電話し、依頼を確かめました")
    return request


@action(P.HANDLE, says="依頼した医師を確認")
def identify(
    actor: Actor, request: GuestRequest, *, identity: str, number: str = "", note: str = ""
) -> GuestRequest:
    """医師確認: by the number of the national register, or because the physician spoke on the clinic's telephone."""
    _still_open(request)
    if identity not in Identity.values:
        raise Invalid("identity_unknown", "医師をどのように確かめたかを選んでください。", "identity")
    kept = to_plain_number(number).replace(" ", "")
    if identity == Identity.REGISTRY and not (kept.isascii() and kept.isdigit() and 4 <= len(kept) <= 7):
        raise Invalid("registry_number", "医籍登録番号は数字(多くは6桁)です。", "number")
    if identity == Identity.SPOKE and request.called_at is None:
        raise NotPossibleNow("not_called", "先に医療機関へ折り返し電話し、その結果を記録してください。")
    request.identity = identity
    request.identity_number = kept if identity == Identity.REGISTRY else ""
    request.identity_note = _needed(note, 200, "note", "確かめた内容")
    request.identified_at, request.identified_by = clock.now(), actor.label[:120]
    request.save()
    say(f"{actor.label}が{request.clinic}の医師を確かめました({Identity(identity).label})")
    return request


@action(P.HANDLE, says="ゲストの依頼を受け付け")
def accept(
    actor: Actor,
    request: GuestRequest,
    *,
    patient: Patient | None = None,
    starts_at: datetime | None = None,
    department: str = "",
) -> Referral:
    """The request becomes a received referral of the house, with its files; ``patient`` None registers a new one.

    Raises ``NotPossibleNow``: ``not_called`` before the call-back, ``physician_not_identified`` for a kind with 医師確認.
    With ``starts_at`` the date stands at once: it was agreed on the telephone.
    """
    _refuse_unready(request)
    doc = letter_of(actor, request, department)
    raw = json.dumps(asdict(doc), ensure_ascii=False, sort_keys=True).encode()
    referral = take_in(
        actor,
        doc,
        # The number that counts is the one that was called: a new row takes it as its telephone.
        sender=facility_on_paper(
            request.clinic, number=request.institution_number, telephone=request.called_number
        ),
        patient=patient or _new_patient(actor, request),
        source=SOURCE,
        sha256=hashlib.sha256(raw).hexdigest(),
        files=queries.checked_files(actor, request),
        note=_note(request),
    )
    request.referral, request.state = referral, State.ACCEPTED
    _decided(actor, request)
    say(f"{actor.label}が{request.clinic}の依頼を紹介 {referral.number} として受け付けました")
    if starts_at is None:
        return referral
    return referrals.offer_date(
        actor, referral, starts_at=starts_at, department=doc.receiver.department, confirmed=True
    )


def _refuse_unready(request: GuestRequest) -> None:
    _still_open(request)
    if request.called_at is None:
        raise NotPossibleNow("not_called", "折り返しの電話で確かめるまで、受け付けられません。")
    if request.physician_check and not request.identity:
        raise NotPossibleNow(
            "physician_not_identified",
            f"「{request.kind_label}」は、依頼した医師の確認(医師確認)を記録するまで受け付けられません。",
        )


def _new_patient(actor: Actor, request: GuestRequest) -> Patient:
    try:
        return register(
            actor,
            name=request.patient_name,
            kana=request.patient_kana,
            birth_on=request.born,
            sex=request.sex,
            phone=request.patient_phone,
        )
    except DomainError as error:
        raise Invalid(error.code, f"患者を登録できません: {error.message_ja}", "patient") from error


def letter_of(actor: Actor, request: GuestRequest, department: str = "") -> LetterDocument:
    """The request as the letter that it becomes; it says that it was typed on the public page."""
    return LetterDocument(
        uid=str(request.uid),
        number=request.code,
        version=1,
        issued_at=request.asked_at.isoformat(),
        sender=Party(
            request.clinic,
            institution_number=request.institution_number,
            physician=request.physician,
            phone=request.phone,
        ),
        receiver=Party(actor.facility_label, department=department or request.department),
        patient=PatientCard(
            name=request.patient_name,
            kana=request.patient_kana,
            birth_on=request.born.isoformat(),
            sex=request.sex,
            phone=request.patient_phone,
        ),
        content=LetterContent(purpose=request.purpose, remarks=_remarks(request)),
        entered_by=f"{request.physician}(ゲスト受付)",
    )


def _remarks(request: GuestRequest) -> str:
    lines = [f"依頼の種類: {request.kind_label}"]
    days = [d for d in (request.wish_from, request.wish_until) if d]
    if days:
        lines.append("希望日: " + "〜".join(f"{d.year}年{d.month}月{d.day}日" for d in days))
    if request.wish:
        lines.append(f"希望: {request.wish}")
    return "\n".join(lines)


def _note(request: GuestRequest) -> str:
    """Stands in the history of the referral."""
    said = f"ゲスト受付。{request.called_number}に電話し、{request.confirmed_with}さんに確認({request.called_by})。"
    if request.identity:
        said += f"医師確認: {Identity(request.identity).label}({request.identity_note})。"
    return said


@action(P.HANDLE, says="ゲストの依頼をお断り")
def refuse(actor: Actor, request: GuestRequest, *, reason: str) -> GuestRequest:
    """Refused, for a reason that is told on the telephone and stands on no public page; the files are thrown away."""
    _still_open(request)
    request.refuse_reason = _needed(reason, 300, "reason", "お断りの理由")
    request.state = State.REFUSED
    _decided(actor, request)
    say(f"{actor.label}が{request.clinic}の依頼をお断りしました")
    return request


@action(P.HANDLE, says="日程をゲストに連絡")
def tell(actor: Actor, request: GuestRequest, *, told: str, told_to: str) -> GuestRequest:
    """The clinic was told of the date, by telephone or on paper: then its notice (予約通知) waits in the print queue."""
    if request.state != State.ACCEPTED or request.referral is None or request.referral.appointment_at is None:
        raise NotPossibleNow("no_date", "日程がまだ決まっていません。紹介のページで日程を決めてください。")
    if told not in Told.values:
        raise Invalid("told_unknown", "どのように伝えたかを選んでください。", "told")
    request.told, request.told_to = told, _needed(told_to, 80, "told_to", "伝えた相手")
    request.told_at, request.told_by = clock.now(), actor.label[:120]
    request.save()
    if told != Told.TELEPHONE:
        queue_paper(
            actor.facility_id,
            kind=PAPER_KIND,
            subject_uid=request.uid,
            number=request.referral.number,
            title=f"予約通知 {request.referral.number}",
            to_facility_id=request.referral.sender_id,
            to_name=request.clinic,
        )
    say(f"{actor.label}が{request.clinic}に日程を{Told(told).label}で伝えました")
    return request


def _still_open(request: GuestRequest) -> None:
    if not request.is_open:
        raise NotPossibleNow(
            "already_decided",
            f"この依頼は{request.decided_by}がすでに処理しました。一覧を開き直してください。",
        )


def _decided(actor: Actor, request: GuestRequest) -> None:
    """Bytes are kept in one place only: with the referral, or nowhere."""
    request.decided_at, request.decided_by = clock.now(), actor.label[:120]
    request.save()
    for row in GuestFile.objects.visible_to(actor).filter(request_uid=request.uid):
        row.content = b""
        row.save(update_fields=["content"])


def _needed(typed: str, most: int, field: str, label: str) -> str:
    kept = clean_note(typed.strip(), most, field)
    if not kept:
        raise Invalid("missing", f"「{label}」を入力してください。", field)
    return kept


@action(P.MANAGE, says="ゲスト受付のページを設定")
def set_page(actor: Actor, *, is_open: bool, code: str = "", greeting: str = "") -> GuestPage:
    """Open or close the public page; the first time it gets the usual kinds."""
    page = queries.page_of(actor) or GuestPage(facility_id=actor.facility_id)
    page.is_open = is_open
    page.code = _short_code(actor, code)
    page.greeting = clean_note(greeting.strip(), 300, "greeting")
    page.changed_at = clock.now()
    page.save()
    if not queries.kinds_of(actor):
        for position, kind in enumerate(DEFAULT_KINDS):
            _fill(GuestKind(facility_id=actor.facility_id, position=position), kind).save()
    say(f"{actor.label}がゲスト受付を{'開きました' if is_open else '閉じました'}")
    return page


def _short_code(actor: Actor, typed: str) -> str | None:
    code = typed.strip().lower()
    if not code:
        return None
    taken = GuestPage.objects.filter(code=code).exclude(facility_id=actor.facility_id).exists()
    if code in RESERVED or taken:
        raise Invalid("code_taken", "この名前は使えません。ほかの名前にしてください。", "code")
    if not SHORT_CODE.regex.fullmatch(code):  # type: ignore[union-attr]
        raise Invalid("code_form", str(SHORT_CODE.message), "code")
    return code


def _fill(row: GuestKind, draft: KindDraft) -> GuestKind:
    row.label = _needed(draft.label, 40, "label", "名称")
    row.physician_check = draft.physician_check
    row.note = clean_note(draft.note.strip(), 200, "note")
    return row


@action(P.MANAGE, says="ゲスト受付の種類を追加")
def add_kind(actor: Actor, draft: KindDraft) -> GuestKind:
    """One more kind; its name stands once."""
    known = queries.kinds_of(actor)
    if any(k.label == draft.label.strip() for k in known):
        raise Invalid("kind_taken", "同じ名称の種類があります。", "label")
    row = _fill(GuestKind(facility_id=actor.facility_id, position=len(known)), draft)
    row.save()
    return row


@action(P.MANAGE, says="ゲスト受付の種類を変更")
def change_kind(actor: Actor, kind: GuestKind, draft: KindDraft, *, is_offered: bool) -> GuestKind:
    """Requests that stand keep what was offered to them. ``NotFound`` for another house's kind."""
    if kind.facility_id != actor.facility_id:
        raise NotFound("guest_kind_unknown", "この種類は見つかりません。一覧から選び直してください。")
    if any(k.label == draft.label.strip() and k.pk != kind.pk for k in queries.kinds_of(actor)):
        raise Invalid("kind_taken", "同じ名称の種類があります。", "label")
    _fill(kind, draft).is_offered = is_offered
    kind.save()
    return kind
