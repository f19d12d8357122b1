"""Type-ahead over the shipped tables: kanji, kana, synonyms, ICD-10."""

from __future__ import annotations

import pytest
from django.urls import reverse

from renkei.terms import reference
from renkei.terms.models import Term
from renkei.terms.queries import suggest, term, terms
from renkei.terms.types import System
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


@pytest.fixture
def _tables(cast: Cast) -> None:
    with arranging():
        reference.load()


@pytest.mark.usefixtures("_tables")
@pytest.mark.parametrize("typed", ["高血圧", "こうけつあつ", "ｺｳｹﾂｱﾂ", "HTN", "htn", "I10", "ｉ１０"])
def test_a_disease_is_found_by_name_kana_synonym_and_icd10(typed: str) -> None:
    assert suggest(System.DISEASE, typed)[0].label == "高血圧症"


@pytest.mark.usefixtures("_tables")
def test_the_exact_name_comes_before_longer_ones() -> None:
    found = [s.label for s in suggest(System.DISEASE, "糖尿病", limit=20)]
    assert found
    assert all("糖尿病" in label for label in found[:3])
    assert found[0] == min((f for f in found if f.startswith("糖尿病")), key=len, default=found[0])


@pytest.mark.usefixtures("_tables")
def test_several_words_narrow_and_the_limit_holds() -> None:
    assert len(suggest(System.DISEASE, "症", limit=5)) == 5
    both = [s.label for s in suggest(System.DISEASE, "二次 高血圧")]
    assert "二次性高血圧症" in both
    assert "高血圧症" not in both


@pytest.mark.usefixtures("_tables")
def test_nothing_typed_and_nothing_known_finds_nothing() -> None:
    assert suggest(System.DISEASE, " ") == []
    assert suggest(System.DISEASE, "存在しない病") == []


@pytest.mark.usefixtures("_tables")
def test_tables_do_not_mix_and_codes_are_found() -> None:
    assert suggest(System.DEPARTMENT, "高血圧") == []
    assert term(System.DEPARTMENT, code="01").label == "内科"
    assert term(System.DEPARTMENT, label="内科").code == "01"
    assert term(System.DEPARTMENT) is None
    assert terms(System.DEPARTMENT)[0].code == "01"


def test_loading_twice_changes_nothing_and_a_correction_is_taken(cast: Cast) -> None:
    with arranging():
        reference.load()
        row = Term.objects.get(system="disease", label="高血圧症")
        row.kana = "マチガイ"
        row.save()
        assert "追加 0・変更 1" in reference.load()
        assert "追加 0・変更 0" in reference.load()
    assert Term.objects.get(system="disease", label="高血圧症").kana == "コウケツアツショウ"


@pytest.mark.usefixtures("_tables")
def test_the_address_of_the_type_ahead_is_for_staff(cast: Cast, browser: StaffClient) -> None:
    page = reverse("terms:suggest", args=["disease"])
    assert browser.get(page, {"q": "高血圧"}).status_code == 302
    browser.log_in(cast.actor("aoki"))
    found = browser.get(page, {"q": "高血圧"}).json()["results"]
    assert found[0] == {"code": "I10", "text": "高血圧症", "detail": "I10"}
    assert browser.get(reverse("terms:suggest", args=["drug"]), {"q": "x"}).status_code == 404
