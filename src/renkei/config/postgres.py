"""The embedded PostgreSQL: made, started, watched and stopped by Renkei itself.

``Cluster(folder)`` is one data directory. Whoever holds the lock beside it supervises it; everyone else only
attaches. The server listens on a Unix socket in a 0700 folder and on no network address, so the folder is
the password. Ready means that a connection was answered, never that a process id is written somewhere: after
a crash the file with the process id is stale and may name any process of the machine, which must never be
signalled.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg

from renkei.config import pgroles
from renkei.config.console import Trouble
from renkei.config.pgbinaries import (
    Identity,
    clean_environment,
    find_bin_dir,
    identity_for,
    major_version,
    run,
)
from renkei.config.pgprocesses import is_alive, is_postmaster_of, processes_of

LONGEST_SOCKET_FOLDER = 85  # bytes; the whole socket path must stay under 104 (macOS) or 108 (Linux)
LONGEST_LOG = 5_000_000  # bytes; a longer log starts anew with the server
PATIENCE = 120.0  # seconds for a start, crash recovery included

_INITDB = [
    "--username=postgres",
    "--encoding=UTF8",
    "--data-checksums",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C.UTF-8",
    "--lc-messages=C",
    "--auth-local=trust",
    "--auth-host=reject",
]
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Cluster:
    """One embedded PostgreSQL over ``data_dir`` (made on the first start).

    ``durable=False`` gives up crash safety for speed: for tests only. ``bin_dir`` names other programs than
    those of the wheel. Problems that a person has to mend are raised as ``renkei.config.console.Trouble``.
    """

    def __init__(self, data_dir: Path | str, *, durable: bool = True, bin_dir: Path | None = None) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.durable = durable
        self._bin_dir = bin_dir
        self._identity = Identity()
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._lock: int | None = None

    @property
    def bin_dir(self) -> Path:
        """The folder with ``postgres``, ``pg_dump``, ``pg_restore``, ``psql``."""
        if self._bin_dir is None:
            self._bin_dir = find_bin_dir()
        return self._bin_dir

    @property
    def log_file(self) -> Path:
        """Where the server writes what it has to say."""
        return self.data_dir.with_name(self.data_dir.name + ".log")

    @property
    def socket_dir(self) -> Path:
        """The folder of the Unix socket: the data directory, or a short one of the same user when that is
        too long."""
        if len(os.fsencode(self.data_dir)) <= LONGEST_SOCKET_FOLDER:
            return self.data_dir
        mark = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"renkei-{mark}"

    def url(self, role: str = pgroles.APP, dbname: str = pgroles.DATABASE) -> str:
        """A ``DATABASE_URL`` for ``role``: ``postgresql://renkei_app@/renkei?host=/socket/folder``."""
        return f"postgresql://{role}@/{dbname}?host={quote(str(self.socket_dir))}"

    def alive(self) -> bool:
        """Whether the server answers a connection now."""
        try:
            with psycopg.connect(self.url("postgres", "postgres"), connect_timeout=3):
                return True
        except psycopg.OperationalError:
            return False

    @property
    def supervised_here(self) -> bool:
        """Whether this object started (or took over) the server and will stop it."""
        return self._lock is not None

    def start(self, timeout: float = PATIENCE) -> Self:
        """Start the server, make it first where there is none, and wait until it answers.

        A server left behind by a killed supervisor is taken over. Raises Trouble when another process
        supervises this data directory, when it belongs to another major version, or when the server does not
        come up in ``timeout`` seconds.
        """
        self._become_supervisor()
        try:
            self._start(timeout)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, timeout: float = 60.0) -> None:
        """Stop the server that ``start`` started; open transactions are rolled back. Does nothing when
        attached."""
        self._end_server(timeout)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def ensure(self, timeout: float = PATIENCE) -> Iterator[Self]:
        """Use the server: attach when another process runs it, else start it and stop it at the end."""
        if self._take_lock():
            self.start(timeout)
        else:
            self._wait(self._prepared, timeout)
        try:
            yield self
        finally:
            self.stop()

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """Hold the data directory with no server over it, for instance to delete it; Trouble while others
        use it."""
        self._become_supervisor()
        try:
            named = _first_number(self.data_dir / "postmaster.pid")
            if named is not None and is_postmaster_of(named, self.data_dir):
                self._pid = named
                self._end_server(60.0)
            yield
        finally:
            self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _become_supervisor(self) -> None:
        if not self._take_lock():
            raise Trouble(
                f"{self.data_dir} のデータベースは、別の Renkei がすでに動かしています。"
                "それを終了してからやり直してください。",
                f"The database in {self.data_dir} is already run by another Renkei. End that one first.",
            )

    def _take_lock(self) -> bool:
        """Become the supervisor; False when another process (or object) is. The kernel frees it with its
        holder."""
        if self._lock is not None:
            return True
        path = self.data_dir.with_name(self.data_dir.name + ".lock")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Trouble(
                f"{path.parent} に書き込めません ({error.strerror})。持ち主と権限を確かめるか、RENKEI_DATA "
                "に別の"
                "フォルダを指定してください。",
                f"Cannot write in {path.parent} ({error.strerror}). Check its owner and permissions, or name "
                "another"
                " folder in RENKEI_DATA.",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def _start(self, timeout: float) -> None:
        if self._pid is not None and not self.alive() and self._wait_gone(1.0):
            self._process = self._pid = None  # it died under us: reaped here, started again below
        if self._pid is None:
            self._identity = identity_for(self.data_dir, self.bin_dir / "postgres")
            if not (self.data_dir / "PG_VERSION").exists():
                self._initdb()
            self._check_version()
            self._adopt_or_clean()
        if self._pid is None:
            self._launch()
        self._wait(self.alive, timeout)
        if not self._prepared():
            pgroles.set_up({name: self.url("postgres", name) for name in pgroles.SET_UP_IN})

    def _initdb(self) -> None:
        """Make the data directory under another name first, so that an interrupted start leaves nothing
        half."""
        fresh = self.data_dir.with_name(self.data_dir.name + ".new")
        if fresh.exists():
            run(Identity(), ["rm", "-rf", "--", str(fresh)])
        fresh.mkdir(mode=0o700)
        if self._identity.uid is not None and self._identity.gid is not None:
            os.chown(fresh, self._identity.uid, self._identity.gid)
        command = [*self._identity.prefix, str(self.bin_dir / "initdb"), *_INITDB, "-D", str(fresh)]
        if not self.durable:
            command.append("--no-sync")
        done = run(self._identity, command)
        if done.returncode:
            raise Trouble(
                f"データベースを {self.data_dir} に作れませんでした: {done.stderr.strip()[-600:]}",
                f"The database could not be made in {self.data_dir}: {done.stderr.strip()[-600:]}",
            )
        try:
            fresh.rename(self.data_dir)
        except OSError as error:
            raise Trouble(
                f"{self.data_dir} は空でなく、データベースでもありません。RENKEI_DATA "
                "に別のフォルダを指定してください。",
                f"{self.data_dir} is neither empty nor a database. Name another folder in RENKEI_DATA.",
            ) from error

    def _check_version(self) -> None:
        try:
            made_by = int((self.data_dir / "PG_VERSION").read_text().strip().split(".")[0])
        except PermissionError as error:
            raise Trouble(
                f"{self.data_dir} を読めません。作ったときと同じユーザーで実行してください。",
                f"{self.data_dir} cannot be read. Run as the user who made it.",
            ) from error
        ours = major_version(self.bin_dir)
        if made_by != ours:
            raise Trouble(
                f"{self.data_dir} は PostgreSQL {made_by} のデータですが、入っているのは PostgreSQL {ours} "
                "です。"
                f"RENKEI_PG_BIN に PostgreSQL {made_by} の bin フォルダを指定して renkei backup FILE "
                "で書き出し、"
                f"{self.data_dir} を別名にしてから、新しい版で renkei restore FILE を実行してください。",
                f"{self.data_dir} belongs to PostgreSQL {made_by}, but PostgreSQL {ours} is installed. Set "
                "RENKEI_PG_BIN"
                f" to the bin folder of PostgreSQL {made_by} and run renkei backup FILE; rename "
                f"{self.data_dir}; then run"
                " renkei restore FILE with the new version.",
            )

    def _adopt_or_clean(self) -> None:
        """Take over a server whose supervisor was killed, or clear away what a dead one left."""
        pid_file = self.data_dir / "postmaster.pid"
        named = _first_number(pid_file)
        if named is not None and is_postmaster_of(named, self.data_dir):
            self._pid = named
            return
        self._wait_for_orphans()
        # Only a live stranger makes PostgreSQL refuse; the rest of a stale file it judges better itself.
        if named is not None and is_alive(named):
            pid_file.unlink(missing_ok=True)

    def _wait_for_orphans(self) -> None:
        """After kill -9 the server's children notice within moments; two servers over one directory destroy
        it."""
        deadline = time.monotonic() + 10
        while orphans := processes_of(self.data_dir):
            if time.monotonic() > deadline:
                for pid in orphans:
                    os.kill(pid, signal.SIGQUIT)
                deadline = time.monotonic() + 10
            time.sleep(0.05)

    def _launch(self) -> None:
        folder = self.socket_dir
        if folder != self.data_dir:
            self._make_private(folder)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "log_checkpoints": "off",
        } | ({} if self.durable else _NOT_DURABLE)
        command = [
            *self._identity.prefix,
            str(self.bin_dir / "postgres"),
            "-D",
            str(self.data_dir),
            "-p",
            "5432",
        ]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._open_log() as log:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed program, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=clean_environment(),
                user=self._identity.uid,
                group=self._identity.gid,
                extra_groups=self._identity.groups,
                start_new_session=True,  # Ctrl-C at the terminal reaches the supervisor only
            )
        self._pid = self._process.pid

    def _open_log(self) -> IO[bytes]:
        """For the supervisor's user only: an error in the log may quote a row."""
        too_long = self.log_file.exists() and self.log_file.stat().st_size > LONGEST_LOG
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if too_long else os.O_APPEND)
        return os.fdopen(os.open(self.log_file, flags, 0o600), "wb")

    def _make_private(self, folder: Path) -> None:
        """The short folder lies where others may write, so it must really be ours."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._identity.uid is not None and self._identity.gid is not None:
            os.chown(folder, self._identity.uid, self._identity.gid)
        state = folder.lstat()
        wanted = os.geteuid() if self._identity.uid is None else self._identity.uid
        if folder.is_symlink() or state.st_uid != wanted or state.st_mode & 0o077:
            raise Trouble(
                f"{folder} が他のユーザーのものになっています。RENKEI_DATA "
                "にもっと短いパスを指定してください。",
                f"{folder} belongs to somebody else. Give RENKEI_DATA a shorter path.",
            )

    def _wait(self, ready: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not ready():
            died = self._process is not None and self._process.poll() is not None
            if died or time.monotonic() > deadline:
                raise Trouble(
                    f"PostgreSQL が起動しませんでした。記録 ({self.log_file}) "
                    f"の終わり:\n{self._last_words()}",
                    f"PostgreSQL did not start. The end of its log ({self.log_file}):\n{self._last_words()}",
                )
            time.sleep(0.05)

    def _last_words(self) -> str:
        try:
            return self.log_file.read_text(errors="replace")[-1500:].strip()
        except OSError:
            return "-"

    def _prepared(self) -> bool:
        return pgroles.is_set_up(self.url("postgres", "postgres"))

    def _end_server(self, timeout: float) -> None:
        if self._pid is None:
            return
        for kind, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            self._signal(kind)
            if self._wait_gone(patience):
                break
        self._process = self._pid = None

    def _signal(self, kind: signal.Signals) -> None:
        """Signal the server, and only it."""
        if self._process is not None:
            self._process.send_signal(kind)  # a no-op once it was reaped, so never a stranger's process
        elif self._adopted_alive() and self._pid is not None:
            os.kill(self._pid, kind)

    def _wait_gone(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            gone = self._process.poll() is not None if self._process else not self._adopted_alive()
            if gone:
                return True
            time.sleep(0.02)
        return False

    def _adopted_alive(self) -> bool:
        return self._pid is not None and is_postmaster_of(self._pid, self.data_dir)


def _first_number(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
