"""SMART scopes (v2 ``user/Patient.rs``, v1 ``user/Patient.read``): parsing, narrowing, and what they mean in this house.

Source: HL7 SMART App Launch 2.x, "Scopes for requesting FHIR Resources". Not taken: search parameters inside a scope
(``?category=…``) and the ``patient/`` context.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LETTERS = "cruds"
OFFLINE = "offline_access"
_SCOPE = re.compile(r"(user|system)/([A-Z][A-Za-z]{1,39}|\*)\.(read|write|\*|c?r?u?d?s?)")
_VERSION_1 = {"read": "rs", "write": "cud", "*": LETTERS}


@dataclass(frozen=True, order=True)
class Scope:
    """What may be done with one kind of FHIR resource; ``letters`` out of c, r, u, d, s in this order."""

    level: str
    resource: str
    letters: str

    def __str__(self) -> str:
        return f"{self.level}/{self.resource}.{self.letters}"


_permissions: dict[tuple[str, str], set[str]] = {}
_labels: dict[str, str] = {}


def register_scope(resource: str, letters: str, *permissions: str, label: str = "") -> None:
    """Say which permissions of the product ``letters`` over a FHIR ``resource`` stand for; modules do this at the start.

    ``register_scope("Patient", "rs", "patient.view", label="患者の基本情報")``. A resource that nobody registered can be
    neither granted nor asked for.
    """
    if not letters or set(letters) - set(LETTERS):
        raise ValueError(f"letters of a scope are {LETTERS}")
    for letter in letters:
        _permissions.setdefault((resource, letter), set()).update(str(p) for p in permissions)
    if label:
        _labels[resource] = label


def vocabulary() -> Mapping[str, str]:
    """Resource → the letters that are registered, by the Japanese word of the resource."""
    found: dict[str, str] = {}
    for resource in sorted({name for name, _letter in _permissions}, key=lambda r: (_labels.get(r, r), r)):
        found[resource] = "".join(c for c in LETTERS if (resource, c) in _permissions)
    return found


def label_of(resource: str) -> str:
    """The Japanese word of a resource, or its FHIR name."""
    return _labels.get(resource, resource)


def parse(text: str) -> Scope | None:
    """One scope, or None for what this server does not know. Version 1 words become letters."""
    found = _SCOPE.fullmatch(text)
    if found is None:
        return None
    level, resource, word = found.groups()
    letters = _VERSION_1.get(word, word)
    return Scope(level, resource, letters) if letters else None


def _spread(scope: Scope) -> list[Scope]:
    """``*`` as the registered resources; letters that a resource does not offer fall away."""
    known = vocabulary()
    names = list(known) if scope.resource == "*" else [scope.resource]
    found = [(n, "".join(c for c in scope.letters if c in known.get(n, ""))) for n in names]
    return [Scope(scope.level, name, letters) for name, letters in found if letters]


def narrow(wanted: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """What of ``wanted`` lies within ``allowed``, one scope per resource, in version 2. Never more than either."""
    most: dict[tuple[str, str], set[str]] = {}
    asked: dict[tuple[str, str], set[str]] = {}
    wanted, allowed = list(wanted), list(allowed)
    for texts, into in ((allowed, most), (wanted, asked)):
        for scope in filter(None, map(parse, texts)):
            for part in _spread(scope):
                into.setdefault((part.level, part.resource), set()).update(part.letters)
    found = []
    for key, letters in sorted(asked.items()):
        both = "".join(c for c in LETTERS if c in letters & most.get(key, set()))
        if both:
            found.append(str(Scope(*key, both)))
    return [*found, *([OFFLINE] if OFFLINE in wanted and OFFLINE in allowed else [])]


def scope_word(resource: str, letter: str) -> str:
    """The word among an actor's permissions that says the token itself covers this: ``fhir:Patient.r``."""
    return f"fhir:{resource}.{letter}"


def permissions_of(texts: Iterable[str]) -> frozenset[str]:
    """The product's permissions that scopes stand for, and the ``scope_word`` of each letter."""
    found: set[str] = set()
    for scope in filter(None, map(parse, texts)):
        for part in _spread(scope):
            for letter in part.letters:
                found |= _permissions[(part.resource, letter)]
                found.add(scope_word(part.resource, letter))
    return frozenset(found)
