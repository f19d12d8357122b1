"""What the desk sees of scanned papers: those that wait, those that are filed, the files, and where a paper may belong."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from renkei.exchange.models import Misfiling, ScanFile, ScanFileState, ScanPage, ScanPart, ScanPartState
from renkei.gate.actor import Actor
from renkei.kernel.errors import NotFound
from renkei.referrals.models import Referral
from renkei.referrals.papers import queries as letters

CANDIDATES = 9
"""One key each."""
_BEFORE = ("follows__referral__patient", "follows__proposed__patient")


@dataclass(frozen=True)
class Neighbour:
    """The answer that lay right before pages without a code: whose, of which kind ('' for unknown), whether it is filed."""

    referral: Referral
    kind: str
    filed: bool


def neighbour(part: ScanPart) -> Neighbour | None:
    """Where pages without a code most likely belong, as things stand; None where the paper before them belongs nowhere (any more)."""
    before = part.follows
    if before is None or part.state != ScanPartState.UNMATCHED:
        return None
    if before.state == ScanPartState.FILED and before.referral is not None:
        return Neighbour(before.referral, before.kind, filed=True)
    if before.state == ScanPartState.UNMATCHED and before.proposed is not None:
        return Neighbour(before.proposed, before.kind, filed=False)
    return None


def suggested(part: ScanPart) -> int:
    """The referral that is chosen before anybody chooses: what its own code still names, else the neighbour's; 0 for none."""
    before = neighbour(part)
    return part.proposed_id or (before.referral.pk if before else 0)


def parts(actor: Actor, state: str = ScanPartState.UNMATCHED) -> QuerySet[ScanPart]:
    """Papers of the actor's house in one state: waiting ones oldest first, others newest first."""
    rows = ScanPart.objects.visible_to(actor).filter(state=state)
    rows = rows.select_related("file", "referral__patient", *_BEFORE).defer("file__content")
    return rows.order_by("id") if state == ScanPartState.UNMATCHED else rows.order_by("-changed_at", "-id")


def unmatched(actor: Actor) -> QuerySet[ScanPart]:
    """What the menu counts."""
    return ScanPart.objects.visible_to(actor).filter(state=ScanPartState.UNMATCHED)


def unmatched_count(actor: Actor) -> int:
    """How many papers wait for somebody to say where they belong."""
    return unmatched(actor).count()


def one(actor: Actor, uid: UUID | str) -> ScanPart:
    """One paper with its file. Raises ``NotFound`` for strangers."""
    rows = ScanPart.objects.visible_to(actor).filter(uid=uid)
    found = rows.select_related("file", "referral__patient", "reply", "proposed", *_BEFORE).first()
    if not isinstance(found, ScanPart):
        raise NotFound("scan_not_found", "この書類は見つかりません。一覧から選び直してください。")
    return found


def pages_of(actor: Actor, part: ScanPart) -> list[ScanPage]:
    """The pages of a paper, without their pictures."""
    rows = ScanPage.objects.visible_to(actor).filter(
        file_id=part.file_id, number__gte=part.first_page, number__lte=part.last_page
    )
    return list(rows.defer("thumbnail").order_by("number"))


def first_pages(actor: Actor, shown: list[ScanPart]) -> dict[int, ScanPage]:
    """The first page of each paper, by the paper's key; one query."""
    wanted = {(p.file_id, p.first_page): p.pk for p in shown}
    rows = (
        ScanPage.objects.visible_to(actor).filter(file_id__in={p.file_id for p in shown}).defer("thumbnail")
    )
    found = {wanted.get((page.file_id, page.number), 0): page for page in rows}
    return {key: page for key, page in found.items() if key}


def page_picture(actor: Actor, uid: UUID | str) -> bytes:
    """The small picture of a page, PNG. Raises ``NotFound``."""
    found = ScanPage.objects.visible_to(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("scan_not_found", "この頁は見つかりません。")
    return bytes(found.thumbnail)


def files(actor: Actor, limit: int = 30) -> list[ScanFile]:
    """The newest files that came in, without their bytes."""
    return list(ScanFile.objects.visible_to(actor).defer("content").order_by("-id")[:limit])


@dataclass(frozen=True)
class Progress:
    """What the worker has still to read, over all files of the house."""

    files: int
    pages: int
    read: int


def progress(actor: Actor) -> Progress:
    """Files that wait or are being read."""
    rows = ScanFile.objects.visible_to(actor).filter(state__in=[ScanFileState.WAITING, ScanFileState.READING])
    sums = rows.aggregate(pages=Sum("pages"), read=Sum("pages_read"))
    return Progress(rows.count(), sums["pages"] or 0, sums["read"] or 0)


def candidates(actor: Actor, part: ScanPart, text: str = "") -> list[Referral]:
    """Where a paper may belong, at most nine: what is suggested, then open letters on paper, newest first.

    ``text`` looks through all letters on paper, ended ones too: by number, name, kana, facility or date.
    """
    if text.strip():
        return list(letters.search_on_paper(actor, text)[:CANDIDATES])
    first = suggested(part)
    named = list(letters.on_paper(actor).filter(pk=first)) if first else []
    others = letters.waiting_for_reply(actor).exclude(pk=first)
    return [*named, *others[: CANDIDATES - len(named)]]


def of_referral(actor: Actor, referral: Referral) -> list[ScanPart]:
    """Papers filed on a referral, newest first."""
    rows = ScanPart.objects.visible_to(actor).filter(referral=referral, state=ScanPartState.FILED)
    return list(rows.select_related("file").defer("file__content").order_by("-filed_at"))


def misfilings_of(actor: Actor, referral: Referral) -> list[Misfiling]:
    """誤登録の記録 that concern a referral, from either side."""
    rows = Misfiling.objects.visible_to(actor).filter(Q(wrong=referral) | Q(right=referral))
    return list(rows.select_related("part", "wrong", "right"))
