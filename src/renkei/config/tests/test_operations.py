"""Backup, verified restore, doctor, the settings of child processes and the command line."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from renkei.config import backup, cli, doctor, environment
from renkei.config.console import Trouble
from renkei.config.environment import Site
from renkei.config.postgres import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("site") / "postgres", durable=False)
    with made.ensure():
        with psycopg.connect(made.url("renkei_owner")) as owner:
            owner.execute("CREATE TABLE letter (id int PRIMARY KEY, text text)")
            owner.execute("INSERT INTO letter SELECT n, '𠮷田様' FROM generate_series(1, 500) n")
            owner.execute(
                "CREATE FUNCTION sees(int) RETURNS bool LANGUAGE sql SECURITY DEFINER AS 'SELECT $1 < 10'"
            )
            owner.execute("ALTER FUNCTION sees(int) OWNER TO gate_reader")
            owner.execute("ALTER TABLE letter ENABLE ROW LEVEL SECURITY")
            owner.execute("ALTER TABLE letter FORCE ROW LEVEL SECURITY")
            owner.execute("CREATE POLICY walled ON letter USING (sees(id))")
            owner.execute("GRANT SELECT ON letter TO renkei_app")
        yield made


@pytest.fixture
def place(cluster: Cluster) -> Site:
    return environment.embedded_site(cluster.data_dir.parent, cluster)


def rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM letter").fetchone()
    assert row is not None
    return int(row[0])


def databases(place: Site) -> set[str]:
    with psycopg.connect(place.owner_url) as connection:
        return {str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_a_backup_holds_every_row_behind_the_wall_and_is_for_its_user_only(
    place: Site, tmp_path: Path
) -> None:
    (place.data / "files").mkdir(exist_ok=True)
    (place.data / "files" / "scan.pdf").write_bytes(b"%PDF")
    target = tmp_path / "renkei.tar"
    assert backup.backup(place, target).rows == {"letter": 500}
    assert target.stat().st_mode & 0o077 == 0
    with tarfile.open(target) as tar:
        assert {"manifest.json", "database.dump", "files/scan.pdf"} <= set(tar.getnames())
    with pytest.raises(Trouble, match=r"renkei\.tar"):
        backup.backup(place, target)


def test_a_check_restores_into_an_empty_database_and_leaves_no_trace(place: Site, tmp_path: Path) -> None:
    target = tmp_path / "renkei.tar"
    backup.backup(place, target)
    before = databases(place)
    assert backup.restore(place, target, check_only=True).rows == {"letter": 500}
    assert databases(place) == before


def test_a_restore_brings_back_rows_files_and_wall_and_keeps_what_was_there(
    place: Site, tmp_path: Path
) -> None:
    target = tmp_path / "renkei.tar"
    (place.data / "files").mkdir(exist_ok=True)
    (place.data / "files" / "scan.pdf").write_bytes(b"%PDF")
    backup.backup(place, target)
    with psycopg.connect(place.owner_url) as owner:
        owner.execute("DELETE FROM letter WHERE id > 100")
    (place.data / "files" / "scan.pdf").unlink()
    backup.restore(place, target, check_only=False)
    assert rows(place.owner_url) == 500
    assert rows(place.app_url) == 9
    assert (place.data / "files" / "scan.pdf").read_bytes() == b"%PDF"
    kept = next(name for name in databases(place) if name.startswith("renkei_before_"))
    assert place.cluster is not None
    assert rows(place.cluster.url("renkei_owner", kept)) == 100


def test_a_restore_while_somebody_is_connected_changes_nothing(place: Site, tmp_path: Path) -> None:
    target = tmp_path / "renkei.tar"
    backup.backup(place, target)
    before = databases(place)
    with psycopg.connect(place.app_url), pytest.raises(Trouble, match="renkei serve"):
        backup.restore(place, target, check_only=False)
    assert databases(place) == before


def test_a_backup_whose_counts_do_not_agree_is_refused(place: Site, tmp_path: Path) -> None:
    target, forged = tmp_path / "renkei.tar", tmp_path / "forged.tar"
    backup.backup(place, target)
    with tarfile.open(target) as tar:
        dump = tar.extractfile("database.dump")
        assert dump is not None
        (tmp_path / "database.dump").write_bytes(dump.read())
    (tmp_path / "manifest.json").write_text(json.dumps({"made_at": "", "rows": {"letter": 501}, "format": 1}))
    with tarfile.open(forged, "w") as tar:
        for name in ("manifest.json", "database.dump"):
            tar.add(tmp_path / name, name)
    before = databases(place)
    with pytest.raises(Trouble, match="letter 501 → 500"):
        backup.restore(place, forged, check_only=False)
    assert databases(place) == before


@pytest.mark.parametrize("content", [b"", b"not a tar", b"\0" * 10240])
def test_a_file_that_is_no_backup_is_named(place: Site, tmp_path: Path, content: bytes) -> None:
    wrong = tmp_path / "wrong.tar"
    wrong.write_bytes(content)
    with pytest.raises(Trouble, match=r"wrong\.tar"):
        backup.restore(place, wrong, check_only=True)


def test_an_archive_cannot_write_outside_the_folder_it_is_read_into(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("own")
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(outside, "../escaped.txt")
    inside = tmp_path / "inside"
    inside.mkdir()
    with tarfile.open(archive) as tar:
        backup._extract(tar, inside)
    assert not (tmp_path / "escaped.txt").exists()


def findings(place: Site) -> dict[str, doctor.Finding]:
    return {finding.what: finding for finding in doctor.examine(place.data, nullcontext(place))}


def test_the_doctor_sees_the_wall_and_a_table_whose_wall_is_not_forced(place: Site) -> None:
    assert findings(place)["row-level security"].ok
    with psycopg.connect(place.owner_url) as owner:
        owner.execute("ALTER TABLE letter NO FORCE ROW LEVEL SECURITY")
    try:
        seen = findings(place)["row-level security"]
        assert not seen.ok
        assert "letter" in seen.text
    finally:
        with psycopg.connect(place.owner_url) as owner:
            owner.execute("ALTER TABLE letter FORCE ROW LEVEL SECURITY")


def test_the_doctor_refuses_a_web_role_that_passes_the_wall(place: Site) -> None:
    seen = findings(replace(place, app_url=place.owner_url))
    passing = [f for f in doctor.check_roles(replace(place, app_url=place.owner_url)) if not f.ok]
    assert "role" in seen
    assert "NOBYPASSRLS" in passing[0].text


def test_the_doctor_names_the_remedy_for_a_clock_that_is_off_missing_tables_and_missing_fonts(
    place: Site, tmp_path: Path
) -> None:
    with psycopg.connect(place.owner_url) as owner:
        assert "NTP" in doctor.check_clock(owner, now=lambda: 0.0).text
        assert doctor.check_clock(owner).ok
        assert "renkei manage migrate" in doctor.check_queue(owner).text
    assert "git checkout" in doctor.check_fonts(tmp_path).text


def test_the_doctor_still_looks_at_the_rest_when_the_database_is_away(place: Site, tmp_path: Path) -> None:
    away = replace(place, owner_url="postgresql://renkei_owner@/renkei?host=/nowhere")
    seen = findings(away)
    assert not seen["database"].ok
    assert "DATABASE_OWNER_URL" in seen["database"].text
    assert "disk" in seen
    assert doctor.report(list(seen.values())) == 1


def test_the_doctor_tells_failed_and_late_jobs(place: Site) -> None:
    with psycopg.connect(place.owner_url) as owner:
        owner.execute("CREATE TABLE procrastinate_jobs (id int, status text, scheduled_at timestamptz)")
        owner.execute("CREATE TABLE procrastinate_events (job_id int, at timestamptz)")
        assert doctor.check_queue(owner).ok
        owner.execute("INSERT INTO procrastinate_jobs VALUES (1, 'failed', now()), (2, 'todo', '2000-01-01')")
        assert "1 failed, 1 waiting" in doctor.check_queue(owner).text
        owner.rollback()


def test_web_processes_know_no_role_but_their_own(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://renkei_owner@/renkei")
    assert "DATABASE_OWNER_URL" not in place.web()
    assert "DATABASE_WORKER_URL" not in place.web()
    assert "renkei_app" in place.web()["DATABASE_URL"]
    assert "renkei_worker" in place.worker()["DATABASE_URL"]


def test_the_secret_key_is_made_once_and_only_its_user_reads_it(tmp_path: Path) -> None:
    first = environment.secret_key(tmp_path)
    assert environment.secret_key(tmp_path) == first
    assert len(first) > 60
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_an_own_server_without_its_other_roles_is_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://renkei_app@/renkei")
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    monkeypatch.delenv("DATABASE_WORKER_URL", raising=False)
    with (
        pytest.raises(Trouble, match="DATABASE_OWNER_URL and DATABASE_WORKER_URL"),
        environment.site(tmp_path),
    ):
        pass


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.mark.parametrize(("language", "word"), [("ja_JP.UTF-8", "控え"), ("C.UTF-8", "backup")])
def test_help_speaks_the_language_of_the_terminal(
    language: str, word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    assert word in capsys.readouterr().out


@pytest.mark.parametrize("port", ["0", "70000", "-1"])
def test_an_impossible_port_is_refused_before_anything_starts(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", f"--port={port}"]) == 1
    assert "65535" in capsys.readouterr().err


def test_the_sql_of_the_roles_can_be_printed_without_a_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["database-setup"]) == 0
    assert "ALTER ROLE renkei_app LOGIN NOSUPERUSER" in capsys.readouterr().out


def test_import_export_and_user_are_handed_to_the_modules_that_own_them(
    monkeypatch: pytest.MonkeyPatch, place: Site
) -> None:
    seen: list[list[str]] = []

    @contextmanager
    def here(data: Path) -> Iterator[Site]:
        yield place

    monkeypatch.setattr(cli, "site", here)
    monkeypatch.setattr(cli.subprocess, "call", lambda command, env: seen.append(command[3:]) or 0)
    for arguments in (["import", "letter.json"], ["export", "7"], ["user", "list"], ["manage", "migrate"]):
        assert cli.main(arguments) == 0
    assert seen == [
        ["import_document", "letter.json"],
        ["export_referral", "7"],
        ["manage_user", "list"],
        ["migrate", "--database", "owner"],
    ]
