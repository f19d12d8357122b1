"""The screens of both sides and of everybody."""

from __future__ import annotations

import io
from datetime import date

import pypdf
import pytest
from openpyxl import Workbook

from renkei.directory.models import Facility, Post
from renkei.enrolments import actions, importing, queries
from renkei.enrolments.models import Application, Certificate, Enrolment, Scheme
from renkei.enrolments.tests.conftest import FIRST_DAY, HAYASHI, draft
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from testing.cast import Cast
from testing.fixtures import StaffClient

pytestmark = pytest.mark.django_db
FORM = {"physician_name": HAYASHI, "physician_kana": "ハヤシ カズヒコ", "answer_departments": "内科"}


@pytest.fixture(autouse=True)
def _june() -> object:
    with clock.frozen(FIRST_DAY):
        yield


def member(region: Cast, scheme: Scheme) -> Enrolment:
    row = actions.apply(region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2")))
    return actions.approve(region.actor("sato"), row)


def test_a_clinic_applies_by_web_and_the_office_approves(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    browser.log_in(region.actor("hayashi"))
    page = browser.get("/enrolments/").content.decode()
    assert "登録医制度" in page
    answer = browser.post(f"/enrolments/apply/{scheme.uid}/", FORM)
    assert answer.status_code == 302
    row = Application.objects.visible_to(region.actor("sato")).get()
    browser.log_in(region.actor("sato"))
    page = browser.get(answer["Location"]).content.decode()
    assert "条件を満たしています" in page
    done = browser.post(f"/enrolments/applications/{row.uid}/decide/approve/", {"version": row.version})
    assert done.status_code == 302
    assert queries.marks_on([region.facility("C2").pk])


def test_a_form_with_a_gap_names_it_and_saves_nothing(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    browser.log_in(region.actor("hayashi"))
    answer = browser.post(f"/enrolments/apply/{scheme.uid}/", FORM | {"answer_departments": ""})
    assert answer.status_code == 422
    assert "診療科" in answer.content.decode()
    assert not Application.objects.visible_to(region.actor("sato")).exists()


def test_withdrawal_by_staff_who_is_not_the_representative_is_403(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    row = actions.apply(
        region.actor("kimura"), scheme=scheme, draft=draft(region.facility("C1"), "青木 正道")
    )
    found = actions.approve(region.actor("sato"), row)
    browser.log_in(region.actor("kimura"))
    page = browser.get(f"/enrolments/members/{found.uid}/").content.decode()
    assert "辞退を届け出る" not in page
    answer = browser.post(
        f"/enrolments/members/{found.uid}/withdraw/", {"last_on": "2026-09-30", "version": found.version}
    )
    assert answer.status_code == 403
    assert queries.enrolment(region.actor("sato"), found.uid).ended_on is None
    browser.log_in(region.actor("aoki"))
    answer = browser.post(
        f"/enrolments/members/{found.uid}/withdraw/", {"last_on": "R8.9.30", "version": found.version}
    )
    assert answer.status_code == 302
    assert queries.enrolment(region.actor("sato"), found.uid).ended_on == date(2026, 10, 1)


def test_the_certificate_is_a_pdf_that_leads_to_its_public_page(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    found = member(region, scheme)
    browser.log_in(region.actor("hayashi"))
    answer = browser.get(f"/enrolments/members/{found.uid}/certificate.pdf")
    assert answer["Content-Type"] == "application/pdf"
    text = pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text().replace("\n", "")
    for words in (
        "登録医証",
        "2026-0001",
        "林 和彦",
        "林医院",
        "令和8年6月1日",
        "令和9年3月31日",
        "みどり中央病院",
    ):
        assert words.replace(" ", "") in text.replace(" ", ""), words
    certificate = Certificate.objects.get()
    browser.logout()
    public = browser.get(f"/enrolments/verify/{certificate.token}/").content.decode()
    assert "この登録証は有効です" in public
    assert HAYASHI in public


def test_a_void_certificate_says_so_to_everybody(region: Cast, scheme: Scheme, browser: StaffClient) -> None:
    found = member(region, scheme)
    actions.reissue(region.actor("sato"), found, reason="紛失")
    old = Certificate.objects.exclude(voided_on=None).get()
    public = browser.get(f"/enrolments/verify/{old.token}/").content.decode()
    assert "有効ではありません" in public
    assert "紛失" in public
    assert browser.get("/enrolments/verify/00000000-0000-4000-8000-000000000000/").status_code == 404


def test_the_public_list_shows_members_of_today_and_no_private_word(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    found = member(region, scheme)
    url = f"/enrolments/list/{scheme.uid}/"
    page = browser.get(url).content.decode()
    assert "林医院" in page
    assert "ハヤシ カズヒコ" not in page
    actions.withdraw(region.actor("hayashi"), found, last_on=date(2026, 6, 1))
    with clock.frozen(clock.jst(2026, 6, 2)):
        assert "林医院" not in browser.get(url).content.decode()


def test_another_office_opens_none_of_the_pages(region: Cast, scheme: Scheme, browser: StaffClient) -> None:
    found = member(region, scheme)
    browser.log_in(region.actor("east_clerk"))
    for path, status in (
        (f"/enrolments/schemes/{scheme.uid}/", 403),
        (f"/enrolments/schemes/{scheme.uid}/members/", 403),
        (f"/enrolments/members/{found.uid}/", 404),
        (f"/enrolments/members/{found.uid}/certificate.pdf", 404),
    ):
        assert browser.get(path).status_code == status, path


def test_the_office_reads_every_page_of_a_scheme(region: Cast, scheme: Scheme, browser: StaffClient) -> None:
    member(region, scheme)
    browser.log_in(region.actor("sato"))
    for path, words in (
        ("", "審査待ち"),
        ("members/", "林医院"),
        ("renewals/", "自動で更新"),
        ("exceptions/", "例外はありません"),
        ("settings/", "年度末"),
        ("import/", "医療機関番号"),
        ("paper/", "医師の氏名"),
    ):
        answer = browser.get(f"/enrolments/schemes/{scheme.uid}/{path}")
        assert answer.status_code == 200, path
        assert words in answer.content.decode(), path


def test_a_member_list_asks_the_same_number_of_questions_at_any_length(
    region: Cast, scheme: Scheme, browser: StaffClient, django_assert_max_num_queries: object
) -> None:
    member(region, scheme)
    browser.log_in(region.actor("sato"))
    url = f"/enrolments/schemes/{scheme.uid}/members/"
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for extra in ("", "乙", "丙"):
        if extra:
            row = actions.apply(
                region.actor("sato"),
                scheme=scheme,
                draft=draft(region.facility("C1"), f"登録 {extra}"),
                channel="paper",
            )
            actions.approve(region.actor("sato"), row)
        browser.get(url)
        with CaptureQueriesContext(connection) as seen:
            browser.get(url)
        counts.append(len(seen))
    assert counts[1] == counts[2]


def book(lines: list[list[object]]) -> bytes:
    made = Workbook()
    for line in lines:
        made.active.append(line)
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


LINES: list[list[object]] = [
    ["医療機関番号", "医療機関名", "医師名", "カナ", "診療科"],
    ["1410000045", "", "林 和彦", "ハヤシ カズヒコ", "内科"],
    ["", "青木内科", "青木 正道", "", "内科"],
    ["9999999999", "", "無名 氏", "", ""],
    ["1410000045", "", "林 和彦", "", "内科"],
]


def test_a_list_is_told_row_by_row_and_a_dry_run_changes_nothing(region: Cast, scheme: Scheme) -> None:
    office = region.actor("sato")
    dry = importing.take(office, scheme, "a.xlsx", book(LINES), dry=True)
    assert [r.good for r in dry.rows] == [True, True, False, False]
    assert [r.number for r in dry.rows] == [2, 3, 4, 5]
    assert not Application.objects.visible_to(office).exists()
    done = importing.take(office, scheme, "a.xlsx", book(LINES), dry=False)
    assert (done.good, done.bad) == (2, 2)
    assert "名簿にありません" in done.rows[2].says
    assert Application.objects.visible_to(office).count() == 2


def test_a_list_without_its_headers_is_refused_as_a_whole(region: Cast, scheme: Scheme) -> None:
    with pytest.raises(Invalid, match="見出し"):
        importing.take(region.actor("sato"), scheme, "a.csv", "名前\n林\n".encode(), dry=False)


def test_ticked_applications_are_approved_together_and_the_others_stay(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    office = region.actor("sato")
    importing.take(office, scheme, "a.xlsx", book(LINES), dry=False)
    outside = actions.apply(
        office, scheme=scheme, draft=draft(region.facility("X1"), "遠山 渉"), channel="paper"
    )
    browser.log_in(office)
    ticked = [str(uid) for uid in Application.objects.visible_to(office).values_list("uid", flat=True)]
    browser.post(f"/enrolments/schemes/{scheme.uid}/approve/", {"application": ticked})
    assert queries.members(office, scheme).count() == 2
    assert queries.application(office, outside.uid).state == "submitted"


def test_a_long_name_stays_on_one_sheet(region: Cast, scheme: Scheme, browser: StaffClient) -> None:
    office = region.actor("sato")
    from testing.database import arranging

    with arranging():
        facility = Facility.objects.get(pk=region.facility("C2").pk)
        facility.name = "医療法人社団みどり会桜台整形外科リハビリテーションクリニック附属診療所"
        facility.save()
        Post.objects.create(
            facility=region.facility("H1"),
            title="病院長",
            holder="緑川 誠",
            representative=True,
            from_on=date(2020, 4, 1),
        )
    row = actions.apply(
        office, scheme=scheme, draft=draft(region.facility("C2"), "勅使河原 龍之介左衛門"), channel="paper"
    )
    found = actions.approve(office, row)
    with acting(office):
        browser.log_in(office)
        content = browser.get(f"/enrolments/members/{found.uid}/certificate.pdf").content
    assert len(pypdf.PdfReader(io.BytesIO(content)).pages) == 1


def test_the_owner_ends_a_scheme_and_nobody_else(region: Cast, scheme: Scheme, browser: StaffClient) -> None:
    page = f"/enrolments/schemes/{scheme.uid}/end/"
    scheme.refresh_from_db()
    browser.log_in(region.actor("hayashi"))
    assert browser.post(page, {"ended_on": "2027-04-01", "version": scheme.version}).status_code == 403
    browser.log_in(region.actor("sato"))
    refused = browser.post(page, {"ended_on": "2001-04-01", "version": scheme.version})
    assert refused.status_code == 422
    assert "終了日が開始日より前です" in refused.content.decode()
    assert queries.scheme(scheme.uid).ended_on is None
    assert browser.post(page, {"ended_on": "2026-06-02", "version": scheme.version}).status_code == 302
    assert (
        "2026年6月2日に終了します"
        in browser.get(f"/enrolments/schemes/{scheme.uid}/settings/").content.decode()
    )
    with clock.frozen(clock.jst(2026, 6, 2, 9)):
        browser.log_in(region.actor("hayashi"))
        assert browser.post(f"/enrolments/apply/{scheme.uid}/", FORM).status_code == 422
    assert not Application.objects.visible_to(region.actor("sato")).exists()
