"""The one door of the FHIR API."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from renkei.api.software import software
from renkei.fhirkit.server.http import serve
from renkei.gate.pages import machine_door


@csrf_exempt
@transaction.non_atomic_requests
@machine_door("FHIR R4 API: bearer token, scopes of the client, one read entry for each request")
def fhir(request: HttpRequest, rest: str) -> HttpResponse:
    """Everything below ``/fhir``. No session opens it; the server has a transaction of its own with the token's actor."""
    return serve(request, rest, software)
