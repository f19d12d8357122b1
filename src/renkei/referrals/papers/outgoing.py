"""What goes to a house without Renkei: FAX送付状, the letter, and forms for the answer, all with a code that leads back here."""

from __future__ import annotations

from dataclasses import asdict, replace
from uuid import UUID

from renkei import letters
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow
from renkei.letters.reply_form import ReplyFormData, reply_form
from renkei.notices.papers import MadePaper
from renkei.referrals import papercodes, queries
from renkei.referrals.actions.on_paper import issue_codes
from renkei.referrals.models import Attachment, PaperCode, Referral, ReferralLetter
from renkei.referrals.papers.pdf import letter_pdf, printable_letter
from renkei.referrals.printing import document
from renkei.referrals.types import REPLY_LABELS, LetterDocument, ReplyKind

COVER = ""
FORMS = (ReplyKind.ARRIVAL_NOTICE, ReplyKind.INTERIM_REPORT, ReplyKind.FINAL_REPORT)
FORM_NAMES = f"返書用紙({'・'.join(REPLY_LABELS[kind] for kind in FORMS)})"
ASKS = (
    f"同封の{FORM_NAMES}にご記入のうえ、送信元のFAX番号へお返しください。\n"
    "返書用紙のQRコードで、返信を患者様の記録に照合します。用紙ごとに、そのままお送りください。"
)


def make(actor: Actor, uid: UUID) -> MadePaper:
    """Cover, letter and the three forms of one referral as one print job; the cover counts every sheet."""
    referral = queries.one(actor, uid)
    whole = queries.whole(actor, referral)
    letter = printable_letter(referral, whole.letters)
    if letter is None:
        raise NotPossibleNow(
            "not_final", "確定していない紹介状は送れません。医師が確定してから送ってください。"
        )
    codes = issue_codes(actor, referral, kinds=(COVER, *FORMS))
    enclosed = [a for a in whole.attachments if a.reply_id is None]
    sheets = letters.join(
        [letter_pdf(referral, letter, enclosed), *(_form(referral, letter, codes[kind]) for kind in FORMS)]
    )
    content = letters.join(
        [_cover(referral, letter, codes[COVER], letters.pages(sheets) + 1, enclosed), sheets]
    )
    return MadePaper(content, letters.pages(content))


def forms_pdf(actor: Actor, uid: UUID) -> bytes:
    """The forms alone, for a patient's hand or another try."""
    referral = queries.one(actor, uid)
    letter = printable_letter(referral, queries.whole(actor, referral).letters)
    codes = issue_codes(actor, referral, kinds=FORMS)
    if letter is None:
        raise NotPossibleNow("not_final", "確定していない紹介状の返書用紙は作れません。")
    return letters.join([_form(referral, letter, codes[kind]) for kind in FORMS])


def text_of(code: PaperCode) -> str:
    """What the squares hold."""
    return papercodes.write(code.key, code.kind, code.valid_until)


def _party(side: object) -> letters.Party:
    return letters.Party(**asdict(side))  # type: ignore[call-overload]


def _cover(
    referral: Referral, letter: ReferralLetter, code: PaperCode, count: int, enclosed: list[Attachment]
) -> bytes:
    doc = document(referral, letter)
    forms = letters.Attachment(FORM_NAMES, f"{len(FORMS)}枚")
    parts = (letters.Attachment(doc.kind_title), forms, *(letters.Attachment(a.name) for a in enclosed))
    return letters.cover_sheet(
        letters.CoverSheetData(
            number=doc.number,
            issued_on=clock.today(),
            sender=_party(doc.sender),
            receiver=_party(doc.receiver),
            # A fax may lie in an open tray: the cover names no patient.
            subject=f"{doc.kind_title}の送付と返書のお願い",
            page_count=count,
            message=ASKS,
            enclosures=parts,
            urgency=str(referral.urgency),
            sent_by=doc.sender.physician,
            qr=text_of(code),
        )
    )


def _form(referral: Referral, letter: ReferralLetter, code: PaperCode) -> bytes:
    doc: LetterDocument = document(referral, letter)
    # Name and birth date are enough to find the chart; a fax that goes astray tells no address and no telephone.
    patient = replace(
        letters.PatientCard(**asdict(doc.patient)),
        postal_code="",
        address="",
        phone="",
        occupation="",
        local_number="",
        insured_number="",
    )
    return reply_form(
        ReplyFormData(
            kind=code.kind,
            number=f"{doc.number}-{FORMS.index(ReplyKind(code.kind)) + 1}",
            issued_on=clock.today(),
            sender=_party(doc.sender),
            receiver=_party(doc.receiver),
            patient=patient,
            referral_number=doc.number,
            referred_on=clock.jst_date(referral.sent_at).isoformat() if referral.sent_at else "",
            valid_until=code.valid_until,
            qr=text_of(code),
        )
    )
