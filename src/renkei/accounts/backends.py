"""How Django finds the person of a log-in or a session: as the system, because nobody is known yet."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest

from renkei.gate.context import system


class PersonBackend(AuthenticationBackend):
    """allauth's check of log-in id and password; the wall opens only the rows of people, never a patient's."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """The person whose password this is, or None."""
        with system("log-in"), transaction.atomic():
            return super().authenticate(request, **credentials)

    def get_user(self, user_id: int) -> AbstractBaseUser | None:
        """The person of a session; None when the account was switched off."""
        with system("session of a person"), transaction.atomic():
            return super().get_user(user_id)
