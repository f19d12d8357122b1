"""Referrals as FHIR resources; importing the room hands every mapping to the server."""

from renkei.referrals.fhir import communication, document_reference, provenance, service_request, task

__all__ = ["communication", "document_reference", "provenance", "service_request", "task"]
