"""``renkei demo``, ``renkei serve`` and ``renkei worker``: the processes of a running Renkei."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import make_conninfo

from renkei.config.children import Child, Children, Ending, ending_by_signal, run_step
from renkei.config.console import Trouble, say
from renkei.config.environment import Site, data_folder, own_server, site
from renkei.config.postgres import Cluster

NEEDED_SPACE = 1 << 30  # bytes: an empty cluster, the demo region and room for a day of trying out
WEB_PATIENCE = 60.0  # seconds until the first page must have come
WEB, WORKER = "web", "worker"


def demo(*, port: int, data: str | None, reset: bool, scale: int) -> int:
    """Build the demo region where there is none and run it until Ctrl-C; exit code 0 after a good end."""
    folder = data_folder(data)
    if own_server() and reset:
        raise Trouble(
            "DATABASE_URL のデータベースは消しません。ご自身で空のデータベースを用意してください。",
            "The database of DATABASE_URL is not deleted for you. Provide an empty one.",
        )
    check_port("127.0.0.1", port)
    check_space(folder)
    with ending_by_signal():
        try:
            if reset:
                _delete_demo(folder)
            _mark_as_demo(folder)
            say("1/5 データベースを起動しています", "1/5 Starting the database")
            with site(folder) as place:
                _run_demo(place, port, scale)
        except Ending:
            say("終了しました。", "Ended.")
    return 0


def _run_demo(place: Site, port: int, scale: int) -> None:
    demo_env = {"RENKEI_DEMO": "1"}
    operator = place.operator() | demo_env
    say("2/5 表を用意しています", "2/5 Preparing the tables")
    manage(["migrate", "--database", "owner", "--verbosity", "0"], operator)
    say("3/5 デモ地域を用意しています", "3/5 Preparing the demo region")
    if _demo_state(place.data) != "ready":
        manage(["demo_region", "--scale", str(scale)], operator, quiet=False)
        _write_demo_state(place.data, "ready")
    say("4/5 画面の部品を用意しています", "4/5 Preparing the static files")
    collect_static(place.data, operator)
    say("5/5 起動しています", "5/5 Starting")
    with ExitStack() as stack:
        children = Children()
        stack.callback(children.end)
        children.add(Child(WEB, web_command("127.0.0.1", port), place.web() | demo_env))
        children.add(_worker_of(place, demo_env))
        wait_for_page("127.0.0.1", port, children)
        say(f"\n  連携: http://localhost:{port}/\n", f"\n  Renkei: http://localhost:{port}/\n")
        manage(["demo_logins"], operator, quiet=False)
        say("Ctrl-C で終了します。入力したものは次回も残ります。", "Ctrl-C ends it. What you enter is kept.")
        watch(children, place.cluster)


def serve(*, host: str, port: int, workers: int, threads: int, with_worker: bool) -> int:
    """Run the web processes, and with ``with_worker`` the jobs, until a signal ends them."""
    check_port(host, port)
    with ending_by_signal():
        try:
            with site(data_folder()) as place, ExitStack() as stack:
                if place.cluster is not None:
                    manage(["migrate", "--database", "owner", "--verbosity", "0"], place.operator())
                collect_static(place.data, place.operator())
                children = Children()
                stack.callback(children.end)
                children.add(Child(WEB, web_command(host, port, workers, threads), place.web()))
                if with_worker:
                    children.add(_worker_of(place))
                wait_for_page(host, port, children)
                say(f"http://{host}:{port}/ で動いています。", f"Serving on http://{host}:{port}/.")
                watch(children, place.cluster)
        except Ending:
            say("終了しました。", "Ended.")
    return 0


def worker() -> int:
    """Run the jobs until a signal ends them."""
    with ending_by_signal():
        try:
            with site(data_folder()) as place, ExitStack() as stack:
                children = Children()
                stack.callback(children.end)
                children.add(_worker_of(place))
                watch(children, place.cluster)
        except Ending:
            say("終了しました。", "Ended.")
    return 0


def _worker_of(place: Site, more: Mapping[str, str] | None = None) -> Child:
    """The job process ends when the database goes away; it is started again when the database is back, however long that takes."""
    return Child(
        WORKER,
        worker_command(),
        place.worker() | dict(more or {}),
        can_run=partial(_database_answers, place.worker_url),
    )


def _database_answers(url: str) -> bool:
    """Whether a server takes connections there; a refused password is an answer too, and no reason to wait."""
    return pq.PGconn.ping(make_conninfo(url, connect_timeout=3).encode()) == pq.Ping.OK


def watch(children: Children, cluster: Cluster | None) -> None:
    """Look after the children and an embedded server that is ours, for ever."""
    looks = 0
    while True:
        time.sleep(0.5)
        children.watch()
        looks += 1
        if cluster is not None and cluster.supervised_here and looks % 4 == 0 and not cluster.alive():
            say("データベースを起動し直しています", "Starting the database again")
            cluster.start()


def django_command(arguments: Sequence[str]) -> list[str]:
    """The command line of a Django management command."""
    return [sys.executable, "-m", "django", *arguments]


def web_command(host: str, port: int, workers: int = 2, threads: int = 4) -> list[str]:
    """The command line of the web processes: ``workers`` processes with ``threads`` threads each."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "renkei.config.wsgi:application"),
        *("--host", host, "--port", str(port), "--no-ws", "--log-level", "warning"),
        *("--workers", str(workers), "--blocking-threads", str(threads), "--respawn-failed-workers"),
        *("--workers-kill-timeout", "8"),
    ]


def worker_command() -> list[str]:
    """The command line of the job process."""
    return django_command(["procrastinate", "worker", "--shutdown-graceful-timeout", "8"])


def manage(arguments: Sequence[str], env: Mapping[str, str], *, quiet: bool = True) -> None:
    """Run a management command to its end; Trouble with its last lines when it fails."""
    code, said = run_step(django_command(arguments), env, quiet=quiet)
    if code:
        tail = "\n".join(said.strip().splitlines()[-15:])
        raise Trouble(
            f"「{arguments[0]}」が失敗しました (終了コード {code})。\n{tail}",
            f"{arguments[0]} failed (exit code {code}).\n{tail}",
        )


def collect_static(data: Path, env: Mapping[str, str]) -> None:
    """Collect the static files when any of them is newer than the last time."""
    source = Path(__file__).resolve().parent.parent
    newest = max((f.stat().st_mtime for f in source.glob("*/static/**/*") if f.is_file()), default=0.0)
    stamp = data / "static" / ".collected"
    mark = f"{newest} {sys.prefix}"
    if stamp.exists() and stamp.read_text() == mark:
        return
    manage(["collectstatic", "--noinput", "--verbosity", "0"], env)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(mark)


def check_port(host: str, port: int) -> None:
    """Trouble when ``port`` is taken or not allowed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise Trouble(
                f"ポート {port} は使えません ({error})。別の番号で実行してください。例: make demo "
                f"PORT={port + 1}",
                f"Port {port} cannot be used ({error}). Choose another, for instance: make demo "
                f"PORT={port + 1}",
            ) from error


def check_space(folder: Path, needed: int = NEEDED_SPACE) -> None:
    """Trouble when the disk under ``folder`` has less than ``needed`` bytes free."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise Trouble(
            f"{there} の空きが {free >> 20} MB しかありません ({needed >> 20} MB 必要)。空きを作るか、"
            "RENKEI_DATA に別のディスクのフォルダを指定してください。",
            f"Only {free >> 20} MB are free in {there} ({needed >> 20} MB needed). Make room, or name a "
            "folder on"
            " another disk in RENKEI_DATA.",
        )


def wait_for_page(host: str, port: int, children: Children) -> None:
    """Wait until ``/healthz`` answers 200."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asks, binds nothing
    deadline = time.monotonic() + WEB_PATIENCE
    while not _answers(target, port):
        if time.monotonic() > deadline:
            raise Trouble(
                f"{WEB_PATIENCE:.0f} 秒待っても画面が応答しません。上の記録を確かめ、renkei doctor "
                "を実行してください。",
                f"No page came within {WEB_PATIENCE:.0f} s. See the lines above and run renkei doctor.",
            )
        children.watch()
        time.sleep(0.2)


def _answers(host: str, port: int) -> bool:
    allowed = os.environ.get("RENKEI_HOSTS", "localhost").split(",")[0].lstrip(".")
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": allowed})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _demo_state(folder: Path) -> str:
    try:
        return str(json.loads((folder / "demo.json").read_text())["state"])
    except (OSError, ValueError, KeyError):
        return ""


def _write_demo_state(folder: Path, state: str) -> None:
    (folder / "demo.json").write_text(json.dumps({"state": state}) + "\n")


def _mark_as_demo(folder: Path) -> None:
    """A folder with a database that is no demo holds real work: the demo region never goes in there."""
    if _demo_state(folder):
        return
    if (folder / "postgres").exists():
        raise Trouble(
            f"{folder} には実際に使っているデータベースがあります。デモには別のフォルダを RENKEI_DATA "
            "に指定してください。",
            f"{folder} holds a database in real use. Name another folder for the demo in RENKEI_DATA.",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_demo_state(folder, "building")


def _delete_demo(folder: Path) -> None:
    """Delete what a demo made, and nothing that is not a demo's."""
    if not _demo_state(folder):
        return
    cluster = Cluster(folder / "postgres")
    with cluster.held_still():
        say(f"{folder} のデモを消しています", f"Deleting the demo in {folder}")
        for name in ("postgres", "postgres.new", "files", "static"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in ("demo.json", "secret.key", "postgres.log"):
            (folder / name).unlink(missing_ok=True)
    if (folder / "postgres").exists():
        raise Trouble(
            f"{folder / 'postgres'} を消せません。作ったときと同じユーザーで実行してください "
            f"({os.geteuid()})。",
            f"{folder / 'postgres'} cannot be deleted. Run as the user who made it (now {os.geteuid()}).",
        )
