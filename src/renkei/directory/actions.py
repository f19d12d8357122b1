"""Writes of the directory: one's own facility, or any for a system administrator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from renkei.directory.events import ProfileChanged
from renkei.directory.joining import join_facilities as join_facilities  # noqa: PLC0414 - a public face
from renkei.directory.models import (
    Department,
    Facility,
    MapPicture,
    Organization,
    Post,
    Rule,
    SpecialRelation,
)
from renkei.directory.on_paper import facility_on_paper as facility_on_paper  # noqa: PLC0414 - a public face
from renkei.directory.on_paper import representative_on_paper as representative_on_paper  # noqa: PLC0414 - a public face
from renkei.directory.permissions import P
from renkei.directory.pictures import prepare
from renkei.directory.queries import facility_by_number
from renkei.directory.reach import OWNED_SAYS, has_owner, require_reach
from renkei.directory.reported import set_functions as set_functions  # noqa: PLC0414 - a public face
from renkei.directory.types import WEEKDAYS, Setting, setting
from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor, Kind
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.identifiers import check_institution_number, phone, postal_code
from renkei.kernel.names import check_kana_name
from renkei.kernel.text import clean_note, compose_kana, refuse_controls, refuse_gaiji, refuse_longer

EDITABLE = (
    "kind name kana institution_number area organization postal_code address phone fax email access beds "
    "uses_renkei second_factor_forced opened_on closed_on"
).split()
# What only a system administrator decides: identity and founder.
RESERVED = frozenset({"kind", "institution_number", "organization", "uses_renkei", "opened_on"})
RESERVED_SAYS = "種別・医療機関番号・開設者・開設日・利用状況は、システム管理者だけが変更できます。"
HOURS_LIMIT = 40


def clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values ready to store, numbers in half width. Raises ``Invalid`` at the field; unknown names are a ``TypeError``."""
    ready = dict(values)
    if unknown := set(ready) - set(EDITABLE):
        raise TypeError(f"no such fields: {sorted(unknown)}")
    for name, limit in (("name", 120), ("address", 200)):
        if name in ready:
            ready[name] = line(str(ready[name] or ""), limit, name)
    if "name" in ready and not ready["name"]:
        raise Invalid("name_empty", "名称が空です。医療機関の名称を入力してください。", "name")
    if ready.get("kana"):
        ready["kana"] = check_kana_name(ready["kana"])
    if "institution_number" in ready:
        number = ready["institution_number"]
        ready["institution_number"] = check_institution_number(number).value if number else None
    if ready.get("postal_code"):
        ready["postal_code"] = postal_code(ready["postal_code"])
    for name in ("phone", "fax"):
        if ready.get(name):
            ready[name] = phone(ready[name], name).display[:20]
    if "access" in ready:
        ready["access"] = clean_note(ready["access"] or "", 2000, "access")
    if ready.get("email"):
        _check_email(ready["email"])
    return ready


def line(text: str, limit: int, field: str) -> str:
    """One line of text ready to store: spaces folded. Raises ``Invalid`` for what cannot be shown and for too much."""
    refuse_controls(text, field, allowed="", invisible=True)
    refuse_gaiji(text, field)
    folded = " ".join(compose_kana(text).split())
    refuse_longer(folded, limit, field)
    return folded


def _check_email(text: str) -> None:
    try:
        validate_email(text)
    except ValidationError:
        raise Invalid(
            "email", "メールアドレスの形が正しくありません(例: renkei@example.jp)。", "email"
        ) from None


def refuse_taken_number(
    number: str | None, but: int | None = None, field: str = "institution_number"
) -> None:
    """``Invalid`` when another facility has, or had, this institution number (医療機関番号)."""
    taken = facility_by_number(number) if number else None
    if taken and taken.pk != but:
        former = taken.institution_number != number
        raise Invalid(
            "institution_number_taken",
            f"この医療機関番号は「{taken.name}」{'が以前使っていた番号です' if former else 'に登録されています'}。"
            "番号を確認してください。",
            field,
        )


@action(P.EDIT_ALL, says="医療機関を登録")
def add_facility(actor: Actor, *, kind: str, name: str, **values: Any) -> Facility:
    """Register a facility; fields as in ``EDITABLE``. Raises ``Invalid`` at the field."""
    ready = clean({"kind": kind, "name": name, **values})
    refuse_taken_number(ready.get("institution_number"))
    if "organization" in ready:
        ready["organization"] = _founder_of(ready["organization"])
    facility = Facility(**ready)
    facility.save()
    emit(ProfileChanged(facility.pk))
    return facility


@action(P.EDIT_OWN, says="医療機関の情報を変更")
def edit_facility(actor: Actor, facility: Facility, **values: Any) -> Facility:
    """Change fields of ``EDITABLE``; ``RESERVED`` ones need P.EDIT_ALL. Raises ``Invalid``, ``NotAllowed``, ``Stale``."""
    require_reach(actor, facility, "actions.edit_facility")
    ready = clean(values)
    _resolve_founder(actor, facility, ready)
    changed = {name for name, value in ready.items() if getattr(facility, name) != value}
    if changed & RESERVED and not actor.may(P.EDIT_ALL):
        raise NotAllowed("reserved", RESERVED_SAYS)
    if "institution_number" in changed:
        refuse_taken_number(ready["institution_number"], but=facility.pk)
    if changed:
        for name in changed:
            setattr(facility, name, ready[name])
        facility.save()
        emit(ProfileChanged(facility.pk))
    return facility


def _resolve_founder(actor: Actor, facility: Facility, ready: dict[str, Any]) -> None:
    """``organization`` may come as a name; another one than now is for those who may edit everything."""
    if "organization" not in ready:
        return
    if _founder_name(ready["organization"]) == _founder_name(facility.organization):
        ready["organization"] = facility.organization
    elif has_owner(facility.pk):
        raise Invalid("organization", OWNED_SAYS, "organization")
    elif actor.may(P.EDIT_ALL):
        ready["organization"] = _founder_of(ready["organization"])
    else:
        raise NotAllowed("reserved", RESERVED_SAYS)


def _founder_name(value: Organization | str | None) -> str:
    return value.name if isinstance(value, Organization) else str(value or "").strip()


def _founder_of(value: Organization | str | None) -> Organization | None:
    return value if isinstance(value, Organization) else founder(str(value or ""))


def founder(name: str) -> Organization | None:
    """The founder (開設者) called ``name``, made if it is new; call inside an action."""
    called = line(name, 120, "organization")
    if not called:
        return None
    found = Organization.objects.filter(name=called).order_by("id").first()
    if found is None:
        found = Organization(name=called)
        found.save()
    return found


@action(P.EDIT_OWN, says="診療時間を変更")
def set_hours(actor: Actor, facility: Facility, *, hours: Sequence[Mapping[str, Any]]) -> Facility:
    """Replace the hours: ``{"weekday": 0–7, "opens": "09:00", "closes": "12:00"}``. Raises ``Invalid('hours')``."""
    require_reach(actor, facility, "actions.set_hours")
    if len(hours) > HOURS_LIMIT:
        raise Invalid("hours", f"診療時間は{HOURS_LIMIT}行までです。", "hours")
    kept = []
    for entry in hours:
        weekday, opens, closes = int(entry["weekday"]), str(entry["opens"]), str(entry["closes"])
        if not 0 <= weekday < len(WEEKDAYS) or not opens < closes:
            raise Invalid("hours", f"{opens}〜{closes}: 終わりの時刻を始まりより後にしてください。", "hours")
        kept.append({"weekday": weekday, "opens": opens, "closes": closes})
    kept.sort(key=lambda e: (e["weekday"], e["opens"]))
    _refuse_overlap(kept)
    facility.hours = kept
    facility.save()
    emit(ProfileChanged(facility.pk))
    return facility


def _refuse_overlap(hours: list[dict[str, Any]]) -> None:
    for before, after in pairwise(hours):
        if before["weekday"] == after["weekday"] and after["opens"] < before["closes"]:
            day = WEEKDAYS[before["weekday"]]
            raise Invalid(
                "hours",
                f"{day}曜の {before['opens']}〜{before['closes']} と {after['opens']}〜{after['closes']} が"
                "重なっています。どちらかを直してください。",
                "hours",
            )


@action(P.EDIT_OWN, says="診療科・部署を登録")
def save_department(
    actor: Actor, facility: Facility, *, department_id: int | None = None, **values: Any
) -> Department:
    """Add a department, or change the one with ``department_id``: name, kana, code, position, accepts_referrals, place."""
    require_reach(actor, facility, "actions.save_department")
    name = line(str(values.get("name") or ""), 60, "name")
    if not name:
        raise Invalid("name_empty", "診療科・部署の名称を入力してください。", "name")
    values["name"] = name
    if values.get("kana"):
        values["kana"] = check_kana_name(values["kana"])
    same = Department.objects.filter(facility=facility, name=name).first()
    if same is not None and same.pk != department_id:
        raise Invalid("department_taken", f"「{name}」はもう登録されています。", "name")
    row = Department(facility=facility)
    if department_id is not None:
        row = Department.objects.get(pk=department_id, facility=facility)
    for field, value in values.items():
        setattr(row, field, value)
    row.save()
    emit(ProfileChanged(facility.pk))
    return row


@action(P.EDIT_OWN, says="役職を登録")
def add_post(
    actor: Actor,
    facility: Facility,
    *,
    title: str,
    holder: str,
    representative: bool = False,
    from_on: date | None = None,
) -> Post:
    """Register who holds a post from a day on (today). A new representative (代表者) ends the one before."""
    require_reach(actor, facility, "actions.add_post")
    start = from_on or clock.today()
    title, holder = line(title, 40, "title"), line(holder, 80, "holder")
    if not title or not holder:
        raise Invalid("post_empty", "役職と氏名を入力してください。", "holder" if title else "title")
    if representative:
        for before in Post.objects.filter(facility=facility, representative=True).exclude(
            until_on__lte=start
        ):
            if before.from_on and before.from_on > start:
                raise Invalid("post_order", "すでに先の日付で次の代表者が登録されています。", "from_on")
            before.until_on = start
            before.save()
    post = Post(facility=facility, title=title, holder=holder, representative=representative, from_on=start)
    post.save()
    return post


@action(P.EDIT_OWN, says="役職の退任を記録")
def end_post(actor: Actor, facility: Facility, *, post_id: int, until_on: date | None = None) -> Post:
    """Somebody left a post; ``until_on`` is the first day without them (today)."""
    require_reach(actor, facility, "actions.end_post")
    post = Post.objects.get(pk=post_id, facility=facility)
    post.until_on = until_on or clock.today()
    post.save()
    return post


@action(P.EDIT_OWN, says="閉院を登録")
def close_facility(actor: Actor, facility: Facility, *, closed_on: date | None) -> Facility:
    """The facility is closed for good (廃院) from ``closed_on`` on; None opens it again. Who only rests: ``suspending``."""
    require_reach(actor, facility, "actions.close_facility")
    if closed_on is None and facility.joined_to_id:
        raise NotPossibleNow(
            "joined", "重複としてまとめた登録は、開き直せません。残った登録を使ってください。"
        )
    if closed_on and facility.opened_on and closed_on < facility.opened_on:
        raise Invalid("closed_on", "閉院日が開設日より前です。日付を確認してください。", "closed_on")
    facility.closed_on = closed_on
    facility.save()
    emit(ProfileChanged(facility.pk))
    return facility


@action(P.EDIT_OWN, says="特別の関係を登録")
def relate(actor: Actor, facility: Facility, *, other: Facility, related: bool = True) -> None:
    """Record or take back a special relation (特別の関係) between two facilities."""
    require_reach(actor, facility, "actions.relate")
    if facility.pk == other.pk:
        raise Invalid("same_facility", "同じ施設どうしは登録できません。別の施設を選んでください。", "other")
    one, two = sorted((facility.pk, other.pk))
    found = SpecialRelation.objects.filter(one_id=one, other_id=two).first()
    if related and found is None:
        SpecialRelation(one_id=one, other_id=two).save()
    elif not related and found is not None:
        found.delete()


@action(P.EDIT_OWN, says="案内図を登録")
def set_map_picture(actor: Actor, facility: Facility, *, picture: bytes | None) -> MapPicture | None:
    """Keep a PNG or JPEG as the drawing of the way, down-scaled; None takes it away. Raises ``Invalid('picture')``."""
    require_reach(actor, facility, "actions.set_map_picture")
    found = MapPicture.objects.filter(facility=facility).first()
    if picture is None:
        if found is not None:
            found.delete()
        return None
    content, media_type = prepare(picture)
    row = found or MapPicture(facility=facility)
    row.content, row.media_type = content, media_type
    row.sha256 = hashlib.sha256(content).hexdigest()
    row.save()
    return row


@action(P.EDIT_OWN, says="施設の設定を変更")
def set_rule(actor: Actor, facility: Facility, *, code: str, value: int, valid_from: date) -> Rule:
    """Set a registered setting for the facility from a day on. The past stays as it was judged by.

    Raises ``Invalid`` outside the limits of the setting and for days that have passed.
    """
    require_reach(actor, facility, "actions.set_rule", own_only=True)
    known = _known(code)
    if not known.minimum <= value <= known.maximum:
        raise Invalid(
            "setting_limits",
            f"「{known.label}」は{known.minimum}〜{known.maximum}{known.unit}の間で入力してください。",
            "value",
        )
    _refuse_past(actor, valid_from)
    mine = Rule.objects.filter(code=code, jurisdiction=f"facility:{facility.pk}")
    row = mine.filter(valid_from=valid_from).first() or Rule(
        code=code, jurisdiction=f"facility:{facility.pk}", valid_from=valid_from
    )
    row.params = {"value": value}
    row.valid_until = None
    row.source = f"{facility.name}の設定"
    row.save()
    return row


@action(P.EDIT_OWN, says="施設の設定を初期値に戻す")
def reset_rule(actor: Actor, facility: Facility, *, code: str, valid_from: date) -> None:
    """From that day on the facility follows the wider rule again; planned changes are cancelled."""
    require_reach(actor, facility, "actions.reset_rule", own_only=True)
    _known(code)
    _refuse_past(actor, valid_from)
    mine = Rule.objects.filter(code=code, jurisdiction=f"facility:{facility.pk}").exclude(
        valid_until__lte=valid_from
    )
    if not mine.exists():
        raise NotPossibleNow("no_own_rule", "この施設の設定はありません。全国の初期値のままです。")
    for row in mine:
        row.valid_until = max(row.valid_from, valid_from)
        row.save()


def _known(code: str) -> Setting:
    known = setting(code)
    if known is None:
        raise Invalid("setting_unknown", "この設定は施設では変更できません。", "code")
    return known


def _refuse_past(actor: Actor, day: date) -> None:
    if day < clock.today() and actor.kind is not Kind.SYSTEM:
        raise Invalid("past", "適用日は今日以降にしてください。過ぎた日の判定は変わりません。", "valid_from")
