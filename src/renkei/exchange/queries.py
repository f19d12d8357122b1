"""Documents that were taken in, those that wait, and what a letter would lack on its way out."""

from __future__ import annotations

from uuid import UUID

from renkei.exchange.models import ImportedDocument, WaitingDocument
from renkei.exchange.registry import DEFAULT, format_named
from renkei.gate.actor import Actor
from renkei.kernel.errors import NotFound
from renkei.referrals import queries as referrals
from renkei.referrals.models import Referral
from renkei.referrals.printing import document as printed_document
from renkei.referrals.types import LetterDocument


def _of_number(actor: Actor, doc: LetterDocument) -> list[ImportedDocument]:
    rows = ImportedDocument.objects.visible_to(actor).filter(
        facility_id=actor.facility_id,
        sender_number=doc.sender.institution_number[:20],
        document_number=doc.uid[:200],
    )
    return list(rows.select_related("referral").order_by("-id"))


def same_document(actor: Actor, sha256: str, doc: LetterDocument) -> Referral | None:
    """The referral that this document became before: the same bytes, or sender, number, version and patient agree."""
    same = ImportedDocument.objects.visible_to(actor).filter(facility_id=actor.facility_id, sha256=sha256)
    found = same.select_related("referral").first()
    if found is not None:
        return found.referral
    alike = [
        x for x in _of_number(actor, doc) if x.document_version == doc.version and _same_person(actor, x, doc)
    ]
    return alike[0].referral if alike else None


def _same_person(actor: Actor, row: ImportedDocument, doc: LetterDocument) -> bool:
    """Whether the letter that ``row`` brought is about the patient of ``doc``, by name and birth date as printed."""
    letters = referrals.whole(actor, row.referral).letters
    cards = [letter.printed.get("patient", {}) for letter in letters if letter.number == 1]
    return any(c.get("name") == doc.patient.name and c.get("birth_on") == doc.patient.birth_on for c in cards)


def same_number(actor: Actor, doc: LetterDocument) -> list[str]:
    """Warnings where the sender used this document number before, for another version or another patient."""
    return [
        f"同じ文書番号({row.document_number})の文書が紹介 {row.referral.number} として取り込まれています"
        + (
            "(版が異なります)。"
            if _same_person(actor, row, doc)
            else "(別の患者です)。送り主に確かめてください。"
        )
        for row in _of_number(actor, doc)
    ]


def of_referral(actor: Actor, referral: Referral) -> ImportedDocument | None:
    """The document behind a referral, None for a letter that was written here."""
    rows = ImportedDocument.objects.visible_to(actor).filter(referral=referral)
    return rows.select_related("referral").first()


def waiting(actor: Actor) -> list[WaitingDocument]:
    """Documents of the actor's facility that nobody decided about yet, newest first; without their bytes."""
    rows = WaitingDocument.objects.visible_to(actor).filter(decided_at=None)
    return list(rows.defer("content"))


def waiting_one(actor: Actor, uid: UUID | str) -> WaitingDocument:
    """One waiting document, decided ones too. Raises ``NotFound``."""
    found = WaitingDocument.objects.visible_to(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("waiting_unknown", "この文書は見つかりません。一覧から選び直してください。")
    return found


def gaps(actor: Actor, referral: Referral, *, format_name: str = DEFAULT) -> tuple[str, ...]:
    """What the newest finalised letter lacks for the format, as sentences; shown before the download."""
    final = [x for x in referrals.whole(actor, referral).letters if x.finalised_at]
    if not final:
        return ("紹介状がまだ確定していません。",)
    return format_named(format_name).gaps(printed_document(referral, final[-1]))
