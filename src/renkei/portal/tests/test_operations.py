"""The pages of the machinery: the trail of the house, failed jobs, the state of the system."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection

from renkei.audit.chain import seal, verify
from renkei.audit.models import Outcome
from renkei.audit.trail import Line, record
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.jobs.models import JobFailure
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow
from renkei.portal import checking, queries
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

TRAIL = "/operations/trail/"


def _did(actor: Actor, says: str, outcome: Outcome = Outcome.DONE, **more: object) -> None:
    with acting(actor):
        record(
            Line(
                outcome=outcome,
                action="test.did",
                says=says,
                actor_kind="staff",
                actor_label=actor.label,
                facility_id=actor.facility_id,
                facility_label=actor.facility_label,
                **more,  # type: ignore[arg-type]
            )
        )


def _shown(browser: StaffClient, **asked: str) -> list[str]:
    return [line.says for line in browser.get(TRAIL, asked).context["lines"]]


def test_the_trail_shows_one_s_own_house_and_no_other(cast: Cast, browser: StaffClient) -> None:
    _did(cast.actor("sato"), "病院の記録")
    _did(cast.actor("aoki"), "診療所の記録")
    shown = _shown(browser.log_in(cast.actor("oka")))
    assert "病院の記録" in shown
    assert "診療所の記録" not in shown


def test_the_trail_is_narrowed_by_person_action_outcome_and_day(cast: Cast, browser: StaffClient) -> None:
    with clock.frozen(clock.jst(2026, 5, 29, 23, 59)):
        _did(cast.actor("sato"), "前の日の操作")
    with clock.frozen(clock.jst(2026, 5, 30, 0, 0)):
        _did(cast.actor("sato"), "その日の操作")
        _did(cast.actor("takahashi"), "その日の拒否", Outcome.DENIED)
    browser.log_in(cast.actor("oka"))
    day = {"since": "R8.5.30", "until": "2026-05-30"}
    assert _shown(browser, **day) == ["その日の拒否", "その日の操作"]
    assert _shown(browser, until="R8.5.29") == ["前の日の操作"]
    assert _shown(browser, person="高橋", **day) == ["その日の拒否"]
    assert _shown(browser, outcome="denied", **day) == ["その日の拒否"]
    assert _shown(browser, action="前の日") == ["前の日の操作"]


def test_the_trail_is_narrowed_by_a_patient_of_the_house(cast: Cast, browser: StaffClient) -> None:
    aoki = cast.actor("aoki")
    _did(aoki, "鈴木さんの記録", patient_ids=(cast.patient("suzuki").pk,))
    _did(aoki, "山田さんの記録", patient_ids=(cast.patient("yamada").pk,))
    browser.log_in(aoki)
    assert _shown(browser, patient="鈴木") == ["鈴木さんの記録"]
    assert _shown(browser, patient="どこにもいない人") == []


def test_the_trail_pages_by_line_number_and_loses_no_line(cast: Cast, browser: StaffClient) -> None:
    for number in range(queries.PAGE + 3):
        _did(cast.actor("sato"), f"記録{number}")
    browser.log_in(cast.actor("oka"))
    first = browser.get(TRAIL, {"action": "記録"})
    rest = browser.get(f"{TRAIL}?{first.context['older']}")
    found = [line.says for response in (first, rest) for line in response.context["lines"]]
    assert found == [f"記録{n}" for n in reversed(range(queries.PAGE + 3))]
    assert rest.context["older"] == ""


def test_a_date_that_cannot_be_read_is_refused_at_its_field(cast: Cast, browser: StaffClient) -> None:
    response = browser.log_in(cast.actor("oka")).get(TRAIL, {"since": "きのう"})
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"since"}


def test_the_trail_names_the_columns_that_were_written_and_never_their_values(
    cast: Cast, browser: StaffClient
) -> None:
    change = {
        "model": "patients.patient",
        "id": 1,
        "before": {"phone": "x"},
        "after": {"phone": "0463-00-0009"},
    }
    _did(cast.actor("sato"), "患者を直した", changes=[change])
    page = browser.log_in(cast.actor("oka")).get(TRAIL).content.decode()
    assert "患者を直した" in page
    assert "0463-00-0009" not in page


def test_the_export_holds_the_same_lines_and_is_on_record_itself(cast: Cast, browser: StaffClient) -> None:
    _did(cast.actor("sato"), "書き出される記録")
    browser.log_in(cast.actor("oka"))
    response = browser.post(f"{TRAIL}export/", {"action": "書き出される"})
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [row[3] for row in rows] == ["操作", "書き出される記録"]
    assert "監査証跡を書き出し" in _shown(browser)


def test_a_cell_that_looks_like_a_formula_is_kept_as_text(cast: Cast, browser: StaffClient) -> None:
    _did(cast.actor("sato"), "=HYPERLINK(1)")
    response = browser.log_in(cast.actor("oka")).post(f"{TRAIL}export/", {"action": "HYPERLINK"})
    assert "'=HYPERLINK(1)" in response.content.decode()


def test_the_page_of_the_trail_costs_the_same_queries_for_one_line_and_for_fifty(
    cast: Cast, browser: StaffClient
) -> None:
    browser.log_in(cast.actor("oka"))
    browser.get(TRAIL)

    def cost() -> int:
        counter = _Counter()
        with connection.execute_wrapper(counter):
            browser.get(TRAIL)
        return counter.asked

    few = cost()
    for number in range(40):
        _did(cast.actor("sato"), f"記録{number}")
    assert cost() == few


class _Counter:
    """Counts statements on the connection of the request."""

    asked = 0

    def __call__(self, execute: object, *args: object) -> object:
        self.asked += 1
        return execute(*args)  # type: ignore[operator]


def test_the_verdict_on_the_seals_becomes_a_line_for_the_house_that_asked(
    cast: Cast, browser: StaffClient
) -> None:
    browser.log_in(cast.actor("oka"))
    assert browser.post(f"{TRAIL}check/").status_code == 302
    with arranging():
        seal()
        checking.check_for(facility_id=cast.facility("H1").pk, facility_label="みどり中央病院")
    assert browser.get(TRAIL).context["checked"].says.startswith("封印の確認: 正常")


def test_a_broken_chain_is_told_with_the_seal_that_does_not_hold(cast: Cast) -> None:
    with arranging():
        seal()
        found = verify()
    broken = type(found)(found.seals, found.entries, 0, 7, "記録の数または内容が封印と違います。")
    assert "異常。封印 7" in checking.sentence(broken)


def test_the_nightly_check_fails_loudly_when_the_chain_is_broken(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with arranging():
        broken = type(verify())(1, 1, 0, 1, "違います。")
    monkeypatch.setattr(checking, "verify", lambda: broken)
    with pytest.raises(NotPossibleNow, match="異常"):
        checking.check()


@pytest.fixture
def failed_job(cast: Cast) -> int:
    """A job that used up its attempts."""
    with arranging(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status, attempts)"
            " VALUES ('mail', 'renkei.notices.outbox.send', 0, '{}', 'failed', 5) RETURNING id"
        )
        number = int(cursor.fetchone()[0])
        JobFailure(job_number=number, attempt=5, error="ConnectionRefusedError: 相手が応答しません").save()
    return number


def test_a_failed_job_is_shown_with_its_reason_and_tried_again(
    cast: Cast, browser: StaffClient, failed_job: int
) -> None:
    browser.log_in(cast.actor("x1_system_administrator"))
    assert "相手が応答しません" in browser.get("/operations/jobs/").content.decode()
    assert browser.post(f"/operations/jobs/{failed_job}/retry/").status_code == 302
    assert browser.get("/operations/jobs/").context["jobs"] == []
    assert browser.post(f"/operations/jobs/{failed_job}/retry/").status_code == 409
    assert "失敗した処理をやり直す" in _shown(browser)


def test_an_unknown_job_is_not_found(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("x1_system_administrator"))
    assert browser.post("/operations/jobs/999999/retry/").status_code == 404


def test_the_state_of_the_system_puts_problems_first(
    cast: Cast, browser: StaffClient, failed_job: int
) -> None:
    found = browser.log_in(cast.actor("x1_system_administrator")).get("/operations/").context["findings"]
    assert [f.ok for f in found] == sorted(f.ok for f in found)
    assert "失敗した処理" in [f.what for f in found if not f.ok]
    assert all(f.text for f in found)


def test_a_worker_that_stands_still_is_noticed(cast: Cast, browser: StaffClient) -> None:
    with arranging(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status, scheduled_at)"
            " VALUES ('mail', 'x', 0, '{}', 'todo', now() - interval '1 hour')"
        )
    found = browser.log_in(cast.actor("x1_system_administrator")).get("/operations/").context["findings"]
    assert "renkei worker" in next(f.text for f in found if f.what == "処理の待ち")


def test_lines_that_nobody_seals_are_noticed(cast: Cast, browser: StaffClient) -> None:
    with arranging():
        seal()
    _did(cast.actor("sato"), "封印のあと")
    browser.log_in(cast.actor("x1_system_administrator"))
    with clock.frozen(clock.now() + timedelta(minutes=queries.OLDEST_SEAL_MINUTES + 1)):
        found = queries.findings()
    assert not next(f.ok for f in found if f.what == "監査証跡の封印")


@pytest.mark.parametrize("login_id", ["x1_auditor", "x1_physician", "x1_facility_administrator"])
def test_the_machinery_is_for_the_system_administrator_only(
    cast: Cast, browser: StaffClient, login_id: str
) -> None:
    browser.log_in(cast.actor(login_id))
    assert browser.get("/operations/").status_code == 403
    assert browser.get("/operations/jobs/").status_code == 403
