"""Patient, ServiceRequest and Task in one Bundle: all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.api.tests.conftest import issue
from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import ORDERS, Json, made, order
from testing.cast import Cast

PATIENT, REQUEST = (
    "urn:uuid:0b7a1f70-1111-4a11-8a11-000000000001",
    "urn:uuid:0b7a1f70-1111-4a11-8a11-000000000002",
)


def together(cast: Cast, **more: Any) -> Json:
    patient = {"resourceType": "Patient", "name": [{"text": "試験 花子"}], "birthDate": "1960-01-01"}
    request = order(cast, status="draft", subject={"reference": PATIENT}, **more)
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "focus": {"reference": REQUEST},
        "for": {"reference": PATIENT},
    }
    exist = f"identifier={ORDERS}|2026-000017"
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": task, "request": {"method": "POST", "url": "Task"}},
            {"fullUrl": PATIENT, "resource": patient, "request": {"method": "POST", "url": "Patient"}},
            {
                "fullUrl": REQUEST,
                "resource": request,
                "request": {"method": "POST", "url": "ServiceRequest", "ifNoneExist": exist},
            },
        ],
    }


def test_a_patient_and_the_referral_and_its_sending_are_one(cast: Cast, call: Call) -> None:
    app = call(app="aoki")
    answer = made(app.post("", together(cast), Prefer="return=representation"), 200)
    task, patient, request = (e["resource"] for e in answer["entry"])
    assert [e["response"]["status"] for e in answer["entry"]] == ["201 Created"] * 3
    assert task["status"] == "requested"
    assert task["for"]["reference"] == request["subject"]["reference"] == f"Patient/{patient['id']}"
    assert task["focus"]["reference"] == f"ServiceRequest/{request['id']}"
    assert call("H1").ids("Task") == [task["id"]]


def test_the_same_bundle_twice_refers_once(cast: Cast, call: Call) -> None:
    app = call(app="aoki")
    first = made(app.post("", together(cast)), 200)["entry"][2]["response"]
    again = made(app.post("", together(cast)), 200)["entry"][2]["response"]
    assert (again["status"], again["location"]) == ("200 OK", first["location"])
    assert made(app.get("ServiceRequest"), 200)["total"] == 1


@pytest.mark.parametrize(
    ("change", "element"),
    [
        ({"code": {}}, "Bundle.entry[0].resource.focus"),
        ({"performer": [{"reference": "Organization/none"}]}, "Bundle.entry[2].resource.performer[0]"),
        ({"priority": "yesterday"}, "Bundle.entry[2].resource.priority"),
    ],
)
def test_one_bad_entry_keeps_nothing(cast: Cast, call: Call, change: Json, element: str) -> None:
    app = call(app="aoki")
    refused = app.post("", together(cast, **change))
    assert (refused.status_code, issue(refused)["expression"]) == (422, [element])
    assert made(app.get("ServiceRequest"), 200)["total"] == 0
    assert made(app.get("Patient", {"name": "試験"}), 200)["total"] == 0
