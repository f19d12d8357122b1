"""A job is queued with what it belongs to; what fails for good is listed with its reason and can be tried again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from procrastinate.contrib.django.models import ProcrastinateJob

from renkei.gate.context import acting
from renkei.gate.jobs import seal_trail
from renkei.jobs.models import JobFailure
from renkei.jobs.queries import PAGE, failed, retry
from renkei.jobs.queue import _note_failure, enqueue, job, reason_of
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound, NotPossibleNow
from testing.cast import Cast
from testing.database import arranging

ran: list[int] = []


@job(queue="proof", retries=2)
def count_up(number: int) -> None:
    """A job of this test only."""
    ran.append(number)


def queued() -> list[dict[str, Any]]:
    return list(ProcrastinateJob.objects.filter(queue_name="proof").values_list("args", flat=True))


def fail(number: int, error: str) -> int:
    """Queue a job and end it as the worker does after the last attempt."""
    job_number = enqueue(count_up, number=number)
    JobFailure(job_number=job_number, attempt=1, error="first attempt").save(force_insert=True)
    JobFailure(job_number=job_number, attempt=2, error=error).save(force_insert=True)
    with transaction.atomic():
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [job_number])
            cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", [job_number])
    return job_number


def test_a_job_is_in_the_queue_only_when_its_transaction_commits(cast: Cast) -> None:
    with transaction.atomic():
        enqueue(count_up, number=1)
    with transaction.atomic():
        enqueue(count_up, number=2)
        transaction.set_rollback(True)
    assert queued() == [{"number": 1}]


def test_a_job_called_directly_runs_now(cast: Cast) -> None:
    ran.clear()
    count_up(number=3)
    assert ran == [3]
    assert queued() == []


def test_failed_jobs_are_listed_newest_first_with_reason_and_arguments(cast: Cast) -> None:
    with acting(cast.actor("oka")):
        first, second = fail(1, "ValueError: one"), fail(2, "ValueError: two")
        enqueue(count_up, number=3)
        page = failed()
    assert [found.number for found in page.jobs] == [second, first]
    newest = page.jobs[0]
    assert newest.name == f"{__name__}.count_up"
    assert (newest.args, newest.error, newest.queue) == ({"number": 2}, "ValueError: two", "proof")
    assert newest.failed_at is not None
    assert (page.total, page.has_next) == (2, False)


def test_the_list_turns_pages(cast: Cast) -> None:
    with acting(cast.actor("oka")):
        numbers = [fail(n, "x") for n in range(PAGE + 2)]
        assert failed().has_next
        assert [found.number for found in failed(2).jobs] == [numbers[1], numbers[0]]
        assert not failed(2).has_next
        assert failed(0).number == 1


def test_a_failed_job_is_tried_again_at_once(cast: Cast) -> None:
    with acting(cast.actor("oka")):
        number = fail(1, "x")
        retry(number)
        assert failed().jobs == []
        assert ProcrastinateJob.objects.get(pk=number).status == "todo"


def test_a_product_clock_that_is_ahead_does_not_make_a_second_try_wait(cast: Cast) -> None:
    """The queue compares with the database's time; the demo's clock may stand weeks before or after it."""
    with acting(cast.actor("oka")):
        number = fail(1, "x")
        with clock.frozen(clock.jst(2199, 1, 1, 9, 0)):
            retry(number)
        assert ProcrastinateJob.objects.filter(pk=number, scheduled_at__lte=Now()).exists()


def test_only_a_failed_job_can_be_tried_again(cast: Cast) -> None:
    waiting = enqueue(count_up, number=1)
    with pytest.raises(NotPossibleNow, match=str(waiting)):
        retry(waiting)
    with pytest.raises(NotFound, match="見つかりません"):
        retry(waiting + 1000)


def test_the_reason_of_a_failure_is_kept_and_the_failure_goes_on(cast: Cast) -> None:
    context: Any = SimpleNamespace(job=SimpleNamespace(id=77, attempts=1))

    def broken() -> None:
        raise Invalid("proof", "宛先が空です。宛先を入力してください。")

    with pytest.raises(Invalid):
        _note_failure(broken, context, None)
    with arranging():
        found = JobFailure.objects.get(job_number=77)
    assert (found.attempt, found.error) == (2, "宛先が空です。宛先を入力してください。")
    assert _note_failure(lambda: "done", context, None) == "done"


def test_the_reason_leaves_out_the_values_a_database_adds(cast: Cast) -> None:
    error = IntegrityError("duplicate key\nDETAIL:  Key (name)=(山田 花子) already exists.")
    assert reason_of(error) == "IntegrityError: duplicate key"
    assert len(reason_of(ValueError("長" * 900))) == 500
    assert reason_of(ValueError()) == "ValueError: "


def test_reasons_of_failures_are_not_shown_before_log_in(cast: Cast) -> None:
    JobFailure(job_number=1, attempt=1, error="x").save(force_insert=True)
    assert not JobFailure.objects.exists()


def test_the_clock_queues_a_periodic_job_once_at_a_time(cast: Cast) -> None:
    from procrastinate.exceptions import AlreadyEnqueued

    enqueue(seal_trail, timestamp=0)
    with pytest.raises(AlreadyEnqueued), transaction.atomic():
        enqueue(seal_trail, timestamp=60)
