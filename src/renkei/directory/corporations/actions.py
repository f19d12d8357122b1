"""Writes about corporations (法人) and which one runs a facility."""

from __future__ import annotations

from datetime import date

from renkei.directory.actions import line
from renkei.directory.corporations import queries
from renkei.directory.events import ProfileChanged
from renkei.directory.models import Facility, Organization, Ownership
from renkei.directory.permissions import P
from renkei.directory.types import refused_moves
from renkei.events.bus import emit
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed
from renkei.kernel.names import check_kana_name

BEGINNING = date(1900, 1, 1)
"""Since when an owner ran a facility that was never asked for the day it began."""


@action(P.ASSIGN_OWNER, says="法人を登録")
def add_corporation(actor: Actor, *, name: str, kana: str = "") -> Organization:
    """Register a corporation. Raises ``Invalid`` for an empty name or one that stands already."""
    row = Organization()
    _write(row, name, kana)
    return row


@action(P.EDIT_CORPORATION, says="法人の情報を変更")
def edit_corporation(actor: Actor, organization: Organization, *, name: str, kana: str = "") -> Organization:
    """Change the name of a corporation: one's own, or any for the 法人事務局. ``NotAllowed`` for another's."""
    if not may_edit(actor, organization):
        refuse(
            actor, "directory.corporations.actions.edit_corporation", "ほかの法人の情報を変更", organization
        )
        raise NotAllowed(
            "other_corporation", "ほかの法人の情報は変更できません。その法人か法人事務局に依頼してください。"
        )
    _write(organization, name, kana)
    for facility in queries.facilities_of(organization):
        emit(ProfileChanged(facility.pk))
    return organization


def may_edit(actor: Actor, organization: Organization) -> bool:
    """Whether the actor may change this corporation's data: the office, or staff whose house it runs today."""
    if actor.may(P.ASSIGN_OWNER):
        return True
    own = queries.recorded_owner(actor.facility_id) if actor.facility_id else None
    return actor.may(P.EDIT_CORPORATION) and own is not None and own.pk == organization.pk


def _write(row: Organization, name: str, kana: str) -> None:
    called = line(name, 120, "name")
    if not called:
        raise Invalid("name_empty", "法人の名称を入力してください。", "name")
    if Organization.objects.filter(name=called).exclude(pk=row.pk).exists():
        raise Invalid("corporation_taken", f"「{called}」はもう登録されています。", "name")
    row.name = called
    row.kana = check_kana_name(kana) if kana.strip() else ""
    row.save()


@action(P.ASSIGN_OWNER, says="施設の法人を変更", adds=True)
def move_to_corporation(
    actor: Actor, facility: Facility, *, organization: Organization | None, from_on: date
) -> Ownership | None:
    """From ``from_on`` on the corporation runs the facility; None: it leaves its corporation on that day.

    The period before ends there and stays on record, so that what is reported about earlier days keeps the old owner.
    Raises ``Invalid`` when a later move is recorded, nothing would change, or a registered rule is against it (a member of
    an alliance takes in no facility outside the 区域).
    """
    rows = list(Ownership.objects.filter(facility=facility).order_by("from_on"))
    later = next((row for row in rows if row.from_on > from_on), None)
    if later is not None:
        raise Invalid(
            "from_on",
            f"{later.from_on:%Y-%m-%d}からの所属がもう登録されています。それより後の日付にしてください。",
            "from_on",
        )
    now = queries.owner_on(facility, from_on)
    if (organization is None and now is None) or _runs(rows, organization, from_on):
        raise Invalid("organization", "今と同じ所属です。別の法人を選んでください。", "organization")
    if organization is not None:
        for says in refused_moves(facility.pk, organization.pk, from_on):
            raise Invalid("organization", says, "organization")
    if not rows and facility.organization is not None:
        _record_founder(facility, from_on)
    made = _begin(facility, rows, organization, from_on)
    settle_owner(actor, facility)
    return made


def _runs(rows: list[Ownership], organization: Organization | None, day: date) -> bool:
    last = rows[-1] if rows else None
    open_still = last is not None and (last.until_on is None or last.until_on > day)
    return open_still and last is not None and last.organization == organization


def _record_founder(facility: Facility, until_on: date) -> None:
    """The founder so far becomes the first period, or reports on earlier days would name the new owner."""
    began = facility.opened_on or BEGINNING
    if began < until_on:
        Ownership(
            facility=facility, organization=facility.organization, from_on=began, until_on=until_on
        ).save()


def _begin(
    facility: Facility, rows: list[Ownership], organization: Organization | None, from_on: date
) -> Ownership | None:
    last = rows[-1] if rows else None
    if last is not None and last.from_on < from_on and (last.until_on is None or last.until_on > from_on):
        last.until_on = from_on
        last.save()
    if organization is None:
        if last is not None and last.from_on == from_on:
            raise Invalid(
                "from_on",
                "所属が始まった日にやめることはできません。翌日以降の日付にしてください。",
                "from_on",
            )
        return None
    row = last if last is not None and last.from_on == from_on else Ownership(facility=facility)
    row.organization, row.from_on, row.until_on = organization, from_on, None
    row.save()
    return row


@action(P.ASSIGN_OWNER, says="開設者を所属法人に合わせる", adds=True)
def settle_owner(actor: Actor, facility: Facility) -> Facility:
    """The founder (開設者) as printed today follows the recorded owner; called by moves and every night."""
    owner = queries.owner_on(facility, clock.today())
    if facility.organization != owner:
        facility.organization = owner
        facility.save()
    emit(ProfileChanged(facility.pk))
    return facility
