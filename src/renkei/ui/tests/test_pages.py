import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from renkei.kernel import clock
from renkei.ui import samples, views
from renkei.ui.forms import suggestions
from renkei.ui.fragments import live_response
from renkei.ui.templatetags.ui import SCRIPTS, instant
from renkei.ui.types import Chart, Choice, Frame, NavGroup, NavItem, Series

pytestmark = pytest.mark.urls("renkei.ui.tests.urls")
UI = Path(__file__).parents[1]


def _show(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


def _gallery(theme: str = "") -> str:
    request = RequestFactory().get("/ui/gallery/")
    if theme:
        request.COOKIES["theme"] = theme
    return views.gallery(request).content.decode()


def test_the_gallery_shows_every_component() -> None:
    html = _gallery()
    for piece in (
        "counter", "chip", "table", "steps", "timeline", "deflist", "field", "combo", "echo", "charcount", "panel",
        "pager", "tabs", "dialog", "empty", "alert", "chart", "badge", "toasts", "tabbar", "skip", "menu",
    ):  # fmt: skip
        assert re.search(rf'class="[^"]*\b{piece}\b', html), piece


def test_pages_carry_nothing_a_strict_content_security_policy_forbids() -> None:
    html = _gallery()
    assert not re.search(r"\sstyle=", html)
    assert "<style" not in html
    assert not re.search(r"\son[a-z]+=", html)
    assert all(re.search(r'\ssrc="/static/', tag) for tag in re.findall(r"<script[^>]*>", html))
    assert not re.search(r"<script[^>]*>[^<]", html)
    config = json.loads(re.search(r"name=\"htmx-config\" content='([^']+)'", html)[1])  # type: ignore[index]
    assert config["allowEval"] is False
    assert config["includeIndicatorStyles"] is False
    assert config["historyCacheSize"] == 0, "no page is kept in the browser's storage"


def test_scripts_use_neither_eval_nor_browser_storage() -> None:
    for name in SCRIPTS:
        text = (UI / "static/ui/js" / f"{name}.js").read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|localStorage|sessionStorage|indexedDB", text), name


def test_no_two_elements_of_the_gallery_share_an_id() -> None:
    ids = re.findall(r'\sid="([^"]+)"', _gallery())
    assert len(ids) == len(set(ids))


def test_every_label_and_description_points_at_something() -> None:
    html = _gallery()
    ids = set(re.findall(r'\sid="([^"]+)"', html))
    for attribute in (
        "for",
        "aria-labelledby",
        "aria-controls",
        "aria-describedby",
        "data-dialog",
        "data-echo",
    ):
        for value in re.findall(rf'\s{attribute}="([^"]+)"', html):
            assert set(value.split()) <= ids, (attribute, value)


def test_a_form_with_errors_comes_back_as_422() -> None:
    response = views.gallery(RequestFactory().post("/ui/gallery/", {"name": ""}))
    assert response.status_code == 422
    assert "autofocus" in response.content.decode()


@pytest.mark.parametrize(
    ("cookie", "media"),
    [
        ("", "screen and (prefers-color-scheme: dark)"),
        ("light", "not all"),
        ("dark", "screen"),
        ("x", "screen and"),
    ],
)
def test_the_first_frame_is_painted_in_the_chosen_theme_and_paper_is_light(cookie: str, media: str) -> None:
    found = re.search(r'theme-dark\.css" media="([^"]*)"', _gallery(cookie))
    assert found
    assert found[1].startswith(media)
    assert "print" not in found[1]


def test_pages_render_without_a_frame() -> None:
    for name in ("ui/base.html", "ui/bare.html"):
        html = render_to_string(name, {}, RequestFactory().get("/"))
        assert '<html lang="ja"' in html
        assert 'id="main"' in html
        assert 'class="side"' not in html


def test_a_person_who_turned_shortcuts_off_gets_a_page_that_says_so() -> None:
    html = render_to_string("ui/base.html", {"frame": Frame(shortcuts=False)}, RequestFactory().get("/"))
    assert 'data-shortcuts="off"' in html


def test_the_tab_bar_takes_the_marked_items_and_at_most_four() -> None:
    items = [NavItem(str(n), "#", tab=n % 2 == 0) for n in range(12)]
    assert [item.label for item in Frame(nav=[NavGroup("", items)]).tabs] == ["0", "2", "4", "6"]
    assert len(Frame(nav=[NavGroup("", [NavItem("a", "#")] * 9)]).tabs) == 4


def test_a_date_is_echoed_in_both_calendars_or_with_what_is_wrong() -> None:
    def echo(text: str) -> dict[str, object]:
        return dict(json.loads(views.era_date(RequestFactory().get("/", {"text": text})).content))

    assert echo("T15.12.24") == {"ok": True, "says": "大正15年12月24日(1926-12-24)", "date": "1926-12-24"}
    assert echo("あした")["ok"] is False
    assert "あした" in str(echo("あした")["says"])


def test_a_live_region_answers_304_while_nothing_changed() -> None:
    first = live_response(RequestFactory().get("/"), "<tr></tr>")
    again = live_response(RequestFactory().get("/", headers={"If-None-Match": first["ETag"]}), "<tr></tr>")
    changed = live_response(RequestFactory().get("/", headers={"If-None-Match": first["ETag"]}), "<tr>2</tr>")
    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""


def test_suggestions_contain_what_was_typed_and_stop_at_twenty() -> None:
    response = views.gallery_suggest(RequestFactory().get("/", {"q": "糖尿"}))
    assert [hit["text"] for hit in json.loads(response.content)["results"]] == [
        "2型糖尿病",
        "2型糖尿病性腎症",
    ]
    many = suggestions(Choice(str(n), f"病名{n}") for n in range(30))
    assert len(json.loads(many.content)["results"]) == 20


def test_the_pager_keeps_the_other_filters() -> None:
    request = RequestFactory().get("/", {"kind": "urgent", "page": "2"})
    html = _show("{% pager page %}", page=Paginator(range(30), 10).page(2), request=request)
    assert "30件中 11–20" in html
    assert "?kind=urgent&amp;page=1" in html
    assert "?kind=urgent&amp;page=3" in html


def test_steps_tell_by_more_than_colour_what_is_done_and_where_it_ended() -> None:
    html = _show("{% steps labels 1 True %}", labels=["送信", "受付", "来院"])
    assert "(済み)" in html
    assert "(ここで終了)" in html
    assert 'aria-current="step"' in html


def test_text_from_people_is_escaped_in_every_component() -> None:
    evil = "<script>x</script>\"'"
    html = _show(
        "{% badge t %}{% deflist rows %}{% alert 'info' t %}{{ t }}{% endalert %}{% card title=t %}{% endcard %}"
        "{% chart c %}{% empty t %}{{ t }}{% endempty %}{% dialog 'd' t %}{{ t }}{% enddialog %}{% tabs tabs %}",
        t=evil,
        rows=[samples.Row(evil, evil)],
        c=Chart(evil, evil, ["2026-01-01"], [Series(evil, [1.0])]),
        tabs=[samples.Tab(evil, "#")],
    )
    assert "<script>" not in html


def test_a_missing_measurement_is_shown_as_missing() -> None:
    html = _show(
        "{% chart c %}", c=Chart("HbA1c", "%", ["2026-01-01", "2026-02-01"], [Series("HbA1c", [7.1, None])])
    )
    assert "欠測" in html
    assert "null" in html


def test_a_chart_whose_series_do_not_fit_its_days_is_refused() -> None:
    with pytest.raises(ValueError, match="per day"):
        Chart("x", "y", ["2026-01-01"], [Series("a", [1.0, 2.0])])


@pytest.mark.parametrize(
    ("ago", "short"), [(timedelta(0), "10:34"), (timedelta(days=1), "昨日 10:34"), (timedelta(days=40), "4/23 10:34"),
                       (timedelta(days=400), "2025/4/28 10:34")]
)  # fmt: skip
def test_instants_are_short_in_the_line_and_full_in_the_tooltip(ago: timedelta, short: str) -> None:
    with clock.frozen(clock.jst(2026, 6, 2, 10, 34)):
        html = instant(clock.now() - ago)
    assert f">{short}<" in html
    assert re.search(r'title="\d{4}年\d+月\d+日\(.\) 10:34"', html)


def test_every_vendored_file_is_the_one_the_manifest_names() -> None:
    root = UI / "static/ui/vendor"
    listed: dict[str, str] = {}
    for package in json.loads((root / "MANIFEST.json").read_text(encoding="utf-8"))["packages"]:
        assert package["licence"] in {"MIT", "OFL-1.1"}
        assert package["version"]
        assert any(name.endswith("LICENSE") for name in package["files"])
        listed |= package["files"]
    present = {
        str(p.relative_to(root)): p for p in root.rglob("*") if p.is_file() and p.name != "MANIFEST.json"
    }
    assert set(listed) == set(present)
    assert all(
        hashlib.sha256(path.read_bytes()).hexdigest() == listed[name] for name, path in present.items()
    )
