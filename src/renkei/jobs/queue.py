"""The queue: procrastinate behind four words, so that another queue can take its place.

A job is written in the same transaction as what it belongs to. Jobs are retried with growing pauses; what failed for
good is shown on the page of failed jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as procrastinate_app

F = TypeVar("F", bound=Callable[..., Any])


class Job(Protocol):
    """A function that can be run now or put into the queue."""

    def __call__(self, **kwargs: Any) -> Any:
        """Run now, in this process."""

    def defer(self, **kwargs: Any) -> int:
        """Put into the queue."""


def job(*, queue: str = "default", retries: int = 5) -> Callable[[Callable[..., Any]], Job]:
    """Declare a job: keyword arguments of plain values only."""
    strategy = RetryStrategy(max_attempts=retries, exponential_wait=4)

    def declare(function: Callable[..., Any]) -> Job:
        name = f"{function.__module__}.{function.__qualname__}"
        return cast(Job, procrastinate_app.task(queue=queue, retry=strategy, name=name)(function))

    return declare


def periodic(cron: str, *, queue: str = "periodic") -> Callable[[Callable[[], Any]], Job]:
    """Declare a job that runs by the clock (``cron`` in UTC); never two of the same at once."""

    def declare(function: Callable[[], Any]) -> Job:
        name = f"{function.__module__}.{function.__qualname__}"

        def run(timestamp: int) -> None:
            function()

        task = procrastinate_app.task(queue=queue, name=name, queueing_lock=name, retry=3)(run)
        return cast(Job, procrastinate_app.periodic(cron=cron)(task))

    return declare


def enqueue(what: Job, **kwargs: Any) -> int:
    """Put ``what`` into the queue of the open transaction; returns the job's number."""
    return what.defer(**kwargs)
