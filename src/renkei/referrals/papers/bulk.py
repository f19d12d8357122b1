"""Many letters, or papers of the print queue, as one file: asked for at the desk, set by the worker one by one, opened there.

Setting fifty letters takes seconds of a core: a web process has no time for that. Every one that is set is kept at once, so a
worker that is killed goes on where it stood. The file is emptied after a day; what was printed is where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from renkei import letters
from renkei.accounts.queries import actor_of, memberships_of
from renkei.gate.actions import action
from renkei.gate.actor import Actor, Kind
from renkei.gate.context import acting, system, system_of
from renkei.gate.writing import say
from renkei.jobs.queue import enqueue, job
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.text import shorten
from renkei.notices import paper_actions, paper_queries
from renkei.notices.actions import notify
from renkei.referrals.models import (
    Attachment,
    PrintJob,
    PrintOf,
    PrintSheet,
    PrintState,
    Referral,
    ReferralLetter,
)
from renkei.referrals.papers import pdf
from renkei.referrals.permissions import P

if TYPE_CHECKING:
    from renkei.notices.models import OutgoingPaper

KEPT = timedelta(hours=24)
GONE = "この印刷は見つかりません。受付デスクか紙の送付から、もう一度印刷してください。"


@action(P.VIEW, says="紹介状のまとめて印刷を依頼")
def ask(actor: Actor, chosen: Sequence[Referral]) -> PrintJob:
    """The newest final letter of each of ``chosen``, in that order; drafts stay out. Raises ``Invalid`` for none and for more than 50."""
    pdf.refuse_too_many(len(chosen))
    newest = _newest(actor, chosen)
    items = [(referral, newest[referral.pk]) for referral in chosen if referral.pk in newest]
    pdf.refuse_none(len(items))
    row = _begin(
        actor,
        PrintOf.LETTERS,
        [PrintSheet(referral=referral, letter=letter) for referral, letter in items],
    )
    numbers = "、".join(referral.number for referral, _letter in items[:3])
    more = f"など{len(items)}件" if len(items) > 3 else ""
    say(f"{actor.label}が紹介状のまとめて印刷を依頼しました({numbers}{more})")
    return row


def ask_papers(actor: Actor, papers: Sequence[OutgoingPaper]) -> UUID:
    """``papers`` of the print queue in their order, inside an action of it; the uid of the print."""
    return _begin(actor, PrintOf.PAPERS, [PrintSheet(paper_uid=paper.uid) for paper in papers]).uid


def _begin(actor: Actor, of: PrintOf, sheets: Sequence[PrintSheet]) -> PrintJob:
    row = PrintJob(
        facility_id=actor.facility_id,
        person_id=actor.person_id,
        asked_by=shorten(actor.label, 120),
        asked_at=clock.now(),
        of=of,
        total=len(sheets),
    )
    row.save()
    for position, sheet in enumerate(sheets):
        sheet.facility_id, sheet.job, sheet.position = actor.facility_id, row, position
    PrintSheet.objects.bulk_create(sheets)
    enqueue(set_letters, job_uid=str(row.uid))
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
            f"印刷の準備ができていないか、保存期間が終わっています。{row.page}で確かめてください。",
        )
    if row.of == PrintOf.PAPERS:
        paper_actions.refuse_cancelled(_papers_of(actor, row))
        return bytes(row.content)
    wanted = set(PrintSheet.objects.visible_to(actor).filter(job=row).values_list("referral_id", flat=True))
    # Read through the gate: the trail notes every patient whose letter is opened.
    seen = {r.pk for r in Referral.objects.visible_to(actor).filter(pk__in=wanted).select_related("patient")}
    if wanted - seen:
        raise NotPossibleNow(
            "print_outdated",
            "この印刷には、取り下げなどで見られなくなった紹介が含まれています。受付デスクからもう一度印刷してください。",
        )
    return bytes(row.content)


def _papers_of(actor: Actor, row: PrintJob) -> list[OutgoingPaper]:
    sheets = PrintSheet.objects.visible_to(actor).filter(job=row).order_by("position")
    return paper_queries.chosen(actor, [uid for uid in sheets.values_list("paper_uid", flat=True) if uid])


def _asker(row: PrintJob) -> Actor:
    """Whoever asked, with the rights of today: papers are made and put on record in their name. Raises ``NotAllowed``."""
    with acting(Actor(Kind.PERSON, person_id=row.person_id)), transaction.atomic():
        for membership in memberships_of(row.person_id):
            if membership.facility_id == row.facility_id:
                return actor_of(membership)
    raise NotAllowed("asker_left", f"印刷を依頼した{row.asked_by}の所属が終わっているため、印刷できません。")


@job(queue="printing", retries=3)
def set_letters(job_uid: str) -> None:
    """Set a print job to its end; called again, it goes on."""
    # The wall knows the system inside a transaction only; each piece of work below opens one of its own.
    with system(f"print job {job_uid}") as actor, transaction.atomic():
        rows = PrintJob.objects.visible_to(actor).select_related("facility").defer("content")
        row = rows.filter(uid=job_uid, state=PrintState.WAITING).first()
    if row is None:
        return
    with system_of(row.facility_id, row.facility.name, f"{row.get_of_display()}のまとめて印刷") as house:
        try:
            by = _asker(row) if row.of == PrintOf.PAPERS else house
            for position in range(row.total):
                _set(house, by, row.pk, position)
            finish(house, row.pk, by)
        except DomainError as error:
            _give_up(house, row.pk, error.message_ja)


@transaction.atomic
def _set(house: Actor, by: Actor, job_id: int, position: int) -> None:
    """One letter or paper, kept at once; one that is set already stays as it is."""
    rows: Any = PrintSheet.objects.visible_to(house).select_for_update(of=("self",))
    sheet = rows.filter(job_id=job_id, position=position, set_at=None).first()
    if sheet is None:
        return
    made, lost = b"", list[str]()
    if sheet.paper_uid:
        paper_actions.prepare(by, paper_queries.one(by, sheet.paper_uid))
    else:
        made, lost = _letter(house, sheet.referral_id, sheet.letter_id)
    mine: Any = PrintSheet.objects.visible_to(house).filter(pk=sheet.pk)
    mine.update(content=made, set_at=clock.now())
    jobs: Any = PrintJob.objects.visible_to(house).filter(pk=job_id)
    known = jobs.values_list("lost", flat=True).get()
    jobs.update(done=position + 1, lost=list(dict.fromkeys([*known, *lost])))


def _letter(house: Actor, referral_id: int, letter_id: int) -> tuple[bytes, list[str]]:
    # Read one by one: what the sheet names is not written here.
    referral = (
        Referral.objects.visible_to(house).select_related("patient", "sender", "receiver").get(pk=referral_id)
    )
    letter = ReferralLetter.objects.visible_to(house).get(pk=letter_id)
    enclosed = Attachment.objects.visible_to(house).filter(referral=referral, reply=None, removed_at=None)
    made = pdf.letter_pdf(referral, letter, list(enclosed.order_by("id")))
    return made, pdf.unprintable(referral, letter)


@action(P.VIEW, says="まとめて印刷を仕上げ")
def finish(house: Actor, job_id: int, by: Actor) -> PrintJob:
    """They become one file, and whoever asked is told; papers are printed in the name of ``by``. A second call finds it done."""
    rows: Any = PrintJob.objects.visible_to(house).select_for_update(of=("self",))
    row: PrintJob = rows.get(pk=job_id)
    if row.state != PrintState.WAITING:
        return row
    sheets: Any = PrintSheet.objects.visible_to(house).filter(job=row)
    if row.of == PrintOf.PAPERS:
        parts: Iterable[bytes] = [paper_actions.print_out(by, paper) for paper in _papers_of(house, row)]
    else:
        parts = (bytes(sheet.content) for sheet in sheets.order_by("position"))
    row.content = letters.join(list(parts))
    row.state, row.finished_at = PrintState.DONE, clock.now()
    row.save()
    sheets.update(content=b"")
    notify(
        row.facility_id,
        person_id=row.person_id or None,
        kind="print_ready",
        text=f"{row.get_of_display()}{row.total}件の印刷ができました。翌日まで開けます。",
        url=reverse("referrals:print_job", args=[row.uid]),
    )
    say(f"{row.get_of_display()}{row.total}件のまとめて印刷ができました({row.asked_by})")
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
