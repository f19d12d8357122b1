"""Finds the kinds of referral and puts the referrals of a patient on the patient's page."""

from __future__ import annotations

from renkei.notices.papers import PaperKind, Printer, register_paper_kind, register_printer
from renkei.notices.types import NoticeKind, register_kind
from renkei.referrals import kinds
from renkei.referrals.actions._queueing import PAPER_KIND
from renkei.referrals.papers import bulk, bulk_views, outgoing
from renkei.referrals.permissions import P
from renkei.referrals.registry import discover
from renkei.ui.panels import register_panel

discover(kinds.__name__, kinds.__path__)
register_panel("patient", "referrals", "紹介", "referrals:of_patient", P.VIEW, order=10)
register_paper_kind(PaperKind(PAPER_KIND, "紹介状", outgoing.make, "referrals:show"))
register_printer(Printer(bulk.ask_papers, bulk_views.card))
register_kind(
    NoticeKind("print_ready", "まとめて印刷", "まとめて印刷の準備ができました", opens=(str(P.VIEW),))
)
