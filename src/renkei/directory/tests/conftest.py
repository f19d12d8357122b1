"""What the directory's tests share."""

from __future__ import annotations

import dataclasses

import pytest

from renkei.gate.actor import Actor
from renkei.gate.permissions import granted_to
from renkei.kernel.roles import Role
from testing.cast import Cast


@pytest.fixture
def administrator(cast: Cast) -> Actor:
    """The system administrator of an outside hospital: may edit every facility."""
    return cast.actor("x2_system_administrator")


@pytest.fixture
def oka(cast: Cast) -> Actor:
    """The facility administrator of みどり中央病院."""
    return cast.actor("oka")


def with_role(actor: Actor, role: Role) -> Actor:
    """The same person with one role."""
    return dataclasses.replace(actor, roles=frozenset({role}), permissions=granted_to({role}))
