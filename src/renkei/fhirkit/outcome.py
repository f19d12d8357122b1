"""OperationOutcome: how refusals are told to a FHIR client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from renkei.kernel.errors import DomainError, NotAllowed, NotFound, NotPossibleNow, Stale

_ISSUE_TYPES: tuple[tuple[type[DomainError], str], ...] = (
    (NotAllowed, "forbidden"),
    (NotFound, "not-found"),
    (Stale, "conflict"),
    (NotPossibleNow, "business-rule"),
)


def operation_outcome(*errors: DomainError, warnings: Iterable[str] = ()) -> dict[str, Any]:
    """An R4 OperationOutcome with one issue per error and per warning; with neither it says that all went well.

    ``details.coding.code`` is the error's stable code, ``expression`` the element at fault.
    """
    issues = [_issue(error) for error in errors]
    issues += [
        {"severity": "warning", "code": "informational", "details": {"text": text}} for text in warnings
    ]
    if not issues:
        issues = [
            {"severity": "information", "code": "informational", "details": {"text": "問題ありません。"}}
        ]
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(error: DomainError) -> dict[str, Any]:
    kind = getattr(error, "issue_type", "") or next(
        (name for cls, name in _ISSUE_TYPES if isinstance(error, cls)), "invalid"
    )
    issue: dict[str, Any] = {
        "severity": "error",
        "code": kind,
        "details": {"coding": [{"code": error.code}], "text": error.message_ja},
    }
    if error.field:
        issue["expression"] = [error.field]
    return issue
