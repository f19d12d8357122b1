"""The pages: forms with the answers of last year, the area of a public body, the casebook, the files."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel.errors import NotAllowed
from renkei.publications import reference
from renkei.publications.functions import actions, planning, queries
from renkei.publications.functions.tests.conftest import NOTHING_OF_PART_TWO, PART_ONE
from renkei.publications.models import AreaFigure, FunctionReport, GapMeasure, LocalCase, ReportForm
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

HOME = "/publications/functions/"


def _report(actor: Actor, part_two: dict[str, object] | None = None) -> FunctionReport:
    with acting(actor):
        row = actions.start_report(actor, year=2026)
        row = actions.save_part_one(actor, row, answers=PART_ONE)
        row = actions.save_part_two(actor, row, answers=NOTHING_OF_PART_TWO | (part_two or {}))
        return actions.submit_report(actor, row)


def test_a_clinic_starts_its_report_and_comes_to_the_first_part(region: Cast, browser: StaffClient) -> None:
    browser.log_in(region.actor("aoki"))
    assert "報告を始める" in browser.get(HOME).content.decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "year_now", lambda: 2026)
        answer = browser.post(HOME + "start/")
    assert answer.status_code == 302
    assert answer["Location"].endswith("/part/1/")
    page = browser.get(answer["Location"]).content.decode()
    assert "院内掲示" in page
    assert "小数第2位を切り捨て" in page


def test_the_second_part_answers_409_without_the_first(region: Cast, browser: StaffClient) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.start_report(aoki, year=2026)
    browser.log_in(aoki)
    place = f"{HOME}{row.uid}/part/2/"
    assert browser.get(place).status_code == 409
    assert browser.post(place, NOTHING_OF_PART_TWO).status_code == 409
    with acting(aoki):
        assert queries.report(aoki, row.uid).part_two == {}


def test_a_name_that_matches_no_institution_is_refused_and_what_was_typed_stays(
    region: Cast, browser: StaffClient
) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.save_part_one(aoki, actions.start_report(aoki, year=2026), answers=PART_ONE)
    browser.log_in(aoki)
    sent = NOTHING_OF_PART_TWO | {"on_call": "3", "on_call_partners_1": "どこにもない医院"}
    answer = browser.post(f"{HOME}{row.uid}/part/2/", sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "「どこにもない医院」は見つかりません" in page
    assert 'value="どこにもない医院"' in page
    with acting(aoki):
        assert queries.report(aoki, row.uid).part_two == {}
    sent["on_call_partners_1"] = "林医院"
    assert browser.post(f"{HOME}{row.uid}/part/2/", sent).status_code == 302


def test_an_answer_out_of_bounds_comes_back_with_its_place(region: Cast, browser: StaffClient) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.start_report(aoki, year=2026)
    browser.log_in(aoki)
    answer = browser.post(f"{HOME}{row.uid}/part/1/", PART_ONE | {"training_fte": "二人"})
    assert answer.status_code == 422
    assert "例: 1.5" in answer.content.decode()


def test_what_changed_since_last_year_is_marked(region: Cast, browser: StaffClient) -> None:
    aoki = region.actor("aoki")
    _report(aoki, {"care_opinion": "0"})
    with acting(aoki):
        row = actions.start_report(aoki, year=2027, copy=True)
        row = actions.save_part_two(aoki, row, answers=dict(row.part_two) | {"care_opinion": "2"})
    page = browser.log_in(aoki).get(f"{HOME}{row.uid}/").content.decode()
    assert "昨年: 0 無し(意向無し)" in page
    assert "変わった回答は 1 か所です" in page


def test_an_answer_that_was_taken_away_is_marked_too(region: Cast, browser: StaffClient) -> None:
    aoki = region.actor("aoki")
    _report(aoki, {"overtime_count": "14"})
    with acting(aoki):
        row = actions.start_report(aoki, year=2027, copy=True)
        row = actions.save_part_one(aoki, row, answers=PART_ONE | {"diseases": []})
    page = browser.log_in(aoki).get(f"{HOME}{row.uid}/").content.decode()
    assert page.count("回答なしに変更") == 1
    assert "変わった回答は 1 か所です" in page


def test_an_officer_reads_a_report_and_gives_it_back(
    region: Cast, prefecture: Actor, browser: StaffClient
) -> None:
    aoki = region.actor("aoki")
    row = _report(aoki)
    browser.log_in(prefecture)
    assert browser.get(f"{HOME}{row.uid}/part/1/").status_code == 403
    assert browser.post(f"{HOME}{row.uid}/return/", {"reason": ""}).status_code == 422
    assert browser.post(f"{HOME}{row.uid}/return/", {"reason": "掲示の確認"}).status_code == 302
    assert browser.post(f"{HOME}{row.uid}/confirm/").status_code == 409
    page = browser.log_in(aoki).get(f"{HOME}{row.uid}/").content.decode()
    assert "掲示の確認" in page


def test_nobody_else_opens_a_report(region: Cast, browser: StaffClient) -> None:
    row = _report(region.actor("aoki"))
    for login_id in ("hayashi", "sato"):
        assert browser.log_in(region.actor(login_id)).get(f"{HOME}{row.uid}/").status_code == 404


def test_the_workbook_has_a_sheet_for_each_part_with_codes(region: Cast, browser: StaffClient) -> None:
    linked = {"backup_beds": "5", "backup_partners": [str(region.facility("H1").uid)]}
    row = _report(region.actor("aoki"), linked)
    content = browser.log_in(region.actor("aoki")).get(f"{HOME}{row.uid}/xlsx/").content
    book = openpyxl.load_workbook(BytesIO(content))
    assert book.sheetnames == ["1号機能", "2号機能"]
    lines = {r[2]: r for r in book["2号機能"].iter_rows(values_only=True)}
    assert lines["後方支援病床の確保"][3:5] == ("5", "5 有り(連携)")
    assert lines["後方支援病床を確保する連携医療機関の名称"][4] == "みどり中央病院"
    training = {r[2]: r for r in book["1号機能"].iter_rows(values_only=True)}
    assert training["研修の修了者の人数(常勤換算)"][3] == "1.2"


def test_the_prefecture_sees_gaps_by_area_on_map_and_table(
    region: Cast, prefecture: Actor, browser: StaffClient
) -> None:
    _report(region.actor("aoki"), {"home_deaths": "2"})
    browser.log_in(prefecture)
    page = browser.get(HOME + "area/?year=2026").content.decode()
    assert "湘南西部" in page
    assert "<svg" in page
    assert "空白" in page
    content = browser.get(HOME + "area/xlsx/?year=2026").content
    book = openpyxl.load_workbook(BytesIO(content))
    gaps = {r[0]: r for r in book["地域と機能"].iter_rows(values_only=True)}
    assert gaps["湘南西部"][4] == 1
    assert gaps["湘南西部"][6:10] == (0, 0, 1, 0)
    assert gaps["湘南西部"][10:12] == ("空白", "空白")
    assert gaps["横浜"][4] == 0
    listed = browser.get(HOME + "area/reports/?year=2026&area=1407&function=home_care").content.decode()
    assert "青木内科" in listed
    none = browser.get(HOME + "area/reports/?year=2026&area=1407&function=care_link").content.decode()
    assert "青木内科" not in none


def test_a_city_sees_its_own_area_only(region: Cast, city: Actor, browser: StaffClient) -> None:
    _report(region.actor("aoki"))
    page = browser.log_in(city).get(HOME + "area/?year=2026").content.decode()
    assert "伊勢原市" in page
    assert "平塚市" not in page


def test_a_gap_becomes_a_measure_with_owner_and_day(
    region: Cast, prefecture: Actor, city: Actor, browser: StaffClient
) -> None:
    _report(region.actor("aoki"))
    browser.log_in(prefecture)
    place = HOME + "measures/new/?year=2026&area=14214&function=after_hours"
    assert "足りない" in browser.get(place).content.decode()
    sent = {"issue": "夜間の担い手がない", "measure": "輪番を組む", "owner": "市医師会", "due_on": "R9.3.31"}
    assert browser.post(place, sent).status_code == 302
    with acting(city):
        row = queries.measures(city, year=2026)[0]
        assert (row.owner, str(row.due_on)) == ("市医師会", "2027-03-31")
        assert row.facility_id == prefecture.facility_id
    page = browser.log_in(city).get(HOME + "area/?year=2026").content.decode()
    assert "夜間の担い手がない" in page
    assert browser.get(f"{HOME}measures/{row.uid}/").status_code == 200
    assert browser.post(f"{HOME}measures/{row.uid}/", sent).status_code == 404, (
        "the wall keeps it for its house"
    )
    browser.log_in(prefecture)
    assert browser.post(f"{HOME}measures/{row.uid}/", sent | {"done_on": "2199-01-01"}).status_code == 422
    done = sent | {"done_on": "2020-04-01", "result": "2か所が参加"}
    assert browser.post(f"{HOME}measures/{row.uid}/", done).status_code == 302
    with acting(region.actor("aoki")) as aoki:
        assert list(GapMeasure.objects.visible_to(aoki)) == []


def test_a_city_writes_nothing_about_another_city(region: Cast, city: Actor, browser: StaffClient) -> None:
    place = HOME + "measures/new/?year=2026&area=14203&function=after_hours"
    assert browser.log_in(city).post(place, {"issue": "隣の市"}).status_code == 403
    with acting(city):
        assert not GapMeasure.objects.visible_to(city).exists()


def test_figures_give_the_class_beside_the_printed_one(
    region: Cast, prefecture: Actor, browser: StaffClient
) -> None:
    browser.log_in(prefecture)
    sent = {"area": "1407", "year": "2025", "population": "150,000", "km2": "600", "printed_class": "sparse"}
    assert browser.post(HOME + "area/figures/", sent).status_code == 302
    page = browser.get(HOME + "area/figures/").content.decode()
    assert "地方都市型" in page
    assert "計算と違います" in page
    row = AreaFigure.objects.get(area__code="1407")
    assert (row.population, row.printed_class) == (150_000, "sparse")
    for wrong in ({"population": "たくさん"}, {"km2": "0"}, {"year": "八年"}):
        assert browser.post(HOME + "area/figures/", sent | wrong).status_code == 422


def test_a_csv_of_figures_comes_in_whole_or_not_at_all(
    region: Cast, prefecture: Actor, browser: StaffClient
) -> None:
    browser.log_in(prefecture)
    head = "地域コード,年,人口,面積,印刷された分類,出典\n"
    bad = head + "1407,2025,200000,5000,地方都市型,統計\n1408,2025,x,10,,\n"
    answer = _import(browser, bad)
    assert answer.status_code == 422
    assert "3行目" in answer.content.decode()
    assert not AreaFigure.objects.exists()
    good = head + "1407,2025,200000,5000,地方都市型,統計\n1408,2025,99999,10,-,統計\n"
    assert _import(browser, good).status_code == 302
    assert _import(browser, good).status_code == 302
    by = queries.thresholds()
    found = {f.area.code: queries.computed_class(f, by) for f in AreaFigure.objects.select_related("area")}
    assert found == {"1407": "regional", "1408": "large"}


def _import(browser: StaffClient, text: str):  # type: ignore[no-untyped-def]
    file = SimpleUploadedFile("area.csv", text.encode("cp932"))
    return browser.post(HOME + "area/figures/", {"import": "1", "file": file})


@pytest.fixture
def casebook(db: None) -> None:
    """The shipped casebook as rows."""
    with arranging():
        reference.load()
        reference.load()


@pytest.mark.usefixtures("casebook")
def test_the_casebook_is_searched_by_function_and_class(region: Cast, browser: StaffClient) -> None:
    assert LocalCase.objects.count() == 16
    assert {c.number for c in queries.cases(function="after_hours", sure_only=True)} == {3, 4, 8, 9, 10}
    assert {c.number for c in queries.cases(function="after_hours")} == {3, 4, 8, 9, 10, 11, 12, 13, 14}
    sparse = {c.number for c in queries.cases(klass="sparse")}
    assert sparse == {7, 12}
    assert 7 in {c.number for c in queries.cases(klass="regional")}, "by the rule, though printed otherwise"
    page = browser.log_in(region.actor("aoki")).get(HOME + "cases/?q=米子").content.decode()
    assert "印刷: 過疎地域型" in page
    assert "計算: 地方都市型(印刷と違います)" in page
    assert "福井県" not in page.split("</form>", 1)[1].split("<p class")[0]


@pytest.mark.usefixtures("casebook")
def test_a_case_is_mended_by_an_officer_only(region: Cast, prefecture: Actor, browser: StaffClient) -> None:
    row = queries.cases(text="すぎうら")[0]
    assert browser.log_in(region.actor("aoki")).get(f"{HOME}cases/{row.uid}/").status_code == 403
    browser.log_in(prefecture)
    assert browser.get(f"{HOME}cases/{row.uid}/").status_code == 200
    sent = {
        "who": row.who,
        "place": row.place,
        "kind": row.kind,
        "summary": row.summary,
        "printed_class": "regional",
        "mark_discharge": "sure",
    }
    assert browser.post(f"{HOME}cases/{row.uid}/", sent).status_code == 302
    assert queries.case(row.uid).marks == {"discharge": "sure"}


def test_the_form_of_a_year_is_edited_as_a_new_version(
    region: Cast, prefecture: Actor, browser: StaffClient
) -> None:
    text = queries.form_of(2026).text.replace("在宅当番医制への参加", "在宅当番医制への参加(確認済み)")
    browser.log_in(prefecture)
    assert browser.get(HOME + "forms/2026/").status_code == 200
    wrong = {"text": text.replace("year = 2026", "year = x"), "from_on": "R8.1.1", "note": "文言の確認"}
    assert browser.post(HOME + "forms/2026/", wrong).status_code == 422
    assert not ReportForm.objects.exists()
    right = {"text": text, "from_on": "R8.1.1", "note": "文言の確認"}
    assert browser.post(HOME + "forms/2026/", right).status_code == 302
    assert "(確認済み)" in queries.form_of(2026).part_two[0].label
    with acting(region.actor("aoki")) as aoki, pytest.raises(NotAllowed):
        planning.save_form(aoki, text=text, note="x", from_on=queries.form_rows(2026)[0].from_on)
