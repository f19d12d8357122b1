"""A double press on 紹介状を書く in the same instant: two requests, two connections, one draft."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from checks.faults import PATIENCE, Town, committed_town, wait_until, waiting
from checks.world import login
from renkei.accounts.middleware import SESSION_KEY
from renkei.accounts.models import Person
from renkei.config import pgroles
from renkei.gate.actor import Actor
from renkei.gate.context import system

DRAFTS = "SELECT count(*) FROM referrals_referral WHERE state = 'draft'"


@pytest.fixture(scope="module")
def town(django_db_blocker: Any, worker_id: str) -> Iterator[Town]:
    with django_db_blocker.unblock(), committed_town(f"renkei_{worker_id}_twice") as made:
        yield made


def at_the_door(town: Town, login_id: str) -> Client:
    """A browser of a person of the committed town."""
    client, actor = Client(), town.cast.actor(login_id)
    with system("log-in of a test"), transaction.atomic():
        client.force_login(Person.objects.get(pk=actor.person_id), "renkei.accounts.backends.PersonBackend")
    session = client.session
    session[SESSION_KEY] = actor.membership_id
    session.save()
    client.get(
        reverse("referrals:new")
    )  # the first request of a session writes the session; not part of the race
    return client


def press(client: Client, actor: Actor, patient_uid: Any, kind: str) -> str:
    data = {"patient": patient_uid, "kind": kind, "_facility": actor.facility_id}
    try:
        answer = client.post(reverse("referrals:new"), data)
        assert answer.status_code == 302, answer.content.decode()
        return str(answer.url)
    finally:
        connections.close_all()


def drafts(town: Town) -> int:
    return int(town.ask(DRAFTS)[0][0])


def same_instant(town: Town, *presses: tuple[str, str]) -> list[str]:
    """Both presses stand before the first insert or behind each other; only then the table lets anybody write."""
    with (
        login(pgroles.OWNER, town.database) as watcher,
        login(pgroles.OWNER, town.database) as holder,
        ThreadPoolExecutor(len(presses)) as pool,
    ):
        clients = [(at_the_door(town, who), town.cast.actor(who)) for who, _ in presses]
        connections.close_all()
        with holder.transaction():
            holder.execute("LOCK TABLE referrals_referral IN EXCLUSIVE MODE")
            done = [
                pool.submit(press, *door, town.cast.patient(patient).uid, "referral")
                for door, (_, patient) in zip(clients, presses, strict=True)
            ]
            wait_until(
                lambda: waiting(watcher, town.database) == len(presses) or any(f.done() for f in done),
                "every press waits",
            )
            assert not any(f.done() for f in done), [f.exception() for f in done if f.done()]
        return [future.result(PATIENCE) for future in done]


def test_two_presses_in_the_same_instant_open_one_draft(town: Town) -> None:
    before = drafts(town)
    first, second = same_instant(town, ("kimura", "suzuki"), ("kimura", "suzuki"))
    assert first == second
    assert drafts(town) == before + 1


def test_two_people_who_begin_in_the_same_instant_get_a_draft_each(town: Town) -> None:
    before = drafts(town)
    first, second = same_instant(town, ("kimura", "yamada"), ("aoki", "yamada"))
    assert first != second
    assert drafts(town) == before + 2


def test_one_person_who_begins_for_two_patients_gets_two_drafts(town: Town) -> None:
    before = drafts(town)
    first, second = same_instant(town, ("aoki", "suzuki"), ("aoki", "yoshida"))
    assert first != second
    assert drafts(town) == before + 2
