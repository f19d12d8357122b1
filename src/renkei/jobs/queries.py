"""Failed jobs for the page of the system administrator, and trying one again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, OuterRef, Subquery
from procrastinate.contrib.django import app as procrastinate_app
from procrastinate.contrib.django.models import ProcrastinateJob

from renkei.jobs.models import JobFailure
from renkei.jobs.queue import AT_ONCE
from renkei.kernel.errors import NotFound, NotPossibleNow

PAGE = 50


@dataclass(frozen=True)
class FailedJob:
    """A job that used up its attempts; ``error`` is the first line of the last failure."""

    number: int
    name: str
    queue: str
    args: dict[str, Any]
    attempts: int
    error: str
    failed_at: datetime | None


@dataclass(frozen=True)
class FailedPage:
    """One page of failed jobs, newest first; ``total`` counts all of them."""

    jobs: list[FailedJob]
    number: int
    total: int

    @property
    def has_next(self) -> bool:
        """Whether an older page exists."""
        return self.number * PAGE < self.total


def failed(page: int = 1) -> FailedPage:
    """The ``page`` (from 1) of failed jobs, 50 a page, newest first."""
    number = max(1, page)
    last = JobFailure.objects.filter(job_number=OuterRef("pk")).order_by("-uid")
    rows = ProcrastinateJob.objects.filter(status="failed")
    shown = rows.annotate(
        error=Subquery(last.values("error")[:1]), ended_at=Max("procrastinateevent__at")
    ).order_by("-id")[(number - 1) * PAGE : number * PAGE]
    jobs = [
        FailedJob(
            job.pk, job.task_name, job.queue_name, job.args, job.attempts, job.error or "", job.ended_at
        )
        for job in shown
    ]
    return FailedPage(jobs, number, rows.count())


def gave_up(name: str, **arguments: str) -> bool:
    """Whether the newest job called ``name`` with these arguments used up its attempts, or was taken off the queue.

    One that waits, runs or will be tried once more has not.
    """
    rows = ProcrastinateJob.objects.filter(task_name=name, args__contains=arguments)
    status = rows.order_by("-id").values_list("status", flat=True).first()
    return status in ("failed", "cancelled", "aborted")


def retry(job_number: int) -> None:
    """Put a failed job into the queue again, to be run at once.

    Raises ``NotFound`` for an unknown number and ``NotPossibleNow`` for a job that has not failed.
    """
    job = ProcrastinateJob.objects.filter(pk=job_number).first()
    if job is None:
        raise NotFound("job_unknown", f"ジョブ {job_number} は見つかりません。一覧を更新してください。")
    if job.status != "failed":
        raise NotPossibleNow(
            "job_not_failed",
            f"ジョブ {job_number} は失敗の状態ではありません。一覧を更新して今の状態を確認してください。",
        )
    procrastinate_app.job_manager.retry_job_by_id(job_number, retry_at=AT_ONCE)
