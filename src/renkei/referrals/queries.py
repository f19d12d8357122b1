"""What people look at: the desk, the clinic's list, one referral with its timeline, one search over everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value

from renkei.circles.queries import holds
from renkei.directory.queries import facilities
from renkei.gate.actor import Actor
from renkei.gate.compiled import compiled, fetch
from renkei.gate.guard import unnoted
from renkei.kernel import clock
from renkei.kernel.eras import parse_date
from renkei.kernel.errors import Invalid, NotFound
from renkei.kernel.identifiers import referral_number
from renkei.patients.queries import search as search_patients
from renkei.patients.queries import starts_with
from renkei.referrals.models import (
    Attachment,
    DateOffer,
    Deadline,
    Message,
    MessageRead,
    Referral,
    ReferralLetter,
    ReferralMove,
    ReplyLetter,
)
from renkei.referrals.types import State, Urgency

FIRST_YEAR = 2020
"""No referral of this product is older: a bare serial number is looked for in every year since."""
MOST_NAMESAKES = 500
ENDED = [State.CLOSED, State.DECLINED, State.REDIRECTED, State.WITHDRAWN]


_LISTED = (
    *"uid number version state urgency electronic sent_at created_at moved_at appointment_at".split(),
    *"sender_physician receiver_name receiver_physician receiver_department".split(),
    *"purpose wish wish_from wish_until sender__name receiver__name".split(),
    *"patient__name patient__kana patient__birth_on patient__sex".split(),
)


@dataclass(frozen=True)
class Tab:
    """A counter that is a filter: ``key`` in the URL, ``label`` on the tile."""

    key: str
    label: str
    alarming: bool = False


DESK_TABS = (
    Tab("new", "新着・受付待ち"),
    Tab("dates", "日程調整中"),
    Tab("today", "本日の来院"),
    Tab("overdue", "返書の遅れ", alarming=True),
    Tab("back", "逆紹介の予定"),
)
CLINIC_TABS = (
    Tab("open", "進行中"),
    Tab("answer", "日程の返事待ち", alarming=True),
    Tab("unread", "未読の返書・連絡", alarming=True),
    Tab("late", "返書の遅れ", alarming=True),
    Tab("drafts", "下書き"),
    Tab("incoming", "届いた紹介"),
    Tab("done", "終了"),
)


def _day_bounds() -> tuple[datetime, datetime]:
    start = datetime.combine(clock.today(), time(), tzinfo=clock.JST)
    return start, start + timedelta(days=1)


def _late(actor: Actor) -> Exists:
    return Exists(
        Deadline._base_manager.filter(
            referral_id=OuterRef("pk"), facility_id=actor.facility_id, met_at=None, due_at__lt=clock.now()
        )
    )


def _owed_to(actor: Actor) -> QuerySet[Deadline]:
    """Timers past their instant of the other side: of a house on paper, too, which has no desk that would show them."""
    due = Deadline._base_manager.filter(referral_id=OuterRef("pk"), met_at=None, due_at__lt=clock.now())
    return due.exclude(facility_id=actor.facility_id)


def _sent_back() -> Exists:
    return Exists(
        Referral._base_manager.filter(answers_id=OuterRef("pk"), kind="back_referral").exclude(
            state__in=[State.DRAFT, State.WITHDRAWN]
        )
    )


def _desk_filters(actor: Actor) -> dict[str, Q]:
    start, end = _day_bounds()
    return {
        "new": Q(state__in=[State.SENT, State.RECEIVED]),
        "dates": Q(state__in=[State.ACCEPTED, State.OFFERED]),
        "today": Q(state=State.BOOKED, appointment_at__gte=start, appointment_at__lt=end)
        | Q(state__in=[State.ARRIVED, State.ADMITTED], arrived_at__gte=start, arrived_at__lt=end),
        "overdue": ~Q(state__in=ENDED) & Q(_late(actor)),
        "back": Q(back_referral_planned=True) & ~Q(state__in=[State.WITHDRAWN]) & ~Q(_sent_back()),
    }


def _received(actor: Actor) -> QuerySet[Referral]:
    return Referral.objects.visible_to(actor, each=True).filter(receiver_id=actor.facility_id)


def desk(
    actor: Actor, tab: str, *, department: str = "", urgent: bool = False, paper: bool = False
) -> QuerySet[Referral]:
    """The referrals of one tile of the receiving desk, most pressing first."""
    filters = _desk_filters(actor)
    rows = _received(actor).filter(filters[tab])
    if department:
        rows = rows.filter(receiver_department=department)
    if urgent:
        rows = rows.filter(urgency=Urgency.URGENT)
    if paper:
        rows = rows.exclude(source="screen")
    rows = rows.select_related("patient", "sender", "receiver", "receiver_patient")
    if tab == "today":
        return rows.order_by("appointment_at", "arrived_at", "id")
    if tab == "overdue":
        due = Deadline._base_manager.filter(
            referral_id=OuterRef("pk"), facility_id=actor.facility_id, met_at=None
        )
        return rows.annotate(due_at=due.order_by("due_at").values("due_at")[:1]).order_by("due_at", "id")
    return rows.annotate(pressing=Q(urgency=Urgency.URGENT)).order_by("-pressing", "-sent_at", "-id")


def _for_list(rows: QuerySet[Referral]) -> QuerySet[Referral]:
    """Only the columns that a line of a list shows (``present.list_row``)."""
    return rows.select_related(None).select_related("patient", "sender", "receiver").only(*_LISTED)


def desk_page(
    actor: Actor, tab: str, part: slice, *, department: str = "", urgent: bool = False
) -> list[Referral]:
    """A stretch of :func:`desk`."""

    def build(somebody: Actor, named: str = "") -> QuerySet[Referral]:
        return _for_list(desk(somebody, tab, urgent=urgent, department=named))[part]

    named = (department,) if department else ()
    return fetch(actor, f"desk {tab} {urgent} {part}", build, *named)


def desk_counts(actor: Actor) -> dict[str, int]:
    """The number on every tile, in one query; each equals the length of its list."""
    return _tiles("desk tiles", actor, DESK_TABS, _desk_tiles)


def _desk_tiles(actor: Actor) -> QuerySet[Any]:
    not_ended = Q(state__in=[s for s in State if s not in ENDED]) | Q(back_referral_planned=True)
    return _numbers(_received(actor).filter(not_ended), _desk_filters(actor))


def _tiles(
    name: str, actor: Actor, tabs: Sequence[Tab], build: Callable[..., QuerySet[Any]]
) -> dict[str, int]:
    found = (*fetch(actor, name, build), dict.fromkeys([tab.key for tab in tabs], 0))[0]
    return {tab.key: found[tab.key] for tab in tabs}


def _numbers(rows: QuerySet[Any], filters: dict[str, Q]) -> QuerySet[Any]:
    """How many rows fit each filter, as one row; none where there is nothing to count."""
    counts = {key: Count("pk", filter=condition) for key, condition in filters.items()}
    return rows.order_by().values(every=Value(1)).annotate(**counts)


def _unread(actor: Actor) -> Q:
    reply = ReplyLetter._base_manager.filter(
        referral_id=OuterRef("pk"), sent_at__isnull=False, first_read_at=None, taken_back_at=None
    )
    message = (
        Message._base_manager.filter(referral_id=OuterRef("pk"))
        .exclude(facility_id=actor.facility_id)
        .exclude(reads__person_id=actor.person_id)
    )
    return Q(Exists(reply)) | Q(Exists(message))


def _clinic_filters(actor: Actor) -> dict[str, Q]:
    mine = Q(sender_id=actor.facility_id)
    running = ~Q(state__in=[*ENDED, State.DRAFT])
    return {
        "open": mine & running,
        "answer": mine & Q(state=State.OFFERED),
        "unread": mine & _unread(actor),
        "late": mine & running & Q(Exists(_owed_to(actor))),
        "drafts": mine & Q(state=State.DRAFT),
        "incoming": Q(receiver_id=actor.facility_id) & running,
        "done": mine & Q(state__in=ENDED),
    }


def clinic(actor: Actor, tab: str) -> QuerySet[Referral]:
    """The sender's view: where each of my patients stands."""
    rows = Referral.objects.visible_to(actor, each=True).filter(_clinic_filters(actor)[tab])
    rows = rows.select_related("patient", "sender", "receiver")
    if tab == "late":
        rows = rows.annotate(due_at=_owed_to(actor).order_by("due_at").values("due_at")[:1])
        return rows.annotate(unread=_unread(actor)).order_by("due_at", "id")
    return rows.annotate(unread=_unread(actor)).order_by("-unread", "-moved_at", "-id")


def clinic_page(actor: Actor, tab: str, part: slice) -> list[Referral]:
    """A stretch of :func:`clinic`."""
    return fetch(actor, f"clinic {tab} {part}", lambda somebody: _for_list(clinic(somebody, tab))[part])


def clinic_counts(actor: Actor) -> dict[str, int]:
    """The number on every tile of the clinic's page, in one query; each equals the length of its list."""
    return _tiles("clinic tiles", actor, CLINIC_TABS, _clinic_tiles)


def _clinic_tiles(actor: Actor) -> QuerySet[Any]:
    both = Q(sender_id=actor.facility_id) | Q(receiver_id=actor.facility_id)
    return _numbers(Referral.objects.visible_to(actor, each=True).filter(both), _clinic_filters(actor))


def unread(actor: Actor) -> QuerySet[Referral]:
    """What the clinic has to read: its tile, and the number in the menu."""
    return Referral.objects.visible_to(actor, each=True).filter(_clinic_filters(actor)["unread"])


def new_at_desk(actor: Actor) -> QuerySet[Referral]:
    """What the desk has to take in: its first tile, and the number in the menu."""
    return _received(actor).filter(_desk_filters(actor)["new"])


def one(actor: Actor, uid: UUID | str) -> Referral:
    """One referral with its parties. Raises ``NotFound`` for strangers."""
    try:
        found = _by_uid(actor, UUID(str(uid)))
    except ValueError:
        found = []
    if not found:
        raise NotFound("not_found", "紹介が見つかりません。取り下げられたか、共有範囲の外です。")
    referral: Referral = found[0]
    return referral


@compiled
def _by_uid(actor: Actor, uid: UUID) -> QuerySet[Referral]:
    # Each further table doubles the planner's work; the rest is rarely asked for and read when it is.
    rows = Referral.objects.visible_to(actor).filter(uid=uid).order_by()
    return rows.select_related("patient", "receiver_patient", "sender", "receiver", "answers")


def opens_for(actor: Actor, uid: UUID | str, facility_id: int) -> bool:
    """Whether a house may open the referral right now; the sender of a document that was taken in may not."""
    found = Referral.objects.visible_to(actor).filter(uid=uid).values_list("circle_id", flat=True).first()
    return found is not None and holds(actor, found, facility_id)


@dataclass(frozen=True)
class Whole:
    """Everything of one referral that its page shows; ``sender_reads`` is false where replies go out on paper."""

    letters: list[ReferralLetter]
    moves: list[ReferralMove]
    offers: list[DateOffer]
    replies: list[ReplyLetter]
    attachments: list[Attachment]
    messages: list[Message]
    deadlines: list[Deadline]
    back_referrals: list[Referral]
    sender_reads: bool


def whole(actor: Actor, referral: Referral) -> Whole:
    """Letters, moves, dates, replies, attachments, messages and timers, a query each; drafts only for their house."""
    of_it = {"referral": referral}
    mine = referral.sender_id == actor.facility_id
    letters = ReferralLetter.objects.visible_to(actor).filter(**of_it)
    replies = ReplyLetter.objects.visible_to(actor).filter(**of_it, taken_back_at=None)
    return Whole(
        letters=[x for x in letters if mine or x.finalised_at],
        moves=list(ReferralMove.objects.visible_to(actor).filter(**of_it)),
        offers=list(DateOffer.objects.visible_to(actor).filter(**of_it).order_by("-id")),
        replies=[r for r in replies if r.sent_at or r.facility_id == actor.facility_id],
        attachments=list(
            Attachment.objects.visible_to(actor).filter(**of_it, removed_at=None).order_by("id")
        ),
        messages=list(Message.objects.visible_to(actor).filter(**of_it).prefetch_related(_reads(actor))),
        deadlines=list(Deadline.objects.visible_to(actor).filter(**of_it, met_at=None).order_by("due_at")),
        back_referrals=list(
            Referral.objects.visible_to(actor)
            .filter(answers=referral)
            .select_related("receiver")
            .order_by("id")
        ),
        sender_reads=mine or holds(actor, referral.circle_id, referral.sender_id),
    )


def _reads(actor: Actor) -> Prefetch[Any]:
    return Prefetch("reads", MessageRead.objects.visible_to(actor))


def of_patient(actor: Actor, patient_uid: UUID | str) -> QuerySet[Referral]:
    """Referrals about a patient that the actor may see, newest first."""
    rows = Referral.objects.visible_to(actor)
    about = Q(patient__uid=patient_uid) | Q(receiver_patient__uid=patient_uid)
    return rows.filter(about).select_related("sender", "receiver", "patient").order_by("-created_at")


def earlier_letters(actor: Actor, referral: Referral, limit: int = 10) -> list[Referral]:
    """Letters of the own house about the same patient that a new one may be copied from."""
    rows = Referral.objects.visible_to(actor).filter(
        patient_id=referral.patient_id, sender_id=actor.facility_id
    )
    rows = rows.exclude(pk=referral.pk).exclude(sent_at=None)
    return list(rows.select_related("receiver").order_by("-created_at")[:limit])


def search(actor: Actor, text: str) -> QuerySet[Referral]:
    """One box: number, patient's name in kanji or kana, facility, or a date in any notation."""
    rows = Referral.objects.visible_to(actor).select_related("patient", "sender", "receiver")
    for word in text.replace("\u3000", " ").split()[:5]:
        rows = rows.filter(_word(actor, word))
    return rows.order_by("-created_at", "-id")


def _word(actor: Actor, word: str) -> Q:
    """People, places and numbers are looked up first and named by key: equality is leakproof and keeps its index.

    ``LIKE`` on a joined table would make the wall ask about every referral of the region before it compares.
    """
    if not any(c.isdigit() for c in word):
        return _people(actor, word) | _places(actor, word)
    number = word.upper()
    if number.startswith("R-"):
        return starts_with("number", number)
    years = range(FIRST_YEAR, clock.today().year + 1)
    numbers = (
        [referral_number(y, int(number)) for y in years] if number.isdecimal() and len(number) <= 6 else []
    )
    if len(number) == 6 and numbers:
        return Q(number__in=numbers)
    try:
        day = parse_date(word)
    except Invalid:
        return Q(number__in=numbers) | _people(actor, word)
    start = datetime.combine(day, time(), tzinfo=clock.JST)
    end = start + timedelta(days=1)
    sent = Q(sent_at__gte=start, sent_at__lt=end)
    return sent | Q(appointment_at__gte=start, appointment_at__lt=end) | _people(actor, word)


def _people(actor: Actor, word: str) -> Q:
    """Letters about the patients that the look-up of patients finds; what was only compared is not an access."""
    with unnoted():
        found = search_patients(actor, word, MOST_NAMESAKES)
    terms = found.terms
    keys = [row.pk for row in found.rows] if terms.named or terms.numbers or terms.born else []
    return Q(patient_id__in=keys) | Q(receiver_patient_id__in=keys)


def _places(actor: Actor, word: str) -> Q:
    """Letters from and to the facilities so called, except one's own, and to addressees on paper."""
    keys = list(
        facilities(word, closed=True).exclude(pk=actor.facility_id).values_list("pk", flat=True)[:200]
    )
    paper = Referral.objects.visible_to(actor).filter(receiver=None, receiver_name__contains=word)
    on_paper = list(paper.values_list("pk", flat=True)[:200])
    return Q(sender_id__in=keys) | Q(receiver_id__in=keys) | Q(pk__in=on_paper)


def overdue(actor: Actor) -> QuerySet[Deadline]:
    """Every running timer past its instant that this facility owes, oldest first."""
    rows = Deadline.objects.visible_to(actor).filter(
        facility_id=actor.facility_id, met_at=None, due_at__lt=clock.now()
    )
    return rows.select_related("referral", "referral__patient", "referral__sender").order_by("due_at")


def unfinished_of(actor: Actor, person_id: int) -> QuerySet[Referral]:
    """Drafts that a person left behind; colleagues take them over (staff leave with drafts open)."""
    rows = Referral.objects.visible_to(actor, each=True).filter(
        sender_id=actor.facility_id, state=State.DRAFT
    )
    return rows.filter(entered_by_id=person_id).select_related("patient").order_by(F("created_at").desc())
