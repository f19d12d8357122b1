"""The code on a paper: short, opaque, signed, dated; and worth nothing to anybody who changes one character."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from renkei.referrals import papercodes
from renkei.referrals.types import ReplyKind

DAY = date(2027, 6, 1)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def test_a_code_says_its_key_kind_and_day() -> None:
    key = papercodes.new_key()
    for kind in papercodes.KINDS:
        text = papercodes.write(key, kind, DAY)
        assert papercodes.read(text) == papercodes.ReadCode(key, str(kind), DAY)
        assert len(text) == papercodes.LENGTH


def test_a_code_is_made_of_letters_and_digits_that_squares_hold_densely() -> None:
    text = papercodes.write(papercodes.new_key(), ReplyKind.FINAL_REPORT, DAY)
    assert set(text) <= set(ALPHABET + "01")


@given(st.integers(2, papercodes.LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_changed_character_is_a_forgery(at: int, other: str) -> None:
    text = papercodes.write("00" * 10, ReplyKind.FINAL_REPORT, DAY)
    changed = text[:at] + other + text[at + 1 :]
    # The last character carries bits that nothing uses.
    assert changed == text or at == papercodes.LENGTH - 1 or papercodes.read(changed) is None


@given(st.text(max_size=60))
def test_any_other_text_is_no_code(text: str) -> None:
    assert papercodes.read(text) is None


def test_another_installation_signs_other_codes() -> None:
    text = papercodes.write(papercodes.new_key(), "", DAY)
    with override_settings(SECRET_KEY="another house"):
        assert papercodes.read(text) is None
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["another house"]):
        assert papercodes.read(text) is None


def test_a_key_that_was_changed_still_reads_the_papers_that_are_out() -> None:
    with override_settings(SECRET_KEY="old"):
        text = papercodes.write(papercodes.new_key(), "", DAY)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert papercodes.read(text) is not None


def test_a_kind_that_no_form_has_gets_no_code() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        papercodes.write(papercodes.new_key(), ReplyKind.DISCHARGE_REPORT, DAY)
