"""返書率: final replies over referred patients of the month of arrival."""

from __future__ import annotations

from renkei.indicators.catalog.replies import NAME, OPEN, REFERRED, REPLIED
from renkei.indicators.types import Indicator

INDICATOR = Indicator(
    key="reply_rate",
    title="返書率",
    short="返書率",
    law="連携の質",
    definition=NAME,
    unit="%",
    terms=(REPLIED, REFERRED, OPEN),
    numerator=("L",),
    denominator=("N",),
    order=50,
    closes=False,
    explains="来院した月で数えます。返書は後から届くため、締めた月でも今の値を示します。",
)
