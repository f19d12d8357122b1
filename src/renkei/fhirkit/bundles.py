"""Bundles as documents: entries, references between them, and references that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Resource = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One entry of a Bundle: its position, ``fullUrl`` (may be empty) and resource."""

    index: int
    full_url: str
    resource: Resource

    @property
    def type(self) -> str:
        """The resource type, empty where the sender left it out."""
        return text_of(self.resource.get("resourceType"))


@dataclass(frozen=True)
class BrokenReference:
    """A reference that resolves to nothing in its Bundle, with the path of the element that holds it."""

    path: str
    reference: str
    source_type: str

    @property
    def is_formless(self) -> bool:
        """Neither ``urn:``, nor ``Type/id``, nor ``#id``: not a FHIR reference at all (seen in old drafts)."""
        return not self.reference.startswith(("urn:", "#")) and "/" not in self.reference


def text_of(value: Any) -> str:
    """``value`` where it is a string, else empty: outside data may hold anything anywhere."""
    return value if isinstance(value, str) else ""


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON array (a lone object counts as an array of one), anything else left out."""
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict)]


class Bundle:
    """Entries of a Bundle and the way from a reference to its resource."""

    def __init__(self, raw: Resource) -> None:
        self.raw = raw
        rows = raw.get("entry")
        self.entries = [
            Entry(index, text_of(row.get("fullUrl")), row["resource"])
            for index, row in enumerate(rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and isinstance(row.get("resource"), dict)
        ]
        self._by_key: dict[str, Entry] = {}
        for entry in self.entries:
            for key in _keys(entry):
                self._by_key.setdefault(key, entry)

    def of_type(self, resource_type: str) -> list[Entry]:
        """Entries of one resource type in Bundle order."""
        return [entry for entry in self.entries if entry.type == resource_type]

    def entry_for(self, reference: str) -> Entry | None:
        """The entry that ``reference`` names by fullUrl, ``urn:uuid``, ``Type/id``, absolute URL or bare id."""
        bare = reference.split("/_history/")[0]
        if bare in self._by_key:
            return self._by_key[bare]
        if bare.startswith(("http://", "https://")):
            return self._by_key.get("/".join(bare.split("/")[-2:]))
        return None

    def resolve(self, reference: Any, container: Resource | None = None) -> Resource | None:
        """The resource behind a Reference object or string; ``#id`` looks into ``container.contained``."""
        target = text_of(reference.get("reference") if isinstance(reference, dict) else reference)
        if target.startswith("#"):
            inside = items((container or {}).get("contained"))
            return next((row for row in inside if row.get("id") == target[1:]), None)
        found = self.entry_for(target) if target else None
        return found.resource if found else None


def _keys(entry: Entry) -> Iterator[str]:
    if entry.full_url:
        yield entry.full_url
    identity = text_of(entry.resource.get("id"))
    if identity:
        yield f"{entry.type}/{identity}"
        yield f"urn:uuid:{identity}"
        yield identity


def broken_references(bundle: Bundle) -> list[BrokenReference]:
    """References inside the entries that lead nowhere; absolute web addresses outside the Bundle are not broken."""
    found: list[BrokenReference] = []
    for entry in bundle.entries:
        if entry.type == "Bundle":
            found.extend(broken_references(Bundle(entry.resource)))
            continue
        for path, reference in _references(entry.resource, entry.type):
            external = reference.startswith(("http://", "https://"))
            own = reference == "#"
            if not external and not own and bundle.resolve(reference, entry.resource) is None:
                found.append(BrokenReference(path, reference, entry.type))
    return found


def _references(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for index, row in enumerate(value):
            yield from _references(row, f"{path}[{_label(row, path, index)}]")
    elif isinstance(value, dict):
        target = value.get("reference")
        if isinstance(target, str):
            yield path, target
        for key, child in value.items():
            if isinstance(child, dict | list):
                yield from _references(child, f"{path}.{key}")


def _label(row: Any, path: str, index: int) -> str:
    """Sections are named by their code, which people know, instead of their position."""
    if path.endswith(".section") and isinstance(row, dict):
        concept = row.get("code")
        for coding in items(concept.get("coding")) if isinstance(concept, dict) else []:
            if code := text_of(coding.get("code")):
                return code
    return str(index)
