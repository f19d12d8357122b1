"""The product's own processes, started for a test on loopback: what people send to them, and how they are ended."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from psycopg.conninfo import make_conninfo

from checks.faults import PATIENCE, wait_until
from renkei.config import launch, pgroles


@dataclass(frozen=True)
class Press:
    """What a person's browser sends: a form, with ``file`` (field, name, bytes, type); or ``body``, what a system sends."""

    who: str
    path: str
    form: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: tuple[str, str, bytes, str] | None = None

    def message(self, cookies: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        """The bytes and headers of the POST of whoever has ``cookies``."""
        if self.body:
            return self.body, dict(self.headers)
        form = {**self.form, "csrfmiddlewaretoken": cookies["csrftoken"]}
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
        if self.file is not None:
            field_name, name, data, media_type = self.file
            form[field_name] = SimpleUploadedFile(name, data, media_type)
            return encode_multipart(BOUNDARY, form), headers | {"Content-Type": MULTIPART_CONTENT}
        kind = "application/x-www-form-urlencoded"
        return urlencode(form, doseq=True).encode(), headers | {"Content-Type": kind}


class Web:
    """The product's web processes on one port; started again there after they were killed."""

    def __init__(self, database: str, *, threads: int) -> None:
        self.port, self.database, self.threads = _free_port(), database, threads
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when they answer."""
        command = launch.web_command("127.0.0.1", self.port, workers=1, threads=self.threads)
        self.process = _start(command, pgroles.APP, self.database)
        wait_until(self._answers, "the web processes answer", pause=0.05)

    def kill(self) -> None:
        """SIGKILL to the process that was started here and to all of its own."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)
            self.process = None

    def send(self, press: Press, cookies: Mapping[str, str]) -> tuple[int, str]:
        """Status and page. OSError or HTTPException when nobody answers any more."""
        body, headers = press.message(cookies)
        return self._call("POST", press.path, body, headers)

    def _call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            wire.request(method, path, body, headers)
            answer = wire.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            wire.close()

    def _answers(self) -> bool:
        try:
            return self._call("GET", "/healthz", b"", {})[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(command: list[str], role: str, database: str, **more: str) -> subprocess.Popen[bytes]:
    url = make_conninfo(os.environ["DATABASE_OWNER_URL"], user=role, dbname=database)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")}
    return subprocess.Popen(
        command,
        env=environment | {"DATABASE_URL": url} | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


# Python gives a loop as many threads as the machine has cores, and a few; this worker shall have 32 on any machine.
_WITH_THREADS = "import os, sys; os.cpu_count = lambda: 32; from django.core import management as m; m.execute_from_command_line(sys.argv)"


def start_worker(database: str, *, at_once: int, **environment: str) -> subprocess.Popen[bytes]:
    """The product's job process, logged in as its own role, with ``at_once`` (up to 32) jobs at a time; the caller ends it."""
    python, _m, _django, *words = launch.worker_command()
    command = [python, "-c", _WITH_THREADS, *words, "--concurrency", str(at_once)]
    return _start(command, pgroles.WORKER, database, **environment)


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    """Send ``how`` to a process that was started here and wait for its end; SIGKILL when it does not listen."""
    process.send_signal(how)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
