"""Names of people: stored as typed, found however they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel import names
from renkei.kernel.errors import Invalid

NAMEISH = st.text(
    st.one_of(
        st.characters(min_codepoint=0x3041, max_codepoint=0x30FF),
        st.characters(min_codepoint=0xFF66, max_codepoint=0xFF9F),
        st.sampled_from("髙﨑濵邊邉齋齊澤廣德栁𠮷々ヶ 　・ー-゛゜\u3099\u309a\ufe00\U000e0100aÅß"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)
KEYS = [names.kana_key, names.kanji_key, names.loose_kana_key, names.loose_kanji_key]


@pytest.mark.parametrize(
    ("written", "usual"),
    [
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("濵田", "浜田"),
        ("渡邊", "渡辺"),
        ("渡邉", "渡辺"),
        ("渡邉\U000e0101", "渡辺"),
        ("澤田", "沢田"),
        ("廣瀨", "広瀬"),
        ("德永", "徳永"),
        ("栁田", "柳田"),
        ("𠮷田", "吉田"),
        ("佐々木", "佐佐木"),
        ("三ヶ島", "三ケ島"),
        ("神\ufe00谷", "神谷"),
        ("神谷", "神谷"),
        ("山田　太郎", "山田太郎"),
        ("ＪＯＨＮ　スミス", "john スミス"),
    ],
)
def test_the_same_name_in_other_kanji_has_the_same_key(written: str, usual: str) -> None:
    assert names.kanji_key(written) == names.kanji_key(usual)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("やまだ　たろう", "ヤマダタロウ"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダタロウ"),
        ("きょうこ", "キヨウコ"),
        ("いっせい", "イツセイ"),
        ("ローザ・マリア", "ロザマリア"),
        ("イイヅカ", "イイズカ"),
        ("チヂワ", "チジワ"),
        ("カヲル", "カオル"),
        ("みすゞ", "ミスズ"),
        ("いすゞ", "イスズ"),
        ("ささき", "ササキ"),
        ("さゝき", "ササキ"),
        ("か\u3099く", "ガク"),
        ("か゛く", "ガク"),
    ],
)
def test_readings_meet_in_one_kana_key(typed: str, key: str) -> None:
    assert names.kana_key(typed) == key


def test_saito_in_four_kanji_is_only_a_candidate() -> None:
    forms = ["斉藤", "齊藤", "斎藤", "齋藤"]
    assert len({names.kanji_key(form) for form in forms}) == 4
    assert len({names.loose_kanji_key(form) for form in forms}) == 1


def test_a_voicing_mark_more_is_only_a_candidate() -> None:
    assert names.kana_key("ヤマサキ") != names.kana_key("ヤマザキ")
    assert names.loose_kana_key("ヤマサキ") == names.loose_kana_key("ヤマザキ")
    assert (
        names.loose_kana_key("イイツカ")
        == names.loose_kana_key("イイヅカ")
        == names.loose_kana_key("イイズカ")
    )
    assert names.loose_kana_key("ヤマダ") != names.loose_kana_key("ヤマナ")


def test_no_kanji_stands_in_two_groups_of_variants() -> None:
    for table in (names.VARIANTS, names.LOOSE_VARIANTS):
        characters = "".join(table)
        assert len(set(characters)) == len(characters)
        assert min(len(group) for group in table) >= 2


@given(NAMEISH)
def test_a_key_of_a_key_is_the_key(text: str) -> None:
    for key in KEYS:
        assert key(key(text)) == key(text)


@given(NAMEISH)
def test_a_key_holds_letters_and_digits_only(text: str) -> None:
    for key in KEYS:
        assert all(char.isalnum() for char in key(text) if char.isascii())
        assert not set(key(text)) & set(" 　・ー゛゜\ufe00\U000e0100髙﨑")
    for key in (
        names.kana_key,
        names.loose_kana_key,
    ):  # in a written name small and rare kana are letters of it
        assert not set(key(text)) & set("ヅヂヲッャュョ")


@given(NAMEISH)
def test_width_space_and_script_do_not_change_the_kana_key(text: str) -> None:
    assert names.kana_key(f" {text}　") == names.kana_key(text)
    assert names.kana_key(names.to_katakana(text)) == names.kana_key(text)


@given(
    st.text("アカガサザタダツヅズスチヂジシハバパヤャッー", max_size=6),
    st.text("アカガツヅズスチヂジシ", max_size=6),
)
def test_names_that_agree_strictly_agree_loosely(one: str, other: str) -> None:
    for variant in (one.replace("ズ", "ヅ"), one.replace("ー", ""), one.replace("ヤ", "ャ")):
        assert names.kana_key(variant) == names.kana_key(one)
        assert names.loose_kana_key(variant + other) == names.loose_kana_key(one + other)


@given(st.text("ヤマダタロウ", min_size=1, max_size=10), st.data())
def test_every_part_of_a_key_is_found_by_its_bigrams(key: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(key) - 1))
    part = key[start : data.draw(st.integers(start + 1, len(key)))]
    assert set(names.bigrams(part)) <= set(names.bigrams(key, anchored=True))


def test_bigrams_are_neighbouring_pairs_once_each() -> None:
    assert names.bigrams("ヤマダ") == ["ヤマ", "マダ"]
    assert names.bigrams("ササササ") == ["ササ"]
    assert names.bigrams("𠮷田") == ["𠮷田"]
    assert names.bigrams("ヤ") == names.bigrams("") == names.bigrams("", anchored=True) == []
    assert names.bigrams("ヤマ", anchored=True) == ["^ヤ", "ヤマ", "マ$"]


def test_a_name_is_stored_as_typed_with_one_half_width_space() -> None:
    assert names.check_person_name("　山田　 太郎 ") == "山田 太郎"
    assert names.check_person_name("𠮷田 花子") == "𠮷田 花子"
    assert names.check_person_name("渡邉\U000e0101 花子") == "渡邉\U000e0101 花子"
    assert names.check_person_name("\ufa19谷 花子") == "\ufa19谷 花子"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("山田\t太郎", "control_character"),
        ("山田\n太郎", "control_character"),
        ("山田\x00", "control_character"),
        ("山\u200b田", "control_character"),
        ("山\u202e田", "control_character"),
        ("山\ud842田", "control_character"),
        ("山\ue000田", "gaiji"),
        ("　", "name_empty"),
        ("山" * 101, "too_long"),
    ],
)
def test_a_name_no_other_hospital_can_show_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        names.check_person_name(text, "family_name")
    assert (caught.value.code, caught.value.field) == (code, "family_name")


def test_a_hundred_kanji_with_selectors_are_a_hundred_characters() -> None:
    name = "邉\U000e0101" * names.NAME_LIMIT
    assert names.check_person_name(name) == name


def test_a_reading_is_stored_in_full_width_katakana() -> None:
    assert names.check_kana_name("やまだ　ﾀﾛｳ") == "ヤマダ タロウ"
    assert names.check_kana_name("か\u3099く") == "ガク"
    assert names.check_kana_name("ロ－ザ ｼﾞｮ-ﾝｽﾞ") == "ローザ ジョーンズ"
    assert names.check_kana_name("スミス　Ｊｏｈｎ-Paul") == "スミス John-Paul"


def test_kanji_in_a_reading_are_refused_with_their_place() -> None:
    with pytest.raises(Invalid) as caught:
        names.check_kana_name("ヤマダ太郎")
    assert caught.value.code == "kana_only"
    assert "4文字目「太」" in caught.value.message_ja


def test_only_kana_change_on_the_way_to_katakana() -> None:
    assert names.to_katakana("ゔｶﾞ山田12Ａa　𠮷") == "ヴガ山田12Ａa　𠮷"
