"""People at work for ten minutes: clerks, physicians and clinics with a second of thought between two presses.

They work on the demo region behind the product's own web processes. Counted are errors, lost writes (a letter that was
acknowledged and is not there, or twice) and the 95th of all waits; the line ends in the ratio to a second, the limit for
a page. ``USERS`` (default 50), ``MINUTES`` (default 10).
"""

from __future__ import annotations

import os
import random
import re
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from django.conf import settings
from psycopg.conninfo import make_conninfo

import conftest  # noqa: F401  (starts the server and Django)
from bench.place import machine
from bench.server import free_port, running
from renkei.accounts.models import Membership
from renkei.accounts.queries import actor_of
from renkei.config import launch, pgroles
from renkei.gate.context import system
from testing.database import DEMO_TEMPLATE, arranging, clone, database, ensure_demo_template
from testing.fixtures import StaffClient

USERS = int(os.environ.get("USERS", "50"))
MINUTES = float(os.environ.get("MINUTES", "10"))
THOUGHT = 1.0
LIMIT_MS = 1000.0
NAME = "bench_users"


@dataclass
class Ledger:
    """What happened to everybody: waits in ms, errors, and the messages that were acknowledged."""

    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)


class Person:
    """A member of staff with a browser that keeps its connection."""

    def __init__(self, port: int, cookies: dict[str, str], house: int, ledger: Ledger, seed: int) -> None:
        self.port, self.cookies, self.house, self.ledger = port, cookies, house, ledger
        self.chance = random.Random(seed)
        self.wire = HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path: str, form: dict[str, str] | None = None) -> str:
        """One press and its wait; the page, or nothing after an error."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({**form, "csrfmiddlewaretoken": self.cookies["csrftoken"]})
        began = time.perf_counter()
        try:
            self.wire.request("GET" if body is None else "POST", path, body, headers)
            answer = self.wire.getresponse()
            page = answer.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            self.ledger.errors.append(f"{path}: {error!r}")
            self.wire.close()
            return ""
        self.ledger.waits.append((time.perf_counter() - began) * 1000)
        if answer.status not in (200, 302, 304):
            said = re.search(r"<h1[^>]*>(.*?)</h1>.*?<p[^>]*>(.*?)</p>", page, re.DOTALL)
            self.ledger.errors.append(
                f"{path}: {answer.status} {' '.join(said.groups()) if said else page[:80]}"
            )
            return ""
        return page or "-"

    def work(self, until: float, home: str) -> None:
        """List, referral, a line to the other side, a search; a second of thought after each."""
        while time.monotonic() < until:
            page = self.ask(home)
            time.sleep(THOUGHT)
            rows = re.findall(r'data-row[^>]*id="r-([0-9a-f-]{36})"|id="r-([0-9a-f-]{36})"', page)
            uids = [a or b for a, b in rows]
            if uids:
                uid = self.chance.choice(uids)
                self.ask(f"/referrals/{uid}/")
                time.sleep(THOUGHT)
                mark = uuid4().hex
                if self.ask(
                    f"/referrals/{uid}/message/",
                    {"message-text": f"連絡 {mark}", "_facility": str(self.house)},
                ):
                    self.ledger.acknowledged.append(mark)
                time.sleep(THOUGHT)
            self.ask(
                "/referrals/search/?q=" + self.chance.choice(["%E9%88%B4%E6%9C%A8", "%E5%B1%B1%E7%94%B0"])
            )
            time.sleep(THOUGHT)


def cookies_of_everybody() -> list[tuple[dict[str, str], int, str]]:
    """Log-ins of as many staff as there are users, with their house and the page where their day begins."""
    found = []
    with arranging(), system("benchmark") as whole:
        rows = Membership.objects.visible_to(whole).select_related("person", "facility").order_by("id")
        actors = [actor_of(m) for m in rows if m.in_force() and m.person.is_active]
    workers = [a for a in actors if a.may("referral.view")]
    for number in range(USERS):
        actor = workers[number % len(workers)]
        client = StaffClient().log_in(actor)
        client.get("/accounts/me/", headers={"host": "localhost"})
        cookies = {
            settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
            "csrftoken": client.cookies["csrftoken"].value,
        }
        home = "/referrals/desk/" if actor.may("referral.receive") else "/referrals/clinic/"
        found.append((cookies, actor.facility_id, home))
    return found


def kept(marks: list[str]) -> dict[str, int]:
    """How often each acknowledged line stands in the database."""
    url: Any = make_conninfo(os.environ["DATABASE_OWNER_URL"], dbname=NAME)
    with psycopg.connect(url) as owner:
        texts = [
            str(row[0])
            for row in owner.execute("SELECT text FROM referrals_message WHERE text LIKE '連絡 %'")
        ]
    counts: dict[str, int] = dict.fromkeys(marks, 0)
    for text in texts:
        mark = text.removeprefix("連絡 ")
        counts[mark] = counts.get(mark, 0) + 1
    return counts


def main() -> None:
    """Everybody works at once; then the books are compared."""
    ensure_demo_template()
    clone(NAME, DEMO_TEMPLATE)
    ledger, port = Ledger(), free_port()
    with database(NAME):
        logged_in = cookies_of_everybody()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "RENKEI_COMPARE"))}
    env["DATABASE_URL"] = make_conninfo(os.environ["DATABASE_OWNER_URL"], user=pgroles.APP, dbname=NAME)
    with running(launch.web_command("127.0.0.1", port), env, port, "/healthz"):
        until = time.monotonic() + MINUTES * 60
        people = [
            threading.Thread(target=Person(port, cookies, house, ledger, n).work, args=(until, home))
            for n, (cookies, house, home) in enumerate(logged_in)
        ]
        for person in people:
            person.start()
        for person in people:
            person.join()
    counts = kept(ledger.acknowledged)
    lost = sum(1 for mark in ledger.acknowledged if counts[mark] == 0)
    double = sum(1 for count in counts.values() if count > 1)
    waits = statistics.quantiles(ledger.waits, n=20)
    for error in ledger.errors[:10]:
        print(f"  {error}")
    print(
        f"{USERS} people, {MINUTES:g} minutes, {len(ledger.waits):,} answers, {len(ledger.acknowledged):,} lines written:"
        f" {len(ledger.errors)} errors, {lost} lost, {double} doubled; {machine()};"
        f" p50 {statistics.median(ledger.waits):.0f} ms, p95 {waits[-1]:.0f} ms, limit {LIMIT_MS:.0f} ms"
        f" = {waits[-1] / LIMIT_MS:.2f}x"
    )


if __name__ == "__main__":
    main()
