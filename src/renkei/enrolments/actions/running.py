"""A facility runs a scheme: starts it from a manifest, words its public page, ends it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from renkei.directory.queries import areas as all_areas
from renkei.enrolments.models import Scheme
from renkei.enrolments.permissions import P
from renkei.enrolments.types import manifest_of
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.text import clean_note


@action(P.MANAGE, says="制度を始める")
def start_scheme(
    actor: Actor,
    *,
    key: str,
    name: str = "",
    greeting: str = "",
    contact: str = "",
    from_on: date | None = None,
) -> Scheme:
    """The actor's facility runs the scheme called ``key`` from a day on (today)."""
    try:
        manifest = manifest_of(key)
    except KeyError:
        raise Invalid("scheme_unknown", "この制度はありません。一覧から選んでください。", "key") from None
    if Scheme.objects.filter(key=key, owner_id=actor.facility_id).exists():
        raise NotPossibleNow("scheme_runs", f"「{manifest.name}」はもう始まっています。")
    row = Scheme(
        key=key,
        owner_id=actor.facility_id,
        name=clean_note(name.strip(), 80, "name") or manifest.name,
        greeting=clean_note(greeting.strip(), 500, "greeting"),
        contact=clean_note(contact.strip(), 120, "contact"),
        from_on=from_on or clock.today(),
    )
    row.save()
    say(f"{actor.label}が制度「{row.name}」を始めました")
    return row


@action(P.MANAGE, says="制度の案内を変更")
def edit_scheme(
    actor: Actor,
    scheme: Scheme,
    *,
    name: str,
    greeting: str,
    contact: str,
    takes_applications: bool,
    areas: Iterable[str] | None = None,
) -> Scheme:
    """Name, words of the public page, whether applications come by web, the areas that the scheme covers."""
    own(actor, scheme, "edit_scheme", "制度の案内を変更")
    if not name.strip():
        raise Invalid("name_empty", "名称を入力してください。", "name")
    scheme.name = clean_note(name.strip(), 80, "name")
    scheme.greeting = clean_note(greeting.strip(), 500, "greeting")
    scheme.contact = clean_note(contact.strip(), 120, "contact")
    scheme.takes_applications = takes_applications
    if areas is not None:
        known = {area.code for area in all_areas()}
        if unknown := sorted(set(areas) - known):
            raise Invalid("area_unknown", f"区域のコード {unknown[0]} はありません。", "areas")
        scheme.areas = sorted(set(areas))
    scheme.save()
    return scheme


@action(P.MANAGE, says="制度を終える")
def end_scheme(actor: Actor, scheme: Scheme, *, ended_on: date) -> Scheme:
    """No application is taken from ``ended_on`` on; memberships run out with their terms."""
    own(actor, scheme, "end_scheme", "制度を終える")
    if ended_on < scheme.from_on:
        raise Invalid("ended_before_start", "終了日が開始日より前です。", "ended_on")
    scheme.ended_on = ended_on
    scheme.save()
    return scheme


def own(actor: Actor, scheme: Scheme, name: str, says: str) -> None:
    """Raise ``NotAllowed``, on record, unless the actor's facility runs the scheme."""
    if scheme.owner_id != actor.facility_id:
        refuse(actor, f"enrolments.actions.{name}", says, scheme)
        raise NotAllowed("not_the_owner", "この制度を運営する施設だけが操作できます。")
