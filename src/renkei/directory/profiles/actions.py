"""Writes of a facility's own data (掲載内容), and the notes that stay inside the house of their writer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Q

from renkei.directory.actions import line, refuse_taken_number
from renkei.directory.events import ProfileChanged
from renkei.directory.models import ClosingDay, Facility, FacilityProfile, FormerNumber, StaffNote
from renkei.directory.permissions import P
from renkei.directory.profiles import queries
from renkei.directory.profiles.types import FLAGS, LANGUAGES
from renkei.directory.reach import require_reach
from renkei.directory.types import CareFunction
from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound, Stale
from renkei.kernel.identifiers import check_institution_number
from renkei.kernel.text import clean_note

PROFILE_FIELDS = ("message", "website", "functions", "languages", *FLAGS, "listed")
LONGEST_CLOSING_DAYS = 366 * 3


@action(P.EDIT_OWN, says="掲載内容を変更", adds=True)
def edit_profile(
    actor: Actor, facility: Facility, *, values: Mapping[str, Any], seen_version: int | None = None
) -> FacilityProfile:
    """Change fields of ``PROFILE_FIELDS``; what is not named stays.

    ``seen_version`` is the profile's version that the person saw. Raises ``Invalid`` at the field, ``NotAllowed`` for
    somebody else's facility, ``Stale``. Functions that a report said are not changed here.
    """
    require_reach(actor, facility, "profiles.actions.edit_profile")
    row = queries.profile(facility)
    if seen_version is not None and seen_version != row.version:
        raise Stale("stale", "ほかの人が先に更新しました。最新の内容を確認して、もう一度操作してください。")
    ready = _clean(values)
    _refuse_other_than_reported(row, ready)
    if row.pk is None or any(getattr(row, name) != value for name, value in ready.items()):
        for name, value in ready.items():
            setattr(row, name, value)
        row.changed_at = clock.now()
        row.save()
        emit(ProfileChanged(facility.pk))
    return row


def _refuse_other_than_reported(row: FacilityProfile, ready: Mapping[str, Any]) -> None:
    """2号 without 1号 would come in here: what a report said is changed by a report."""
    if row.functions_year is not None and ready.get("functions", row.functions) != row.functions:
        raise Invalid(
            "functions_reported",
            f"かかりつけ医機能は{row.functions_year}年の報告の内容です。報告を直して、もう一度提出してください。",
            "functions",
        )


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    ready = dict(values)
    if unknown := set(ready) - set(PROFILE_FIELDS):
        raise TypeError(f"no such fields: {sorted(unknown)}")
    if "message" in ready:
        ready["message"] = line(str(ready["message"] or ""), 300, "message")
    if "website" in ready:
        ready["website"] = check_website(str(ready["website"] or "").strip())
    for name, known, label in (
        ("functions", list(CareFunction.values), "かかりつけ医機能"),
        ("languages", list(LANGUAGES), "言語"),
    ):
        if name in ready:
            wanted = set(ready[name] or ())
            if wanted - set(known):
                raise Invalid(name, f"{label}は一覧から選んでください。", name)
            ready[name] = [code for code in known if code in wanted]
    return ready


def check_website(text: str) -> str:
    """The address if it can be one, ``https`` or ``http``; empty stays empty. Raises ``Invalid('website')``."""
    if not text:
        return ""
    try:
        URLValidator(schemes=["https", "http"])(text)
    except ValidationError:
        raise Invalid(
            "website", "ホームページは https:// から始まるアドレスを入力してください。", "website"
        ) from None
    if len(text) > 200:
        raise Invalid("website", "ホームページのアドレスは200文字までです。", "website")
    return text


@action(P.EDIT_OWN, says="掲載内容を確認", adds=True)
def confirm_profile(actor: Actor, facility: Facility) -> FacilityProfile:
    """The facility looked through its data today and found it right (年1回の確認)."""
    require_reach(actor, facility, "profiles.actions.confirm_profile")
    row = queries.profile(facility)
    row.confirmed_on = clock.today()
    row.save()
    emit(ProfileChanged(facility.pk))
    return row


@action(P.EDIT_OWN, says="休診日を登録", adds=True)
def add_closing_day(
    actor: Actor,
    facility: Facility,
    *,
    from_on: date,
    until_on: date | None = None,
    note: str = "",
) -> ClosingDay:
    """The facility is closed on these days (both count; one day without ``until_on``).

    Raises ``Invalid`` for days in disorder, passed, or entered already.
    """
    require_reach(actor, facility, "profiles.actions.add_closing_day")
    last = until_on or from_on
    if last < from_on:
        raise Invalid("until_on", "おわりの日がはじめの日より前です。日付を確認してください。", "until_on")
    if last < clock.today():
        raise Invalid("from_on", "過ぎた日は登録できません。今日以降の日付にしてください。", "from_on")
    if (last - from_on).days > LONGEST_CLOSING_DAYS:
        raise Invalid(
            "until_on", "期間は3年までです。長く休むときは「休止を登録する」を使ってください。", "until_on"
        )
    goes_on = Q(until_on=None) | Q(until_on__gte=from_on)
    for other in ClosingDay.objects.filter(goes_on, facility=facility, from_on__lte=last):
        until = f"{other.until_on:%Y-%m-%d}" if other.until_on else ""
        raise Invalid(
            "from_on",
            f"{other.from_on:%Y-%m-%d}〜{until} がもう登録されています。取り消してから入れ直してください。",
            "from_on",
        )
    row = ClosingDay(
        facility=facility,
        from_on=from_on,
        until_on=last,
        note=line(note, 100, "note"),
    )
    row.save()
    emit(ProfileChanged(facility.pk))
    return row


@action(P.EDIT_OWN, says="休診日を取り消し", adds=True)
def remove_closing_day(actor: Actor, facility: Facility, *, closing_day_id: int) -> None:
    """The facility is open on those days after all; a suspension (休止) ends by ``suspending.resume``. Raises ``NotFound``."""
    require_reach(actor, facility, "profiles.actions.remove_closing_day")
    row = ClosingDay.objects.filter(pk=closing_day_id, facility=facility, suspension=False).first()
    if row is None:
        raise NotFound(
            "closing_day_not_found", "この休診日は見つかりません。もう取り消されたかもしれません。"
        )
    row.delete()
    emit(ProfileChanged(facility.pk))


@action(P.EDIT_ALL, says="医療機関番号の変更を登録", adds=True)
def change_institution_number(actor: Actor, facility: Facility, *, number: str, from_on: date) -> Facility:
    """The facility got a new institution number (医療機関番号) on a day; the former one still finds it.

    For a mistake in typing use ``edit_facility``, which keeps nothing. Raises ``Invalid`` for a number that cannot be, is
    the same or somebody else's, and for days to come: letters carry the number that is valid on the day they are written.
    """
    require_reach(actor, facility, "profiles.actions.change_institution_number")
    new = check_institution_number(number, "number").value
    if new == facility.institution_number:
        raise Invalid("number_same", "今の番号と同じです。新しい番号を入力してください。", "number")
    if from_on > clock.today():
        raise Invalid(
            "from_on", "番号が変わった日以降に登録してください。先の日付は登録できません。", "from_on"
        )
    refuse_taken_number(new, but=facility.pk, field="number")
    if facility.institution_number:
        FormerNumber(
            facility=facility, institution_number=facility.institution_number, until_on=from_on
        ).save()
    facility.institution_number = new
    facility.save()
    emit(ProfileChanged(facility.pk))
    return facility


@action(P.WRITE_NOTE, says="院内メモを書く", adds=True)
def write_note(actor: Actor, about: Facility, *, text: str) -> StaffNote:
    """A note about another facility for one's own house only (院内メモ). Raises ``Invalid('text')``."""
    ready = clean_note(text, 500, "text").strip()
    if not ready:
        raise Invalid("text", "メモが空です。伝えたいことを書いてください。", "text")
    note = StaffNote(facility_id=actor.facility_id, about=about, text=ready, written_by=actor.label)
    note.save()
    return note


@action(P.WRITE_NOTE, says="院内メモを消す")
def remove_note(actor: Actor, note: StaffNote) -> StaffNote:
    """Take a note of one's own house away; the trail keeps it. ``NotFound`` for anybody else's."""
    if note.removed_at is None:
        note.removed_at = clock.now()
        note.save()
    return note


@action(P.EDIT_ALL, says="掲載内容の確認を依頼", adds=True)
def note_reminded(actor: Actor, facility: Facility) -> FacilityProfile:
    """The yearly reminder went to the facility today; the next one waits for a confirmation."""
    row = queries.profile(facility)
    row.reminded_on = clock.today()
    row.save()
    return row
