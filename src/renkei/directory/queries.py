"""Look-ups of the directory. Everything here is public reference data; the values of rules too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from renkei.directory.models import (
    Area,
    Department,
    Facility,
    FormerNumber,
    MapPicture,
    Post,
    Rule,
    SpecialRelation,
    folded,
)
from renkei.directory.types import (
    WEEKDAYS,
    AreaLevel,
    FacilityKind,
    FoundFacility,
    HoursLine,
    RuleLine,
)
from renkei.directory.types import settings as registered_settings
from renkei.gate.actor import Actor, current
from renkei.gate.compiled import compiled
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound
from renkei.kernel.identifiers import PREFECTURES, check_institution_number
from renkei.kernel.names import bigrams
from renkei.kernel.text import to_half_width
from renkei.ui.types import Choice

_REQUIRED = object()


def facilities(
    text: str = "", kinds: Iterable[str] = (), area_code: str = "", *, closed: bool = False
) -> QuerySet[Facility]:
    """Facilities whose name, kana, number or phone contains every word of ``text``; by kana.

    ``area_code`` takes a prefecture, a secondary area or a municipality. ``closed`` adds closed ones.
    """
    rows = Facility.objects.select_related("area", "organization")
    for word in to_half_width(text).split():
        rows = rows.filter(_contains(word))
    wanted = [str(kind) for kind in kinds if kind]
    if wanted:
        rows = rows.filter(kind__in=wanted)
    if area_code:
        within = Q(area__code=area_code)
        within |= Q(area__parent__code=area_code) | Q(area__parent__parent__code=area_code)
        rows = rows.filter(within)
    if not closed:
        rows = rows.filter(Q(closed_on=None) | Q(closed_on__gt=clock.today()))
    return rows.order_by("kana", "id")


def _contains(word: str) -> Q:
    """The pairs narrow through the index, the key decides; typed numbers lose their hyphens."""
    key = re.sub(r"\D", "", word) if re.fullmatch(r"[\d()-]+", word) else folded(word)
    found = Q(search_key__contains=key)
    if pairs := bigrams(key):
        found &= Q(search_pairs__contains=pairs)
    if re.fullmatch(r"\d{10}", key):
        found |= Q(pk__in=FormerNumber.objects.filter(institution_number=key).values("facility_id"))
    return found


def search_facilities(
    text: str, kinds: Sequence[str] = (), limit: int = 10, *, exclude_id: int | None = None
) -> list[FoundFacility]:
    """Type-ahead over open facilities: names that begin with ``text`` first. Empty text finds nothing."""
    if not text.strip():
        return []
    rows = facilities(text, kinds)
    if exclude_id is not None:
        rows = rows.exclude(pk=exclude_id)
    key = folded(text)
    first = Case(
        When(search_key__startswith=key, then=Value(0)),
        When(search_key__contains=f" {key}", then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = rows.annotate(rank=first).order_by("rank", "kana", "id")
    return [
        FoundFacility(f.pk, str(f.uid), f.name, f.kana, f.get_kind_display(), f.address, f.uses_renkei)
        for f in rows[:limit]
    ]


def facility(uid: UUID | str) -> Facility:
    """One facility, closed ones too. Raises ``NotFound``."""
    try:
        found = _by_uid(current(), UUID(str(uid)))
    except ValueError:
        found = []
    if not found:
        raise NotFound("facility_not_found", "この医療機関は見つかりません。一覧から選び直してください。")
    one: Facility = found[0]
    return one


@compiled
def _by_uid(actor: Actor, uid: UUID) -> QuerySet[Facility]:
    rows = Facility.objects.visible_to(actor).select_related("area__parent", "organization", "joined_to")
    return rows.filter(uid=uid).order_by()


def look_up_facility(code: str, text: str) -> Choice | None:
    """The facility that a type-ahead posted: by its uid, or without one by the text when it names exactly one."""
    if not code:
        only = [f for f in search_facilities(text, limit=2) if f.name == text]
        return Choice(only[0].uid, only[0].name) if len(only) == 1 else None
    try:
        found = facility(code)
    except NotFound:
        return None
    return Choice(str(found.uid), found.name)


def facility_by_id(facility_id: int) -> Facility | None:
    """One facility by its key, or None."""
    return Facility.objects.select_related("area", "organization").filter(pk=facility_id).first()


def facility_identity(facility_id: int) -> tuple[str, str]:
    """``(uid, institution number)`` of a facility, empty where there is none: all that a machine needs to name it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT uid, institution_number FROM directory_facility WHERE id = %s", [facility_id])
        found = cursor.fetchone()
    return (str(found[0]), found[1] or "") if found else ("", "")


def facility_by_number(institution_number: str) -> Facility | None:
    """The facility that has this 10-digit institution number (医療機関番号), or had it before; None for nobody's."""
    has = Facility.objects.filter(institution_number=institution_number).first()
    if has is not None or not institution_number:
        return has
    before = FormerNumber.objects.filter(institution_number=institution_number).order_by("-until_on")
    row = before.select_related("facility").first()
    return row.facility if row else None


def readable_number(text: str) -> str:
    """The 10-digit institution number as stored, empty for what cannot be one."""
    try:
        return check_institution_number(text).value
    except Invalid:
        return ""


def departments(facility: Facility | int, *, accepting: bool = False) -> list[Department]:
    """Departments in their order on the house's list; ``accepting`` leaves out those that take no referrals."""
    rows = Department.objects.filter(facility_id=_id(facility))
    return list(rows.filter(accepts_referrals=True) if accepting else rows)


def posts(facility: Facility | int, on: date | None = None) -> list[Post]:
    """Posts held on that day (today), the representative (代表者) first."""
    day = on or clock.today()
    rows = Post.objects.filter(facility_id=_id(facility)).exclude(until_on__lte=day).exclude(from_on__gt=day)
    return list(rows.order_by("-representative", "id"))


def representative(facility: Facility | int, on: date | None = None) -> Post | None:
    """Who represents the facility on that day, or None."""
    return next((post for post in posts(facility, on) if post.representative), None)


def map_picture(facility: Facility | int) -> MapPicture | None:
    """The facility's own drawing of the way, with ``content`` and ``media_type``."""
    return MapPicture.objects.filter(facility_id=_id(facility)).first()


def has_map(facility: Facility | int) -> bool:
    """Whether there is a drawing, without reading it."""
    return MapPicture.objects.filter(facility_id=_id(facility)).exists()


def hours_table(facility: Facility) -> list[HoursLine]:
    """The opening hours as a clinic hangs them at its door: spans down, weekdays across."""
    spans: dict[tuple[str, str], set[int]] = {}
    for entry in facility.hours or []:
        spans.setdefault((entry["opens"], entry["closes"]), set()).add(int(entry["weekday"]))
    return [
        HoursLine(opens, closes, tuple(day in days for day in range(len(WEEKDAYS))))
        for (opens, closes), days in sorted(spans.items())
    ]


def special_relation(a_id: int, b_id: int) -> bool:
    """Whether two facilities stand in a special relation (特別の関係): no letter fee between them (B009 注)."""
    return SpecialRelation.objects.filter(one_id=min(a_id, b_id), other_id=max(a_id, b_id)).exists()


def special_relations(facility: Facility | int) -> list[Facility]:
    """The facilities in a special relation with this one, by kana."""
    mine = _id(facility)
    pairs = SpecialRelation.objects.filter(
        Q(one_id=mine, other_id=OuterRef("pk")) | Q(other_id=mine, one_id=OuterRef("pk"))
    )
    return list(Facility.objects.filter(Exists(pairs)))


def areas(level: AreaLevel | None = None, within: str = "") -> list[Area]:
    """Areas by code; ``within`` is the code of the area directly above."""
    rows = Area.objects.select_related("parent")
    if level:
        rows = rows.filter(level=level)
    return list(rows.filter(parent__code=within) if within else rows)


def secondary_area(facility: Facility) -> Area | None:
    """The secondary medical area (二次医療圏) that the facility lies in, or None."""
    area: Area | None = facility.area
    while area is not None and area.level != AreaLevel.SECONDARY_AREA:
        area = area.parent
    return area


def area_in_charge(facility_id: int) -> QuerySet[Any]:
    """The code of the area that a public body (行政機関) stands for, as a query of at most one text; others have none."""
    rows = Facility.objects.filter(pk=facility_id, kind=FacilityKind.PUBLIC_BODY, area__isnull=False)
    return rows.order_by().values_list("area__code", flat=True)


def kinds_label(kind: str) -> str:
    """The Japanese word of a kind of facility."""
    return str(FacilityKind(kind).label)


def rule(code: str, facility_id: int | None = None, on: date | None = None, default: Any = _REQUIRED) -> Any:
    """The value of ``code`` in force on that day (today), the narrowest jurisdiction winning.

    Facility before prefecture before country. Raises ``NotFound('rule_missing')`` without a rule and ``default``.
    """
    found = rule_in_force(code, facility_id, on)
    if found is not None:
        return found.value()
    if default is _REQUIRED:
        raise NotFound("rule_missing", f"設定「{code}」がありません。システム管理者に連絡してください。")
    return default


def rule_in_force(code: str, facility_id: int | None = None, on: date | None = None) -> Rule | None:
    """The row behind :func:`rule`, with its source and its days."""
    day = on or clock.today()
    order = jurisdictions(facility_id)
    rows = Rule.objects.filter(code=code, jurisdiction__in=order, valid_from__lte=day).exclude(
        valid_until__lte=day
    )
    return min(rows, key=lambda r: (order.index(r.jurisdiction), -r.valid_from.toordinal()), default=None)


def facilities_with_rule(code: str, value: Any, on: date | None = None) -> list[int]:
    """Keys of the facilities whose own rule ``code`` says ``value`` on that day (today)."""
    day = on or clock.today()
    rows = Rule.objects.filter(code=code, jurisdiction__startswith="facility:", valid_from__lte=day)
    now: dict[int, Any] = {}
    for row in rows.exclude(valid_until__lte=day).order_by("valid_from"):
        now[int(row.jurisdiction.removeprefix("facility:"))] = row.value()
    return [key for key, found in now.items() if found == value]


def jurisdictions(facility_id: int | None) -> list[str]:
    """Whose rules count for a facility, narrowest first: ``facility:12``, ``JP-14``, ``JP``."""
    if facility_id is None:
        return ["JP"]
    row = Facility.objects.filter(pk=facility_id).values_list("area__code", "institution_number").first()
    code = next((value for value in row or () if value), "")
    return [f"facility:{facility_id}", *([f"JP-{code[:2]}"] if code else []), "JP"]


def settings(facility_id: int, on: date | None = None) -> dict[str, Rule | None]:
    """Every registered setting with the rule in force for a facility, in two queries."""
    day = on or clock.today()
    order = jurisdictions(facility_id)
    codes = [setting.code for setting in registered_settings()]
    found: dict[str, Rule | None] = dict.fromkeys(codes)
    rows = Rule.objects.filter(code__in=codes, jurisdiction__in=order, valid_from__lte=day)
    for row in rows.exclude(valid_until__lte=day).order_by("valid_from"):
        best = found[row.code]
        if best is None or order.index(row.jurisdiction) <= order.index(best.jurisdiction):
            found[row.code] = row
    return found


def rule_history(code: str, facility_id: int) -> list[RuleLine]:
    """Every rule that was, is or will be in force for a facility, newest first."""
    order = jurisdictions(facility_id)
    now = rule_in_force(code, facility_id)
    rows = Rule.objects.filter(code=code, jurisdiction__in=order).order_by("-valid_from", "-id")
    return [
        RuleLine(
            value=row.value(),
            jurisdiction=_jurisdiction_label(row.jurisdiction),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            source=row.source,
            certain=row.certain,
            in_force=now is not None and row.pk == now.pk,
            own=row.jurisdiction.startswith("facility:"),
        )
        for row in rows
    ]


def _jurisdiction_label(jurisdiction: str) -> str:
    if jurisdiction.startswith("facility:"):
        return "この施設"
    if jurisdiction == "JP":
        return "全国の初期値"
    number = int(jurisdiction.removeprefix("JP-"))
    return PREFECTURES[number - 1] if 1 <= number <= len(PREFECTURES) else jurisdiction


def _id(facility: Facility | int) -> int:
    return facility if isinstance(facility, int) else facility.pk
