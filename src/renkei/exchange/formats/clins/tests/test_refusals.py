"""Broken documents are refused by naming the element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.exchange.formats.clins.parse import parse
from renkei.exchange.formats.clins.tests.helpers import Json, composition, dump, of_type, sample, section
from renkei.kernel.errors import Invalid


def refusal(bundle: Json | bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse(bundle if isinstance(bundle, bytes) else dump(bundle))
    return caught.value


def answer(bundle: Json) -> str:
    """What a person gets to read: the document or the refusal; anything else is a crash."""
    try:
        return parse(dump(bundle)).text
    except Invalid as error:
        return error.message_ja


def test_a_broken_reference_is_named_by_its_section() -> None:
    bundle = sample()
    section(bundle, "300", "340")["entry"][0]["reference"] = "urn:uuid:00000000-0000-4000-8000-000000000000"
    error = refusal(bundle)
    assert error.code == "clins.broken_reference"
    assert error.field == "Composition.section[300].section[340].entry[0]"
    assert error.field in error.message_ja


@pytest.mark.parametrize("reference", ["Condition/nobody", "nobody", "#nobody"])
def test_every_form_of_broken_reference_in_the_composition_is_refused(reference: str) -> None:
    bundle = sample()
    composition(bundle)["custodian"]["reference"] = reference
    assert refusal(bundle).field == "Composition.custodian"


def test_a_condition_of_a_patient_who_is_not_there_is_refused() -> None:
    bundle = sample()
    of_type(bundle, "Condition")[0]["subject"]["reference"] = "urn:uuid:00000000-0000-4000-8000-000000000000"
    assert refusal(bundle).field == "Condition.subject"


def test_two_patients_are_refused_with_both_places() -> None:
    bundle = sample()
    bundle["entry"].append({"fullUrl": "urn:uuid:2", "resource": {"resourceType": "Patient", "id": "2"}})
    error = refusal(bundle)
    assert error.code == "clins.two_patients"
    assert "Bundle.entry[1]、Bundle.entry[" in error.message_ja


def test_no_patient_is_refused() -> None:
    bundle = sample()
    patient = bundle["entry"][1]["resource"]
    patient["resourceType"] = "RelatedPerson"
    error = refusal(bundle)
    assert (error.code, error.field) == ("clins.no_patient", "Composition.subject")


def test_a_patient_without_any_name_is_refused() -> None:
    bundle = sample()
    del of_type(bundle, "Patient")[0]["name"]
    assert refusal(bundle).code == "clins.no_patient_name"


def test_an_unknown_profile_is_refused_by_its_address() -> None:
    bundle = sample()
    bundle["meta"]["profile"] = ["http://example.org/StructureDefinition/Letter"]
    error = refusal(bundle)
    assert error.code == "clins.unknown_profile"
    assert "http://example.org/StructureDefinition/Letter" in error.message_ja


def test_a_document_without_profile_comes_in_with_a_warning() -> None:
    bundle = sample()
    del bundle["meta"]["profile"]
    del composition(bundle)["meta"]["profile"]
    assert any("プロファイル" in warning for warning in parse(dump(bundle)).warnings)


def test_no_composition_is_refused() -> None:
    bundle = sample()
    del bundle["entry"][0]
    error = refusal(bundle)
    assert error.code == "clins.no_composition"
    assert "Composition" in error.message_ja


def test_two_letters_in_one_file_are_refused() -> None:
    bundle = sample()
    bundle["entry"].append({"fullUrl": "urn:uuid:2", "resource": dict(composition(bundle), id="2")})
    assert refusal(bundle).code == "clins.two_compositions"


@pytest.mark.parametrize(
    ("codes", "field"),
    [
        (("920",), "Composition.section[920]"),
        (("910",), "Composition.section[910]"),
        (("300", "950"), "Composition.section[300].section[950]"),
        (("300", "340"), "Composition.section[300].section[340]"),
        (("300", "360"), "Composition.section[300].section[360]"),
    ],
)
def test_a_missing_mandatory_section_is_named(codes: tuple[str, ...], field: str) -> None:
    bundle = sample()
    gone = section(bundle, *codes)
    section(bundle, *codes[:-1])["section"].remove(gone)
    error = refusal(bundle)
    assert error.field == field
    assert gone["title"] in error.message_ja


def test_a_letter_without_purpose_is_refused() -> None:
    bundle = sample()
    section(bundle, "300", "950")["text"]["div"] = '<div xmlns="http://www.w3.org/1999/xhtml"> </div>'
    error = refusal(bundle)
    assert (error.code, error.field) == ("clins.no_purpose", "Composition.section[300].section[950]")


def test_a_sender_without_name_is_refused() -> None:
    bundle = sample()
    section(bundle, "920").update(entry=[], text={"div": "<div/>"})
    assert refusal(bundle).field == "Composition.section[920]"


def test_shift_jis_and_truncation_are_refused_as_such() -> None:
    bundle = sample("back_referral")
    patient = of_type(bundle, "Patient")[0]
    patient["name"] = [{"text": "架空 花子"}]
    assert "Shift_JIS" in refusal(dump(bundle).decode().encode("cp932", errors="ignore")).message_ja
    raw = dump(bundle)
    assert refusal(raw[:-100]).code == "json.truncated"


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ({"resourceType": "Patient"}, "単独の Patient リソース"),
        ({"a": 1}, "resourceType がありません"),
        ({"resourceType": "Bundle", "type": "transaction"}, "transaction"),
        ({"resourceType": "Bundle", "type": "searchset", "entry": []}, "searchset"),
        ({"resourceType": "Bundle"}, "Bundle.type"),
    ],
)
def test_what_is_no_document_at_all_is_named(resource: Json, words: str) -> None:
    error = refusal(resource)
    assert error.code == "clins.other_kind"
    assert words in error.message_ja


@pytest.mark.parametrize(
    ("profile", "code", "name"),
    [
        (
            "http://jpfhir.jp/fhir/clins/StructureDefinition/JP_Bundle_eDischargeSummary",
            "18842-5",
            "退院時サマリー",
        ),
        ("http://jpfhir.jp/fhir/clins/StructureDefinition/JP_Bundle_ePCS", "56447-6", "療養計画書"),
        (
            "http://jpfhir.jp/fhir/ePrescription/StructureDefinition/JP_Bundle_ePrescriptionData",
            "57833-6",
            "電子処方箋",
        ),
        (
            "http://jpfhir.jp/fhir/eCheckup/StructureDefinition/JP_Bundle_eCheckupGeneral",
            "53576-5",
            "健診結果報告書",
        ),
    ],
)
def test_another_national_document_is_named_by_profile_or_by_type_alone(
    profile: str, code: str, name: str
) -> None:
    bundle = sample()
    composition(bundle)["type"]["coding"][0]["code"] = code
    composition(bundle)["meta"]["profile"] = []
    for claimed in ([profile], []):
        bundle["meta"]["profile"] = claimed
        assert refusal(bundle).message_ja.startswith(f"これは{name}")


def test_a_file_that_is_only_named_is_told_so() -> None:
    bundle = sample()
    row = {"attachment": {"contentType": "application/pdf", "title": "心電図", "url": "file:///ecg.pdf"}}
    resource = {"resourceType": "DocumentReference", "content": [row]}
    bundle["entry"].append({"fullUrl": "urn:uuid:ecg", "resource": resource})
    read = parse(dump(bundle))
    assert read.warnings == ("「心電図」のファイルは文書の中に入っていません（所在: file:///ecg.pdf）。",)
    assert "心電図" in read.text


def test_a_section_that_nobody_knows_is_read_with_a_warning() -> None:
    bundle = sample()
    node = {
        "title": "独自の欄",
        "code": {"coding": [{"code": "999"}]},
        "text": {"div": "<div>独自の本文</div>"},
    }
    section(bundle, "300")["section"].append(node)
    read = parse(dump(bundle))
    assert "Composition.section[300].section[999]「独自の欄」" in read.warnings[0]
    assert read.document.content.extra_sections[-1].text == "独自の本文"


def test_what_no_section_names_is_read_too() -> None:
    bundle = sample()
    resource = {"resourceType": "Immunization", "vaccineCode": {"text": "架空ワクチン"}, "lotNumber": "L-1"}
    bundle["entry"].append({"fullUrl": "urn:uuid:shot", "resource": resource})
    others = next(row for row in parse(dump(bundle)).sections if row.title == "そのほかの情報")
    assert [row.title for row in others.entries] == ["予防接種：架空ワクチン"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every ``(container, key)`` of a document."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_document_damaged_anywhere_gives_an_answer_or_a_refusal(data: st.DataObject) -> None:
    bundle = sample()
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(list(places(bundle))))
        container[key] = data.draw(
            st.sampled_from([None, 3, True, "", "x", "#", [], {}, [None], [[]], {"x": 1}])
        )
    assert answer(bundle)


@pytest.mark.parametrize("damage", [None, 3, "x", [], {}, [None], [[]], {"x": 1}])
@pytest.mark.parametrize(
    "element", ["section", "subject", "author", "type", "date", "extension", "identifier", "meta", "event"]
)
def test_elements_of_any_shape_give_an_answer_or_a_refusal(element: str, damage: Any) -> None:
    bundle = sample()
    composition(bundle)[element] = damage
    assert answer(bundle)


@pytest.mark.parametrize("damage", [None, 3, "x", [], {}, [None], [[]], {"x": 1}])
@pytest.mark.parametrize(
    "element", ["name", "identifier", "telecom", "address", "gender", "code", "extension"]
)
def test_resources_of_any_shape_give_an_answer_or_a_refusal(element: str, damage: Any) -> None:
    bundle = sample()
    for row in bundle["entry"][1:]:
        row["resource"][element] = damage
    assert answer(bundle)
