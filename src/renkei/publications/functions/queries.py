"""Reports of one's own facility and of an area, figures, measures and the casebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from renkei.directory.models import Area, Facility
from renkei.directory.profiles.queries import suspended_on
from renkei.directory.queries import area_in_charge, areas, facilities, facilities_with_rule, rule
from renkei.directory.types import AreaLevel, FacilityKind
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.publications.functions import catalog
from renkei.publications.functions.types import Answers, Form, Mark, Thresholds, area_class
from renkei.publications.models import AreaFigure, FunctionReport, GapMeasure, LocalCase, ReportForm

CONCERNED = (FacilityKind.HOSPITAL, FacilityKind.CLINIC)
SPECIAL_FUNCTION = 1
"""Value of the setting ``functions.hospital_class`` for 特定機能病院, which do not report."""


def form_of(year: int) -> Form:
    """The form of a report year: as edited here, else as shipped, else the newest shipped one before."""
    row = ReportForm.objects.filter(year=year, from_on__lte=clock.today()).first()
    if row is not None:
        return catalog.read(row.text)
    for known in catalog.shipped_years():
        form = catalog.shipped(known) if known <= year else None
        if form is not None:
            return form
    raise NotFound("form_missing", f"{year}年の報告の様式がありません。システム管理者に連絡してください。")


def shipped_form(year: int) -> Form:
    """The form of a year as the product ships it. Raises ``NotFound``."""
    form = catalog.shipped(year)
    if form is None:
        raise NotFound("form_missing", f"{year}年の報告の様式は同梱されていません。")
    return form


def functions_in(form: Form, answers: Answers) -> list[str]:
    """Codes of イ–ニ that answers of 2号 make present."""
    return catalog.functions_present(form, answers)


def form_rows(year: int) -> list[ReportForm]:
    """Every edited form of a year, the newest first."""
    return list(ReportForm.objects.filter(year=year))


def years() -> list[int]:
    """Report years with a form, newest first; the report of a year is due from January to March of it."""
    edited = ReportForm.objects.order_by().values_list("year", flat=True).distinct()
    return sorted({*catalog.shipped_years(), *edited}, reverse=True)


def year_now() -> int:
    """The report that people speak of today: from November on the request for the next one is out."""
    day = clock.today()
    return day.year + (1 if day.month >= 11 else 0)


def hospital_class(facility_id: int) -> int:
    """The place of a hospital: 0 none, 1 特定機能病院, 2 地域医療支援病院, 3 紹介受診重点医療機関."""
    return int(rule("functions.hospital_class", facility_id))


def is_concerned(facility: Facility, year: int) -> bool:
    """Whether the facility has to report for a year: hospitals and clinics, neither 特定機能病院 nor dental.

    Who is suspended (休止) on 1 January of the year does not report.
    """
    if facility.kind not in CONCERNED or facility.pk in suspended_on(_counted_on(year)):
        return False
    return hospital_class(facility.pk) != SPECIAL_FUNCTION


def _counted_on(year: int) -> date:
    """The day whose state decides who reports (1月1日)."""
    return date(year, 1, 1)


def codes_of(area: Area | None) -> dict[str, str]:
    """``{"prefecture", "secondary_area", "municipality"}`` with the codes of an area and those above, empty where unknown."""
    found = dict.fromkeys(AreaLevel.values, "")
    while area is not None:
        found[area.level] = area.code
        area = area.parent
    return found


def report(actor: Actor, uid: UUID | str) -> FunctionReport:
    """One report. Raises ``NotFound``."""
    rows = FunctionReport.objects.visible_to(actor).select_related("facility__area__parent", "earlier")
    found = rows.filter(uid=uid).first()
    if found is None:
        raise NotFound("report_not_found", "この報告は見つかりません。一覧から選び直してください。")
    one: FunctionReport = found
    return one


def own_reports(actor: Actor) -> list[FunctionReport]:
    """Reports of the actor's facility, newest first."""
    rows = FunctionReport.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    return list(rows.order_by("-year"))


def earlier_report(actor: Actor, year: int) -> FunctionReport | None:
    """The newest report of the actor's facility before ``year``."""
    rows = FunctionReport.objects.visible_to(actor).filter(facility_id=actor.facility_id, year__lt=year)
    found: FunctionReport | None = rows.order_by("-year").first()
    return found


# Of an area -----------------------------------------------------------------------------------------------------------


def area_of(actor: Actor) -> Area | None:
    """The area that the actor's public body stands for."""
    code = area_in_charge(actor.facility_id).first()
    return next((a for a in areas() if a.code == code), None) if code else None


def stands_for_prefecture(actor: Actor) -> bool:
    """Whether the actor's house is the public body of a whole prefecture; municipalities read, the prefecture decides."""
    found = area_of(actor)
    return found is not None and found.level == AreaLevel.PREFECTURE


def area(code: str) -> Area:
    """One area by its code. Raises ``NotFound``."""
    found = next((a for a in areas() if a.code == code), None)
    if found is None:
        raise NotFound("area_unknown", "この地域はありません。一覧から選び直してください。")
    return found


def parts_of(top: Area, level: AreaLevel) -> list[Area]:
    """The areas of ``level`` inside ``top``, by code; ``top`` itself where it is of that level or below."""
    if top.level == level or (top.level == AreaLevel.MUNICIPALITY):
        return [top]
    inside = [a for a in areas(level) if top.code in codes_of(a).values()]
    return inside or [top]


def concerned_in(top: Area, year: int) -> dict[str, int]:
    """By area code, how many open hospitals and clinics have to report, for ``top`` and every area in it."""
    left_out = suspended_on(_counted_on(year))
    left_out |= set(facilities_with_rule("functions.hospital_class", SPECIAL_FUNCTION))
    rows = facilities(kinds=CONCERNED, area_code=top.code).exclude(pk__in=list(left_out))
    known = {a.code: a for a in areas()}
    found: Counter[str] = Counter()
    for code, n in rows.order_by().values_list("area__code").annotate(n=Count("pk")):
        found.update(dict.fromkeys(filter(None, codes_of(known.get(code)).values()), n))
    return dict(found)


def reports_in(actor: Actor, year: int, top: Area | None = None) -> QuerySet[FunctionReport]:
    """Reports of a year that were handed in, of the areas the actor may see."""
    rows = FunctionReport.objects.visible_to(actor).filter(year=year).exclude(state="draft")
    if top is not None:
        rows = rows.filter(**{top.level: top.code})
    return rows.select_related("facility__area").order_by("secondary_area", "facility__kana", "id")


def gap_percent(actor: Actor) -> int:
    """Below this share of the reports a function is called few (少ない); a setting of the public body."""
    return int(rule("functions.gap_percent", actor.facility_id))


def figures(codes: Iterable[str], year: int) -> dict[str, AreaFigure]:
    """By area code, the newest figure up to ``year``."""
    rows = AreaFigure.objects.filter(area__code__in=list(codes), year__lte=year).select_related("area")
    return {row.area.code: row for row in rows.order_by("year")}


def all_figures(top: Area) -> list[AreaFigure]:
    """Every figure of an area and of what lies in it."""
    within = Q(area__code=top.code) | Q(area__parent__code=top.code) | Q(area__parent__parent__code=top.code)
    rows = AreaFigure.objects.filter(within).select_related("area")
    return list(rows.order_by("area__code", "-year"))


def measures(
    actor: Actor, *, year: int | None = None, code: str = "", function: str = ""
) -> list[GapMeasure]:
    """Measures that the actor sees: open ones first, by the day they are due."""
    rows = GapMeasure.objects.visible_to(actor).select_related("area", "facility")
    if year is not None:
        rows = rows.filter(year=year)
    if code:
        rows = rows.filter(area__code=code)
    if function:
        rows = rows.filter(function=function)
    return sorted(
        rows, key=lambda m: (m.done_on is not None, m.due_on is None, m.due_on or clock.today(), m.pk)
    )


def measure(actor: Actor, uid: UUID | str) -> GapMeasure:
    """One measure. Raises ``NotFound``."""
    found = GapMeasure.objects.visible_to(actor).filter(uid=uid).select_related("area", "facility").first()
    if found is None:
        raise NotFound("measure_not_found", "この取組は見つかりません。")
    one: GapMeasure = found
    return one


# The casebook -----------------------------------------------------------------------------------------------------------


def thresholds() -> Thresholds:
    """What decides 医療圏分類 in the form in force."""
    return form_of(year_now()).classes


def cases(*, function: str = "", klass: str = "", text: str = "", sure_only: bool = False) -> list[LocalCase]:
    """Initiatives by function, by class (printed or computed) and by words; blank, likely and unread marks differ."""
    found = [c for c in LocalCase.objects.all() if _holds(c, function, sure_only)]
    if klass:
        rule_now = thresholds()
        found = [c for c in found if klass in (c.printed_class, computed_class(c, rule_now))]
    for word in text.split():
        found = [c for c in found if word in f"{c.who} {c.place} {c.kind} {c.summary} {c.other}"]
    return found


def _holds(case: LocalCase, function: str, sure_only: bool) -> bool:
    if not function:
        return True
    mark = case.marks.get(function, "")
    return mark == Mark.SURE if sure_only else bool(mark)


def computed_class(row: LocalCase | AreaFigure, by: Thresholds) -> str:
    """The class by the rule from population and size; empty where they are not known. Never the printed one."""
    if row.population is None or row.km2 is None:
        return ""
    return str(area_class(row.population, row.km2, by))


def case(uid: UUID | str) -> LocalCase:
    """One initiative. Raises ``NotFound``."""
    found = LocalCase.objects.filter(uid=uid).first()
    if found is None:
        raise NotFound("case_not_found", "この事例は見つかりません。")
    one: LocalCase = found
    return one
