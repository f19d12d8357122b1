"""Many letters as one file: asked for at the desk, set by the worker letter by letter, opened there when it is done.

Setting fifty letters takes seconds of a core: a web process has no time for that. Every letter that is set is kept at once, so a
worker that is killed goes on where it stood. The file is emptied after a day; the letters themselves are where they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from renkei import letters
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.context import system, system_of
from renkei.gate.writing import say
from renkei.jobs.queue import enqueue, job
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotFound, NotPossibleNow
from renkei.kernel.text import shorten
from renkei.notices.actions import notify
from renkei.referrals.models import (
    Attachment,
    PrintJob,
    PrintSheet,
    PrintState,
    Referral,
    ReferralLetter,
)
from renkei.referrals.papers import pdf
from renkei.referrals.permissions import P

KEPT = timedelta(hours=24)
GONE = "この印刷は見つかりません。受付デスクからもう一度印刷してください。"


@action(P.VIEW, says="紹介状のまとめて印刷を依頼")
def ask(actor: Actor, chosen: Sequence[Referral]) -> PrintJob:
    """The newest final letter of each of ``chosen``, in that order; drafts stay out. Raises ``Invalid`` for none and for more than 50."""
    pdf.refuse_too_many(len(chosen))
    newest = _newest(actor, chosen)
    items = [(referral, newest[referral.pk]) for referral in chosen if referral.pk in newest]
    pdf.refuse_none(len(items))
    row = PrintJob(
        facility_id=actor.facility_id,
        person_id=actor.person_id,
        asked_by=shorten(actor.label, 120),
        asked_at=clock.now(),
        total=len(items),
    )
    row.save()
    for position, (referral, letter) in enumerate(items):
        PrintSheet(
            facility_id=actor.facility_id, job=row, position=position, referral=referral, letter=letter
        ).save()
    enqueue(set_letters, job_uid=str(row.uid))
    numbers = "、".join(referral.number for referral, _letter in items[:3])
    more = f"など{len(items)}件" if len(items) > 3 else ""
    say(f"{actor.label}が紹介状のまとめて印刷を依頼しました({numbers}{more})")
    return row


def _newest(actor: Actor, referrals: Sequence[Referral]) -> dict[int, ReferralLetter]:
    versions: dict[int, list[ReferralLetter]] = {}
    rows = ReferralLetter.objects.visible_to(actor).filter(referral__in=[r.pk for r in referrals])
    for row in rows.order_by("referral_id", "number"):
        versions.setdefault(row.referral_id, []).append(row)
    found = {r.pk: pdf.printable_letter(r, versions.get(r.pk, [])) for r in referrals}
    return {pk: letter for pk, letter in found.items() if letter is not None}


def one(actor: Actor, uid: UUID | str) -> PrintJob:
    """A print job of the actor's house, without its bytes. Raises ``NotFound`` for strangers."""
    found = PrintJob.objects.visible_to(actor).filter(uid=uid).defer("content").first()
    if not isinstance(found, PrintJob):
        raise NotFound("print_not_found", GONE)
    return found


def asked_here(actor: Actor, uid: str) -> PrintJob | None:
    """The print job that the address of the desk names; None for nonsense and for another house's."""
    try:
        return one(actor, UUID(uid)) if uid else None
    except (ValueError, NotFound):
        return None


def content(actor: Actor, row: PrintJob) -> bytes:
    """The file. Raises ``NotPossibleNow`` before it is done, and when a letter in it may not be seen any more."""
    if row.state != PrintState.DONE:
        raise NotPossibleNow(
            "print_not_done",
            "印刷の準備ができていないか、保存期間が終わっています。受付デスクで確かめてください。",
        )
    wanted = set(PrintSheet.objects.visible_to(actor).filter(job=row).values_list("referral_id", flat=True))
    # Read through the gate: the trail notes every patient whose letter is opened.
    seen = {r.pk for r in Referral.objects.visible_to(actor).filter(pk__in=wanted).select_related("patient")}
    if wanted - seen:
        raise NotPossibleNow(
            "print_outdated",
            "この印刷には、取り下げなどで見られなくなった紹介が含まれています。受付デスクからもう一度印刷してください。",
        )
    return bytes(row.content)


@job(queue="printing", retries=3)
def set_letters(job_uid: str) -> None:
    """Set a print job to its end; called again, it goes on."""
    # The wall knows the system inside a transaction only; each piece of work below opens one of its own.
    with system(f"print job {job_uid}") as actor, transaction.atomic():
        rows = PrintJob.objects.visible_to(actor).select_related("facility").defer("content")
        row = rows.filter(uid=job_uid, state=PrintState.WAITING).first()
    if row is None:
        return
    with system_of(row.facility_id, row.facility.name, "紹介状のまとめて印刷") as house:
        try:
            for position in range(row.total):
                _set(house, row.pk, position)
        except DomainError as error:
            _give_up(house, row.pk, error.message_ja)
            return
        finish(house, row.pk)


@transaction.atomic
def _set(house: Actor, job_id: int, position: int) -> None:
    """One letter, kept at once; one that is set already stays as it is."""
    rows: Any = PrintSheet.objects.visible_to(house).select_for_update(of=("self",))
    sheet = rows.filter(job_id=job_id, position=position, set_at=None).first()
    if sheet is None:
        return
    # Read one by one: what the sheet names is not written here.
    referral = (
        Referral.objects.visible_to(house)
        .select_related("patient", "sender", "receiver")
        .get(pk=sheet.referral_id)
    )
    letter = ReferralLetter.objects.visible_to(house).get(pk=sheet.letter_id)
    enclosed = Attachment.objects.visible_to(house).filter(referral=referral, reply=None, removed_at=None)
    made = pdf.letter_pdf(referral, letter, list(enclosed.order_by("id")))
    mine: Any = PrintSheet.objects.visible_to(house).filter(pk=sheet.pk)
    mine.update(content=made, set_at=clock.now())
    jobs: Any = PrintJob.objects.visible_to(house).filter(pk=job_id)
    lost = [*jobs.values_list("lost", flat=True).get(), *pdf.unprintable(referral, letter)]
    jobs.update(done=position + 1, lost=list(dict.fromkeys(lost)))


@action(P.VIEW, says="紹介状のまとめて印刷を仕上げ")
def finish(house: Actor, job_id: int) -> PrintJob:
    """The letters become one file, and whoever asked is told. A second call finds it done."""
    rows: Any = PrintJob.objects.visible_to(house).select_for_update(of=("self",))
    row: PrintJob = rows.get(pk=job_id)
    if row.state != PrintState.WAITING:
        return row
    sheets: Any = PrintSheet.objects.visible_to(house).filter(job=row)
    row.content = letters.join([bytes(s.content) for s in sheets.order_by("position")])
    row.state, row.finished_at = PrintState.DONE, clock.now()
    row.save()
    sheets.update(content=b"")
    notify(
        row.facility_id,
        person_id=row.person_id or None,
        kind="print_ready",
        text=f"紹介状{row.total}件の印刷ができました。翌日まで開けます。",
        url=reverse("referrals:print_job", args=[row.uid]),
    )
    say(f"紹介状{row.total}件のまとめて印刷ができました({row.asked_by})")
    return row


@transaction.atomic
def _give_up(house: Actor, job_id: int, says: str) -> None:
    rows: Any = PrintJob.objects.visible_to(house).filter(pk=job_id)
    rows.update(state=PrintState.FAILED, error=says[:300], finished_at=clock.now())


def forget_old() -> int:
    """Files that were done a day ago are emptied; returns how many."""
    with system("emptying printed files") as actor, transaction.atomic():
        rows: Any = PrintJob.objects.visible_to(actor).filter(
            state=PrintState.DONE, finished_at__lt=clock.now() - KEPT
        )
        return int(rows.update(state=PrintState.GONE, content=b""))
