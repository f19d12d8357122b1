"""``renkei doctor``: everything a running Renkei stands on, looked at once; each problem with its remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from renkei.config.console import Trouble, complain, pick, say, show
from renkei.config.environment import Site
from renkei.kernel import clock

LEAST_SPACE = 1 << 30  # bytes
MOST_CLOCK_DIFFERENCE = 5.0  # seconds between database and machine
OLDEST_JOB = 15  # minutes a due job may wait
FONTS = Path(__file__).resolve().parent.parent / "letters" / "fonts"

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Finding:
    """One result: ``ok`` with what was seen, or a problem whose text ends with the remedy."""

    what: str
    ok: bool
    text: str


def report(findings: list[Finding]) -> int:
    """Print the findings; 1 when there is a problem, else 0."""
    for finding in findings:
        show(f"{'OK ' if finding.ok else 'NG '} {finding.what}: {finding.text}")
    problems = sum(not finding.ok for finding in findings)
    if problems:
        complain(pick(f"{problems} 件の問題があります。", f"{problems} problem(s) found."))
    else:
        say("問題はありません。", "No problems found.")
    return 1 if problems else 0


def examine(data: Path, opened: AbstractContextManager[Site]) -> list[Finding]:
    """Look at everything; ``opened`` gives the database (its Trouble becomes a finding, the rest is still
    looked at)."""
    findings = [check_disk(data), check_fonts()]
    name = pick("データベース", "database")
    try:
        with opened as place, psycopg.connect(place.owner_url, connect_timeout=5) as owner:
            version = owner.info.server_version // 10000
            findings.append(
                Finding(name, version >= 15, f"PostgreSQL {version}")
                if version >= 15
                else Finding(
                    name, False, pick("PostgreSQL 15 以降が必要です。", "PostgreSQL 15 or later is needed.")
                )
            )
            findings += check_roles(place)
            findings += [check(owner) for check in (check_walls, check_clock, check_queue)]
    except (Trouble, psycopg.OperationalError) as error:
        remedy = pick(
            "サーバーが動いているか、DATABASE_URL・DATABASE_OWNER_URL が正しいかを確かめてください。",
            "Check that the server runs and that DATABASE_URL and DATABASE_OWNER_URL are right.",
        )
        findings.append(
            Finding(name, False, f"{str(error).strip()} {'' if isinstance(error, Trouble) else remedy}")
        )
    return findings


def check_roles(place: Site) -> Iterator[Finding]:
    """Web and jobs must not be able to pass row-level security, nor own anything."""
    question = (
        "SELECT rolname, rolsuper OR rolbypassrls,"
        " EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p'))"
        " FROM pg_roles r WHERE rolname = current_user"
    )
    for url in (place.app_url, place.worker_url):
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                row = connection.execute(question).fetchone()
        except psycopg.OperationalError as error:
            remedy = pick(
                "renkei database-setup の SQL を実行してください。", "Run the SQL of renkei database-setup."
            )
            yield Finding(pick("役割", "role"), False, f"{str(error).strip()} {remedy}")
            continue
        role, passes, owns = row or ("?", True, True)
        if passes or owns:
            text = pick(
                f"{role} は行単位の保護を素通りできます。ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS を実行し、"
                "表の持ち主を"
                " renkei_owner にしてください。",
                f"{role} can pass row-level security. Run ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS and give "
                "its tables"
                " to renkei_owner.",
            )
            yield Finding(pick("役割", "role"), False, text)
        else:
            yield Finding(pick("役割", "role"), True, str(role))


def check_walls(owner: Connection) -> Finding:
    """Row-level security is enabled and forced wherever a policy exists, and exists wherever it is
    enabled."""
    what = pick("行単位の保護", "row-level security")
    rows = owner.execute(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,"
        " EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
        " AND (c.relrowsecurity OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY 1"
    ).fetchall()
    open_tables = ", ".join(str(name) for name, forced, policy in rows if not (forced and policy))
    if not rows or open_tables:
        return Finding(
            what,
            False,
            pick(
                f"保護されていない表: {open_tables or 'すべて'}。renkei manage migrate を実行してください。",
                f"Tables without protection: {open_tables or 'all'}. Run renkei manage migrate.",
            ),
        )
    return Finding(what, True, pick(f"{len(rows)} 表", f"{len(rows)} tables"))


def check_clock(owner: Connection, now: Callable[[], float] = lambda: clock.now().timestamp()) -> Finding:
    """Database and machine agree on the time."""
    what = pick("時計", "clock")
    row = owner.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    difference = abs(float(str(row[0])) - now()) if row else 0.0
    if difference > MOST_CLOCK_DIFFERENCE:
        return Finding(
            what,
            False,
            pick(
                f"データベースと {difference:.0f} 秒ずれています。両方のコンピューターで NTP "
                "を有効にしてください。",
                f"{difference:.0f} s apart from the database. Enable NTP on both machines.",
            ),
        )
    return Finding(what, True, pick(f"差 {difference:.1f} 秒", f"{difference:.1f} s apart"))


def check_queue(owner: Connection) -> Finding:
    """No job failed or waits for long."""
    what = pick("ジョブ", "queue")
    row = owner.execute("SELECT to_regclass('public.procrastinate_jobs') IS NOT NULL").fetchone()
    if not row or not row[0]:
        remedy = pick(
            "表がありません。renkei manage migrate を実行してください。",
            "No tables. Run renkei manage migrate.",
        )
        return Finding(what, False, remedy)
    counts = owner.execute(
        "SELECT count(*) FILTER (WHERE j.status = 'failed'), count(*) FILTER (WHERE j.status = 'todo' AND"
        " coalesce(j.scheduled_at, (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id))"
        f" < now() - interval '{OLDEST_JOB} minutes') FROM procrastinate_jobs j WHERE j.status IN ('failed', "
        "'todo')"
    ).fetchone()
    failed, late = counts or (0, 0)
    if failed or late:
        return Finding(
            what,
            False,
            pick(
                f"失敗 {failed} 件、{OLDEST_JOB} 分以上待っているもの {late} 件。"
                "画面の「ジョブ」で理由を確かめ、"
                "renkei worker が動いているか確かめてください。",
                f"{failed} failed, {late} waiting over {OLDEST_JOB} minutes. See the reasons on the jobs "
                "page and check"
                " that renkei worker runs.",
            ),
        )
    return Finding(what, True, pick("失敗・滞留なし", "none failed or late"))


def check_disk(data: Path) -> Finding:
    """There is room where the data lies."""
    what = pick("ディスク", "disk")
    there = next(parent for parent in (data, *data.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < LEAST_SPACE:
        return Finding(
            what,
            False,
            pick(
                f"{there} の空きは {free >> 20} MB です。不要なものを消すか、ディスクを大きくしてください。",
                f"{there} has {free >> 20} MB free. Delete what is not needed or enlarge the disk.",
            ),
        )
    return Finding(what, True, pick(f"空き {free >> 30} GB", f"{free >> 30} GB free"))


def check_fonts(folder: Path = FONTS) -> Finding:
    """The fonts of printed letters are there."""
    what = pick("フォント", "fonts")
    count = len(list(folder.glob("**/*.ttf")))
    if not count:
        return Finding(
            what,
            False,
            pick(
                f"{folder} に文書用のフォントがありません。git checkout -- {folder} で戻してください。",
                f"No letter fonts in {folder}. Bring them back with git checkout -- {folder}.",
            ),
        )
    return Finding(what, True, pick(f"{count} 書体", f"{count} files"))
