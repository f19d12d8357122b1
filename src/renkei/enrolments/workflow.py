"""The table of moves of an application. Buttons, diagram and random walks come from here."""

from __future__ import annotations

from renkei.enrolments.permissions import P
from renkei.enrolments.types import State
from renkei.kernel.workflow import Facts, Workflow, move

APPLICANT = frozenset({"applicant"})
OFFICE = frozenset({"office"})
S = State


def complete(facts: Facts) -> str:
    """Nothing is approved with a mandatory field empty."""
    missing = facts.get("missing") or ()
    return (
        f"空欄があります({'、'.join(missing)})。差し戻すか、補ってから承認してください。" if missing else ""
    )


def eligible(facts: Facts) -> str:
    """A condition without 原則 cannot be passed over."""
    barred = facts.get("barred") or ()
    return f"登録の条件を満たしていません({'、'.join(barred)})。" if barred else ""


def exception_explained(facts: Facts) -> str:
    """原則: approved outside the condition only with the reason and who allowed it."""
    if facts.get("outside") and not (
        str(facts.get("why") or "").strip() and str(facts.get("allowed_by") or "").strip()
    ):
        return f"原則の例外です({'、'.join(facts['outside'])})。認めた人と理由を入力してください。"
    return ""


APPLICATION = Workflow(
    "application",
    State,
    S.SUBMITTED,
    (
        move(
            "approve",
            {S.SUBMITTED},
            S.APPROVED,
            by=OFFICE,
            permission=P.DECIDE,
            label="承認",
            needs=[complete, eligible, exception_explained],
        ),
        move(
            "send_back",
            {S.SUBMITTED},
            S.RETURNED,
            by=OFFICE,
            permission=P.HANDLE,
            label="差し戻し",
            asks=["answer"],
        ),
        move(
            "refuse",
            {S.SUBMITTED},
            S.REFUSED,
            by=OFFICE,
            permission=P.DECIDE,
            label="不承認",
            asks=["answer"],
        ),
        move(
            "hand_in_again",
            {S.RETURNED},
            S.SUBMITTED,
            by=APPLICANT | OFFICE,
            permission=P.APPLY,
            label="再提出",
        ),
        move(
            "cancel",
            {S.SUBMITTED, S.RETURNED},
            S.CANCELLED,
            by=APPLICANT | OFFICE,
            permission=P.APPLY,
            label="取り下げ",
        ),
    ),
    {state: state.label for state in State},
    frozenset({S.APPROVED, S.REFUSED, S.CANCELLED}),
)
