"""Refusals that belong to HTTP and FHIR rather than to the domain, each with its status and issue type."""

from __future__ import annotations

from renkei.kernel.errors import DomainError


class BadRequest(DomainError):
    """The request cannot be read (400)."""

    status = 400
    issue_type = "invalid"


class Unauthorised(DomainError):
    """No valid access token (401)."""

    status = 401
    issue_type = "login"


class UnknownPlace(DomainError):
    """No such resource type or address (404); it says the same to everybody."""

    status = 404
    issue_type = "not-supported"


class MethodNotAllowed(DomainError):
    """The interaction is not offered here (405); ``allow`` names those that are."""

    status = 405
    issue_type = "not-supported"

    def __init__(self, message_ja: str, allow: tuple[str, ...]) -> None:
        super().__init__("method_not_allowed", message_ja)
        self.allow = allow


class NotAcceptable(DomainError):
    """Another format than JSON was asked for (406)."""

    status = 406
    issue_type = "not-supported"


class Gone(DomainError):
    """The resource was deleted (410)."""

    status = 410
    issue_type = "deleted"


class PreconditionFailed(DomainError):
    """If-Match, If-None-Exist or a conditional reference does not hold (412)."""

    status = 412
    issue_type = "conflict"


class TooLarge(DomainError):
    """The body is larger than the server reads (413)."""

    status = 413
    issue_type = "too-long"


class UnsupportedMedia(DomainError):
    """The body is not JSON by its Content-Type (415)."""

    status = 415
    issue_type = "not-supported"


class TooMany(DomainError):
    """The client asks faster than it may (429); ``retry_after_seconds`` goes into ``Retry-After``."""

    status = 429
    issue_type = "throttled"

    def __init__(self, message_ja: str, retry_after_seconds: int) -> None:
        super().__init__("too_many_requests", message_ja)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(DomainError):
    """The database does not answer (503)."""

    status = 503
    issue_type = "transient"
