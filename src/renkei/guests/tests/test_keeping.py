"""What a guest told about a patient whom the house never took in does not stay; that somebody asked and was refused does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from renkei.audit.models import AuditEntry
from renkei.directory.actions import set_rule
from renkei.gate.context import acting
from renkei.guests import actions, keeping, queries
from renkei.guests.models import ABOUT_PATIENT, GuestFile, GuestRequest
from renkei.guests.tests.conftest import MONDAY, Sent, all_requests
from renkei.guests.tests.test_asking import _pdf
from renkei.guests.tests.test_desk import TUESDAY, called
from renkei.guests.types import State, Told
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow
from renkei.notices.models import Notice, OutgoingPaper
from renkei.notices.paper_actions import print_out
from renkei.referrals.tests.test_papers import words
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

REASON = "当院では対応できない検査のため"


def night(days: float) -> None:
    """What the worker does so many days later."""
    with clock.frozen(MONDAY + timedelta(days=days)), arranging("the worker"):
        keeping.expire_old()
        keeping.blank_old()


@pytest.fixture
def refused(cast: Cast, send: Sent) -> GuestRequest:
    assert send(files=[SimpleUploadedFile("森ひかり.pdf", _pdf())]).status_code == 200
    desk = cast.actor("sato")
    with acting(desk):
        return actions.refuse(desk, queries.one(desk, all_requests()[-1].uid), reason=REASON)


def files() -> list[GuestFile]:
    with arranging():
        return list(GuestFile._base_manager.all())


def test_after_the_days_of_the_rule_patient_and_files_are_gone_reason_and_count_stay(
    cast: Cast, refused: GuestRequest
) -> None:
    night(89.9)
    assert all_requests()[0].patient_name == "森 ひかり"
    night(90.1)
    [row] = all_requests()
    assert {name: getattr(row, name) for name in ABOUT_PATIENT} == ABOUT_PATIENT
    assert [(bytes(f.content), f.name, f.sha256) for f in files()] == [(b"", "", "")]
    assert (row.state, row.refuse_reason, row.clinic, row.kind_label) == (
        State.REFUSED,
        REASON,
        "林医院",
        "紹介",
    )
    with arranging():
        [line] = AuditEntry.objects.filter(action="guests.keeping.blank")
    assert line.facility_id == cast.facility("H1").pk
    assert line.says == "林医院の依頼(お断り)の患者情報と添付1件を消去しました(保存期間 90日)"


def test_it_is_done_once(refused: GuestRequest) -> None:
    night(91)
    before = all_requests()[0].blanked_at
    night(92)
    assert all_requests()[0].blanked_at == before
    with arranging():
        assert AuditEntry.objects.filter(action="guests.keeping.blank").count() == 1


def test_the_trail_never_held_what_the_guest_typed(refused: GuestRequest) -> None:
    night(91)
    with arranging():
        told = " ".join(
            str(line.changes) + line.says for line in AuditEntry.objects.filter(action__startswith="guests.")
        )
    for typed in ("森", "モリ", "動悸", "1975", "0463-00-9999"):
        assert typed not in told


def test_a_house_that_keeps_longer_begins_on_the_day_of_its_rule(cast: Cast, refused: GuestRequest) -> None:
    admin = cast.actor("oka")
    with acting(admin):
        set_rule(admin, cast.facility("H1"), code="guest.keep_days", value=200, valid_from=clock.today())
    night(91)
    assert all_requests()[0].blanked_at is None
    night(201)
    assert all_requests()[0].blanked_at is not None


def test_a_request_that_nobody_decides_expires_and_is_blanked_later(
    cast: Cast, waiting: GuestRequest, browser: StaffClient
) -> None:
    night(29)
    assert all_requests()[0].state == State.WAITING
    night(31)
    [row] = all_requests()
    assert (row.state, row.patient_name) == (State.EXPIRED, "森 ひかり")
    with arranging():
        assert Notice._base_manager.filter(kind="guest_expired", facility_id=row.facility_id).count() == 1
    desk = cast.actor("sato")
    with acting(desk), pytest.raises(NotPossibleNow):
        actions.call_back(desk, row, called="0463-00-0001", confirmed_with="宮本さん")
    answer = Client().post(reverse("guests:state"), {"code": row.code, "phone": "0463-00-0001"})
    assert "期限切れ" in answer.content.decode()
    night(31 + 91)
    assert all_requests()[0].patient_name == ""
    client = browser.log_in(desk)
    page = client.get(reverse("guests:request", args=[row.uid])).content.decode()
    assert "消去しました(保存期間の終了)" in page
    assert "森" not in page
    assert "消去済み" in client.get(reverse("guests:requests") + "?tab=done").content.decode()


def test_what_was_taken_in_is_not_touched(cast: Cast, waiting: GuestRequest) -> None:
    row, desk = called(cast, waiting), cast.actor("sato")
    with acting(desk):
        actions.accept(desk, row)
    night(4000)
    assert all_requests()[0].patient_name == "森 ひかり"
    with arranging(), pytest.raises(NotPossibleNow):
        keeping.blank(desk, all_requests()[0])


@pytest.mark.parametrize("told", [Told.FAX, Told.POST])
def test_a_clinic_that_is_told_on_paper_gets_a_notice_from_the_print_queue(
    cast: Cast, waiting: GuestRequest, told: Told
) -> None:
    row, desk = called(cast, waiting), cast.actor("sato")
    with acting(desk):
        made = actions.accept(desk, row, starts_at=TUESDAY, department="循環器内科")
        actions.tell(desk, queries.one(desk, row.uid), told=told, told_to="宮本さん")
        [paper] = OutgoingPaper.objects.visible_to(desk).filter(kind="guest_date")
        assert (paper.number, paper.to_facility_id) == (made.number, cast.facility("C2").pk)
        text = words(print_out(desk, paper))
    for expected in ("予約通知", "森ひかり", "令和8年6月9日", "10:30", "循環器内科"):
        assert expected in text
