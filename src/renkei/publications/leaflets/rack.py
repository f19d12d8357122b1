"""The rack in the lobby: how many copies lie there, of which version, what to print and what to take out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from renkei.directory import queries as directory
from renkei.directory.profiles.queries import suspended_among, suspended_on
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.names import kana_key
from renkei.kernel.text import clean_note, shorten
from renkei.publications import members
from renkei.publications.models import AdvertisingWord, Leaflet, WordKind
from renkei.publications.permissions import P

MOST_COPIES = 500


@dataclass(frozen=True)
class RackLine:
    """One leaflet of the rack; ``to_print`` is how many must be made so that ``copies`` of the right version lie there."""

    uid: UUID
    name: str
    kana: str
    district: str
    number: int
    racked_number: int
    copies: int
    left: int
    to_print: int

    @property
    def outdated(self) -> bool:
        """An older version lies there."""
        return 0 < self.racked_number < self.number


@dataclass(frozen=True)
class GoneLine:
    """A leaflet to take out: the membership ended on ``ended_on``, the first day without it, or rests (休止) from it on."""

    uid: UUID
    name: str
    kana: str
    district: str
    left: int
    ended_on: date
    resting: bool = False


def _mine(actor: Actor) -> Any:
    rows = Leaflet.objects.visible_to(actor).filter(owner_id=actor.facility_id)
    return rows.select_related("facility", "published")


def lines(actor: Actor, district: str = "", day: date | None = None) -> list[RackLine]:
    """Approved leaflets of members in kana order, of one district or of all; without those that rest (休止)."""
    on = day or clock.today()
    resting = suspended_on(on)
    rows = _mine(actor).exclude(published=None).defer("published__picture")
    rows = list(rows.filter(district=district) if district else rows)
    here = {
        (scheme_id, key)
        for scheme_id in {row.scheme_id for row in rows}
        for key in members.members_on([scheme_id], on)
    }
    found = [
        _line(row)
        for row in rows
        if (row.scheme_id, row.facility_id) in here and row.facility_id not in resting
    ]
    return sorted(found, key=lambda line: (kana_key(line.kana), line.name))


def _line(row: Leaflet) -> RackLine:
    number = row.published.number
    left = row.copies_left if row.racked_number == number else 0
    return RackLine(
        uid=row.uid,
        name=row.facility.name,
        kana=row.facility.kana,
        district=row.district,
        number=number,
        racked_number=row.racked_number,
        copies=row.copies,
        left=left,
        to_print=max(row.copies - left, 0),
    )


def districts(actor: Actor) -> list[str]:
    """The districts of the rack, in order."""
    rows = Leaflet.objects.visible_to(actor).filter(owner_id=actor.facility_id).exclude(district="")
    return sorted(set(rows.values_list("district", flat=True)))


def to_remove(actor: Actor, day: date | None = None) -> list[GoneLine]:
    """Leaflets that still lie in the rack although the membership ended or its house rests, in kana order."""
    on = day or clock.today()
    rows = list(_mine(actor).filter(racked_number__gt=0))
    ended = members.ended_by(actor.facility_id, on) if rows else {}
    resting = suspended_among({row.facility_id for row in rows}, on)
    found = []
    for row in rows:
        away, gone = resting.get(row.facility_id), ended.get((row.scheme_id, row.facility_id))
        since = gone or (away.from_on if away else None)
        if since is not None:
            place = (row.uid, row.facility.name, row.facility.kana, row.district, row.copies_left)
            found.append(GoneLine(*place, since, resting=gone is None))
    return sorted(found, key=lambda line: kana_key(line.kana))


def _must_be_house(actor: Actor, leaflet: Leaflet) -> None:
    if actor.facility_id != leaflet.owner_id:
        refuse(actor, "publications.leaflets.rack.change", "ラックの記録を変更", leaflet)
        raise NotAllowed("not_the_house", "ラックを記録できるのは、ラックを置く病院の連携室だけです。")


@action(P.APPROVE_LEAFLET, says="リーフレットの置き場所と部数を変更", adds=True)
def place(actor: Actor, leaflet: Leaflet, *, district: str, copies: int, left: int) -> Leaflet:
    """District, how many shall lie there and how many were counted. Raises ``Invalid`` for numbers out of reach.

    Copies that were counted lie in the rack, whoever put them there without a word: then it is the approved version.
    """
    _must_be_house(actor, leaflet)
    for value, field in ((copies, "copies"), (left, "left")):
        if not 0 <= value <= MOST_COPIES:
            raise Invalid("copies", f"部数は0〜{MOST_COPIES}の間で入力してください。", field)
    leaflet.district = clean_note(district, 40, "district").strip()
    leaflet.copies, leaflet.copies_left, leaflet.counted_at = copies, left, clock.now()
    published = (
        Leaflet.objects.visible_to(actor).filter(pk=leaflet.pk).values_list("published__number", flat=True)
    )
    if left and not leaflet.racked_number and (number := published.first()):
        leaflet.racked_number, leaflet.removed_at = number, None
    leaflet.save()
    return leaflet


@action(P.APPROVE_LEAFLET, says="リーフレットをラックに補充")
def stock(actor: Actor, *, leaflets: Iterable[UUID]) -> int:
    """What was printed lies in the rack now, in the approved version; returns how many leaflets.

    Raises ``NotPossibleNow`` for who is no member any more: those are taken out, not filled up.
    """
    done = 0
    today = clock.today()
    for row in _mine(actor).filter(uid__in=list(leaflets)).exclude(published=None):
        if not members.is_member(row.scheme_id, row.facility_id, today):
            raise NotPossibleNow(
                "no_member",
                f"{row.facility.name}の登録は終わっています。リーフレットは補充せず、ラックから外してください。",
            )
        row.racked_number, row.copies_left = row.published.number, row.copies
        row.counted_at, row.removed_at = clock.now(), None
        row.save()
        done += 1
    return done


@action(P.APPROVE_LEAFLET, says="リーフレットをラックから外す", adds=True)
def take_out(actor: Actor, leaflet: Leaflet) -> Leaflet:
    """Nothing of it lies in the rack any more."""
    _must_be_house(actor, leaflet)
    leaflet.racked_number = leaflet.copies_left = 0
    leaflet.removed_at = clock.now()
    leaflet.save()
    return leaflet


@action(P.APPROVE_LEAFLET, says="注意する表現を追加")
def add_word(actor: Actor, **given: Any) -> AdvertisingWord:
    """The house's own wording: ``word kind forbids except_for advice source valid_from``. Raises ``Invalid``."""
    word = clean_note(str(given.get("word") or ""), 40, "word").strip()
    source = clean_note(str(given.get("source") or ""), 200, "source").strip()
    if not word:
        raise Invalid("word_empty", "ことばを入力してください。", "word")
    if not source:
        raise Invalid("source_empty", "根拠(指針の箇所、院内の取り決めなど)を入力してください。", "source")
    first = given.get("valid_from") or clock.today()
    row = AdvertisingWord(
        owner=directory.facility_by_id(actor.facility_id),
        word=word,
        kind=WordKind(given.get("kind") or WordKind.EXAGGERATED),
        forbids=bool(given.get("forbids")),
        except_for=[one.strip()[:40] for one in given.get("except_for") or () if one.strip()],
        advice=clean_note(str(given.get("advice") or ""), 200, "advice").strip(),
        source=source,
        valid_from=first,
        written_by=shorten(actor.label, 120),
    )
    row.save()
    return row


@action(P.APPROVE_LEAFLET, says="注意する表現を終了", adds=True)
def end_word(actor: Actor, word: AdvertisingWord) -> AdvertisingWord:
    """It no longer counts from today on; what was approved stays as it was judged.

    National rows and those of other houses cannot be locked: the wall shows them for reading only (``NotFound``).
    """
    word.valid_until = max(clock.today(), word.valid_from)
    word.save()
    return word
