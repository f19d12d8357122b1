"""The engine: literal text, own fonts, closed folder, same bytes for the same input."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pypdf
import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.kernel.errors import Invalid
from renkei.letters import cannot_print, coverage, documents, join, pages, render
from renkei.letters.engine import compile_files
from renkei.letters.tests.factories import COVER, LETTER, NOTICE, REPLY, SLIP, text_of

MARKUP = '#image("/etc/passwd") *b* _i_ $x^2$ \\#emit <a> @ref `raw` // c /* d */ [x] = H - "q"'


def note(body: str, **more: Any) -> bytes:
    data = {
        "number": "N-1", "issued": "", "issued_era": "", "title": "お知らせ", "qr": False, "credentials": [],
        "valid_until": "", "steps": [], "url": "", "body": [{"kind": "lines", "lines": body.split("\n")}],
        "recipient": {"name": "甲", "honorific": "様", "organisation": "", "postal_code": "", "address": ""},
        "sender": {
            "facility_name": "乙", "institution_number": "", "department": "", "physician": "",
            "postal_code": "", "address": "", "phone": "", "fax": "",
        },
    }  # fmt: skip
    return render("notice_letter", data | more, issued_on=date(2026, 11, 24))


def test_markup_in_a_letter_is_printed_as_the_person_typed_it() -> None:
    assert "".join(MARKUP.split()) in text_of(note(MARKUP))


def test_markup_in_a_title_or_a_name_is_printed_too() -> None:
    assert '#panic("x")' in text_of(note("本文", title='#panic("x")'))


@pytest.mark.parametrize("path", ["/etc/passwd", "../engine.py", "../fonts/MANIFEST.md"])
def test_a_template_reads_nothing_outside_its_folder(path: str) -> None:
    source = f'#read("{path}")'.encode()
    with pytest.raises(RuntimeError):
        compile_files({"main.typ": source}, {}, datetime(2026, 11, 24, tzinfo=UTC))


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert documents.referral_letter(LETTER) == documents.referral_letter(LETTER)


def test_an_unknown_template_is_refused() -> None:
    for name in ("base", "../engine", "nothing"):
        with pytest.raises(KeyError):
            render(name, {})


def test_every_font_is_embedded_and_is_one_of_ours() -> None:
    for pdf in (
        documents.referral_letter(LETTER),
        documents.patient_slip(SLIP),
        documents.cover_sheet(COVER),
    ):
        fonts = [
            font.get_object() for page in pypdf.PdfReader(BytesIO(pdf)).pages for font in page_fonts(page)
        ]
        assert fonts
        for font in fonts:
            inside = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert any(key in inside for key in ("/FontFile2", "/FontFile3"))
            assert font["/BaseFont"].split("+")[1].startswith(("BIZUDPGothic", "NotoSansJP"))


def page_fonts(page: pypdf.PageObject) -> list[Any]:
    return list(page["/Resources"]["/Font"].values())


def test_a_letter_says_that_it_is_an_archive_pdf_and_carries_title_and_language() -> None:
    reader = pypdf.PdfReader(BytesIO(documents.referral_letter(LETTER)))
    assert reader.metadata is not None
    assert reader.metadata.title == "診療情報提供書"
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date().isoformat() in ("2026-11-20", "2026-11-21")
    catalog = reader.trailer["/Root"]
    assert catalog["/Lang"].startswith("ja")
    assert b"pdfaid:part>2<" in catalog["/Metadata"].get_object().get_data()


def test_a_character_no_font_holds_becomes_a_geta_and_is_named() -> None:
    text = text_of(note("本日は😀晴れ"))
    assert "本日は〓晴れ" in text
    assert "U+1F600" in text


def test_cannot_print_names_each_missing_character_once() -> None:
    assert cannot_print("髙橋 﨑 𠮷田 邉 栁 剝 ① ㈱ SpO₂ 10⁹ ☑") == []
    assert cannot_print("外\ue000字\ue000😀") == ["\ue000", "😀"]
    assert cannot_print("葛\U000e0100城") == []
    assert cannot_print("葛\U000e01ee城") == ["葛\U000e01ee"]


def test_line_ends_controls_and_loose_voicing_marks_do_not_disturb_a_letter() -> None:
    text = text_of(note("か\u3099っこう\x00\x07\r\n次の行\ufeff\ud800"))
    assert "がっこう次の行〓" in text


def test_a_compatibility_kanji_stays_the_one_that_was_typed() -> None:
    assert "\ufa19" in text_of(note("\ufa19田"))


def test_the_coverage_agrees_with_what_the_engine_can_set() -> None:
    rare = sorted(coverage.font_characters(coverage.RARE_FONT) - coverage.font_characters(coverage.MAIN_FONT))
    kanji = [chr(point) for point in rare if 0x3400 <= point < 0xA000 or point > 0x20000]
    sample = "".join(kanji[::97])
    assert sample in text_of(note("字", title=sample))


def test_the_bold_font_holds_what_the_regular_one_holds() -> None:
    assert coverage.font_characters(coverage.MAIN_FONT) == coverage.font_characters(coverage.BOLD_FONT)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=20))
def test_no_text_stops_a_letter(body: str, title: str) -> None:
    assert pages(note(body, title=title)) >= 1


def test_letters_joined_for_one_print_keep_their_order() -> None:
    parts = [documents.cover_sheet(COVER), documents.reply_letter(REPLY), documents.notice_letter(NOTICE)]
    whole = join(parts)
    assert pages(whole) == sum(pages(part) for part in parts)
    texts = [("".join(page.extract_text().split())) for page in pypdf.PdfReader(BytesIO(whole)).pages]
    assert "FAX送付状" in texts[0]
    assert "初回経過報告書" in texts[1]
    assert "ご利用のご案内" in texts[-1]


def test_joining_nothing_or_a_broken_file_says_what_to_do() -> None:
    with pytest.raises(Invalid, match="1件以上"):
        join([])
    with pytest.raises(Invalid, match="PDFとして読めません"):
        join([b"%PDF-1.7 truncated"])
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    locked = BytesIO()
    writer.write(locked)
    with pytest.raises(Invalid, match="パスワード"):
        join([locked.getvalue()])


def test_the_shipped_fonts_are_the_ones_of_the_manifest() -> None:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(coverage.FONT_FOLDER)]
    )
    assert {(font.family, font.weight) for font in fonts.fonts()} == {
        ("BIZ UDPGothic", 400), ("BIZ UDPGothic", 700), ("Noto Sans JP", 400),
    }  # fmt: skip
    manifest = (coverage.FONT_FOLDER / "MANIFEST.md").read_text(encoding="utf-8")
    for path in coverage.FONT_FOLDER.glob("*.ttf"):
        assert path.name in manifest
