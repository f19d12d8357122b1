"""A tile server that could not show anything is refused when the program starts, not found by a person on an empty map."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from renkei.config.tiles import checked


@pytest.mark.parametrize(
    "address", ["", "https://tiles.example.jp/{z}/{x}/{y}.png", "http://maps.local:8080/{z}/{x}/{y}"]
)
def test_an_address_of_tiles_or_none_is_taken(address: str) -> None:
    assert checked(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "tiles.example.jp/{z}/{x}/{y}.png",
        "//tiles.example.jp/{z}/{x}/{y}.png",
        "https://{s}.tiles.example.jp/{z}/{x}/{y}.png",
        "https://tiles.example.jp/{z}/{x}.png",
        "javascript:{z}{x}{y}",
    ],
)
def test_what_would_leave_the_map_empty_is_refused_with_the_form_it_should_have(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="RENKEI_TILES"):
        checked(address)
