"""Pages of the directory that show: the list, a facility, its map, its settings, and the type-ahead."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from renkei.directory import queries
from renkei.directory.corporations.queries import recorded_owner
from renkei.directory.imports.export import export as export_csv
from renkei.directory.models import Facility
from renkei.directory.permissions import P
from renkei.directory.profiles import present
from renkei.directory.profiles.queries import resting_words
from renkei.directory.reach import may_change
from renkei.directory.types import WEEKDAYS, AreaLevel, FacilityKind
from renkei.directory.types import settings as registered_settings
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.kernel.identifiers import InstitutionNumber
from renkei.ui.forms import suggestions
from renkei.ui.types import Choice, Row

PER_PAGE = 50


@page(P.VIEW)
@require_GET
def facility_list(request: HttpRequest) -> HttpResponse:
    """The facilities of the region, by words, kind and area."""
    actor, asked = current(), request.GET
    kinds = [kind for kind in asked.getlist("kind") if kind in FacilityKind.values]
    words, area_code, closed = asked.get("q", "")[:100], asked.get("area", "")[:8], asked.get("closed") == "1"
    rows = queries.facilities(words, kinds, area_code, closed=closed)
    found = Paginator(rows, PER_PAGE).get_page(asked.get("page"))
    context = {
        "page": found,
        "lines": found.object_list,
        "chosen": {"q": words, "kinds": kinds, "area": area_code},
        "closed": closed,
        "today": clock.today(),
        "kinds": FacilityKind.choices,
        "areas": queries.areas(AreaLevel.SECONDARY_AREA),
        "may_add": actor.may(P.EDIT_ALL),
        "query": asked.urlencode(),
    }
    return render(request, "directory/list.html", context)


@page(P.VIEW)
@require_GET
def facility_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One facility: how to reach it, departments, hours, posts, map."""
    actor = current()
    facility = queries.facility(uid)
    context = {
        "facility": facility,
        "rows": _rows(facility),
        "departments": queries.departments(facility),
        "posts": queries.posts(facility),
        "may_name": may_change(actor, facility, own_only=True) and actor.may(P.NAME_SPEAKER),
        "hours": queries.hours_table(facility),
        "weekdays": WEEKDAYS,
        "has_map": queries.has_map(facility),
        "relations": queries.special_relations(facility),
        "may_edit": may_change(actor, facility),
        "may_renumber": actor.may(P.EDIT_ALL),
        "may_assign": actor.may(P.ASSIGN_OWNER),
        **present.of_page(actor, facility),
    }
    return render(request, "directory/facility.html", context)


def _rows(facility: Facility) -> list[Row]:
    area = queries.secondary_area(facility)
    number = facility.institution_number
    rows = [
        Row("種別", facility.get_kind_display()),
        Row(
            "住所",
            f"〒{facility.postal_code} {facility.address}" if facility.postal_code else facility.address,
        ),
        Row("二次医療圏", area.name if area else ""),
        Row("医療機関番号", InstitutionNumber(number).explanation if number else ""),
        _owner(facility),
        Row("メール", facility.email, f"mailto:{facility.email}" if facility.email else ""),
    ]
    if facility.beds:
        rows.append(Row("病床数", f"{facility.beds}床"))
    return [*rows, Row("交通案内", facility.access)]


def _owner(facility: Facility) -> Row:
    owner = facility.organization
    if owner is None:
        return Row("開設者", "")
    runs = recorded_owner(facility)
    url = reverse("directory:corporation", args=[owner.pk]) if runs and runs.pk == owner.pk else ""
    return Row("開設者", owner.name, url)


@page(P.VIEW)
@require_GET
def map_picture(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The drawing of the way."""
    picture = queries.map_picture(queries.facility(uid))
    if picture is None:
        raise NotFound("no_map", "案内図は登録されていません。")
    response = HttpResponse(bytes(picture.content), content_type=picture.media_type)
    response["Cache-Control"] = "private, max-age=300"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@page(P.VIEW)
@require_GET
def suggest(request: HttpRequest) -> JsonResponse:
    """``GET ?q=&kind=``: open facilities for a type-ahead; ``code`` is the facility's uid. Who rests (休止中) is marked."""
    found = queries.search_facilities(request.GET.get("q", "")[:100], request.GET.getlist("kind"), limit=20)
    rest = resting_words([f.id for f in found])
    return suggestions(Choice(f.uid, f.name, f.address or f.kind_label, rest.get(f.id, "")) for f in found)


@page(P.VIEW)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The list as filtered, as CSV."""
    kinds = [kind for kind in request.GET.getlist("kind") if kind in FacilityKind.values]
    rows = queries.facilities(
        request.GET.get("q", "")[:100],
        kinds,
        request.GET.get("area", "")[:8],
        closed=request.GET.get("closed") == "1",
    )
    response = HttpResponse(export_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="facilities-{clock.today():%Y%m%d}.csv"'
    return response


@page(P.VIEW)
@require_GET
def settings(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The settings in force for a facility, by group."""
    facility = queries.facility(uid)
    in_force = queries.settings(facility.pk)
    groups: dict[str, list[dict[str, object]]] = {}
    for setting in registered_settings():
        rule = in_force[setting.code]
        own = rule is not None and rule.jurisdiction.startswith("facility:")
        groups.setdefault(setting.group, []).append({"setting": setting, "rule": rule, "own": own})
    context = {
        "facility": facility,
        "groups": groups.items(),
        "may_edit": may_change(current(), facility, own_only=True),
    }
    return render(request, "directory/settings.html", context)
