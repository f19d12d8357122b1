"""References in a document Bundle lead to their entries, or are told by the path of the element."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.fhirkit.documents import Bundle, broken_references

URN = "urn:uuid:0a48a4bf-0d87-4efb-aafd-d45e0842a4dd"


def bundle(*entries: tuple[str, dict[str, Any]]) -> Bundle:
    rows = [{"fullUrl": url, "resource": resource} for url, resource in entries]
    return Bundle({"resourceType": "Bundle", "entry": rows})


PATIENT = {"resourceType": "Patient", "id": "p1"}


@pytest.mark.parametrize(
    ("full_url", "reference"),
    [
        (URN, URN),
        (URN, "Patient/p1"),
        ("", "Patient/p1"),
        ("http://example.org/fhir/Patient/p1", "http://example.org/fhir/Patient/p1"),
        ("http://example.org/fhir/Patient/p1", "Patient/p1"),
        ("", "http://example.org/fhir/Patient/p1"),
        (URN, "Patient/p1/_history/2"),
        ("", "p1"),
    ],
)
def test_every_form_of_reference_finds_its_entry(full_url: str, reference: str) -> None:
    assert bundle((full_url, PATIENT)).resolve({"reference": reference}) is PATIENT


def test_a_contained_resource_is_found_only_inside_its_own_container() -> None:
    inner = {"resourceType": "Practitioner", "id": "d1"}
    outer = {"resourceType": "Observation", "contained": [inner], "performer": [{"reference": "#d1"}]}
    found = bundle(("", outer))
    assert found.resolve(outer["performer"][0], outer) is inner
    assert found.resolve("#d1", PATIENT) is None
    assert broken_references(found) == []


def test_a_broken_reference_is_told_by_section_code_and_position() -> None:
    composition = {
        "resourceType": "Composition",
        "section": [
            {
                "code": {"coding": [{"code": "300"}]},
                "section": [{"code": {"coding": [{"code": "340"}]}, "entry": [{"reference": URN}]}],
            }
        ],
    }
    (broken,) = broken_references(bundle(("", composition)))
    assert broken.path == "Composition.section[300].section[340].entry[0]"
    assert broken.reference == URN
    assert not broken.is_formless


def test_an_address_on_the_web_is_outside_and_not_broken() -> None:
    row = {"resourceType": "ImagingStudy", "endpoint": [{"reference": "https://example.org/Endpoint/1"}]}
    assert broken_references(bundle(("", row))) == []


def test_a_bundle_inside_a_bundle_resolves_its_own_references() -> None:
    inner = {"resourceType": "Bundle", "entry": [{"fullUrl": URN, "resource": PATIENT}]}
    inner["entry"].append({"resource": {"resourceType": "Condition", "subject": {"reference": URN}}})
    assert broken_references(bundle(("", inner))) == []


def test_a_word_that_is_no_reference_at_all_is_marked_as_such() -> None:
    row = {"resourceType": "Condition", "subject": {"reference": "ARGref..."}}
    (broken,) = broken_references(bundle(("", row)))
    assert broken.is_formless


@pytest.mark.parametrize("entry", [None, 3, "x", [None], [{"resource": 3}], [[]]])
def test_entries_of_any_shape_do_not_stop_the_reader(entry: Any) -> None:
    assert Bundle({"resourceType": "Bundle", "entry": entry}).entries == []
