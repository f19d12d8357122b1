"""Conditional update: ``PUT Type?…`` changes the one row that fits, makes it where there is none, and guesses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from renkei.api.tests.conftest import JSON, Caller, everything, issue
from renkei.api.tests.test_patient import LOCAL, new_patient
from renkei.api.tests.test_protocol import bundle, entry
from renkei.fhirkit.server.mapping import all_mappings
from testing.cast import Cast

Make = Callable[..., Caller]
WHERE = f"Patient?identifier={LOCAL}|000123"
URN = "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def test_a_patient_is_made_the_first_time_and_changed_the_second(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    first = client.put(WHERE, new_patient())
    assert first.status_code == 201, first.content.decode()
    uid = first.json()["id"]
    assert first["Location"].endswith(f"/fhir/Patient/{uid}")
    moved = new_patient(address=[{"text": "みどり市緑町9-9", "postalCode": "2590000"}])
    second = client.put(WHERE, moved)
    assert (second.status_code, second.json()["id"]) == (200, uid)
    assert second.json()["address"][0]["text"] == "みどり市緑町9-9"
    assert second["ETag"] != first["ETag"]
    assert client.ids("Patient", {"identifier": f"{LOCAL}|000123"}) == [uid]


def test_the_id_of_the_body_must_be_the_one_that_was_found(cast: Cast, caller: Make) -> None:
    client, suzuki = caller("C1"), str(cast.patient("suzuki").uid)
    chosen = client.put(WHERE, new_patient(id=suzuki))
    assert (chosen.status_code, issue(chosen)["expression"]) == (400, ["Patient.id"])
    uid = client.put(WHERE, new_patient()).json()["id"]
    assert client.put(WHERE, new_patient(id=suzuki)).status_code == 400
    assert client.put(WHERE, new_patient(id=uid)).status_code == 200


def test_a_condition_that_fits_several_or_says_nothing_changes_nobody(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    before = {uid: client.get(f"Patient/{uid}").content for uid in client.ids("Patient")}
    for place, status in (
        ("Patient?gender=male", 412),
        ("Patient", 412),
        ("Patient?_count=5", 412),
        ("Patient?colour=red", 400),
        ("Patient?birthdate=x", 400),
    ):
        assert client.put(place, new_patient()).status_code == status, place
    assert {uid: client.get(f"Patient/{uid}").content for uid in client.ids("Patient")} == before


def test_a_stale_version_is_refused_as_in_a_plain_update(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    first = client.put(WHERE, new_patient())
    client.put(WHERE, new_patient(gender="female"))
    assert client.put(WHERE, new_patient(), If_Match=first["ETag"]).status_code == 412


@pytest.mark.parametrize("missing", ["u", "s", "c"])
def test_each_part_of_it_needs_its_own_scope(cast: Cast, caller: Make, missing: str) -> None:
    weak = caller("C1", everything() - {f"fhir:Patient.{missing}"})
    assert weak.put(WHERE, new_patient()).status_code == 403
    assert caller("C1").ids("Patient", {"identifier": f"{LOCAL}|000123"}) == []


def test_a_patient_of_strangers_does_not_fit(cast: Cast, caller: Make) -> None:
    uid = caller("C1").put(WHERE, new_patient()).json()["id"]
    made = caller("X1").put(WHERE, new_patient(identifier=[]))
    assert made.status_code == 201, made.content.decode()
    assert made.json()["id"] != uid
    assert caller("C1").get(f"Patient/{uid}").json()["meta"]["versionId"].startswith("1")


def test_the_statement_says_where_it_works(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    rows = {r["type"]: r for r in client.get("metadata").json()["rest"][0]["resource"]}
    said = {kind for kind, row in rows.items() if row["conditionalUpdate"]}
    assert said == {m.resource_type for m in all_mappings() if m.update and m.create and m.searchable}
    assert "Patient" in said
    for kind in set(rows) - said:
        assert client.put(f"{kind}?_id=x", {"resourceType": kind}).status_code == 405, kind


def test_others_in_the_same_transaction_refer_to_what_is_changed_or_made(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    link = {"other": {"reference": URN}, "type": "seealso"}
    for status in ("201 Created", "200 OK"):
        sent = bundle(
            "transaction",
            entry("POST", "Patient", new_patient(identifier=[], link=[link])),
            entry("PUT", WHERE, new_patient(), fullUrl=URN),
        )
        done = client.post("", sent)
        assert done.status_code == 200, done.content.decode()
        assert done.json()["entry"][1]["response"]["status"] == status
    assert len(client.ids("Patient", {"identifier": f"{LOCAL}|000123"})) == 1


def test_a_transaction_does_not_change_the_same_row_twice(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    twice = bundle("transaction", entry("PUT", WHERE, new_patient()), entry("PUT", WHERE, new_patient()))
    assert client.post("", twice).status_code == 400
    assert client.ids("Patient", {"identifier": f"{LOCAL}|000123"}) == []
    uid = client.put(WHERE, new_patient()).json()["id"]
    both = bundle(
        "transaction",
        entry("PUT", WHERE, new_patient()),
        entry("PUT", f"Patient/{uid}", new_patient(id=uid)),
    )
    assert client.post("", both).status_code == 400


def test_each_entry_of_a_batch_finds_its_own(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    done = client.post(
        "", bundle("batch", entry("PUT", WHERE, new_patient()), entry("PUT", WHERE, new_patient()))
    ).json()
    assert [e["response"]["status"] for e in done["entry"]] == ["201 Created", "200 OK"]


def test_the_base_takes_bundles_with_and_without_a_slash_at_its_end(cast: Cast, caller: Make) -> None:
    """The address that the statement gives has none, and so do the calls of common client libraries."""
    client = caller("C1")
    base = client.get("metadata").json()["implementation"]["url"]
    assert base.endswith("/fhir")
    sent = json.dumps(bundle("batch", entry("PUT", WHERE, new_patient())))
    for path in ("/fhir", "/fhir/"):
        done = client.http.post(
            path, sent, content_type=JSON, headers={"Authorization": f"Bearer {client.token}"}
        )
        assert done.status_code == 200, done.content.decode()
        assert done.json()["type"] == "batch-response"
