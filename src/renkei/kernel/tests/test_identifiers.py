"""Numbers of institutions and people."""

import re
from datetime import timedelta
from uuid import RFC_4122

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from renkei.kernel import clock, identifiers
from renkei.kernel.errors import Invalid

# The published sample number, with the check digit 8.
SAMPLE_INDIVIDUAL_NUMBER = "123456789018"
STANDARD_MEMBER = re.compile(r"^[0-9]{8}:[^:^\s^　]*:[^:^\s^　]*:(.{0}|[0-9][0-9])$")
STANDARD_PUBLIC_PAYER = re.compile(r"^[0-9]{8}::[^:^\s^　]{7}:$")
CARD_TEXT = st.text("0123456789あいう健保ＡＢ１２-・", max_size=9)


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


def test_an_institution_number_is_explained_part_by_part() -> None:
    number = identifiers.check_institution_number("１４ー１ー１２３４５６７")
    assert str(number) == "1411234567"
    assert (number.prefecture, number.fee_table, number.code) == ("14", "1", "1234567")
    assert number.explanation == "14(神奈川県)・1(医科)・1234567"
    assert number.local_patient_system == "urn:oid:1.2.392.100495.20.3.51.11411234567"


def test_the_forty_seven_prefectures_stand_in_order() -> None:
    assert len(identifiers.PREFECTURES) == 47
    assert (identifiers.PREFECTURES[0], identifiers.PREFECTURES[12], identifiers.PREFECTURES[46]) == (
        "北海道",
        "東京都",
        "沖縄県",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1234567", "7桁が入力されています。都道府県番号と点数表番号を前に"),
        ("14112345678", "11桁が入力されています"),
        ("0011234567", "「00」は都道府県番号"),
        ("4811234567", "「48」は都道府県番号"),
        ("9911234567", "「99」は都道府県番号"),
        ("1441234567", "3桁目「4」は点数表番号"),
        ("14A1234567", "数字以外"),
        ("", "0桁が入力されています"),
    ],
)
def test_a_wrong_institution_number_is_told_which_part_is_wrong(text: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        identifiers.check_institution_number(text, "sender")
    assert caught.value.field == "sender"
    assert says in caught.value.message_ja


@given(st.integers(1, 47), st.sampled_from("123"), digits(7))
def test_every_well_formed_institution_number_passes_whatever_its_last_digit(
    prefecture: int, table: str, code: str
) -> None:
    text = f"{prefecture:02d}{table}{code}"
    assert identifiers.check_institution_number(text).value == text


def test_an_insured_number_is_built_from_the_boxes_of_the_card() -> None:
    assert identifiers.build_member_id("00012345", "あいう", "１８７", "05") == "00012345:あいう:１８７:05"
    assert str(identifiers.check_insured("１３８０５７", "", "12 34", "")) == "00138057::1234:"
    assert str(identifiers.check_insured("39130000", "", "12345678", "1")) == "39130000::12345678:01"


def test_the_same_card_in_another_width_has_the_same_match_key() -> None:
    one = identifiers.check_insured("06130000", "ＡＢ", "１８７")
    other = identifiers.check_insured("06130000", "ab", "187")
    assert one != other
    assert one.match_key == other.match_key


@pytest.mark.parametrize(
    ("boxes", "code"),
    [
        (("1234567", "1", "2", ""), "insurer_number"),
        (("", "1", "2", ""), "insurer_number"),
        (("06130000", "1", "", ""), "insured_number"),
        (("06130000", "1:2", "3", ""), "insured_symbol"),
        (("06130000", "健" * 10, "3", ""), "insured_symbol"),
        (("06130000", "1", "1" * 20, ""), "insured_number"),
        (("06130000", "1", "3", "123"), "insured_branch"),
        (("06130000", "1", "3", "A"), "insured_branch"),
        (("06130000", "\ue000", "3", ""), "gaiji"),
        (("06130000", "1\x00", "3", ""), "control_character"),
    ],
)
def test_a_wrong_box_of_the_card_is_named(boxes: tuple[str, str, str, str], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        identifiers.check_insured(*boxes, field="insured")
    assert (caught.value.code, caught.value.field) == (code, "insured")


@given(digits(8), CARD_TEXT, CARD_TEXT, st.one_of(st.just(""), digits(2)))
def test_a_built_insured_number_has_the_standard_form_and_reads_back(
    insurer: str, symbol: str, number: str, branch: str
) -> None:
    assume(number and max(len(symbol.encode("cp932")), len(number.encode("cp932"))) <= 19)
    member = identifiers.check_insured(insurer, symbol, number, branch)
    assert STANDARD_MEMBER.fullmatch(str(member))
    assert identifiers.parse_member_id(str(member)) == member


@pytest.mark.parametrize(
    "text", ["", "1234567:1:2:", "12345678:1:2", "12345678:1 :2:", "12345678:1:2:1", "12345678:1:2:01\n"]
)
def test_what_is_no_member_id_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        identifiers.parse_member_id(text)
    assert caught.value.code == "member_id"


@pytest.mark.parametrize(
    "typed",
    [
        "123456789018",
        "1234 5678 9018",
        "1234・5678・9018",
        "1234.5678\u200b9018",
        "１２３４－５６７８－９０１８",
        "123456789012",
    ],
)
@pytest.mark.parametrize("box", range(4))
def test_an_individual_number_is_refused_in_every_box_with_the_reason(typed: str, box: int) -> None:
    boxes = ["06130000", "1", "2", ""]
    boxes[box] = typed
    with pytest.raises(Invalid) as caught:
        identifiers.check_insured(*boxes)
    assert caught.value.code == "individual_number"
    assert "マイナンバー" in caught.value.message_ja
    assert typed not in caught.value.message_ja


def test_an_individual_number_is_refused_in_documents_and_public_payers_too() -> None:
    for attempt in (
        lambda: identifiers.parse_member_id(f"06130000::{SAMPLE_INDIVIDUAL_NUMBER}:"),
        lambda: identifiers.check_public_payer("12130000", SAMPLE_INDIVIDUAL_NUMBER),
    ):
        with pytest.raises(Invalid) as caught:
            attempt()
        assert caught.value.code == "individual_number"


def test_a_symbol_of_eight_and_a_number_of_four_digits_are_no_individual_number() -> None:
    assert identifiers.check_insured("01130012", "12345678", "9018").number == "9018"


def test_the_official_check_digit_of_an_individual_number() -> None:
    assert identifiers.looks_like_individual_number(SAMPLE_INDIVIDUAL_NUMBER)
    assert identifiers.looks_like_individual_number("１２３４ ５６７８ ９０１８")
    assert not identifiers.looks_like_individual_number("123456789012")
    assert not identifiers.looks_like_individual_number("12345678901")
    assert not identifiers.looks_like_individual_number("")


@given(digits(11))
def test_exactly_one_last_digit_makes_an_individual_number(first: str) -> None:
    assert sum(identifiers.looks_like_individual_number(first + last) for last in "0123456789") == 1


def test_public_assistance_has_its_own_form() -> None:
    payer = identifiers.check_public_payer("１２１３００００", "123-4567")
    assert str(payer) == "12130000::1234567:"
    assert STANDARD_PUBLIC_PAYER.fullmatch(str(payer))
    assert identifiers.parse_public_payer_id(str(payer)) == payer


@pytest.mark.parametrize(
    ("payer", "recipient", "code"),
    [("1213000", "1234567", "public_payer_number"), ("12130000", "123456", "public_recipient_number")],
)
def test_a_short_public_number_is_named(payer: str, recipient: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        identifiers.check_public_payer(payer, recipient)
    assert caught.value.code == code
    with pytest.raises(Invalid):
        identifiers.parse_public_payer_id(f"{payer}::{recipient}:")


def test_a_postal_code_is_read_however_it_is_typed() -> None:
    for typed in ("2590000", "259-0000", "〒２５９－００００", " 259 0000 "):
        assert identifiers.postal_code(typed) == "259-0000"
    for wrong in ("", "259000", "259-000O", "25900000"):
        with pytest.raises(Invalid):
            identifiers.postal_code(wrong)


@pytest.mark.parametrize(
    ("typed", "display", "number", "extension"),
    [
        ("0463-00-1234", "0463-00-1234", "0463001234", ""),
        ("０４６３（００）１２３４", "0463(00)1234", "0463001234", ""),
        ("0463ー00ー1234", "0463-00-1234", "0463001234", ""),
        ("090 0000 1234", "090 0000 1234", "09000001234", ""),
        ("+81 463-00-1234", "+81 463-00-1234", "0463001234", ""),
        ("+81-(0)463-00-1234", "+81-(0)463-00-1234", "0463001234", ""),
        ("0120-00-1234", "0120-00-1234", "0120001234", ""),
        ("0800-000-1234", "0800-000-1234", "08000001234", ""),
        ("0463-00-1234 内線 56", "0463-00-1234 内線 56", "0463001234", "56"),
        ("0463-00-1234(内線56)", "0463-00-1234(内線56)", "0463001234", "56"),
    ],
)
def test_a_phone_number_keeps_its_look_and_gains_digits(
    typed: str, display: str, number: str, extension: str
) -> None:
    assert identifiers.phone(typed) == identifiers.Phone(display, number, extension)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "119",
        "463-00-1234",
        "0463-00-123",
        "0463-00-12345",
        "連携室",
        "0463-00-1234x",
        "00-0000-1234",
        "0463-00-1234 内線56番",
        "0463" + "-" * 99 + "001234",
    ],
)
def test_what_cannot_be_dialled_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        identifiers.phone(typed, "fax")
    assert caught.value.field == "fax"


def test_a_referral_number_has_a_year_and_six_digits() -> None:
    assert identifiers.referral_number(2026, 3214) == "R-2026-003214"
    assert identifiers.referral_number(2026, 1_234_567) == "R-2026-1234567"
    assert identifiers.parse_referral_number("Ｒ－２０２６－００３２１４") == (2026, 3214)
    assert identifiers.parse_referral_number(" r-2026-003214 ") == (2026, 3214)
    for wrong in ("2026-003214", "R-2026-3214", "R-2026-" + "1" * 5000):
        with pytest.raises(Invalid):
            identifiers.parse_referral_number(wrong)
    for year, serial in ((2026, 0), (0, 1), (10_000, 1)):
        with pytest.raises(ValueError, match="a year of four digits"):
            identifiers.referral_number(year, serial)


@given(st.integers(1, 99_999_999))
def test_a_check_code_reads_back(number: int) -> None:
    code = identifiers.check_code(number)
    assert re.fullmatch(r"[0-9]{4}-[0-9]{4}-[0-9]", code)
    assert identifiers.parse_check_code(code) == number
    assert identifiers.parse_check_code(code.replace("-", "ー")) == number


@given(st.integers(1, 99_999_999), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: int, place: int, by: int) -> None:
    code = identifiers.check_code(number).replace("-", "")
    wrong = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    with pytest.raises(Invalid):
        identifiers.parse_check_code(wrong)


@given(st.integers(1, 99_999_999), st.integers(0, 7))
def test_two_swapped_neighbours_are_always_noticed(number: int, place: int) -> None:
    code = identifiers.check_code(number).replace("-", "")
    assume(code[place] != code[place + 1])
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    with pytest.raises(Invalid):
        identifiers.parse_check_code(swapped)


def test_a_check_code_has_nine_digits() -> None:
    for text in ("", "0000-0003", "0000-0003-77", "0000-000A-7", "0000-0000-0"):
        with pytest.raises(Invalid):
            identifiers.parse_check_code(text)
    for number in (0, 100_000_000):
        with pytest.raises(ValueError, match="a number from 1"):
            identifiers.check_code(number)


def test_a_uuid7_carries_the_time_of_the_product_clock() -> None:
    with clock.frozen(clock.jst(2026, 6, 5, 9, 0)) as instant:
        made = identifiers.uuid7()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == int(instant.timestamp() * 1000)


def test_uuid7s_of_one_instant_ascend_past_the_counter() -> None:
    with clock.frozen(clock.jst(2026, 6, 6, 9, 0)):
        made = [identifiers.uuid7() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_uuid7s_still_ascend_after_a_small_step_back_and_start_anew_after_a_big_one() -> None:
    noon = clock.jst(2026, 6, 7, 12, 0)
    with clock.frozen(noon):
        first = identifiers.uuid7()
    with clock.frozen(noon - timedelta(seconds=1)):
        second = identifiers.uuid7()
    with clock.frozen(noon - timedelta(days=500)) as past:
        third = identifiers.uuid7()
    assert first < second
    assert third.int >> 80 == int(past.timestamp() * 1000)
