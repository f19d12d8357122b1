"""Free text and numbers from a keyboard or another system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel import text
from renkei.kernel.errors import Invalid


def cleaned(note: str) -> str | Invalid:
    try:
        return text.clean_note(note, 60)
    except Invalid as refused:
        return refused


def refusal(note: str, limit: int = 1000) -> Invalid:
    with pytest.raises(Invalid) as caught:
        text.clean_note(note, limit, "purpose")
    assert caught.value.field == "purpose"
    return caught.value


def test_full_width_numbers_become_half_width_and_japanese_stays() -> None:
    assert text.to_half_width("１２３－４５　ＡＢカナ山ー") == "123-45 ABカナ山ー"
    assert text.to_plain_number(" ０４６３ー００−１２３４ ") == "0463-00-1234"


def test_line_ends_become_one_kind_and_nothing_else_changes() -> None:
    assert text.clean_note("一\r\n二\r三\n\t四  ", 100) == "一\n二\n三\n\t四  "


def test_a_voicing_mark_on_its_own_is_joined_but_kanji_are_kept() -> None:
    assert text.clean_note("か\u3099は\u309a \ufa19", 100) == "がぱ \ufa19"


@pytest.mark.parametrize(
    "char", ["\x00", "\x1b", "\x7f", "\x85", "\ud842", "\ufffe", "\U0001ffff", "\u202e", "\u2028"]
)
def test_what_cannot_be_stored_or_seen_is_refused_with_its_place(char: str) -> None:
    error = refusal(f"一行目\r\n二行{char}目")
    assert error.code == "control_character"
    assert f"2行目の3文字目に使えない文字(U+{ord(char):04X})" in error.message_ja


def test_a_zero_width_space_from_a_web_page_does_no_harm_in_a_note() -> None:
    assert text.clean_note("発熱\u200bあり", 100) == "発熱\u200bあり"
    assert [odd.column for odd in text.find_controls("発熱\u200bあり", invisible=True)] == [3]


def test_private_characters_are_refused_with_all_their_places() -> None:
    error = refusal("𠮷\U000e0100田\ue000さん\n\uf8ffと\U000f0000")
    assert error.code == "gaiji"
    assert "3文字目(U+E000)、2行目の1文字目(U+F8FF)、2行目の3文字目(U+F0000)に外字" in error.message_ja
    assert "入力し直して" in error.message_ja


def test_many_private_characters_are_counted_not_listed() -> None:
    assert "ほか95か所" in refusal("\ue000" * 100).message_ja


def test_garbled_text_is_called_by_its_name() -> None:
    assert "文字化け" in refusal("高血圧\ufffd").message_ja


def test_text_from_elsewhere_may_keep_its_private_characters() -> None:
    assert text.clean_note("\ue000", 10, allow_gaiji=True) == "\ue000"
    assert [odd.codepoint for odd in text.find_gaiji("\ue000")] == ["U+E000"]


def test_ten_thousand_characters_fit_exactly_and_one_more_is_told_how_many_too_many() -> None:
    note = "𠮷" * 10_000
    assert text.clean_note(note, 10_000) == note
    assert (
        "10,000文字までのところ、10,001文字あります。1文字減らして" in refusal(note + "。", 10_000).message_ja
    )


def test_a_run_of_variation_selectors_does_not_count_as_nothing() -> None:
    assert text.char_count("邉\U000e0101") == 1
    assert text.char_count("邉" + "\U000e0101" * 50) == 50


@pytest.mark.parametrize(
    ("long", "n", "short"),
    [
        ("紹介目的", 4, "紹介目的"),
        ("紹介目的です", 4, "紹介目…"),
        ("一行目\n 二行目", 10, "一行目 二行目"),
        ("渡邉\U000e0101さん", 3, "渡邉\U000e0101…"),
        ("紹介", 1, "…"),
        ("", 3, ""),
    ],
)
def test_a_list_shows_the_beginning_of_a_long_text(long: str, n: int, short: str) -> None:
    assert text.shorten(long, n) == short


@given(st.text(max_size=60), st.integers(1, 20))
def test_a_shortened_text_is_never_longer_than_asked(note: str, n: int) -> None:
    assert text.char_count(text.shorten(note, n)) <= n


@given(st.text(max_size=60))
def test_a_cleaned_note_is_clean(note: str) -> None:
    outcome = cleaned(note)
    if isinstance(outcome, Invalid):
        assert outcome.code in {"control_character", "gaiji"}
    else:
        assert text.clean_note(outcome, 60) == outcome
        assert not text.find_controls(outcome)
        assert not text.find_gaiji(outcome)
        assert "\r" not in outcome


def test_no_character_of_a_plain_text_is_odd() -> None:
    for first, last in ((0x20, 0x7E), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xFF01, 0xFF9F)):
        for char in map(chr, range(first, last + 1)):
            assert text._PLAIN.fullmatch(char)
            # A character that is not plain beside it makes the search look at each.
            assert text.find_controls(f"é{char}", invisible=True) == []
            assert text.find_gaiji(f"é{char}") == []
