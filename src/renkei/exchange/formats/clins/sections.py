"""The sections of an electronic 診療情報提供書 as a table.

Source: JP-CLINS 1.5.2 profile JP_Composition_eReferral (codes, titles, cardinalities, targets of entries) and
別紙様式11 for the fields of the paper form that they stand for.
"""

from __future__ import annotations

from dataclasses import dataclass

SECTION_SYSTEM = "http://jpfhir.jp/fhir/clins/CodeSystem/document-section"

SENDER = "920"
RECEIVER = "910"
CDA = "200"
STRUCTURED = "300"
ATTACHMENTS = "210"
REMARKS = "220"
PDF = "230"
PURPOSE = "950"
DIAGNOSES = "340"
COURSE = "360"
TREATMENT = "330"
PRESCRIPTIONS = "430"
SOCIAL = "640"

TOP = ""


@dataclass(frozen=True)
class SectionSpec:
    """One section: where it stands, how often, what its entries may be, which field of the letter it carries."""

    code: str
    title: str
    parent: str
    minimum: int
    maximum: int | None
    entry_minimum: int
    entry_maximum: int | None
    targets: tuple[str, ...]
    field: str = ""

    @property
    def display(self) -> str:
        """The display of the section code (title + セクション)."""
        return f"{self.title}セクション"


def _child(code: str, title: str, target: str, field: str = "", minimum: int = 0) -> SectionSpec:
    limit = 1 if code == PURPOSE else None
    return SectionSpec(code, title, STRUCTURED, minimum, 1, 0, limit, tuple(target.split()), field)


_DOCUMENTS = ("DocumentReference",)
_PARTY = ("Organization", "Practitioner")

SECTIONS: tuple[SectionSpec, ...] = (
    SectionSpec(SENDER, "紹介元情報", TOP, 1, 1, 1, 3, _PARTY),
    SectionSpec(RECEIVER, "紹介先情報", TOP, 1, 1, 1, 3, _PARTY),
    SectionSpec(CDA, "CDA参照", TOP, 0, 1, 1, 1, _DOCUMENTS),
    SectionSpec(STRUCTURED, "構造情報", TOP, 0, 1, 0, None, ()),
    _child(PURPOSE, "紹介目的", "Encounter", "purpose", 1),
    _child(DIAGNOSES, "傷病名・主訴", "Condition", "diagnoses", 1),
    _child(COURSE, "現病歴", "Condition", "course", 1),
    _child("370", "既往歴", "Condition", "past_history"),
    _child("510", "アレルギー・不耐性反応", "AllergyIntolerance", "allergies"),
    _child("550", "家族歴", "FamilyMemberHistory", "family_history"),
    _child("610", "身体所見", "Observation"),
    _child("520", "感染症情報", "Observation"),
    _child(SOCIAL, "社会歴・生活習慣", "Observation"),
    _child("530", "予防接種歴", "Immunization"),
    _child("730", "手術", "Procedure", "treatment"),
    _child("740", "輸血歴", "Procedure"),
    _child("720", "処置", "Procedure", "treatment"),
    _child(PRESCRIPTIONS, "投薬指示", "MedicationRequest", "prescriptions"),
    _child("620", "検査結果", "Observation ImagingStudy DiagnosticReport", "results"),
    _child(TREATMENT, "臨床経過", "DocumentReference", "treatment"),
    _child("420", "診療方針指示", "CarePlan"),
    _child("810", "医療機器", "DeviceUseStatement"),
    _child("410", "事前指示", "Consent"),
    _child("830", "臨床研究参加", "ResearchSubject"),
    SectionSpec(ATTACHMENTS, "添付情報", TOP, 0, None, 1, None, ("DocumentReference", "Bundle")),
    SectionSpec(REMARKS, "備考・連絡情報", TOP, 0, None, 0, 1, _DOCUMENTS, "remarks"),
    SectionSpec(PDF, "PDF", TOP, 0, None, 1, None, _DOCUMENTS),
)

BY_CODE: dict[str, SectionSpec] = {spec.code: spec for spec in SECTIONS}
CHILDREN: tuple[SectionSpec, ...] = tuple(spec for spec in SECTIONS if spec.parent == STRUCTURED)
# Sections that may carry text of their own without a field of 様式11.
FREE_CHILDREN: frozenset[str] = frozenset(spec.code for spec in CHILDREN if not spec.field)
MANDATORY: tuple[str, ...] = (SENDER, RECEIVER, PURPOSE, DIAGNOSES, COURSE)


def title_of(code: str) -> str:
    """The official title of a section, empty for codes that the profile does not know."""
    spec = BY_CODE.get(code)
    return spec.title if spec else ""
