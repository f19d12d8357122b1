"""``renkei backup`` and ``renkei restore``: one file with everything, believed only after it was restored.

The file is a tar archive (readable by its user only): ``manifest.json`` with the row count of every table at
the instant of the dump, ``database.dump`` (pg_dump's custom format), ``files/`` with stored files, and the
secret key where Renkei made it itself.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from renkei.config import pgroles
from renkei.config.console import Trouble, say
from renkei.config.environment import Site
from renkei.config.launch import manage
from renkei.config.pgbinaries import clean_environment, find_bin_dir
from renkei.kernel import clock

FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: ``made_at`` (ISO 8601, UTC) and the rows of every table."""

    made_at: str
    rows: Mapping[str, int]
    format: int = FORMAT


def backup(place: Site, target: Path) -> Manifest:
    """Write a backup to ``target`` (must not exist yet); the row counts belong to the same snapshot as the
    dump."""
    if target.exists():
        raise Trouble(
            f"{target} はすでにあります。別の名前にしてください。", f"{target} exists. Choose another name."
        )
    with (
        tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".renkei-backup-") as folder,
        psycopg.connect(place.owner_url) as owner,
    ):
        owner.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        snapshot = owner.execute("SELECT pg_export_snapshot()").fetchone()
        manifest = Manifest(clock.now().isoformat(), count_rows(owner))
        dump = Path(folder) / "database.dump"
        name = str(snapshot[0]) if snapshot else ""
        _run(
            "pg_dump",
            "--format=custom",
            f"--snapshot={name}",
            f"--file={dump}",
            f"--dbname={place.owner_url}",
        )
        archive = Path(folder) / "archive"
        _write(archive, manifest, dump, place.data)
        archive.rename(target)
    return manifest


def restore(place: Site, source: Path, *, check_only: bool) -> Manifest:
    """Restore ``source`` into an empty database, verify it, and unless ``check_only`` let it take the old
    one's place.

    The old database and files stay beside the new ones under a dated name. Raises Trouble when a table's row
    count or the audit chain is not what it was, and then changes nothing.
    """
    stamp = clock.now().strftime("%Y%m%d%H%M%S%f")
    fresh = f"renkei_restored_{stamp}"
    with tempfile.TemporaryDirectory(dir=place.data, prefix=".renkei-restore-") as folder:
        manifest = _unpack(source, Path(folder))
        restored = _with_database(place, fresh)
        _make_empty(place, fresh)
        try:
            _run(
                "pg_restore",
                "--exit-on-error",
                f"--dbname={restored.owner_url}",
                str(Path(folder) / "database.dump"),
            )
            verify(restored, manifest)
            if check_only:
                _drop(place, fresh)
                return manifest
            _swap(place, fresh, stamp)
        except BaseException:
            _drop(place, fresh)
            raise
        _bring_back_files(place.data, Path(folder), stamp)
    return manifest


def verify(restored: Site, manifest: Manifest) -> None:
    """Compare every table's row count and verify the audit chain; Trouble naming the first differences."""
    with psycopg.connect(restored.owner_url) as owner:
        found = count_rows(owner)
    different = sorted(
        name for name in {*found, *manifest.rows} if found.get(name) != manifest.rows.get(name)
    )
    if different:
        lines = ", ".join(f"{name} {manifest.rows.get(name)} → {found.get(name)}" for name in different[:5])
        raise Trouble(
            f"戻した内容が控えと違います ({lines})。今のデータベースはそのままです。"
            "別の控えを使ってください。",
            f"What was restored differs from the backup ({lines}). The present database is untouched. Use "
            "another backup.",
        )
    if any(name.startswith("audit_") for name in found):
        manage(["verify_audit"], restored.operator())


def count_rows(owner: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """The rows of every table of the schema ``public``."""
    names = owner.execute(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1"
    ).fetchall()
    counts = {}
    for (name,) in names:
        row = owner.execute(
            sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(str(name)))
        ).fetchone()
        counts[str(name)] = int(str(row[0])) if row else 0
    return counts


def _write(archive: Path, manifest: Manifest, dump: Path, data: Path) -> None:
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        content = json.dumps(manifest.__dict__, ensure_ascii=False, indent=1).encode()
        entry = tarfile.TarInfo("manifest.json")
        entry.size, entry.mode = len(content), 0o600
        tar.addfile(entry, io.BytesIO(content))
        tar.add(dump, "database.dump")
        if (data / "files").is_dir():
            tar.add(data / "files", "files")
        if (data / "secret.key").is_file() and not os.environ.get("RENKEI_SECRET_KEY"):
            tar.add(data / "secret.key", "secret.key")


def _unpack(source: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(source) as tar:
            _extract(tar, folder)
        content = json.loads((folder / "manifest.json").read_text())
        manifest = Manifest(content["made_at"], content["rows"], content["format"])
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise Trouble(
            f"{source} は連携の控えとして読めません ({error})。renkei backup "
            "で作ったファイルを指定してください。",
            f"{source} cannot be read as a backup of Renkei ({error}). Name a file made by renkei backup.",
        ) from error
    if manifest.format > FORMAT or not (folder / "database.dump").is_file():
        raise Trouble(
            f"{source} は新しい版の連携で作られたか、途中で切れています。同じ版で戻してください。",
            f"{source} was made by a newer Renkei or is cut off. Restore it with the version that made it.",
        )
    return manifest


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Only plain files, and only inside ``folder``: a foreign archive must not reach anything else."""
    for member in tar:
        path = Path(member.name)
        if member.isfile() and not path.is_absolute() and ".." not in path.parts:
            target = folder / path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            content = tar.extractfile(member)
            if content is not None:
                with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    shutil.copyfileobj(content, file)


def _make_empty(place: Site, name: str) -> None:
    with psycopg.connect(place.owner_url, autocommit=True) as owner:
        builtin = owner.info.server_version >= 170000
        owner.execute(pgroles.database_sql(name, builtin_locale=builtin).encode())
    with psycopg.connect(_with_database(place, name).owner_url, autocommit=True) as owner:
        for statement in pgroles.grant_sql():
            owner.execute(statement.encode())


def _drop(place: Site, name: str) -> None:
    with psycopg.connect(place.owner_url, autocommit=True) as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _swap(place: Site, fresh: str, stamp: str) -> None:
    """Rename old and new; PostgreSQL refuses while anybody is connected."""
    present = str(conninfo_to_dict(place.owner_url).get("dbname") or pgroles.DATABASE)
    kept = f"renkei_before_{stamp}"
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    try:
        with psycopg.connect(_with_database(place, fresh).owner_url, autocommit=True) as owner:
            owner.execute(rename.format(sql.Identifier(present), sql.Identifier(kept)))
        with psycopg.connect(_with_database(place, kept).owner_url, autocommit=True) as owner:
            try:
                owner.execute(rename.format(sql.Identifier(fresh), sql.Identifier(present)))
            except psycopg.Error:
                owner.close()
                with psycopg.connect(_with_database(place, fresh).owner_url, autocommit=True) as back:
                    back.execute(rename.format(sql.Identifier(kept), sql.Identifier(present)))
                raise
    except psycopg.errors.ObjectInUse as error:
        raise Trouble(
            "データベースが使われています。renkei serve・worker・demo を終了してからやり直してください。",
            "The database is in use. End renkei serve, worker and demo first.",
        ) from error
    say(f"前のデータベースは {kept} として残っています。", f"The previous database is kept as {kept}.")


def _bring_back_files(data: Path, folder: Path, stamp: str) -> None:
    for name in ("files", "secret.key"):
        if not (folder / name).exists():
            continue
        if (data / name).exists():
            (data / name).rename(data / f"{name}.before-{stamp}")
        shutil.move(folder / name, data / name)


def _with_database(place: Site, name: str) -> Site:
    app, owner, worker = (
        make_conninfo(url, dbname=name) for url in (place.app_url, place.owner_url, place.worker_url)
    )
    return replace(place, app_url=app, owner_url=owner, worker_url=worker)


def _run(program: str, *arguments: str) -> None:
    secret = clean_environment()
    shown = []
    for argument in arguments:
        if argument.startswith("--dbname="):
            parts = conninfo_to_dict(argument.removeprefix("--dbname="))
            if password := parts.pop("password", None):
                secret["PGPASSWORD"] = str(password)  # never on the command line, which every user can list
            argument = "--dbname=" + make_conninfo(**{key: str(value) for key, value in parts.items()})
        shown.append(argument)
    command = [str(find_bin_dir() / program), *shown]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=secret)  # noqa: S603 - a fixed program, no shell
    if done.returncode:
        said = done.stderr.strip()[-800:]
        raise Trouble(f"{program} が失敗しました: {said}", f"{program} failed: {said}")
