"""Words of the sharing policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import models


class Basis(models.TextChoices):
    """On what ground a patient's information is shared (共有の根拠, rules I.3)."""

    POSTED_NOTICE = "posted_notice", "院内掲示による(留保なし)"
    EXPLICIT_CONSENT = "explicit_consent", "本人・代理人の同意"
    REFUSAL = "refusal", "共有を留保(紙のみ)"


class Source(models.TextChoices):
    """What opened a membership of a circle."""

    REFERRAL = "referral", "紹介"
    CONSENT = "consent", "同意"
    EMERGENCY = "emergency", "緊急参照"
    CARE_TEAM = "care_team", "ケアチーム"


class Level(models.IntegerChoices):
    """開示範囲: how much of the circle's content a member sees."""

    MINIMUM = 1, "最小"
    STANDARD = 2, "標準"
    FULL = 3, "すべて"


class ConsentType(models.TextChoices):
    """What kind of consent a record is about (rules I.3)."""

    IMPLICIT_NOTICE = "implicit_notice", "院内掲示による黙示の同意"
    EXPLICIT_NETWORK = "explicit_network", "地域連携ネットワークへの参加同意"
    EXPLICIT_INQUIRY = "explicit_inquiry", "照会時の明示の同意"
    PATH = "path", "地域連携パスへの同意"
    RESEARCH = "research_anonymised", "匿名化した研究利用への同意"
    CARD = "card", "緊急カードへの同意"
    TRANSPORT = "transport", "搬送時の情報提供への同意"


class ConsentReach(models.TextChoices):
    """With whom."""

    ALL = "all", "参加するすべての施設"
    ORG_LIST = "org_list", "名指しした複数の施設"
    ORG = "org", "1つの施設"
    PERSON = "person", "特定の人"


class ConsentMethod(models.TextChoices):
    """How it was said."""

    PAPER = "paper", "書面"
    ORAL = "oral", "口頭(診療録に記載)"
    ELECTRONIC = "electronic", "電子"


@dataclass(frozen=True)
class ConsentWords:
    """What was said, as it is entered. ``valid_from``: when (a paper may be older than its entry); None is now."""

    type: str
    reach: str
    purpose: str
    given_by: str
    method: str
    facility_ids: Sequence[int] = ()
    named_person: str = ""
    relation: str = ""
    evidence: str = ""
    reservation: str = ""
    info_classes: Sequence[str] = ()
    valid_from: datetime | None = None


@dataclass(frozen=True)
class EmergencyHit:
    """What an emergency search may show of a patient, and no more."""

    patient_id: int
    name: str
    kana: str
    birth_on: date
    facility_name: str
