"""返書用紙: the sheet that a facility without an account fills in by hand and faxes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from renkei.kernel.eras import format_both
from renkei.letters import values
from renkei.letters.engine import render
from renkei.letters.types import Party, PatientCard
from renkei.letters.values import Values

FORM_TITLES = {
    "arrival_notice": "返書用紙（来院報告）",
    "interim_report": "返書用紙（中間報告）",
    "final_report": "返書用紙（最終報告）",
}
"""The kinds that have a form. The title, the questions and the code on the sheet all belong to one kind."""
_SAYS = {
    "arrival_notice": "ご紹介した患者様が来院されましたら、ご記入のうえFAXでお返しください。",
    "interim_report": "検査・治療の経過をご記入のうえ、FAXでお返しください。",
    "final_report": "診療の結果が出ましたら、ご記入のうえFAXでお返しください。",
}


@dataclass(frozen=True)
class ReplyFormData:
    """A 返書用紙 of one kind. ``sender`` waits for the answer, ``receiver`` fills it in; ``qr`` is what the code holds."""

    kind: str
    number: str
    issued_on: date
    sender: Party
    receiver: Party
    patient: PatientCard
    referral_number: str
    referred_on: str
    valid_until: date
    qr: str


def reply_form(doc: ReplyFormData) -> bytes:
    """One sheet with the code at two places. ``KeyError`` for a kind without a form."""
    data: Values = values.issued(doc.number, doc.issued_on) | {
        "title": FORM_TITLES[doc.kind],
        "says": _SAYS[doc.kind],
        "kind": doc.kind,
        "sender": values.party(doc.sender),
        "receiver": values.party(doc.receiver),
        "patient": values.patient(doc.patient, doc.issued_on),
        "referral_number": doc.referral_number,
        "referred": values.shown_date(doc.referred_on),
        "valid_until": format_both(doc.valid_until),
        "qr": True,
        "tight": True,
    }
    pictures = {"qr.svg": values.qr_svg(doc.qr)}
    return render("reply_form", data, pictures=pictures, issued_on=doc.issued_on)
