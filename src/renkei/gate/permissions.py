"""Grants: which role may do what. Modules register their enum when they start; nobody else hands out permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from renkei.kernel.roles import Role

_grants: dict[Role, set[str]] = {role: set() for role in Role}
_labels: dict[str, str] = {}


def register(permissions: type[StrEnum], *, grants: Mapping[Role, Iterable[StrEnum]]) -> None:
    """Make a module's ``permissions`` known and grant them to roles."""
    for permission in permissions:
        _labels[str(permission)] = (permission.__doc__ or "") and str(permission)
    for role, granted in grants.items():
        _grants[role].update(str(p) for p in granted)


def granted_to(roles: Iterable[Role]) -> frozenset[str]:
    """Every permission that any of ``roles`` carries."""
    return frozenset().union(*(_grants[role] for role in roles))


def matrix() -> dict[str, set[Role]]:
    """Permission → roles, for the generated documentation and the tests."""
    return {p: {role for role in Role if p in _grants[role]} for p in sorted(_labels)}
