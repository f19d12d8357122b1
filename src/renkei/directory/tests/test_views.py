"""Pages of the directory: who sees which button, forms that keep what was typed, constant query counts."""

from __future__ import annotations

from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from renkei.directory import queries, reference
from renkei.directory.models import Area, Facility, Organization
from renkei.directory.types import AreaLevel
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.terms.models import Term
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def url(name: str, facility: Facility, *more: object) -> str:
    return reverse(f"directory:{name}", args=[facility.uid, *more])


def test_the_list_finds_pages_and_filters(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("kimura"))
    page = browser.get("/directory/", {"q": "みどり", "kind": "hospital"})
    assert "みどり東病院" in page.content.decode()
    assert "林医院" not in page.content.decode()
    assert "当てはまる医療機関がありません" in browser.get("/directory/", {"q": "zzz"}).content.decode()


def test_the_list_asks_the_same_number_of_questions_for_more_rows(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("kimura"))
    browser.get("/directory/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/directory/")
    with arranging():
        founder = Organization.objects.create(name="医療法人")
        for n in range(20):
            Facility.objects.create(kind="clinic", name=f"医院{n}", kana="イイン", organization=founder)
    with CaptureQueriesContext(connection) as many:
        browser.get("/directory/")
    assert len(many) == len(few)


def test_buttons_to_change_are_for_the_own_facility(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    assert (
        url("edit", cast.facility("H1")) in browser.get(url("facility", cast.facility("H1"))).content.decode()
    )
    other = browser.get(url("facility", cast.facility("H2"))).content.decode()
    assert url("edit", cast.facility("H2")) not in other
    assert browser.get(url("edit", cast.facility("H2"))).status_code == 403
    assert browser.get(reverse("directory:import")).status_code == 403


def test_an_anonymous_visitor_is_asked_to_log_in(cast: Cast, browser: StaffClient) -> None:
    assert browser.get("/directory/").status_code == 302


def test_the_form_saves_and_keeps_what_was_typed_wrongly(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("oka"))
    hospital = cast.facility("H1")
    page = url("edit", hospital)
    form = {"name": hospital.name, "kana": "ミドリ", "phone": "12", "version": "1"}
    wrong = browser.post(page, form)
    assert wrong.status_code == 422
    assert "市外局番から" in wrong.content.decode()
    assert 'value="12"' in wrong.content.decode()
    assert browser.post(page, form | {"phone": "0463-00-1234"}).status_code == 302
    assert queries.facility(hospital.uid).phone == "0463-00-1234"
    assert browser.post(page, form | {"phone": "0463-00-5678"}).status_code == 409


def test_a_facility_placed_in_a_whole_secondary_area_stays_there_when_its_form_is_saved(
    cast: Cast, browser: StaffClient
) -> None:
    with arranging():
        area = Area.objects.create(level=AreaLevel.SECONDARY_AREA, code="1499", name="西湖")
        Facility.objects.filter(pk=cast.facility("H1").pk).update(area=area)
    browser.log_in(cast.actor("oka"))
    shown = browser.get(url("edit", cast.facility("H1"))).content.decode()
    assert f'<option value="{area.pk}" selected>西湖(全体)</option>' in shown


def test_hours_are_entered_as_the_table_at_the_door(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("aoki"))
    clinic = cast.facility("C1")
    good = {"opens_1": "09:00", "closes_1": "12:00", "days_1": ["0", "2"], "version": "1"}
    assert browser.post(url("hours", clinic), good | {"opens_2": "15:00"}).status_code == 422
    assert browser.post(url("hours", clinic), good | {"closes_1": "08:00"}).status_code == 422
    assert browser.post(url("hours", clinic), good).status_code == 302
    assert [entry["weekday"] for entry in queries.facility(clinic.uid).hours] == [0, 2]
    assert "09:00–12:00" in browser.get(url("facility", clinic)).content.decode()


def test_departments_posts_and_relations_by_their_pages(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("oka"))
    hospital, clinic = cast.facility("H1"), cast.facility("C1")
    assert browser.post(url("add_department", hospital), {"name": "皮膚科"}).status_code == 302
    made = queries.departments(hospital)[0]
    assert browser.post(url("department", hospital, made.pk), {"name": made.name}).status_code == 302
    assert browser.get(url("department", hospital, 0)).status_code == 404
    assert browser.get(url("department", clinic, made.pk)).status_code == 403
    post = {"title": "病院長", "holder": "森 太郎", "representative": "on", "from_on": "R2.4.1"}
    assert browser.post(url("add_post", hospital), post).status_code == 302
    held = queries.posts(hospital)[0]
    assert browser.post(url("end_post", hospital, held.pk)).status_code == 302
    assert queries.posts(hospital) == []
    relation = {"other": clinic.name, "other_code": str(clinic.uid)}
    assert browser.post(url("relation", hospital), relation).status_code == 302
    assert queries.special_relation(hospital.pk, clinic.pk)
    assert browser.post(url("relation", hospital), {"remove": str(clinic.uid)}).status_code == 302
    assert not queries.special_relation(hospital.pk, clinic.pk)
    assert browser.post(url("relation", hospital), {"other": "無い施設"}).status_code == 422


def test_a_map_goes_up_is_shown_and_comes_down(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("oka"))
    hospital, out = cast.facility("H1"), BytesIO()
    Image.new("RGB", (40, 30)).save(out, "PNG")
    page = url("picture", hospital)
    assert browser.post(page, {"picture": SimpleUploadedFile("a.png", b"no picture")}).status_code == 422
    assert browser.post(page, {"picture": SimpleUploadedFile("a.png", out.getvalue())}).status_code == 302
    assert browser.get(url("map", hospital))["Content-Type"] == "image/png"
    assert browser.post(page, {"remove": "1"}).status_code == 302
    assert browser.get(url("map", hospital)).status_code == 404


def test_a_deadline_is_changed_from_a_day_on_and_its_history_shown(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("oka"))
    hospital = cast.facility("H1")
    page = url("rule", hospital, "referral.accept_hours")
    assert browser.get(url("settings", hospital)).status_code == 200
    assert browser.post(page, {"value": "9999", "valid_from": "R30.1.1"}).status_code == 422
    today = clock.today().isoformat()
    assert browser.post(page, {"value": "8", "valid_from": today}).status_code == 302
    shown = browser.get(page).content.decode()
    assert "みどり中央病院の設定" in shown
    assert "全国の初期値" in shown
    assert browser.post(page, {"reset": "1"}).status_code == 302
    assert queries.rule("referral.accept_hours", hospital.pk) == 24
    assert browser.get(url("rule", hospital, "no.such")).status_code == 404


def test_a_clinic_closes_by_its_page(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("aoki"))
    clinic = cast.facility("C1")
    assert browser.post(url("close", clinic), {"closed_on": clock.today().isoformat()}).status_code == 302
    assert "閉院しました" in browser.get(url("facility", clinic)).content.decode()


@pytest.fixture
def as_administrator(browser: StaffClient, administrator: Actor) -> StaffClient:
    return browser.log_in(administrator)


def test_a_list_is_checked_then_confirmed(cast: Cast, as_administrator: StaffClient) -> None:
    rows = "名称,種別\n空の医院,診療所\n壊れた行,謎\n".encode("cp932")
    sent = as_administrator.post(reverse("directory:import"), {"file": SimpleUploadedFile("一覧.csv", rows)})
    assert sent.status_code == 302
    checked = as_administrator.get(sent["Location"]).content.decode()
    assert "3行目" in checked
    assert "謎" in checked
    assert not Facility.objects.filter(name="空の医院").exists()
    assert as_administrator.post(sent["Location"]).status_code == 302
    assert not Facility.objects.filter(name="空の医院").exists()
    assert "直しが必要な行が1件" in as_administrator.get(sent["Location"]).content.decode()
    assert as_administrator.post(sent["Location"], {"leave_out_bad": "1"}).status_code == 302
    assert Facility.objects.filter(name="空の医院").exists()
    assert as_administrator.post(sent["Location"], {"leave_out_bad": "1"}).status_code == 409
    bad = as_administrator.post(reverse("directory:import"), {"file": SimpleUploadedFile("x.csv", b"a,b\n")})
    assert bad.status_code == 422


def test_a_facility_is_registered(cast: Cast, as_administrator: StaffClient) -> None:
    form = {"name": "新しい病院", "kind": "hospital", "organization": "みどり市", "beds": "120"}
    page = reverse("directory:add")
    assert as_administrator.post(page, form | {"institution_number": "123"}).status_code == 422
    assert as_administrator.post(page, form).status_code == 302
    assert Facility.objects.get(name="新しい病院").organization.name == "みどり市"


def test_the_export_is_a_file_that_spreadsheets_read(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("kimura"))
    response = browser.get(reverse("directory:export"), {"kind": "clinic"})
    assert "attachment" in response["Content-Disposition"]
    text = response.content.decode("utf-8-sig")
    assert "青木内科" in text
    assert "みどり中央病院" not in text


def test_suggestions_are_for_staff_only(cast: Cast, browser: StaffClient) -> None:
    page = reverse("directory:suggest")
    assert browser.get(page, {"q": "青木"}).status_code == 302
    browser.log_in(cast.actor("sato"))
    found = browser.get(page, {"q": "あおき"}).json()["results"]
    assert [(f["code"], f["text"]) for f in found] == [(str(cast.facility("C1").uid), "青木内科")]


def test_one_command_loads_every_shipped_table(cast: Cast) -> None:
    said = StringIO()
    with arranging():
        call_command("load_reference", stdout=said)
    assert "地域" in said.getvalue()
    assert "用語" in said.getvalue()
    assert Term.objects.filter(system="department", label="内科").exists()
    with arranging():
        assert "追加 0" in reference.load()
