"""A kind of reply has one name, on every page, paper and setting: the one of the glossary."""

from __future__ import annotations

from pathlib import Path

import pytest

from renkei.directory.types import setting
from renkei.exchange.scans.views import KEYS
from renkei.letters.documents import REPLY_TITLES
from renkei.letters.reply_form import FORM_TITLES
from renkei.referrals.papers.outgoing import ASKS, FORMS
from renkei.referrals.present import DEADLINES
from renkei.referrals.types import REPLY_LABELS, ReplyKind

GLOSSARY = Path(__file__).parents[4] / "GLOSSARY.md"


@pytest.mark.parametrize("kind", ReplyKind)
def test_a_reply_is_called_the_same_on_pages_letters_settings_and_in_the_glossary(kind: ReplyKind) -> None:
    label = REPLY_LABELS[kind]
    assert REPLY_TITLES[kind] == f"{label}書"
    assert DEADLINES[kind] == label
    set_by_the_house = setting(f"reply.{kind}_days")
    assert set_by_the_house is not None
    assert set_by_the_house.label == label
    assert label in GLOSSARY.read_text(encoding="utf-8")


def test_the_forms_for_paper_ask_for_replies_by_those_names() -> None:
    names = [REPLY_LABELS[kind] for kind in FORMS]
    assert list(FORM_TITLES.values()) == [f"返書用紙（{name}）" for name in names]
    assert f"({'・'.join(names)})" in ASKS
    assert list(KEYS) == list(FORMS)
