"""Bytes from outside become a JSON object or a precise Japanese refusal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from renkei.fhirkit.documents import read_json
from renkei.kernel.errors import Invalid

TEXT = '{"title":"診療情報提供書です","目的":"カタカナとひらがな"}'


def refusal(raw: bytes, **limits: int) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_json(raw, **limits)
    return caught.value


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf8_comes_in_with_or_without_a_byte_order_mark(mark: bytes) -> None:
    assert read_json(mark + TEXT.encode())["title"] == "診療情報提供書です"


def test_a_laboratory_value_keeps_its_last_zero() -> None:
    value = read_json(b'{"value": 3.50}')["value"]
    assert value == Decimal("3.5")
    assert str(value) == "3.50"


@pytest.mark.parametrize(
    ("codec", "name"),
    [("cp932", "Shift_JIS"), ("euc_jp", "EUC-JP"), ("iso2022_jp", "ISO-2022-JP"), ("utf-16", "UTF-16")],
)
def test_another_encoding_is_refused_by_its_name(codec: str, name: str) -> None:
    error = refusal(TEXT.encode(codec))
    assert error.code == "json.encoding"
    assert name in error.message_ja


def test_a_shift_jis_file_that_is_cut_is_still_called_shift_jis() -> None:
    assert "Shift_JIS" in refusal(TEXT.encode("cp932")[:-5]).message_ja


def test_every_cut_of_a_file_is_called_truncated_with_the_byte_where_it_ends() -> None:
    raw = TEXT.encode()
    for size in range(1, len(raw)):
        error = refusal(raw[:size])
        assert error.code == "json.truncated", raw[:size]
        assert f"{size} バイト目" in error.message_ja


def test_a_syntax_error_names_line_column_and_byte() -> None:
    error = refusal('{"あ": 1,\n "い" 2}'.encode())
    assert error.code == "json.syntax"
    assert "2 行目 6 文字目" in error.message_ja
    assert "19 バイト目" in error.message_ja


def test_the_same_item_twice_is_refused_because_nobody_knows_which_is_right() -> None:
    error = refusal(b'{"entry": [{"gender": "male", "gender": "female"}]}')
    assert (error.code, error.field) == ("json.duplicate_key", "gender")


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"").code == "json.empty"
    assert refusal(b" \n").code == "json.empty"


def test_a_file_over_the_limit_is_refused_before_it_is_read() -> None:
    error = refusal(b"[" * 101, max_bytes=100)
    assert error.code == "json.too_big"
    assert "101" in error.message_ja


@pytest.mark.parametrize("levels", [65, 100_000])
def test_nesting_over_the_limit_is_refused(levels: int) -> None:
    assert refusal(b'{"a":' + b"[" * levels + b"]" * levels + b"}").code == "json.too_deep"


def test_nesting_at_the_limit_comes_in() -> None:
    assert read_json(b'{"a":[[1]]}', max_depth=3) == {"a": [[1]]}
    assert refusal(b'{"a":[[[1]]]}', max_depth=3).code == "json.too_deep"


@pytest.mark.parametrize(
    ("raw", "word"), [(b"<?xml version='1.0'?><a/>", "XML"), (b"MSH|^~\\&|", "HL7 v2"), (b"%PDF-1.7", "PDF")]
)
def test_a_file_of_another_kind_is_named(raw: bytes, word: str) -> None:
    error = refusal(raw)
    assert error.code == "json.not_json"
    assert word in error.message_ja


@pytest.mark.parametrize("raw", [b'{"a": NaN}', b'{"a": Infinity}'])
def test_not_a_number_is_no_value(raw: bytes) -> None:
    assert refusal(raw).code == "json.syntax"


def test_a_list_is_not_a_document() -> None:
    assert refusal(b"[1]").code == "json.not_object"
