"""Organization, Location, HealthcareService, Practitioner and PractitionerRole by the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from renkei.accounts.models import Person
from renkei.api.tests.conftest import Caller
from renkei.directory.models import ClosingDay, Department, Facility
from testing.cast import Cast
from testing.database import arranging

Make = Callable[..., Caller]
NUMBER = "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no"
LICENCE = "http://jpfhir.jp/fhir/core/mhlw/IdSystem/medicalRegistrationNumber"


def types(bundle: dict) -> list[tuple[str, str]]:
    return [(e["resource"]["resourceType"], e["search"]["mode"]) for e in bundle.get("entry", [])]


def test_an_organization_carries_its_number_in_all_four_forms(cast: Cast, caller: Make) -> None:
    hospital = cast.facility("H1")
    body = caller("X1").get(f"Organization/{hospital.uid}").json()
    assert body["identifier"] == [{"system": NUMBER, "value": "1410000011"}]
    values = [
        e.get("valueCoding", {}).get("code") or e.get("valueIdentifier", {}).get("value")
        for e in body["extension"]
    ]
    assert values == ["14", "1", "0000011"]
    assert (body["name"], body["active"]) == ("みどり中央病院", True)


def test_organizations_are_found_by_number_name_and_place(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    hospital = str(cast.facility("H1").uid)
    for query in (
        {"identifier": f"{NUMBER}|1410000011"},
        {"identifier": "1410000011"},
        {"name": "みどり中央"},
        {"name": "ミドリチュウオウ"},
        {"name:contains": "中央病"},
        {"name:exact": "みどり中央病院"},
        {"_id": hospital},
    ):
        assert client.ids("Organization", query) == [hospital], query
    assert client.ids("Organization", {"name:exact": "みどり"}) == []
    assert len(client.ids("Organization", {"jp-prefectureno": "14", "address": "神奈川県"})) == 6
    assert client.ids("Organization", {"jp-prefectureno": "13"}) == []


def test_a_closed_facility_is_inactive(cast: Cast, caller: Make) -> None:
    client, closed = caller("C1"), str(cast.facility("X2").uid)
    with arranging():
        row = Facility.objects.get(uid=closed)
        row.closed_on = date(2020, 1, 1)
        row.save()
    assert client.get(f"Organization/{closed}").json()["active"] is False
    assert client.get(f"Location/{closed}").json()["status"] == "inactive"
    assert client.ids("Organization", {"active": "false"}) == [closed]
    assert closed not in client.ids("Organization", {"active": "true"})


def test_a_suspended_facility_stays_active_its_place_and_services_are_suspended(
    cast: Cast, caller: Make
) -> None:
    client, hospital = caller("C1"), cast.facility("H1")
    before = client.get(f"Location/{hospital.uid}")
    with arranging():
        ClosingDay.objects.create(facility=hospital, from_on=date(2020, 1, 1), until_on=None, suspension=True)
    assert client.get(f"Organization/{hospital.uid}").json()["active"] is True
    now = client.get(f"Location/{hospital.uid}")
    assert (before.json()["status"], now.json()["status"]) == ("active", "suspended")
    assert before.headers["ETag"] != now.headers["ETag"]
    services = {"organization": str(hospital.uid)}
    assert client.ids("HealthcareService", services | {"active": "true"}) == []
    assert len(client.ids("HealthcareService", services | {"active": "false"})) == 3


def test_departments_come_with_their_house(cast: Cast, caller: Make) -> None:
    client, hospital = caller("C1"), cast.facility("H1")
    bundle = client.get(
        "HealthcareService",
        {"organization": f"Organization/{hospital.uid}", "_include": "HealthcareService:organization"},
    ).json()
    assert types(bundle) == [("HealthcareService", "match")] * 3 + [("Organization", "include")]
    first = bundle["entry"][0]["resource"]
    assert first["name"] == "循環器内科"
    assert (
        client.get(f"HealthcareService/{first['id']}")
        .json()["providedBy"]["reference"]
        .endswith(str(hospital.uid))
    )
    for wrong in ("department-0", "department-99999999999999999999", "1", "department-１"):
        assert client.get(f"HealthcareService/{wrong}").status_code == 404
    with arranging():
        Department.objects.filter(facility=hospital, name="整形外科").update(accepts_referrals=False)
    assert len(client.ids("HealthcareService", {"organization": str(hospital.uid), "active": "true"})) == 2


def test_a_reverse_include_brings_what_points_here(cast: Cast, caller: Make) -> None:
    clinic = cast.facility("C1")
    query = [
        ("_id", str(clinic.uid)),
        ("_revinclude", "Patient:organization"),
        ("_revinclude", "Location:organization"),
    ]
    found = types(caller("C1").get("Organization", query).json())
    assert found.count(("Patient", "include")) == 3
    assert found.count(("Location", "include")) == 1
    assert types(caller("H1").get("Organization", query).json()).count(("Patient", "include")) == 0


def test_the_people_of_ones_own_house_only(cast: Cast, caller: Make) -> None:
    with arranging():
        Person.objects.filter(login_id="aoki").update(license_number="123456")
    client = caller("C1")
    assert sorted(client.names("Practitioner")) == ["木村 あや", "青木 正道"]
    assert client.names("Practitioner", {"name": "あおき"}) == ["青木 正道"]
    assert client.names("Practitioner", {"given": "マサ"}) == ["青木 正道"]
    assert client.names("Practitioner", {"identifier": f"{LICENCE}|123456"}) == ["青木 正道"]
    body = client.get("Practitioner", {"family:exact": "青木"}).json()["entry"][0]["resource"]
    assert body["identifier"] == [{"system": LICENCE, "value": "123456"}]
    assert not {"email", "login_id", "password", "telecom"} & set(body)
    assert caller("H1").get(f"Practitioner/{body['id']}").status_code == 404
    assert caller("H1").names("Practitioner", {"name": "青木"}) == []


def test_a_role_names_person_house_and_function(cast: Cast, caller: Make) -> None:
    client = caller("C1")
    bundle = client.get(
        "PractitionerRole", {"role": "doctor", "_include": "PractitionerRole:practitioner"}
    ).json()
    assert types(bundle) == [("PractitionerRole", "match"), ("Practitioner", "include")]
    body = bundle["entry"][0]["resource"]
    assert [c["text"] for c in body["code"]] == ["医師", "施設管理者"]
    assert body["period"] == {"start": "2020-04-01"}
    person = body["practitioner"]["reference"]
    assert client.ids("PractitionerRole", {"practitioner": person}) == [body["id"]]
    assert client.ids("PractitionerRole", {"active": "true"})
    assert client.ids("PractitionerRole", {"active": "false"}) == []
    assert caller("H1").get(f"PractitionerRole/{body['id']}").status_code == 404
