"""What crosses the fence of ``exchange``: results of reading and taking in documents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one uploaded file."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True)
class Report:
    """One row of the report about uploaded files.

    ``element`` names the part of the document that is at fault; ``referral_uid`` leads to the referral that was made or
    stands already; ``waiting_uid`` to the page where a person decides.
    """

    filename: str
    outcome: Outcome
    says: str
    element: str = ""
    referral_uid: str = ""
    waiting_uid: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The outcome as a word."""
        return {
            Outcome.ACCEPTED: "取り込みました",
            Outcome.WAITING: "確認が必要です",
            Outcome.REFUSED: "取り込めません",
        }[self.outcome]

    @property
    def tone(self) -> str:
        """The colour that repeats the word."""
        return {"accepted": "success", "waiting": "warning", "refused": "danger"}[self.outcome.value]


@dataclass(frozen=True)
class Question:
    """Why a document waits for a person: a code and a sentence."""

    code: str
    says: str
