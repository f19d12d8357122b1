"""Write a letter: on behalf (代行入力), autosaved, finalised by the physician (確定), sent, corrected, recalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any, TypeVar

from django.db import connection
from django.db.models import QuerySet

from renkei.accounts.queries import name_of
from renkei.circles.actions import let_in, let_out, open_circle
from renkei.circles.types import Basis, Source
from renkei.directory.models import Facility
from renkei.directory.profiles.queries import suspension
from renkei.gate.actions import action
from renkei.gate.actor import Actor, Kind, current
from renkei.gate.compiled import fetch
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.identifiers import referral_number
from renkei.kernel.roles import Role
from renkei.kernel.text import clean_note, shorten
from renkei.patients.models import Patient
from renkei.referrals.actions._numbering import keep_numbers
from renkei.referrals.actions._queueing import put_into_print_queue
from renkei.referrals.actions._steps import party_of, place_of, step
from renkei.referrals.models import Referral, ReferralLetter
from renkei.referrals.permissions import P
from renkei.referrals.printing import printed_parties
from renkei.referrals.registry import kind_of
from renkei.referrals.types import Diagnosis, LetterContent, Prescription, State, Urgency

Line = TypeVar("Line", Diagnosis, Prescription)

NOTE_LIMIT = 20_000
LINE_LIMIT = 200
HEADER = {
    "receiver_department": 60,
    "receiver_physician": 80,
    "sender_department": 60,
    "wish": 200,
    "basis_note": 200,
}
SIGNING_ROLES = {Role.PHYSICIAN, Role.DENTIST}


def next_number() -> str:
    """``R-2026-003214``: the year and a sequence that never repeats."""
    ((turn,),) = connection.run_prepared("SELECT nextval('referrals_number')", ())  # type: ignore[attr-defined]
    return referral_number(clock.today().year, int(turn))


@action(P.DRAFT, says="紹介状の下書きを作成")
def draft(
    actor: Actor,
    patient: Patient,
    *,
    kind: str = "referral",
    answers: Referral | None = None,
    numbers: Sequence[tuple[str, str]] = (),
    **written: Any,
) -> Referral:
    """A draft about ``patient``, a row of the actor's own facility; only this facility sees it until it is sent.

    ``numbers``: the sender's own for it, as ``(system, value)``. ``written``: what stands in it from the beginning, as
    :func:`write` takes it. Raises ``NotAllowed`` for another facility's patient row, ``NotPossibleNow`` on
    ``order_number`` for a known number, and what ``write`` raises.
    """
    if patient.facility_id != actor.facility_id:
        raise NotAllowed("not_own_patient", "自施設の患者として登録してから紹介状を作成してください。")
    chosen = kind_of(kind)
    referral, letter = _begun(actor, patient, chosen.key)
    referral.answers = answers
    if written:
        _fill(actor, referral, letter, **written)
    referral.save()
    letter.referral = referral
    letter.save()
    keep_numbers(actor, referral, numbers)
    say(f"{actor.label}が{chosen.label}状の下書きを始めました")
    return referral


def _begun(actor: Actor, patient: Patient, kind: str) -> tuple[Referral, ReferralLetter]:
    """Both rows, in a circle of their own, still to be saved."""
    circle = open_circle(actor, patient, purpose=f"referral:{kind}")
    signer = actor if actor.roles & SIGNING_ROLES else None
    referral = Referral(
        circle=circle,
        patient=patient,
        kind=kind,
        number=next_number(),
        sender_id=actor.facility_id,
        sender_physician_id=signer.person_id if signer else 0,
        sender_physician=_name(signer) if signer else "",
        entered_by_id=actor.person_id,
        entered_by=actor.label,
        created_at=clock.now(),
        moved_at=clock.now(),
    )
    letter = ReferralLetter(
        circle=circle,
        patient=patient,
        content=LetterContent().to_json(),
        entered_by_id=actor.person_id,
        entered_by=actor.label,
    )
    return referral, letter


def _name(actor: Actor) -> str:
    """As printed: the person's name; an app's name has no place on a letter."""
    if actor.kind is Kind.CLIENT and (own := name_of(actor)):
        return own
    return actor.label.split(" ", 1)[1] if " " in actor.label else actor.label


def current_letter(referral: Referral) -> ReferralLetter:
    """The newest version of the letter; the caller holds the gate."""
    letter: ReferralLetter = fetch(current(), "newest letter", _newest, referral.pk)[0]
    return letter


def _newest(somebody: Actor, referral_id: int) -> QuerySet[ReferralLetter]:
    return ReferralLetter._base_manager.filter(referral_id=referral_id).order_by("-number")[:1]


@action(P.DRAFT, says="紹介状の下書きを保存")
def write(actor: Actor, referral: Referral, **written: Any) -> Referral:
    """Save the whole draft (autosave and the save key alike). Raises ``NotPossibleNow`` once it was finalised.

    ``written``: content, receiver or receiver_name, urgency, basis, wish_from, wish_until and the lines of ``HEADER``.
    """
    letter = current_letter(referral)
    if referral.state != State.DRAFT or letter.finalised_at:
        raise NotPossibleNow(
            "already_final", "確定済みの紹介状は書き換えられません。訂正版を作成してください。"
        )
    if _fill(actor, referral, letter, **written):
        letter.save()
    referral.save()
    return referral


def _fill(
    actor: Actor,
    referral: Referral,
    letter: ReferralLetter,
    *,
    content: LetterContent | None = None,
    receiver: Facility | None = None,
    receiver_name: str = "",
    urgency: str | None = None,
    basis: str | None = None,
    wish_from: date | None = None,
    wish_until: date | None = None,
    **header: Any,
) -> bool:
    """Put what was written into both rows; whether the letter's changed. Raises ``Invalid`` naming the field."""
    referral.receiver = receiver
    referral.receiver_name = receiver.name if receiver else clean_note(receiver_name, 120, "receiver_name")
    referral.urgency = Urgency(urgency or referral.urgency)
    referral.basis = Basis(basis or referral.basis)
    referral.wish_from, referral.wish_until = wish_from, wish_until
    for name, limit in HEADER.items():
        setattr(referral, name, clean_note(str(header.get(name) or ""), limit, name))
    if content is None:
        return False
    letter.content = checked(content).to_json()
    letter.entered_by_id, letter.entered_by = actor.person_id, actor.label
    letter.saved_at = clock.now()
    summarise(referral, content)
    return True


def checked(content: LetterContent) -> LetterContent:
    """The content with every text cleaned; raises ``Invalid`` naming the field."""
    texts = {
        f.name: clean_note(getattr(content, f.name), NOTE_LIMIT, f.name, allow_gaiji=False)
        for f in fields(content)
        if isinstance(getattr(content, f.name), str)
    }
    return LetterContent(
        **texts,
        diagnoses=tuple(_checked_line(d, "diagnoses") for d in content.diagnoses if d.text.strip()),
        prescriptions=tuple(
            _checked_line(p, "prescriptions")
            for p in content.prescriptions
            if f"{p.name}{p.usage}{p.amount}".strip()
        ),
        extra_sections=content.extra_sections,
    )


def _checked_line(line: Line, field: str) -> Line:
    """A line of 傷病名 or 処方 with every text cleaned like a note; outer blanks go."""
    texts: dict[str, Any] = {
        f.name: clean_note(value, LINE_LIMIT, field).strip()
        for f in fields(line)
        if isinstance(value := getattr(line, f.name), str)
    }
    return replace(line, **texts)


def summarise(referral: Referral, content: LetterContent) -> None:
    """Purpose and diagnosis as the lists show them."""
    referral.purpose = shorten(" ".join(content.purpose.split()), 200)
    referral.diagnosis = shorten("、".join(d.text for d in content.diagnoses), 200)


def _facts(referral: Referral, letter: ReferralLetter) -> dict[str, Any]:
    content = letter.read_content()
    return {
        "purpose": content.purpose,
        "diagnoses": content.diagnoses,
        "receiver": referral.receiver_id or referral.receiver_name,
        "basis": referral.basis,
        "electronic": referral.electronic,
        "finalised": letter.finalised_at is not None,
    }


def check_complete(referral: Referral, letter: ReferralLetter) -> None:
    """Raise ``Invalid`` for the first thing that sending would miss: purpose, diagnosis, receiver."""
    move = kind_of(referral.kind).workflow["send"]
    facts = {**_facts(referral, letter), "finalised": True, "electronic": False}
    for guard in move.needs:
        if problem := guard(facts):
            raise Invalid(guard.__name__, problem, getattr(guard, "field", ""))


@action(P.FINALISE, says="紹介状を確定")
def finalise(actor: Actor, referral: Referral) -> ReferralLetter:
    """確定 by a physician or dentist: from now on the database refuses any change of this version (rules I.1)."""
    if not actor.roles & SIGNING_ROLES:
        raise NotAllowed("not_a_physician", "紹介状を確定できるのは医師・歯科医師だけです。")
    letter = current_letter(referral)
    if letter.finalised_at:
        raise NotPossibleNow("already_final", "この紹介状はすでに確定されています。")
    check_complete(referral, letter)
    referral.sender_physician_id, referral.sender_physician = actor.person_id, _name(actor)
    referral.save()
    letter.printed = printed_parties(actor, referral)
    letter.finalised_by_id, letter.finalised_by = actor.person_id, actor.label
    letter.finalised_at = clock.now()
    letter.save()
    behalf = f"(代行入力: {letter.entered_by})" if letter.entered_by_id != actor.person_id else ""
    say(f"{actor.label}が紹介状を確定しました{behalf}")
    return letter


@action(P.SEND, says="紹介状を送信")
def send(actor: Actor, referral: Referral, *, electronic: bool | None = None) -> Referral:
    """Send the finalised letter: the receiver enters the circle. On paper nobody enters, the letter is printed."""
    letter = current_letter(referral)
    receiver = referral.receiver
    reachable = receiver is not None and receiver.uses_renkei
    referral.electronic = reachable if electronic is None else electronic and reachable
    if receiver is not None and not receiver.is_open():
        raise Invalid(
            "receiver_closed", f"{receiver.name}は閉院しています。別の医療機関を選んでください。", "receiver"
        )
    if receiver is not None and suspension(receiver):
        raise Invalid(
            "receiver_suspended", f"{receiver.name}は休止中です。別の医療機関を選んでください。", "receiver"
        )
    if receiver is not None and receiver.pk == referral.sender_id:
        raise Invalid("receiver_is_self", "自施設あての紹介状は送信できません。", "receiver")
    referral.sent_at = clock.now()
    title = kind_of(referral.kind).label
    to = place_of(receiver, referral.receiver_name, referral.receiver_department)
    how = "" if referral.electronic else "(紙で)"
    step(
        actor,
        referral,
        "send",
        says=f"{actor.facility_label}が{to}へ{title}状を送りました{how}",
        **_facts(referral, letter),
    )
    if referral.electronic and receiver is not None:
        let_in(referral.circle, receiver.pk, source=Source.REFERRAL, reason=referral.number)
    if not referral.electronic:
        put_into_print_queue(referral)
    return referral


@action(P.DRAFT, says="紹介状の下書きを破棄")
def discard(actor: Actor, referral: Referral) -> Referral:
    """Throw a draft away; the row stays for the trail."""
    step(actor, referral, "discard", says=f"{actor.label}が下書きを破棄しました")
    return referral


@action(P.SEND, says="紹介状を取り下げ")
def withdraw(actor: Actor, referral: Referral, *, reason: str) -> Referral:
    """Recall a letter (wrong place, patient changed the mind): the receiver's access ends at once."""
    step(
        actor,
        referral,
        "withdraw",
        says=f"{actor.facility_label}が紹介を取り下げました",
        note=reason,
        reason=reason,
    )
    if referral.receiver_id:
        let_out(actor, referral.circle, referral.receiver_id, reason=f"取り下げ: {reason}"[:200])
    return referral


@action(P.DRAFT, says="以前の紹介状を複写")
def copy_from(actor: Actor, referral: Referral, *, earlier: Referral) -> Referral:
    """Fill a draft from an earlier letter of the actor's own facility; the purpose is left to be written anew."""
    if party_of(actor, earlier) != "sender":
        raise NotAllowed("not_own_letter", "複写できるのは自施設が書いた紹介状だけです。")
    old = current_letter(earlier).read_content()
    purpose = current_letter(referral).read_content().purpose
    saved = write(
        actor,
        referral,
        content=replace(old, purpose=purpose, extra_sections=()),
        sender_department=earlier.sender_department,
        basis=earlier.basis,
        basis_note=earlier.basis_note,
        urgency=referral.urgency,
        wish=referral.wish,
        wish_from=referral.wish_from,
        wish_until=referral.wish_until,
    )
    return address_like(saved, earlier)


def address_like(referral: Referral, earlier: Referral) -> Referral:
    """Receiver, department and physician of ``earlier``, inside an action; a facility that closed since is left out."""
    if earlier.receiver is not None and not earlier.receiver.is_open():
        return referral
    for name in ("receiver", "receiver_name", "receiver_department", "receiver_physician"):
        setattr(referral, name, getattr(earlier, name))
    referral.save()
    return referral
