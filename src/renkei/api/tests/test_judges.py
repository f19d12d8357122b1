"""Independent judges: two FHIR clients from their packages, unchanged, against a live server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from fhirclient import client as smart
from fhirclient.models.bundle import Bundle
from fhirclient.models.fhirdate import FHIRDate
from fhirclient.models.humanname import HumanName
from fhirclient.models.patient import Patient as PatientModel
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

from renkei.api.handler import Handler
from renkei.api.tests.conftest import Caller
from renkei.api.tests.test_patient import new_patient
from testing.cast import Cast

Make = Callable[..., Caller]
pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:fhirclient"),
]


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def address(cast: Cast) -> Iterator[str]:
    """The base of a server in a thread that shares the connections, and so the transaction, of the test."""
    shared = {alias: connections[alias] for alias in ("default", "trail")}
    for connection in shared.values():
        connection.ensure_connection()
        connection.inc_thread_sharing()
    server = make_server("127.0.0.1", 0, Handler(), handler_class=Quiet)

    def serve() -> None:
        for alias, connection in shared.items():
            connections[alias] = connection
        server.serve_forever(poll_interval=0.05)

    for signal in (request_started, request_finished):
        signal.disconnect(
            close_old_connections
        )  # as Django's own test client does: the test's transaction is open
    thread = Thread(target=serve)
    allowed, settings.ALLOWED_HOSTS = settings.ALLOWED_HOSTS, ["127.0.0.1"]
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/fhir"
    server.shutdown()
    thread.join()
    server.server_close()
    settings.ALLOWED_HOSTS = allowed
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    for connection in shared.values():
        connection.dec_thread_sharing()


@pytest.fixture
def fhirpy_client(address: str, caller: Make) -> SyncFHIRClient:
    return SyncFHIRClient(address, authorization=f"Bearer {caller('C1').token}")


def test_fhirpy_registers_searches_changes_and_pages(cast: Cast, fhirpy_client: SyncFHIRClient) -> None:
    made = fhirpy_client.resource("Patient", **new_patient())
    made.save()
    assert made.id
    found = fhirpy_client.resources("Patient").search(name="田中", birthdate__ge="1950").first()
    assert found is not None
    assert found.id == made.id
    found["telecom"] = [{"system": "phone", "value": "0463-00-0777"}]
    found.save()
    again = fhirpy_client.reference("Patient", made.id).to_resource()
    assert again.get_by_path(["telecom", 0, "value"]) == "0463-00-0777"
    everybody = fhirpy_client.resources("Patient").limit(2).sort("name").fetch_all()
    assert len(everybody) == 4
    assert fhirpy_client.resources("Patient").count() == 4
    with_house = fhirpy_client.resources("Patient").include("Patient", "organization").fetch_raw()
    assert len(with_house.entry) == 5


def test_fhirpy_understands_the_refusals(cast: Cast, fhirpy_client: SyncFHIRClient) -> None:
    with pytest.raises(ResourceNotFound):
        fhirpy_client.reference("Patient", str(cast.patient("kato").uid)).to_resource()
    with pytest.raises(OperationOutcome, match=r"Patient\.birthDate"):
        fhirpy_client.resource("Patient", **new_patient(birthDate="x")).save()
    with pytest.raises(MultipleResourcesFound):
        fhirpy_client.resources("Patient").search(gender="male").get()


def test_fhirclient_reads_every_type_into_its_typed_models(cast: Cast, address: str, caller: Make) -> None:
    server = _smart(address, caller("C1").token).server
    for kind in (
        "Patient",
        "Organization",
        "Location",
        "HealthcareService",
        "Practitioner",
        "PractitionerRole",
    ):
        raw = server.request_json(f"{kind}?_count=50")
        bundle = Bundle(raw)
        assert bundle.entry, kind
        for entry in bundle.entry:
            assert entry.resource.resource_type == kind
            entry.resource.as_json()
    statement = server.request_json("metadata")
    assert statement["fhirVersion"] == "4.0.1"


def test_fhirclient_registers_and_searches(cast: Cast, address: str, caller: Make) -> None:
    api = _smart(address, caller("C1").token)
    patient = PatientModel()
    patient.name = [HumanName({"text": "田中 実", "family": "田中", "given": ["実"]})]
    patient.birthDate = FHIRDate("1950-04-01")
    patient.gender = "male"
    made: dict[str, Any] = patient.create(api.server)
    found = PatientModel.where({"family": "田中"}).perform_resources(api.server)
    assert [p.id for p in found] == [made["id"]]
    read = PatientModel.read(made["id"], api.server)
    assert read.name[0].text == "田中 実"
    read.gender = "female"
    read.update(api.server)
    assert PatientModel.read(made["id"], api.server).gender == "female"


def _smart(address: str, token: str) -> smart.FHIRClient:
    found = smart.FHIRClient(settings={"app_id": "judge", "api_base": address})
    found.server.auth = _Token(token)
    return found


class _Token:
    """The token as fhirclient asks for it."""

    def __init__(self, token: str) -> None:
        self.token = token

    ready = True

    def can_sign_headers(self) -> bool:
        return True

    def signed_headers(self, headers: dict[str, str] | None) -> dict[str, str]:
        return {**(headers or {}), "Authorization": f"Bearer {self.token}"}
