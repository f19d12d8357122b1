"""Finds the formats, makes the permissions known and shows the document on the referral's page."""

from __future__ import annotations

from renkei.exchange import formats, permissions
from renkei.exchange.registry import discover
from renkei.referrals.permissions import P as Referrals
from renkei.ui.panels import register_panel

discover(formats.__name__, formats.__path__)
register_panel("referral", "document", "文書(原本・書き出し)", "exchange:panel", Referrals.VIEW)
register_panel("referral", "papers", "紙の返書", "exchange:scans_of_referral", Referrals.VIEW, order=20)

__all__ = ["permissions"]
