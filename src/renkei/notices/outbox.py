"""The outbox (送信箱): a mail is written in the transaction of what it tells, and sent by the worker."""

from __future__ import annotations

from collections.abc import Iterable
from smtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from renkei.gate.actor import Actor
from renkei.gate.context import system
from renkei.jobs.queue import enqueue, job
from renkei.kernel import clock
from renkei.notices.faxing import fax_message, follow
from renkei.notices.models import MailState, OutgoingMail, OutgoingPaper

ATTEMPTS = 8
KEEPS = "django.core.mail.backends.dummy.EmailBackend"
"""With this backend (demo, no mail server) mails stay in the outbox."""


def queue_mail(
    *,
    to: str,
    subject: str,
    body: str,
    facility_id: int = 0,
    secret: bool = False,
    paper_uid: UUID | None = None,
) -> UUID:
    """Put a mail into the outbox of the open transaction, inside an action or as the system; returns its uid.

    ``secret`` hides the text from the outbox page and wipes it once sent (the demo shows it). No patient's name and no
    clinical text belongs into a mail: see :func:`renkei.notices.actions.notify`. ``paper_uid`` names the sheets of a fax.
    """
    mail = OutgoingMail(
        to=to,
        subject=" ".join(subject.split()),
        body=body,
        facility_id=facility_id,
        secret=secret and not settings.DEMO,
        paper_uid=paper_uid,
    )
    mail.save()
    enqueue(send, mail_uid=str(mail.uid))
    return mail.uid


def mail_states(actor: Actor, uids: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Where mails are and why not sent, for whoever follows up what was sent; asked by the system only."""
    rows = OutgoingMail.objects.visible_to(actor).filter(uid__in=list(uids))
    return {uid: (state, error) for uid, state, error in rows.values_list("uid", "state", "error")}


@job(queue="mail", retries=ATTEMPTS)
def send(mail_uid: str, again: bool = False) -> None:
    """Send one mail; raises what the mail server said, so that the queue tries again with growing pauses.

    A worker that dies between sending and noting it sends once more, under the same Message-ID.
    """
    with system(f"mail {mail_uid}") as actor:
        trouble = _attempt(actor, mail_uid, again)
    if trouble is not None:
        raise trouble


def _attempt(actor: Actor, mail_uid: str, again: bool) -> Exception | None:
    with transaction.atomic():
        rows: Any = OutgoingMail._base_manager.select_for_update()
        mail = rows.filter(uid=mail_uid).first()
        if mail is None or (
            mail.state != MailState.QUEUED and not (again and mail.state == MailState.FAILED)
        ):
            return None
        if again and mail.state == MailState.FAILED:
            mail.attempts = 0
        paper = _paper_of(actor, mail)
        trouble = _send(mail, _message(actor, mail, paper))
        mail.save()
        if paper is not None:
            follow(paper, mail)
        return trouble


def _paper_of(actor: Actor, mail: OutgoingMail) -> OutgoingPaper | None:
    if mail.paper_uid is None:
        return None
    found = OutgoingPaper.objects.visible_to(actor).select_for_update().get(uid=mail.paper_uid)
    return found if isinstance(found, OutgoingPaper) else None


def _message(actor: Actor, mail: OutgoingMail, paper: OutgoingPaper | None) -> EmailMessage:
    if paper is not None:
        return fax_message(actor, mail, paper)
    return EmailMessage(mail.subject, mail.body, to=[mail.to], headers={"Message-ID": f"<{mail.uid}@renkei>"})


def _send(mail: OutgoingMail, message: EmailMessage) -> Exception | None:
    mail.tried_at = clock.now()
    if settings.EMAIL_BACKEND == KEEPS:
        mail.state = MailState.KEPT
        return None
    mail.attempts += 1
    try:
        message.send()
    except (SMTPException, OSError) as error:
        mail.state = MailState.FAILED if mail.attempts >= ATTEMPTS else MailState.QUEUED
        mail.error = reason_of(error)
        return error if mail.state == MailState.QUEUED else None
    mail.state, mail.sent_at, mail.error = MailState.SENT, clock.now(), ""
    if mail.secret:
        mail.body = ""
    return None


def reason_of(error: Exception) -> str:
    """Why in words of the page. What the server answered stays out: it can repeat the text of the mail."""
    if isinstance(error, SMTPRecipientsRefused):
        return "宛先のアドレスが受け付けられません。アドレスを確認してください。"
    if isinstance(error, SMTPSenderRefused):
        return "差出人のアドレスが受け付けられません。システムの設定を確認してください。"
    if isinstance(error, SMTPAuthenticationError):
        return "メールサーバーにログインできません。システムの設定を確認してください。"
    if isinstance(error, SMTPResponseException):
        return f"メールサーバーが受け取りませんでした(応答 {error.smtp_code})。"
    return "メールサーバーにつながりません。"
