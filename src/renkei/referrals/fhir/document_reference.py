"""DocumentReference and Binary: letters in every final version, replies, attachments, originals of documents taken in."""

from __future__ import annotations

import base64
import binascii
import re
from copy import copy
from dataclasses import dataclass
from typing import Any

from renkei.clients.scopes import register_scope
from renkei.fhirkit.bundles import Resource, items, text_of
from renkei.fhirkit.japan import coding, profile, without_empty
from renkei.fhirkit.server.mapping import Asked, Found, Mapping, Sort, Version, mapping_of, register
from renkei.fhirkit.server.params import token
from renkei.fhirkit.server.resources import compose
from renkei.files.store import check, fetch_as_received
from renkei.files.store import fetch as fetch_file
from renkei.gate.actor import Actor
from renkei.gate.guard import unnoted
from renkei.kernel.errors import Invalid, NotFound
from renkei.referrals import actions, queries
from renkei.referrals.fhir import paging, papers, reading, rows, words
from renkei.referrals.models import Attachment, Referral, ReferralLetter, ReplyLetter
from renkei.referrals.papers import pdf
from renkei.referrals.permissions import P
from renkei.referrals.types import REPLY_LABELS, ReplyKind
from renkei.referrals.writing.compare import files_of
from renkei.referrals.writing.files import MOST_FILES, enclosed, ever_enclosed

TYPE = "DocumentReference"
LABEL = "紹介の文書"
PDF = "application/pdf"
FHIR_JSON = "application/fhir+json"
register_scope(TYPE, "rs", P.VIEW, label=LABEL)
register_scope(TYPE, "c", P.VIEW, P.DRAFT, label=LABEL)
register_scope("Binary", "r", P.VIEW, label="文書の中身(PDF、画像など)")


def to_fhir(row: Any) -> Resource:
    """JP_DocumentReference of a row of ``papers.SOURCES``."""
    from_receiver = row.sort == papers.REPLY or getattr(row, "reply_uid", None) is not None
    house = row.receiver_uid if from_receiver else row.sender_uid
    name = row.receiver_name if from_receiver else papers.sender_name(row)
    author = {"reference": f"Organization/{house}"} if house else {}
    replaces = {"code": "replaces", "target": {"reference": f"{TYPE}/{row.before_uid}"}}
    related = [{"reference": f"ServiceRequest/{row.referral_uid}"}]
    if getattr(row, "reply_uid", None):
        related.append({"reference": f"Communication/{row.reply_uid}"})
    return without_empty(
        {
            "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{row.uid}"},
            "status": "superseded" if row.replaced_at else "current",
            "docStatus": "preliminary" if _unsent(row) else "final",
            "type": _type(row),
            "subject": {"reference": f"Patient/{row.patient_uid}"},
            "date": row.at,
            "author": [{**author, "display": " ".join(x for x in (name, _author(row)) if x)}],
            "relatesTo": [replaces] if row.before_uid else [],
            "description": getattr(row, "correction_reason", ""),
            "content": [{"attachment": without_empty(part)} for part in _parts(row)],
            "context": {"related": related},
        }
    )


def version(row: Any) -> str:
    """A final paper has the version 1; a letter gets the version 2 when a corrected one takes its place.

    The draft of a reply counts in versions below 1: what they said is written over and not kept.
    """
    if _unsent(row):
        return f"0.{row.version}"
    return "2" if row.replaced_at else "1"


def history(actor: Actor, row: Any) -> list[Version]:
    """What the paper was before a correction took its place, and what it is now."""
    mapping = mapping_of(TYPE)
    assert mapping is not None
    kept = [Version(version(row), row.filed_at, compose(mapping, row), "PUT" if row.replaced_at else "POST")]
    if row.replaced_at:
        past = copy(row)
        past.replaced_at, past.filed_at = None, row.at
        kept.append(Version(version(past), past.filed_at, compose(mapping, past), "POST"))
    return kept


def _unsent(row: Any) -> bool:
    return isinstance(row, ReplyLetter) and row.sent_at is None


def _author(row: Any) -> str:
    if isinstance(row, ReferralLetter):
        return row.finalised_by
    return row.author if isinstance(row, ReplyLetter) else ""


def _type(row: Any) -> Resource:
    if isinstance(row, ReferralLetter):
        return {
            **coding(words.DOCUMENT_TYPES, words.REFERRAL_NOTE, "診療情報提供書"),
            "text": "診療情報提供書",
        }
    if isinstance(row, ReplyLetter):
        own = words.reply_concept(row.kind)
        note = {"system": words.LOINC, "code": words.CONSULT_NOTE, "display": "Consult note"}
        return {"coding": [note, *own["coding"]], "text": own["text"]}
    return {"text": "添付"}


def _parts(row: Any) -> list[Resource]:
    if isinstance(row, Attachment):
        media, url = row.media_type, f"Binary/attachment-{row.uid}"
        return [
            {"contentType": media, "url": url, "size": row.size, "title": row.name, "creation": row.added_at}
        ]
    if isinstance(row, ReplyLetter):
        label = REPLY_LABELS[ReplyKind(row.kind)]
        return [{"contentType": PDF, "url": f"Binary/reply-{row.uid}", "title": f"{label}.pdf"}]
    found = [
        {"contentType": PDF, "url": f"Binary/letter-{row.uid}", "title": f"紹介状_第{row.number}版.pdf"},
        {"contentType": FHIR_JSON, "url": f"Bundle/{row.uid}", "title": "診療情報提供書(JP-CLINS)"},
    ]
    if row.original_sha256:
        found.append({"url": f"Binary/original-{row.uid}", "title": "受け取った原本"})
    return found


@dataclass(frozen=True)
class FileCommand:
    """A file to be attached; ``related`` names the draft that it goes with."""

    name: str
    data: bytes
    related: list[Resource]


def from_fhir(resource: Resource) -> FileCommand:
    """The one file of a DocumentReference. Raises ``Invalid`` naming the element."""
    reading.refuse_modifiers(resource)
    if text_of(resource.get("status")) != "current":
        raise Invalid("document_status", "status は current です。", f"{TYPE}.status")
    contents = items(resource.get("content"))
    place = f"{TYPE}.content[0].attachment"
    if len(contents) != 1 or not isinstance(contents[0].get("attachment"), dict):
        raise Invalid("one_content", "content は1つ、attachment を付けてください。", f"{TYPE}.content")
    found = contents[0]["attachment"]
    name = text_of(found.get("title")).strip()
    if not name:
        raise Invalid("file_name", "ファイル名(title)が必要です。", f"{place}.title")
    try:
        data = base64.b64decode("".join(text_of(found.get("data")).split()), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("file_base64", "data は base64 で送ってください。", f"{place}.data") from None
    context = resource.get("context")
    return FileCommand(name, data, items(context.get("related")) if isinstance(context, dict) else [])


def create(actor: Actor, command: FileCommand) -> Attachment:
    """Attach to the draft of a letter, or of a reply (``context.related`` names its Communication)."""
    place = f"{TYPE}.context.related"
    kinds = {reading.local(r)[0]: r for r in command.related}
    if "Communication" in kinds:
        reply = rows.one_of((rows.replies,), actor, reading.local(kinds["Communication"])[1])
        if reply is None:
            raise Invalid(
                "reply_unknown", "返書が見つかりません。Communication/ID の形で参照してください。", place
            )
        referral = queries.one(actor, reply.referral_uid)
    else:
        reply, referral = None, reading.referral_of(actor, kinds.get("ServiceRequest"), place)
    if len(enclosed(actor, referral, reply)) >= MOST_FILES:
        raise Invalid("too_many_files", f"添付は{MOST_FILES}個までです。", f"{TYPE}.content")
    return actions.attach(actor, referral, checked=check(command.name, command.data), reply=reply)


def _fetch(actor: Actor, identity: str) -> Any | None:
    return rows.one_of(papers.SOURCES, actor, identity)


def _find(actor: Actor, asked: Asked) -> Found:
    return paging.find_in(papers.SOURCES, PARAMS, actor, asked)


PARAMS = (
    *papers.common(dates="date", touched="filed_at"),
    papers.request("related"),
    token(
        "type",
        "sort",
        doc=f"{papers.LETTER}(紹介状)、{papers.REPLY}(返書)、{papers.FILE}(添付)",
        modifiers=(),
    ),
)
register(
    Mapping(
        resource_type=TYPE,
        says=LABEL,
        doc="確定した紹介状の各版、返書、添付、受け取った原本。中身は content の Binary または Bundle で読みます。"
        "登録すると、下書きの紹介状(context.related に ServiceRequest)か返書(同 Communication)の添付になります。"
        "過去の版は、訂正版に替わる前の姿を残しています。返書の下書きの途中の版は残しません。",
        profile=profile("JP_DocumentReference"),
        reads=P.VIEW,
        to_fhir=to_fhir,
        version=version,
        updated="filed_at",
        history=history,
        params=PARAMS,
        sorts=(Sort("date", "at"),),
        fetch=_fetch,
        find=_find,
        from_fhir=from_fhir,
        create=create,
        elements={"file": f"{TYPE}.content[0].attachment.data"},
    )
)

_BINARY = re.compile(r"(letter|reply|attachment|original)-([0-9a-f-]{36})")


@dataclass(frozen=True)
class Content:
    """Bytes of a paper; ``row`` is the paper's own row, for the read entry."""

    identity: str
    media_type: str
    data: bytes
    row: Any


def _content(actor: Actor, identity: str) -> Any | None:
    """The paper's row with ``content_is`` set."""
    found = _BINARY.fullmatch(identity)
    if found is None:
        return None
    sort, uid = found.groups()
    sources = {"letter": papers.letters, "original": papers.letters, "reply": papers.replies}
    row = rows.one_of((sources.get(sort, papers.attachments),), actor, uid)
    if row is None:
        return None
    with unnoted():
        try:
            media_type, data = _READ[sort](actor, row)
        except NotFound:
            return None
    row.content_is = Content(identity, media_type, data, row)
    return row


def _letter(actor: Actor, row: Any) -> tuple[str, bytes]:
    referral: Referral = queries.one(actor, row.referral_uid)
    versions = [x for x in queries.whole(actor, referral).letters if x.finalised_at]
    place = [x.pk for x in versions].index(row.pk)
    files = files_of(versions, place, ever_enclosed(actor, referral))
    return PDF, pdf.letter_pdf(referral, versions[place], files)


def _reply(actor: Actor, row: Any) -> tuple[str, bytes]:
    referral = queries.one(actor, row.referral_uid)
    return PDF, pdf.reply_pdf(referral, row, enclosed(actor, referral, row))


def _attachment(actor: Actor, row: Any) -> tuple[str, bytes]:
    return row.media_type, bytes(fetch_file(actor, row.file_uid).content)


def _original(actor: Actor, row: Any) -> tuple[str, bytes]:
    if not row.original_sha256:
        raise NotFound("no_original", "この紹介状は文書として届いたものではありません。")
    kept = fetch_as_received(actor, row.circle_id, row.original_sha256)
    return kept.media_type, bytes(kept.content)


_READ = {"letter": _letter, "reply": _reply, "attachment": _attachment, "original": _original}


def _binary(row: Any) -> Resource:
    found: Content = row.content_is
    return {
        "contentType": found.media_type,
        "securityContext": {"reference": f"{TYPE}/{row.uid}"},
        "data": base64.b64encode(found.data).decode("ascii"),
    }


register(
    Mapping(
        resource_type="Binary",
        says="紹介の文書の中身",
        doc="Accept に中身の形式(application/pdf など)を書くとそのまま、JSON を書くと base64 で返します。",
        reads=P.VIEW,
        read_id=lambda text: text if _BINARY.fullmatch(text) else None,
        identity=lambda row: str(row.content_is.identity),
        to_fhir=_binary,
        fetch=_content,
        searchable=False,
        raw=lambda actor, row: (row.content_is.media_type, row.content_is.data),
    )
)
