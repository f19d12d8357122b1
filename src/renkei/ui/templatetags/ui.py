"""Template tags of the component set: ``{% load ui %}``. Each renders one file of templates/ui/components/."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.forms import BaseForm, BoundField, CheckboxInput
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from renkei.kernel import clock, eras
from renkei.ui.addresses import address
from renkei.ui.types import Chart, Counter, Moment, NavGroup, NavItem, Row, Tab, Tone

register = template.Library()

DARK_MEDIA = {
    "dark": "screen",
    "light": "not all",
    "auto": "screen and (prefers-color-scheme: dark)",
}
# In this order: core first, the rest stand on it.
SCRIPTS = (
    "core",
    "theme",
    "dialog",
    "shortcuts",
    "live",
    "autosave",
    "typeahead",
    "eradate",
    "charcount",
    "chart",
)
# What is read as one thing: dates of either calendar, telephone and house numbers, numbers of referrals.
_ONE_THING = re.compile(
    r"(?:(?:明治|大正|昭和|平成|令和)(?:\d+|元)|\d{4})年\d+月\d+日(?:\(\d{4}-\d\d-\d\d\))?"
    r"|〒?\d+(?:-\d+)+|R-\d{4}-\d+"
)
_WEEKDAYS = "月火水木金土日"


@register.simple_tag(takes_context=True)
def ui_theme(context: template.Context) -> str:
    """The theme the person chose: ``light``, ``dark`` or ``auto``, from the cookie ``theme``."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "auto") if request is not None else "auto"
    return chosen if chosen in DARK_MEDIA else "auto"


@register.simple_tag
def ui_scripts() -> SafeString:
    """The script tags of the component set; all deferred, none inline."""
    urls = ((static(f"ui/js/{name}.js"),) for name in SCRIPTS)
    return format_html_join("\n", '<script src="{}" defer></script>', urls)


@register.simple_tag
def lasting(template_name: str, theme: str = "") -> SafeString:
    """A part that is the same on every page of ``theme``: rendered once per process."""
    return (_rendered.__wrapped__ if settings.DEBUG else _rendered)(template_name, theme)


@lru_cache(maxsize=50)
def _rendered(template_name: str, theme: str) -> SafeString:
    return render_to_string(template_name, {"theme": theme})


@register.simple_tag
def ui_nav(nav: Sequence[NavGroup]) -> SafeString:
    """The lines of the menu; the same lines are rendered once, and stand twice on a page."""
    return _lines(tuple((group.label, tuple(group.items)) for group in nav))


@lru_cache(maxsize=500)
def _lines(nav: tuple[tuple[str, tuple[NavItem, ...]], ...]) -> SafeString:
    groups = [NavGroup(label, items) for label, items in nav]
    return render_to_string("ui/_nav.html", {"frame": {"nav": groups}})


@register.simple_tag
def ui_url(name: str) -> str:
    """The address of ``name``, empty where the urls are not mounted."""
    try:
        return address(name)
    except NoReverseMatch:
        return ""


@register.filter
def dark_media(theme: str) -> str:
    """The media query under which the dark values count; paper is always light."""
    return DARK_MEDIA.get(theme, DARK_MEDIA["auto"])


@register.simple_tag
def badge(text: str, tone: str = Tone.NEUTRAL) -> SafeString:
    """A status chip: ``{% badge "受付待ち" "info" %}``. The text carries the meaning, the colour repeats it."""
    return format_html('<span class="badge tone-{}">{}</span>', Tone(tone).value, text)


@register.simple_tag
def kbd(key: str) -> SafeString:
    """A key cap, for the eye only: the shortcut itself is announced by ``aria-keyshortcuts``."""
    return format_html('<kbd class="kbd" aria-hidden="true">{}</kbd>', key)


@register.inclusion_tag("ui/components/counters.html")
def counters(items: Sequence[Counter], label: str = "絞り込み") -> dict[str, Any]:
    """Numbers that are filters, in one row."""
    return {"items": items, "label": label}


@register.inclusion_tag("ui/components/tabs.html")
def tabs(items: Sequence[Tab], label: str = "表示の切り替え") -> dict[str, Any]:
    """Tabs as links."""
    return {"items": items, "label": label}


@register.inclusion_tag("ui/components/timeline.html")
def timeline(moments: Sequence[Moment]) -> dict[str, Any]:
    """What happened, newest first, as sentences."""
    return {"moments": moments}


@register.inclusion_tag("ui/components/deflist.html")
def deflist(rows: Sequence[Row]) -> dict[str, Any]:
    """Names and values, one per line."""
    return {"rows": rows}


@register.inclusion_tag("ui/components/steps.html")
def steps(labels: Sequence[str], current: int, stopped: bool = False) -> dict[str, Any]:
    """Progress line. ``current`` counts from 0; ``len(labels)`` means all done; ``stopped`` marks it as ended there."""
    items = [(label, _step_state(i, current, stopped)) for i, label in enumerate(labels)]
    return {"items": items}


def _step_state(index: int, current: int, stopped: bool) -> str:
    if index < current:
        return "done"
    if index > current:
        return "open"
    return "stopped" if stopped else "current"


@register.inclusion_tag("ui/components/panel.html")
def panel(url: str, title: str = "", panel_id: str = "") -> dict[str, Any]:
    """A place that another module fills: loads ``url`` when it comes into view; a plain link without scripts."""
    return {"url": url, "title": title, "panel_id": panel_id}


@register.inclusion_tag("ui/components/pager.html", takes_context=True)
def pager(context: template.Context, page: Page[Any], param: str = "page") -> dict[str, Any]:
    """Pager for a ``Page``; the other parameters of the address stay."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else None
    links: dict[str, str] = {}
    for name, wanted, there in (
        ("previous", page.number - 1, page.has_previous()),
        ("next", page.number + 1, page.has_next()),
    ):
        if there:
            if query is not None:
                query[param] = str(wanted)
            links[name] = "?" + (query.urlencode() if query is not None else f"{param}={wanted}")
    return {"page": page, "total": page.paginator.count, **links}


@register.inclusion_tag("ui/components/field.html")
def field(bound: BoundField, width: str = "") -> dict[str, Any]:
    """One form field with label, 必須 mark, help, error and input. ``width``: ``xs``, ``s``, ``m`` or empty (full)."""
    attrs: dict[str, str | bool] = {}
    if bound.field.required and not bound.use_fieldset:
        attrs["aria-required"] = "true"
    width = width or getattr(bound.field, "ui_width", "")
    kind = "check" if isinstance(bound.field.widget, CheckboxInput) else ""
    return {"field": bound, "widget": bound.as_widget(attrs=attrs), "width": width, "kind": kind}


@register.inclusion_tag("ui/components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """All errors of a form at its top, focused when the page opens, each a link to its field."""
    fields = [bound for bound in form if bound.errors]
    count = len(form.non_field_errors()) + sum(len(bound.errors) for bound in fields)
    return {"form": form, "fields": fields, "count": count}


@register.inclusion_tag("ui/components/chart.html")
def chart(data: Chart) -> dict[str, Any]:
    """A line chart with the same numbers as a table behind a fold."""
    plain = asdict(data)
    plain.pop("rows")
    return {"chart": data, "json": json.dumps(plain, ensure_ascii=False)}


@register.simple_block_tag
def card(content: str, title: str = "", extra: str = "") -> SafeString:
    """White card: ``{% card title="経過" %}…{% endcard %}``. ``extra`` adds CSS classes."""
    context = {"content": content, "title": title, "extra": extra}
    return render_to_string("ui/components/card.html", context)


@register.simple_block_tag
def dialog(content: str, dialog_id: str, title: str, open_now: bool = False) -> SafeString:
    """Native dialog, opened by any element with ``data-dialog="<dialog_id>"``; ``open_now`` opens it when it arrives."""
    context = {"content": content, "dialog_id": dialog_id, "title": title, "open_now": open_now}
    return render_to_string("ui/components/dialog.html", context)


@register.simple_block_tag
def empty(content: str, title: str) -> SafeString:
    """Empty state: the title says what will appear here, the content how to start."""
    return render_to_string("ui/components/empty.html", {"content": content, "title": title})


@register.simple_block_tag
def alert(content: str, tone: str = Tone.INFO, title: str = "") -> SafeString:
    """A message in the page. Danger is announced at once, the others politely."""
    return render_to_string(
        "ui/components/alert.html", {"content": content, "tone": Tone(tone).value, "title": title}
    )


@register.simple_tag
def today_both() -> str:
    """Today in Japan in both calendars, for the head of printed pages."""
    return eras.format_both(clock.today())


@register.filter
def together(value: object) -> object:
    """Text whose dates and numbers never break over two lines; what is marked safe or empty stays as it is."""
    if not value or isinstance(value, SafeString):
        return value
    text = str(conditional_escape(str(value)))
    return mark_safe(_ONE_THING.sub(r'<span class="nowrap">\g<0></span>', text))  # noqa: S308 - escaped above


@register.filter
def instant(at: datetime) -> SafeString:
    """An aware instant as Japanese clock time: today ``10:34``, yesterday ``昨日 10:34``, else the date; full in the tooltip."""
    local = at.astimezone(clock.JST)
    days = (clock.today() - local.date()).days
    hour = f"{local.hour:02}:{local.minute:02}"
    if days == 0:
        short = hour
    elif days == 1:
        short = f"昨日 {hour}"
    elif local.year == clock.today().year:
        short = f"{local.month}/{local.day} {hour}"
    else:
        short = f"{local.year}/{local.month}/{local.day} {hour}"
    full = f"{local.year}年{local.month}月{local.day}日({_WEEKDAYS[local.weekday()]}) {hour}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="minutes"), full, short
    )
