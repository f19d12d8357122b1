"""Words that are read as one thing stay on one line."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from renkei.ui.templatetags.ui import together
from renkei.ui.types import Row


@pytest.mark.parametrize(
    "whole",
    [
        "昭和34年3月4日(1959-03-04)",
        "令和元年5月1日",
        "2026年6月5日",
        "1959-03-04",
        "0463-00-5352",
        "〒259-9906",
        "R-2026-002991",
    ],
)
def test_dates_and_numbers_stay_whole(whole: str) -> None:
    assert together(f"みどり市 {whole} へ") == f'みどり市 <span class="nowrap">{whole}</span> へ'


def test_what_a_person_typed_stays_text() -> None:
    assert together("<b>0463-00-0100") == '&lt;b&gt;<span class="nowrap">0463-00-0100</span>'


@pytest.mark.parametrize("value", [None, "", mark_safe('<a href="tel:0463-00-0100">電話</a>')])
def test_nothing_and_finished_markup_stay_as_they_are(value: object) -> None:
    assert together(value) is value


def test_a_list_of_facts_keeps_lines_and_numbers() -> None:
    html = render_to_string(
        "ui/components/deflist.html", {"rows": [Row("連絡先", "桜台5丁目3-3\n0463-00-2663")]}
    )
    assert '<span class="nowrap">3-3</span><br><span class="nowrap">0463-00-2663</span>' in html
