"""The embedded server: made once, walled, restarted after every kind of death, and never a danger to
strangers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from renkei.config import pgbinaries, pgroles, postgres
from renkei.config.console import Trouble
from renkei.config.pgprocesses import is_alive, is_postmaster_of
from renkei.config.postgres import Cluster

SUPERVISOR = """
import sys, time
from renkei.config.postgres import Cluster
Cluster(sys.argv[1]).start()
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("pg") / "postgres", durable=False)
    with cluster.ensure():
        yield cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "postgres", durable=False)
    yield made
    made.stop()


def ask(cluster: Cluster, question: str, role: str = "postgres") -> tuple[object, ...]:
    with psycopg.connect(cluster.url(role)) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row


def server_pid(cluster: Cluster) -> int:
    return int((cluster.data_dir / "postmaster.pid").read_text().split("\n", 1)[0])


def test_the_web_and_job_roles_cannot_pass_row_level_security(running: Cluster) -> None:
    for role in ("renkei_app", "renkei_worker"):
        walled = ask(
            running,
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user",
            role,
        )
        assert walled == (False,)
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            psycopg.connect(running.url(role)) as connection,
        ):
            connection.execute("CREATE TABLE public.mine (id int)")


def test_the_reader_of_the_gate_cannot_log_in_but_may_own_functions(running: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(running.url("gate_reader"))
    with psycopg.connect(running.url("renkei_owner")) as connection:
        connection.execute("CREATE FUNCTION public.seen() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        connection.execute("ALTER FUNCTION public.seen() OWNER TO gate_reader")
        connection.rollback()


def test_the_owner_may_step_into_the_web_role_and_makes_test_databases_that_are_walled(
    running: Cluster,
) -> None:
    with psycopg.connect(running.url("renkei_owner"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE walled_copy")
        connection.execute("SET ROLE renkei_app")
        assert connection.execute("SELECT current_user").fetchone() == ("renkei_app",)
    with psycopg.connect(running.url("renkei_owner", "walled_copy")) as connection:
        may = "SELECT has_schema_privilege(%s, 'public', 'CREATE')"
        assert connection.execute(may, ["gate_reader"]).fetchone() == (True,)
        assert connection.execute(may, ["renkei_app"]).fetchone() == (False,)


def test_japanese_text_sorts_and_counts_as_unicode_on_every_machine(running: Cluster) -> None:
    assert ask(running, "SELECT getdatabaseencoding(), length('𠮷野家'), upper('ａ')") == ("UTF8", 3, "Ａ")


def test_nothing_listens_on_the_network_and_the_socket_folder_is_private(running: Cluster) -> None:
    assert ask(running, "SELECT current_setting('listen_addresses')") == ("",)
    assert running.socket_dir.stat().st_mode & 0o077 == 0


def test_the_printed_setup_for_an_own_server_can_be_run_again_over_itself(
    running: Cluster, tmp_path: Path
) -> None:
    script = tmp_path / "setup.sql"
    script.write_text(pgroles.setup_script())
    command = [str(running.bin_dir / "psql"), "-q", "-f", str(script), running.url("postgres", "postgres")]
    for _ in range(2):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_what_was_confirmed_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "postgres")
    with cluster:
        writer = psycopg.connect(cluster.url("renkei_owner"))
        writer.execute("CREATE TABLE letter (id int)")
        writer.execute("INSERT INTO letter SELECT generate_series(1, 100)")
        writer.commit()
        writer.execute("INSERT INTO letter VALUES (101)")
        os.kill(server_pid(cluster), signal.SIGKILL)
        cluster.start()
        assert ask(cluster, "SELECT count(*) FROM letter", "renkei_owner") == (100,)
        writer.close()


def test_a_stale_process_file_naming_a_strangers_process_neither_stops_the_start_nor_harms_the_stranger(
    cluster: Cluster,
) -> None:
    cluster.start()
    cluster.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        stale = f"{stranger.pid}\n{cluster.data_dir}\n{int(time.time())}\n5432\n{cluster.data_dir}\n\n"
        (cluster.data_dir / "postmaster.pid").write_text(stale)
        cluster.start()
        assert ask(cluster, "SELECT 1", "renkei_app") == (1,)
        cluster.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_second_process_attaches_and_leaves_the_server_running(running: Cluster) -> None:
    other = Cluster(running.data_dir)
    with other.ensure():
        assert not other.supervised_here
        assert other.alive()
    assert running.alive()
    with pytest.raises(Trouble, match="Renkei"):
        other.start()


def test_a_server_whose_supervisor_was_killed_is_taken_over_and_stopped(cluster: Cluster) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(cluster.data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "up\n"
        supervisor.kill()
    left = server_pid(cluster)
    assert is_postmaster_of(left, cluster.data_dir)
    cluster.start()
    assert server_pid(cluster) == left
    cluster.stop()
    assert not is_postmaster_of(left, cluster.data_dir)


def test_data_of_another_major_version_is_refused_with_the_way_out_and_left_alone(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    version = cluster.data_dir / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(Trouble, match=r"PostgreSQL 15.*renkei restore"):
        cluster.start()
    assert version.read_text() == "15\n"
    assert not (cluster.data_dir / "postmaster.pid").exists()


def test_a_folder_that_is_not_a_database_is_refused_and_left_alone(cluster: Cluster) -> None:
    cluster.data_dir.mkdir()
    letter = cluster.data_dir / "letter.txt"
    letter.write_text("大切")
    with pytest.raises(Trouble, match="RENKEI_DATA"):
        cluster.start()
    assert letter.read_text() == "大切"


def test_a_long_data_folder_gets_its_socket_in_a_short_private_one(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / ("地域医療連携" * 8) / "postgres", durable=False)
    with cluster:
        assert ask(cluster, "SELECT 1", "renkei_app") == (1,)
        assert len(os.fsencode(cluster.socket_dir)) < postgres.LONGEST_SOCKET_FOLDER
        assert cluster.socket_dir.stat().st_mode & 0o077 == 0
    cluster.socket_dir.rmdir()


def test_a_server_that_cannot_start_says_why(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    (cluster.data_dir / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(Trouble, match="no_such_setting"):
        cluster.start()


def test_missing_programs_are_named_with_the_remedy(tmp_path: Path) -> None:
    for setting in (str(tmp_path), "no_such_postgres_wheel"):
        with pytest.raises(Trouble, match=r"requirements\.txt"):
            pgbinaries.find_bin_dir(setting)


def test_an_ordinary_user_runs_the_server_directly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert pgbinaries.identity_for(tmp_path, Path("/bin/true")) == pgbinaries.Identity()


def test_root_without_any_way_to_step_down_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(Trouble, match="RENKEI_DATA"):
        pgbinaries.identity_for(tmp_path / "none", tmp_path / "no-such-program")


def test_a_dead_process_is_known_to_be_dead() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not is_alive(ended.pid)
