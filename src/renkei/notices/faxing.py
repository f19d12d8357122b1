"""Fax by mail: a gateway takes a mail to ``0463000002@…`` and faxes its PDF. One setting per house, or one for all."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.mail import EmailMessage

from renkei.gate.actor import Actor
from renkei.notices.models import FaxGateway, MailState, OutgoingMail, OutgoingPaper, PaperState

PLACE = "{number}"
_STATES = {
    MailState.QUEUED: PaperState.SENDING,
    MailState.SENT: PaperState.SENT,
    MailState.KEPT: PaperState.SENT,
    MailState.FAILED: PaperState.FAILED,
}
KEPT = "メールサーバーのない環境のため、送信箱に保管しました。"


@dataclass(frozen=True)
class Gateway:
    """A gateway ready for use."""

    address: str
    password: str = ""
    from_address: str = ""

    def address_for(self, number: str) -> str:
        """The mail address of a fax number; only its digits count."""
        return self.address.replace(PLACE, digits(number))


def digits(number: str) -> str:
    """``0463-00-0002`` as ``0463000002``."""
    return re.sub(r"\D", "", number)


def gateway_of(actor: Actor, facility_id: int) -> Gateway | None:
    """The house's own gateway, else the installation's (``RENKEI_FAX_ADDRESS``, ``RENKEI_FAX_PASSWORD``), else None."""
    row = FaxGateway.objects.visible_to(actor).filter(facility_id=facility_id).first()
    if row is not None and row.address:
        return Gateway(row.address, opened(row.password), row.from_address)
    address = os.environ.get("RENKEI_FAX_ADDRESS", "")
    if PLACE in address:
        return Gateway(address, os.environ.get("RENKEI_FAX_PASSWORD", ""))
    return Gateway("{number}@fax.example.jp") if settings.DEMO else None


def _fernet() -> Fernet:
    if settings.RENKEI_FERNET_KEY:
        return Fernet(settings.RENKEI_FERNET_KEY.encode())
    digest = hashlib.sha256(b"renkei fax gateway\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def sealed(password: str) -> str:
    """A password as it lies in the database."""
    return _fernet().encrypt(password.encode()).decode() if password else ""


def opened(kept: str) -> str:
    """The password again; '' when the key was changed since."""
    try:
        return _fernet().decrypt(kept.encode()).decode() if kept else ""
    except InvalidToken:
        return ""


def fax_message(actor: Actor, mail: OutgoingMail, paper: OutgoingPaper) -> EmailMessage:
    """The mail to the gateway: the password as subject where one is set, the sheets as PDF, no name anywhere else."""
    gateway = gateway_of(actor, paper.facility_id)
    message = EmailMessage(
        (gateway.password if gateway else "") or mail.subject,
        mail.body,
        from_email=(gateway.from_address if gateway else "") or None,
        to=[mail.to],
        headers={"Message-ID": f"<{mail.uid}@renkei>"},
    )
    message.attach(f"fax-{paper.number or paper.uid}.pdf", bytes(paper.content or b""), "application/pdf")
    return message


def follow(paper: OutgoingPaper, mail: OutgoingMail) -> None:
    """The paper stands where its mail stands."""
    paper.state = _STATES[MailState(mail.state)]
    paper.attempts = mail.attempts
    paper.error = KEPT if mail.state == MailState.KEPT else mail.error
    if paper.state == PaperState.SENT:
        paper.sent_at = mail.sent_at or mail.tried_at
    paper.save()
