"""Errors carry what three mappers need; every role has its word."""

import pytest

from renkei.kernel import errors
from renkei.kernel.roles import LABELS, Role


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Invalid, 422),
        (errors.NotAllowed, 403),
        (errors.NotFound, 404),
        (errors.NotPossibleNow, 409),
        (errors.Stale, 409),
    ],
)
def test_each_error_has_its_status_and_speaks_japanese(kind: type[errors.DomainError], status: int) -> None:
    error = kind("some_code", "目的が空です。", "purpose")
    assert (error.status, error.code, error.field) == (status, "some_code", "purpose")
    assert error.message_ja == str(error) == "目的が空です。"
    assert isinstance(error, errors.DomainError)


def test_an_error_about_no_single_field_names_none() -> None:
    assert errors.NotFound("gone", "見つかりません。").field == ""


def test_every_role_has_one_japanese_word() -> None:
    assert set(LABELS) == set(Role)
    assert len({role.label for role in Role}) == len(Role)
