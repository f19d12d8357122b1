"""Seals the trail every minute. Stands here because ``audit`` and ``jobs`` are siblings and do not know each other."""

from __future__ import annotations

from renkei.audit.chain import seal
from renkei.gate.context import system
from renkei.jobs.queue import periodic


@periodic("* * * * *")
def seal_trail() -> None:
    """Chain everything written so far; lines of transactions that are still open wait for the next minute."""
    with system("sealing the trail"):
        seal()
