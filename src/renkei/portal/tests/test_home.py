"""The first page of each role, and the sign of life."""

from __future__ import annotations

from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from testing.cast import Cast
from testing.fixtures import StaffClient


@pytest.mark.django_db
def test_the_sign_of_life_needs_no_log_in(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_the_sign_of_life_is_503_while_the_database_is_away(client: Client) -> None:
    with mock.patch("renkei.portal.views.home.connection.cursor", side_effect=OperationalError("gone")):
        response = client.get("/healthz")
    assert response.status_code == 503
    assert b"gone" not in response.content
