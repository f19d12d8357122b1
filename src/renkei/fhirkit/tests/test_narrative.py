"""Narrative becomes readable lines, and text that we write comes back exactly."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.fhirkit.documents import (
    block,
    class_text,
    clean,
    div_text,
    heading,
    table,
    table_rows,
    text_div,
    wrap,
)


@pytest.mark.parametrize(
    ("div", "text"),
    [
        ("<div>港診療所</div>", "港診療所"),
        ("<div><p>一行目</p><p>二行目</p></div>", "一行目\n二行目"),
        ("<div>\n  <p>一行目<br/>二行目</p>\n</div>", "一行目\n二行目"),
        ("<div>2018年　狭心症\n2019年　骨折</div>", "2018年　狭心症\n2019年　骨折"),
        ("<table><tr><th>項目</th><th>値</th></tr><tr><td></td><td>3.5</td></tr></table>", "項目｜値\n｜3.5"),
        ("<ul><li>胃潰瘍</li><li>貧血</li></ul>", "胃潰瘍\n貧血"),
        ("<div>a<script>alert('x')</script><style>p{}</style>b</div>", "ab"),
        ("<div onclick='x()'>&lt;5 &amp; &#x20BB7;</div>", "<5 & 𠮷"),
        ("<div><img src='x' alt='心電図'/></div>", "［画像: 心電図］"),
        ("<div>閉じていない<b>太字", "閉じていない太字"),
        ("", ""),
    ],
)
def test_narrative_becomes_lines_of_text(div: str, text: str) -> None:
    assert div_text(div) == text


@given(st.text())
def test_text_that_we_write_comes_back_exactly(raw: str) -> None:
    text = clean(raw)
    div = text_div(text)
    assert div_text(div) == text
    assert ElementTree.fromstring(div).tag == "{http://www.w3.org/1999/xhtml}div"


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1, max_size=3), st.text(), st.text())
def test_tables_headings_and_blocks_come_back_exactly(raw: list[list[str]], title: str, text: str) -> None:
    rows = [[clean(cell) for cell in row] for row in raw]
    div = wrap(heading(clean(title), "t"), table(("名", "値"), rows, "rows"), block(clean(text), "free"))
    assert table_rows(div, "rows") == rows
    assert class_text(div, "t") == clean(title)
    assert class_text(div, "free") == clean(text)


def test_a_class_that_is_not_there_is_none() -> None:
    assert class_text("<div>x</div>", "free") is None
    assert table_rows("<div class='rows'>閉じていない", "rows") is None


def test_a_document_type_is_never_expanded() -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "x">]><div xmlns="http://www.w3.org/1999/xhtml" class="free">&a;</div>'
    assert class_text(bomb, "free") is None


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x00a\x1b", "a"),
        (" 　\n", ""),
        ("　字下げ", "　字下げ"),
        ("\ud800𠮷", "𠮷"),
    ],
)
def test_clean_keeps_what_a_person_sees(raw: str, text: str) -> None:
    assert clean(raw) == text
