"""Seats (席) by list: dry run, row by row, then members; a seat is held once, and may be empty of a person for a while."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from renkei.enrolments import actions, queries
from renkei.enrolments.models import Application, Scheme
from renkei.enrolments.tests.conftest import FIRST_DAY
from renkei.enrolments.types import (
    ApplicationDraft,
    Category,
    Channel,
    Enrols,
    Manifest,
    Renewal,
    TermKind,
    TermRule,
    register_manifest,
    unregister_manifest,
)
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotPossibleNow
from testing.cast import Cast
from testing.fixtures import StaffClient

pytestmark = pytest.mark.django_db
KEY = "council_of_this_test"
CSV = (
    "医療機関番号,医療機関名,席,医師名,カナ,区分\n"
    "1410000045,,学識経験者,林 和彦,ハヤシ カズヒコ,議決権あり\n"
    ",青木内科,住民代表,,,議決権なし\n"
    ",林医院,学識経験者,別の 人,,議決権あり\n"
    "9999999999,,学識経験者,無名 氏,,議決権あり\n"
    ",青木内科,監事,青木 正道,,名誉\n"
    ",青木内科,,青木 正道,,議決権あり\n"
)


@pytest.fixture
def council(region: Cast) -> Iterator[Scheme]:
    register_manifest(
        Manifest(
            KEY,
            "評議会",
            "評議会",
            Enrols.SEAT,
            TermRule(TermKind.FISCAL_YEAR, Renewal.AUTOMATIC),
            categories=(Category("votes", "議決権あり"), Category("listens", "議決権なし")),
        )
    )
    with clock.frozen(FIRST_DAY), acting(region.actor("sato")) as office:
        yield actions.start_scheme(office, key=KEY)
    unregister_manifest(KEY)


def sent(browser: StaffClient, scheme: Scheme, **more: str) -> str:
    file = SimpleUploadedFile("seats.csv", CSV.encode("utf-8-sig"))
    answer = browser.post(f"/enrolments/schemes/{scheme.uid}/import/", {"file": file} | more)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_list_of_seats_goes_from_the_dry_run_to_the_members(
    region: Cast, council: Scheme, browser: StaffClient
) -> None:
    office = region.actor("sato")
    browser.log_in(office)
    assert "席" in browser.get(f"/enrolments/schemes/{council.uid}/import/").content.decode()
    page = sent(browser, council, dry="1")
    assert "3件は登録できます・3件は直してください" in page
    assert not Application.objects.visible_to(office).exists()
    page = sent(browser, council)
    assert "3件を登録・3件は直してください" in page
    for told in (
        "学識経験者 林 和彦",
        "住民代表",
        "席「学識経験者」は、この医療機関から林 和彦が申請しています",
        "医療機関番号 9999999999 は名簿にありません",
        "区分「名誉」はありません",
    ):
        assert told in page, told
    rows = {row.seat: row for row in Application.objects.visible_to(office)}
    assert set(rows) == {"学識経験者", "住民代表", ""}
    assert rows["学識経験者"].channel == Channel.CSV
    with pytest.raises(DomainError, match="席"):
        actions.approve(office, rows[""])
    for seat in ("学識経験者", "住民代表"):
        actions.approve(office, rows[seat])
    members = browser.get(f"/enrolments/schemes/{council.uid}/members/").content.decode()
    assert "学識経験者 林 和彦" in members
    assert "住民代表" in members
    assert {row.name for row in queries.listed_on(council)} == {"学識経験者", "住民代表"}


def test_a_seat_that_is_held_is_not_taken_by_a_second_person(region: Cast, council: Scheme) -> None:
    office = region.actor("sato")

    def asks(name: str, key: str = "C2") -> Application:
        said = ApplicationDraft(region.facility(key).pk, name, seat="学識経験者", category="votes")
        return actions.apply(office, scheme=council, draft=said, channel=Channel.PAPER)

    actions.approve(office, asks("林 和彦"))
    with pytest.raises(NotPossibleNow, match="席「学識経験者」には林 和彦が就いています"):
        asks("別の 人")
    assert actions.approve(office, asks("青木 正道", "C1")).seat == "学識経験者"
