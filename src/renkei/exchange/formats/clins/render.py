"""Any FHIR resource as lines of readable Japanese text.

One engine walks every element, so nothing that came is left out; what people need no sight of is listed in ``SKIPPED``.
Known elements get Japanese names and a sensible order from ``labels``, unknown ones keep their own.
"""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal
from typing import Any

from renkei.exchange.formats.clins import labels
from renkei.fhirkit.documents import Bundle, Resource, div_text, items, text_of

# Technical elements: addresses, versions and language of the record, links to the patient whom the letter is about.
SKIPPED = frozenset(
    {"resourceType", "id", "language", "implicitRules", "fhir_comments", "userSelected", "rank"}
)
_TOLD_APART = frozenset({"contained", "meta", "text"})
_QUIET_EXTENSIONS = frozenset({"iso21090-EN-representation"})
_ORDER = {key: index for index, key in enumerate(labels.LABELS)}
_MAX_NESTING = 4
_LOGICAL_REFERENCE = {"display", "type", "identifier", "id", "extension"}


def type_name(resource_type: str) -> str:
    """The Japanese name of a resource type, the type itself where there is none."""
    return labels.TYPES.get(resource_type, resource_type or "種類不明の情報")


def attachment_bytes(attachment: Resource) -> bytes | None:
    """The embedded data of an Attachment, None where there is none or it is not base64."""
    data = text_of(attachment.get("data"))
    if not data:
        return None
    try:
        return base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        return None


def concept_text(concept: Any) -> str:
    """A CodeableConcept or Coding in words: text, then displays that add something, codes in brackets."""
    if not isinstance(concept, dict):
        return scalar(concept, "")
    codings = items(concept.get("coding")) if "coding" in concept else [concept]
    words: list[str] = []
    found: list[str] = []
    for word in (text_of(concept.get("text")), *(text_of(row.get("display")) for row in codings)):
        if word and word not in words:
            words.append(word)
    for row in codings:
        code = text_of(row.get("code"))
        if code and code not in found:
            found.append(code)
    text = "／".join(words)
    return (f"{text}［{'、'.join(found)}］" if text else "、".join(found)) if found else text


def scalar(value: Any, key: str) -> str:
    """A primitive as text; codes of known elements in Japanese."""
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, str):
        return labels.CODES.get(key, {}).get(value, value)
    if isinstance(value, int | float | Decimal):
        return str(value)
    return ""


class Renderer:
    """Tells the resources of one Bundle; remembers which it has told."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.told: set[int] = set()
        self._open: list[int] = []

    def lines(self, resource: Resource) -> list[str]:
        """One line per element that says something, first line the most telling."""
        self.told.add(id(resource))
        self._open.append(id(resource))
        rows = self._tags(resource)
        rows += self._elements(resource, resource)
        rows += self._contained(resource)
        self._open.pop()
        return self._narrative(resource, rows)

    def text(self, resource: Resource) -> str:
        """:meth:`lines` joined."""
        return "\n".join(self.lines(resource))

    def _tags(self, resource: Resource) -> list[str]:
        meta = resource.get("meta")
        rows = items(meta.get("tag")) + items(meta.get("security")) if isinstance(meta, dict) else []
        shown = []
        for row in rows:
            code = text_of(row.get("code"))
            words = [labels.SECURITY_TAGS.get(code, code), text_of(row.get("display"))]
            shown.append("取扱い：" + "／".join(dict.fromkeys(word for word in words if word)))
        return shown

    def _elements(self, node: Resource, container: Resource) -> list[str]:
        rows: list[str] = []
        for key in sorted(node, key=lambda name: _ORDER.get(name.lstrip("_"), len(_ORDER))):
            if (
                (key in SKIPPED and not isinstance(node[key], dict))
                or key in _TOLD_APART
                or self._is_patient_link(key, node[key])
            ):
                continue
            if key in ("extension", "modifierExtension"):
                rows += self._extensions(node[key], container)
            elif text := self.show(node[key], key.lstrip("_"), container):
                rows.append(f"{labels.LABELS.get(key.lstrip('_'), key.lstrip('_'))}：{text}")
        return rows

    def _extensions(self, value: Any, container: Resource) -> list[str]:
        rows = []
        for extension in items(value):
            tail = text_of(extension.get("url")).rstrip("/").split("/")[-1]
            if tail in _QUIET_EXTENSIONS:
                continue
            inner = {key: child for key, child in extension.items() if key != "url"}
            text = "、".join(self.show(child, key, container) for key, child in inner.items() if key != "id")
            if text:
                rows.append(f"{labels.EXTENSIONS.get(tail, tail)}：{text}")
        return rows

    def _contained(self, resource: Resource) -> list[str]:
        """Contained resources that no reference has told yet."""
        rows = []
        for inner in items(resource.get("contained")):
            if id(inner) not in self.told and (text := "、".join(self.lines(inner))):
                rows.append(f"{type_name(text_of(inner.get('resourceType')))}：{text}")
        return rows

    def _narrative(self, resource: Resource, rows: list[str]) -> list[str]:
        text = resource.get("text")
        words = div_text(text_of(text.get("div"))) if isinstance(text, dict) else ""
        if words and words not in "\n".join(rows):
            rows.append(f"本文：{words}")
        return rows

    def _is_patient_link(self, key: str, value: Any) -> bool:
        if (
            key not in ("subject", "patient", "individual")
            or not isinstance(value, dict)
            or "display" in value
        ):
            return False
        target = self.bundle.resolve(value)
        return bool(target and target.get("resourceType") == "Patient")

    def show(self, value: Any, key: str, container: Resource) -> str:
        """One value of any FHIR data type as text without line ends of its own making."""
        if isinstance(value, list):
            shown = [self.show(row, key, container) for row in value]
            return "、".join(dict.fromkeys(row for row in shown if row))
        if not isinstance(value, dict):
            return scalar(value, key)
        text = self._typed(value, key, container)
        extras = self._extensions(value.get("extension"), container) + self._extensions(
            value.get("modifierExtension"), container
        )
        return "／".join(part for part in (text, *extras) if part)

    def _typed(self, value: Resource, key: str, container: Resource) -> str:
        keys = value.keys()
        if "reference" in keys or (keys & {"display", "identifier"} and keys <= _LOGICAL_REFERENCE):
            return self._reference(value, key, container)
        if "coding" in keys or (
            keys & {"system", "display"} and "code" in keys and not keys & {"value", "unit"}
        ):
            return self._concept(value, key)
        if keys & {"value", "comparator"} and keys & {"unit", "code", "comparator"}:
            return self._quantity(value)
        if "numerator" in keys or "denominator" in keys:
            parts = (self.show(value.get(side), side, container) for side in ("numerator", "denominator"))
            return "／".join(part for part in parts if part)
        if keys & {"start", "end"} and not keys & {"status", "code"}:
            return f"{scalar(value.get('start'), '')}～{scalar(value.get('end'), '')}"
        if keys & {"contentType", "data"}:
            return self._attachment(value)
        if "system" in keys and "value" in keys:
            return self._identifier(value, container)
        if "value" in keys and keys <= {"value", "extension", "id"}:
            return scalar(value["value"], key)
        return self._nested(value, container)

    def _concept(self, value: Resource, key: str) -> str:
        codings = items(value.get("coding"))
        if not value.get("text") and len(codings) == 1 and not codings[0].get("display"):
            return scalar(codings[0].get("code"), key)
        known = labels.CODES.get(key, {})
        japanese = [known[text_of(row.get("code"))] for row in codings if known.get(text_of(row.get("code")))]
        if japanese:
            words = [text_of(value.get("text")), *japanese, *(text_of(row.get("display")) for row in codings)]
            return "／".join(dict.fromkeys(word for word in words if word))
        return concept_text(value)

    def _quantity(self, value: Resource) -> str:
        code = text_of(value.get("code"))
        unit = text_of(value.get("unit")) or labels.CODES["unit"].get(code, code)
        number = scalar(value.get("value"), "")
        return f"{text_of(value.get('comparator'))}{number} {unit}".strip()

    def _identifier(self, value: Resource, container: Resource) -> str:
        kind = self.show(value.get("type"), "type", container)
        use = scalar(value.get("use"), "use")
        system = labels.CODES["system"].get(text_of(value.get("system")), "")
        rest = {key: child for key, child in value.items() if key in ("period", "assigner")}
        head = "".join(f"{part} " for part in (system, kind, f"（{use}）" if use else "") if part)
        return (
            head
            + scalar(value.get("value"), "")
            + "".join(f"、{row}" for row in self._elements(rest, container))
        )

    def _attachment(self, value: Resource) -> str:
        kind = text_of(value.get("contentType"))
        data = attachment_bytes(value)
        parts = [text_of(value.get("title")), kind, text_of(value.get("url")), text_of(value.get("creation"))]
        if data is not None and kind.startswith("text/"):
            parts.append(data.decode("utf-8", errors="replace"))
        elif data is not None:
            parts.append(f"{len(data):,} バイト")
        return "、".join(part for part in parts if part)

    def _nested(self, value: Resource, container: Resource) -> str:
        rest = {
            key: child for key, child in value.items() if key not in ("extension", "modifierExtension", "id")
        }
        if "div" in rest:
            return div_text(text_of(rest["div"]))
        words = rest.pop("text", None)
        head = div_text(text_of(words.get("div"))) if isinstance(words, dict) else text_of(words)
        return "／".join(part for part in (head, *self._news(rest, head, container)) if part)

    def _news(self, rest: Resource, head: str, container: Resource) -> list[str]:
        """Elements that say more than ``head`` did (a name's parts, an address's city add nothing)."""
        rows = []
        for row in self._elements(rest, container):
            words = row.partition("：")[2]
            if not all(part in head for part in words.split("、")) and row != "国：JP":
                rows.append(row)
        return rows

    def _reference(self, value: Resource, key: str, container: Resource) -> str:
        target = self.bundle.resolve(value, container)
        display = text_of(value.get("display"))
        number = self.show(value.get("identifier"), "identifier", container) if "identifier" in value else ""
        label = display or number
        if target is None:
            outside = text_of(value.get("reference"))
            return label or ("" if outside.startswith(("#", "urn:")) else outside)
        if (
            target.get("resourceType") == "Patient"
            or id(target) in self._open
            or len(self._open) > _MAX_NESTING
        ):
            return label or type_name(text_of(target.get("resourceType")))
        if id(target) in self.told:
            return "、".join(dict.fromkeys(part for part in (label, title_of(target)) if part))
        inner = "、".join(self.lines(target))
        return f"{label}（{inner}）" if label else inner


def title_of(resource: Resource) -> str:
    """The shortest words for a resource: its code, medication, name or description."""
    for key in ("code", "medicationCodeableConcept", "vaccineCode", "relationship"):
        if isinstance(resource.get(key), dict) and (text := concept_words(resource[key])):
            return text
    names = items(resource.get("name"))
    if names:
        return human_name(names[0])
    for key in ("name", "title", "description"):
        if text := text_of(resource.get(key)):
            return text
    return type_name(text_of(resource.get("resourceType")))


def summary(renderer: Renderer, resource: Resource) -> str:
    """One or few lines that stand for a resource inside a letter: what, how much, since when, remarks."""
    kind = text_of(resource.get("resourceType"))
    keys = _SUMMARY.get(kind, ("code", "description", "performedDateTime", "occurrenceDateTime", "note"))
    parts = [] if kind in _SUMMARY else [title_of(resource)]
    for key in keys:
        if key == "code":
            text = concept_words(resource.get("code"))
        elif key == "content":
            text = "\n".join(_texts(resource))
        elif key == "dosageInstruction":
            text = "、".join(text_of(row.get("text")) for row in items(resource.get(key)))
        else:
            text = renderer.show(resource.get(key), key, resource)
        if text and text not in parts:
            parts.append(f"（基準値 {text}）" if key == "referenceRange" else text)
    return " ".join(parts)


_VALUES = tuple(key for key in labels.LABELS if key.startswith("value") and len(key) > len("value"))
_SUMMARY: dict[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("code", "onsetDateTime", "onsetAge", "note"),
    "Condition": ("code", "onsetDateTime", "onsetAge", "onsetString", "note"),
    "DocumentReference": ("description", "content"),
    "Encounter": ("reasonCode",),
    "MedicationRequest": ("medicationCodeableConcept", "dosageInstruction"),
    "Observation": ("code", *_VALUES, "referenceRange", "interpretation", "component", "note"),
}


def concept_words(concept: Any) -> str:
    """The text of a CodeableConcept or its first display, without codes unless there is nothing else."""
    if not isinstance(concept, dict):
        return ""
    displays = (text_of(row.get("display")) for row in items(concept.get("coding")))
    return text_of(concept.get("text")) or next((row for row in displays if row), "") or concept_text(concept)


def _texts(resource: Resource) -> list[str]:
    """Embedded plain text of a DocumentReference."""
    found = []
    for row in items(resource.get("content")):
        attachment = row.get("attachment")
        if isinstance(attachment, dict) and text_of(attachment.get("contentType")).startswith("text/"):
            data = attachment_bytes(attachment)
            found.append(data.decode("utf-8", errors="replace") if data else "")
    return [row for row in found if row]


def human_name(name: Resource) -> str:
    """A HumanName as one string, family name first."""
    if text := text_of(name.get("text")):
        return text
    given = name.get("given")
    parts = [
        text_of(name.get("family")),
        *(text_of(row) for row in (given if isinstance(given, list) else [])),
    ]
    return " ".join(part for part in parts if part)
