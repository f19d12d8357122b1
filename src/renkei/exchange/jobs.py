"""What exchange does by the clock: scanned papers are fetched every minute where a folder or a mailbox is set."""

from __future__ import annotations

from renkei.exchange.scans import folder, mail
from renkei.exchange.scans.working import read_scan
from renkei.jobs.queue import periodic

__all__ = ["read_scan"]


@periodic("* * * * *")
def watch_folder() -> None:
    """Files that a fax server dropped."""
    folder.take_from_folder()


@periodic("* * * * *")
def fetch_mail() -> None:
    """Faxes that came as mail."""
    mail.fetch_all()
