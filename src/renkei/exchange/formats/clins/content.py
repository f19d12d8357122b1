"""From sections to the fields of a 診療情報提供書 (別紙様式11)."""

from __future__ import annotations

from typing import Any

from renkei.exchange.formats.clins import codes, markup
from renkei.exchange.formats.clins.render import Renderer, concept_words, scalar
from renkei.exchange.formats.clins.sections import (
    ATTACHMENTS,
    BY_CODE,
    DIAGNOSES,
    PRESCRIPTIONS,
    RECEIVER,
    REMARKS,
    SENDER,
    SOCIAL,
    TREATMENT,
)
from renkei.exchange.formats.clins.walk import Node, node_text
from renkei.fhirkit.documents import Resource, items, text_of
from renkei.referrals.types import Diagnosis, LetterContent, Prescription, Section

_SUSPECTED = frozenset({"provisional", "differential", "unconfirmed"})


def read_content(renderer: Renderer, nodes: list[Node]) -> tuple[LetterContent, str]:
    """``(content, occupation)`` of the letter; what 様式11 has no field for becomes an extra section."""
    texts: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    extra: list[Section] = []
    occupation = ""
    for node in nodes:
        if node.code in (SENDER, RECEIVER) or markup.is_nothing(node.div):
            continue
        if node.code == DIAGNOSES:
            values["diagnoses"] = values.get("diagnoses", ()) + read_diagnoses(node)
        elif node.code == PRESCRIPTIONS:
            found, text = read_prescriptions(node)
            values["prescriptions"] = values.get("prescriptions", ()) + found
            texts.setdefault("prescription_text", []).append(text)
        elif node.code == SOCIAL:
            job, section = _social(renderer, node)
            occupation = occupation or job
            extra += section
        else:
            _place(renderer, node, texts, extra)
    values.update({name: "\n".join(row for row in rows if row) for name, rows in texts.items()})
    return LetterContent(**values, extra_sections=tuple(extra)), occupation


def _place(renderer: Renderer, node: Node, texts: dict[str, list[str]], extra: list[Section]) -> None:
    """One section into its field, or among the extra sections."""
    foreign = markup.read_foreign_section(node.div) if node.code == REMARKS else None
    if foreign is not None:
        extra.append(foreign)
        return
    text = node_text(renderer, node)
    spec = BY_CODE.get(node.code)
    if not text or (node.code == ATTACHMENTS and markup.is_files(node.div)):
        return
    if spec is None or not spec.field:
        extra.append(Section(node.code, node.title, text))
    elif spec.field == "treatment" and node.code != TREATMENT:
        texts.setdefault(spec.field, []).append(f"【{node.title}】\n{text}")
    else:
        texts.setdefault(spec.field, []).append(text)


def _social(renderer: Renderer, node: Node) -> tuple[str, list[Section]]:
    own = markup.read_social(node.div)
    if own is not None:
        occupation, text = own
    else:
        occupation = next(
            (text_of(row.get("valueString")) for row in node.resources if _is_occupation(row)), ""
        )
        text = node_text(renderer, node)
    return occupation, [Section(node.code, node.title, text)] if text else []


def _is_occupation(resource: Resource) -> bool:
    concept = resource.get("code")
    rows = items(concept.get("coding")) if isinstance(concept, dict) else []
    return any(row.get("code") == codes.OCCUPATION_LOINC for row in rows) or concept_words(concept) == "職業"


def read_diagnoses(node: Node) -> tuple[Diagnosis, ...]:
    """傷病名: our own table, else the Conditions and what the narrative names beyond them, else its lines."""
    own = markup.read_diagnoses(node.div)
    if own is not None:
        return own
    found = [_diagnosis(row) for row in node.resources if row.get("resourceType") == "Condition"]
    left = node.narrative
    for row in sorted(found, key=lambda row: -len(row.text)):
        left = left.replace(row.text, "")
    if left.strip("、，,・。；; 　\n\t"):
        found += [Diagnosis(line.strip()) for line in node.narrative.split("\n") if line.strip()]
    return tuple(found)


def _diagnosis(condition: Resource) -> Diagnosis:
    concept = condition.get("code")
    codings = items(concept.get("coding")) if isinstance(concept, dict) else []
    main = next(
        (row for row in codings if row.get("system") == codes.DISEASE_KEY), codings[0] if codings else {}
    )
    icd = next((row for row in codings if "icd10" in text_of(row.get("system")).lower().replace("-", "")), {})
    status = condition.get("verificationStatus")
    states = items(status.get("coding")) if isinstance(status, dict) else []
    return Diagnosis(
        text=concept_words(concept) or "（病名の記載なし）",
        code=text_of(main.get("code")),
        code_system=text_of(main.get("system")),
        icd10=text_of(icd.get("code")),
        onset_on=text_of(condition.get("onsetDateTime")),
        suspected=any(row.get("code") in _SUSPECTED for row in states),
    )


def read_prescriptions(node: Node) -> tuple[tuple[Prescription, ...], str]:
    """現在の処方: our own table, else the MedicationRequests and the narrative."""
    own = markup.read_prescriptions(node.div)
    if own is not None:
        return own
    found = tuple(
        _prescription(row) for row in node.resources if row.get("resourceType") == "MedicationRequest"
    )
    return found, node.narrative


def _prescription(request: Resource) -> Prescription:
    concept = request.get("medicationCodeableConcept")
    codings = items(concept.get("coding")) if isinstance(concept, dict) else []
    known = (codes.YJ, codes.GENERAL_NAME)
    main = next((row for row in codings if row.get("system") in known), codings[0] if codings else {})
    dosages = items(request.get("dosageInstruction"))
    dispense = request.get("dispenseRequest")
    return Prescription(
        name=concept_words(concept) or "（薬剤名の記載なし）",
        usage="、".join(text for text in (_usage(row) for row in dosages) if text),
        amount=_quantity(dispense.get("quantity")) if isinstance(dispense, dict) else "",
        code=text_of(main.get("code")),
        code_system=text_of(main.get("system")),
    )


def _usage(dosage: Resource) -> str:
    timing = dosage.get("timing")
    return text_of(dosage.get("text")) or (
        concept_words(timing.get("code")) if isinstance(timing, dict) else ""
    )


def _quantity(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    return scalar(value.get("value"), "") + text_of(value.get("unit"))
