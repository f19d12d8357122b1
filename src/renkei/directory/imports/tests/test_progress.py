"""A long list is taken in by a job: how far it is can be seen, and a worker that is killed leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from renkei.directory.imports import actions, running
from renkei.directory.imports.mapping import guess
from renkei.directory.imports.tests import area
from renkei.directory.models import Facility, FacilityImport, ImportProgress
from renkei.gate.actor import Actor, current
from renkei.gate.context import acting
from renkei.kernel.errors import NotPossibleNow
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

ROWS = 130


class Killed(BaseException):
    """As when the machine goes off."""


@pytest.fixture
def begun(cast: Cast, administrator: Actor, monkeypatch: pytest.MonkeyPatch) -> Iterator[FacilityImport]:
    """A list of 130 rows that waits for the job. The second connection sees nothing of a test: one stands for both."""
    monkeypatch.setattr(running, "TRAIL_CONNECTION", "default")
    with acting(administrator):
        kept = actions.upload(administrator, name="県.csv", content=area.as_csv(area.rows()[:ROWS]))
        kept = actions.set_columns(administrator, kept, columns=guess(area.HEAD))
        running.run(administrator, kept)
        yield kept


def come_in() -> int:
    return Facility.objects.filter(name__startswith="架空").count()


def killed_after(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    say = running.tell

    def tell(import_uid: Any, done: int) -> None:
        say(import_uid, done)
        if done >= rows:
            raise Killed

    monkeypatch.setattr(running, "tell", tell)


def test_rows_are_counted_while_the_job_is_at_work(
    begun: FacilityImport, administrator: Actor, browser: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.log_in(administrator)
    url = reverse("directory:import_progress", args=[begun.uid])
    assert f"{ROWS}行のうち <b>0</b>行" in browser.get(url).content.decode()
    told: list[int] = []
    say = running.tell
    monkeypatch.setattr(running, "tell", lambda uid, done: (told.append(done), say(uid, done)))
    with arranging():
        running.take_in(import_uid=str(begun.uid))
        assert ImportProgress.objects.visible_to(current()).get(import_uid=begun.uid).done == 125
        # As it looks before the list's own transaction is through.
        FacilityImport.objects.visible_to(current()).filter(uid=begun.uid).update(applied_at=None)
    assert told == [25, 50, 75, 100, 125]
    assert f"{ROWS}行のうち <b>125</b>行" in browser.get(url).content.decode()


def test_a_job_that_was_killed_leaves_nothing_and_takes_the_whole_list_when_begun_again(
    begun: FacilityImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as while_killed:
        killed_after(50, while_killed)
        with arranging(), pytest.raises(Killed):
            running.take_in(import_uid=str(begun.uid))
    assert come_in() == 0
    for _twice in range(2):
        with arranging():
            running.take_in(import_uid=str(begun.uid))
    assert come_in() == ROWS
    with arranging():
        assert FacilityImport.objects.visible_to(current()).get(pk=begun.pk).applied_at


def queue_gives_up(import_uid: Any) -> None:
    """What the worker does after the last attempt."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing' WHERE args->>'import_uid' = %s RETURNING id",
            [str(import_uid)],
        )
        for (number,) in cursor.fetchall():
            cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", [number])


def test_a_job_that_breaks_for_good_says_so_with_what_was_saved_and_what_to_do(
    begun: FacilityImport, administrator: Actor, browser: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(import_uid: Any, done: int) -> None:
        raise OSError("no space left on device")

    browser.log_in(administrator)
    pages = [reverse(f"directory:{name}", args=[begun.uid]) for name in ("import_progress", "import_check")]
    with monkeypatch.context() as while_broken:
        while_broken.setattr(running, "tell", broken)
        with arranging(), pytest.raises(OSError, match="no space"):
            running.take_in(import_uid=str(begun.uid))
    # It will be tried once more, so it is still at work.
    assert all("取り込み中" in browser.get(url).content.decode() for url in pages)
    with acting(administrator), pytest.raises(NotPossibleNow):
        actions.begin(administrator, begun, leave_out_bad=False)
    with arranging():
        queue_gives_up(begun.uid)
    for url in pages:
        page = browser.get(url).content.decode()
        assert "取り込み中" not in page
        assert "取り込めませんでした" in page
        assert "途中まで登録した行も、すべて元に戻っています。もう一度取り込んでください。" in page
        assert "no space" not in page
    assert come_in() == 0
    assert browser.post(pages[1]).status_code == 302
    assert "取り込み中" in browser.get(pages[0]).content.decode()
    with arranging():
        running.take_in(import_uid=str(begun.uid))
    assert come_in() == ROWS
    assert "取り込み済み" in browser.get(pages[0]).content.decode()


def test_progress_is_seen_in_the_house_that_brought_the_list_alone(begun: FacilityImport, cast: Cast) -> None:
    with acting(cast.actor("x1_system_administrator")) as stranger:
        assert running.done(stranger, begun) == 0
        assert not ImportProgress.objects.visible_to(stranger).exists()
