"""What others may hear of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EmergencyOpened:
    """緊急参照 was opened: the facility that registered the patient is told, and reviews it.

    Keys of rows; ``access_uid`` opens the review page. No name and no reason: whoever is told looks behind the gate.
    """

    access_uid: str
    patient_id: int
    owner_facility_id: int
    by_facility_id: int
    by_label: str
