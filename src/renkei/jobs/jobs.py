"""Jobs whose worker was killed are run again: the queue itself leaves them marked as running for ever."""

from __future__ import annotations

from datetime import timedelta

from asgiref.sync import async_to_sync
from django.db.models import Q
from django.db.models.functions import Now
from procrastinate.contrib.django import app as procrastinate_app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Status

from renkei.jobs.models import JobFailure
from renkei.jobs.queue import AT_ONCE, periodic

SILENCE = timedelta(seconds=60)
"""A worker gives a sign of life every 10 seconds; procrastinate forgets it after 30."""
MOST_ATTEMPTS = 8
"""A job that takes its worker down each time must not do so for ever."""
REASON = "The worker ended while it ran this job."


@periodic("* * * * *")
def take_up_abandoned() -> None:
    """Queue again what a killed worker left half; after ``MOST_ATTEMPTS`` it stands on the page of failed jobs.

    Whatever the killed attempt wrote was rolled back by the database, so the next attempt starts anew.
    """
    for job in abandoned():
        if job.queueing_lock and ProcrastinateJob.objects.filter(
            queueing_lock=job.queueing_lock, status="todo"
        ):
            # Its next turn by the clock waits already, and two of the same may not: that one does the work.
            _finish(job, Status.ABORTED)
            continue
        JobFailure(job_number=job.pk, attempt=job.attempts + 1, error=REASON).save(force_insert=True)
        if job.attempts + 1 < MOST_ATTEMPTS:
            procrastinate_app.job_manager.retry_job_by_id(job.pk, retry_at=AT_ONCE)
        else:
            _finish(job, Status.FAILED)


def _finish(job: ProcrastinateJob, status: Status) -> None:
    finish = async_to_sync(procrastinate_app.job_manager.finish_job_by_id_async)
    finish(job.pk, status=status, delete_job=False)


def abandoned() -> list[ProcrastinateJob]:
    """Jobs marked as running by a worker that is forgotten or has been silent for ``SILENCE``."""
    silent = Q(worker=None) | Q(worker__last_heartbeat__lt=Now() - SILENCE)
    return list(ProcrastinateJob.objects.filter(silent, status="doing").order_by("id")[:500])
