"""The letters of the house: one function per paper, typed input in, PDF out."""

from __future__ import annotations

from datetime import date, datetime

from renkei.kernel import clock
from renkei.kernel.eras import format_era
from renkei.letters import values
from renkei.letters.engine import pages, render
from renkei.letters.types import (
    CertificateData,
    CoverSheetData,
    NoticeLetterData,
    PatientSlipData,
    ReferralLetterData,
    ReplyLetterData,
)
from renkei.letters.values import Values

REPLY_TITLES = {
    "arrival_notice": "来院報告書",
    "first_report": "初回経過報告書",
    "interim_report": "中間報告書",
    "discharge_report": "退院時報告書",
    "final_report": "最終報告書",
}
_REPLY_GREETINGS = {
    "arrival_notice": "下記のとおり来院されましたので、ご報告申し上げます。",
    "first_report": "初回の診療の経過を、下記のとおりご報告申し上げます。",
    "interim_report": "その後の経過を、下記のとおりご報告申し上げます。",
    "discharge_report": "退院されましたので、入院中の経過を下記のとおりご報告申し上げます。",
    "final_report": "当院での診療の結果を、下記のとおりご報告申し上げます。",
}


def referral_letter(doc: ReferralLetterData) -> bytes:
    """診療情報提供書 (別紙様式11) with every field of the form; empty ones are named in one line."""
    content = doc.content
    data: Values = values.issued(doc.number, doc.issued_on) | {
        "title": doc.kind_title,
        "version_mark": values.version_mark(doc.version),
        "correction_note": doc.correction_note if doc.version > 1 else "",
        "urgency": values.URGENCY.get(doc.urgency, ""),
        "sender": values.party(doc.sender),
        "receiver": values.party(doc.receiver),
        "patient": values.patient(doc.patient, doc.issued_on),
        "purpose": values.blocks(content.purpose),
        "diagnoses": values.diagnoses(content.diagnoses),
        "past_history": values.blocks(content.past_history),
        "family_history": values.blocks(content.family_history),
        "allergies": values.blocks(content.allergies),
        "course": values.blocks(content.course),
        "results": values.blocks(content.results),
        "treatment": values.blocks(content.treatment),
        "prescriptions": values.prescriptions(content.prescriptions),
        "prescription_text": values.blocks(content.prescription_text),
        "remarks": values.blocks(content.remarks),
        "extra_sections": values.sections(content.extra_sections),
        "attachments": values.enclosures(doc.attachments),
        "entered_by": doc.entered_by,
    }
    data["missing"] = _missing(data)
    return _snug("referral_letter", data, doc.qr, doc.issued_on)


def _missing(data: Values) -> list[str]:
    """The items of 様式11 without an entry, so that the reader knows that nothing was cut off."""
    rows = {
        "傷病名": data["diagnoses"],
        "紹介目的": data["purpose"],
        "既往歴及び家族歴": data["past_history"] or data["family_history"],
        "病状経過及び検査結果": data["course"] or data["results"],
        "治療経過": data["treatment"],
        "現在の処方": data["prescriptions"] or data["prescription_text"],
    }
    return [label for label, entry in rows.items() if not entry]


def reply_letter(doc: ReplyLetterData) -> bytes:
    """返書 to who referred; the title follows the kind. ``KeyError`` for an unknown kind."""
    content = doc.content
    stay = [
        ("来院日", values.shown_date(content.visited_on)),
        ("入院日", values.shown_date(content.admitted_on)),
        ("退院日", values.shown_date(content.discharged_on)),
        ("次回受診予定", values.shown_date(content.next_visit_on)),
    ]
    data: Values = values.issued(doc.number, doc.issued_on) | {
        "title": REPLY_TITLES[doc.kind],
        "greeting": _REPLY_GREETINGS[doc.kind],
        "version_mark": values.version_mark(doc.version),
        "correction_note": doc.correction_note if doc.version > 1 else "",
        "sender": values.party(doc.sender),
        "receiver": values.party(doc.receiver),
        "patient": values.patient(doc.patient, doc.issued_on),
        "referral_number": doc.referral_number,
        "referred": values.shown_date(doc.referred_on),
        "stay": values.filled(stay),
        "diagnoses": values.diagnoses(content.diagnoses),
        "course": values.blocks(content.course),
        "results": values.blocks(content.results),
        "treatment": values.blocks(content.treatment),
        "plan": values.blocks(content.plan),
        "prescriptions": values.prescriptions(content.prescriptions),
        "prescription_text": values.blocks(content.prescription_text),
        "remarks": values.blocks(content.remarks),
        "extra_sections": values.sections(content.extra_sections),
        "attachments": values.enclosures(doc.attachments),
        "entered_by": doc.entered_by,
    }
    return _snug("reply_letter", data, doc.qr, doc.issued_on)


def certificate(doc: CertificateData) -> bytes:
    """登録証, A4 across: what hangs framed on the wall of a clinic."""
    data: Values = values.issued(doc.number, doc.issued_on) | {
        "title": doc.title,
        "holder": doc.holder,
        "facility_name": doc.facility_name,
        "honorific": doc.honorific,
        "category": doc.category,
        "text": doc.text,
        "valid_from": doc.valid_from,
        "valid_until": doc.valid_until,
        "issued": format_era(doc.issued_on),
        "issuer": doc.issuer,
        "issuer_post": doc.issuer_post,
        "issuer_name": doc.issuer_name,
    }
    return _with_qr("certificate", data, doc.qr, doc.issued_on, {})


def patient_slip(doc: PatientSlipData) -> bytes:
    """受診のご案内 (予約票): date and hour can be read across a table. ``Invalid`` for an unreadable map."""
    starts = doc.starts_at.astimezone(clock.JST)
    data: Values = values.issued(doc.number, doc.issued_on) | {
        "title": "受診のご案内（予約票）",
        "patient": values.patient(doc.patient, doc.issued_on),
        "facility": values.party(doc.facility),
        "day": f"{format_era(starts.date())}（{values.WEEKDAYS[starts.weekday()]}）",
        "western": f"{starts.year}年",
        "hour": _spoken_hour(starts),
        "clock": f"{starts:%H:%M}",
        "come_at": doc.come_at,
        "desk": doc.desk,
        "what": doc.what,
        "bring": list(doc.bring),
        "cautions": list(doc.cautions),
        "access": values.blocks(doc.access),
        "contact_hours": doc.contact_hours,
        "referred_by": doc.referred_by,
        "map": bool(doc.map_picture),
    }
    pictures = {"map.svg": values.map_svg(doc.map_picture)} if doc.map_picture else {}
    return _with_qr("patient_slip", data, doc.qr, doc.issued_on, pictures)


def notice_letter(doc: NoticeLetterData) -> bytes:
    """A letter by post for people without mail: address in the window of a 長形3号 envelope, codes large."""
    data: Values = values.issued(doc.number, doc.issued_on) | {
        "title": doc.title,
        "recipient": {
            "name": doc.recipient_name,
            "honorific": doc.recipient_honorific,
            "organisation": doc.recipient_organisation,
            "postal_code": doc.recipient_postal_code,
            "address": doc.recipient_address,
        },
        "sender": values.party(doc.sender),
        "body": values.blocks(doc.body),
        "credentials": [{"label": label, "value": value} for label, value in doc.credentials],
        "valid_until": doc.valid_until,
        "steps": list(doc.steps),
        "url": doc.url,
    }
    return _with_qr("notice_letter", data, doc.qr, doc.issued_on)


def cover_sheet(doc: CoverSheetData) -> bytes:
    """FAX送付状 with the number of sheets, a code to file the answer by, and what to do if it went astray."""
    data: Values = values.issued(doc.number, doc.issued_on) | {
        "title": "FAX送付状",
        "urgency": values.URGENCY.get(doc.urgency, ""),
        "sender": values.party(doc.sender),
        "receiver": values.party(doc.receiver),
        "subject": doc.subject,
        "page_count": doc.page_count,
        "message": values.blocks(doc.message),
        "enclosures": values.enclosures(doc.enclosures),
        "sent_by": doc.sent_by,
        "clinical": doc.clinical,
    }
    return _with_qr("cover_sheet", data, doc.qr, doc.issued_on)


def _spoken_hour(moment: datetime) -> str:
    half = "午前" if moment.hour < 12 else "午後"
    return f"{half}{moment.hour % 12}時" + (f"{moment.minute}分" if moment.minute else "")


def _snug(template: str, data: Values, qr: str, issued_on: date) -> bytes:
    """One page, not two, where slightly smaller type is enough: a second sheet gets lost at the fax."""
    roomy = _with_qr(template, data, qr, issued_on)
    if pages(roomy) != 2:
        return roomy
    tight = _with_qr(template, data | {"tight": True}, qr, issued_on)
    return tight if pages(tight) == 1 else roomy


def _with_qr(
    template: str, data: Values, qr: str, issued_on: date, pictures: dict[str, bytes] | None = None
) -> bytes:
    """Render with the code, if there is one, as ``qr.svg`` beside the template."""
    files = dict(pictures or {})
    if qr:
        files["qr.svg"] = values.qr_svg(qr)
    return render(template, data | {"qr": bool(qr)}, pictures=files, issued_on=issued_on)
