"""Refusals as OperationOutcome."""

from __future__ import annotations

import pytest

from renkei.fhirkit.documents import operation_outcome
from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotFound, NotPossibleNow, Stale


def test_a_refusal_names_code_sentence_and_element() -> None:
    outcome = operation_outcome(
        Invalid("clins.no_purpose", "紹介目的がありません。", "Composition.section[300]")
    )
    assert outcome == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "invalid",
                "details": {"coding": [{"code": "clins.no_purpose"}], "text": "紹介目的がありません。"},
                "expression": ["Composition.section[300]"],
            }
        ],
    }


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (NotAllowed, "forbidden"),
        (NotFound, "not-found"),
        (NotPossibleNow, "business-rule"),
        (Stale, "conflict"),
    ],
)
def test_each_kind_of_refusal_has_its_issue_type(kind: type[DomainError], code: str) -> None:
    assert operation_outcome(kind("x", "文"))["issue"][0]["code"] == code


def test_warnings_follow_errors_and_nothing_at_all_says_all_is_well() -> None:
    severities = [
        row["severity"] for row in operation_outcome(Invalid("x", "文"), warnings=["注意"])["issue"]
    ]
    assert severities == ["error", "warning"]
    assert operation_outcome()["issue"][0]["severity"] == "information"
