"""Terms of replies (返書): 返書率 = 最終返書数 ÷ 紹介患者数 (rules B.5). Special relations count here, too."""

from __future__ import annotations

from django.db.models import Q

from renkei.indicators.types import Source, Term

NAME = "replies"

REFERRED = Term(
    "N",
    "紹介患者の数",
    Source.VISITS,
    lambda d: ~Q(referral_doc="none"),
    "紹介状を持って来院した患者(初診・再診とも)",
)
REPLIED = Term(
    "L",
    "最終返書の数",
    Source.VISITS,
    lambda d: ~Q(referral_doc="none") & Q(final_reply_on__isnull=False),
    "そのうち最終報告を紹介元へ送った患者",
)
OPEN = Term(
    "U",
    "最終返書がまだの患者",
    Source.VISITS,
    lambda d: ~Q(referral_doc="none") & Q(final_reply_on=None),
    in_formula=False,
)
