"""Words of the counter."""

from __future__ import annotations

from django.db import models


class Way(models.TextChoices):
    """What the counter did for the one that was chosen."""

    GUIDED = "guided", "案内のみ"
    REFERRAL = "referral", "逆紹介状を作成"
    APPOINTMENT = "appointment", "初診の予約を依頼"


class Outcome(models.TextChoices):
    """What came of it, as far as the counter heard."""

    VISITED = "visited", "受診した"
    NOT_VISITED = "not_visited", "受診しなかった"
    UNKNOWN = "unknown", "確認できない"
    NOTHING_FOUND = "nothing", "合う先がなかった"
