"""逆紹介率 of the Medical Care Act: C ÷ B. It may exceed 100 %, since C is not limited to first visits."""

from __future__ import annotations

from renkei.indicators.catalog.medical_care_act import NAME, B, C
from renkei.indicators.types import Indicator

INDICATOR = Indicator(
    key="back_referral_rate_medical_care_act",
    title="逆紹介率(医療法)",
    short="逆紹介率",
    law="医療法",
    definition=NAME,
    unit="%",
    terms=(C, B),
    numerator=("C",),
    denominator=("B",),
    order=20,
    explains="初診に限らないため、100%を超えることがあります。",
)
