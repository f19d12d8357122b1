"""Take documents in and give letters out. Nothing half: a document becomes a whole referral or leaves no row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from renkei.directory.actions import facility_on_paper
from renkei.directory.models import Facility
from renkei.directory.queries import facility_by_id, readable_number
from renkei.exchange import queries
from renkei.exchange.models import ImportedDocument, WaitingDocument
from renkei.exchange.permissions import P
from renkei.exchange.reading import Readable, birth_date, demographics, readable
from renkei.exchange.registry import DEFAULT, Format, format_for, format_named
from renkei.exchange.types import Outcome, Question, Report
from renkei.files.checking import clean_name
from renkei.files.store import CheckedFile, fetch, store
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.context import one_after_the_other
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotPossibleNow
from renkei.patients.actions import register
from renkei.patients.models import Patient
from renkei.patients.queries import candidates
from renkei.referrals import queries as referrals
from renkei.referrals.actions.taking_in import take_in
from renkei.referrals.models import Referral, ReferralLetter
from renkei.referrals.printing import document as printed_document
from renkei.referrals.types import LetterDocument, Party, PatientCard

MEGABYTE = 1024 * 1024
MOST_BYTES = 50 * MEGABYTE
NOTE_LIMIT = 500


@dataclass(frozen=True)
class Imported:
    """The referral that a document became, and the record of the document."""

    referral: Referral
    document: ImportedDocument


class Undecided(NotPossibleNow):
    """A readable document that a person must decide about first; ``questions`` say what."""

    def __init__(self, questions: list[Question]) -> None:
        super().__init__("undecided", " ".join(q.says for q in questions))
        self.questions = questions


class Known(NotPossibleNow):
    """The document was taken in before, as ``referral``."""

    def __init__(self, referral: Referral) -> None:
        super().__init__(
            "document_known",
            f"この文書は紹介 {referral.number} としてすでに取り込まれています。",
        )
        self.referral = referral


@action(P.IMPORT, says="文書を取り込み")
def import_document(
    actor: Actor,
    raw: bytes,
    filename: str,
    *,
    patient: Patient | None = None,
    new_patient: bool = False,
    birth_on: date | None = None,
    force: bool = False,
) -> Imported:
    """Make a received referral of the actor's facility from the bytes of a document.

    The person decides: ``patient`` (an own row) or ``new_patient`` where somebody is alike, ``birth_on`` where there is none,
    ``force`` where another receiver is named (recorded). Raises ``Invalid`` at the element, ``Known``, ``Undecided``.
    """
    _check_size(len(raw), filename)
    found = format_for(filename)
    received = found.parse(raw)
    kept = readable(received)
    doc, house = kept.document, _house(actor)
    _refuse_known(actor, received.sha256, doc)
    _refuse_own_letter(house, doc)
    born = birth_date(doc.patient) or birth_on
    known = patient is not None or new_patient
    if asked := _questions(actor, house, doc, decided=known, born=born, force=force):
        raise Undecided(asked)
    note = _forced_note(house, doc) if force else ""
    referral = take_in(
        actor,
        doc,
        sender=_sender(doc.sender),
        patient=patient or _new_patient(actor, doc.patient, born),
        source=found.NAME,
        sha256=received.sha256,
        files=kept.files,
        note=note,
    )
    row = _record(actor, referral, filename, raw, found, kept, received, note)
    say(f"{actor.label}が文書「{row.name}」を紹介 {referral.number} として取り込みました")
    return Imported(referral, row)


def _sender(party: Party) -> Facility:
    """From the directory, or a new row that is reached on paper; call inside an action."""
    return facility_on_paper(
        party.facility_name,
        number=party.institution_number,
        postal=party.postal_code,
        address=party.address,
        telephone=party.phone,
        fax=party.fax,
    )


def _refuse_known(actor: Actor, sha256: str, doc: LetterDocument) -> None:
    """Raises ``Known``. Two clerks drop the same file in the same instant: the second waits, and finds it taken in."""
    one_after_the_other(f"document:{actor.facility_id}:{sha256}")
    if before := queries.same_document(actor, sha256, doc):
        raise Known(before)


def _new_patient(actor: Actor, card: PatientCard, born: date | None) -> Patient:
    if born is None:
        raise Invalid("birth_missing", "新しい患者として登録するには生年月日が必要です。", "birth_on")
    try:
        return register(actor, **demographics(card, born))
    except Invalid as error:
        raise Invalid(
            error.code, f"患者の情報を登録できません: {error.message_ja}", f"Patient.{error.field}"
        ) from error


def _check_size(size: int, filename: str) -> None:
    name = clean_name(filename)
    if not size:
        raise Invalid(
            "file_empty",
            f"「{name}」は中身がありません(0バイト)。元のファイルを開いて確かめ、選び直してください。",
            "file",
        )
    if size > MOST_BYTES:
        raise Invalid(
            "file_too_big",
            f"「{name}」は{size / MEGABYTE:.1f}MBあります。取り込めるのは{MOST_BYTES // MEGABYTE}MBまでです。",
            "file",
        )


def _house(actor: Actor) -> Facility:
    found = facility_by_id(actor.facility_id)
    if found is None:
        raise NotAllowed("no_facility", "施設に所属していないため、文書を取り込めません。")
    return found


def _refuse_own_letter(house: Facility, doc: LetterDocument) -> None:
    if (
        house.institution_number
        and readable_number(doc.sender.institution_number) == house.institution_number
    ):
        raise Invalid(
            "own_letter",
            f"この文書の紹介元は自施設({house.name})です。自施設が出した紹介状は取り込めません。",
            "Composition.section[920]",
        )


def _questions(
    actor: Actor, house: Facility, doc: LetterDocument, *, decided: bool, born: date | None, force: bool
) -> list[Question]:
    found = []
    to = doc.receiver.institution_number
    if to and to != house.institution_number and not force:
        found.append(
            Question(
                "other_receiver",
                f"この文書の宛先は「{doc.receiver.facility_name}」(医療機関番号 {to})で、自施設ではありません。"
                "送り主に確かめ、自施設で受ける場合だけ取り込んでください。",
            )
        )
    if born is None and not decided:
        found.append(
            Question(
                "no_birth_date", "患者の生年月日がありません。患者を選ぶか、生年月日を入力してください。"
            )
        )
    if not decided and alike(actor, doc.patient):
        found.append(
            Question("alike", "よく似た患者が登録されています。同じ人か、新しい患者かを選んでください。")
        )
    return found


def alike(actor: Actor, card: PatientCard) -> list[Any]:
    """Own patients who may be the person of the document, with reasons; nothing is linked from here."""
    found = candidates(
        actor,
        card.name,
        card.kana,
        birth_date(card),
        card.sex,
        card.phone,
        postal_code=card.postal_code,
    )
    return [c for c in found if c.patient.facility_id == actor.facility_id]


def _forced_note(house: Facility, doc: LetterDocument) -> str:
    to = doc.receiver.institution_number
    if not to or to == house.institution_number:
        return ""
    return f"宛先は「{doc.receiver.facility_name}」({to})ですが、確認のうえ取り込みました"[:NOTE_LIMIT]


def _record(
    actor: Actor,
    referral: Referral,
    filename: str,
    raw: bytes,
    found: Format,
    kept: Readable,
    received: Any,
    note: str,
) -> ImportedDocument:
    name = clean_name(filename)
    original = store(actor, referral.circle_id, CheckedFile(name, found.MEDIA_TYPES[0], raw, received.sha256))
    doc = kept.document
    warnings = [*kept.warnings, *queries.same_number(actor, doc)]
    return ImportedDocument.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        facility_id=actor.facility_id,
        format=found.NAME,
        file_uid=original.uid,
        name=name,
        sha256=received.sha256,
        sender_number=doc.sender.institution_number[:20],
        document_number=doc.uid[:200],
        document_version=doc.version,
        profile=received.profile[:200],
        profile_version=received.profile_version[:20],
        sections=kept.sections,
        warnings=warnings,
        forced=bool(note),
        forced_note=note,
        imported_at=clock.now(),
        imported_by=actor.label[:120],
    )


def take_file(
    actor: Actor, raw: bytes, filename: str, *, size: int | None = None, **decisions: Any
) -> Report:
    """One file of an upload or of the command line as one row of the report; each file stands for itself.

    ``size`` in bytes is that of a file too large to be read at all.
    """
    name = clean_name(filename)
    try:
        _check_size(len(raw) if size is None else size, filename)
        with transaction.atomic():
            made = import_document(actor, raw, filename, **decisions)
    except Undecided as open_questions:
        waiting = keep_waiting(actor, raw, filename, questions=open_questions.questions)
        return Report(name, Outcome.WAITING, open_questions.message_ja, waiting_uid=str(waiting.uid))
    except Known as known:
        return Report(name, Outcome.REFUSED, known.message_ja, referral_uid=str(known.referral.uid))
    except DomainError as error:
        element = "" if error.field == "file" else error.field
        return Report(name, Outcome.REFUSED, error.message_ja, element=element)
    says = f"紹介 {made.referral.number} として受付デスクに入りました。"
    return Report(
        name,
        Outcome.ACCEPTED,
        says,
        referral_uid=str(made.referral.uid),
        warnings=tuple(made.document.warnings),
    )


@action(P.IMPORT, says="文書を確認待ちに保存")
def keep_waiting(actor: Actor, raw: bytes, filename: str, *, questions: list[Question]) -> WaitingDocument:
    """Keep a readable document until a person has decided; the same bytes wait once."""
    digest = hashlib.sha256(raw).hexdigest()
    rows = WaitingDocument.objects.visible_to(actor).filter(decided_at=None, sha256=digest)
    found = rows.first()
    if found is not None:
        return found
    return WaitingDocument.objects.create(
        facility_id=actor.facility_id,
        name=clean_name(filename),
        content=raw,
        sha256=digest,
        questions=[{"code": q.code, "says": q.says} for q in questions],
        uploaded_by=actor.label[:120],
        uploaded_at=clock.now(),
    )


@action(P.IMPORT, says="確認待ちの文書を取り込み")
def decide(
    actor: Actor,
    waiting: WaitingDocument,
    *,
    patient: Patient | None = None,
    birth_on: date | None = None,
    force: bool = False,
) -> Imported:
    """Take a waiting document in as the person decided: ``patient`` None registers a new one."""
    _still_open(waiting)
    made = import_document(
        actor,
        bytes(waiting.content),
        waiting.name,
        patient=patient,
        new_patient=patient is None,
        birth_on=birth_on,
        force=force,
    )
    _end(actor, waiting, "imported")
    return made


@action(P.IMPORT, says="確認待ちの文書を破棄")
def discard(actor: Actor, waiting: WaitingDocument) -> WaitingDocument:
    """取り込まない: the bytes go, the row stays."""
    _still_open(waiting)
    _end(actor, waiting, "discarded")
    say(f"{actor.label}が文書「{waiting.name}」を取り込まずに破棄しました")
    return waiting


def _still_open(waiting: WaitingDocument) -> None:
    if waiting.decided_at:
        raise NotPossibleNow(
            "already_decided",
            f"この文書は{waiting.decided_by}がすでに処理しました。一覧を開き直してください。",
        )


def _end(actor: Actor, waiting: WaitingDocument, outcome: str) -> None:
    waiting.content = b""
    waiting.outcome = outcome
    waiting.decided_by, waiting.decided_at = actor.label[:120], clock.now()
    waiting.save()


@action(P.EXPORT, says="紹介状を文書として書き出し")
def export_document(actor: Actor, referral: Referral, *, format_name: str = DEFAULT) -> bytes:
    """The newest finalised letter with its attachments as a document. Raises ``Invalid`` for what has no stand-in.

    A letter that came as a document has its original: ``NotPossibleNow``.
    """
    if queries.of_referral(actor, referral) is not None:
        raise NotPossibleNow(
            "has_original", "この紹介状は文書として届いたものです。書き出す代わりに原本を取得してください。"
        )
    letter = final_letter(actor, referral)
    whole = referrals.whole(actor, referral)
    attachments = [
        (a.name, a.media_type, bytes(fetch(actor, a.file_uid).content))
        for a in whole.attachments
        if a.reply_id is None
    ]
    say(f"{actor.label}が紹介 {referral.number} を文書として書き出しました")
    return format_named(format_name).build(printed_document(referral, letter), attachments=attachments)


def final_letter(actor: Actor, referral: Referral) -> ReferralLetter:
    """The newest finalised version. Raises ``NotPossibleNow`` for a draft."""
    found = [x for x in referrals.whole(actor, referral).letters if x.finalised_at]
    if not found:
        raise NotPossibleNow(
            "not_final", "確定していない紹介状は書き出せません。医師が確定してから書き出してください。"
        )
    return found[-1]
