"""Every folder of the catalog says what it must, in words that the engine knows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from renkei.directory.types import CareFunction, FacilityKind
from renkei.enrolments.conditions.eligibility import CHECKS
from renkei.enrolments.periods import term_from
from renkei.enrolments.types import (
    CHECK_NAMES,
    FIELD_KINDS,
    Enrols,
    Manifest,
    Renewal,
    TermKind,
    manifest_of,
    manifests,
)
from renkei.schemes.reading import Unreadable, folders, read

ALL = [read(folder) for folder in folders()]
NAMES = [m.key for m in ALL]


def test_the_nine_schemes_of_the_inventory_are_there() -> None:
    assert {
        "registered_physician_isehara",
        "next_ebina",
        "itsunet",
        "tm_net",
        "rinku_agreement",
        "cooperating_hospital_wakayama",
        "home_doctor_net_nagasaki",
        "diabetes_registered",
        "alliance_member",
    } <= set(NAMES)
    assert {m.key for m in manifests()} >= set(NAMES)


@pytest.mark.parametrize("manifest", ALL, ids=NAMES)
def test_a_manifest_uses_words_that_the_engine_knows(manifest: Manifest) -> None:
    assert manifest.name
    assert manifest.mark
    assert manifest.source
    assert {rule.check for rule in manifest.eligibility} <= set(CHECKS)
    assert {field.kind for field in manifest.fields} <= FIELD_KINDS
    assert {manifest.change, manifest.withdraw} <= {"representative", "staff"}
    assert len({f.key for f in manifest.fields}) == len(manifest.fields)
    for field in manifest.fields:
        assert bool(field.options) == (field.kind in ("choice", "choices")), field.key
    keys = {f.key for f in manifest.fields} | {"category"}
    for rule in manifest.eligibility:
        known = {"facility_kind": FacilityKind.values, "function": CareFunction.values}.get(rule.check)
        assert known is None or set(rule.values) <= set(known), rule
        if rule.check == "answer":
            assert {value.partition("=")[0] for value in rule.values} <= keys, rule


@pytest.mark.parametrize("manifest", ALL, ids=NAMES)
def test_a_manifest_gives_a_term_and_a_number(manifest: Manifest) -> None:
    day = date(2026, 6, 1)
    period = term_from(manifest.term, day)
    assert period.from_on == day
    assert period.until_on is None or period.until_on > day
    assert (manifest.term.kind is TermKind.OPEN) == (period.until_on is None)
    assert period.until_on is not None or manifest.term.renewal is Renewal.NONE
    if manifest.certificate:
        assert manifest.certificate.numbering.format(year=2026, era="R8", number=7)


def test_what_differs_between_the_schemes_is_what_the_inventory_says() -> None:
    assert manifest_of("registered_physician_isehara").enrols is Enrols.PHYSICIAN_AT_FACILITY
    assert manifest_of("home_doctor_net_nagasaki").enrols is Enrols.PHYSICIAN
    assert [c.label for c in manifest_of("home_doctor_net_nagasaki").categories] == [
        "連携医",
        "協力医",
        "病院医師",
    ]
    assert [c.key for c in manifest_of("tm_net").categories] == ["view", "share"]
    assert "TMpnet" in manifest_of("tm_net").also_called
    assert len(manifest_of("diabetes_registered").categories) == 3
    assert manifest_of("alliance_member").enrols is Enrols.CORPORATION
    assert len(next(f for f in manifest_of("itsunet").fields if f.key == "diseases").options) == 8


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "scheme.toml").write_text('name = "x"\nmark = "x"\nenrols = "cat"\n')
    with pytest.raises(Unreadable, match="odd"):
        read(tmp_path / "odd")


GOOD = """name = "試し"
mark = "試"
enrols = "facility"
[term]
kind = "fiscal_year"
renewal = "automatic"
"""


def test_every_check_that_a_manifest_may_name_is_there() -> None:
    assert set(CHECKS) == CHECK_NAMES


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('change = "anybody"\n' + GOOD, "representative"),
        (GOOD + '[[eligibility]]\ncheck = "rank"\nlabel = "x"\n', "rank"),
        (GOOD + '[[fields]]\nkey = "a"\nlabel = "x"\nkind = "colour"\n', "colour"),
        (GOOD + '[[fields]]\nkey = "a"\nlabel = "x"\nkind = "choice"\n', "0 options"),
        (GOOD + '[certificate]\ntitle = "証"\ntext = "x"\nnumbering = "A-{year}"\n', "one number"),
        (GOOD.replace("fiscal_year", "fixed") + "until_on = 2027-03-31\n", "fixed"),
        (GOOD.replace("fiscal_year", "open"), "not renewed"),
    ],
)
def test_a_manifest_that_would_fail_later_is_refused_when_it_is_read(
    said: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "scheme.toml").write_text(GOOD, encoding="utf-8")
    assert read(tmp_path / "good").name == "試し"
    (tmp_path / "good" / "scheme.toml").write_text(said, encoding="utf-8")
    with pytest.raises(Unreadable, match=told):
        read(tmp_path / "good")
