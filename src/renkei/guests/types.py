"""Words of guests' requests that cross the fence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import models

from renkei.ui.types import Tone


class State(models.TextChoices):
    """Where a request stands at the desk."""

    WAITING = "waiting", "電話確認待ち"
    CONFIRMED = "confirmed", "確認済み・受付待ち"
    ACCEPTED = "accepted", "受付済み"
    REFUSED = "refused", "お断り"
    EXPIRED = "expired", "期限切れ"


OPEN = (State.WAITING, State.CONFIRMED)
NEVER_TAKEN_IN = (State.REFUSED, State.EXPIRED)
"""What the house holds no record of: it is blanked after a time."""
TONES = {
    State.WAITING: Tone.WARNING,
    State.CONFIRMED: Tone.INFO,
    State.ACCEPTED: Tone.SUCCESS,
    State.REFUSED: Tone.NEUTRAL,
    State.EXPIRED: Tone.NEUTRAL,
}


class Identity(models.TextChoices):
    """How the desk made sure that a physician asks (医師確認)."""

    REGISTRY = "registry", "医籍登録番号を確かめた"
    SPOKE = "spoke", "医療機関に電話し、医師本人と話した"


class Told(models.TextChoices):
    """How the guest was told of the date."""

    TELEPHONE = "telephone", "電話"
    FAX = "fax", "FAX"
    POST = "post", "郵送"


@dataclass(frozen=True)
class KindDraft:
    """One kind of request that a facility offers."""

    label: str
    physician_check: bool
    note: str = ""


DEFAULT_KINDS = (
    KindDraft("受診予約", physician_check=False),
    KindDraft("紹介", physician_check=False),
    KindDraft("検査の相談", physician_check=False),
    KindDraft(
        "造影CT・造影MRIの依頼",
        physician_check=True,
        note="造影剤を使うため、依頼する医師ご本人の確認をお電話でお願いしています。",
    ),
)
"""What a facility begins with; it changes them as it likes."""


@dataclass(frozen=True)
class Wish:
    """What a guest typed: already in the house's form (half width, ``Phone.display`` …), nothing looked up."""

    kind_uid: str
    physician: str
    clinic: str
    institution_number: str
    phone: str
    patient_name: str
    patient_kana: str
    birth_on: date
    sex: str
    purpose: str
    patient_phone: str = ""
    department: str = ""
    wish_from: date | None = None
    wish_until: date | None = None
    wish: str = ""
    consent: bool = False


@dataclass(frozen=True)
class PublicState:
    """All that the public page ever says about a request; no patient, no clinic, no reason."""

    label: str
    says: str
    house: str
    house_phone: str
    kind: str
    asked_at: datetime
    appointment_at: datetime | None = None
