"""Referrals that go out on paper: their codes, their place in the print queue, and the replies that come back by fax or post."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.urls import reverse

from renkei.directory.queries import rule
from renkei.events.bus import emit
from renkei.files.store import CheckedFile, store
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.text import clean_note, shorten
from renkei.notices.actions import notify
from renkei.referrals import papercodes
from renkei.referrals.actions._steps import meet, party_of, run_again, step
from renkei.referrals.actions.replying import MEETS
from renkei.referrals.events import ReplySent
from renkei.referrals.models import Attachment, PaperCode, Referral, ReplyLetter
from renkei.referrals.permissions import P
from renkei.referrals.types import REPLY_LABELS, ReplyKind, State

VALID_DAYS = 365
"""How long a form counts where no rule ``paper.code_days`` says otherwise; a reply may take a year."""
OUTSIDE = -1
LATE = (State.CLOSED, State.WITHDRAWN)
PAPER_KINDS = (
    ReplyKind.ARRIVAL_NOTICE,
    ReplyKind.FIRST_REPORT,
    ReplyKind.INTERIM_REPORT,
    ReplyKind.DISCHARGE_REPORT,
    ReplyKind.FINAL_REPORT,
)


@dataclass(frozen=True)
class FiledReply:
    """A paper reply as filed: ``late`` came after the end of its referral and moved nothing."""

    reply: ReplyLetter
    file_uid: UUID
    late: bool


@action(P.SEND, says="紙の紹介状にQRコードを発行")
def issue_codes(actor: Actor, referral: Referral, *, kinds: Iterable[str]) -> dict[str, PaperCode]:
    """One code for each of ``kinds`` ('' is the cover); a code that counts for another month is used again."""
    if party_of(actor, referral) != "sender":
        raise NotAllowed("wrong_party", "返書用紙を出せるのは紹介元です。")
    if referral.electronic or referral.sent_at is None:
        raise NotPossibleNow("not_on_paper", "紙で送った紹介状だけに返書用紙を付けられます。")
    until = clock.today() + timedelta(
        days=int(rule("paper.code_days", actor.facility_id, default=VALID_DAYS))
    )
    known = {code.kind: code for code in standing_codes(actor, referral)}
    return {kind: known.get(kind) or _new_code(actor, referral, kind, until) for kind in kinds}


def standing_codes(actor: Actor, referral: Referral) -> list[PaperCode]:
    """Codes that still count for at least a month, one of each kind."""
    rows = PaperCode.objects.visible_to(actor).filter(
        referral=referral, revoked_at=None, valid_until__gte=clock.today() + timedelta(days=30)
    )
    return list(rows.order_by("id"))


def _new_code(actor: Actor, referral: Referral, kind: str, until: date) -> PaperCode:
    return PaperCode.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        facility_id=actor.facility_id,
        key=papercodes.new_key(),
        kind=kind,
        issued_at=clock.now(),
        issued_by=shorten(actor.label, 120),
        valid_until=until,
    )


@action(P.SEND, says="紙の紹介状のQRコードを無効に")
def revoke_codes(actor: Actor, referral: Referral) -> int:
    """Every code that went out counts no more (a fax went astray); returns how many. Papers printed later get new ones."""
    if party_of(actor, referral) != "sender":
        raise NotAllowed("wrong_party", "QRコードを無効にできるのは紹介元です。")
    rows = list(PaperCode.objects.visible_to(actor).filter(referral=referral, revoked_at=None))
    for code in rows:
        code.revoked_at, code.revoked_by = clock.now(), shorten(actor.label, 120)
        code.save()
    say(f"{actor.label}が紹介 {referral.number} のQRコード{len(rows)}個を無効にしました")
    return len(rows)


@action(P.FILE_PAPER, says="紙の返書を登録")
def file_paper_reply(
    actor: Actor, referral: Referral, *, kind: str, checked: CheckedFile, pages: int, how: str
) -> FiledReply:
    """A reply that came on paper, with its picture as attachment; states and timers move as for a typed one of that kind.

    ``how`` tells by what it was filed (by its QR code, by hand). What comes after the end moves nothing and is told. Raises
    ``NotPossibleNow`` for a referral that was never sent, ``Invalid`` for one that was sent electronically.
    """
    if kind not in set(PAPER_KINDS):
        raise Invalid("kind_unknown", "返書の種類を選んでください。", "kind")
    if party_of(actor, referral) != "sender":
        raise NotAllowed("wrong_party", "紙の返書を登録できるのは紹介元です。")
    late = State(referral.state) in LATE
    if kind == ReplyKind.FINAL_REPORT and referral.final_report_at is None and not late:
        referral.final_report_at = clock.now()
    label = REPLY_LABELS[ReplyKind(kind)]
    says = f"{place(referral)}から紙の{label}({pages}頁)が届き、{how}登録しました"
    step(actor, referral, _move_of(kind, referral), says=says, electronic=referral.electronic)
    if not late:
        meet(referral, *MEETS[ReplyKind(kind)])
    reply = _reply(actor, referral, kind, pages)
    stored = _keep(actor, referral, reply, checked)
    if late:
        _tell_late(referral, label)
    else:
        _emit(referral, kind)
    return FiledReply(reply, stored.file_uid, late)


def place(referral: Referral) -> str:
    """Who answers."""
    return referral.receiver.name if referral.receiver else referral.receiver_name or "紹介先"


def _move_of(kind: str, referral: Referral) -> str:
    state = State(referral.state)
    if state in (State.FINAL_REPLY, *LATE):
        return "paper_reply"
    if kind == ReplyKind.FINAL_REPORT:
        return "paper_finish"
    return "paper_arrive" if state is State.SENT else "paper_reply"


def _reply(actor: Actor, referral: Referral, kind: str, pages: int) -> ReplyLetter:
    return ReplyLetter.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        kind=kind,
        text=f"紙で届いた返書です({pages}頁)。添付のスキャンをご覧ください。",
        entered_by_id=actor.person_id,
        entered_by=shorten(actor.label, 80),
        author_id=OUTSIDE,
        author=shorten(referral.receiver_physician or place(referral), 80),
        facility_id=referral.receiver_id or 0,
        sent_at=clock.now(),
        on_paper=True,
    )


def _keep(actor: Actor, referral: Referral, reply: ReplyLetter, checked: CheckedFile) -> Attachment:
    stored = store(actor, referral.circle_id, checked)
    return Attachment.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        reply=reply,
        file_uid=stored.uid,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        added_at=clock.now(),
        added_by=shorten(actor.label, 120),
    )


def _emit(referral: Referral, kind: str) -> None:
    emit(
        ReplySent(
            referral_id=referral.pk,
            referral_uid=str(referral.uid),
            number=referral.number,
            reply_kind=kind,
            sender_id=referral.sender_id,
            receiver_id=referral.receiver_id or 0,
        )
    )


def _tell_late(referral: Referral, label: str) -> None:
    ended = "完了" if referral.state == State.CLOSED else "取り下げ"
    notify(
        referral.sender_id,
        kind="reply_arrived",
        text=f"{ended}になった紹介 {referral.number} に紙の{label}が届きました。状態は変えていません。内容を確かめてください。",
        url=reverse("referrals:show", args=[referral.uid]),
        number=referral.number,
    )


@action(P.FILE_PAPER, says="紙の返書の登録を取り消し")
def take_back_paper_reply(actor: Actor, referral: Referral, *, reply: ReplyLetter, note: str) -> Referral:
    """The reply was filed on the wrong referral: nobody is shown it any more, the state goes back to where it would be.

    ``note`` is the disclosure note (誤登録の記録); it stands in the history and in the trail for ever.
    """
    if party_of(actor, referral) != "sender":
        raise NotAllowed("wrong_party", "紙の返書の登録を取り消せるのは紹介元です。")
    row = ReplyLetter.objects.visible_to(actor).filter(pk=reply.pk, referral=referral, on_paper=True).first()
    if row is None or row.taken_back_at:
        raise NotPossibleNow("taken_back", "この返書の登録はすでに取り消されています。")
    row.taken_back_at = clock.now()
    row.save()
    for enclosed in Attachment.objects.visible_to(actor).filter(reply=row, removed_at=None):
        enclosed.removed_at = clock.now()
        enclosed.save()
    rest = set(_standing(actor, referral))
    if ReplyKind.FINAL_REPORT not in rest and State(referral.state) is not State.CLOSED:
        referral.final_report_at = None
    label = REPLY_LABELS[ReplyKind(row.kind)]
    says = f"{actor.label}が紙の{label}の登録を取り消しました(誤登録の記録)"
    step(actor, referral, _undo_of(referral, rest), says=says, note=note, electronic=referral.electronic)
    if State(referral.state) not in LATE:
        run_again(referral, _owed_again(referral, rest), since=row.created_at)
    return referral


def _owed_again(referral: Referral, rest: set[str]) -> set[str]:
    """The timers that the replies that still stand do not meet; back in 紙で送付, only somebody's first word is owed."""
    if State(referral.state) is State.SENT:
        return {"accept"}
    return {kind.value for kind in ReplyKind} - {name for kind in rest for name in MEETS[ReplyKind(kind)]}


def _standing(actor: Actor, referral: Referral) -> list[str]:
    rows = ReplyLetter.objects.visible_to(actor).filter(referral=referral, on_paper=True, taken_back_at=None)
    return list(rows.values_list("kind", flat=True))


def _undo_of(referral: Referral, rest: set[str]) -> str:
    state = State(referral.state)
    if state in (State.ARRIVED, State.FINAL_REPLY) and not rest:
        return "paper_undo_all"
    if state is State.FINAL_REPLY and ReplyKind.FINAL_REPORT not in rest:
        return "paper_undo_finish"
    return "paper_undo"


@action(P.FILE_PAPER, says="誤登録の記録を残す")
def note_misfiling(actor: Actor, referral: Referral, *, note: str) -> Referral:
    """The other half of the disclosure note: the document of this patient lay on another referral for a while."""
    says = "届いた書類が、別の紹介に誤って登録されていました(誤登録の記録)"
    step(actor, referral, "paper_noted", says=says, note=shorten(note, 500), electronic=referral.electronic)
    return referral


@action(P.SEND, says="紙の紹介を完了")
def close_answered(actor: Actor, referral: Referral, *, note: str = "") -> Referral:
    """The final report came on paper: done."""
    referral.closed_at = clock.now()
    says = f"{actor.label}が完了にしました(紙の最終報告あり)"
    clean = clean_note(note, 500, "note")
    step(actor, referral, "close_answered", says=says, note=clean, electronic=referral.electronic)
    return referral
