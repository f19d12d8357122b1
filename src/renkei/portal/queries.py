"""The trail of one's own house, and what the system stands on, as people read it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from renkei.audit.models import AuditEntry, AuditSeal, Outcome
from renkei.gate.actor import Actor
from renkei.jobs.queries import failed
from renkei.kernel import clock

PAGE = 50
MOST_EXPORTED = 10_000
LEAST_SPACE = 1 << 30  # bytes free on the disk of the data
OLDEST_JOB_MINUTES = 15
OLDEST_SEAL_MINUTES = 10


@dataclass(frozen=True)
class TrailFilter:
    """What the auditor asks for; empty parts do not narrow. ``before`` is a line number (exclusive)."""

    person: str = ""
    patient_ids: frozenset[int] | None = None
    outcome: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None


def trail(actor: Actor, asked: TrailFilter) -> QuerySet[AuditEntry]:
    """Lines of the trail that ``actor``'s facility wrote, newest first."""
    rows = AuditEntry.objects.filter(facility_id=actor.facility_id).order_by("-id")
    if asked.person:
        rows = rows.filter(actor_label__icontains=asked.person)
    if asked.patient_ids is not None:
        rows = rows.filter(patient_ids__overlap=sorted(asked.patient_ids))
    if asked.outcome:
        rows = rows.filter(outcome=asked.outcome)
    if asked.action:
        rows = rows.filter(Q(says__icontains=asked.action) | Q(action__startswith=asked.action))
    if asked.since:
        rows = rows.filter(at__gte=_begin(asked.since))
    if asked.until:
        rows = rows.filter(at__lt=_begin(asked.until + timedelta(days=1)))
    return rows.filter(id__lt=asked.before) if asked.before else rows


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=clock.JST)


@dataclass(frozen=True)
class TrailLine:
    """One line as the page shows it. ``changes`` name what was written; ``patients`` the keys of the rows it speaks of."""

    number: int
    at: datetime
    outcome: Outcome
    says: str
    who: str
    where: str
    action: str
    reason: str
    address: str
    patients: tuple[int, ...]
    changes: tuple[str, ...] = field(default=())

    @property
    def outcome_label(self) -> str:
        """実行, 閲覧 or 拒否."""
        return str(self.outcome.label)


def lines(rows: Iterable[AuditEntry]) -> list[TrailLine]:
    """The rows as the page shows them."""
    return [
        TrailLine(
            e.pk,
            e.at,
            Outcome(e.outcome),
            e.says,
            e.actor_label,
            e.facility_label,
            e.action,
            e.reason,
            e.address,
            tuple(e.patient_ids),
            tuple(_changes(e.changes)),
        )
        for e in rows
    ]


def _changes(changes: list[dict[str, Any]]) -> Iterator[str]:
    """``紹介: 状態、来院日``: which columns were written. Their values may be clinical and stay in the trail."""
    for change in changes:
        label = str(change.get("model", ""))
        names = {*(change.get("before") or {}), *(change.get("after") or {})} - {"version", "uid"}
        try:
            model = apps.get_model(label)
        except (LookupError, ValueError):
            yield label
            continue
        columns = {f.attname: str(f.verbose_name) for f in model._meta.concrete_fields}
        yield f"{model._meta.verbose_name}: {'、'.join(columns.get(n, n) for n in sorted(names))}"


@dataclass(frozen=True)
class SealState:
    """How far the trail is chained: ``upto`` is the last sealed line, ``count`` the number of seals."""

    count: int
    upto: int
    sealed_at: datetime | None
    digest: str


def seal_state() -> SealState:
    """The last seal; the same for every facility."""
    last = AuditSeal.objects.order_by("-last_entry").first()
    if last is None:
        return SealState(0, 0, None, "")
    return SealState(AuditSeal.objects.count(), last.last_entry, last.sealed_at, last.digest)


@dataclass(frozen=True)
class Finding:
    """One thing the system stands on; a problem's ``text`` ends with the remedy."""

    what: str
    ok: bool
    text: str


def findings() -> list[Finding]:
    """What a web process sees of the system; ``renkei doctor`` looks deeper, as the owner of the database."""
    return [_database(), _walls(), _queue(), _failed(), _seals(), _disk(), _mail()]


def _one(question: str, *values: int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return cursor.fetchone()


def _database() -> Finding:
    version, role, strong = _one(
        "SELECT current_setting('server_version'), current_user, rolsuper OR rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    )
    if strong:
        text = (
            f"役割 {role} は行単位の保護を素通りできます。renkei doctor の案内に従って権限を外してください。"
        )
        return Finding("データベース", False, text)
    return Finding("データベース", True, f"PostgreSQL {version}・役割 {role}")


def _walls() -> Finding:
    walled, unforced = _one(
        "SELECT count(*), count(*) FILTER (WHERE NOT c.relforcerowsecurity) FROM pg_class c"
        " WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity"
    )
    if not walled or unforced:
        return Finding(
            "行単位の保護", False, "外れている表があります。renkei manage migrate を実行してください。"
        )
    return Finding("行単位の保護", True, f"{walled} 表")


def _queue() -> Finding:
    late = _one(
        "SELECT count(*) FROM procrastinate_jobs j WHERE j.status = 'todo' AND coalesce(j.scheduled_at,"
        " (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id)) < now() - make_interval(mins => %s)",
        OLDEST_JOB_MINUTES,
    )[0]
    if late:
        text = f"{OLDEST_JOB_MINUTES}分以上待っている処理が{late}件あります。renkei worker が動いているか確かめてください。"
        return Finding("処理の待ち", False, text)
    return Finding("処理の待ち", True, "滞留はありません")


def _failed() -> Finding:
    total = failed().total
    if total:
        return Finding(
            "失敗した処理", False, f"{total}件。「失敗した処理」で理由を見て、やり直してください。"
        )
    return Finding("失敗した処理", True, "ありません")


def _seals() -> Finding:
    state = seal_state()
    oldest = clock.now() - timedelta(minutes=OLDEST_SEAL_MINUTES)
    if state.sealed_at is None or (state.sealed_at < oldest and _unsealed(state.upto)):
        return Finding(
            "監査証跡の封印", False, "新しい記録が封印されていません。renkei worker を動かしてください。"
        )
    return Finding("監査証跡の封印", True, f"{state.count} 封印・記録 {state.upto:,} まで")


def _unsealed(upto: int) -> bool:
    return bool(_one("SELECT last_value FROM audit_auditentry_id_seq")[0] > upto)


def _disk() -> Finding:
    free = shutil.disk_usage(next(p for p in (settings.DATA, *settings.DATA.parents) if p.exists())).free
    if free < LEAST_SPACE:
        return Finding(
            "ディスク", False, f"空きは {free >> 20} MB です。不要なものを消すか、大きくしてください。"
        )
    return Finding("ディスク", True, f"空き {free >> 30} GB")


def _mail() -> Finding:
    if settings.EMAIL_HOST:
        return Finding("メール", True, f"{settings.EMAIL_HOST} から送ります")
    if settings.DEMO:
        return Finding("メール", True, "デモのため送らず、送信箱に残します")
    return Finding("メール", False, "送る先がありません。RENKEI_SMTP_HOST を設定してください。")
