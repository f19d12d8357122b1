"""The outbox: written with what it tells, sent by the worker, tried again, shown to those who run the place."""

from __future__ import annotations

from datetime import timedelta
from smtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.notices import outbox, queries
from renkei.notices.jobs import pick_up_stranded
from renkei.notices.models import MailState, OutgoingMail
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

MEMORY = "django.core.mail.backends.locmem.EmailBackend"


def queue(facility_id: int = 0, *, secret: bool = False) -> OutgoingMail:
    """One mail as another module queues it."""
    with arranging():
        outbox.queue_mail(
            to="desk@example.jp",
            subject="新しい\r\n紹介",
            body="番号: R-2026-000001",
            facility_id=facility_id,
            secret=secret,
        )
        return OutgoingMail._base_manager.latest("id")


def send(row: OutgoingMail, **more: bool) -> OutgoingMail:
    """What the worker does."""
    with arranging():
        outbox.send(mail_uid=str(row.uid), **more)
        return OutgoingMail._base_manager.get(pk=row.pk)


def jobs_for(row: OutgoingMail) -> int:
    """How many jobs wait for this mail."""
    return ProcrastinateJob.objects.filter(args__mail_uid=str(row.uid)).count()


def test_without_a_mail_server_the_mail_stays_in_the_outbox(cast: Cast, settings: Any) -> None:
    settings.EMAIL_BACKEND = outbox.KEEPS
    row = queue()
    assert jobs_for(row) == 1
    assert send(row).state == MailState.KEPT


def test_a_mail_goes_out_once_with_its_own_message_id(cast: Cast, settings: Any) -> None:
    settings.EMAIL_BACKEND = MEMORY
    row = queue()
    assert row.subject == "新しい 紹介"
    sent = send(row)
    assert (sent.state, sent.attempts) == (MailState.SENT, 1)
    send(row)
    assert len(mail.outbox) == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<{row.uid}@renkei>"


def test_a_mail_server_that_is_away_is_asked_again_until_it_is_too_often(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = MEMORY

    def away(message: EmailMessage) -> int:
        raise SMTPServerDisconnected("body of the mail repeated here")

    monkeypatch.setattr(EmailMessage, "send", away)
    row = queue()
    for attempt in range(1, outbox.ATTEMPTS):
        with arranging():
            with pytest.raises(SMTPServerDisconnected):
                outbox.send(mail_uid=str(row.uid))
            row = OutgoingMail._base_manager.get(pk=row.pk)
        assert (row.state, row.attempts) == (MailState.QUEUED, attempt)
    failed = send(row)
    assert (failed.state, failed.error) == (MailState.FAILED, "メールサーバーにつながりません。")
    monkeypatch.undo()
    assert send(failed).state == MailState.FAILED
    assert send(failed, again=True).state == MailState.SENT


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (SMTPRecipientsRefused({}), "宛先"),
        (SMTPSenderRefused(550, b"secret", "a@example.jp"), "差出人"),
        (SMTPAuthenticationError(535, b"secret"), "ログイン"),
        (SMTPDataError(554, b"secret"), "554"),
        (TimeoutError("secret"), "つながりません"),
    ],
)
def test_the_reason_is_said_without_the_words_of_the_server(error: Exception, says: str) -> None:
    assert says in outbox.reason_of(error)
    assert "secret" not in outbox.reason_of(error)


def test_a_mail_left_behind_by_a_killed_worker_is_picked_up(cast: Cast) -> None:
    row, fresh = queue(), queue()
    with arranging():
        OutgoingMail._base_manager.filter(pk=row.pk).update(created_at=clock.now() - timedelta(hours=1))
        pick_up_stranded(timestamp=0)
    assert (jobs_for(row), jobs_for(fresh)) == (2, 1)


def test_the_text_of_an_invitation_is_for_its_reader_only(cast: Cast, settings: Any) -> None:
    settings.EMAIL_BACKEND = MEMORY
    row = queue(cast.facility("H1").pk, secret=True)
    administrator = cast.actor("x2_system_administrator")
    with acting(administrator):
        lines, total = queries.all_mails(10, 0)
    assert (total, lines[0].body, lines[0].to) == (1, "", "desk@example.jp")
    oka = cast.actor("oka")
    with acting(oka):
        assert queries.facility_mails(oka, 10, 0) == ([], 0)
        assert OutgoingMail._base_manager.count() == 0
    assert send(row).body == ""
    assert mail.outbox[0].body == "番号: R-2026-000001"


def test_in_the_demo_everything_can_be_read(cast: Cast, settings: Any) -> None:
    settings.DEMO = True
    row = queue(secret=True)
    assert not row.secret


def test_a_facility_sees_its_own_mails_only(cast: Cast, browser: StaffClient) -> None:
    queue(cast.facility("H1").pk)
    page = reverse("notices:outbox")
    assert "desk@example.jp" in browser.log_in(cast.actor("sato")).get(page).content.decode()
    assert "desk@example.jp" not in browser.log_in(cast.actor("aoki")).get(page).content.decode()
    assert browser.log_in(cast.actor("kimura")).get(page).status_code == 403
    everything = browser.log_in(cast.actor("x2_system_administrator")).get(page).content.decode()
    assert "desk@example.jp" in everything


def test_the_web_cannot_change_the_outbox(cast: Cast) -> None:
    row, oka = queue(cast.facility("H1").pk), cast.actor("oka")
    with acting(oka), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE notices_outgoingmail SET body = 'x' WHERE id = %s", [row.pk])
        assert cursor.rowcount == 0
    with acting(oka), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM notices_outgoingmail")


def test_a_failed_mail_is_sent_again_from_the_page(cast: Cast, browser: StaffClient) -> None:
    row = queue(cast.facility("H1").pk)
    with arranging():
        OutgoingMail._base_manager.filter(pk=row.pk).update(state=MailState.FAILED)
    resend = reverse("notices:resend", args=[row.uid])
    assert browser.log_in(cast.actor("aoki")).post(resend).status_code == 404
    assert browser.log_in(cast.actor("sato")).post(resend).status_code == 302
    assert jobs_for(row) == 2
