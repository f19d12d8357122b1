"""A prefecture, a municipality, and answers that fulfil 1号."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.gate.actor import Actor
from renkei.publications.functions.tests.region import officer, settle
from testing.cast import Cast

PART_ONE: dict[str, Any] = {
    "posted": "1",
    "training": "1",
    "training_fte": "1.29",
    "generalist": "0",
    "domains": ["7", "9"],
    "diseases": ["1", "6"],
    "consultation": "1",
}
NOTHING_OF_PART_TWO: dict[str, Any] = {
    "duty_rota": "0",
    "night_centre": "0",
    "on_call": "0",
    "after_hours_fee": "0",
    "backup_beds": "1",
    "discharge_rules": "0",
    "pathways": "1",
    "referred_outpatients": "0",
    "home_system": "0",
    "home_deaths": "0",
    "care_opinion": "0",
    "care_meetings": "0",
    "care_facility": "1",
    "advance_care": "0",
    "community_meetings": "0",
}


@pytest.fixture
def region(cast: Cast) -> Cast:
    """The cast, settled in 伊勢原市 and 湘南西部."""
    settle(cast)
    return cast


@pytest.fixture
def prefecture(region: Cast) -> Actor:
    """黒田 of the prefecture."""
    return officer("kuroda", "県医療課", "14")


@pytest.fixture
def city(region: Cast) -> Actor:
    """井上 of the city."""
    return officer("inoue", "市健康づくり課", "14214")
