"""Visits from files and from the product: good rows go in, bad ones are told row by row, nothing is doubled."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO
from typing import Any

import pytest

from renkei.events.bus import deliver_pending
from renkei.events.models import OutboxEvent
from renkei.gate.context import acting
from renkei.indicators import actions
from renkei.indicators.actions import importing
from renkei.indicators.actions.product import municipality_of
from renkei.indicators.models import BackReferral, EventImport, EventImportProblem, Visit
from renkei.indicators.reading import Sheet
from renkei.indicators.tests.conftest import House, csv_of, worked
from renkei.indicators.types import Source
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed
from renkei.referrals.models import Referral
from renkei.referrals.tests.test_the_loop import Region
from renkei.referrals.types import ReplyKind
from testing.cast import Cast
from testing.database import arranging

GOOD = "2026-05-11,3001,初診,09:30,循環器内科,自力,紹介状,青木内科"


def take(cast: Cast, content: bytes, kind: Source = Source.VISITS, **more: Any) -> EventImport:
    """Upload as 佐藤, then let the worker read it."""
    kept = actions.upload(cast.actor("sato"), kind=kind, name="初診.csv", content=content, **more)
    return worked(kept)


def counts(kept: EventImport) -> tuple[int, int, int, int]:
    return kept.rows_new, kept.rows_joined, kept.rows_same, kept.rows_bad


def arrived(cast: Cast) -> Referral:
    """A letter of 青木 whose patient came to H1 this morning."""
    return Region(cast).arrived()


def visits() -> list[Visit]:
    with arranging():
        return list(Visit._base_manager.order_by("id"))


def problems(kept: EventImport) -> list[tuple[int, str, str]]:
    with arranging():
        rows = EventImportProblem._base_manager.filter(event_import=kept).order_by("row_number", "id")
        return [(p.row_number, p.column, p.says) for p in rows]


def test_ten_thousand_rows_go_in_and_a_second_time_none_of_them(cast: Cast) -> None:
    rows = [
        f"2026-04-{1 + i % 28:02d},{i:06d},{'初診' if i % 3 else '再診'},10:00,外科,,," for i in range(10_000)
    ]
    assert counts(take(cast, csv_of(*rows))) == (10_000, 0, 0, 0)
    assert counts(take(cast, csv_of(*rows))) == (0, 0, 10_000, 0)
    with arranging():
        assert Visit._base_manager.count() == 10_000


def test_the_good_rows_go_in_and_each_bad_one_is_told_with_its_line_and_what_to_do(cast: Cast) -> None:
    kept = take(
        cast,
        csv_of(
            GOOD,
            "2026-02-30,3002,初診,,,,,",
            "2026-05-12,,初診,,,,,",
            "2026-05-12,3003,しらない,,,,,",
            "2026-05-12,3004,初診,25:00,,ロケット,,",
            "2030-01-01,3005,初診,,,,,",
            "2026-05-13,3006,再診,,,,,",
        ),
    )
    assert counts(kept) == (2, 0, 0, 5)
    told = problems(kept)
    assert [n for n, _c, _s in told] == [3, 4, 5, 6, 6, 7]
    assert told[1][1:] == ("患者番号", "「患者番号」が空です。入力してください。")
    assert "「初診」か「再診」" in told[2][2]
    assert "09:30 の形" in told[3][2]
    assert "ロケット" in told[4][2]
    assert "先の日付" in told[5][2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_of_any_hospital_system_is_read(cast: Cast, encoding: str) -> None:
    content = (
        csv_of("令和8年5月11日,０３００１,初,9時30分,循環器内科,救急車,あり,髙橋医院")
        .decode()
        .encode(encoding)
    )
    assert counts(take(cast, content)) == (1, 0, 0, 0)
    (row,) = visits()
    assert (row.visit_on, row.arrival_mode, row.referral_doc) == (
        date(2026, 5, 11),
        "ambulance_public",
        "letter",
    )
    assert row.from_name == "髙橋医院"


def test_other_headings_are_understood_in_any_order_and_unknown_ones_are_told(cast: Cast) -> None:
    kept = take(cast, csv_of("再診,300,主治医X,2026/5/11", heads="初再診,カルテ番号,主治医,来院日"))
    assert counts(kept) == (1, 0, 0, 0)
    assert kept.unknown_columns == ["主治医"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "空"),
        (b"\xff\xfe\x00\x81", "読めません"),
        ("日付,名前\r\n1,2".encode(), "「受診日・患者番号・初診・再診」がありません"),
        ("受診日,患者番号,初診・再診".encode(), "行がありません"),
        ("受診日,来院日,患者番号,初診・再診\r\n1,1,1,1".encode(), "2つあります"),
        ('受診日,患者番号,初診・再診\r\n"2026-05-01,1,初診'.encode(), "引用符"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_as_a_whole_with_the_remedy(
    cast: Cast, content: bytes, says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        actions.upload(cast.actor("sato"), kind=Source.VISITS, name="x.csv", content=content)
    with arranging():
        assert not EventImport._base_manager.exists()


def test_empty_cells_take_holiday_and_night_from_the_calendar_and_the_clock(cast: Cast) -> None:
    take(
        cast,
        csv_of("2026-05-05,1,初診,10:00,,,,", "2026-05-11,2,初診,18:00,,,,", "2026-05-11,3,初診,17:59,,,,"),
    )
    assert [(v.is_holiday, v.is_night) for v in visits()] == [(True, False), (False, True), (False, False)]


def test_a_corrected_row_corrects_the_visit_and_doubles_nothing(cast: Cast) -> None:
    take(cast, csv_of("2026-05-11,1,初診,10:00,外科,,なし,"))
    assert counts(take(cast, csv_of("2026-05-11,1,初診,10:00,外科,,紹介状,青木内科"))) == (0, 1, 0, 0)
    (row,) = visits()
    assert (row.referral_doc, row.from_name) == ("letter", "青木内科")


def test_a_worker_that_dies_goes_on_where_it_stood(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    rows = [f"2026-05-11,{i},初診,,,,," for i in range(5)]
    kept = actions.upload(cast.actor("sato"), kind=Source.VISITS, name="x.csv", content=csv_of(*rows))
    with arranging():
        from renkei.gate.actor import current

        importing.take_rows(current(), EventImport._base_manager.get(pk=kept.pk))
    with arranging():
        half = EventImport._base_manager.get(pk=kept.pk)
        assert (half.state, half.rows_done, half.rows_new) == ("running", 2, 2)
    done = worked(kept)
    assert (done.state, done.rows_done, done.rows_new, bytes(done.content)) == ("done", 5, 5, b"")


def test_a_row_of_a_closed_month_is_refused_or_comes_as_a_correction_with_a_reason(cast: Cast) -> None:
    actions.close_month(cast.actor("sato"), month=date(2026, 4, 1))
    late = csv_of("2026-04-30,9,初診,,,,,", GOOD)
    kept = take(cast, late)
    assert counts(kept) == (1, 0, 0, 1)
    assert "2026年4月は締め済みです" in problems(kept)[0][2]
    with pytest.raises(Invalid, match="理由"):
        take(cast, late, takes_late=True)
    kept = take(cast, late, takes_late=True, reason="医事の入力もれ")
    assert (kept.rows_new, kept.rows_late, kept.rows_same) == (1, 1, 1)
    row = next(v for v in visits() if v.late)
    assert row.late_reason == "医事の入力もれ"


def test_a_row_about_the_sender_by_number_finds_the_facility_and_an_unknown_one_needs_a_name(
    cast: Cast,
) -> None:
    heads = "受診日,患者番号,初診・再診,紹介状,紹介元医療機関番号,紹介元名称,市区町村コード"
    kept = take(
        cast,
        csv_of(
            "2026-05-11,1,初診,紹介状,1410000037,,",
            "2026-05-11,2,初診,紹介状,1499999999,,",
            "2026-05-11,3,初診,紹介状,1499999999,遠くの医院,",
            "2026-05-11,4,初診,なし,,青木内科,",
            "2026-05-11,5,初診,なし,,,99999",
            heads=heads,
        ),
    )
    assert counts(kept) == (2, 0, 0, 3)
    assert [v.from_name for v in visits()] == ["青木内科", "遠くの医院"]
    assert visits()[0].from_facility_id == cast.facility("C1").pk


def test_back_referrals_of_the_ledger_come_in_by_a_file_of_their_own(cast: Cast) -> None:
    heads = "逆紹介日,患者番号,紹介先名称,患者の同意,文書"
    kept = take(
        cast,
        csv_of(
            "2026-05-11,1,林医院,はい,はい",
            "2026-05-11,2,,はい,はい",
            "2026-05-11,3,林医院,はい,",
            heads=heads,
        ),
        Source.BACK_REFERRALS,
    )
    assert counts(kept) == (1, 0, 0, 2)
    with arranging():
        assert BackReferral._base_manager.get().to_name == "林医院"


def test_a_clerk_takes_files_in_and_a_physician_does_not(cast: Cast) -> None:
    kept = actions.upload(cast.actor("kimura"), kind=Source.VISITS, name="x.csv", content=csv_of(GOOD))
    assert kept.facility_id == cast.facility("C1").pk
    with pytest.raises(NotAllowed):
        actions.upload(cast.actor("takahashi"), kind=Source.VISITS, name="x.csv", content=csv_of(GOOD))


def test_an_arrival_in_the_product_is_counted_once_however_often_it_is_told(cast: Cast, browser: Any) -> None:
    referral = arrived(cast)
    with arranging():
        deliver_pending()
        deliver_pending()
    (row,) = visits()
    assert (row.facility_id, row.referral_id, row.referral_doc) == (
        cast.facility("H1").pk,
        referral.pk,
        "letter",
    )
    assert (row.visit_on, row.from_name) == (clock.today(), "青木内科")
    browser.log_in(cast.actor("sato"))
    page = browser.get("/indicators/of/reply_rate/U/?from=2026-06&to=2026-06").content.decode()
    assert "鈴木 一郎" in page
    assert referral.number in page


def test_a_letter_that_was_only_sent_is_no_visit(cast: Cast) -> None:
    Region(cast).sent()
    with arranging():
        deliver_pending()
    assert visits() == []


def test_a_final_reply_told_before_the_arrival_still_ends_the_waiting(cast: Cast) -> None:
    """A worker is killed while it tells of the arrival; the next one tells of the reply first."""
    referral = arrived(cast)
    with arranging():
        [late] = OutboxEvent.objects.filter(payload__move="arrive")
        OutboxEvent.objects.filter(pk=late.pk).update(delivered_at=clock.now())
    Region(cast).reply("takahashi", referral, ReplyKind.FINAL_REPORT)
    with arranging():
        deliver_pending()
        assert not Visit._base_manager.exists()
        OutboxEvent.objects.filter(pk=late.pk).update(delivered_at=None)
        deliver_pending()
    [visit] = visits()
    assert (visit.visit_on, visit.final_reply_on) == (date(2026, 6, 1), date(2026, 6, 1))


def test_the_hospitals_file_joins_the_arrival_that_stands_already(cast: Cast) -> None:
    referral = arrived(cast)
    with arranging():
        deliver_pending()
    heads = "受診日,患者番号,初診・再診,来院方法,紹介番号"
    kept = take(cast, csv_of(f"2026-06-01,77,初診,救急車,{referral.number}", heads=heads))
    assert counts(kept) == (0, 1, 0, 0)
    (row,) = visits()
    assert (row.arrival_mode, row.referral_doc, row.referral_id) == (
        "ambulance_public",
        "letter",
        referral.pk,
    )
    assert counts(take(cast, csv_of(f"2026-06-01,77,初診,救急車,{referral.number}", heads=heads))) == (
        0,
        0,
        1,
        0,
    )


def test_an_address_leads_to_the_longest_name_of_a_municipality(cast: Cast) -> None:
    with arranging():
        from renkei.directory import reference

        reference.load()
    assert municipality_of("神奈川県横浜市緑区中山1-1") == "14113"
    assert municipality_of("伊勢原市田中1") == "14214"
    assert municipality_of("みどり市中央1") == ""


def test_the_sample_that_is_offered_can_be_taken_in(cast: Cast, browser: Any) -> None:
    browser.log_in(cast.actor("sato"))
    for kind in Source:
        content = browser.get(f"/indicators/import/sample/{kind.value}/").content
        assert content.startswith("\ufeff".encode())
        assert len(list(csv.reader(StringIO(content.decode("utf-8-sig"))))) == 2
        assert Sheet(content, kind).parse(0, 1)[0].problems == []


def test_only_the_own_house_sees_its_files(cast: Cast) -> None:
    kept = take(cast, csv_of(GOOD))
    with acting(cast.actor("east_clerk")) as stranger:
        assert not EventImport.objects.visible_to(stranger).filter(pk=kept.pk).exists()


def test_rows_of_another_house_with_the_same_key_stay_apart(cast: Cast, house: House) -> None:
    content = csv_of("2026-05-11,1,初診,10:00,外科,,,")
    take(cast, content)
    kept = actions.upload(cast.actor("east_clerk"), kind=Source.VISITS, name="y.csv", content=content)
    assert counts(worked(kept)) == (1, 0, 0, 0)
    assert len(visits()) == 2
