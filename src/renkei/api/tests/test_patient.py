"""Patient by the API: read, search, register, change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei.api.tests.conftest import Caller, issue
from renkei.audit.models import AuditEntry, Outcome
from renkei.gate.actor import current
from renkei.patients.models import InsuredNumber, Patient
from testing.cast import Cast
from testing.database import arranging

Make = Callable[..., Caller]
LOCAL = "urn:oid:1.2.392.100495.20.3.51.11410000037"
MEMBER = "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID"
IDE = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"


def new_patient(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": LOCAL, "value": "000123"}],
        "name": [
            {"extension": [{"url": IDE, "valueCode": "IDE"}], "family": "田中", "given": ["実"]},
            {"extension": [{"url": IDE, "valueCode": "SYL"}], "family": "タナカ", "given": ["ミノル"]},
        ],
        "telecom": [{"system": "phone", "value": "0463-00-0123"}],
        "gender": "male",
        "birthDate": "1950-04-01",
        "address": [{"text": "みどり市緑町1-2", "postalCode": "2590000"}],
        **more,
    }


def test_a_patient_is_written_as_jp_core_asks(cast: Cast, caller: Make) -> None:
    suzuki = cast.patient("suzuki")
    found = caller("C1").get(f"Patient/{suzuki.uid}")
    assert found.status_code == 200
    assert found["Content-Type"] == "application/fhir+json; charset=utf-8"
    body = found.json()
    assert body["meta"]["profile"] == ["http://jpfhir.jp/fhir/core/StructureDefinition/JP_Patient"]
    assert found["ETag"] == f'W/"{body["meta"]["versionId"]}"'
    assert [(n["extension"][0]["valueCode"], n["text"], n["family"], n["given"]) for n in body["name"]] == [
        ("IDE", "鈴木 一郎", "鈴木", ["一郎"]),
        ("SYL", "スズキ イチロウ", "スズキ", ["イチロウ"]),
    ]
    assert (body["gender"], body["birthDate"]) == ("male", "1959-03-04")
    assert body["address"] == [{"text": "みどり市緑町4-5", "country": "JP"}]
    assert body["managingOrganization"] == {"reference": f"Organization/{cast.facility('C1').uid}"}
    assert body["identifier"][-1]["value"] == str(suzuki.uid)


def test_a_reading_leaves_one_entry_in_the_trail_that_names_the_patient(cast: Cast, caller: Make) -> None:
    suzuki = cast.patient("suzuki")
    caller("C1").get(f"Patient/{suzuki.uid}")
    with arranging():
        entry = AuditEntry.objects.latest("id")
        assert AuditEntry.objects.filter(outcome=Outcome.READ).count() == 1
    assert (entry.actor_kind, entry.says) == ("client", "APIで患者を閲覧")
    assert entry.patient_ids == [suzuki.pk]
    assert entry.shown == {"patients.Patient": [suzuki.pk]}


def test_a_strange_facility_finds_nobody_anywhere(cast: Cast, caller: Make) -> None:
    suzuki, stranger = cast.patient("suzuki"), caller("X1")
    assert issue(stranger.get(f"Patient/{suzuki.uid}"))["code"] == "not-found"
    assert stranger.get(f"Patient/{suzuki.uid}").status_code == 404
    assert stranger.put(f"Patient/{suzuki.uid}", new_patient(id=str(suzuki.uid))).status_code == 404
    for query in (
        {},
        {"_id": str(suzuki.uid)},
        {"name": "鈴木"},
        {"name:contains": "木"},
        {"_total": "accurate"},
    ):
        bundle = stranger.get("Patient", query).json()
        assert "entry" not in bundle, query
        assert bundle["total"] == 0
    assert stranger.get("Patient", {"_summary": "count"}).json()["total"] == 0
    with_patients = stranger.get("Organization", {"_revinclude": "Patient:organization"}).json()
    assert {e["resource"]["resourceType"] for e in with_patients["entry"]} == {"Organization"}
    with arranging():
        assert not AuditEntry.objects.filter(outcome=Outcome.READ).exists()


def test_a_token_without_the_scope_is_refused_on_record(cast: Cast, caller: Make) -> None:
    weak = caller("C1", frozenset({"patient.view", "fhir:Organization.r"}))
    assert weak.get("Patient").status_code == 403
    assert weak.get(f"Patient/{cast.patient('suzuki').uid}").status_code == 403
    assert weak.post("Patient", new_patient()).status_code == 403


def test_names_are_found_in_kanji_kana_and_variants(cast: Cast, caller: Make) -> None:
    clinic = caller("C1")
    for query in (
        {"name": "鈴木"},
        {"name": "すずき"},
        {"name": "ｽｽﾞｷ"},
        {"name": "一郎"},
        {"name": "イチ"},
        {"family": "鈴"},
        {"given": "いちろう"},
        {"name:contains": "ズキイ"},
        {"given:contains": "郎"},
        {"name:exact": "鈴木 一郎"},
        {"family:exact": "スズキ"},
        {"name": "田村,鈴木"},
    ):
        assert clinic.names("Patient", query) == ["鈴木 一郎"], query
    assert clinic.names("Patient", {"name": "吉田"}) == ["𠮷田 孝雄"]
    for query in (
        {"family": "一郎"},
        {"family": "鈴木一"},
        {"given": "鈴木"},
        {"name:exact": "鈴"},
        {"family:contains": "一"},
    ):
        assert clinic.names("Patient", query) == [], query


def test_dates_find_by_their_precision(cast: Cast, caller: Make) -> None:
    clinic = caller("C1")
    everybody = {"鈴木 一郎": "1959-03-04", "山田 花子": "1944-02-10", "𠮷田 孝雄": "1955-05-05"}
    for value, wanted in {
        "1959-03-04": {"鈴木 一郎"},
        "1959-03": {"鈴木 一郎"},
        "1959": {"鈴木 一郎"},
        "ne1959": {"山田 花子", "𠮷田 孝雄"},
        "gt1955-05": {"鈴木 一郎"},
        "ge1955-05": {"鈴木 一郎", "𠮷田 孝雄"},
        "lt1955-05-05": {"山田 花子"},
        "le1955-05-05": {"山田 花子", "𠮷田 孝雄"},
        "sa1955": {"鈴木 一郎"},
        "eb1955": {"山田 花子"},
        "1959,1944": {"鈴木 一郎", "山田 花子"},
    }.items():
        assert set(clinic.names("Patient", {"birthdate": value})) == wanted, value
    assert set(clinic.names("Patient", [("birthdate", "ge1950"), ("birthdate", "lt1958")])) == {"𠮷田 孝雄"}
    assert set(clinic.names("Patient", {"_sort": "-birthdate"})) == set(everybody)
    assert clinic.names("Patient", {"_sort": "birthdate"}) == ["山田 花子", "𠮷田 孝雄", "鈴木 一郎"]
    assert issue(clinic.get("Patient", {"birthdate": "昭和34年"}))["expression"] == ["birthdate"]


def test_a_registered_patient_is_found_by_number(cast: Cast, caller: Make) -> None:
    clinic = caller("C1")
    member = {"system": MEMBER, "value": "00012345:あい:187:01", "period": {"start": "2026-04-01"}}
    sent = new_patient()
    sent["identifier"].append(member)
    made = clinic.post("Patient", sent)
    assert made.status_code == 201, made.content.decode()
    body = made.json()
    assert made["Location"] == f"http://localhost/fhir/Patient/{body['id']}"
    assert {"system": LOCAL, "value": "000123"} in body["identifier"]
    assert {"system": MEMBER, "value": "00012345:あい:187:01"} in body["identifier"]
    assert body["address"] == [{"text": "みどり市緑町1-2", "postalCode": "259-0000", "country": "JP"}]
    for value in (f"{LOCAL}|000123", "000123", f"{MEMBER}|00012345:あい:187:01", "00012345:あい:187:01"):
        assert clinic.ids("Patient", {"identifier": value}) == [body["id"]], value
    for value in (f"{LOCAL}9|000123", "|000123", f"{MEMBER}|000123"):
        assert clinic.ids("Patient", {"identifier": value}) == [], value
    assert clinic.ids("Patient", {"phone": "0463000123"}) == [body["id"]]
    assert clinic.ids("Patient", {"address-postalcode": "259"}) == [body["id"]]
    read = clinic.get(f"Patient/{body['id']}").json()
    assert read == body
    with arranging():
        row = Patient.objects.visible_to(current()).get(uid=body["id"])
        assert (
            InsuredNumber.objects.visible_to(current()).get(patient=row).valid_from.isoformat()
            == "2026-04-01"
        )


def test_registering_writes_no_reading(cast: Cast, caller: Make) -> None:
    made = caller("C1").post("Patient", new_patient()).json()
    with arranging():
        entries = list(AuditEntry.objects.order_by("id"))
        assert [e.outcome for e in entries] == [Outcome.DONE]
        assert entries[0].patient_ids == [Patient.objects.visible_to(current()).get(uid=made["id"]).pk]


def test_what_is_wrong_is_told_with_the_element(cast: Cast, caller: Make) -> None:
    clinic = caller("C1")
    for change, element in {
        "birthDate": ("1950", "Patient.birthDate"),
        "gender": ("robot", "Patient.gender"),
        "name": ([{"text": "田中\ue000"}], "Patient.name"),
        "telecom": ([{"system": "phone", "value": "12"}], "Patient.telecom"),
        "address": ([{"text": "x", "postalCode": "1"}], "Patient.address.postalCode"),
        "identifier": ([{"system": MEMBER, "value": "123456789012"}], "Patient.identifier[0].value"),
        "managingOrganization": (
            {"reference": f"Organization/{cast.facility('H1').uid}"},
            "Patient.managingOrganization",
        ),
    }.items():
        value, place = element
        refused = clinic.post("Patient", new_patient(**{change: value}))
        assert refused.status_code == 422, (change, refused.content.decode())
        assert issue(refused)["expression"] == [place]
    for value in (None, 5, [], {}, "x"):
        for name in (
            "name",
            "identifier",
            "birthDate",
            "gender",
            "address",
            "telecom",
            "managingOrganization",
        ):
            status = clinic.post("Patient", new_patient(**{name: value})).status_code
            assert status in (201, 422), (name, value)


def test_a_change_needs_the_version_that_was_read(cast: Cast, caller: Make) -> None:
    clinic = caller("C1")
    body = clinic.post("Patient", new_patient()).json()
    body["telecom"] = [{"system": "phone", "value": "0463-00-0999"}]
    first = f'W/"{body["meta"]["versionId"]}"'
    changed = clinic.put(f"Patient/{body['id']}", body, If_Match=first)
    assert changed.status_code == 200, changed.content.decode()
    assert changed.json()["telecom"][0]["value"] == "0463-00-0999"
    assert changed["ETag"] != first
    again = clinic.put(f"Patient/{body['id']}", body, If_Match=first)
    assert (again.status_code, issue(again)["code"]) == (412, "conflict")
    assert clinic.put(f"Patient/{body['id']}", {**body, "id": "other"}).status_code == 400


def test_a_new_insured_number_changes_the_version(cast: Cast, caller: Make) -> None:
    clinic = caller("C1")
    made = clinic.post("Patient", new_patient())
    body = made.json()
    body["identifier"].append({"system": MEMBER, "value": "00012345:あい:187:01"})
    changed = clinic.put(f"Patient/{body['id']}", body)
    assert changed["ETag"] != made["ETag"]
    assert clinic.get(f"Patient/{body['id']}", If_None_Match=made["ETag"]).status_code == 200
    unchanged = clinic.get(f"Patient/{body['id']}", If_None_Match=changed["ETag"])
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_another_facilitys_patient_is_not_changed(cast: Cast, caller: Make) -> None:
    suzuki = cast.patient("suzuki")
    refused = caller("H1").put(f"Patient/{suzuki.uid}", new_patient(id=str(suzuki.uid)))
    assert refused.status_code == 404


def test_occupation_stays_when_a_resource_does_not_carry_it(cast: Cast, caller: Make) -> None:
    suzuki, clinic = cast.patient("suzuki"), caller("C1")
    with arranging():
        suzuki.occupation = "農業"
        suzuki.save()
    body = clinic.get(f"Patient/{suzuki.uid}").json()
    assert clinic.put(f"Patient/{suzuki.uid}", body).status_code == 200
    with arranging():
        assert Patient.objects.visible_to(current()).get(pk=suzuki.pk).occupation == "農業"
