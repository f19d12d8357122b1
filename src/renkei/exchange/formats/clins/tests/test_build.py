"""What goes out: the section tree, the entries and the rules that no validator sees."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from renkei.exchange.formats.clins import format as clins_format
from renkei.exchange.formats.clins.build import build
from renkei.exchange.formats.clins.codes import NO_MEMBER_ID
from renkei.exchange.formats.clins.parse import parse
from renkei.exchange.formats.clins.rules import as_sent, gaps
from renkei.exchange.formats.clins.samples import BACK_REFERRAL, FOLDER, LETTERS, REFERRAL
from renkei.exchange.formats.clins.sections import BY_CODE, SECTION_SYSTEM, SECTIONS
from renkei.exchange.formats.clins.tests.helpers import Json, composition, of_type, resources, section
from renkei.kernel.errors import Invalid
from renkei.referrals.types import LetterDocument, Section

FILE = ("心電図.pdf", "application/pdf", b"%PDF-1.7 ...")
# Bundle.entry slices of JP_Bundle_eReferral: profile of the resource, least and most entries.
ECS = "http://jpfhir.jp/fhir/eCS/StructureDefinition/"
SLICES: dict[str, tuple[int, int]] = {
    "http://jpfhir.jp/fhir/eReferral/StructureDefinition/JP_Composition_eReferral": (1, 1),
    f"{ECS}JP_Patient_eCS": (1, 1),
    f"{ECS}JP_Practitioner_eCS": (1, 99),
    f"{ECS}JP_Organization_eCS": (2, 4),
    f"{ECS}JP_Condition_eCS": (0, 99),
    f"{ECS}JP_MedicationRequest_eCS": (0, 99),
    f"{ECS}JP_Observation_Common_eCS": (0, 99),
    f"{ECS}JP_DocumentReference_eCS": (0, 99),
}


def built(letter: LetterDocument, *files: tuple[str, str, bytes]) -> Json:
    value: Json = json.loads(build(letter, attachments=files))
    return value


def check_tree(node: Json, parent: str, types: dict[str, str]) -> None:
    """The section tree against the table: codes, titles, cardinalities, targets of entries."""
    found = [row["code"]["coding"][0]["code"] for row in node["section"]]
    for spec in (row for row in SECTIONS if row.parent == parent):
        assert spec.minimum <= found.count(spec.code) <= (spec.maximum or 99), spec.code
    for row in node["section"]:
        (coding,) = row["code"]["coding"]
        spec = BY_CODE[coding["code"]]
        assert spec.parent == parent
        assert coding == {"system": SECTION_SYSTEM, "code": spec.code, "display": spec.display}
        assert row["title"] == spec.title
        assert "text" not in row["code"]
        entries = row.get("entry", [])
        assert spec.entry_minimum <= len(entries) <= (spec.entry_maximum or 99), spec.code
        assert ("emptyReason" in row) == (
            not entries and not any("entry" in child for child in row.get("section", []))
        )
        for entry in entries:
            assert types[entry["reference"]] == entry["type"]
            assert entry["type"] in spec.targets
        if "section" in row:
            check_tree(row, spec.code, types)
        else:
            assert row["text"]["status"] == "additional"
            assert row["text"]["div"].startswith('<div xmlns="http://www.w3.org/1999/xhtml"')


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("files", [(), (FILE, FILE)], ids=["plain", "with files"])
def test_the_section_tree_and_the_entry_slices_are_those_of_the_profile(
    letter: LetterDocument, files: Any
) -> None:
    bundle = built(letter, *files)
    types = {row["fullUrl"]: row["resource"]["resourceType"] for row in bundle["entry"]}
    assert len(types) == len(bundle["entry"]) >= 5
    assert all(url.startswith("urn:uuid:") for url in types)
    assert list(types.values())[:2] == ["Composition", "Patient"]
    check_tree(composition(bundle), "", types)
    claimed = [row["meta"]["profile"][0].split("|")[0] for row in resources(bundle)]
    assert set(claimed) <= set(SLICES)
    assert all(least <= claimed.count(url) <= most for url, (least, most) in SLICES.items())
    assert [row["type"] for row in composition(bundle)["author"]][:2] == ["Practitioner", "Organization"]
    assert 2 <= len(composition(bundle)["author"]) <= 3


def test_the_envelope_names_facility_year_and_letter() -> None:
    bundle = built(REFERRAL)
    assert bundle["identifier"] == {
        "system": "http://jpfhir.jp/fhir/clins/bundle-identifier",
        "value": "1410112345^2026^0192f3a4-7c1e-7b2a-9d3e-5f6a7b8c9d0e",
    }
    assert bundle["timestamp"] == "2026-06-01T09:30:00.000+09:00"
    assert bundle["type"] == "document"


def test_coded_lines_become_entries_and_free_text_stays_in_the_table() -> None:
    bundle = built(REFERRAL)
    (condition,) = of_type(bundle, "Condition")
    assert condition["verificationStatus"]["coding"][0]["code"] == "provisional"
    assert [row["code"] for row in condition["code"]["coding"]] == ["20054321", "K259"]
    (request,) = of_type(bundle, "MedicationRequest")
    assert request["dosageInstruction"][0]["text"] == "1日1回 朝食後\n1錠 14日分"
    assert "高血圧症" in section(bundle, "300", "340")["text"]["div"]
    assert "架空ジピン錠5mg" in section(bundle, "300", "430")["text"]["div"]


def test_a_text_only_letter_says_that_structured_entries_are_not_available() -> None:
    bundle = built(BACK_REFERRAL)
    reason = section(bundle, "300")["emptyReason"]["coding"][0]["code"]
    assert reason == "unavailable"
    assert section(bundle, "300", "950")["emptyReason"]["coding"][0]["code"] == "unavailable"


def test_files_travel_inside_and_come_out_again() -> None:
    read = parse(build(REFERRAL, attachments=[FILE]))
    assert [(row.filename, row.mime, row.data) for row in read.attachments] == [FILE]
    assert read.document == REFERRAL
    assert "心電図.pdf" in read.text


def test_a_file_without_a_usable_name_gets_one() -> None:
    read = parse(build(REFERRAL, attachments=[("\ud800\x00", "", b"1")]))
    assert [(row.filename, row.mime) for row in read.attachments] == [("添付1", "application/octet-stream")]


def test_the_same_letter_gives_the_same_bytes_and_a_new_version_other_identities() -> None:
    assert build(REFERRAL) == build(REFERRAL)
    urls = {row["fullUrl"] for row in built(REFERRAL)["entry"]}
    assert not urls & {row["fullUrl"] for row in built(replace(REFERRAL, version=2))["entry"]}


@pytest.mark.parametrize("name", LETTERS)
def test_the_samples_are_fresh_and_come_in_as_the_letters_they_were(name: str) -> None:
    raw = (FOLDER / f"{name}.json").read_bytes()
    assert raw == build(LETTERS[name]), "run python -m renkei.exchange.formats.clins.samples"
    assert parse(raw).document == LETTERS[name]


def test_names_are_parted_by_a_half_width_space_and_kana_is_full_width() -> None:
    patient = replace(REFERRAL.patient, name="𠮷田　 花子", kana="ﾖｼﾀﾞ　ﾊﾅｺ")
    (sent,) = of_type(built(replace(REFERRAL, patient=patient)), "Patient")
    assert [row["text"] for row in sent["name"]] == ["𠮷田 花子", "ヨシダ ハナコ"]
    assert sent["name"][0]["family"] == "𠮷田"
    assert sent["name"][0]["given"] == ["花子"]


def test_an_insured_number_that_is_not_there_is_marked_and_read_as_none() -> None:
    (patient,) = of_type(built(BACK_REFERRAL), "Patient")
    assert patient["identifier"] == [
        {
            "use": "temp",
            "system": "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID",
            "value": NO_MEMBER_ID,
        }
    ]
    assert parse(build(BACK_REFERRAL)).document.patient.insured_number == ""


@pytest.mark.parametrize("number", ["記号12 番号34", "12345678::1234567:", "06140012:記号:番号:"])
def test_an_insured_number_of_any_form_comes_back(number: str) -> None:
    letter = replace(REFERRAL, patient=replace(REFERRAL.patient, insured_number=number))
    assert parse(build(letter)).document.patient.insured_number == number


def test_gaps_are_told_before_a_letter_goes_out() -> None:
    assert gaps(REFERRAL) == ()
    told = "\n".join(gaps(BACK_REFERRAL))
    assert "被保険者番号" in told
    assert "患者の住所" in told
    assert "紹介先の保険医療機関番号" in told


def test_a_section_without_a_place_goes_out_under_its_own_title_and_comes_back() -> None:
    rows = (
        Section("610", "身体所見", "圧痛"),
        Section("610", "身体所見", "二度目"),
        Section("X1", "独自の欄", "本文"),
    )
    letter = replace(REFERRAL, content=replace(REFERRAL.content, extra_sections=rows))
    read = parse(build(letter))
    assert read.document.content.extra_sections == rows
    assert "独自の欄" in read.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"uid": "あ"}, "uid"),
        ({"uid": "a" * 37}, "uid"),
        ({"issued_at": ""}, "issued_at"),
        ({"issued_at": "きのう"}, "issued_at"),
        ({"version": 0}, "version"),
        ({"sender": replace(REFERRAL.sender, institution_number="123")}, "sender.institution_number"),
        ({"sender": replace(REFERRAL.sender, facility_name=" ")}, "sender.facility_name"),
        ({"receiver": replace(REFERRAL.receiver, facility_name="")}, "receiver.facility_name"),
        ({"patient": replace(REFERRAL.patient, name="　")}, "patient.name"),
        ({"patient": replace(REFERRAL.patient, birth_on="1950-02-30")}, "patient.birth_on"),
        ({"content": replace(REFERRAL.content, purpose=" \n")}, "content.purpose"),
    ],
)
def test_a_letter_that_cannot_go_out_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        build(replace(REFERRAL, **change))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2026-06-01", "2026-06-01"),
        ("2026-06-01T09:30:00", "2026-06-01T09:30:00+09:00"),
        ("2026-06-01T00:30:00Z", "2026-06-01T00:30:00Z"),
        ("2026-06-01 09:30:00.123456+09:00", "2026-06-01T09:30:00.123456+09:00"),
    ],
)
def test_the_time_of_issue_always_carries_a_zone(given: str, sent: str) -> None:
    letter = replace(REFERRAL, issued_at=given)
    assert as_sent(letter).issued_at == sent
    assert parse(build(letter)).document.issued_at == sent


def test_the_manifest_names_the_format() -> None:
    assert clins_format.NAME == "clins"
    assert clins_format.parse(clins_format.build(REFERRAL)).profile == clins_format.PROFILE
