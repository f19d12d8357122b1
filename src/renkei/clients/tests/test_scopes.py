"""SMART scopes in both versions, and that narrowing never widens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.clients.scopes import OFFLINE, label_of, narrow, parse, permissions_of, register_scope, scope_word

LETTERS = ["r", "s", "rs", "cruds", "cud"]
TEXTS = st.lists(
    st.one_of(
        st.builds(
            lambda level, name, word: f"{level}/{name}.{word}",
            st.sampled_from(["user", "system"]),
            st.sampled_from(["Organization", "Location", "Unknown", "*"]),
            st.sampled_from([*LETTERS, "read", "write", "*"]),
        ),
        st.sampled_from([OFFLINE, "openid", "", "user/", "user/Organization.sr"]),
    ),
    max_size=6,
)


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("user/Patient.rs", "rs"),
        ("system/Patient.read", "rs"),
        ("user/*.write", "cud"),
        ("user/*.*", "cruds"),
    ],
)
def test_both_versions_are_understood(text: str, letters: str) -> None:
    found = parse(text)
    assert found is not None
    assert found.letters == letters


@pytest.mark.parametrize(
    "text",
    ["patient/Patient.rs", "user/Patient.sr", "user/Patient.", "user/patient.r", "user/Patient.rs?x=y", ""],
)
def test_what_this_server_does_not_know_is_no_scope(text: str) -> None:
    assert parse(text) is None


@given(TEXTS, TEXTS)
def test_narrowing_never_gives_more_than_either_side(wanted: list[str], allowed: list[str]) -> None:
    found = narrow(wanted, allowed)
    assert permissions_of(found) <= permissions_of(wanted) & permissions_of(allowed)
    assert narrow(found, allowed) == found
    assert (OFFLINE in found) == (OFFLINE in wanted and OFFLINE in allowed)


def test_a_scope_stands_for_permissions_and_for_itself() -> None:
    assert permissions_of(["system/Organization.r"]) == {"directory.view", scope_word("Organization", "r")}
    assert label_of("Organization") == "医療機関"
    assert label_of("Nothing") == "Nothing"


def test_a_letter_that_is_none_cannot_be_registered() -> None:
    with pytest.raises(ValueError, match="letters"):
        register_scope("Organization", "x", "directory.view")
