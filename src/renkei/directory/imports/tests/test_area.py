"""The list of a whole area comes in: dental included, wrong rows named, nothing half saved (S49)."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.directory import actions as directory
from renkei.directory import queries
from renkei.directory.imports import actions, running
from renkei.directory.imports.judging import check
from renkei.directory.imports.mapping import Columns, guess
from renkei.directory.imports.tables import read
from renkei.directory.imports.tests import area
from renkei.directory.models import Area, Facility, FacilityImport, ImportMapping
from renkei.directory.profiles import actions as own
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def taken_in(actor: Actor, content: bytes, *, leave_out_bad: bool = False) -> FacilityImport:
    """The list through all its steps, the job run at once."""
    with acting(actor):
        kept = actions.upload(actor, name="県の一覧.csv", content=content)
        kept = actions.set_columns(actor, kept, columns=actions.proposed(actor, kept)[0])
        running.run(actor, kept, leave_out_bad=leave_out_bad)
    with arranging():
        running.take_in(import_uid=str(kept.uid))
    with acting(actor):
        found: FacilityImport = FacilityImport.objects.visible_to(actor).get(pk=kept.pk)
    return found


def test_650_institutions_come_in_at_once_and_are_found(cast: Cast, administrator: Actor) -> None:
    kept = taken_in(administrator, area.as_csv(area.rows()))
    assert kept.summary == {"new": 650, "change": 0, "same": 0, "bad": 0}
    new = Facility.objects.filter(name__startswith="架空")
    assert {kind: new.filter(kind=kind).count() for kind in ("hospital", "clinic", "dental")} == {
        "hospital": 33,
        "clinic": 391,
        "dental": 226,
    }
    assert not new.filter(uses_renkei=True).exists()
    dental = queries.facility_by_number("2820000650")
    assert dental is not None
    assert (dental.name, dental.kind, dental.latitude) == ("架空650番歯科医院", "dental", 34.7)
    assert [d.name for d in queries.departments(dental)] == ["歯科", "歯科口腔外科"]
    assert [(h.opens, h.days[0], h.days[5]) for h in queries.hours_table(dental)] == [
        ("09:00", True, False),
        ("14:00", True, False),
    ]
    with CaptureQueriesContext(connection) as asked:
        found = queries.search_facilities("架空650", ["dental"])
    assert [f.name for f in found] == ["架空650番歯科医院"]
    assert len(asked) == 1
    again = check(area.as_csv(area.rows()), guess(area.HEAD))
    assert again.summary() == {"new": 0, "change": 0, "same": 650, "bad": 0}


def test_the_dry_run_asks_the_same_for_five_rows_and_for_650(cast: Cast) -> None:
    counts = []
    for lines in (area.rows()[:5], area.rows()):
        with CaptureQueriesContext(connection) as asked:
            check(area.as_csv(lines), guess(area.HEAD))
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] <= 7


def test_new_changed_and_unchanged_rows_are_told_apart(cast: Cast, administrator: Actor) -> None:
    lines = area.rows()[:4]
    taken_in(administrator, area.as_csv(lines))
    lines[0][6] = "078-000-9999"
    lines[1][9] = "内科;眼科"
    report = check(area.as_csv([*lines, area.rows()[640]]), guess(area.HEAD))
    assert [(line.outcome, line.changes) for line in report.lines] == [
        ("change", ["電話"]),
        ("change", ["診療科"]),
        ("same", []),
        ("same", []),
        ("new", []),
    ]


def test_every_wrong_row_is_named_with_line_column_and_remedy(cast: Cast, administrator: Actor) -> None:
    lines = area.rows()[:8]
    lines[1][0] = lines[0][0]
    lines[2][3] = "よくわからない所"
    lines[3][11], lines[3][12] = "135.0", "34.7"
    lines[4][13] = "朝から夕方まで"
    lines[5][0] = "12345"
    lines[6][6] = "12"
    with arranging():
        Facility.objects.create(
            kind="hospital", name="もとの病院", institution_number="2810000008", phone="0790-00-0001"
        )
    report = check(area.as_csv(lines), guess(area.HEAD))
    problems = {(line.number, column) for line in report.lines for column, _ in line.problems}
    assert problems == {
        (3, "行全体"),
        (4, "種別"),
        (5, "緯度"),
        (5, "経度"),
        (6, "診療時間(月)"),
        (7, "医療機関番号"),
        (8, "電話"),
        (9, "医療機関番号"),
    }
    remedies = {line.number: line.problems[0][1] for line in report.lines if line.problems}
    assert "2行目と同じ施設" in remedies[3]
    assert "緯度と経度が逆" in remedies[5]
    assert "「もとの病院」に登録されている番号" in remedies[9]


def test_a_list_with_bad_rows_is_not_half_saved(cast: Cast, administrator: Actor) -> None:
    lines = area.rows()[:130]
    lines[100][0] = lines[99][0]
    content = area.as_csv(lines)
    with pytest.raises(NotPossibleNow):
        taken_in(administrator, content)
    assert not Facility.objects.filter(name__startswith="架空").exists()
    kept = taken_in(administrator, content, leave_out_bad=True)
    assert (kept.summary["new"], kept.summary["bad"]) == (129, 1)
    assert Facility.objects.filter(name__startswith="架空").count() == 129


def test_a_list_that_became_wrong_before_its_job_ran_writes_nothing_and_says_why(
    cast: Cast, administrator: Actor
) -> None:
    with acting(administrator):
        kept = actions.upload(administrator, name="x.csv", content=area.as_csv(area.rows()[:130]))
        kept = actions.set_columns(administrator, kept, columns=guess(area.HEAD))
        running.run(administrator, kept)
        with pytest.raises(NotPossibleNow):
            running.run(administrator, kept)
        directory.add_facility(
            administrator, kind="clinic", name="先に入った医院", institution_number="2810000001"
        )
    with arranging():
        running.take_in(import_uid=str(kept.uid))
    with acting(administrator):
        kept = FacilityImport.objects.visible_to(administrator).get(pk=kept.pk)
    assert kept.applied_at is None
    assert "直しが必要な行が1件" in kept.problem
    assert not Facility.objects.filter(name__startswith="架空").exists()


def test_a_workbook_below_a_title_reads_like_the_csv(cast: Cast) -> None:
    lines = area.rows()[:3]
    book = read(area.as_xlsx(lines, title="県内医療機関一覧(令和8年4月1日現在)"))
    assert (book.heads, book.head_line, [number for number, _ in book.rows]) == (area.HEAD, 2, [3, 4, 5])
    report = check(area.as_xlsx(lines), Columns.of_json(guess(area.HEAD).as_json() | {"prefecture": "28"}))
    # A number in a cell loses its leading zeros; seven digits are no longer there.
    assert {column for line in report.lines for column, _ in line.problems} <= {"医療機関番号"}
    full = [[f"2810000{n:03d}", *line[1:]] for n, line in enumerate(lines, start=1)]
    assert check(area.as_xlsx(full), guess(area.HEAD)).count("new") == 3


def packed(**parts: str) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as book:
        for name, text in parts.items():
            book.writestr(f"xl/{name}.xml", text)
    return out.getvalue()


@pytest.mark.parametrize(
    "raw",
    [
        b"PK\x03\x04 broken",
        packed(other="<x/>"),
        packed(workbook='<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'),
        area.as_xlsx(area.rows()[:2])[:-40],
    ],
)
def test_a_broken_or_harmful_workbook_is_refused(cast: Cast, raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read(raw)
    assert refused.value.field == "file"


def test_columns_are_guessed_from_the_headings_of_published_lists(cast: Cast) -> None:
    found = guess(area.HEAD).fields
    assert [found[head] for head in area.HEAD] == [
        "institution_number",
        "name",
        "kana",
        "kind",
        "postal_code",
        "address",
        "phone",
        "fax",
        "organization",
        "departments",
        "beds",
        "latitude",
        "longitude",
        "hours_0",
        "hours_5",
        "",
    ]
    national = guess(
        [
            "ID",
            "正式名称",
            "正式名称（フリガナ）",
            "機関区分",
            "所在地座標（緯度）",
            "合計病床数",
            "月_診療開始時間",
        ]
    )
    assert list(national.fields.values()) == ["", "name", "kana", "kind", "latitude", "beds", "opens_0"]


def test_two_columns_of_one_meaning_and_a_list_without_names_are_refused(cast: Cast) -> None:
    for columns in (
        Columns({"A": "name", "B": "name", "C": "kind"}),
        Columns({"A": "phone"}, kind="clinic"),
        Columns({"A": "name"}),
    ):
        with pytest.raises(Invalid):
            columns.check()


def test_a_mapping_is_kept_under_a_name_and_offered_for_the_same_headings(
    cast: Cast, administrator: Actor
) -> None:
    head = ["番号", "屋号", "ばしょ", "名称"]
    content = area.as_csv([["2830000001", "架空歯科", "兵庫県神戸市西区1", "架空歯科医院"]], head)
    with acting(administrator):
        kept = actions.upload(administrator, name="歯科医師会.csv", content=content)
        assert kept.columns == {}
        columns = Columns(
            {"番号": "institution_number", "屋号": "", "ばしょ": "address", "名称": "name"}, kind="dental"
        )
        kept = actions.set_columns(administrator, kept, columns=columns, save_as="歯科医師会の名簿")
        assert actions.report_of(kept).lines[0].values["kind"] == "dental"
        again = actions.upload(administrator, name="来年.csv", content=content)
        proposed, mapping = actions.proposed(administrator, again)
        assert mapping is not None
        assert (mapping.name, proposed.fields["ばしょ"], proposed.kind) == (
            "歯科医師会の名簿",
            "address",
            "dental",
        )
        other = actions.upload(administrator, name="別.csv", content=area.as_csv([["x"]], ["名称"]))
        assert actions.proposed(administrator, other)[1] is None
    with acting(cast.actor("x1_system_administrator")) as stranger:
        assert not ImportMapping.objects.visible_to(stranger).exists()


def test_a_former_number_an_empty_cell_and_a_list_without_numbers(cast: Cast, administrator: Actor) -> None:
    with acting(administrator):
        own.change_institution_number(
            administrator, cast.facility("C1"), number="1410000995", from_on=clock.today()
        )
    head = "医療機関番号,名称,種別,電話,住所\n"
    former = check((head + "1410000037,青木内科,診療所,,\n").encode())
    assert "以前の番号です。今の番号(1410000995)" in former.lines[0].problems[0][1]
    empty = check((head + "1410000045,林医院,診療所,,\n").encode())
    assert empty.lines[0].outcome == "same"
    plain = "名称,種別,電話,住所\n林医院,診療所,0463-00-0001,みどり市2-2\n林医院,診療所,0463-00-8888,ほか\n"
    report = check(plain.encode())
    assert [line.outcome for line in report.lines] == ["change", "new"]
    assert "同じ名称の施設がもうあります" in report.lines[1].notes[0][1]


def test_a_new_facility_lies_in_the_municipality_of_its_address(cast: Cast) -> None:
    with arranging():
        Area.objects.create(level="municipality", code="14401", name="愛川町")
        Area.objects.create(level="municipality", code="28000", name="愛川町")
    rows = "名称,種別,住所\n中津の医院,診療所,神奈川県愛甲郡愛川町中津1\n遠い医院,診療所,北海道愛川町1\n"
    report = check(rows.encode())
    assert [getattr(line.values.get("area"), "code", None) for line in report.lines] == ["14401", None]


def test_a_closed_facility_in_the_list_is_not_offered_any_more(cast: Cast, administrator: Actor) -> None:
    uid = cast.facility("C2").uid
    content = f"施設ID,名称,種別,閉院日\n{uid},林医院,診療所,2026-03-31\n".encode()
    with acting(administrator), clock.frozen(clock.jst(2026, 6, 1)):
        kept = actions.upload(administrator, name="x.csv", content=content)
        actions.apply(administrator, kept)
        assert queries.search_facilities("林医院") == []


def test_only_the_system_administrator_brings_lists_in(cast: Cast, browser: StaffClient) -> None:
    for name in ("sato", "oka", "x1_alliance_office"):
        actor = cast.actor(name)
        with acting(actor), pytest.raises(NotAllowed):
            actions.upload(actor, name="x.csv", content=b"x")
        browser.log_in(actor)
        assert browser.get(reverse("directory:import")).status_code == 403


def test_the_pages_lead_from_the_file_to_the_report(
    cast: Cast, browser: StaffClient, administrator: Actor
) -> None:
    lines = area.rows()[:3]
    lines[2][0] = lines[1][0]
    browser.log_in(administrator)
    sent = browser.post(
        reverse("directory:import"), {"file": SimpleUploadedFile("県.csv", area.as_csv(lines))}
    )
    assert sent.status_code == 302
    assert sent["Location"].endswith("/columns/")
    shown = browser.get(sent["Location"]).content.decode()
    assert "架空1番病院 / 架空2番病院" in shown
    form = {f"column_{n}": name for n, name in enumerate(guess(area.HEAD).fields.values())}
    wrong = browser.post(sent["Location"], form | {"column_15": "name"})
    assert wrong.status_code == 422
    assert "両方が名称になっています" in wrong.content.decode()
    answer = browser.post(sent["Location"], form | {"save_as": "県の一覧"})
    page = browser.get(answer["Location"]).content.decode()
    assert "3行目と同じ施設です" in page
    assert "使わない列があります: 備考" in page
    mend = browser.get(f"{answer['Location']}problems.csv").content.decode("utf-8-sig")
    assert "4,架空3番病院,行全体,3行目と同じ施設です。" in mend
    browser.post(answer["Location"])
    assert not Facility.objects.filter(name__startswith="架空").exists()
    assert browser.post(answer["Location"], {"leave_out_bad": "1"}).status_code == 302
    assert Facility.objects.filter(name__startswith="架空").count() == 2
    assert "取り込み済み" in browser.get(answer["Location"]).content.decode()
    progress = reverse("directory:import_progress", args=[answer["Location"].split("/")[-2]])
    assert "除いた行" in browser.get(progress).content.decode()
    browser.log_in(cast.actor("x1_system_administrator"))
    assert browser.get(answer["Location"]).status_code == 404
