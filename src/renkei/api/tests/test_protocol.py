"""The rules of the protocol: formats, conditions, preferences, paging, batches, and what the statement promises."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.api.tests.conftest import Caller, issue
from renkei.api.tests.test_patient import LOCAL, new_patient
from renkei.audit.models import AuditEntry, Outcome
from renkei.fhirkit.server.mapping import all_mappings, includes_of, reverse_includes_of
from renkei.fhirkit.server.query import common_params
from renkei.gate.actor import current
from renkei.patients.models import Patient
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

Make = Callable[..., Caller]


def many(cast: Cast, number: int) -> None:
    with arranging():
        rows = [
            Patient(
                facility=cast.facility("C1"),
                name=f"多田 {n}",
                kana="タダ",
                birth_on="1960-01-01",
                local_number=f"T{n:04}",
            )
            for n in range(number)
        ]
        for row in rows:
            row.make_keys()
        Patient.objects.bulk_create(rows)


def linked(bundle: dict[str, Any], relation: str) -> list[tuple[str, str]] | None:
    url = next((link["url"] for link in bundle["link"] if link["relation"] == relation), None)
    return None if url is None else parse_qsl(urlsplit(url).query)


def test_the_statement_declares_exactly_what_is_registered(cast: Cast, caller: Make) -> None:
    statement = caller("C1").get("metadata").json()
    declared = {r["type"]: r for r in statement["rest"][0]["resource"]}
    assert set(declared) == {m.resource_type for m in all_mappings()}
    for mapping in all_mappings():
        said = declared[mapping.resource_type]
        assert [i["code"] for i in said["interaction"]] == mapping.interactions()
        names = [p.name for p in [*common_params(mapping), *mapping.params]]
        found = mapping.searchable
        assert [p["name"] for p in said.get("searchParam", [])] == (names if found else [])
        assert said.get("searchInclude", []) == (includes_of(mapping) if found else [])
        assert said.get("searchRevInclude", []) == (reverse_includes_of(mapping) if found else [])
    assert {i["code"] for i in statement["rest"][0]["interaction"]} == {"transaction", "batch"}


def test_every_declared_search_works_and_no_other(cast: Cast, caller: Make) -> None:
    """Both ways: what is declared is answered when the client is strict, what is not is refused."""
    client = caller("C1")
    for resource in client.get("metadata").json()["rest"][0]["resource"]:
        kind = resource["type"]
        if {"code": "search-type"} not in resource["interaction"]:
            continue
        example = {"date": "2026", "reference": "x", "token": "x", "string": "x"}
        for param in resource.get("searchParam", []):
            value = "Patient/x" if param["type"] == "reference" else example[param["type"]]
            found = client.get(kind, {param["name"]: value}, Prefer="handling=strict")
            assert found.status_code == 200, (kind, param)
        for word, offers in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
            for value in resource.get(offers, []):
                assert client.get(kind, {word: value}, Prefer="handling=strict").status_code == 200, value
        for query in (
            {"colour": "red"},
            {"_text": "x"},
            {"_include": "Patient:nobody"},
            {"_sort": "shoe"},
            {"_id:exact": "x"},
        ):
            assert client.get(kind, query, Prefer="handling=strict").status_code == 400, (kind, query)


def test_the_statement_needs_no_token_and_everything_else_does(cast: Cast, caller: Make) -> None:
    nobody = Caller("")
    assert nobody.get("metadata").status_code == 200
    for path in ("Patient", "Patient/x", "Organization", "Nothing", "", "Patient/_search"):
        for method in ("GET", "POST", "PUT", "DELETE"):
            refused = nobody.call(method, path, {})
            assert refused.status_code == 401, (method, path)
            assert refused["WWW-Authenticate"].startswith("Bearer")
    assert Caller("made-up").get("Patient").status_code == 401


def test_apps_learn_where_tokens_are_given(cast: Cast) -> None:
    nobody = Caller("")
    told = nobody.get(".well-known/smart-configuration")
    assert told.status_code == 200
    security = nobody.get("metadata").json()["rest"][0]["security"]
    uris = {part["url"]: part["valueUri"] for part in security["extension"][0]["extension"]}
    assert uris["token"] == told.json()["token_endpoint"]


def test_a_session_of_staff_opens_nothing_here(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("aoki"))
    assert browser.get("/fhir/Patient", SERVER_NAME="localhost").status_code == 401


def test_json_is_the_only_language(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    for accept in ("application/fhir+xml", "text/xml", "text/html"):
        assert client.get("Patient", Accept=accept).status_code == 406
    assert client.get("Patient", {"_format": "xml"}).status_code == 406
    for accept in (
        "application/fhir+json",
        "application/json; fhirVersion=4.0",
        "*/*",
        "text/html, */*;q=0.1",
    ):
        assert client.get("Patient", Accept=accept).status_code == 200
    assert client.get("Patient", {"_format": "json"}, Accept="text/xml").status_code == 200
    assert client.post("Patient", "<Patient/>", Content_Type="application/fhir+xml").status_code == 415


def test_a_body_that_cannot_be_read_is_told_precisely(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    for body, code in {
        " ": "json.empty",
        "[]": "json.not_object",
        '{"resourceType": "Patient"': "json.truncated",
        '{"a": 1, "a": 2}': "json.duplicate_key",
        '{"a":' * 100 + "1" + "}" * 100: "json.too_deep",
        json.dumps({"resourceType": "Patient", "x": "\x00"}): "json.control",
        json.dumps({"resourceType": "Observation"}): "wrong_type",
    }.items():
        refused = client.post("Patient", body)
        assert refused.status_code == 400, body[:40]
        assert issue(refused)["details"]["coding"][0]["code"] == code


def test_addresses_and_methods_that_do_not_exist(cast: Cast, caller: Make) -> None:
    client, uid = caller("C1"), cast.patient("suzuki").uid
    assert client.get("Medication").status_code == 404
    assert client.get("Patient/$everything").status_code == 404
    assert client.get(f"Patient/{uid}/_history").status_code == 405
    refused = client.call("DELETE", f"Patient/{uid}")
    assert (refused.status_code, refused["Allow"]) == (405, "GET, PUT")
    assert client.call("PATCH", f"Patient/{uid}", "{}").status_code == 405
    assert client.post("Organization", {"resourceType": "Organization"}).status_code == 405
    assert client.get("").status_code == 405
    assert client.call("HEAD", f"Patient/{uid}").content == b""


def test_pages_stay_whole_while_others_register(cast: Cast, caller: Make) -> None:
    many(cast, 25)
    client = caller("C1")
    for order in ("name", "-name", "-_lastUpdated", "_id", "birthdate"):
        bundle = client.get("Patient", {"_count": "10", "name": "タダ", "_sort": order}).json()
        seen = []
        while True:
            seen += [e["resource"]["id"] for e in bundle["entry"]]
            following = linked(bundle, "next")
            if following is None:
                break
            many_more = new_patient(name=[{"text": f"多田 新{len(seen)}"}], identifier=[])
            assert client.post("Patient", many_more).status_code == 201
            bundle = client.get("Patient", following).json()
        with arranging():
            first = {str(p.uid) for p in Patient.objects.visible_to(current()).filter(kana="タダ")}
        assert len(seen) == len(set(seen))
        assert first <= set(seen), order


def test_a_cursor_that_nobody_gave_out_is_refused(cast: Cast, caller: Make) -> None:
    many(cast, 3)
    client = caller("C1")
    following = dict(linked(client.get("Patient", {"_count": "1"}).json(), "next") or [])
    for query in (
        {**following, "_cursor": "x"},
        {**following, "_cursor": following["_cursor"] + "x"},
        {**following, "name": "タダ"},
        {"_cursor": following["_cursor"], "_sort": "name", "_count": "1"},
    ):
        assert client.get("Patient", query).status_code == 400


def test_totals_count_what_the_gate_lets_through(cast: Cast, caller: Make) -> None:
    many(cast, 25)
    client = caller("C1")
    counted = client.get("Patient", {"_summary": "count"}).json()
    assert (counted["total"], "entry" in counted) == (28, False)
    assert client.get("Patient", {"_total": "accurate", "_count": "5"}).json()["total"] == 28
    assert "total" not in client.get("Patient", {"_count": "5"}).json()
    assert client.get("Patient", {"_count": "100"}).json()["total"] == 28
    assert caller("X1").get("Patient", {"_total": "accurate"}).json()["total"] == 0
    with arranging():
        assert AuditEntry.objects.filter(outcome=Outcome.READ).count() == 3


def test_a_page_of_a_hundred_costs_as_many_statements_as_a_page_of_two(cast: Cast, caller: Make) -> None:
    many(cast, 120)
    client = caller("C1")
    counts = []
    for size in ("2", "100"):
        with CaptureQueriesContext(connection) as asked:
            found = client.get("Patient", {"_count": size, "_include": "Patient:organization"}).json()
        assert len(found["entry"]) == int(size) + 1
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_read_entry_names_only_those_who_were_shown(cast: Cast, caller: Make) -> None:
    many(cast, 5)
    shown = caller("C1").get("Patient", {"_count": "2"}).json()["entry"]
    with arranging():
        entry = AuditEntry.objects.filter(outcome=Outcome.READ).get()
        rows = Patient.objects.visible_to(current()).filter(uid__in=[e["resource"]["id"] for e in shown])
        assert sorted(rows.values_list("pk", flat=True)) == entry.patient_ids


def test_unknown_parameters_are_told_or_refused(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    lenient = client.get("Patient", {"name": "鈴木", "colour": "red"}).json()
    told = [e for e in lenient["entry"] if e["search"]["mode"] == "outcome"]
    assert "colour" in told[0]["resource"]["issue"][0]["details"]["text"]
    assert linked(lenient, "self") == [("name", "鈴木")]
    strict = client.get("Patient", {"colour": "red"}, Prefer="handling=strict")
    assert (strict.status_code, issue(strict)["expression"]) == (400, ["colour"])


def test_a_posted_search_finds_the_same(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    found = client.call(
        "POST", "Patient/_search", "name=%E9%88%B4%E6%9C%A8", Content_Type="application/x-www-form-urlencoded"
    )
    assert found.json()["entry"][0]["resource"]["name"][0]["text"] == "鈴木 一郎"
    assert client.post("Patient/_search", {}).status_code == 415


def test_elements_shorten_and_mark(cast: Cast, caller: Make) -> None:
    row = caller("C1").get("Patient", {"_elements": "gender", "name": "鈴木"}).json()["entry"][0]["resource"]
    assert set(row) == {"resourceType", "id", "meta", "gender"}
    assert row["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_what_a_client_prefers_to_get_back(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    minimal = client.post("Patient", new_patient(), Prefer="return=minimal")
    assert (minimal.status_code, minimal.content) == (201, b"")
    assert minimal["Location"]
    assert minimal["ETag"]
    outcome = client.post("Patient", new_patient(identifier=[]), Prefer="return=OperationOutcome")
    assert outcome.json()["resourceType"] == "OperationOutcome"


def test_a_patient_is_not_registered_twice(cast: Cast, caller: Make) -> None:
    client, condition = caller("C1"), f"identifier={LOCAL}|000123"
    first = client.post("Patient", new_patient(), If_None_Exist=condition)
    again = client.post("Patient", new_patient(), If_None_Exist=condition)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert client.post("Patient", new_patient(), If_None_Exist="gender=male").status_code == 412
    assert client.post("Patient", new_patient(), If_None_Exist="colour=red").status_code == 400
    assert issue(client.post("Patient", new_patient()))["expression"] == ["Patient.identifier"]


def entry(method: str, url: str, resource: Any = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"request": {"method": method, "url": url, **more.pop("request", {})}, **more}
    return found if resource is None else {**found, "resource": resource}


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_a_transaction_happens_as_a_whole_or_not_at_all(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    bad = new_patient(birthDate="x", identifier=[])
    refused = client.post(
        "", bundle("transaction", entry("POST", "Patient", new_patient()), entry("POST", "Patient", bad))
    )
    assert refused.status_code == 422
    assert issue(refused)["expression"] == ["Bundle.entry[1].resource.birthDate"]
    assert client.ids("Patient", {"identifier": "000123"}) == []
    done = client.post(
        "",
        bundle(
            "transaction",
            entry("GET", "Patient?identifier=000123"),
            entry("POST", "Patient", new_patient(), fullUrl="urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ),
    ).json()
    assert [e["response"]["status"] for e in done["entry"]] == ["200 OK", "201 Created"]
    assert len(done["entry"][0]["resource"]["entry"]) == 1  # reads come last


def test_the_entries_of_a_batch_do_not_depend_on_each_other(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    done = client.post(
        "",
        bundle(
            "batch",
            entry("POST", "Patient", new_patient(birthDate="x")),
            entry("POST", "Patient", new_patient()),
            entry("GET", f"Patient/{cast.patient('suzuki').uid}"),
            entry("GET", f"Patient/{cast.patient('kato').uid}"),
            entry("EAT", "Patient"),
            entry("GET", ""),
        ),
    ).json()
    assert [e["response"]["status"][:3] for e in done["entry"]] == ["422", "201", "200", "404", "400", "400"]
    assert done["entry"][2]["resource"]["name"][0]["text"] == "鈴木 一郎"
    with arranging():
        assert AuditEntry.objects.filter(outcome=Outcome.READ).get().patient_ids == [
            cast.patient("suzuki").pk
        ]


def test_references_between_entries_are_resolved(cast: Cast, caller: Make) -> None:
    client, house = caller("C1"), cast.facility("C1")
    conditional = {"reference": "Organization?identifier=1410000037"}
    made = client.post(
        "", bundle("transaction", entry("POST", "Patient", new_patient(managingOrganization=conditional)))
    )
    assert made.status_code == 200, made.content.decode()
    uid = made.json()["entry"][0]["response"]["location"].rpartition("/")[2]
    assert (
        client.get(f"Patient/{uid}").json()["managingOrganization"]["reference"]
        == f"Organization/{house.uid}"
    )
    for reference, status in (("Organization?identifier=none", 412), ("urn:uuid:1", 422)):
        sent = new_patient(managingOrganization={"reference": reference}, identifier=[])
        assert client.post("", bundle("transaction", entry("POST", "Patient", sent))).status_code == status


@pytest.mark.parametrize(
    "body", [{"resourceType": "Bundle", "type": "document"}, {"resourceType": "Patient"}, {}]
)
def test_only_batches_are_taken_at_the_base(cast: Cast, caller: Make, body: dict[str, Any]) -> None:
    assert caller("C1").post("", body).status_code == 400
