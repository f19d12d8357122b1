"""What the desk sees of guests' requests, and the public page of a facility."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from renkei.files.checking import CheckedFile
from renkei.gate.actor import Actor
from renkei.gate.guard import note_shown
from renkei.guests.models import GuestFile, GuestKind, GuestPage, GuestRequest
from renkei.guests.types import OPEN
from renkei.kernel import eras
from renkei.kernel.errors import Invalid, NotFound
from renkei.kernel.identifiers import phone
from renkei.patients.matching import Candidate
from renkei.patients.queries import candidates

SHOWN = "guests.GuestRequest"
MOST_DONE = 100


def page_at(address: str) -> GuestPage:
    """The open page at ``address``, a short code or the facility's uid. Raises ``NotFound``, for closed pages too."""
    pages = GuestPage.objects.select_related("facility").filter(is_open=True, facility__closed_on=None)
    try:
        found = pages.filter(facility__uid=UUID(address)).first()
    except ValueError:
        found = pages.filter(code=address.lower()).first()
    if found is None:
        raise NotFound(
            "guest_page_unknown",
            "このアドレスでの受付はありません。病院の案内を確かめるか、病院へお電話ください。",
        )
    return found


def page_of(actor: Actor) -> GuestPage | None:
    """The page of the actor's own facility, None before it was ever opened."""
    return GuestPage.objects.select_related("facility").filter(facility_id=actor.facility_id).first()


def kinds_of(actor: Actor) -> list[GuestKind]:
    """Every kind of the actor's facility, those no longer offered too."""
    return list(GuestKind.objects.filter(facility_id=actor.facility_id))


def kind(actor: Actor, uid: UUID | str) -> GuestKind:
    """One kind of the actor's facility. Raises ``NotFound``."""
    found = GuestKind.objects.filter(facility_id=actor.facility_id, uid=uid).first()
    if found is None:
        raise NotFound("guest_kind_unknown", "この種類は見つかりません。一覧から選び直してください。")
    return found


def open_requests(actor: Actor) -> list[GuestRequest]:
    """What waits at the desk, oldest first."""
    return _noted(waiting(actor).select_related("sender").order_by("asked_at", "id"))


def decided_requests(actor: Actor) -> list[GuestRequest]:
    """The last ones that were taken in or refused, newest first."""
    rows = GuestRequest.objects.visible_to(actor).exclude(state__in=OPEN)
    return _noted(rows.select_related("sender", "referral").order_by("-decided_at", "-id")[:MOST_DONE])


def waiting(actor: Actor) -> QuerySet[GuestRequest]:
    """What the menu counts."""
    return GuestRequest.objects.visible_to(actor).filter(state__in=OPEN)


def one(actor: Actor, uid: UUID | str) -> GuestRequest:
    """One request of the actor's facility. Raises ``NotFound``."""
    rows = GuestRequest.objects.visible_to(actor).select_related("sender", "referral", "facility")
    found = rows.filter(uid=uid).first()
    if found is None:
        raise NotFound("guest_request_unknown", "この依頼は見つかりません。一覧から選び直してください。")
    note_shown(SHOWN, [found.pk])
    return found


def _noted(rows: object) -> list[GuestRequest]:
    found: list[GuestRequest] = list(rows)  # type: ignore[call-overload]
    note_shown(SHOWN, [row.pk for row in found])
    return found


def files(actor: Actor, request: GuestRequest) -> list[GuestFile]:
    """What came with a request, without the bytes."""
    rows = GuestFile.objects.visible_to(actor).filter(request_uid=request.uid)
    return list(rows.defer("content"))


def file(actor: Actor, request: GuestRequest, uid: UUID | str) -> GuestFile:
    """One file with its bytes. Raises ``NotFound``, also once the bytes were handed on or thrown away."""
    found = GuestFile.objects.visible_to(actor).filter(request_uid=request.uid, uid=uid).first()
    if found is None or not bytes(found.content):
        raise NotFound("guest_file_gone", "この添付はここにはありません。紹介の添付を確かめてください。")
    return found


def checked_files(actor: Actor, request: GuestRequest) -> list[CheckedFile]:
    """The files as they were checked when they came."""
    rows = GuestFile.objects.visible_to(actor).filter(request_uid=request.uid)
    return [CheckedFile(r.name, r.media_type, bytes(r.content), r.sha256) for r in rows]


def alike(actor: Actor, request: GuestRequest) -> list[Candidate]:
    """Own patients who may be the one of the request, with reasons; nothing is linked from here."""
    found = candidates(
        actor,
        request.patient_name,
        request.patient_kana,
        request.born,
        request.sex,
        request.patient_phone,
    )
    return [c for c in found if c.patient.facility_id == actor.facility_id]


def number_to_call(request: GuestRequest) -> str:
    """The telephone number of the directory; empty when the directory knows none."""
    return request.sender.phone if request.sender else ""


def numbers_differ(request: GuestRequest) -> bool:
    """Whether the typed number is another one than the directory's."""
    return bool(number_to_call(request)) and digits(number_to_call(request)) != request.phone_digits


def digits(number: str) -> str:
    """For comparing."""
    try:
        return phone(number).digits
    except Invalid:
        return "".join(c for c in number if c.isdigit())


def line_of(candidate: Candidate) -> str:
    """One candidate as a person reads it, with why."""
    row = candidate.patient
    number = f"患者番号 {row.local_number}" if row.local_number else "患者番号なし"
    reasons = "・".join((*candidate.reasons, *candidate.cautions))
    return f"{row.name}({row.kana}) {eras.format_era(row.birth_on)}生 {number} — {reasons}"
