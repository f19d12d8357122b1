"""Telling facilities and people; every mail says only what kind of thing happened, its number and where to look."""

from __future__ import annotations

import re
from uuid import UUID

from django.conf import settings

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.jobs.queue import enqueue
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.kernel.text import shorten
from renkei.notices.models import MailState, Notice, OutgoingMail
from renkei.notices.outbox import queue_mail, send
from renkei.notices.permissions import P
from renkei.notices.types import kind_of

_NUMBER = re.compile(r"[A-Za-z0-9-]{0,30}")
_PATH = re.compile(r"/[A-Za-z0-9_/.?=&#-]*")
TEXT_LIMIT = 300


def notify(
    facility_id: int,
    *,
    text: str,
    url: str = "",
    kind: str = "other",
    person_id: int | None = None,
    mail_to: str | None = None,
    number: str = "",
    from_facility_id: int | None = None,
    on_paper: bool = False,
) -> None:
    """Tell a facility (or one ``person_id`` of it), inside an action or from a subscriber.

    ``text`` is shown in-app only and may name the patient. ``mail_to`` sends a mail made of the kind's own sentence,
    ``number`` (a referral number, never a name) and the link; nothing of ``text`` goes into it. ``url`` is a path of
    this product. ``on_paper`` puts it on the list of letters that ``from_facility_id`` prints. ``ValueError`` for a
    number or path that could carry a name.
    """
    if not _NUMBER.fullmatch(number):
        raise ValueError("a number is letters, digits and hyphens")
    if url and not _PATH.fullmatch(url):
        raise ValueError("a link is a plain path of this product")
    Notice(
        facility_id=facility_id,
        person_id=person_id,
        from_facility_id=from_facility_id,
        kind=kind,
        text=shorten(text, TEXT_LIMIT),
        number=number,
        url=url,
        on_paper=on_paper,
    ).save()
    if mail_to:
        subject, body = mail_text(kind, number, url)
        queue_mail(to=mail_to, subject=subject, body=body, facility_id=facility_id)


def mail_text(kind: str, number: str, url: str) -> tuple[str, str]:
    """Subject and text of the mail of a notice."""
    says = kind_of(kind).mail_says
    lines = [f"{says}。", ""]
    if number:
        lines.append(f"番号: {number}")
    lines.append(f"確認: {site_address() or 'Renkei の画面 '}{url or '/'}")
    lines += [
        "",
        "患者さんの情報はメールには書かれていません。Renkei にログインして確認してください。",
        "このメールは自動で送られています。返信はできません。",
    ]
    return f"[Renkei] {says}" + (f"({number})" if number else ""), "\n".join(lines)


def site_address() -> str:
    """Where people open this installation, without a slash at the end; the first trusted origin."""
    origins = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin]
    return origins[0].rstrip("/") if origins else ""


@action(P.VIEW, says="お知らせを開く")
def mark_read(actor: Actor, notice: Notice) -> Notice:
    """The person saw it; the first time counts."""
    if notice.read_at is None and notice.facility_id == actor.facility_id:
        notice.read_at = clock.now()
        notice.save(update_fields=["read_at"])
    return notice


@action(P.VIEW, says="お知らせをすべて既読にする")
def mark_all_read(actor: Actor) -> int:
    """Every unread notice of this person at this facility; returns how many."""
    unread = Notice.objects.visible_to(actor).filter(facility_id=actor.facility_id, read_at=None)
    return int(unread.update(read_at=clock.now()))


@action(P.VIEW, says="お知らせの対象を開く")
def _mark_about(actor: Actor, *, url: str) -> None:
    unread = Notice.objects.visible_to(actor).filter(facility_id=actor.facility_id, read_at=None)
    unread.filter(url=url).update(read_at=clock.now())


def mark_read_about(actor: Actor, url: str) -> None:
    """The page at ``url`` was opened by itself: what was told about it is read. One query when there is nothing."""
    unread = Notice.objects.visible_to(actor).filter(facility_id=actor.facility_id, read_at=None)
    if unread.filter(url=url).exists():
        _mark_about(actor, url=url)


@action(P.VIEW, says="お知らせを印刷")
def mark_printed(actor: Actor, notice: Notice) -> Notice:
    """The letter was printed for the post."""
    notice.printed_at = clock.now()
    notice.save(update_fields=["printed_at"])
    return notice


@action(P.OUTBOX, says="メールをもう一度送る")
def resend(actor: Actor, mail_uid: UUID) -> None:
    """Try a mail that failed for good once more. The worker does it: the web may not change the outbox."""
    if not actor.may(P.OUTBOX_ALL):
        rows = OutgoingMail.objects.visible_to(actor).filter(uid=mail_uid, state=MailState.FAILED)
        if not rows.exists():
            raise NotFound("mail_not_found", "送り直せるメールが見つかりません。一覧を開き直してください。")
    enqueue(send, mail_uid=str(mail_uid), again=True)
