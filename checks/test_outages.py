"""The database is cut off, slow or full: people are told, nothing is half, and it goes on by itself afterwards."""

from __future__ import annotations

import io
import logging
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import close_old_connections, connections
from django.urls import reverse
from PIL import Image

from checks.faults import Town, committed_town, logged_in_as, version_on
from checks.relay import Relay, wire_between
from checks.world import login
from renkei.config import pgroles
from renkei.referrals.models import Referral
from testing.fixtures import StaffClient

AWAY = "いま処理できません"
MOVE = b'INSERT INTO "referrals_referralmove"'


@pytest.fixture(scope="module")
def town(django_db_blocker: Any, worker_id: str) -> Iterator[Town]:
    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    with django_db_blocker.unblock(), committed_town(f"renkei_{worker_id}_outages") as made:
        yield made
    logging.getLogger("django.request").setLevel(logging.NOTSET)


class Browser(StaffClient):
    """Like the web server: connections that died are thrown away before each request."""

    def request(self, **values: Any) -> Any:
        """One request."""
        close_old_connections()
        return super().request(**values)


def browser_of(town: Town, login_id: str) -> Browser:
    client = Browser(raise_request_exception=False)
    with logged_in_as(pgroles.OWNER):
        client.log_in(town.cast.actor(login_id))
    return client


def state_of(town: Town, referral: Referral) -> str:
    ((state,),) = town.ask("SELECT state FROM referrals_referral WHERE id = %s", referral.pk)
    return str(state)


def receive(town: Town, browser: Browser, referral: Referral) -> tuple[str, dict[str, str]]:
    """The address and the form of the press that receives ``referral``, as the page shows it now."""
    page = browser.get(reverse("referrals:show", args=[referral.uid])).content.decode()
    return reverse("referrals:make", args=[referral.uid, "receive"]), {"version": version_on(page)}


def assert_told(answer: Any) -> None:
    assert answer.status_code == 503
    assert AWAY in answer.content.decode()
    assert answer["Retry-After"]


@pytest.fixture
def wire(town: Town) -> Iterator[Relay]:
    with wire_between() as relay:
        yield relay


def test_a_cut_wire_is_told_and_work_goes_on_when_it_is_mended(town: Town, wire: Relay) -> None:
    sato = browser_of(town, "sato")
    desk = reverse("referrals:desk")
    assert sato.get(desk).status_code == 200
    wire.cut()
    assert_told(sato.get(desk))
    assert sato.get("/healthz").status_code == 503
    wire.mend()
    assert sato.get(desk).status_code == 200
    assert sato.get("/healthz").status_code == 200


def test_a_wire_cut_before_the_commit_leaves_nothing(town: Town, wire: Relay) -> None:
    referral, sato = town.sent(), browser_of(town, "sato")
    address, form = receive(town, sato, referral)
    wire.cut_at_commit(MOVE, heard=False)
    assert_told(sato.post(address, form))
    wire.mend()
    assert state_of(town, referral) == "sent"
    assert not town.ask(
        "SELECT 1 FROM referrals_referralmove WHERE referral_id = %s AND name = 'receive'", referral.pk
    )
    assert sato.post(address, form).status_code == 302, "the same press works once the wire is mended"
    assert state_of(town, referral) == "received"


def test_a_wire_cut_after_the_commit_keeps_all_and_the_second_press_doubles_nothing(
    town: Town, wire: Relay
) -> None:
    referral, sato = town.sent(), browser_of(town, "sato")
    address, form = receive(town, sato, referral)
    wire.cut_at_commit(MOVE, heard=True)
    assert_told(sato.post(address, form))
    wire.mend()
    assert state_of(town, referral) == "received", "the database had kept it when the answer was lost"
    assert sato.post(address, form).status_code == 409
    moves = "SELECT count(*) FROM referrals_referralmove WHERE referral_id = %s AND name = 'receive'"
    assert town.ask(moves, referral.pk) == [(1,)]


@contextmanager
def patience(milliseconds: int) -> Iterator[None]:
    """Statements of the web's connections are given up after that time."""
    options = connections["default"].settings_dict["OPTIONS"]
    before = dict(options)
    options["options"] = f"-c statement_timeout={milliseconds}"
    connections["default"].close()
    try:
        yield
    finally:
        options.clear()
        options.update(before)
        connections["default"].close()


def test_a_database_that_does_not_answer_in_time_is_told_and_nothing_is_kept(town: Town) -> None:
    referral, sato = town.sent(), browser_of(town, "sato")
    address, form = receive(town, sato, referral)
    with login(pgroles.OWNER, town.database) as holder, patience(700):
        with holder.transaction():
            holder.execute("SELECT 1 FROM referrals_referral WHERE id = %s FOR UPDATE", [referral.pk])
            assert_told(sato.post(address, form))
            assert state_of(town, referral) == "sent"
        assert sato.post(address, form).status_code == 302
    assert state_of(town, referral) == "received"


@contextmanager
def small_disk(folder: Path, database: str, table: str) -> Iterator[None]:
    """``table`` lies on a disk of a few megabytes inside the block; skips where no disk may be mounted."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=777", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here (not root)")
    place = f"small_{os.getpid()}"
    try:
        with login("postgres", database) as admin:
            admin.execute(f"CREATE TABLESPACE {place} LOCATION '{folder}'".encode())
            admin.execute(f"ALTER TABLE {table} SET TABLESPACE {place}".encode())
            try:
                yield
            finally:
                connections["default"].close()
                admin.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default".encode())
                admin.execute(f"DROP TABLESPACE {place}".encode())
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def noisy_picture() -> bytes:
    """A PNG of about half a megabyte that does not compress."""
    out = io.BytesIO()
    Image.frombytes("RGB", (420, 420), os.urandom(420 * 420 * 3)).save(out, "PNG")
    return out.getvalue()


def test_a_full_disk_is_told_and_no_file_is_half(town: Town, tmp_path: Path) -> None:
    draft, aoki = town.draft(), browser_of(town, "aoki")
    address = reverse("referrals:attach", args=[draft.uid])
    with small_disk(tmp_path, town.database, "files_storedfile"):
        answers = []
        for number in range(8):
            upload = SimpleUploadedFile(f"胸部{number}.png", noisy_picture())
            answers.append(aoki.post(address, {"files": upload}, headers={"HX-Request": "true"}))
            if answers[-1].status_code != 200:
                break
        assert_told(answers[-1])
        kept = len(answers) - 1
        assert kept >= 1
        whole = town.ask(
            "SELECT count(*), count(*) FILTER (WHERE encode(sha256(f.content), 'hex') = a.sha256)"
            " FROM referrals_attachment a JOIN files_storedfile f ON f.uid = a.file_uid WHERE a.referral_id = %s",
            draft.pk,
        )
        assert whole == [(kept, kept)]
        assert aoki.get(reverse("referrals:edit", args=[draft.uid])).status_code == 200, "reading goes on"
    again = SimpleUploadedFile("胸部9.png", noisy_picture())
    assert aoki.post(address, {"files": again}, headers={"HX-Request": "true"}).status_code == 200
