"""Values for the templates: blocks, kana, codes."""

from __future__ import annotations

import re

import pytest
import qrcode

from renkei.kernel.errors import Invalid
from renkei.letters.tests.factories import LABORATORY
from renkei.letters.values import blocks, qr_svg, ruby, shown_date


def test_pasted_laboratory_lines_become_a_table_with_numbers_to_the_right() -> None:
    found = blocks(f"検査は以下のとおりです。\n{LABORATORY}\n以上です。")
    assert [block["kind"] for block in found] == ["lines", "table", "lines"]
    assert found[1]["rows"][1] == ["BNP", "246.0", "612.5", "pg/mL"]
    assert found[1]["numeric"] == [False, True, True, False]


def test_one_line_with_a_tab_stays_text() -> None:
    assert blocks("体重\t60kg") == [{"kind": "lines", "lines": ["体重　60kg"]}]


def test_an_empty_note_has_no_blocks() -> None:
    assert blocks("") == blocks(" \n\n") == []


def test_a_blank_line_between_paragraphs_is_kept() -> None:
    assert blocks("一\n\n二")[0]["lines"] == ["一", "", "二"]


def test_kana_stands_over_family_and_given_name_where_both_are_split() -> None:
    assert ruby("𠮷田 花子", "ヨシダ　ハナコ") == [
        {"base": "𠮷田", "kana": "ヨシダ"},
        {"base": "花子", "kana": "ハナコ"},
    ]
    assert ruby("𠮷田花子", "ヨシダ ハナコ") == [{"base": "𠮷田花子", "kana": "ヨシダ ハナコ"}]
    assert ruby("栁 剛", "") == [{"base": "栁 剛", "kana": ""}]


@pytest.mark.parametrize(
    ("iso", "shown"),
    [
        ("2019-04-30", "平成31年4月30日(2019-04-30)"),
        ("2019-05-01", "令和元年5月1日(2019-05-01)"),
        ("2024-05", "2024年5月"),
        ("2024", "2024年"),
        ("昨年の春", "昨年の春"),
        ("", ""),
    ],
)
def test_whole_dates_are_shown_in_both_years_and_parts_of_dates_as_known(iso: str, shown: str) -> None:
    assert shown_date(iso) == shown


def test_the_code_draws_exactly_the_dark_modules() -> None:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data("https://renkei.example/r/0198")
    dark = {(x, y) for y, row in enumerate(code.get_matrix()) for x, on in enumerate(row) if on}
    drawn = {
        (int(x), int(y))
        for x, y in re.findall(r"M(\d+) (\d+)h1", qr_svg("https://renkei.example/r/0198").decode())
    }
    assert drawn == dark


def test_a_code_with_too_much_in_it_is_refused() -> None:
    with pytest.raises(Invalid, match="QRコード"):
        qr_svg("あ" * 2000)
