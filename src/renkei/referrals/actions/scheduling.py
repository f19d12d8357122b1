"""Dates: offered, confirmed, refused, moved, cancelled by either side; arrival, no-show, admission, discharge."""

from __future__ import annotations

from datetime import datetime

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.kernel import clock, eras
from renkei.kernel.errors import NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.referrals.actions._steps import step
from renkei.referrals.models import DateOffer, Referral
from renkei.referrals.permissions import P


def _spoken(instant: datetime) -> str:
    local = instant.astimezone(clock.JST)
    weekday = "月火水木金土日"[local.weekday()]
    return f"{local.month}月{local.day}日({weekday}) {local:%H:%M}"


def _open_offer(referral: Referral) -> DateOffer | None:
    rows = DateOffer._base_manager.filter(referral=referral, status__in=["offered", "confirmed"])
    return rows.order_by("-id").first()


def _end_offer(referral: Referral, status: str) -> None:
    offer = _open_offer(referral)
    if offer is not None:
        offer.status, offer.answered_at = status, clock.now()
        offer.save()


def _new_offer(
    referral: Referral, starts_at: datetime, *, department: str, physician: str, place: str, bring: str
) -> None:
    _end_offer(referral, "replaced")
    DateOffer.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        starts_at=starts_at,
        department=clean_note(department, 60, "department") or referral.receiver_department,
        physician=clean_note(physician, 80, "physician"),
        place=clean_note(place, 100, "place"),
        bring=clean_note(bring, 300, "bring"),
    )


@action(P.SCHEDULE, says="来院日時を提案")
def offer_date(
    actor: Actor,
    referral: Referral,
    *,
    starts_at: datetime,
    department: str = "",
    physician: str = "",
    place: str = "",
    bring: str = "",
    confirmed: bool = False,
) -> Referral:
    """The receiver offers a date; ``confirmed`` when it was agreed on the telephone already.

    Raises ``Invalid`` on field ``starts_at`` for a date that has passed (S43).
    """
    referral.received_at = referral.received_at or clock.now()
    says = f"{actor.label}が{_spoken(starts_at)}を提案しました"
    step(actor, referral, "offer_date", says=says, in_future=starts_at > clock.now())
    _new_offer(referral, starts_at, department=department, physician=physician, place=place, bring=bring)
    return confirm_date(actor, referral) if confirmed else referral


@action(P.SCHEDULE, says="来院日時を確定")
def confirm_date(actor: Actor, referral: Referral) -> Referral:
    """The offered date holds; the slip can be printed."""
    offer = _open_offer(referral)
    if offer is None:
        raise NotPossibleNow("no_offer", "提案中の日時がありません。")
    referral.appointment_at = offer.starts_at
    step(
        actor,
        referral,
        "confirm_date",
        says=f"{actor.facility_label}が{_spoken(offer.starts_at)}の来院を確定しました",
    )
    offer.status, offer.answered_at = "confirmed", clock.now()
    offer.save()
    return referral


@action(P.SCHEDULE, says="提案された日時を辞退")
def refuse_date(actor: Actor, referral: Referral, *, reason: str) -> Referral:
    """The sender asks for another date."""
    step(
        actor,
        referral,
        "refuse_date",
        says=f"{actor.facility_label}が別の日を希望しました",
        note=reason,
        reason=reason,
    )
    _end_offer(referral, "refused")
    return referral


@action(P.SCHEDULE, says="来院日時を変更")
def change_date(actor: Actor, referral: Referral, *, starts_at: datetime, note: str = "") -> Referral:
    """Either side moves a confirmed date; the other side confirms the new one."""
    offer = _open_offer(referral)
    says = f"{actor.label}が{_spoken(starts_at)}への変更を申し出ました"
    referral.appointment_at = None
    step(actor, referral, "change_date", says=says, note=note, in_future=starts_at > clock.now())
    _new_offer(
        referral,
        starts_at,
        department=offer.department if offer else "",
        physician=offer.physician if offer else "",
        place=offer.place if offer else "",
        bring=offer.bring if offer else "",
    )
    return referral


@action(P.SCHEDULE, says="来院予約を取り消し")
def cancel_date(actor: Actor, referral: Referral, *, reason: str) -> Referral:
    """Either side cancels; the referral waits for a new date."""
    referral.appointment_at = None
    step(
        actor,
        referral,
        "cancel_date",
        says=f"{actor.facility_label}が予約を取り消しました",
        note=reason,
        reason=reason,
    )
    _end_offer(referral, "cancelled")
    return referral


@action(P.REPORT_ARRIVAL, says="来院を記録")
def arrive(actor: Actor, referral: Referral) -> Referral:
    """The patient came: the timers of the replies start."""
    referral.arrived_at = clock.now()
    referral.received_at = referral.received_at or clock.now()
    step(actor, referral, "arrive", says=f"患者さんが{actor.facility_label}に来院しました")
    return referral


@action(P.REPORT_ARRIVAL, says="未来院を記録")
def no_show(actor: Actor, referral: Referral, *, note: str = "") -> Referral:
    """The patient did not come."""
    step(actor, referral, "no_show", says="予約の日に来院がありませんでした", note=note)
    _end_offer(referral, "missed")
    referral.appointment_at = None
    referral.save()
    return referral


@action(P.REPORT_ARRIVAL, says="入院を記録")
def admit(actor: Actor, referral: Referral, *, ward: str = "") -> Referral:
    """Admitted: the interim report's timer takes the place of the final one's."""
    referral.admitted_at = clock.now()
    where = f"({clean_note(ward, 40, 'ward')})" if ward else ""
    step(actor, referral, "admit", says=f"{actor.facility_label}に入院しました{where}")
    return referral


@action(P.REPORT_ARRIVAL, says="退院を記録")
def discharge(actor: Actor, referral: Referral) -> Referral:
    """Discharged: the discharge report and the final report are due."""
    step(
        actor,
        referral,
        "discharge",
        says=f"{actor.facility_label}を{eras.format_era(clock.today())}に退院しました",
    )
    return referral
