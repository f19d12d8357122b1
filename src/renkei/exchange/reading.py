"""What a received document says, made ready to be kept: files, sections, demographics, the individual number masked."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from renkei.exchange.formats.clins.received import ReadAttachment, ReceivedDocument
from renkei.files.checking import EXTENSIONS
from renkei.files.store import CheckedFile, check
from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from renkei.kernel.identifiers import looks_like_individual_number, phone, postal_code
from renkei.kernel.names import check_kana_name
from renkei.kernel.text import shorten
from renkei.referrals.types import LetterContent, LetterDocument, PatientCard, Section

MASK = "(個人番号のため表示しません)"
MASKED_WARNING = (
    "文書に個人番号(マイナンバー)と思われる12桁の番号がありました。番号欄には保存せず、表示も伏せています。"
    "送り主に、個人番号を書かないよう伝えてください。"
)
_TWELVE = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


@dataclass(frozen=True)
class Readable:
    """A document without numbers that may not be kept, its files checked, and everything there is to warn of."""

    document: LetterDocument
    sections: list[dict[str, str]]
    files: tuple[CheckedFile, ...]
    warnings: tuple[str, ...]


def readable(received: ReceivedDocument) -> Readable:
    """The parts of ``received`` that are kept beside the original; nothing is dropped without a warning."""
    doc, sections = received.document, received.sections
    numbers = _individual_numbers(doc.patient)
    files, refused = _checked(received.attachments)
    told = [
        {
            "code": s.code,
            "title": s.title,
            "path": s.path,
            "text": _masked(s.full_text, numbers),
        }
        for s in sections
    ]
    warnings = (*received.warnings, *refused, *((MASKED_WARNING,) if numbers else ()))
    return Readable(_without(doc, numbers), told, files, warnings)


def _individual_numbers(card: PatientCard) -> set[str]:
    """Twelve digits with the check digit of an individual number, wherever the patient carries a number."""
    texts = (card.local_number, card.insured_number)
    found = {number for text in texts for number in _TWELVE.findall(text.replace("-", "").replace(" ", ""))}
    return {number for number in found if looks_like_individual_number(number)}


def _masked(text: str, numbers: set[str]) -> str:
    for number in numbers:
        parts = (
            number,
            f"{number[:4]}-{number[4:8]}-{number[8:]}",
            f"{number[:4]} {number[4:8]} {number[8:]}",
        )
        for written in parts:
            text = text.replace(written, MASK)
    return text


def _without(doc: LetterDocument, numbers: set[str]) -> LetterDocument:
    if not numbers:
        return doc
    card = replace(
        doc.patient,
        local_number=_cleared(doc.patient.local_number, numbers),
        insured_number=_cleared(doc.patient.insured_number, numbers),
    )
    texts: dict[str, Any] = {
        f.name: _masked(getattr(doc.content, f.name), numbers)
        for f in fields(LetterContent)
        if isinstance(getattr(doc.content, f.name), str)
    }
    extra = tuple(Section(s.code, s.title, _masked(s.text, numbers)) for s in doc.content.extra_sections)
    return replace(doc, patient=card, content=replace(doc.content, extra_sections=extra, **texts))


def _cleared(text: str, numbers: set[str]) -> str:
    bare = text.replace("-", "").replace(" ", "")
    return "" if any(number in bare for number in numbers) else text


def _checked(attachments: tuple[ReadAttachment, ...]) -> tuple[tuple[CheckedFile, ...], list[str]]:
    """Files that pass the check of contents, and a warning for each one that does not: it stays in the original."""
    passed: list[CheckedFile] = []
    warnings: list[str] = []
    for attachment in attachments:
        try:
            passed.append(check(_with_ending(attachment), attachment.data))
        except Invalid as error:
            warnings.append(f"添付を取り出せません: {error.message_ja}(原本の中には残っています)")
    return tuple(passed), warnings


def _with_ending(attachment: ReadAttachment) -> str:
    """The file's name with the ending that its declared type wants; senders often give a title without one."""
    endings = EXTENSIONS.get(attachment.mime.split(";")[0].strip(), set())
    name = attachment.filename
    if not endings or name.lower().rsplit(".", 1)[-1] in endings:
        return name
    return f"{name}.{sorted(endings)[-1]}"


def birth_date(card: PatientCard) -> date | None:
    """The whole birth date, or None where the document leaves it out, gives only a part or a day to come."""
    try:
        born = date.fromisoformat(card.birth_on)
    except ValueError:
        return None
    return born if born <= clock.today() else None


def demographics(card: PatientCard, birth_on: date) -> dict[str, Any]:
    """What a new patient row takes from the document; the local number stays empty: it is the sender's."""
    return {
        "name": card.name,
        "kana": _or_empty(check_kana_name, card.kana),
        "birth_on": birth_on,
        "sex": card.sex,
        "postal_code": _or_empty(postal_code, card.postal_code),
        "address": shorten(card.address, 200) if card.address else "",
        "phone": _or_empty(lambda text: phone(text).display, card.phone),
        "occupation": shorten(card.occupation, 60) if card.occupation else "",
    }


def _or_empty(reads: Any, text: str) -> str:
    """What does not read as such is left out of the row; the letter shows it as it came."""
    try:
        return str(reads(text)) if text else ""
    except Invalid:
        return ""
