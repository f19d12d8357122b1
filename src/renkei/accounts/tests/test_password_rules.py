"""The national guideline's password rules, and rules that change by date."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password

from renkei.accounts import codes, second_factor
from renkei.accounts.password_rules import NotThePersonValidator, min_length, problem
from renkei.accounts.rules import number
from renkei.directory.models import Rule
from testing.cast import Cast
from testing.database import arranging


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("abcdefghijk12", True),
        ("abcdefghij12", False),
        ("abcdefghijklmno", False),
        ("1234567890123", False),
        ("ながいあいことば2026年", True),
        ("abcdefghijk12\n", False),
    ],
)
def test_thirteen_characters_with_letters_and_digits(db: None, password: str, good: bool) -> None:
    assert (problem(password) == "") is good


def test_eight_are_enough_with_a_second_factor(cast: Cast) -> None:
    person = SimpleNamespace(pk=cast.actor("sato").person_id)
    assert min_length(person) == 13
    with patch.object(second_factor, "is_on", return_value=True):
        assert problem("abcdef12", person) == ""
        assert "8文字以上" in problem("abcde12", person)


def test_a_rule_of_the_directory_counts_from_its_day(cast: Cast) -> None:
    with arranging():
        Rule.objects.create(code="password.min_length", params={"value": 15}, valid_from=date(2026, 10, 1))
        Rule.objects.create(code="password.min_length", params={"value": 20}, valid_from=date(2090, 4, 1))
    assert number("password.min_length") == 15


def test_passwords_are_hashed_with_scrypt() -> None:
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.ScryptPasswordHasher"]
    assert make_password("abcdefghijk12").startswith("scrypt$")


def test_the_own_name_is_no_password() -> None:
    person = SimpleNamespace(login_id="sato", name="佐藤 恵", kana="サトウ メグミ")
    with pytest.raises(Exception, match="ログインID"):
        NotThePersonValidator().validate("Sato-2026-midori", person)
    NotThePersonValidator().validate("kawa-no-nagare-77", person)


def test_a_one_time_code_keeps_the_rules_and_has_no_look_alikes(db: None) -> None:
    for _ in range(50):
        code = codes.fresh()
        assert problem(code) == ""
        assert not set(code) & set("il1o0")
