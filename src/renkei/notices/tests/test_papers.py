"""The print queue: what waits, the number that people look at, the fax that fails and goes out again."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.urls import reverse

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound, NotPossibleNow
from renkei.letters.documents import cover_sheet
from renkei.letters.tests.factories import CLINIC, HOSPITAL
from renkei.letters.types import CoverSheetData
from renkei.notices import faxing, outbox, paper_actions, paper_queries, papers
from renkei.notices.models import FaxGateway, OutgoingMail, OutgoingPaper
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

MEMORY = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def sheets(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """A kind of paper for the tests; says how often its sheets were made."""
    made: list[uuid.UUID] = []

    def make(actor: object, uid: uuid.UUID) -> papers.MadePaper:
        made.append(uid)
        data = CoverSheetData("R-1", clock.today(), HOSPITAL, CLINIC, "紹介状の送付", 1)
        return papers.MadePaper(cover_sheet(data), 1)

    monkeypatch.setitem(papers._kinds, "test", papers.PaperKind("test", "試験", make, "notices:list"))
    return made


@pytest.fixture
def gateway(cast: Cast) -> None:
    chief = cast.actor("oka")
    with acting(chief):
        paper_actions.set_gateway(chief, address="{number}@fax.example.jp", password="geheim")


def queued(cast: Cast, to: str = "C2") -> OutgoingPaper:
    with arranging():
        papers.queue_paper(
            cast.facility("H1").pk,
            kind="test",
            subject_uid=uuid.uuid4(),
            title="紹介 R-2026-000001",
            number="R-2026-000001",
            to_facility_id=cast.facility(to).pk if to else 0,
            to_name=cast.facility(to).name if to else "山の上診療所",
        )
        return OutgoingPaper._base_manager.latest("id")


def fresh(row: OutgoingPaper) -> OutgoingPaper:
    with arranging():
        return OutgoingPaper._base_manager.get(pk=row.pk)


def fax(cast: Cast, row: OutgoingPaper, number: str = "0463-00-0002") -> None:
    desk = cast.actor("sato")
    with acting(desk):
        paper_actions.fax(desk, paper_queries.one(desk, row.uid), number=number)


def worker_sends(row: OutgoingPaper) -> OutgoingMail:
    with arranging():
        mailed = OutgoingMail._base_manager.filter(paper_uid=row.uid).latest("id")
        outbox.send(mail_uid=str(mailed.uid))
        return OutgoingMail._base_manager.get(pk=mailed.pk)


def test_a_fax_is_a_mail_to_the_gateway_with_the_sheets(cast: Cast, gateway: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = MEMORY
    row = queued(cast)
    fax(cast, row)
    assert fresh(row).state == "sending"
    worker_sends(row)
    [sent] = mail.outbox
    assert sent.to == ["0463000002@fax.example.jp"]
    assert sent.subject == "geheim"
    [(name, content, kind)] = sent.attachments
    assert (name, kind, content[:4]) == ("fax-R-2026-000001.pdf", "application/pdf", b"%PDF")
    now = fresh(row)
    assert (now.state, now.fax_number, now.sent_by) == ("sent", "0463-00-0002", cast.actor("sato").label)


def test_the_password_lies_encrypted_and_in_no_mail_of_the_outbox(cast: Cast, gateway: None) -> None:
    fax(cast, queued(cast))
    with arranging():
        row = FaxGateway._base_manager.get(facility_id=cast.facility("H1").pk)
        assert "geheim" not in row.password
        assert faxing.opened(row.password) == "geheim"
        assert all("geheim" not in f"{m.subject}{m.body}" for m in OutgoingMail._base_manager.all())


def test_a_fax_that_failed_is_shown_and_goes_out_again(
    cast: Cast, gateway: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = MEMORY
    monkeypatch.setattr(outbox, "ATTEMPTS", 1)
    row = queued(cast)
    fax(cast, row)

    def no_line(self: EmailMessage, *args: object, **kwargs: object) -> int:
        raise OSError("no line")

    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", no_line)
        worker_sends(row)
    failed = fresh(row)
    assert (failed.state, failed.error) == ("failed", "メールサーバーにつながりません。")
    client = StaffClient().log_in(cast.actor("sato"))
    page = client.get(reverse("notices:papers"))
    assert "もう一度送る" in page.content.decode()
    assert (
        client.post(reverse("notices:paper_resend", args=[row.uid]), {"number": "0463-00-0002"}).status_code
        == 302
    )
    worker_sends(row)
    assert fresh(row).state == "sent"
    assert len(mail.outbox) == 1


def test_a_number_that_changed_meanwhile_stops_the_fax(cast: Cast, gateway: None) -> None:
    row = queued(cast)
    clinic = cast.facility("C2")
    with arranging():
        clinic.fax = "0463-00-0099"
        clinic.save()
    with pytest.raises(NotPossibleNow) as stopped:
        fax(cast, row)
    assert "0463-00-0099" in stopped.value.message_ja
    assert fresh(row).state == "waiting"


def test_the_desk_sees_name_and_number_before_anything_goes_out(cast: Cast, gateway: None) -> None:
    row = queued(cast)
    client = StaffClient().log_in(cast.actor("sato"))
    shown = client.post(reverse("notices:papers_bulk"), {"uids": [row.uid], "do": "fax"}).content.decode()
    assert "林医院" in shown
    assert "0463-00-0002" in shown
    assert fresh(row).state == "waiting"
    wrong = client.post(
        reverse("notices:papers_fax"), {"uids": [row.uid], f"number-{row.uid}": "0463-00-0000"}
    )
    assert wrong.status_code == 409
    answer = client.post(
        reverse("notices:papers_fax"), {"uids": [row.uid], f"number-{row.uid}": "0463-00-0002"}
    )
    assert answer.status_code == 302
    assert fresh(row).state == "sending"


def test_a_place_without_a_number_is_printed_and_marked_by_hand(
    cast: Cast, gateway: None, sheets: list[uuid.UUID]
) -> None:
    row, other = queued(cast, to=""), queued(cast)
    with pytest.raises(NotPossibleNow):
        fax(cast, row, "")
    client = StaffClient().log_in(cast.actor("sato"))
    for paper in (row, other):
        printed = client.get(reverse("notices:paper_pdf", args=[paper.uid]))
        assert (printed.status_code, printed.content[:4]) == (200, b"%PDF")
    client.post(reverse("notices:papers_bulk"), {"uids": [row.uid], "do": "sent"})
    now = fresh(row)
    assert (now.state, now.way, now.printed_at is not None) == ("sent", "hand", True)
    assert len(sheets) == 2, "what was printed once is not made anew"


def test_another_house_finds_no_paper(cast: Cast) -> None:
    row = queued(cast)
    for stranger in ("east_clerk", "kimura"):
        actor = cast.actor(stranger)
        with acting(actor):
            assert not list(paper_queries.papers(actor))
            with pytest.raises(NotFound):
                paper_queries.one(actor, row.uid)
    client = StaffClient().log_in(cast.actor("east_clerk"))
    assert client.get(reverse("notices:paper_pdf", args=[row.uid])).status_code == 404


def test_without_a_gateway_the_page_says_what_to_do(cast: Cast) -> None:
    row = queued(cast)
    with pytest.raises(NotPossibleNow):
        fax(cast, row)
    shown = StaffClient().log_in(cast.actor("sato")).get(reverse("notices:papers")).content.decode()
    assert "FAXサービスが設定されていません" in shown


def test_an_address_without_a_place_for_the_number_is_refused(cast: Cast) -> None:
    chief = cast.actor("oka")
    with acting(chief):
        for wrong in ("fax@example.jp", "{number}", "{number}@", "a b{number}@example.jp"):
            with pytest.raises(Invalid):
                paper_actions.set_gateway(chief, address=wrong, password=None)
    client = StaffClient().log_in(chief)
    answer = client.post(reverse("notices:fax_settings"), {"address": "fax@example.jp"})
    assert answer.status_code == 422
    saved = client.post(reverse("notices:fax_settings"), {"address": "{number}@fax.example.jp"})
    assert saved.status_code == 302
    assert client.get(reverse("notices:fax_settings")).status_code == 200


def test_a_sent_paper_is_not_sent_twice(cast: Cast, gateway: None) -> None:
    row = queued(cast)
    fax(cast, row)
    with pytest.raises(NotPossibleNow):
        fax(cast, row)
    with arranging():
        assert OutgoingMail._base_manager.filter(paper_uid=row.uid).count() == 1
