"""Reads a 診療情報提供書 document Bundle, JP-CLINS or the older eReferral profile."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from renkei.exchange.formats.clins import codes, kinds
from renkei.exchange.formats.clins.content import read_content
from renkei.exchange.formats.clins.people import name_in, party, patient_card
from renkei.exchange.formats.clins.received import ReadAttachment, ReadSection, ReceivedDocument
from renkei.exchange.formats.clins.render import Renderer, attachment_bytes
from renkei.exchange.formats.clins.sections import (
    CDA,
    MANDATORY,
    PURPOSE,
    RECEIVER,
    SENDER,
    STRUCTURED,
    title_of,
)
from renkei.exchange.formats.clins.walk import Node, leftovers, nodes, read_section, tell
from renkei.fhirkit.documents import Bundle, Resource, broken_references, items, read_json, text_of
from renkei.kernel.errors import Invalid
from renkei.referrals.types import LetterDocument, Party

_BUNDLE_ID = re.compile(r"^[0-9]{10}\^[0-9]{4}\^(.{1,36})$")
_ENTERED_BY = "代行入力者"


def parse(raw: bytes) -> ReceivedDocument:
    """Read the bytes of a document Bundle; every section comes back as readable text.

    Raises ``Invalid`` with ``json.*`` codes (not readable as FHIR JSON) or ``clins.*``: ``other_kind``,
    ``no_composition``, ``two_compositions``, ``unknown_profile``, ``unknown_type``, ``broken_reference``,
    ``no_patient``, ``two_patients``, ``missing_section``, ``no_purpose``; ``field`` is the path of the element.
    """
    resource = read_json(raw)
    kinds.refuse_other(resource)
    bundle = Bundle(resource)
    composition = _composition(bundle)
    profile, version, warnings = kinds.check_profile(resource, composition)
    warnings += _references(bundle, current=codes.BUNDLE_PROFILE in (profile, ""))
    patient = _patient(bundle, composition)
    tree = nodes(bundle, composition)
    warnings += _check_sections(tree)
    renderer = Renderer(bundle)
    sections = _sections(bundle, composition, patient, tree, renderer)
    return ReceivedDocument(
        document=_document(bundle, composition, patient, tree, renderer, raw),
        sections=sections,
        sha256=hashlib.sha256(raw).hexdigest(),
        profile=profile,
        profile_version=version,
        warnings=(*warnings, *_files_elsewhere(bundle)),
        attachments=tuple(_attachments(bundle)),
    )


def _composition(bundle: Bundle) -> Resource:
    found = bundle.of_type("Composition")
    if not found:
        raise Invalid("clins.no_composition", "文書の本体（Composition）がありません。", "Bundle.entry")
    if len(found) > 1:
        raise Invalid(
            "clins.two_compositions",
            f"文書の本体（Composition）が {len(found)} つあります。1 文書ずつ送ってもらってください。",
            f"Bundle.entry[{found[1].index}]",
        )
    return found[0].resource


def _references(bundle: Bundle, *, current: bool) -> list[str]:
    """Refuses references that lead nowhere; where only an older draft did so beside the letter, it is a warning."""
    warnings = []
    for broken in broken_references(bundle):
        inside = broken.source_type == "Composition"
        local = broken.reference.startswith(("urn:", "#"))
        if (current and (inside or local)) or (inside and not broken.is_formless):
            raise Invalid(
                "clins.broken_reference",
                f"参照先のデータが文書の中にありません: {broken.path} → {broken.reference}",
                broken.path,
            )
        warnings.append(f"参照先が見つかりません: {broken.path} → {broken.reference}")
    return warnings


def _patient(bundle: Bundle, composition: Resource) -> Resource:
    found = bundle.of_type("Patient")
    if len(found) > 1:
        places = "、".join(f"Bundle.entry[{entry.index}]" for entry in found)
        raise Invalid(
            "clins.two_patients",
            f"患者（Patient）が {len(found)} 人分入っています（{places}）。取り違えを防ぐため読み込みません。",
            f"Bundle.entry[{found[1].index}]",
        )
    subject = bundle.resolve(composition.get("subject"), composition)
    if not found or subject is not found[0].resource:
        raise Invalid(
            "clins.no_patient",
            "患者（Patient）がないか、Composition.subject が患者を指していません。",
            "Composition.subject",
        )
    if not (name_in(subject, "IDE") or name_in(subject, "SYL") or name_in(subject, "ABC")):
        raise Invalid("clins.no_patient_name", "患者の氏名がありません。", "Patient.name")
    return subject


def _check_sections(tree: list[Node]) -> list[str]:
    present = {node.code for node in tree}
    mandatory = [code for code in MANDATORY if CDA not in present or code in (SENDER, RECEIVER)]
    for code in mandatory:
        if code not in present:
            inner = "" if code in (SENDER, RECEIVER) else f".section[{STRUCTURED}]"
            raise Invalid(
                "clins.no_purpose" if code == PURPOSE else "clins.missing_section",
                f"必須の「{title_of(code)}」（セクション {code}）がありません。",
                f"Composition{inner}.section[{code}]",
            )
    unknown = [node for node in tree if not title_of(node.code)]
    return [
        f"知らないセクションです: {node.path}「{node.title}」。本文はそのまま表示します。" for node in unknown
    ]


def _sections(
    bundle: Bundle, composition: Resource, patient: Resource, tree: list[Node], renderer: Renderer
) -> tuple[ReadSection, ...]:
    who = ReadSection("", "患者", "Composition.subject", "", (tell(renderer, patient),))
    told = [read_section(renderer, node) for node in tree]
    told = [row for row in told if row.narrative or row.entries]
    encounter = bundle.resolve(composition.get("encounter"), composition)
    visit = (tell(renderer, encounter),) if encounter and id(encounter) not in renderer.told else ()
    rest = [ReadSection("", "受診", "Composition.encounter", "", visit)] if visit else []
    header = tell(renderer, {key: value for key, value in composition.items() if key != "section"})
    others = tuple(leftovers(bundle, renderer))
    rest += [ReadSection("", "そのほかの情報", "Bundle.entry", "", others)] if others else []
    envelope = tell(renderer, {key: value for key, value in bundle.raw.items() if key != "entry"})
    return (who, *told, *rest, ReadSection("", "文書の情報", "Composition", "", (header, envelope)))


def _document(
    bundle: Bundle, composition: Resource, patient: Resource, tree: list[Node], renderer: Renderer, raw: bytes
) -> LetterDocument:
    content, occupation = read_content(renderer, tree)
    purposes = [node for node in tree if node.code == PURPOSE]
    if purposes and not content.purpose:
        raise Invalid("clins.no_purpose", "紹介目的（セクション 950）に内容がありません。", purposes[0].path)
    uid, number = _names(bundle.raw, composition, raw)
    concept = composition.get("type")
    title = text_of(concept.get("text")) if isinstance(concept, dict) else ""
    return LetterDocument(
        uid=uid,
        number=number,
        version=_version(composition),
        issued_at=text_of(composition.get("date")),
        sender=_party(bundle, tree, SENDER),
        receiver=_party(bundle, tree, RECEIVER),
        patient=patient_card(patient, occupation),
        content=content,
        kind_title=title or text_of(composition.get("title")) or codes.REFERRAL_TITLE,
        entered_by=_entered_by(bundle, composition),
    )


def _party(bundle: Bundle, tree: list[Node], code: str) -> Party:
    node = next(node for node in tree if node.code == code)
    found = party(bundle, node.resources, node.narrative)
    if not found.facility_name:
        raise Invalid(
            "clins.no_facility", f"{title_of(code)}（セクション {code}）に医療機関名がありません。", node.path
        )
    return found


def _names(raw: Resource, composition: Resource, content: bytes) -> tuple[str, str]:
    """``(uid, number)``: the sender's identifiers of Bundle and Composition."""
    outer = raw.get("identifier")
    value = text_of(outer.get("value")) if isinstance(outer, dict) else ""
    match = _BUNDLE_ID.match(value)
    uid = match.group(1) if match else value
    inner = composition.get("identifier")
    number = text_of(inner.get("value")) if isinstance(inner, dict) else ""
    uid = uid or number or hashlib.sha256(content).hexdigest()[:36]
    return uid, "" if number == uid else number


def _version(composition: Resource) -> int:
    for extension in items(composition.get("extension")):
        if text_of(extension.get("url")) == codes.VERSION_EXTENSION:
            match = re.match(r"[0-9]{1,9}", text_of(extension.get("valueString")))
            return int(match.group()) if match else 1
    return 1


def _entered_by(bundle: Bundle, composition: Resource) -> str:
    for author in items(composition.get("author")):
        if text_of(author.get("display")) == _ENTERED_BY:
            return name_in(bundle.resolve(author, composition) or {}, "IDE")
    return ""


def _parts(bundle: Bundle) -> Iterator[tuple[Resource, Resource]]:
    """``(DocumentReference, Attachment)`` of every content in the document."""
    for entry in bundle.of_type("DocumentReference"):
        for row in items(entry.resource.get("content")):
            attachment = row.get("attachment")
            if isinstance(attachment, dict):
                yield entry.resource, attachment


def _attachments(bundle: Bundle) -> list[ReadAttachment]:
    """Files embedded in DocumentReferences (plain text is told in the section instead)."""
    found: list[ReadAttachment] = []
    for reference, attachment in _parts(bundle):
        mime = text_of(attachment.get("contentType"))
        data = attachment_bytes(attachment)
        if data is not None and not mime.startswith("text/plain"):
            title = text_of(attachment.get("title")) or text_of(reference.get("description"))
            found.append(ReadAttachment(title or f"添付{len(found) + 1}", mime, data))
    return found


def _files_elsewhere(bundle: Bundle) -> list[str]:
    """Attachments that are only named by an address, so that nobody believes to have received them."""
    found = []
    for reference, attachment in _parts(bundle):
        url = text_of(attachment.get("url"))
        if url and not attachment.get("data"):
            title = text_of(attachment.get("title")) or text_of(reference.get("description")) or "添付"
            found.append(f"「{title}」のファイルは文書の中に入っていません（所在: {url}）。")
    return found
