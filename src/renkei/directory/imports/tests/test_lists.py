"""The list of facilities as CSV: a report on every row first, nothing half saved, out and in again the same."""

from __future__ import annotations

import pytest

from renkei.directory import queries
from renkei.directory.imports import actions
from renkei.directory.imports.export import export
from renkei.directory.imports.judging import check
from renkei.directory.models import Facility
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from testing.cast import Cast

HEAD = "医療機関番号,名称,カナ,種別,電話,病床数,診療科\r\n"


def test_the_dry_run_names_line_column_and_reason(cast: Cast) -> None:
    rows = HEAD + (
        "1410000086,青空医院,アオゾラ,診療所,0463-00-0003,0,内科|外科\r\n"
        "141,名なし,,診療所,,0,\r\n"
        "1410000094,,,診療所,,0,\r\n"
        "1410000102,雲の医院,,クリニック,12,たくさん,\r\n"
        "1410000086,青空医院,,診療所,,0,\r\n"
        "1410000037,青木内科,アオキナイカ,診療所,0463-00-0001,0,\r\n"
        "1410000045,林医院,ハヤシイイン,診療所,0463-00-7777,0,\r\n"
    )
    report = check(rows.encode())
    assert report.summary() == {"new": 1, "change": 1, "same": 1, "bad": 4}
    problems = {(line.number, column) for line in report.lines for column, _reason in line.problems}
    assert problems == {
        (3, "医療機関番号"),
        (4, "名称"),
        (5, "種別"),
        (5, "電話"),
        (5, "病床数"),
        (6, "行全体"),
    }
    changed = next(line for line in report.lines if line.outcome == "change")
    assert changed.changes == ["電話"]
    assert not Facility.objects.filter(name="青空医院").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_from_a_spreadsheet_is_read(cast: Cast, encoding: str) -> None:
    report = check((HEAD + "1410000086,髙橋医院,,診療所,,,\n").encode(encoding))
    assert [line.name for line in report.lines] == ["髙橋医院"]
    assert report.count("new") == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x01\x02",
        "電話,FAX\n0463-00-0001,\n".encode(),
        b"\xff\xfe\xff",
        '名称,種別\n"閉じない,診療所\n'.encode(),
        b"%PDF-1.7\n",
    ],
)
def test_what_is_no_such_list_is_refused_as_a_whole(cast: Cast, raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        check(raw)
    assert refused.value.field in ("file", "columns")


def test_only_confirmed_good_rows_are_written_and_only_once(cast: Cast, administrator: Actor) -> None:
    rows = HEAD + "1410000086,青空医院,アオゾラ,診療所,0463-00-0003,0,内科|外科\r\n9,悪い行,,診療所,,,\r\n"
    with acting(administrator):
        kept = actions.upload(administrator, name="一覧.csv", content=rows.encode("cp932"))
        assert queries.facility_by_number("1410000086") is None
        with pytest.raises(NotPossibleNow, match="直しが必要な行が1件"):
            actions.apply(administrator, kept)
        assert queries.facility_by_number("1410000086") is None
        done = actions.apply(administrator, kept, leave_out_bad=True)
        assert done == {"new": 1, "change": 0, "same": 0, "bad": 1}
        with pytest.raises(NotPossibleNow):
            actions.apply(administrator, kept)
    made = queries.facility_by_number("1410000086")
    assert made is not None
    assert [d.name for d in queries.departments(made)] == ["内科", "外科"]
    assert queries.search_facilities("あおぞら")
    assert not Facility.objects.filter(name="悪い行").exists()


def test_a_facility_administrator_may_not_import(cast: Cast, oka: Actor) -> None:
    with acting(oka), pytest.raises(NotAllowed):
        actions.upload(oka, name="x.csv", content=HEAD.encode())


def test_what_went_out_comes_in_unchanged(cast: Cast) -> None:
    out = export(queries.facilities(closed=True))
    assert out.startswith(b"\xef\xbb\xbf")
    report = check(out)
    assert report.summary() == {"new": 0, "change": 0, "same": len(cast.facilities), "bad": 0}
    assert report.unknown_columns == []


def test_a_name_that_looks_like_a_formula_is_only_text(cast: Cast, administrator: Actor) -> None:
    rows = "名称,種別\n=1+1医院,診療所\n"
    with acting(administrator):
        kept = actions.upload(administrator, name="x.csv", content=rows.encode())
        actions.apply(administrator, kept)
    out = export(Facility.objects.filter(name__startswith="=")).decode("utf-8-sig")
    assert "'=1+1医院" in out
    assert check(out.encode()).count("same") == 1


def test_an_unknown_column_is_named_and_an_unknown_facility_id_refused(cast: Cast) -> None:
    report = check("名称,種別,施設ID,備考\nX,診療所,abc,なし\n".encode())
    assert report.unknown_columns == ["備考"]
    assert report.lines[0].problems[0][0] == "施設ID"
