"""What a letter prints of its parties, frozen at the moment of 確定."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from renkei.directory.models import Facility
from renkei.gate.actor import Actor, current
from renkei.kernel import clock
from renkei.patients.models import Patient
from renkei.patients.queries import insured_number_on
from renkei.referrals.models import Referral, ReferralLetter
from renkei.referrals.registry import kind_of
from renkei.referrals.types import LetterDocument, Party, PatientCard


def party(facility: Facility | None, name: str, department: str, physician: str) -> Party:
    """One side as printed."""
    if facility is None:
        return Party(facility_name=name, department=department, physician=physician)
    return Party(
        facility_name=facility.name,
        institution_number=facility.institution_number or "",
        department=department,
        physician=physician,
        postal_code=facility.postal_code,
        address=facility.address,
        phone=facility.phone,
        fax=facility.fax,
    )


def card(patient: Patient, insured_number: str = "") -> PatientCard:
    """The patient as printed; ``insured_number`` as valid on the day of the paper."""
    return PatientCard(
        name=patient.name,
        kana=patient.kana,
        birth_on=patient.birth_on.isoformat(),
        sex=patient.sex,
        postal_code=patient.postal_code,
        address=patient.address,
        phone=patient.phone,
        occupation=patient.occupation,
        local_number=patient.local_number,
        insured_number=insured_number,
    )


def printed_parties(actor: Actor, referral: Referral) -> dict[str, Any]:
    """Sender, receiver and patient as plain values, with the insured number (被保険者番号) that is valid today."""
    insured = insured_number_on(actor, referral.patient, clock.today())
    return {
        "sender": asdict(party(referral.sender, "", referral.sender_department, referral.sender_physician)),
        "receiver": asdict(
            party(
                referral.receiver,
                referral.receiver_name,
                referral.receiver_department,
                referral.receiver_physician,
            )
        ),
        "patient": asdict(card(referral.patient, insured)),
    }


def document(referral: Referral, letter: ReferralLetter) -> LetterDocument:
    """The letter as it was finalised, or a draft as it would be printed now."""
    printed = letter.printed or printed_parties(current(), referral)
    return LetterDocument(
        uid=str(letter.uid),
        number=referral.number,
        version=letter.number,
        issued_at=(letter.finalised_at or letter.saved_at).isoformat(),
        sender=Party(**printed["sender"]),
        receiver=Party(**printed["receiver"]),
        patient=PatientCard(**printed["patient"]),
        content=letter.read_content(),
        kind_title=kind_of(referral.kind).title,
        entered_by=letter.entered_by if letter.entered_by_id != letter.finalised_by_id else "",
    )
