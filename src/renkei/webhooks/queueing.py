"""A delivery through the queue."""

from __future__ import annotations

from renkei.jobs.queue import job
from renkei.webhooks import sending


@job(queue="webhooks", retries=3)
def deliver(delivery_uid: str) -> None:
    """One attempt. Its own pauses are kept in the row; the queue repeats only what broke in this house."""
    sending.attempt(delivery_uid)
