"""A referral by API: the draft, its number, its signature and its sending, by the same actions as the pages.

確定 is a physician's act (規則 A.3, 真正性). An app that a physician let in signs and sends in one go; a system has no
licence, so what it sends as ``active`` waits on the physician's list (医師に確定を依頼).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from renkei.circles.queries import basis_of
from renkei.fhirkit.bundles import Resource, items, text_of
from renkei.gate.actor import Actor
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.patients.models import Patient
from renkei.referrals import actions, queries
from renkei.referrals.fhir import reading, words
from renkei.referrals.models import Referral
from renkei.referrals.registry import all_kinds
from renkei.referrals.types import Diagnosis, LetterContent, State, Urgency
from renkei.referrals.writing.queries import last_move

TYPE = "ServiceRequest"
ICD10 = "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full"
SUSPECTED = "の疑い"
ELEMENTS = {
    "purpose": f"{TYPE}.code.text",
    "diagnoses": f"{TYPE}.reasonCode",
    "receiver": f"{TYPE}.performer",
    "receiver_name": f"{TYPE}.performer",
    "receiver_department": f"{TYPE}.performerType",
    "receiver_physician": f"{TYPE}.performer",
    "basis": f"{TYPE}.subject",
    "order_number": f"{TYPE}.identifier",
    **dict.fromkeys(words.PARTS, f"{TYPE}.note"),
}
"""Fields of the module's errors → elements."""


@dataclass(frozen=True)
class OrderCommand:
    """What a ServiceRequest says; references stay as they were written until somebody acts."""

    status: str
    kind: str
    urgency: Urgency
    content: LetterContent
    subject: Any
    requester: Any
    performers: list[Resource]
    department: str
    wish_from: date | None
    wish_until: date | None
    numbers: list[tuple[str, str]] = field(default_factory=list)


def from_fhir(resource: Resource) -> OrderCommand:
    """Plain values of a ServiceRequest. Raises ``Invalid`` naming the element."""
    reading.refuse_modifiers(resource)
    status = text_of(resource.get("status"))
    if status not in ("draft", "active"):
        raise Invalid(
            "status_written",
            "登録と更新では status は draft か active です。その他は Task で動かします。",
            f"{TYPE}.status",
        )
    if text_of(resource.get("intent")) not in ("order", "proposal", "plan", "original-order"):
        raise Invalid("intent", "intent は order です。", f"{TYPE}.intent")
    priority = text_of(resource.get("priority")) or "routine"
    if priority not in words.URGENCY:
        raise Invalid(
            "priority", "priority は routine、urgent、asap、stat のいずれかです。", f"{TYPE}.priority"
        )
    wished = resource.get("occurrencePeriod")
    period = wished if isinstance(wished, dict) else {}
    return OrderCommand(
        status=status,
        kind=_kind(resource),
        urgency=words.URGENCY[priority],
        content=_content(resource),
        subject=resource.get("subject"),
        requester=resource.get("requester"),
        performers=items(resource.get("performer")),
        department=reading.words(resource.get("performerType")),
        wish_from=reading.day(period.get("start"), f"{TYPE}.occurrencePeriod.start"),
        wish_until=reading.day(period.get("end"), f"{TYPE}.occurrencePeriod.end"),
        numbers=_numbers(resource),
    )


def _kind(resource: Resource) -> str:
    told = reading.codes(resource.get("code"), words.KIND) + reading.codes(
        resource.get("category"), words.KIND
    )
    known = {kind.key for kind in all_kinds() if not kind.answers_kind}
    if told and told[0] not in known:
        raise Invalid(
            "kind",
            f"この種類は API では登録できません。使えるのは {'、'.join(sorted(known))} です。",
            f"{TYPE}.code",
        )
    return told[0] if told else "referral"


def _numbers(resource: Resource) -> list[tuple[str, str]]:
    found = []
    for index, row in enumerate(items(resource.get("identifier"))):
        system, value = text_of(row.get("system")).strip(), text_of(row.get("value")).strip()
        if system == words.NUMBER:
            continue  # our own number comes back when a resource that was read is written
        if not system or not value:
            raise Invalid(
                "order_number_empty",
                "identifier には system と value が必要です。",
                f"{TYPE}.identifier[{index}]",
            )
        found.append((system, value))
    return list(dict.fromkeys(found))


def _content(resource: Resource) -> LetterContent:
    parts: dict[str, Any] = {}
    for index, note in enumerate(items(resource.get("note"))):
        marks = [
            text_of(e.get("valueCode")) for e in items(note.get("extension")) if e.get("url") == words.PART
        ]
        name = marks[0] if marks else words.PLAIN_PART
        if name not in words.PARTS:
            raise Invalid(
                "part",
                f"様式11の欄「{name[:40]}」はありません。",
                f"{TYPE}.note[{index}].extension.valueCode",
            )
        text = text_of(note.get("text"))
        parts[name] = f"{parts[name]}\n{text}" if name in parts else text
    code = resource.get("code")
    purpose = text_of(code.get("text")).strip() if isinstance(code, dict) else ""
    return LetterContent(purpose=purpose, diagnoses=_diagnoses(resource), **parts)


def _diagnoses(resource: Resource) -> tuple[Diagnosis, ...]:
    found = []
    for index, concept in enumerate(items(resource.get("reasonCode"))):
        text = reading.words(concept)
        if not text:
            raise Invalid(
                "diagnosis_text",
                "傷病名には text か display が必要です。",
                f"{TYPE}.reasonCode[{index}].text",
            )
        icd = reading.codes(concept, ICD10)
        others = [
            r for r in items(concept.get("coding")) if r.get("system") != ICD10 and text_of(r.get("code"))
        ]
        found.append(
            Diagnosis(
                text=text.removesuffix(SUSPECTED),
                code=text_of(others[0].get("code")) if others else "",
                code_system=text_of(others[0].get("system")) if others else "",
                icd10=icd[0] if icd else "",
                suspected=text.endswith(SUSPECTED) and text != SUSPECTED,
            )
        )
    return tuple(found)


def create(actor: Actor, command: OrderCommand) -> Referral:
    """The draft; with ``active`` also the way to the receiver as far as the actor may go it."""
    patient = reading.patient_of(actor, command.subject, f"{TYPE}.subject")
    if patient.facility_id != actor.facility_id:
        raise Invalid(
            "not_own_patient", "自施設の患者(Patient)として登録してから紹介してください。", f"{TYPE}.subject"
        )
    physician = reading.physician_of(actor, command.requester, f"{TYPE}.requester")
    written = _words(actor, patient, command)
    drafted = actions.draft(actor, patient, kind=command.kind, numbers=command.numbers, **written)
    return _on_its_way(actor, drafted, command, physician)


def update(actor: Actor, row: Referral, command: OrderCommand) -> Referral:
    """Write a draft anew; a sent letter is corrected by a physician on the page (訂正版)."""
    if row.sender_id != actor.facility_id or row.state != State.DRAFT:
        raise NotPossibleNow(
            "already_final",
            "送信済みの紹介は書き換えられません。訂正版は画面で医師が発行し、動きは Task で送ります。",
        )
    patient = reading.patient_of(actor, command.subject, f"{TYPE}.subject")
    if patient.pk != row.patient_id:
        raise Invalid(
            "other_patient", "患者は変えられません。別の紹介として登録してください。", f"{TYPE}.subject"
        )
    physician = reading.physician_of(actor, command.requester, f"{TYPE}.requester")
    kept = {"sender_department": row.sender_department, "wish": row.wish}
    saved = actions.write(actor, row, **_words(actor, patient, command), **kept)
    return _on_its_way(actor, saved, command, physician)


def _words(actor: Actor, patient: Patient, command: OrderCommand) -> dict[str, Any]:
    """What the command writes into the letter."""
    facility, name, person = _addressee(command)
    return {
        "content": command.content,
        "receiver": facility,
        "receiver_name": name,
        "receiver_department": command.department,
        "receiver_physician": person,
        "urgency": command.urgency,
        "basis": basis_of(actor, patient),
        "wish_from": command.wish_from,
        "wish_until": command.wish_until,
    }


def _on_its_way(actor: Actor, saved: Referral, command: OrderCommand, physician: tuple[int, str]) -> Referral:
    if physician[0]:
        saved = actions.name_physician(actor, saved, person_id=physician[0], name=physician[1])
    return submit(actor, saved) if command.status == "active" else saved


def _addressee(command: OrderCommand) -> tuple[Any, str, str]:
    """Facility, name of one that is not on the list, physician."""
    facility, texts = None, []
    for index, reference in enumerate(command.performers):
        element = f"{TYPE}.performer[{index}]"
        found = reading.facility_of(reference, element)
        if found is not None and facility is not None:
            raise Invalid("two_receivers", "紹介先は1つです。施設ごとに登録してください。", element)
        facility = found or facility
        if found is None and (shown := reading.display(reference)):
            texts.append(shown)
    if facility is not None:
        return facility, "", texts[0] if texts else ""
    return None, texts[0] if texts else "", texts[1] if len(texts) > 1 else ""


def may_sign(actor: Actor, referral: Referral) -> bool:
    """Whether the person behind the token is a physician, and the one that is named if somebody is."""
    named = referral.sender_physician_id
    return bool(actor.roles & reading.PHYSICIANS) and named in (0, actor.person_id)


def submit(actor: Actor, referral: Referral) -> Referral:
    """On its way: sent if it is signed or may be signed now, else put before the physician; asked twice it waits once."""
    if referral.state != State.DRAFT:
        return referral
    letters = queries.whole(actor, referral).letters
    if letters and letters[-1].finalised_at:
        return actions.send(actor, referral)
    if may_sign(actor, referral):
        return actions.finalise_and_send(actor, referral)
    last = last_move(actor, referral)
    if last is not None and last.name == actions.ASKED:
        return referral
    return actions.ask_finalise(actor, referral)
