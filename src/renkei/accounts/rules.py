"""The numbers of log-in: effective-dated rules with the national guideline's values where no rule stands.

Source: 医療情報システムの安全管理に関するガイドライン 第6.0版 (rules.md I.1).
"""

from __future__ import annotations

from collections.abc import Iterable

from renkei.directory.queries import rule

DEFAULTS: dict[str, int] = {
    "password.min_length": 13,
    "password.min_length_second_factor": 8,
    "password.max_age_days": 0,
    "password.code_days": 7,
    "login.failures_until_lock": 10,
    "login.lock_minutes": 15,
    "session.idle_minutes": 30,
    "invitation.days": 14,
}


def number(code: str, facility_id: int | None = None) -> int:
    """The number of ``code`` in force today, for a facility where one is given."""
    return int(rule(code, facility_id, default=DEFAULTS[code]))


def strictest(code: str, facility_ids: Iterable[int]) -> int:
    """The highest number of ``code`` among these facilities: who works at two keeps the stricter house's rule."""
    return max((number(code, facility_id) for facility_id in set(facility_ids)), default=number(code))
