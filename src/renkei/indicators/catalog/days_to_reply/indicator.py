"""返書までの日数: median and distribution from arrival to final reply."""

from __future__ import annotations

from renkei.indicators.catalog.replies import NAME, OPEN, REPLIED
from renkei.indicators.types import Indicator

INDICATOR = Indicator(
    key="days_to_reply",
    title="返書までの日数",
    short="返書までの日数",
    law="連携の質",
    definition=NAME,
    unit="日",
    terms=(REPLIED, OPEN),
    order=60,
    closes=False,
    explains="来院から最終報告までの日数の中央値。まだ返書のない患者は入りません。",
)
