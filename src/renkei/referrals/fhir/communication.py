"""Communication: lines between the two sides, and replies (返書) of five kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from renkei.clients.scopes import register_scope
from renkei.fhirkit.bundles import Resource, items, text_of
from renkei.fhirkit.japan import coding, without_empty
from renkei.fhirkit.server.mapping import Asked, Found, Mapping, Param, Sort, register
from renkei.fhirkit.server.params import reference
from renkei.fhirkit.server.values import Kind, Ref, Token, read_uuid
from renkei.gate.actor import Actor
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.referrals import actions, queries
from renkei.referrals.fhir import paging, papers, reading, rows, words
from renkei.referrals.models import Message, Referral, ReplyLetter
from renkei.referrals.permissions import P
from renkei.referrals.types import ReplyKind

TYPE = "Communication"
LABEL = "連絡と返書"
MODES = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
PHONE = "PHONE"
SOURCES: tuple[rows.Rows, ...] = (rows.messages, rows.replies)
register_scope(TYPE, "rs", P.VIEW, label=LABEL)
register_scope(TYPE, "cu", P.VIEW, P.MESSAGE, P.DRAFT_REPLY, P.REPLY, label=LABEL)


def to_fhir(row: Any) -> Resource:
    """Communication of a row of ``SOURCES``."""
    reply = isinstance(row, ReplyLetter)
    from_sender = row.facility_id == row.sender_key
    ours, theirs = (row.sender_uid, row.receiver_uid) if from_sender else (row.receiver_uid, row.sender_uid)
    author = (row.author or row.entered_by) if reply else row.person
    return without_empty(
        {
            "basedOn": [{"reference": f"ServiceRequest/{row.referral_uid}"}],
            "partOf": [{"reference": f"Task/{row.referral_uid}"}],
            "status": "preparation" if reply and row.sent_at is None else "completed",
            "category": [words.reply_concept(row.kind) if reply else _line(row)],
            "medium": [coding(MODES, PHONE)] if not reply and row.by_telephone else [],
            "subject": {"reference": f"Patient/{row.patient_uid}"},
            "sent": row.sent_at,
            "received": row.first_read_at if reply else None,
            "recipient": [{"reference": f"Organization/{theirs}"}] if theirs else [],
            "sender": without_empty(
                {"reference": f"Organization/{ours}" if ours else None, "display": author}
            ),
            "payload": _reply_parts(row) if reply else [{"contentString": row.text}],
        }
    )


def _line(row: Any) -> Resource:
    word = ("telephone", "電話の記録") if row.by_telephone else ("message", "連絡")
    return {**coding(words.MESSAGE, *word), "text": word[1]}


def _reply_parts(row: Any) -> list[Resource]:
    """The text, then the plan and the prescriptions with their marks, then the paper itself."""
    texts = (("", row.text), ("plan", row.plan), ("prescriptions", row.prescriptions))
    found: list[Resource] = [
        {**({"extension": [{"url": words.PART, "valueCode": part}]} if part else {}), "contentString": text}
        for part, text in texts
        if text.strip()
    ]
    return [*found, {"contentReference": {"reference": f"DocumentReference/{row.uid}"}}]


@dataclass(frozen=True)
class WordsCommand:
    """What a Communication says; ``kind`` is a kind of reply or empty for a line, ``received`` that it was read."""

    kind: str
    finished: bool
    texts: dict[str, str]
    by_telephone: bool
    about: Any
    received: bool = False


def from_fhir(resource: Resource) -> WordsCommand:
    """Plain values of a Communication. Raises ``Invalid`` naming the element."""
    reading.refuse_modifiers(resource)
    status = text_of(resource.get("status"))
    if status not in ("completed", "preparation"):
        raise Invalid("communication_status", "status は completed か preparation です。", f"{TYPE}.status")
    kinds = reading.codes(resource.get("category"), words.REPLY)
    if kinds and kinds[0] not in set(ReplyKind):
        raise Invalid("reply_kind", f"返書の種類は {'、'.join(ReplyKind)} です。", f"{TYPE}.category")
    if not kinds and status != "completed":
        raise Invalid("line_status", "連絡の status は completed です。", f"{TYPE}.status")
    places = [*items(resource.get("basedOn")), *items(resource.get("partOf")), *items(resource.get("about"))]
    return WordsCommand(
        kind=kinds[0] if kinds else "",
        finished=status == "completed",
        texts=_texts(resource),
        by_telephone=PHONE in reading.codes(resource.get("medium"), MODES),
        about=next((p for p in places if reading.local(p)[0] in ("ServiceRequest", "Task")), None),
        received=bool(text_of(resource.get("received"))),
    )


def _texts(resource: Resource) -> dict[str, str]:
    found: dict[str, str] = {"text": "", "plan": "", "prescriptions": ""}
    for index, payload in enumerate(items(resource.get("payload"))):
        if "contentAttachment" in payload:
            raise Invalid(
                "payload_file",
                "ファイルは DocumentReference で添付してください。",
                f"{TYPE}.payload[{index}]",
            )
        marks = [
            text_of(e.get("valueCode")) for e in items(payload.get("extension")) if e.get("url") == words.PART
        ]
        name = marks[0] if marks else "text"
        if name not in found:
            raise Invalid(
                "part", f"返書の欄「{name[:40]}」はありません。", f"{TYPE}.payload[{index}].extension"
            )
        text = text_of(payload.get("contentString"))
        found[name] = "\n".join(x for x in (found[name], text) if x)
    return found


def create(actor: Actor, command: WordsCommand) -> Message | ReplyLetter:
    """A line to the other side, or a reply: sent if it may be, else a draft for the physician."""
    referral = reading.referral_of(actor, command.about, f"{TYPE}.basedOn")
    if not command.kind:
        return actions.post_message(
            actor, referral, text=command.texts["text"], by_telephone=command.by_telephone
        )
    return _written(actor, referral, command, None)


def update(actor: Actor, row: Any, command: WordsCommand) -> ReplyLetter:
    """A draft of a reply anew, or its sending; the sender's side says by ``received`` that somebody read a reply."""
    if not isinstance(row, ReplyLetter):
        raise NotPossibleNow("line_stays", "送った連絡は書き換えられません。新しい連絡を送ってください。")
    referral = queries.one(actor, row.referral.uid)
    if row.sent_at is not None and command.received and referral.sender_id == actor.facility_id:
        return actions.read_reply(actor, referral, reply=row)
    return _written(actor, referral, command, row)


def _written(
    actor: Actor, referral: Referral, command: WordsCommand, known: ReplyLetter | None
) -> ReplyLetter:
    reply = actions.write_reply(
        actor, referral, kind=command.kind or (known.kind if known else ""), reply=known, **command.texts
    )
    if not command.finished or not (
        reply.kind == ReplyKind.ARRIVAL_NOTICE or actor.roles & reading.PHYSICIANS
    ):
        return reply
    return actions.send_reply(actor, queries.one(actor, referral.uid), reply=reply)


def _by_house(ours: bool) -> Any:
    """Sender or recipient: the two parties of the referral, by which of them wrote."""

    def where(actor: Actor, values: Sequence[Ref]) -> Q:
        uids = [uid for value in values if (uid := read_uuid(value.id))]
        wrote, answered = Q(facility_id=F("referral__sender_id")), Q(facility_id=F("referral__receiver_id"))
        if not ours:
            wrote, answered = answered, wrote
        return (wrote & Q(referral__sender__uid__in=uids)) | (answered & Q(referral__receiver__uid__in=uids))

    return where


def _houses(ours: bool) -> Any:
    def points_to(row: Any) -> list[str]:
        from_sender = row.facility_id == row.sender_key
        uid = row.sender_uid if from_sender == ours else row.receiver_uid
        return [f"Organization/{uid}"] if uid else []

    return points_to


def _party(name: str, doc: str) -> Param:
    ours = name == "sender"
    return Param(
        name=name,
        kind=Kind.REFERENCE,
        where=_by_house(ours),
        targets=("Organization",),
        points_to=_houses(ours),
        doc=doc,
    )


def _by_category(actor: Actor, values: Sequence[Token]) -> Q:
    kinds = [v.code for v in values if v.fits(words.REPLY) and v.code in set(ReplyKind)]
    lines = any(v.fits(words.MESSAGE) and v.code in ("message", "telephone") for v in values)
    return Q(reply_kind__in=[*kinds, *([""] if lines else [])])


def _of_task(row: Any) -> list[str]:
    return [f"Task/{row.referral_uid}"]


PARAMS = (
    *papers.common(dates="sent", touched="touched_at"),
    papers.request("based-on"),
    reference("part-of", "referral__uid", ("Task",), points_to=_of_task, doc="紹介の進み具合"),
    Param(name="category", kind=Kind.TOKEN, where=_by_category, doc="返書の種類、または message"),
    _party("sender", "書いた施設"),
    _party("recipient", "相手の施設"),
)


def _fetch(actor: Actor, identity: str) -> Any | None:
    return rows.one_of(SOURCES, actor, identity)


def _find(actor: Actor, asked: Asked) -> Found:
    return paging.find_in(SOURCES, PARAMS, actor, asked)


register(
    Mapping(
        resource_type=TYPE,
        says=LABEL,
        doc="紹介についての連絡と返書。category に返書の種類を書くと返書になり、来院報告のほかは医師だけが送信できます"
        "(システムでは下書きになります)。",
        reads=P.VIEW,
        to_fhir=to_fhir,
        version=lambda row: str(row.version),
        updated="touched_at",
        params=PARAMS,
        sorts=(Sort("sent", "at"),),
        fetch=_fetch,
        find=_find,
        from_fhir=from_fhir,
        create=create,
        update=update,
        elements={
            "text": f"{TYPE}.payload",
            "plan": f"{TYPE}.payload",
            "prescriptions": f"{TYPE}.payload",
            "kind": f"{TYPE}.category",
        },
    )
)
