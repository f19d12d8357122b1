"""Whose address the trail notes when Renkei stands behind proxies."""

from __future__ import annotations

import pytest
from django.test import RequestFactory, override_settings

from renkei.gate.middleware import client_address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "noted"),
    [
        (0, "203.0.113.9", "10.0.0.1"),  # no proxy of ours: the header is the visitor's own word
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what a visitor wrote in front is not believed
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),  # fewer entries than proxies: it did not come the way we expect
        (1, "", "10.0.0.1"),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(proxies: int, forwarded: str, noted: str) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="10.0.0.1")
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=proxies):
        assert client_address(request) == noted
