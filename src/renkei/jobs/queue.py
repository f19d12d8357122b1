"""The queue: procrastinate behind four words, so that another queue can take its place.

A job is written in the same transaction as what it belongs to. Jobs are retried with growing pauses; what failed for
good is shown on the page of failed jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from django.db import transaction
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app as procrastinate_app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from renkei.jobs.models import JobFailure
from renkei.kernel.errors import DomainError

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""Past by any clock: the queue compares with the database's time, which the demo's clock does not follow."""
# A worker gives its tasks a connector that commits by itself: a job would run before the row it is about is there, or stay
# behind when the transaction is rolled back. This one writes over Django's connection in every process.
_in_transaction = JobManager(DjangoConnector())


class Job(Protocol):
    """A function that can be run now or put into the queue."""

    def __call__(self, **kwargs: Any) -> Any:
        """Run now, in this process."""

    def defer(self, **kwargs: Any) -> int:
        """Put into the queue at once; see :func:`enqueue` for the open transaction."""


def _note_failure(run: Callable[[], Any], context: JobContext, worker: object) -> Any:
    """Keep the reason of a failed attempt; what the attempt itself wrote is rolled back by now."""
    try:
        return run()
    except Exception as error:
        attempt = context.job.attempts + 1
        failure = JobFailure(job_number=context.job.id or 0, attempt=attempt, error=reason_of(error))
        failure.save(force_insert=True)
        raise


def reason_of(error: Exception) -> str:
    """One line for the page of failed jobs. Only the first line: a database puts values of rows into the next ones."""
    if isinstance(error, DomainError):
        return error.message_ja[:500]
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}"[:500]


def job(*, queue: str = "default", retries: int = 5) -> Callable[[Callable[..., Any]], Job]:
    """Declare a job: keyword arguments of plain values only."""
    strategy = RetryStrategy(max_attempts=retries, exponential_wait=4)

    def declare(function: Callable[..., Any]) -> Job:
        name = f"{function.__module__}.{function.__qualname__}"
        return cast(
            Job,
            procrastinate_app.task(queue=queue, retry=strategy, name=name, task_middleware=[_note_failure])(
                function
            ),
        )

    return declare


def periodic(cron: str, *, queue: str = "periodic") -> Callable[[Callable[[], Any]], Job]:
    """Declare a job that runs by the clock (``cron`` in UTC); never two of the same at once."""

    def declare(function: Callable[[], Any]) -> Job:
        name = f"{function.__module__}.{function.__qualname__}"

        def run(timestamp: int) -> None:
            function()

        task = procrastinate_app.task(
            queue=queue, name=name, queueing_lock=name, retry=3, task_middleware=[_note_failure]
        )(run)
        return cast(Job, procrastinate_app.periodic(cron=cron)(task))

    return declare


def enqueue_passed(after: datetime, until: datetime) -> list[str]:
    """Queue every periodic job whose time lay in between (``after`` not included), each once; gives their names.

    For a clock that was moved: real time passes the marks by itself.
    """
    queued = []
    for found in procrastinate_app.periodic_registry.periodic_tasks.values():
        following = found.croniter.get_next(float, start_time=after.timestamp())
        if following <= until.timestamp():
            deferrer = found.task.configure()
            deferrer.job_manager = _in_transaction
            with suppress(AlreadyEnqueued), transaction.atomic():
                deferrer.defer(timestamp=int(following))
                queued.append(found.task.name)
    return queued


def enqueue(what: Job, **kwargs: Any) -> int:
    """Put ``what`` into the queue of the open transaction, also inside a job; returns the job's number."""
    deferrer = cast("Task[Any, Any, Any]", what).configure()
    deferrer.job_manager = _in_transaction
    return deferrer.defer(**kwargs)
