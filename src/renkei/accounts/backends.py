"""How Django finds the person of a log-in or a session: as the system, because nobody is known yet."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.http import HttpRequest

from renkei.accounts.queries import person_by_key
from renkei.gate.actor import Actor, Kind, current
from renkei.gate.context import acting, system


class PersonBackend(AuthenticationBackend):
    """allauth's check of log-in id and password; the wall opens only the rows of people, never a patient's."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """The person whose password this is, or None."""
        with system("log-in"), transaction.atomic():
            return super().authenticate(request, **credentials)

    def get_user(self, user_id: int) -> AbstractBaseUser | None:
        """The person of a session, read as themselves; None when the account was switched off."""
        themselves = Actor(Kind.PERSON, person_id=user_id)
        if current() == themselves and connection.in_atomic_block:  # a request that finds out who acts
            person = person_by_key(user_id)
        else:
            with acting(themselves), transaction.atomic():
                person = person_by_key(user_id)
        return person if person is not None and self.user_can_authenticate(person) else None
