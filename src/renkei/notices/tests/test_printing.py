"""紙の送付, many at once: asked for by a press that makes nothing itself, set by the worker, opened beside the list."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from renkei.accounts.models import Membership
from renkei.audit.models import AuditEntry
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.notices import paper_actions, paper_queries, papers
from renkei.notices.models import OutgoingPaper
from renkei.notices.tests.test_papers import fresh, queued, sheets
from renkei.referrals.models import PrintJob
from renkei.referrals.papers import bulk
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

__all__ = ["sheets"]


@pytest.fixture
def client(cast: Cast) -> StaffClient:
    return StaffClient().log_in(cast.actor("sato"))


def press(client: StaffClient, *rows: OutgoingPaper) -> HttpResponse:
    form = {"uids": [row.uid for row in rows], "do": "print"}
    return client.post(reverse("notices:papers_bulk"), form)  # type: ignore[return-value]


def asked(answer: HttpResponse) -> str:
    return parse_qs(urlsplit(answer["Location"]).query)["print"][0]


def work(uid: str) -> PrintJob:
    with arranging("the worker"):
        bulk.set_letters(job_uid=uid)
        return PrintJob._base_manager.get(uid=uid)


def opened(client: StaffClient, uid: str) -> HttpResponse:
    return client.get(reverse("referrals:print_pdf", args=[uid]))  # type: ignore[return-value]


def printed_by() -> list[tuple[str, str, int | None]]:
    with arranging():
        rows = AuditEntry._base_manager.using("default").filter(action="notices.paper_actions.print_out")
        return list(rows.order_by("id").values_list("actor_label", "says", "subject_id"))


def cancel(cast: Cast, row: OutgoingPaper) -> None:
    desk = cast.actor("sato")
    with acting(desk):
        paper_actions.cancel(desk, paper_queries.one(desk, row.uid))


def test_many_papers_become_one_file_beside_the_list(
    cast: Cast, client: StaffClient, sheets: list[uuid.UUID]
) -> None:
    rows = [queued(cast), queued(cast, to="")]
    answer = press(client, *rows)
    assert answer.status_code == 302
    assert sheets == [], "the press itself sets nothing"
    page = client.get(answer["Location"]).content.decode()
    assert "0/2件" in page
    assert opened(client, asked(answer)).status_code == 409
    done = work(asked(answer))
    assert (done.state, done.done, sheets) == ("done", 2, [row.subject_uid for row in rows])
    page = client.get(answer["Location"]).content.decode()
    assert "紙の送付 2件" in page
    assert reverse("referrals:print_pdf", args=[asked(answer)]) in page
    file = opened(client, asked(answer))
    assert len(PdfReader(io.BytesIO(file.content)).pages) == 2
    assert all(fresh(row).printed_at for row in rows)


def test_each_paper_is_on_record_as_printed_by_whoever_asked(cast: Cast, client: StaffClient) -> None:
    rows = [queued(cast), queued(cast)]
    uid = asked(press(client, *rows))
    assert printed_by() == []
    work(uid)
    work(uid)
    label = cast.actor("sato").label
    says = f"{label}が「紹介 R-2026-000001」を印刷しました"
    assert printed_by() == [(label, says, row.pk) for row in rows]


def test_the_press_asks_the_database_as_often_for_twenty_papers_as_for_two(
    cast: Cast, client: StaffClient
) -> None:
    rows = [queued(cast) for _ in range(20)]
    press(client, rows[0])  # what a process learns once
    counts = []
    for chosen in (rows[:2], rows):
        with CaptureQueriesContext(connection) as asked_for:
            assert press(client, *chosen).status_code == 302
        counts.append(len(asked_for))
    assert counts[0] == counts[1]


def test_a_cancelled_paper_is_refused_before_anything_is_made(cast: Cast, client: StaffClient) -> None:
    row, gone = queued(cast), queued(cast)
    cancel(cast, gone)
    answer = press(client, row, gone)
    assert (answer.status_code, "取りやめになっています" in answer.content.decode()) == (409, True)
    with arranging():
        assert not PrintJob._base_manager.exists()


@pytest.mark.parametrize("strange", ["another house's", "unknown kind", "nothing", "nonsense", "too many"])
def test_what_cannot_be_printed_is_refused_with_nothing_kept(
    cast: Cast, client: StaffClient, monkeypatch: pytest.MonkeyPatch, strange: str
) -> None:
    row = queued(cast)
    status, uids = 422, {"nothing": [], "nonsense": ["x"], "too many": [uuid.uuid4() for _ in range(51)]}
    if strange == "another house's":
        status, client = 404, StaffClient().log_in(cast.actor("east_clerk"))
    if strange == "unknown kind":
        status = 404
        monkeypatch.delitem(papers._kinds, "test")
    answer = client.post(
        reverse("notices:papers_bulk"), {"uids": uids.get(strange, [row.uid]), "do": "print"}
    )
    assert answer.status_code == status
    with arranging():
        assert not PrintJob._base_manager.exists()


def _cancel_one(cast: Cast, row: OutgoingPaper) -> None:
    cancel(cast, row)


def _leave(cast: Cast, row: OutgoingPaper) -> None:
    with arranging():
        rows = Membership._base_manager.filter(pk=cast.actor("sato").membership_id)
        rows.update(ended_on=clock.today() - timedelta(days=1))


@pytest.mark.parametrize(
    ("meanwhile", "says"), [(_cancel_one, "取りやめになっています"), (_leave, "所属が終わっている")]
)
def test_what_changed_before_the_worker_came_is_told_and_nothing_counts_as_printed(
    cast: Cast, client: StaffClient, meanwhile: Callable[[Cast, OutgoingPaper], None], says: str
) -> None:
    rows = [queued(cast), queued(cast)]
    uid = asked(press(client, *rows))
    meanwhile(cast, rows[1])
    job = work(uid)
    assert (job.state, says in job.error, printed_by()) == ("failed", True, [])
    assert not any(fresh(row).printed_at for row in rows)


def test_a_paper_cancelled_after_it_was_set_is_not_given_out(cast: Cast, client: StaffClient) -> None:
    rows = [queued(cast), queued(cast)]
    uid = asked(press(client, *rows))
    assert work(uid).state == "done"
    cancel(cast, rows[0])
    assert opened(client, uid).status_code == 409


def test_another_house_sees_neither_progress_nor_file(cast: Cast, client: StaffClient) -> None:
    uid = asked(press(client, queued(cast)))
    work(uid)
    stranger = StaffClient().log_in(cast.actor("east_clerk"))
    assert "print-job" not in stranger.get(reverse("notices:papers"), {"print": uid}).content.decode()
    assert opened(stranger, uid).status_code == 404
