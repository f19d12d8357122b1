"""Errors that speak to the person at the screen: what is wrong, where, and what to do.

Every rule of the product raises one of these; three mappers turn them into pages, FHIR OperationOutcomes and job
failures. Nothing else maps errors.
"""

from __future__ import annotations


class DomainError(Exception):
    """A refusal with a stable ``code``, a Japanese sentence and, where one field is at fault, its name."""

    status = 400

    def __init__(self, code: str, message_ja: str, field: str = "") -> None:
        super().__init__(message_ja)
        self.code = code
        self.message_ja = message_ja
        self.field = field


class Invalid(DomainError):
    """Bad input; ``field`` names what to mend (HTTP 422)."""

    status = 422


class NotAllowed(DomainError):
    """The actor lacks the permission (HTTP 403)."""

    status = 403


class NotFound(DomainError):
    """The row does not exist for this actor (HTTP 404): strangers' rows look the same as none."""

    status = 404


class NotPossibleNow(DomainError):
    """Right person, wrong state (HTTP 409)."""

    status = 409


class Stale(DomainError):
    """Somebody else saved in between (HTTP 409)."""

    status = 409
