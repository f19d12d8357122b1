"""The rival: fhirstarter from PyPI with resources in memory, as in its own example; run by uvicorn in a venv of its own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.servicerequest import ServiceRequest
from fhirstarter import FHIRProvider, FHIRStarter, InteractionContext
from fhirstarter.exceptions import FHIRResourceNotFoundError

KEPT: dict[str, Any] = {}
provider = FHIRProvider()


def keep(resource: Any) -> str:
    """Keep it under a new id."""
    number = uuid4().hex
    resource.id = number
    KEPT[number] = resource
    return number


def found(number: str) -> Any:
    """What was kept."""
    if number not in KEPT:
        raise FHIRResourceNotFoundError
    return KEPT[number]


@provider.create(Patient)
async def create_patient(context: InteractionContext, resource: Patient) -> str:
    """POST /Patient."""
    return keep(resource)


@provider.read(Patient)
async def read_patient(context: InteractionContext, id_: str) -> Patient:
    """GET /Patient/<id>."""
    return found(id_)  # type: ignore[no-any-return]


@provider.create(ServiceRequest)
async def create_request(context: InteractionContext, resource: ServiceRequest) -> str:
    """POST /ServiceRequest."""
    return keep(resource)


@provider.read(ServiceRequest)
async def read_request(context: InteractionContext, id_: str) -> ServiceRequest:
    """GET /ServiceRequest/<id>."""
    return found(id_)  # type: ignore[no-any-return]


app = FHIRStarter()
app.add_providers(provider)
