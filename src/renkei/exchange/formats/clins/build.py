"""Writes a letter as a JP-CLINS 診療情報提供書 document Bundle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from renkei.exchange.formats.clins import codes, markup, resources, rules
from renkei.exchange.formats.clins.sections import (
    ATTACHMENTS,
    BY_CODE,
    CHILDREN,
    DIAGNOSES,
    MANDATORY,
    PRESCRIPTIONS,
    RECEIVER,
    REMARKS,
    SECTION_SYSTEM,
    SENDER,
    SOCIAL,
    STRUCTURED,
    TREATMENT,
)
from renkei.fhirkit.documents import Resource, clean, text_div
from renkei.kernel.clock import JST
from renkei.referrals.types import LetterDocument, Party

Attachment = tuple[str, str, bytes]
Reference = dict[str, str]

ENTERED_BY = "代行入力者"
_CATEGORY = {"system": codes.DOC_SUBTYPES, "code": "OUTPATIENT", "display": "外来文書"}
_TEXT_ONLY = {"coding": [{"system": codes.EMPTY_REASON, "code": "unavailable", "display": "Unavailable"}]}


def build(document: LetterDocument, *, attachments: Sequence[Attachment] = ()) -> bytes:
    """UTF-8 JSON bytes of the document Bundle; the same letter always gives the same bytes.

    ``attachments`` are ``(filename, mime, bytes)``. Character rules are applied first (:func:`rules.as_sent`); raises
    ``Invalid`` where a value is missing for which the profile leaves no stand-in (:func:`rules.check`).
    """
    sent = rules.as_sent(document)
    rules.check(sent)
    return orjson.dumps(_Writer(sent).bundle(_tidy(attachments)))


def _tidy(attachments: Sequence[Attachment]) -> list[Attachment]:
    """Attachments with a name and a type, which FHIR strings may not leave blank."""
    return [
        (clean(name) or f"添付{index}", clean(mime) or "application/octet-stream", data)
        for index, (name, mime, data) in enumerate(attachments, start=1)
    ]


class _Writer:
    """Collects entries while the section tree is written, so that every reference has its entry."""

    def __init__(self, document: LetterDocument) -> None:
        self.document = document
        self.entries: list[dict[str, Any]] = []
        self.issued_at = document.issued_at
        self.updated = _instant(document.issued_at)
        self.number = document.sender.institution_number
        self.subject = self._url("patient")

    def bundle(self, attachments: Sequence[Attachment]) -> Resource:
        document = self.document
        self._people()
        composition = self._composition(self._sections(attachments))
        head = {"fullUrl": self._url("composition"), "resource": composition}
        return {
            "resourceType": "Bundle",
            "id": self._uuid("bundle"),
            "meta": {"lastUpdated": self.updated, "profile": [f"{codes.BUNDLE_PROFILE}|1"]},
            "language": "ja",
            "identifier": {
                "system": codes.BUNDLE_ID,
                "value": f"{self.number}^{self.issued_at[:4]}^{document.uid}",
            },
            "type": "document",
            "timestamp": self.updated,
            "entry": [head, *self.entries],
        }

    def _uuid(self, role: str) -> str:
        return str(
            uuid5(NAMESPACE_URL, f"urn:renkei:letter:{self.document.uid}:{self.document.version}:{role}")
        )

    def _url(self, role: str) -> str:
        return f"urn:uuid:{self._uuid(role)}"

    def _add(
        self, resource_type: str, profile: str, role: str, body: Resource, display: str = ""
    ) -> Reference:
        head = resources.base(resource_type, codes.profile(profile), self._uuid(role), self.updated)
        self.entries.append({"fullUrl": self._url(role), "resource": head | body})
        return _reference(self._url(role), resource_type, display)

    def _identifier(self, role: str) -> str:
        return f"{self.document.uid}-{self.document.version}-{role}"

    def _people(self) -> None:
        """Patient first, then practitioners, then organisations: the order of the profile's slices."""
        document = self.document
        self._add("Patient", "JP_Patient_eCS", "patient", resources.patient(document.patient, self.number))
        self.author = self._practitioner("sender-physician", document.sender.physician, "紹介元医師")
        self.clerk = (
            self._practitioner("entered-by", document.entered_by, ENTERED_BY) if document.entered_by else None
        )
        name = document.receiver.physician
        self.addressee = self._practitioner("receiver-physician", name, "紹介先医師") if name else None
        self.sender = self._organization("sender", document.sender, "紹介元医療機関")
        self.receiver = self._organization("receiver", document.receiver, "紹介先医療機関")

    def _practitioner(self, role: str, name: str, display: str) -> Reference:
        return self._add("Practitioner", "JP_Practitioner_eCS", role, resources.practitioner(name), display)

    def _organization(self, role: str, party: Party, display: str) -> Reference:
        return self._add("Organization", "JP_Organization_eCS", role, resources.organization(party), display)

    def _composition(self, sections: list[Resource]) -> Resource:
        document = self.document
        kind: dict[str, Any] = resources.coding(codes.DOC_TYPES, codes.REFERRAL_TYPE, codes.REFERRAL_TITLE)
        if document.kind_title != codes.REFERRAL_TITLE:
            kind["text"] = document.kind_title
        head = resources.base(
            "Composition", f"{codes.COMPOSITION_PROFILE}|1", self._uuid("composition"), self.updated
        )
        return head | {
            "extension": [{"url": codes.VERSION_EXTENSION, "valueString": f"{document.version}.0"}],
            "identifier": {"system": codes.INSTANCE_ID, "value": document.number or document.uid},
            "status": "final",
            "type": kind,
            "category": [{"coding": [_CATEGORY]}],
            "subject": _reference(self.subject, "Patient"),
            "date": self.issued_at,
            "author": [self.author, self.sender, *([self.clerk] if self.clerk else [])],
            "title": codes.REFERRAL_TITLE,
            "custodian": self.sender,
            "event": [{"code": [{"text": codes.ISSUED_EVENT}], "period": {"start": self.issued_at[:10]}}],
            "section": sections,
        }

    def _sections(self, attachments: Sequence[Attachment]) -> list[Resource]:
        document = self.document
        own, foreign = rules.part_sections(document.content.extra_sections)
        rows = [
            self._party_section(SENDER, document.sender, self.sender, self.author),
            self._party_section(RECEIVER, document.receiver, self.receiver, self.addressee),
            self._structured({row.code: row.text for row in own}),
        ]
        if attachments:
            rows.append(self._files(attachments))
        if document.content.remarks:
            rows.append(_section(REMARKS, text_div(document.content.remarks)))
        return rows + [_section(REMARKS, markup.foreign_section_div(row)) for row in foreign]

    def _party_section(
        self, code: str, party: Party, facility: Reference, person: Reference | None
    ) -> Resource:
        lines = [party.facility_name, party.department, party.physician]
        narrative = text_div("\n".join(line for line in lines if line))
        return _section(code, narrative, [facility, *([person] if person else [])])

    def _structured(self, extra: dict[str, str]) -> Resource:
        """Section 300: mandatory children always, others where there is something to say."""
        children = []
        order = [row.code for row in CHILDREN if row.code not in extra]
        for code in [*order, *extra]:
            div, entries = self._child(code, extra.get(code, ""))
            if not markup.is_nothing(div) or code in MANDATORY:
                children.append(_section(code, div, entries))
        section: Resource = {"title": BY_CODE[STRUCTURED].title, "code": _section_code(STRUCTURED)}
        if not any("entry" in child for child in children):
            section["emptyReason"] = _TEXT_ONLY
        return section | {"section": children}

    def _child(self, code: str, extra: str) -> tuple[str, list[Reference]]:
        content = self.document.content
        if code == DIAGNOSES:
            return markup.diagnoses_div(content.diagnoses), self._conditions()
        if code == PRESCRIPTIONS:
            div = markup.prescriptions_div(content.prescriptions, content.prescription_text)
            return div, self._medications()
        if code == SOCIAL and self.document.patient.occupation:
            return markup.social_div(self.document.patient.occupation, extra), [self._occupation()]
        spec = BY_CODE[code]
        own_field = spec.field and (spec.field != "treatment" or code == TREATMENT)
        text = extra or (getattr(content, spec.field) if own_field else "")
        return (text_div(text) if text else markup.NOTHING_DIV), []

    def _conditions(self) -> list[Reference]:
        found = []
        for index, row in enumerate(self.document.content.diagnoses, start=1):
            if resources.is_coded(row):
                role = f"condition-{index}"
                body = resources.condition(row, self.subject, self._identifier(role), self.number)
                found.append(self._add("Condition", "JP_Condition_eCS", role, body, row.text))
        return found

    def _medications(self) -> list[Reference]:
        found = []
        for index, row in enumerate(self.document.content.prescriptions, start=1):
            if resources.is_coded_drug(row):
                role = f"medication-{index}"
                identifier = self._identifier(role)
                body = resources.medication_request(
                    row, self.subject, identifier, self.number, self.issued_at, index
                )
                found.append(self._add("MedicationRequest", "JP_MedicationRequest_eCS", role, body, row.name))
        return found

    def _occupation(self) -> Reference:
        role = "occupation"
        text = self.document.patient.occupation
        body = {"identifier": [resources.instance_id(self._identifier(role))]}
        body |= resources.occupation(text, self.subject, self.issued_at)
        return self._add("Observation", "JP_Observation_Common_eCS", role, body, "職業")

    def _files(self, attachments: Sequence[Attachment]) -> Resource:
        entries = []
        for index, (filename, mime, data) in enumerate(attachments, start=1):
            body = resources.document_reference(filename, mime, data, self.subject)
            role = f"attachment-{index}"
            entries.append(self._add("DocumentReference", "JP_DocumentReference_eCS", role, body, filename))
        return _section(ATTACHMENTS, markup.files_div([row[0] for row in attachments]), entries)


def _instant(issued_at: str) -> str:
    """An instant with milliseconds and zone, as the profile's specification asks for ``timestamp``."""
    if "T" in issued_at:
        return datetime.fromisoformat(issued_at).isoformat(timespec="milliseconds")
    day = datetime.fromisoformat((issued_at + "-01-01")[:10])
    return day.replace(tzinfo=JST).isoformat(timespec="milliseconds")


def _reference(url: str, resource_type: str, display: str = "") -> Reference:
    row = {"reference": url, "type": resource_type}
    return row | {"display": display} if display else row


def _section_code(code: str) -> Resource:
    row = {"system": SECTION_SYSTEM, "code": code}
    return {"coding": [row | {"display": BY_CODE[code].display}]}


def _section(code: str, div: str, entries: Sequence[Reference] = ()) -> Resource:
    section: Resource = {
        "title": BY_CODE[code].title,
        "code": _section_code(code),
        "text": {"status": "additional", "div": div},
    }
    return section | ({"entry": list(entries)} if entries else {"emptyReason": _TEXT_ONLY})
