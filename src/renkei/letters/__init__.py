"""Letters: A4 PDFs in Japanese. The public face: inputs, one function per paper, and the engine's helpers."""

from renkei.letters.documents import cover_sheet, notice_letter, patient_slip, referral_letter, reply_letter
from renkei.letters.engine import cannot_print, join, pages, render
from renkei.letters.types import (
    Attachment,
    CoverSheetData,
    Diagnosis,
    LetterContent,
    NoticeLetterData,
    Party,
    PatientCard,
    PatientSlipData,
    Prescription,
    ReferralLetterData,
    ReplyContent,
    ReplyLetterData,
    Section,
)

__all__ = [
    "Attachment",
    "CoverSheetData",
    "Diagnosis",
    "LetterContent",
    "NoticeLetterData",
    "Party",
    "PatientCard",
    "PatientSlipData",
    "Prescription",
    "ReferralLetterData",
    "ReplyContent",
    "ReplyLetterData",
    "Section",
    "cannot_print",
    "cover_sheet",
    "join",
    "notice_letter",
    "pages",
    "patient_slip",
    "referral_letter",
    "render",
    "reply_letter",
]
