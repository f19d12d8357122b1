"""fhirpy and fhirclient, unchanged from their packages, run the loop from the clinic's order to the final report."""

from __future__ import annotations

import pytest
from fhirclient.models.bundle import Bundle
from fhirclient.models.servicerequest import ServiceRequest
from fhirclient.models.task import Task
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from renkei.api.tests.test_judges import _smart, address
from renkei.referrals.fhir import words
from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import ORDERS, PURPOSE, order
from renkei.referrals.fhir.tests.test_papers import reply
from testing.cast import Cast

__all__ = ["address"]
pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:fhirclient"),
]


def fhirpy(address: str, token: str) -> SyncFHIRClient:
    return SyncFHIRClient(address, authorization=f"Bearer {token}")


def test_fhirpy_runs_the_loop(cast: Cast, call: Call, address: str) -> None:
    clinic, hospital = fhirpy(address, call(app="aoki").token), fhirpy(address, call("H1").token)
    request = clinic.resource("ServiceRequest", **order(cast))
    request.save()
    assert request["status"] == "active"
    inbox = hospital.resources("Task").search(
        status="requested", owner=f"Organization/{cast.facility('H1').uid}"
    )
    task = inbox.include("Task", "focus").include("Task", "patient").first()
    assert task is not None
    assert task.get_by_path(["focus", "reference"]) == f"ServiceRequest/{request.id}"
    for status in ("received", "accepted", "in-progress"):
        task["status"] = status
        task.save()
        assert task["status"] == status
    doctor = fhirpy(address, call(app="takahashi").token)
    final = doctor.resource("Communication", **reply(str(request.id), "final_report"))
    final.save()
    seen = clinic.reference("Task", task.id).to_resource()
    output = seen.get_by_path(["output", 0, "valueReference", "reference"])
    assert output == f"Communication/{final.id}"
    task = hospital.reference("Task", task.id).to_resource()
    task["status"] = "completed"
    task.save()
    assert clinic.resources("ServiceRequest").search(status="completed").count() == 1
    found = clinic.resources("ServiceRequest").search(identifier=f"{ORDERS}|2026-000017").get()
    assert found.id == request.id
    with pytest.raises(OperationOutcome, match=r"ServiceRequest\.code\.text"):
        clinic.resource("ServiceRequest", **order(cast, code={}, identifier=[])).save()
    east = fhirpy(address, call("H2").token)
    with pytest.raises(ResourceNotFound):
        east.reference("ServiceRequest", request.id).to_resource()
    with pytest.raises(ResourceNotFound):
        east.reference(
            "DocumentReference", request["supportingInfo"][0]["reference"].split("/")[1]
        ).to_resource()


def test_fhirclient_runs_the_loop_with_its_typed_models(cast: Cast, call: Call, address: str) -> None:
    clinic, hospital = _smart(address, call(app="aoki").token), _smart(address, call("H1").token)
    made = ServiceRequest(order(cast)).create(clinic.server)
    assert made["status"] == "active"
    (task,) = Task.where({"status": "requested"}).perform_resources(hospital.server)
    assert task.focus.reference == f"ServiceRequest/{made['id']}"
    task.status = "received"
    assert task.update(hospital.server)["businessStatus"]["coding"][0]["code"] == "received"
    task = Task.read(task.id, hospital.server)
    task.status, task.statusReason = "rejected", type(task.code)({"text": "満床のため"})
    task.update(hospital.server)
    (request,) = ServiceRequest.where({"status": "revoked"}).perform_resources(clinic.server)
    assert request.code.text == PURPOSE
    kinds = (
        "ServiceRequest",
        "Task",
        "DocumentReference",
        "Provenance",
        "Composition",
        "AuditEvent",
    )
    for kind in kinds:
        bundle = Bundle(clinic.server.request_json(f"{kind}?_count=50"))
        assert bundle.entry, kind
        for entry in bundle.entry:
            assert entry.resource.resource_type == kind
            entry.resource.as_json()
    assert words.STATE in str(Task.read(task.id, clinic.server).as_json())
