"""逆紹介: the hospital gives a stable patient back, with the plan, to the sender or to another clinic."""

from __future__ import annotations

from renkei.referrals.registry import Kind, register
from renkei.referrals.workflow import REFERRAL

KIND = register(
    Kind(
        key="back_referral",
        label="逆紹介",
        title="診療情報提供書(逆紹介)",
        workflow=REFERRAL,
        purpose_label="お願いしたいこと・今後の方針",
        course_label="当院での経過",
        answers_kind="referral",
    )
)
