"""What changed between the versions of a letter, field by field and word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from renkei.referrals.models import Attachment, ReferralLetter
from renkei.referrals.registry import Kind, kind_of
from renkei.referrals.types import Diagnosis, LetterContent, Prescription

LABELS = {
    "purpose": "紹介目的",
    "diagnoses": "傷病名",
    "past_history": "既往歴",
    "family_history": "家族歴",
    "allergies": "アレルギー・副作用歴",
    "course": "病状経過",
    "results": "検査結果",
    "treatment": "治療経過",
    "prescriptions": "現在の処方",
    "prescription_text": "処方の補足",
    "remarks": "備考",
}
# A number, a Latin word, a run of katakana is one word; kanji and kana are compared one by one.
WORD = re.compile(r"[0-9０-９.,]+|[A-Za-z]+|[ァ-ヶー]+|\s|.", re.DOTALL)
LINE = re.compile(r"[^\n。]*[\n。]?")
LONGEST_BLOCK = 600
"""More words than this in one changed place are shown as removed and added as a whole: comparing costs their product."""
CONTEXT = 30


@dataclass(frozen=True)
class Piece:
    """A stretch of text: ``how`` is ``same``, ``added``, ``removed`` or ``gap`` (unchanged text left out)."""

    how: str
    text: str


@dataclass(frozen=True)
class FieldChange:
    """One field that differs."""

    label: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class VersionChange:
    """What version ``number`` changed against the one before."""

    number: int
    by: str
    at: datetime | None
    reason: str
    fields: Sequence[FieldChange]

    @property
    def previous(self) -> int:
        """The version before, which stays readable."""
        return self.number - 1


def changes(letters: Sequence[ReferralLetter], files: Sequence[Attachment] = ()) -> list[VersionChange]:
    """Every correction of ``letters`` (one referral's versions in order), newest first; empty for a single version.

    ``files`` are all that the letter ever had, those that were taken off too.
    """
    if len(letters) < 2:
        return []
    kind = kind_of(letters[0].referral.kind)
    enclosed = [files_of(letters, place, files) for place in range(len(letters))]
    found = [
        _between(old, new, kind, file_changes(before, after))
        for (old, new), (before, after) in zip(pairwise(letters), pairwise(enclosed), strict=True)
    ]
    return found[::-1]


def files_of(letters: Sequence[ReferralLetter], place: int, files: Sequence[Attachment]) -> list[Attachment]:
    """What lay with version ``letters[place]``: what a later version added or took off tells by its instant."""
    after = letters[place + 1].finalised_at if place + 1 < len(letters) else None
    if after is None:
        return [f for f in files if f.removed_at is None]
    return [f for f in files if f.added_at < after and (f.removed_at is None or f.removed_at >= after)]


def file_changes(old: Sequence[Attachment], new: Sequence[Any]) -> list[FieldChange]:
    """Files by name that came or went; ``new`` may hold checked uploads that are not kept yet."""
    gone = [f.name for f in old if f not in new]
    come = [f.name for f in new if f not in old]
    found = [Piece("removed", "\n".join(gone)), Piece("added", "\n".join(come))]
    return [FieldChange("添付", [p for p in found if p.text])] if gone or come else []


def _between(
    old: ReferralLetter, new: ReferralLetter, kind: Kind, enclosed: list[FieldChange]
) -> VersionChange:
    fields = content_changes(old.read_content(), new.read_content(), kind) + enclosed
    for side, label in (("receiver", "宛先"), ("sender", "紹介元"), ("patient", "患者")):
        fields += _changed(label, _printed(old, side), _printed(new, side))
    return VersionChange(new.number, new.finalised_by, new.finalised_at, new.correction_reason, fields)


def _printed(letter: ReferralLetter, side: str) -> str:
    """One side in a line. The insured number is left out: it is not for everybody who reads the page (rules J.1)."""
    values: dict[str, Any] = letter.printed.get(side, {})
    return " ".join(str(v) for name, v in values.items() if v and name != "insured_number")


def content_changes(old: LetterContent, new: LetterContent, kind: Kind) -> list[FieldChange]:
    """The fields of the content that differ, in the order of the form."""
    labels = LABELS | {"purpose": kind.purpose_label, "course": kind.course_label}
    return [
        change
        for name, label in labels.items()
        for change in _changed(label, said(old, name), said(new, name))
    ]


def _changed(label: str, old: str, new: str) -> list[FieldChange]:
    return [FieldChange(label, pieces(old, new))] if old != new else []


def said(content: LetterContent, name: str) -> str:
    """A field as text; lists have one entry a line."""
    value = getattr(content, name)
    if name == "diagnoses":
        return "\n".join(diagnosis_line(d) for d in value)
    if name == "prescriptions":
        return "\n".join(prescription_line(p) for p in value)
    return str(value)


def diagnosis_line(line: Diagnosis) -> str:
    """``2型糖尿病の疑い (E11) 2020-04 発症``."""
    text = f"{line.text}の疑い" if line.suspected and not line.text.endswith("疑い") else line.text
    code = f" ({line.icd10})" if line.icd10 else ""
    return f"{text}{code}{f' {line.onset_on} 発症' if line.onset_on else ''}"


def prescription_line(line: Prescription) -> str:
    """``アムロジピン錠5mg 1回1錠 1日1回 朝食後 28日分``."""
    return " ".join(part for part in (line.name, line.usage, line.amount) if part)


def pieces(old: str, new: str) -> list[Piece]:
    """The way from ``old`` to ``new``: first by sentence, changed sentences by word; long unchanged text is folded."""
    joined: list[Piece] = []
    for piece in _by_line(old, new):
        if joined and joined[-1].how == piece.how:
            joined[-1] = Piece(piece.how, joined[-1].text + piece.text)
        elif piece.text:
            joined.append(piece)
    return [part for i, piece in enumerate(joined) for part in _fold(piece, i, len(joined))]


def _by_line(old: str, new: str) -> Iterator[Piece]:
    before, after = LINE.findall(old), LINE.findall(new)
    for how, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        removed, added = "".join(before[a:b]), "".join(after[c:d])
        if how == "equal":
            yield Piece("same", removed)
        else:
            yield from _by_word(removed, added)


def _by_word(old: str, new: str) -> Iterator[Piece]:
    before, after = WORD.findall(old), WORD.findall(new)
    if max(len(before), len(after)) > LONGEST_BLOCK:
        yield from (Piece("removed", old), Piece("added", new))
        return
    for how, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        removed, added = "".join(before[a:b]), "".join(after[c:d])
        if how == "equal":
            yield Piece("same", removed)
        else:
            yield from (piece for piece in (Piece("removed", removed), Piece("added", added)) if piece.text)


def _fold(piece: Piece, at: int, of: int) -> list[Piece]:
    if piece.how != "same" or len(piece.text) <= CONTEXT * 3:
        return [piece]
    head = [Piece("same", piece.text[:CONTEXT])] if at else []
    tail = [Piece("same", piece.text[-CONTEXT:])] if at < of - 1 else []
    return [*head, Piece("gap", "…"), *tail]
