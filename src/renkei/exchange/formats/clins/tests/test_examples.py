"""Every public referral document comes in readable and whole; other documents are refused by their name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.exchange.formats.clins.build import build
from renkei.exchange.formats.clins.parse import parse
from renkei.exchange.formats.clins.received import ReceivedDocument
from renkei.exchange.formats.clins.rules import as_sent
from renkei.exchange.formats.clins.tests.helpers import (
    EXAMPLES,
    Json,
    composition,
    dump,
    example_bundles,
    is_referral,
    load,
    name_of,
    needs_examples,
    resources,
)
from renkei.fhirkit.documents import div_text
from renkei.kernel.errors import Invalid

BUNDLES = example_bundles()
REFERRALS = [path for path in BUNDLES if is_referral(load(path))]
OTHERS = [path for path in BUNDLES if path not in REFERRALS]

KINDS = {
    "clinical-core/Bundle-Bundle-CLINS-Observations": "JP-CLINS の臨床情報",
    "clinical-core/Bundle-Bundle-CLINS-PCS": "療養計画書",
    "pkg/Bundle-Bundle-eCheckupReport": "健診結果報告書",
    "eMunicipalCheckupIG/": "自治体検診",
    "ePrescriptionData/": "電子処方箋",
    "skoba-HL7-FHIR-JP-WG/jp_medication_dispense_doc": "文書種別 02",
    "skoba-HL7-FHIR-JP-WG/split_prescription": "分割処方箋",
    "skoba-HL7-FHIR-JP-WG/": "FHIR メッセージ",
}


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string that a person wrote for a person: ``(element, text)``."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from strings(child, name)
    elif isinstance(value, list):
        for child in value:
            yield from strings(child, key)
    elif isinstance(value, str) and key == "div":
        yield from ((key, line) for line in div_text(value).split("\n"))
    elif isinstance(value, str) and (key in PEOPLE_READ or key.startswith("value")):
        yield key, value


PEOPLE_READ = {
    "display",
    "text",
    "title",
    "description",
    "name",
    "family",
    "given",
    "unit",
    "postalCode",
    "birthDate",
    "onsetDateTime",
    "effectiveDateTime",
    "authoredOn",
    "recordedDate",
    "url",
    "date",
}
# Technical strings that nobody reads: canonical addresses of extensions, codes that became Japanese words, the name
# representation mark, the display of a section code (its title is shown), the title of the section that only holds
# other sections.
EXCEPTIONS = {
    "url": ("http://hl7.org/", "http://jpfhir.jp/"),
    "valueCode": ("IDE", "SYL", "ABC"),
    "title": ("構造情報",),
}


def is_exception(key: str, text: str) -> bool:
    return text.startswith(EXCEPTIONS.get(key, ("\0",))) or (key == "display" and text.endswith("セクション"))


def lost(bundle: Json, read: ReceivedDocument) -> list[tuple[str, str]]:
    shown = read.text
    return [
        (key, text)
        for resource in resources(bundle)
        for key, text in strings(resource)
        if text not in shown and not is_exception(key, text)
    ]


@needs_examples
def test_the_examples_hold_current_and_older_referrals_and_other_documents() -> None:
    assert len(REFERRALS) >= 3
    assert len(OTHERS) >= 10


@needs_examples
@pytest.mark.parametrize("path", REFERRALS, ids=name_of)
def test_every_public_referral_comes_in_and_nothing_is_dropped(path: Path) -> None:
    raw = path.read_bytes()
    read = parse(raw)
    assert read.sha256 == hashlib.sha256(raw).hexdigest()
    assert all("文書の中に入っていません" in warning for warning in read.warnings)
    letter = read.document
    assert letter.patient.name
    assert letter.patient.birth_on
    assert letter.sender.facility_name == "港診療所"
    assert letter.sender.institution_number == "1319876543"
    assert letter.sender.department == "眼科"
    assert letter.receiver.facility_name == "東京第一テスト病院"
    assert letter.content.purpose == "腹痛精査お願いします。"
    assert [row.text for row in letter.content.diagnoses] == ["上腹部痛", "腰痛"]
    assert letter.content.family_history == "母　胃がん"
    assert "キーウイ" in letter.content.allergies
    assert [row.code for row in letter.content.extra_sections] == ["610", "520"]
    assert lost(load(path), read) == []


@needs_examples
@pytest.mark.parametrize("path", REFERRALS, ids=name_of)
def test_a_public_referral_goes_out_again_with_the_same_content(path: Path) -> None:
    letter = parse(path.read_bytes()).document
    assert parse(build(letter)).document == as_sent(letter)


@needs_examples
def test_plain_text_inside_a_document_reference_stands_in_the_treatment() -> None:
    read = parse((EXAMPLES / "eReferral" / "Bundle-BundleReferralExample01.json").read_bytes())
    assert "消化管内視鏡検査" in read.document.content.treatment
    assert "消化管内視鏡検査" in read.text


@needs_examples
def test_a_referral_without_any_clinical_entry_is_read_from_its_narrative() -> None:
    bundle = load(EXAMPLES / "clinical-core" / "Bundle-Bundle-CLINS-Referral-Example-01.json")
    keep = ("Composition", "Patient", "Practitioner", "Organization")
    bundle["entry"] = [row for row in bundle["entry"] if row["resource"]["resourceType"] in keep]
    del composition(bundle)["encounter"]
    for child in composition(bundle)["section"][2]["section"]:
        child.pop("entry", None)
    content = parse(dump(bundle)).document.content
    assert [row.text for row in content.diagnoses] == ["上腹部痛、腰痛"]
    assert content.treatment == "添付参照"


def old_draft() -> Json:
    """The parts of the oldest public draft (0.9.6) put into one document, with its canonicals."""
    folder = EXAMPLES / "JPFHIRExampleCreation" / "generated-fsh"
    entries = [
        load(path)
        for path in sorted(folder.glob("*.json"))
        if "Example02" not in path.name or "alg1" in path.name
    ]
    entries.sort(key=lambda row: row["resourceType"] != "Composition")
    return {
        "resourceType": "Bundle",
        "meta": {"profile": ["http://jpfhir.jp/fhir/eReferral/StructureDefinition/JP_Bundle_eReferral"]},
        "type": "document",
        "identifier": {
            "system": "http://jpfhir.jp/fhir/Common/IdSystem/documentInstance-identifier",
            "value": "1",
        },
        "entry": [{"fullUrl": f"urn:uuid:{row['id']}", "resource": row} for row in entries],
    }


@needs_examples
def test_the_oldest_draft_with_bare_references_comes_in_with_warnings_and_whole() -> None:
    bundle = old_draft()
    read = parse(dump(bundle))
    assert any("ARGref..." in warning for warning in read.warnings)
    assert read.document.sender.department == "眼科"
    assert read.document.sender.institution_number == "1319876543"
    assert read.document.patient.name == "田中　太郎"
    assert read.document.patient.local_number == "12345"
    assert "プレドニン錠５ｍｇ" in read.text
    assert lost(bundle, read) == []


@needs_examples
@pytest.mark.parametrize("path", OTHERS, ids=name_of)
def test_a_document_of_another_kind_is_refused_by_its_name(path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        parse(path.read_bytes())
    assert caught.value.code == "clins.other_kind"
    expected = next(word for start, word in KINDS.items() if name_of(path).startswith(start))
    assert expected in caught.value.message_ja
    assert "診療情報提供書ではありません" in caught.value.message_ja
