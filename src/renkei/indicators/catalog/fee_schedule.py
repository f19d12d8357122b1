"""Terms of the fee schedule (診療報酬 A000 注2・3, A002, 別紙様式28) that its two ratios share (rules A.7)."""

from __future__ import annotations

from django.db.models import Q

from renkei.indicators.types import Definition, Option, Source, Term

NAME = "fee_schedule"
CLASSES = (
    ("regional_support", "特定機能病院・地域医療支援病院・紹介受診重点医療機関"),
    ("large", "許可病床400床以上(上記を除く)"),
    ("none", "対象外(減算の対象ではない)"),
)
OPTION = Option("hospital_class", "病院の区分", "基準値と減算の判定に使います。", CLASSES)


def ambulance(definition: Definition) -> Q:
    """Brought by an ambulance of a municipality or of a medical institution."""
    return Q(arrival_mode__in=definition.params["ambulance_modes"])


def _out_of_hours(definition: Definition) -> Q:
    return ambulance(definition) | Q(is_holiday=True) | Q(is_night=True)


def _remote_fee(definition: Definition) -> Q:
    """遠隔連携診療料 (B005-11) or 連携強化診療情報提供料 (B011) was claimed."""
    return Q(fee_b005_11=True) | Q(fee_b011=True)


FIRST = Term(
    "F",
    "初診の患者数",
    Source.VISITS,
    lambda d: Q(is_first_visit=True) & ~_out_of_hours(d),
    "救急搬送者、休日又は夜間に受診した患者を除く",
)
AGAIN = Term(
    "S",
    "再診の患者数",
    Source.VISITS,
    lambda d: Q(is_first_visit=False) & ~_out_of_hours(d) & ~_remote_fee(d),
    "救急搬送者、休日・夜間の患者、遠隔連携診療料・連携強化診療情報提供料の算定患者を除く",
)
REFERRED = Term(
    "R",
    "紹介患者数",
    Source.VISITS,
    lambda d: Q(is_first_visit=True, online_only=False) & ~Q(referral_doc="none"),
    "他の医療機関から紹介された初診患者。情報通信機器のみの診療を除く",
)
EMERGENCY = Term(
    "E",
    "救急患者数",
    Source.VISITS,
    lambda d: Q(is_first_visit=True) & ambulance(d),
    "救急用自動車で搬送された初診患者",
)
GIVEN_BACK = Term(
    "G",
    "逆紹介患者数",
    Source.BACK_REFERRALS,
    lambda d: Q(document_issued=True, online_only=False),
    "他の医療機関へ紹介した患者。情報通信機器のみの診療を除く",
)
REMOTE = Term(
    "K",
    "遠隔連携等の算定患者数",
    Source.VISITS,
    _remote_fee,
    "遠隔連携診療料・連携強化診療情報提供料の算定患者(逆紹介患者数に含む)",
)
