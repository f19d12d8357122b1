"""The trunk's papers: from referrals and letters to the inputs of ``letters``, and to bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.core import signing
from django.urls import reverse

from renkei import letters
from renkei.directory import queries as directory
from renkei.directory.models import Facility
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound, NotPossibleNow
from renkei.kernel.identifiers import parse_member_id
from renkei.letters.types import Attachment as Enclosure
from renkei.referrals.models import Attachment, DateOffer, Referral, ReferralLetter, ReplyLetter
from renkei.referrals.printing import card, document, party
from renkei.referrals.types import Diagnosis, State

QR_SALT = "referral-qr"
BULK_LIMIT = 50
DRAFT_MARK = "(下書き・未確定)"
UNITS = ((1024 * 1024, "MB"), (1024, "KB"))


def qr_text(referral: Referral) -> str:
    """What the code on a paper holds: a path of this site with a signed token, readable by nobody else."""
    token = signing.Signer(salt=QR_SALT).sign_object(str(referral.uid), compress=False)
    return reverse("referrals:scanned", args=[token])


def read_qr(token: str) -> str:
    """The uid behind a scanned token. Raises ``NotFound`` for anything this house did not sign."""
    try:
        return str(signing.Signer(salt=QR_SALT).unsign_object(token))
    except (signing.BadSignature, ValueError) as error:
        raise NotFound(
            "qr_unknown", "このQRコードは読み取れません。紹介番号で検索してください。", "token"
        ) from error


def letter_pdf(referral: Referral, letter: ReferralLetter, attachments: Sequence[Attachment] = ()) -> bytes:
    """The 診療情報提供書 (別紙様式11) of one version; a draft says so in its title."""
    return letters.referral_letter(_letter_data(referral, letter, attachments))


def _letter_data(
    referral: Referral, letter: ReferralLetter, attachments: Sequence[Attachment]
) -> letters.ReferralLetterData:
    doc = document(referral, letter)
    issued = letter.finalised_at or letter.saved_at
    return letters.ReferralLetterData(
        uid=doc.uid,
        number=doc.number,
        version=doc.version,
        issued_on=clock.jst_date(issued),
        sender=_party(doc.sender),
        receiver=_party(doc.receiver),
        patient=_card(replace(doc.patient, insured_number=_insured(doc.patient.insured_number))),
        content=letters.LetterContent.from_json(doc.content.to_json()),
        kind_title=doc.kind_title if letter.finalised_at else f"{doc.kind_title}{DRAFT_MARK}",
        entered_by=doc.entered_by,
        urgency=str(referral.urgency),
        attachments=_enclosures(attachments),
        correction_note=letter.correction_reason,
        qr=qr_text(referral),
    )


def reply_pdf(referral: Referral, reply: ReplyLetter, attachments: Sequence[Attachment] = ()) -> bytes:
    """A 返書 from the receiver to who referred; a draft says so in its first line."""
    draft = "" if reply.sent_at else f"{DRAFT_MARK[1:-1]}\n"
    diagnoses = tuple(letters.Diagnosis(**asdict(Diagnosis(**d))) for d in reply.diagnoses)
    arrived = clock.jst_date(referral.arrived_at).isoformat() if referral.arrived_at else ""
    admitted = clock.jst_date(referral.admitted_at).isoformat() if referral.admitted_at else ""
    writer = party(
        referral.receiver,
        referral.receiver_name,
        referral.receiver_department,
        _person(reply.author) or referral.receiver_physician,
    )
    return letters.reply_letter(
        letters.ReplyLetterData(
            uid=str(reply.uid),
            number=f"{referral.number}-{reply.kind[:1].upper()}{reply.pk}",
            version=1,
            issued_on=clock.jst_date(reply.sent_at or reply.created_at),
            kind=str(reply.kind),
            sender=_party(writer),
            receiver=_party(
                party(referral.sender, "", referral.sender_department, referral.sender_physician)
            ),
            patient=_card(card(referral.patient)),
            content=letters.ReplyContent(
                visited_on=arrived,
                admitted_on=admitted,
                diagnoses=diagnoses,
                course=f"{draft}{reply.text}",
                plan=reply.plan,
                prescription_text=reply.prescriptions,
            ),
            referral_number=referral.number,
            referred_on=clock.jst_date(referral.sent_at).isoformat() if referral.sent_at else "",
            entered_by=reply.entered_by if reply.entered_by_id != reply.author_id else "",
            attachments=_enclosures(attachments),
            qr=qr_text(referral),
        )
    )


def slip_pdf(referral: Referral, offer: DateOffer | None) -> bytes:
    """受診のご案内 (予約票) for the patient's hand, the same from either side.

    Raises ``NotPossibleNow`` while no date stands.
    """
    if offer is None or referral.receiver is None:
        raise NotPossibleNow(
            "no_date", "来院日時がまだ決まっていません。日程を提案・確定してから印刷してください。"
        )
    facility = referral.receiver
    own = referral.receiver_patient
    patient = replace(card(referral.patient), local_number=own.local_number if own else "")
    drawing = directory.map_picture(facility)
    department = offer.department or referral.receiver_department
    tentative = offer.status != "confirmed"
    return letters.patient_slip(
        letters.PatientSlipData(
            number=referral.number,
            issued_on=clock.today(),
            patient=_card(patient),
            facility=_party(party(facility, "", department, offer.physician)),
            starts_at=offer.starts_at,
            desk=offer.place or _desk_of(facility, department),
            what=" ".join(x for x in (department, offer.physician) if x),
            bring=_lines(offer.bring),
            cautions=("この日時はまだ確定していません。確定の連絡をお待ちください。",) if tentative else (),
            access=facility.access,
            referred_by=referral.sender.name,
            map_picture=bytes(drawing.content) if drawing else b"",
            qr=qr_text(referral),
        )
    )


def cover_pdf(referral: Referral, letter: ReferralLetter, attachments: Sequence[Attachment] = ()) -> bytes:
    """FAX送付状 and the letter behind it, one print job; the cover counts every sheet, its own too."""
    sheets = letter_pdf(referral, letter, attachments)
    doc = document(referral, letter)
    cover = letters.cover_sheet(
        letters.CoverSheetData(
            number=referral.number,
            issued_on=clock.today(),
            sender=_party(doc.sender),
            receiver=_party(doc.receiver),
            # A fax may lie in an open tray: the cover names no patient.
            subject=f"{doc.kind_title}の送付",
            page_count=letters.pages(sheets) + 1,
            enclosures=_enclosures(attachments),
            urgency=str(referral.urgency),
            sent_by=doc.sender.physician,
            qr=qr_text(referral),
        )
    )
    return letters.join([cover, sheets])


def refuse_none(count: int) -> None:
    """Raises ``Invalid`` when a job would hold no letter at all."""
    if not count:
        raise Invalid(
            "nothing_to_print", "印刷できる紹介状がありません。下書きは一括印刷に含まれません。", "uids"
        )


def refuse_too_many(count: int) -> None:
    """Raises ``Invalid`` when one job would hold more than 50 letters."""
    if count > BULK_LIMIT:
        raise Invalid(
            "too_many_to_print",
            f"一度に印刷できるのは{BULK_LIMIT}件までです(選択は{count}件)。診療科や緊急度で絞り込んでください。",
            "uids",
        )


def unprintable(referral: Referral, letter: ReferralLetter) -> list[str]:
    """Characters of a letter that no shipped font holds: they print as 〓 and are named at its end."""
    return letters.cannot_print("\n".join(_texts(asdict(document(referral, letter)))))


def unprintable_in_reply(reply: ReplyLetter) -> list[str]:
    """The same for a reply."""
    return letters.cannot_print(f"{reply.text}\n{reply.plan}\n{reply.prescriptions}")


def printable_letter(referral: Referral, versions: Iterable[ReferralLetter]) -> ReferralLetter | None:
    """The newest finalised version of a sent referral, or None: drafts never reach a bulk print."""
    final = [x for x in versions if x.finalised_at]
    return final[-1] if final and referral.state != State.DRAFT else None


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def _person(label: str) -> str:
    """``医師 高橋 健一`` without the title: the form prints its own."""
    _title, _, name = label.partition(" ")
    return name if " " in name else label


def _party(side: Any) -> letters.Party:
    return letters.Party(**asdict(side))


def _card(person: Any) -> letters.PatientCard:
    return letters.PatientCard(**asdict(person))


def _insured(text: str) -> str:
    """``保険者 06140012　記号 12　番号 3456　枝番 01``; what came in another form is printed as it came."""
    try:
        member = parse_member_id(text)
    except Invalid:
        return text
    parts = (
        ("保険者", member.insurer),
        ("記号", member.symbol),
        ("番号", member.number),
        ("枝番", member.branch),
    )
    return "　".join(f"{label} {value}" for label, value in parts if value)


def _enclosures(attachments: Sequence[Attachment]) -> tuple[Enclosure, ...]:
    return tuple(Enclosure(a.name, _size(a.size)) for a in attachments)


def _size(count: int) -> str:
    for unit, word in UNITS:
        if count >= unit:
            return f"{count / unit:.1f}{word}"
    return f"{count}バイト"


def _desk_of(facility: Facility, department: str) -> str:
    found = [d.place for d in directory.departments(facility) if d.name == department and d.place]
    return found[0] if found else ""


def _lines(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[、,，\n]", text) if part.strip())
