"""Everything that is written: visits from the product and from files, closed months, definitions, reports."""

from renkei.indicators.actions.closing import close_month, define, make_report, reopen_month
from renkei.indicators.actions.importing import take_rows, upload
from renkei.indicators.actions.product import record_arrival, record_back_referral, record_reply

__all__ = [
    "close_month",
    "define",
    "make_report",
    "record_arrival",
    "record_back_referral",
    "record_reply",
    "reopen_month",
    "take_rows",
    "upload",
]
