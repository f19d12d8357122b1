"""How the narrative that we write carries lists and titles, so that it is read back without loss."""

from __future__ import annotations

from renkei.fhirkit.documents import block, class_text, heading, table, table_rows, text_div, wrap
from renkei.referrals.types import Diagnosis, Prescription, Section

_DIAGNOSES = "letter-diagnoses"
_PRESCRIPTIONS = "letter-prescriptions"
_FREE_TEXT = "letter-text"
_SECTION_CODE = "letter-section-code"
_SECTION_TITLE = "letter-section-title"
_EMPTY = "letter-nothing"
_OCCUPATION = "letter-occupation"
_FILES = "letter-files"
_SUSPECTED = "疑い"
_DIAGNOSIS_HEAD = ("傷病名", "疑い", "発症日", "コード", "コード体系", "ICD-10")
_PRESCRIPTION_HEAD = ("薬剤", "用量", "用法", "コード", "コード体系")

NOTHING_DIV = text_div("記載なし", css_class=_EMPTY)


def is_nothing(div: str) -> bool:
    """Whether the narrative only stands for an empty field (a section may not be without text)."""
    return div == NOTHING_DIV


def diagnoses_div(diagnoses: tuple[Diagnosis, ...]) -> str:
    """The list of 傷病名 as a table."""
    rows = [
        (row.text, _SUSPECTED if row.suspected else "", row.onset_on, row.code, row.code_system, row.icd10)
        for row in diagnoses
    ]
    return wrap(table(_DIAGNOSIS_HEAD, rows, _DIAGNOSES)) if rows else NOTHING_DIV


def read_diagnoses(div: str) -> tuple[Diagnosis, ...] | None:
    """The list that :func:`diagnoses_div` wrote, None where the narrative is somebody else's."""
    rows = table_rows(div, _DIAGNOSES)
    if rows is None or any(len(row) != len(_DIAGNOSIS_HEAD) for row in rows):
        return None
    return tuple(
        Diagnosis(text, code, system, icd10, onset, suspected == _SUSPECTED)
        for text, suspected, onset, code, system, icd10 in rows
    )


def prescriptions_div(prescriptions: tuple[Prescription, ...], text: str) -> str:
    """The list of 現在の処方 as a table, followed by the free text."""
    rows = [(row.name, row.amount, row.usage, row.code, row.code_system) for row in prescriptions]
    parts = [table(_PRESCRIPTION_HEAD, rows, _PRESCRIPTIONS)] if rows else []
    parts += [block(text, _FREE_TEXT)] if text else []
    return wrap(*parts) if parts else NOTHING_DIV


def read_prescriptions(div: str) -> tuple[tuple[Prescription, ...], str] | None:
    """The list and free text that :func:`prescriptions_div` wrote, None where the narrative is somebody else's."""
    rows = table_rows(div, _PRESCRIPTIONS)
    text = class_text(div, _FREE_TEXT)
    if rows is None and text is None:
        return None
    if any(len(row) != len(_PRESCRIPTION_HEAD) for row in rows or []):
        return None
    found = tuple(
        Prescription(name, usage, amount, code, system) for name, amount, usage, code, system in rows or []
    )
    return found, text or ""


def foreign_section_div(section: Section) -> str:
    """A section that the profile has no place for, told inside 備考・連絡情報 under its own title."""
    parts = [heading(section.title, _SECTION_TITLE), block(section.code, _SECTION_CODE)]
    return wrap(*parts, block(section.text, _FREE_TEXT))


def read_foreign_section(div: str) -> Section | None:
    """The section that :func:`foreign_section_div` wrote."""
    code = class_text(div, _SECTION_CODE)
    if code is None:
        return None
    return Section(code, class_text(div, _SECTION_TITLE) or "", class_text(div, _FREE_TEXT) or "")


def social_div(occupation: str, text: str) -> str:
    """社会歴: the occupation of 様式11 and free text."""
    parts = [block(occupation, _OCCUPATION)] if occupation else []
    return wrap(*parts, *([block(text, _FREE_TEXT)] if text else []))


def read_social(div: str) -> tuple[str, str] | None:
    """``(occupation, text)`` that :func:`social_div` wrote."""
    occupation = class_text(div, _OCCUPATION)
    return None if occupation is None else (occupation, class_text(div, _FREE_TEXT) or "")


def files_div(filenames: list[str]) -> str:
    """The list of attached files."""
    return wrap(block("\n".join(["添付ファイル", *filenames]), _FILES))


def is_files(div: str) -> bool:
    """Whether the narrative is the list that :func:`files_div` wrote."""
    return class_text(div, _FILES) is not None
