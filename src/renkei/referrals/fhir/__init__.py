"""Referrals as FHIR resources; importing the room hands every mapping to the server."""

from renkei.referrals.fhir import (
    service_request,
    task,
)

__all__ = [
    "service_request",
    "task",
]
