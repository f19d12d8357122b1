"""Conditions of a scheme, asked of an application. What stands in a manifest names one of ``CHECKS``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from renkei.directory.corporations.queries import facilities_of
from renkei.directory.models import Area, Facility
from renkei.directory.profiles.queries import profile
from renkei.directory.queries import departments, facility_by_id, secondary_area
from renkei.enrolments.types import ApplicationDraft, Enrols, Finding, Manifest

Check = Callable[..., bool]
"""``(facility, draft, values, owner)``: whether the condition is met."""
SAME, OF_SCHEME = "same_secondary_area", "scheme_areas"
_BY_NAME = {Enrols.PHYSICIAN_AT_FACILITY, Enrols.PHYSICIAN}


def areas_of(facility: Facility) -> Iterable[Area]:
    """The facility's municipality, secondary area and prefecture."""
    area: Area | None = facility.area
    while area is not None:
        yield area
        area = area.parent


def in_area(
    facility: Facility, draft: ApplicationDraft, values: tuple[str, ...], owner: Facility | None
) -> bool:
    """In one of the named areas (codes or names), or in the secondary area of the facility that runs the scheme."""
    here = {word for area in areas_of(facility) for word in (area.code, area.name)}
    if here & set(values):
        return True
    if SAME not in values or owner is None:
        return False
    mine, theirs = secondary_area(facility), secondary_area(owner)
    return mine is not None and mine == theirs


def of_kind(
    facility: Facility, draft: ApplicationDraft, values: tuple[str, ...], owner: Facility | None
) -> bool:
    """A facility of one of these kinds."""
    return facility.kind in values


def has_function(
    facility: Facility, draft: ApplicationDraft, values: tuple[str, ...], owner: Facility | None
) -> bool:
    """At least one of these functions of a family physician (かかりつけ医機能 2号)."""
    return bool(set(values) & set(profile(facility).functions))


def has_department(
    facility: Facility, draft: ApplicationDraft, values: tuple[str, ...], owner: Facility | None
) -> bool:
    """One of these departments, as the directory knows it or as the application says."""
    said = dict(draft.answers).get("departments", "")
    known = {d.name for d in departments(facility)}
    return any(value in known or value in said for value in values)


def answered(
    facility: Facility, draft: ApplicationDraft, values: tuple[str, ...], owner: Facility | None
) -> bool:
    """``values`` are ``field=answer``: one of them was answered so (a training that was passed, for instance)."""
    said = {**dict(draft.answers), "category": draft.category}
    pairs = [value.partition("=") for value in values]
    return any(said.get(key) == answer if answer else bool(said.get(key)) for key, _, answer in pairs)


CHECKS: dict[str, Check] = {
    "area": in_area,
    "facility_kind": of_kind,
    "function": has_function,
    "department": has_department,
    "answer": answered,
}


def findings(
    manifest: Manifest, draft: ApplicationDraft, owner_id: int, areas: Iterable[str] = ()
) -> list[Finding]:
    """Everything that review has to look at: what is missing, what is outside a condition.

    ``areas`` are the codes of the areas that the scheme covers.
    """
    return [*_missing(manifest, draft), *_unmet(manifest, draft, owner_id, tuple(areas))]


def _houses(manifest: Manifest, draft: ApplicationDraft, facility: Facility, check: str) -> list[Facility]:
    """Who is asked: a corporation joins with every facility that it runs, so each lies in the area (区域) or none does."""
    if manifest.enrols is not Enrols.CORPORATION or check != "area" or not draft.organization_id:
        return [facility]
    return facilities_of(draft.organization_id) or [facility]


def outside_the_area(facility: Facility, manifest: Manifest, areas: Iterable[str], owner_id: int) -> str:
    """The first condition on the place that the facility does not meet and that has no exception (原則); empty if none."""
    owner, draft = facility_by_id(owner_id), ApplicationDraft(facility.pk)
    for rule in manifest.eligibility:
        values = (*rule.values, *areas) if OF_SCHEME in rule.values else rule.values
        if rule.check == "area" and not rule.principle and not in_area(facility, draft, values, owner):
            return rule.label
    return ""


def _missing(manifest: Manifest, draft: ApplicationDraft) -> Iterable[Finding]:
    if manifest.enrols in _BY_NAME and not draft.physician_name.strip():
        yield Finding("missing", "physician_name", "医師名", "physician_name")
    if manifest.enrols is Enrols.CORPORATION and not draft.organization_id:
        yield Finding("missing", "organization", "法人", "organization")
    if manifest.enrols is Enrols.SEAT and not draft.seat.strip():
        yield Finding("missing", "seat", "席", "seat")
    if manifest.categories and manifest.category(draft.category) is None:
        yield Finding("missing", "category", "区分", "category")
    said = dict(draft.answers)
    for field in manifest.fields:
        if field.required and not said.get(field.key, "").strip():
            yield Finding("missing", field.key, field.label, field.key)


def _unmet(
    manifest: Manifest, draft: ApplicationDraft, owner_id: int, areas: tuple[str, ...]
) -> Iterable[Finding]:
    facility, owner = facility_by_id(draft.facility_id), facility_by_id(owner_id)
    if facility is None:
        return
    yield from unmet(manifest, draft, facility, owner, areas)
    if not facility.is_open():
        yield Finding("barred", "closed", "閉院した施設です")


def unmet(
    manifest: Manifest,
    draft: ApplicationDraft,
    facility: Facility,
    owner: Facility | None,
    areas: Iterable[str],
) -> Iterable[Finding]:
    """The conditions of the manifest that are not met; ``facility`` is the draft's, ``owner`` runs the scheme."""
    for rule in manifest.eligibility:
        values = (*rule.values, *areas) if OF_SCHEME in rule.values else rule.values
        failing = [
            house.name
            for house in _houses(manifest, draft, facility, rule.check)
            if not CHECKS[rule.check](house, draft, values, owner)
        ]
        if failing:
            names = "、".join(failing) if manifest.enrols is Enrols.CORPORATION else ""
            label = f"{rule.label}({names})" if names else rule.label
            yield Finding("outside" if rule.principle else "barred", rule.check, label)
