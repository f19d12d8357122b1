"""``renkei user`` on the command line."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from testing.cast import Cast
from testing.database import arranging


def _run(*words: str) -> str:
    out = StringIO()
    with arranging("command line"):
        call_command("manage_user", *words, stdout=out)
    return out.getvalue()


def test_the_first_administrator_is_made_on_the_command_line(cast: Cast, client: Client) -> None:
    said = _run(
        "create", "ito", "--name", "伊藤 学", "--facility", "1410000011", "--role", "facility_administrator"
    )
    code = re.search(r"([a-z0-9]{4}(-[a-z0-9]{4}){3})", said)
    assert code
    answer = client.post("/accounts/login/", {"login": "ito", "password": code[1]})
    assert answer.status_code == 302
    assert client.get("/").url == "/accounts/password/change/"


def test_the_list_names_people_and_facilities(cast: Cast) -> None:
    said = _run("list", "--facility", "1410000011")
    assert "sato\t佐藤 恵\tみどり中央病院\t連携室員" in said
    assert "青木" not in said


def test_reset_and_off(cast: Cast, client: Client) -> None:
    assert "one-time code" in _run("reset", "sato", "--second-factor")
    assert "停止しました" in _run("off", "sato")
    for words in (
        ["reset", "nobody"],
        ["create", "a1b", "--name", "x", "--facility", "0000000000", "--role", "clerk"],
    ):
        with pytest.raises(CommandError):
            _run(*words)
