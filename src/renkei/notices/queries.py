"""What a person is told, what went out, and the letter for those who have neither account nor mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.letters.documents import notice_letter
from renkei.letters.types import NoticeLetterData, Party
from renkei.notices.models import MailState, Notice, OutgoingMail
from renkei.notices.types import Address, address_of, closed_kinds, kind_of


def notices(actor: Actor, *, unread: bool = False) -> QuerySet[Notice]:
    """Everything this person at this facility is told, newest first: nothing that points to a page closed to them.

    What goes by post is for whoever prints it (:func:`letters_to_post`).
    """
    rows = Notice.objects.visible_to(actor).filter(facility_id=actor.facility_id, on_paper=False)
    if closed := closed_kinds(actor.may):
        rows = rows.exclude(kind__in=closed)
    rows = rows.order_by("-id")
    return rows.filter(read_at=None) if unread else rows


def unread(actor: Actor) -> QuerySet[Notice]:
    """What the badge of every page counts: notices that the person has not opened."""
    return notices(actor, unread=True)


def still_unread(actor: Actor, facility_id: int, *, kind: str, url: str, from_facility_id: int) -> bool:
    """Whether a facility was told of the same and nobody has opened it: then it is not told again."""
    rows = Notice.objects.visible_to(actor).filter(facility_id=facility_id, kind=kind, url=url, read_at=None)
    return bool(rows.filter(from_facility_id=from_facility_id).exists())


def unread_count(actor: Actor) -> int:
    """How many notices the person has not opened."""
    return unread(actor).count() if actor.facility_id else 0


def latest(actor: Actor, limit: int = 10) -> list[Notice]:
    """The newest notices of this person at this facility."""
    return list(notices(actor)[:limit])


def one(actor: Actor, uid: UUID | str) -> Notice:
    """One notice. Raises ``NotFound``."""
    found = Notice.objects.visible_to(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("notice_not_found", "このお知らせは見つかりません。")
    return found


def letters_to_post(actor: Actor) -> QuerySet[Notice]:
    """Notices that this facility sends by post: the receiver has neither account nor mail. Unprinted first."""
    rows = Notice.objects.visible_to(actor).filter(from_facility_id=actor.facility_id, on_paper=True)
    return rows.order_by("printed_at", "-id")


def unprinted(actor: Actor) -> QuerySet[Notice]:
    """What of :func:`letters_to_post` nobody printed yet."""
    return letters_to_post(actor).filter(printed_at=None)


def print_notice(notice: Notice) -> bytes:
    """A letter by post (A4, window envelope) that says the same as the notice; PDF."""
    to = address_of(notice.facility_id) or Address(name="(宛先不明)")
    sender = address_of(notice.from_facility_id) if notice.from_facility_id else None
    kind = kind_of(notice.kind)
    return notice_letter(
        NoticeLetterData(
            number=notice.number,
            issued_on=clock.today(),
            title=f"{kind.label}のお知らせ",
            recipient_name="地域医療連携ご担当者",
            recipient_organisation=to.name,
            recipient_postal_code=to.postal_code,
            recipient_address=to.address,
            sender=_party(sender or Address(name="地域医療連携 Renkei")),
            body=f"{notice.text}\n\nご不明な点は、差出人までお問い合わせください。",
        )
    )


def _party(address: Address) -> Party:
    return Party(
        facility_name=address.name,
        institution_number=address.institution_number,
        postal_code=address.postal_code,
        address=address.address,
        phone=address.phone,
        fax=address.fax,
    )


@dataclass(frozen=True)
class MailLine:
    """One line of the outbox page."""

    uid: UUID
    facility_id: int
    to: str
    subject: str
    body: str
    secret: bool
    state: str
    attempts: int
    error: str
    created_at: datetime
    sent_at: datetime | None

    @property
    def state_label(self) -> str:
        """The Japanese word of the state."""
        return str(MailState(self.state).label)


FIELDS = "uid facility_id to subject body secret state attempts error created_at sent_at".split()


def facility_mails(actor: Actor, limit: int, offset: int) -> tuple[list[MailLine], int]:
    """Mails to the actor's own facility and its people, newest first, and how many; secret ones are not among them."""
    rows = OutgoingMail.objects.visible_to(actor).order_by("-id")
    lines = [MailLine(*values) for values in rows.values_list(*FIELDS)[offset : offset + limit]]
    return lines, rows.count()


def all_mails(limit: int, offset: int) -> tuple[list[MailLine], int]:
    """Every mail of the installation, for its administrator, and how many there are; secret text stays hidden."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notices_all_mail(%s, %s)", [limit, offset])
        rows = cursor.fetchall()
    return [MailLine(*row[:-1]) for row in rows], int(rows[0][-1]) if rows else 0
