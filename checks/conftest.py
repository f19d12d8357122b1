"""Fixtures of the proofs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from checks.world import World, committed_world


@pytest.fixture(scope="module")
def world(django_db_blocker: Any, worker_id: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """A committed world for one file of proofs; its tests put back what they change."""
    part = request.module.__name__.rsplit(".", 1)[-1].removeprefix("test_")
    with django_db_blocker.unblock(), committed_world(f"renkei_{worker_id}_{part}"[:60]) as made:
        yield made
