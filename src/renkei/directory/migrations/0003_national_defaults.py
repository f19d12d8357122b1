"""The rules that count where no prefecture and no facility has set its own (全国の初期値)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations

# Timers are local policy, not law; published practices of hospitals differ. ``certain`` False: to be set by each region.
PRACTICE = "公開されている病院の運用例による初期値(法令の定めではない): 来院報告 当日〜3日、初回経過 14日、未返書 30日"
OWN = "本製品の初期値(法令の定めではない)"
GUIDELINE = "厚生労働省 医療情報システムの安全管理に関するガイドライン 第6.0版"
DEFAULTS: tuple[tuple[str, int, str, bool], ...] = (
    ("referral.accept_hours", 24, OWN, False),
    ("referral.date_answer_hours", 48, OWN, False),
    ("reply.arrival_notice_days", 3, PRACTICE, False),
    ("reply.first_report_days", 14, PRACTICE, False),
    ("reply.interim_report_days", 60, OWN, False),
    ("reply.discharge_report_days", 14, OWN, False),
    ("reply.final_report_days", 30, PRACTICE, False),
    ("session.idle_minutes", 30, OWN, False),
    ("password.min_length", 13, GUIDELINE, True),
    ("password.min_length_second_factor", 8, GUIDELINE, True),
    ("password.max_age_days", 0, OWN, False),
    ("password.code_days", 7, OWN, False),
    ("login.failures_until_lock", 10, OWN, False),
    ("login.lock_minutes", 15, OWN, False),
    ("invitation.days", 14, OWN, False),
    ("attachment.max_mb", 50, OWN, False),
)
FROM = date(2020, 4, 1)


def seed(apps: Any, schema_editor: Any) -> None:
    """Under the owner, which the wall does not bind; the historical model has no guard."""
    rows = apps.get_model("directory", "Rule")._base_manager.using(schema_editor.connection.alias)
    rows.bulk_create(
        rows.model(
            code=code,
            jurisdiction="JP",
            params={"value": value},
            valid_from=FROM,
            source=source,
            certain=certain,
        )
        for code, value, source, certain in DEFAULTS
    )


class Migration(migrations.Migration):
    """After the table of rules."""

    dependencies = [("directory", "0002_paper_and_suggestion")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
