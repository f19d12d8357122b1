"""What a code on a returned paper is worth at the house that scanned it, and the letters that such a paper may answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet

from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.referrals import papercodes, present, queries
from renkei.referrals.models import PaperCode, Referral
from renkei.referrals.papers.pdf import read_qr
from renkei.referrals.types import State


class Worth(StrEnum):
    """Why a paper is filed by its code, or why it is not."""

    GOOD = "good"
    NO_KIND = "no_kind"
    FOREIGN = "foreign"
    FORGED = "forged"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


SAYS = {
    Worth.GOOD: "QRコードを確認しました。",
    Worth.NO_KIND: "送付状か紹介状のQRコードです。返書の種類が分かりません。",
    Worth.FOREIGN: "この施設のものではないQRコードです。",
    Worth.FORGED: "この施設が発行したものと確かめられないQRコードです。",
    Worth.UNKNOWN: "この施設の紹介に見つからないQRコードです。",
    Worth.EXPIRED: "QRコードの期限が切れています。",
    Worth.REVOKED: "QRコードは無効にされています。",
}
NOT_RUNNING = (State.DRAFT, State.WITHDRAWN, State.DECLINED, State.REDIRECTED)


@dataclass(frozen=True)
class Found:
    """A code read at a house: what it is ``worth`` there, and the referral and kind where it is worth anything."""

    worth: Worth
    referral: Referral | None = None
    kind: str = ""


def resolve(actor: Actor, facility_id: int, text: str) -> Found:
    """Ask what ``text`` means at ``facility_id``. Only a genuine, standing code of that very house names a referral to file on.

    An expired or revoked one still proposes its referral to the person who decides; a foreign or forged one says nothing.
    """
    if not papercodes.looks_ours(text):
        return _old_code(actor, facility_id, text)
    read = papercodes.read(text)
    if read is None:
        return Found(Worth.FORGED)
    rows = PaperCode.objects.visible_to(actor).filter(key=read.key, facility_id=facility_id)
    row = rows.select_related("referral", "referral__receiver").first()
    if row is None or row.kind != read.kind or row.referral.sender_id != facility_id:
        return Found(Worth.UNKNOWN)
    if row.revoked_at or row.referral.state in NOT_RUNNING:
        return Found(Worth.REVOKED, row.referral, row.kind)
    if min(row.valid_until, read.valid_until) < clock.today():
        return Found(Worth.EXPIRED, row.referral, row.kind)
    return Found(Worth.GOOD if row.kind else Worth.NO_KIND, row.referral, row.kind)


def _old_code(actor: Actor, facility_id: int, text: str) -> Found:
    """The code that every letter bears: it finds the letter, but asks for no reply."""
    token = text.rstrip("/").rsplit("/", 1)[-1] if "/referrals/q/" in text else ""
    try:
        uid = read_qr(token)
    except NotFound:
        return Found(Worth.FOREIGN)
    rows = Referral.objects.visible_to(actor).filter(uid=uid, sender_id=facility_id, electronic=False)
    found = rows.select_related("receiver").first()
    return Found(Worth.NO_KIND, found) if found is not None else Found(Worth.UNKNOWN)


OPEN = (State.SENT, State.ARRIVED)


def on_paper(actor: Actor) -> QuerySet[Referral]:
    """Letters that the actor's house sent on paper."""
    rows = Referral.objects.visible_to(actor).filter(sender_id=actor.facility_id, electronic=False)
    return rows.exclude(sent_at=None).select_related("patient", "receiver", "sender")


def waiting_for_reply(actor: Actor) -> QuerySet[Referral]:
    """Those of them that still wait for an answer, newest first."""
    return on_paper(actor).filter(state__in=OPEN).order_by("-sent_at", "-id")


def search_on_paper(actor: Actor, text: str) -> QuerySet[Referral]:
    """All of them, ended ones too, by number, name, kana, facility or date."""
    return (
        queries.search(actor, text)
        .filter(sender_id=actor.facility_id, electronic=False)
        .exclude(sent_at=None)
    )


def by_key(actor: Actor, pk: int) -> Referral:
    """The referral as it is now, by its key. Raises ``NotFound`` for strangers."""
    found = Referral.objects.visible_to(actor).filter(pk=pk).select_related("receiver", "patient").first()
    if not isinstance(found, Referral):
        raise NotFound("not_found", "紹介が見つかりません。取り下げられたか、共有範囲の外です。")
    return found


def row(actor: Actor, referral: Referral) -> present.ListRow:
    """A referral as lists show it."""
    return present.list_row(actor, referral)
