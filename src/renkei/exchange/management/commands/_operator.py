"""Who stands behind a command: the operator names a member of staff, and everything is done and recorded as them."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.db import transaction

from renkei.accounts.queries import actor_of, memberships_of
from renkei.gate.actor import Actor, Kind
from renkei.gate.context import acting, system


def staff_actor(login_id: str, facility_number: str = "") -> Actor:
    """The actor of ``login_id`` at the facility with that institution number, or at the only one they work for.

    Raises ``CommandError`` for an unknown name, an unknown facility, and several to choose from.
    """
    with system("renkei import/export の利用者を特定"), transaction.atomic():
        person = get_user_model()._default_manager.filter(login_id=login_id, is_active=True).first()
    if person is None:
        raise CommandError(f"利用者「{login_id}」が見つかりません。--as のログインIDを確認してください。")
    with acting(Actor(Kind.PERSON, person_id=person.pk)), transaction.atomic():
        found = memberships_of(person.pk)
        if facility_number:
            found = [m for m in found if m.facility.institution_number == facility_number]
        if not found:
            raise CommandError(
                f"「{login_id}」は医療機関番号 {facility_number or '(なし)'} の施設に所属していません。"
            )
        if len(found) > 1:
            numbers = "、".join(f"{m.facility.institution_number} {m.facility.name}" for m in found)
            raise CommandError(
                f"「{login_id}」は複数の施設に所属しています。--facility で選んでください: {numbers}"
            )
        return actor_of(found[0])
