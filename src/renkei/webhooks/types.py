"""Kinds of events that go out, and the states of a delivery."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from renkei.ui.types import Tone


class State(models.TextChoices):
    """Where a delivery is."""

    WAITING = "waiting", "送信待ち"
    DONE = "done", "届いた"
    FAILED = "failed", "届かない"


TONES = {State.WAITING: Tone.INFO, State.DONE: Tone.SUCCESS, State.FAILED: Tone.DANGER}

OF_MOVE = {
    "send": "referral.sent",
    "withdraw": "referral.withdrawn",
    "receive": "referral.received",
    "take_in": "referral.received",
    "accept": "referral.accepted",
    "decline": "referral.declined",
    "redirect": "referral.redirected",
    "offer_date": "date.offered",
    "confirm_date": "date.confirmed",
    "refuse_date": "date.refused",
    "change_date": "date.changed",
    "cancel_date": "date.cancelled",
    "arrive": "patient.arrived",
    "no_show": "patient.no_show",
    "admit": "patient.admitted",
    "discharge": "patient.discharged",
    "close": "referral.closed",
    "correct": "letter.corrected",
}
"""Move of the referral → kind of event. Moves that are not here are of one's own house."""
KINDS: dict[str, str] = {
    "referral.sent": "紹介が送られた",
    "referral.received": "受け付けた",
    "referral.accepted": "引き受けた",
    "referral.declined": "お断りした",
    "referral.redirected": "別の宛先を勧めた",
    "referral.withdrawn": "取り下げた",
    "referral.closed": "完了した",
    "letter.corrected": "訂正版が出た",
    "date.offered": "受診日を提案した",
    "date.confirmed": "受診日が決まった",
    "date.refused": "別の日を希望した",
    "date.changed": "受診日の変更を提案した",
    "date.cancelled": "予約を取り消した",
    "patient.arrived": "来院した",
    "patient.no_show": "来院しなかった",
    "patient.admitted": "入院した",
    "patient.discharged": "退院した",
    "reply.sent": "返書が送られた",
    "message.posted": "連絡が書かれた",
}
WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720, 1440))
"""Pauses after the first, second … failure; after the last one the delivery is given up."""
MOST_ATTEMPTS = len(WAITS) + 1
LEASE = timedelta(minutes=2)
"""An attempt that was taken up and never came back (a killed worker) is taken up again after this."""
