"""逆紹介割合 of the fee schedule in per mille: (G + K) ÷ (F + S)."""

from __future__ import annotations

from renkei.indicators.catalog.fee_schedule import AGAIN, FIRST, GIVEN_BACK, NAME, REMOTE
from renkei.indicators.types import Indicator

INDICATOR = Indicator(
    key="back_referral_ratio_fee_schedule",
    title="逆紹介割合(診療報酬)",
    short="逆紹介割合",
    law="診療報酬",
    definition=NAME,
    unit="‰",
    terms=(GIVEN_BACK, REMOTE, FIRST, AGAIN),
    numerator=("G", "K"),
    denominator=("F", "S"),
    per=1000,
    order=40,
    explains="再診の患者数も分母に入ります。2026年6月から基準値が引き上げられました。",
)
