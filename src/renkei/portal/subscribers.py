"""Tells the other side what happened: one notice per event, without a patient's name, with the way to the matter.

An outbox row is handed over once, in one transaction with the notice, so that a repeated delivery tells nobody twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from renkei.circles.events import EmergencyOpened
from renkei.directory.queries import facility_by_id
from renkei.events.bus import subscribe
from renkei.gate.actor import current
from renkei.notices.actions import notify
from renkei.referrals.events import MessagePosted, ReferralMoved, ReplyReminded, ReplySent, ReplyUnread
from renkei.referrals.queries import opens_for
from renkei.referrals.types import REPLY_LABELS, ReplyKind


@dataclass(frozen=True)
class Telling:
    """How a move is told: kind of notice, what ``who`` did with ``what``; whether a mail and a letter go too.

    ``shut`` is a move that ends the receiver's access: told without a way to the page.
    """

    kind: str
    says: str
    mail: bool = False
    letter: bool = False
    shut: bool = False


MOVES = {
    "send": Telling("referral_received", "{who}から{what}が届きました。受け付けてください。", mail=True),
    "withdraw": Telling("referral_recalled", "{who}が{what}を取り下げました。", mail=True, shut=True),
    "receive": Telling("referral_accepted", "{who}が{what}を受け付けました。"),
    "accept": Telling("referral_accepted", "{who}が{what}を引き受けました。"),
    "decline": Telling(
        "referral_declined", "{who}が{what}をお断りしました。理由を確かめてください。", mail=True, letter=True
    ),
    "redirect": Telling(
        "referral_redirected", "{who}が{what}に別の施設を勧めています。", mail=True, letter=True
    ),
    "offer_date": Telling(
        "date_offered", "{who}が{what}の受診日を提案しました。返事をしてください。", mail=True
    ),
    "confirm_date": Telling("date_confirmed", "{who}が{what}の受診日を確定しました。", mail=True),
    "refuse_date": Telling("date_changed", "{who}が{what}について別の受診日を希望しています。", mail=True),
    "change_date": Telling("date_changed", "{who}が{what}の受診日の変更を提案しました。", mail=True),
    "cancel_date": Telling("date_changed", "{who}が{what}の予約を取り消しました。", mail=True),
    "arrive": Telling("patient_arrived", "{what}の患者さんが{who}に来院しました。", letter=True),
    "no_show": Telling("patient_no_show", "{what}の患者さんが{who}に来院されていません。", mail=True),
    "admit": Telling("patient_arrived", "{what}の患者さんが{who}に入院しました。"),
    "discharge": Telling("patient_arrived", "{what}の患者さんが{who}を退院しました。"),
    "close": Telling("referral_closed", "{who}が{what}を完了にしました。"),
    "correct": Telling(
        "referral_received", "{who}が{what}の訂正版を出しました。違いを確かめてください。", mail=True
    ),
}
"""Moves that are not here tell nobody: replies and messages have events of their own, the rest is of one's own house."""


@subscribe(ReferralMoved)
def tell_of_move(event: ReferralMoved) -> None:
    """The side that did not act."""
    telling = MOVES.get(event.move)
    to = event.receiver_id if event.actor_facility_id == event.sender_id else event.sender_id
    if telling is None:
        return
    kind = telling.kind
    if event.move == "send" and event.kind == "back_referral":
        kind = "back_referral_received"
    what = f"{'逆紹介' if event.kind == 'back_referral' else '紹介'} {event.number} "
    _tell(
        to,
        event.actor_facility_id,
        telling,
        kind=kind,
        what=what,
        number=event.number,
        uid=event.referral_uid,
    )


@subscribe(ReplySent)
def tell_of_reply(event: ReplySent) -> None:
    """The clinic that waits for it."""
    telling = Telling("reply_arrived", "{who}から{what}が届きました。", mail=True)
    what = f"紹介 {event.number} の{REPLY_LABELS[ReplyKind(event.reply_kind)]}"
    _tell(event.sender_id, event.receiver_id, telling, what=what, number=event.number, uid=event.referral_uid)


@subscribe(ReplyUnread)
def tell_of_unread_reply(event: ReplyUnread) -> None:
    """The clinic once more, when nobody has opened the reply."""
    telling = Telling("reply_arrived", "{who}からの{what}がまだ読まれていません。", mail=True)
    what = f"紹介 {event.number} の{REPLY_LABELS[ReplyKind(event.reply_kind)]}"
    _tell(event.sender_id, event.receiver_id, telling, what=what, number=event.number, uid=event.referral_uid)


@subscribe(MessagePosted)
def tell_of_message(event: MessagePosted) -> None:
    """The side that is written to."""
    telling = Telling("message_received", "{who}から{what}について連絡が届きました。", mail=True)
    to, by = event.to_facility_id, event.from_facility_id
    _tell(to, by, telling, what=f"紹介 {event.number} ", number=event.number, uid=event.referral_uid)


@subscribe(ReplyReminded)
def tell_of_reminder(event: ReplyReminded) -> None:
    """Whoever owes the answer; a house that reminds itself sees it too."""
    telling = Telling(
        "reminder", "{who}が{what}の返事を待っています。期限を過ぎています。", mail=True, letter=True
    )
    to, by = event.facility_id, event.by_facility_id
    what = f"紹介 {event.number} "
    _tell(to, by, telling, what=what, number=event.number, uid=event.referral_uid, own=True)


@subscribe(EmergencyOpened)
def tell_of_emergency(event: EmergencyOpened) -> None:
    """The house that registered the patient reviews it (事後確認)."""
    house = facility_by_id(event.owner_facility_id)
    if house is None or event.owner_facility_id == event.by_facility_id:
        return
    notify(
        house.pk,
        kind="emergency_access",
        text=f"{event.by_label}が緊急参照を行いました。事後確認をしてください。",
        url=reverse("circles:review", args=[event.access_uid]),
        mail_to=house.email or None,
        from_facility_id=event.by_facility_id,
    )


def _tell(
    to: int,
    by: int,
    telling: Telling,
    *,
    what: str,
    number: str,
    uid: str,
    kind: str = "",
    own: bool = False,
) -> None:
    """Only a house that can open the referral is led to it.

    Any other, without Renkei or never let into the circle (the sender of a document that was taken in), gets a letter
    by post where the matter deserves one, and nothing otherwise.
    """
    house, doer = facility_by_id(to) if to else None, facility_by_id(by)
    if house is None or (to == by and not own):
        return
    opens = house.uses_renkei and opens_for(current(), uid, to)
    told = opens or (telling.shut and house.uses_renkei)
    if not told and not telling.letter:
        return
    notify(
        to,
        kind=kind or telling.kind,
        text=telling.says.format(who=doer.name if doer else "相手の施設", what=what),
        url=reverse("referrals:show", args=[uid]) if opens else "",
        number=number,
        mail_to=(house.email or None) if telling.mail and told else None,
        from_facility_id=by,
        on_paper=not told,
    )
