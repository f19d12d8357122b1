"""Who may look terms up: everybody who works somewhere."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of the code tables."""

    VIEW = "terms.view"


register(P, grants={role: [P.VIEW] for role in Role})
