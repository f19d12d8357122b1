"""紹介割合 of the fee schedule: (R + E) ÷ F. More than 100 % is possible: ambulances are in the numerator only."""

from __future__ import annotations

from renkei.indicators.catalog.fee_schedule import EMERGENCY, FIRST, NAME, OPTION, REFERRED
from renkei.indicators.types import Indicator

INDICATOR = Indicator(
    key="referral_ratio_fee_schedule",
    title="紹介割合(診療報酬)",
    short="紹介割合",
    law="診療報酬",
    definition=NAME,
    unit="%",
    terms=(REFERRED, EMERGENCY, FIRST),
    numerator=("R", "E"),
    denominator=("F",),
    order=30,
    explains="救急患者が分子だけに入るため、100%を超えることがあります。毎年10月に地方厚生(支)局へ報告します。",
    options=(OPTION,),
)
