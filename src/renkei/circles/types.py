"""Words of the sharing policy."""

from __future__ import annotations

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
