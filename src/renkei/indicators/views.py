"""Pages of the figures: all of them, one of them, the list behind a number, and where patients come from."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from renkei.directory.queries import areas, jurisdictions
from renkei.directory.types import AreaLevel
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.indicators import export, present, queries
from renkei.indicators.counting import waiting
from renkei.indicators.drawing.flow import flow
from renkei.indicators.drawing.tiles import tile_map
from renkei.indicators.figures import figures, judged
from renkei.indicators.forms import period_from
from renkei.indicators.permissions import P
from renkei.indicators.queries import Filters
from renkei.indicators.registry import indicator_of
from renkei.indicators.rules import rulebook
from renkei.indicators.types import Indicator, Period, Source
from renkei.kernel.errors import NotFound

ROWS = 50
READS = "指標と受診の一覧を閲覧"


def _indicator(key: str) -> Indicator:
    try:
        return indicator_of(key)
    except KeyError:
        raise NotFound("indicator_unknown", "この指標はありません。一覧から選び直してください。") from None


@require_GET
@page(P.VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """Every indicator over the period, the verdicts of both laws, and the months as lines."""
    period, actor = period_from(request.GET), current()
    found = figures(actor, period)
    laws = judged(found)
    conditions = [c for law in laws for v in law.verdicts for c in v.conditions]
    rates = [found["referral_rate_medical_care_act"], found["back_referral_rate_medical_care_act"]]
    context = {
        "period": period,
        "tabs": present.period_tabs(reverse("indicators:index"), period),
        "cards": present.cards(found, conditions),
        "laws": [law for law in laws if law.verdicts],
        "unjudged": [law for law in laws if not law.verdicts and law.definition.name == "fee_schedule"],
        "charts": [present.chart([figure], figure.indicator.title) for figure in rates],
        "empty": not any(sum(f.counts.values()) for f in found.values()),
        "may_import": actor.may(P.IMPORT),
        "may_close": actor.may(P.CLOSE),
        "may_report": actor.may(P.REPORT),
    }
    return render(request, "indicators/index.html", context)


@require_GET
@page(P.VIEW)
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One indicator: its formula, months, departments, and the versions of its definition."""
    indicator, period, actor = _indicator(key), period_from(request.GET), current()
    book = rulebook(actor.facility_id)
    found = figures(actor, period, book)
    figure = found[indicator.key]
    wait = None if indicator.denominator else waiting(actor, period.months())
    context = {
        "indicator": indicator,
        "figure": figure,
        "period": period,
        "tabs": present.period_tabs(reverse("indicators:show", args=[key]), period),
        "terms": present.term_lines(figure),
        "extra_terms": [t for t in present.term_lines(figure, all_terms=True) if not t.term.in_formula],
        "readings": [
            (label, figure.reading(letter), _is_used(figure.months[-1].definition.params, chosen))
            for label, letter, chosen in indicator.alternatives
        ],
        "laws": [law for law in judged(found) if law.definition.name == indicator.definition],
        "chart": present.chart([figure], indicator.title) if indicator.denominator else None,
        "months": present.month_lines(figure),
        "departments": _departments(indicator, period),
        "history": book.history(indicator.definition),
        "waiting": wait,
        "bars": _bars(indicator, period, wait),
        "may_define": actor.may(P.DEFINE) and bool(indicator.options),
    }
    return render(request, "indicators/show.html", context)


def _is_used(params: object, chosen: str) -> bool:
    value = params.get("count_excluded_in_numerator") if isinstance(params, dict) else None
    return str(value).lower() == chosen


def _departments(
    indicator: Indicator, period: Period
) -> list[tuple[queries.Line, list[tuple[str, int, str]]]]:
    terms = [t for t in indicator.terms if t.in_formula]
    return [
        (
            line,
            [
                (
                    t.name,
                    line.counts[t.letter],
                    present.list_url(indicator, t.letter, period, department=line.key),
                )
                for t in terms
            ],
        )
        for line in queries.by_department(current(), indicator, period)
    ]


def _bars(indicator: Indicator, period: Period, wait: object) -> list[dict[str, object]]:
    buckets = getattr(wait, "buckets", ())
    most = max((n for *_rest, n in buckets), default=0) or 1
    return [
        {"label": label, "count": n, "width": round(100 * n / most), "url": present.list_url(indicator, "L", period, bucket=label)}
        for label, _low, _high, n in buckets
    ]  # fmt: skip


@require_GET
@page(P.VIEW, reads=READS)
def records(request: HttpRequest, key: str, letter: str) -> HttpResponse:
    """The list behind a number, by the same rows; as a file with ``?as=csv`` or ``?as=xlsx``."""
    indicator, period, actor = _indicator(key), period_from(request.GET), current()
    term = queries.term_of(indicator, letter)
    asked = {
        name: request.GET.get(name, "")[:120] for name in ("department", "municipality", "sender", "bucket")
    }
    filters = Filters(**asked)
    rows = queries.records(actor, indicator, letter, period, filters)
    wanted = request.GET.get("as", "")
    if wanted in export.TYPES:
        name = f"{indicator.short}_{term.label}_{period.first:%Y%m}-{period.last:%Y%m}"
        cells = present.export_rows(actor, rows, term.source)
        return _file(name, wanted, present.HEADS[term.source], cells)
    numbered = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "indicator": indicator,
        "term": term,
        "period": period,
        "told": filters.told(),
        "page": numbered,
        "lines": present.record_lines(actor, numbered.object_list, term.source),
        "visits": term.source is Source.VISITS,
        "query": query.urlencode(),
    }
    return render(request, "indicators/records.html", context)


def _file(name: str, wanted: str, heads: tuple[str, ...], cells: object) -> HttpResponse:
    make = export.as_csv(heads, cells) if wanted == export.CSV else export.as_xlsx("一覧", heads, cells)  # type: ignore[arg-type]
    response = HttpResponse(make, content_type=export.TYPES[wanted])
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.{wanted}"
    return response


@require_GET
@page(P.VIEW)
def figures_file(request: HttpRequest) -> HttpResponse:
    """All figures by month as CSV or XLSX, with counts and definition versions."""
    period = period_from(request.GET)
    found = figures(current(), period)
    heads = ("指標", "月", "値", "単位", "項目", "件数", "締め", "定義の版")
    cells = [
        [f.indicator.title, f"{m.month:%Y-%m}", value, f.indicator.unit, f"{t.letter} {t.label}", m.counts.get(t.letter, 0), "締め" if m.closed else "", m.definition.version]
        for f in found.values()
        for m, value in zip(f.months, f.by_month, strict=True)
        for t in f.indicator.terms
    ]  # fmt: skip
    wanted = request.GET.get("as", "")
    if wanted not in export.TYPES:
        raise NotFound("format_unknown", "CSVかExcelを選んでください。")
    return _file(f"指標_{period.first:%Y%m}-{period.last:%Y%m}", wanted, heads, cells)


@require_GET
@page(P.VIEW)
def sources(request: HttpRequest) -> HttpResponse:
    """A map of municipalities, streams from senders to departments, and the tables beside them."""
    period, actor = period_from(request.GET), current()
    found = queries.sources(actor, period)
    prefecture = _prefecture(actor.facility_id)
    places = [a for a in areas(AreaLevel.MUNICIPALITY) if a.code.startswith(prefecture)]
    replies = indicator_of("reply_rate")
    names = {a.code: a for a in places}
    rows = sorted(found.municipalities.items(), key=lambda pair: (-pair[1], pair[0]))
    context = {
        "period": period,
        "tabs": present.period_tabs(reverse("indicators:sources"), period),
        "total": found.total,
        "total_url": present.list_url(replies, "N", period),
        "map": tile_map(places, found.municipalities, prefecture),
        "places": [
            (_place(names, code), _zone(names, code), n, _share(n, found.total), present.list_url(replies, "N", period, municipality=code or Filters.UNKNOWN))
            for code, n in rows
        ],
        "senders": [
            (name, n, answered, _share(answered, n), present.list_url(replies, "N", period, sender=Filters.UNKNOWN if name == "記載なし" else name))
            for name, n, answered, _key in found.senders[:ROWS]
        ],
        "more_senders": max(len(found.senders) - ROWS, 0),
        "wide": flow(found.flows, width=1000, words=240, senders=14),
        "narrow": flow(found.flows, width=340, words=112, senders=8, departments=7),
    }  # fmt: skip
    return render(request, "indicators/sources.html", context)


def _prefecture(facility_id: int) -> str:
    wide = [j for j in jurisdictions(facility_id) if j.startswith("JP-")]
    return wide[0].removeprefix("JP-") if wide else ""


def _place(names: Mapping[str, object], code: str) -> str:
    known = names.get(code)
    return str(known) if known else (f"県外・その他({code})" if code else "記載なし")


def _zone(names: Mapping[str, object], code: str) -> str:
    parent = getattr(names.get(code), "parent", None)
    return str(parent) if parent else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "計算不可"
