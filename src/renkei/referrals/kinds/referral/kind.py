"""紹介: a physician asks another facility to see the patient."""

from __future__ import annotations

from renkei.referrals.registry import Kind, register
from renkei.referrals.workflow import REFERRAL

KIND = register(Kind(key="referral", label="紹介", title="診療情報提供書", workflow=REFERRAL))
