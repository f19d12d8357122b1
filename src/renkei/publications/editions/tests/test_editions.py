"""S10: a month from the tables to the envelopes, and what is refused on the way."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from renkei.directory.models import ClosingDay
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.notices.models import MailState, Notice, OutgoingMail, OutgoingPaper
from renkei.publications.editions import clockwork, making, pdf, queries, sending
from renkei.publications.editions.receivers import receivers
from renkei.publications.editions.tests.conftest import JUNE, THE_25TH, Office, newsletter, words_of
from renkei.publications.models import (
    Dispatch,
    EditionState,
    Part,
    PublishedPart,
    Sending,
    Way,
)
from renkei.publications.tests.region import end_membership, join
from testing.database import arranging
from testing.fixtures import StaffClient


def test_the_edition_of_june_is_sent_on_the_25th_with_the_tables_of_july(office: Office) -> None:
    edition = office.does(making.start, month_on=JUNE)
    assert edition.send_on == date(2026, 6, 25)
    assert edition.tables_on == date(2026, 7, 1)
    with acting(office.sato):
        duty = making.table_of(office.sato, edition, Part.DUTY)
    assert len(duty.rows) == 31


def test_an_edition_is_not_ready_while_a_night_has_nobody(office: Office) -> None:
    edition = office.filled()
    with acting(office.sato):
        duty = making.table_of(office.sato, edition, Part.DUTY)
    rows = [one if one["head"] != ["2026-07-20"] else one | {"cells": ["", ""]} for one in duty.rows]
    office.does(making.save_table, duty, columns=duty.columns, rows=rows)
    with pytest.raises(Invalid) as refused:
        office.does(making.make_ready, office.edition(edition.uid))
    assert "7/20(月・祝)" in refused.value.message_ja
    assert office.edition(edition.uid).state == EditionState.DRAFT


def test_nothing_goes_out_before_its_day(office: Office) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        office.does(sending.send, office.ready())
    assert refused.value.code == "before_send_day"


def test_every_member_of_the_day_receives_one_copy_whatever_its_physicians_and_schemes(
    office: Office,
) -> None:
    with arranging("a second physician"):
        join(office.scheme, office.cast.facility("C1"), name="青木 花")
    edition = office.sent()
    assert [row.facility.name for row in office.log(edition)] == ["青木内科", "林医院"]
    assert edition.state == EditionState.SENT


def test_nothing_is_sent_to_a_clinic_that_rests_and_the_next_edition_comes_by_itself(office: Office) -> None:
    edition = office.ready()
    with arranging("C2 rests for the day of the edition"):
        clinic = office.cast.facility("C2")
        ClosingDay.objects.create(
            facility=clinic, from_on=date(2026, 6, 10), until_on=date(2026, 6, 30), suspension=True
        )
    with clock.frozen(THE_25TH):
        office.does(sending.send, edition)
    assert [row.facility.name for row in office.log(edition)] == ["青木内科"]
    with acting(office.sato):
        later = receivers(office.sato, edition, date(2026, 7, 1))
    assert [one.facility.name for one in later] == ["青木内科", "林医院"]


def test_a_clinic_withdrawn_before_the_day_is_not_among_the_receivers(office: Office) -> None:
    edition = office.ready()
    end_membership(office.cast.facility("C2"), date(2026, 6, 10))
    with clock.frozen(THE_25TH):
        with acting(office.sato):
            found = receivers(office.sato, edition, clock.today())
        office.does(sending.send, edition)
    assert [one.facility.name for one in found] == ["青木内科"]
    assert [row.facility.name for row in office.log(edition)] == ["青木内科"]
    with clock.frozen(THE_25TH), pytest.raises(NotPossibleNow):
        office.does(sending.send_to, office.edition(edition.uid), facility_id=office.cast.facility("C2").pk)


def test_a_second_copy_of_the_same_edition_needs_a_reason(office: Office) -> None:
    edition = office.sent()
    clinic = office.cast.facility("C1").pk
    with clock.frozen(THE_25TH):
        with pytest.raises(Invalid) as refused:
            office.does(sending.send_to, edition, facility_id=clinic)
        assert refused.value.code == "resend_reason"
        assert len(office.log(edition)) == 2
        office.does(sending.send_to, edition, facility_id=clinic, reason="雨で濡れて届いた")
    assert [row.reason for row in office.log(edition)] == ["", "雨で濡れて届いた", ""]


def test_the_database_refuses_a_second_copy_without_a_reason(office: Office) -> None:
    edition = office.sent()
    first = office.log(edition)[0]
    with arranging("past every action"), pytest.raises(IntegrityError), transaction.atomic():
        Dispatch(edition=edition, owner=first.owner, facility=first.facility, way=Way.POST).save()


def test_the_page_answers_422_to_a_second_copy_without_a_reason(office: Office, browser: StaffClient) -> None:
    edition = office.sent()
    with clock.frozen(THE_25TH):
        browser.log_in(office.sato)
        answer = browser.post(
            reverse("publications:edition_send_to", args=[edition.uid]),
            {"facility": str(office.cast.facility("C1").uid), "words": ""},
        )
    assert answer.status_code == 422
    assert "再送の理由を入力してください" in answer.content.decode()
    assert len(office.log(edition)) == 2


def test_an_edition_is_sent_once(office: Office) -> None:
    edition = office.sent()
    with clock.frozen(THE_25TH), pytest.raises(NotPossibleNow):
        office.does(sending.send, edition)


def test_the_next_month_is_made_by_itself(office: Office) -> None:
    office.sent()
    with acting(office.sato):
        months = [row.month_on for row in queries.mine(office.sato)]
    assert months == [date(2026, 7, 1), JUNE]
    with clock.frozen(clock.jst(2026, 9, 1, 0, 20)), arranging("the night"):
        clockwork.plan_months()
    with acting(office.sato):
        found = list(queries.mine(office.sato))
    assert [row.month_on.month for row in found] == [9, 8, 7, 6]
    assert found[0].send_on == date(2026, 9, 25)


def test_the_office_is_told_on_the_day_once(office: Office) -> None:
    office.ready()
    with clock.frozen(THE_25TH), arranging("the night"):
        clockwork.plan_months()
        clockwork.plan_months()
    with acting(office.sato):
        told = Notice.objects.visible_to(office.sato).filter(kind="edition_due")
        assert told.count() == 1


def test_a_night_without_the_program_does_not_swallow_the_day_of_sending(office: Office) -> None:
    office.ready()
    for day in (27, 28):
        with clock.frozen(clock.jst(2026, 6, day, 0, 20)), arranging("the night"):
            clockwork.plan_months()
    with acting(office.sato):
        assert Notice.objects.visible_to(office.sato).filter(kind="edition_due").count() == 1


def test_each_receives_it_in_its_own_way(office: Office) -> None:
    office.choose("C1", Way.MAIL, "kimura", "renkei@aoki.example.jp")
    office.choose("C2", Way.FAX)
    edition = office.sent()
    log = {row.facility.name: row for row in office.log(edition)}
    assert (log["青木内科"].way, log["青木内科"].to) == (Way.MAIL, "renkei@aoki.example.jp")
    with arranging("reading the queues"):
        mail = OutgoingMail.objects.visible_to(current()).get(uid=log["青木内科"].mail_uid)
        paper = OutgoingPaper.objects.visible_to(current()).get(subject_uid=log["林医院"].uid)
        assert "/publications/editions/received/" in mail.body
        assert "高橋" not in mail.body
        made = pdf.fax(current(), paper.subject_uid)
    assert made.pages == 3
    assert "個人の診療情報" not in words_of(made.content)


def test_mail_and_in_app_need_renkei_because_of_the_duty_table(office: Office) -> None:
    with arranging("a clinic on paper"):
        clinic = office.cast.facility("C2")
        clinic.uses_renkei = False
        clinic.save()
    for way in (Way.MAIL, Way.IN_APP):
        with pytest.raises(Invalid):
            office.choose("C2", way, email="hayashi@example.jp")
    with pytest.raises(NotAllowed):
        office.choose("C2", Way.POST, "kimura")


def test_a_mail_that_failed_becomes_a_task_of_the_office(office: Office) -> None:
    office.choose("C1", Way.MAIL, "kimura", "wrong@aoki.example.jp")
    edition = office.sent()
    row = next(one for one in office.log(edition) if one.way == Way.MAIL)
    with arranging("the mail server refuses"):
        mail = OutgoingMail.objects.visible_to(current()).get(uid=row.mail_uid)
        mail.state, mail.error = MailState.FAILED, "宛先のアドレスが受け付けられません。"
        mail.save()
        clockwork.follow_up()
    with acting(office.sato):
        (task,) = queries.tasks(office.sato)
        assert task.facility.name == "青木内科"
        assert Notice.objects.visible_to(office.sato).filter(kind="edition_bounced").exists()
    office.does(sending.settle, task, note="電話でアドレスを確認した")
    with acting(office.sato):
        assert not queries.tasks(office.sato).exists()


def test_an_envelope_that_came_back_is_a_task_until_it_is_sent_again(office: Office) -> None:
    edition = office.sent()
    with clock.frozen(THE_25TH):
        assert office.does(sending.mark_posted, edition) == 2
        row = office.log(edition)[0]
        with pytest.raises(Invalid):
            office.does(sending.bounce, row, trouble=" ")
        office.does(sending.bounce, row, trouble="宛先不明")
        with acting(office.sato):
            assert queries.waiting(office.sato).count() == 1
        office.does(
            sending.send_to, office.edition(edition.uid), facility_id=row.facility_id, reason="住所を直した"
        )
    with acting(office.sato):
        assert not queries.waiting(office.sato).exists()


def test_an_institution_without_an_address_is_not_silently_left_out(office: Office) -> None:
    with arranging("no address"):
        clinic = office.cast.facility("C2")
        clinic.address = ""
        clinic.save()
    edition = office.sent()
    row = next(one for one in office.log(edition) if one.facility.name == "林医院")
    assert (row.state, row.trouble) == (Sending.BOUNCED, "住所が登録されていません")


def test_the_duty_table_is_never_on_the_public_page(office: Office, client: Client) -> None:
    edition = office.sent()
    for parts in (["duty"], ["outpatient", "duty"]):
        with pytest.raises(Invalid) as refused:
            office.does(sending.publish, edition, parts=parts)
        assert refused.value.code == "duty_never_public"
    assert not PublishedPart.objects.exists()
    with acting(office.sato):
        duty = queries.file(office.sato, edition, Part.DUTY)
    with arranging("past every action"), pytest.raises(IntegrityError), transaction.atomic():
        PublishedPart(
            facility=edition.facility,
            edition=edition,
            kind=Part.DUTY,
            month_on=JUNE,
            tables_on=JUNE,
            number=1,
            content=duty.content,
        ).save()
    office.does(sending.publish, edition, parts=["outpatient"])
    page = client.get(reverse("publications:editions_public", args=[edition.facility.uid]))
    assert "外来表" in page.content.decode()
    assert "当直医表" not in page.content.decode()
    assert client.get(reverse("publications:edition_public_part", args=[duty.uid])).status_code == 404
    for name, args in (("edition_file", ["duty"]), ("edition_received_file", ["duty"])):
        answer = client.get(reverse(f"publications:{name}", args=[edition.uid, *args]))
        assert answer.status_code == 302
        assert "/accounts/login/" in answer.headers["Location"]


def test_the_page_answers_422_to_publishing_the_duty_table(office: Office, browser: StaffClient) -> None:
    edition = office.sent()
    browser.log_in(office.sato)
    answer = browser.post(reverse("publications:edition_publish", args=[edition.uid]), {"parts": ["duty"]})
    assert answer.status_code == 422
    assert not PublishedPart.objects.exists()


def test_only_members_read_the_duty_table_that_was_sent_to_them(office: Office, browser: StaffClient) -> None:
    edition = office.sent()
    address = reverse("publications:edition_received_file", args=[edition.uid, "duty"])
    assert browser.log_in(office.cast.actor("kimura")).get(address).status_code == 200
    assert browser.log_in(office.cast.actor("east_clerk")).get(address).status_code == 404
    browser.log_in(office.cast.actor("kimura")).get(
        reverse("publications:edition_received", args=[edition.uid])
    )
    assert next(one for one in office.log(edition) if one.facility.name == "青木内科").opened_at is not None
    with acting(office.cast.actor("kimura")), pytest.raises(NotFound):
        queries.one(office.cast.actor("kimura"), edition.uid)


def test_a_newsletter_is_a_readable_pdf(office: Office) -> None:
    edition = office.filled()
    with pytest.raises(Invalid):
        office.does(making.set_newsletter, edition, name="news.pdf", content=b"not a pdf at all")
    row = office.does(making.set_newsletter, edition, name="広報6月.pdf", content=newsletter())
    assert row.pages == 1


@pytest.mark.parametrize(("sheet", "each", "pages"), [("24", 24, 2), ("12", 12, 3)])
def test_labels_fill_their_sheets(office: Office, sheet: str, each: int, pages: int) -> None:
    with acting(office.sato):
        one = receivers(office.sato, office.filled(), date(2026, 6, 25))[0]
    assert pdf.label_sheets()[sheet].labels == each
    made = PdfReader(io.BytesIO(pdf.labels("みどり中央病院", [one] * 30, sheet=sheet)))
    assert len(made.pages) == pages
    with pytest.raises(Invalid):
        pdf.labels("みどり中央病院", [one], sheet=sheet, start=each + 1)


def test_a_label_sheet_fits_on_a4() -> None:
    for sheet in pdf.label_sheets().values():
        wide = sheet.left * 2 + sheet.columns * sheet.width + (sheet.columns - 1) * sheet.gap_x
        high = sheet.top * 2 + sheet.rows * sheet.height + (sheet.rows - 1) * sheet.gap_y
        assert (round(wide, 1), round(high, 1)) == (210.0, 297.0)


def test_every_page_opens_for_its_side(office: Office, browser: StaffClient) -> None:
    draft = office.filled()
    browser.log_in(office.sato)
    for name, args in (
        ("editions", []),
        ("edition", [draft.uid]),
        ("edition_table", [draft.uid, "duty"]),
        ("edition_table", [draft.uid, "outpatient"]),
        ("edition_file", [draft.uid, "duty"]),
        ("edition_tasks", []),
        ("edition_choices", []),
    ):
        assert browser.get(reverse(f"publications:{name}", args=args)).status_code == 200, name
    office.does(making.make_ready, draft)
    with clock.frozen(THE_25TH):
        office.does(sending.send, office.edition(draft.uid))
    for name in ("edition", "edition_labels"):
        assert browser.get(reverse(f"publications:{name}", args=[draft.uid])).status_code == 200, name
    browser.log_in(office.cast.actor("kimura"))
    assert browser.get(reverse("publications:editions_received")).status_code == 200
    assert browser.get(reverse("publications:editions")).status_code == 403
