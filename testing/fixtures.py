"""Fixtures that every module's tests share."""

from __future__ import annotations

import pytest
from django.test import Client

from renkei.accounts.middleware import SESSION_KEY
from renkei.accounts.models import Person
from renkei.gate.actor import Actor
from renkei.gate.context import system
from testing.cast import Cast, load
from testing.database import arranging


@pytest.fixture
def cast(db: None) -> Cast:
    """The cast of the region, read from the template."""
    with arranging("reading the cast"), system("reading the cast") as actor:
        return load(actor)


class StaffClient(Client):
    """A browser's requests as a member of staff."""

    def log_in(self, actor: Actor) -> StaffClient:
        """Log in as ``actor`` without the password page."""
        with arranging("log-in of a test"):
            self.force_login(Person.objects.get(pk=actor.person_id), "renkei.accounts.backends.PersonBackend")
        session = self.session
        session[SESSION_KEY] = actor.membership_id
        session.save()
        return self


@pytest.fixture
def browser(db: None) -> StaffClient:
    """A client that can log in as anybody of the cast."""
    return StaffClient()
