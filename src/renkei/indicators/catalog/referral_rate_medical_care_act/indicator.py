"""紹介率 of the Medical Care Act: A ÷ B."""

from __future__ import annotations

from renkei.indicators.catalog.medical_care_act import A_ALL, A_STRICT, B_EXCLUDED, NAME, A, B
from renkei.indicators.types import Indicator, Option

INDICATOR = Indicator(
    key="referral_rate_medical_care_act",
    title="紹介率(医療法)",
    short="紹介率",
    law="医療法",
    definition=NAME,
    unit="%",
    terms=(A, B, B_EXCLUDED, A_ALL, A_STRICT),
    numerator=("A",),
    denominator=("B",),
    order=10,
    explains="地域医療支援病院の承認要件。前年度の延べ数で報告します。",
    options=(
        Option(
            "count_excluded_in_numerator",
            "分母から除いた患者も、紹介状があれば分子に数える",
            "紹介状を持って救急車・夜間に来た初診患者の扱いは通知に明記がなく、病院により異なります。",
        ),
        Option("exclude_ambulance", "救急車で搬入された患者を分母から除く"),
        Option("exclude_emergency", "休日・夜間の救急医療事業の患者を分母から除く"),
        Option("exclude_checkup", "自院の健診で発見した患者を分母から除く"),
    ),
    alternatives=(
        ("除外分を分子に含む", "A1", "true"),
        ("除外分を分子に含まない", "A2", "false"),
    ),
)
