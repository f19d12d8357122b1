"""``renkei demo`` from the first step to Ctrl-C, with the product's own processes replaced by tiny ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from renkei.config import launch
from renkei.config.console import Trouble
from renkei.config.pgprocesses import is_alive, processes_of

# The real launcher; only what it would start is small: a page that answers, jobs that wait, steps that note themselves.
STAND_IN = """
import sys
from renkei.config import launch
WEB = '''
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *ignored): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
'''
folder, port = sys.argv[1], int(sys.argv[2])
note = "import sys; open(sys.argv[1] + '/steps', 'a').write(sys.argv[2] + chr(10))"
jobs = "import os, sys, time; open(sys.argv[1] + '/job', 'w').write(str(os.getpid())); time.sleep(120)"
launch.django_command = lambda arguments: [sys.executable, "-c", note, folder, arguments[0]]
launch.web_command = lambda host, port, *more: [sys.executable, "-c", WEB, str(port)]
launch.worker_command = lambda: [sys.executable, "-c", jobs, folder]
sys.exit(launch.demo(port=port, data=folder, reset=len(sys.argv) > 3, scale=1))
"""


class Demo:
    """A demo running in a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def start(self, *more: str) -> subprocess.Popen[str]:
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE_", "LANG", "LC_"))
        }
        command = [sys.executable, "-c", STAND_IN, str(self.folder), str(self.port), *more]
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = []
        for line in process.stdout or ():
            said.append(line)
            if "Ctrl-C ends it" in line:
                return process
        process.communicate()
        raise AssertionError("".join(said))

    def steps(self) -> list[str]:
        return (self.folder / "steps").read_text().split()

    def job(self) -> int:
        return int(until(lambda: (self.folder / "job").read_text()))

    def end(self, process: subprocess.Popen[str], kind: signal.Signals) -> int:
        process.send_signal(kind)
        process.communicate(timeout=60)
        return process.returncode


def until(look: object, patience: float = 30.0) -> str:
    """The first answer of ``look`` that is not empty."""
    assert callable(look)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if answer := look():
                return str(answer)
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    port = int(subprocess.run([sys.executable, "-c", FREE_PORT], capture_output=True, check=True).stdout)
    yield Demo(tmp_path / "data", port)
    assert processes_of(tmp_path / "data" / "postgres") == []


FREE_PORT = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_everything_that_was_started(demo: Demo, kind: signal.Signals) -> None:
    process = demo.start()
    job = demo.job()
    assert processes_of(demo.folder / "postgres")
    assert demo.end(process, kind) == 0
    assert not is_alive(job)
    assert processes_of(demo.folder / "postgres") == []


def test_a_second_run_keeps_what_is_there_and_a_reset_begins_anew(demo: Demo) -> None:
    first = demo.start()
    demo.end(first, signal.SIGINT)
    assert demo.steps() == ["migrate", "demo_region", "collectstatic", "demo_logins"]
    second = demo.start()
    demo.end(second, signal.SIGINT)
    assert demo.steps()[4:] == ["migrate", "demo_logins"]
    reset = demo.start("reset")
    demo.end(reset, signal.SIGINT)
    assert demo.steps()[6:] == ["migrate", "demo_region", "collectstatic", "demo_logins"]


def test_killed_jobs_and_a_killed_database_come_back(demo: Demo) -> None:
    process = demo.start()
    job = demo.job()
    (demo.folder / "job").unlink()
    os.kill(job, signal.SIGKILL)
    assert demo.job() != job
    pid_file = demo.folder / "postgres" / "postmaster.pid"
    killed = pid_file.read_text().split("\n", 1)[0]
    os.kill(int(killed), signal.SIGKILL)
    until(lambda: pid_file.read_text().split("\n", 1)[0] not in {"", killed})
    assert demo.end(process, signal.SIGINT) == 0


def test_a_supervisor_that_was_killed_leaves_no_page_behind_that_blocks_the_next_start(demo: Demo) -> None:
    process = demo.start()
    job = demo.job()
    process.kill()
    process.communicate()
    until(lambda: not is_alive(job))
    again = demo.start()
    assert demo.end(again, signal.SIGINT) == 0


def test_a_taken_port_is_told_with_another_one_to_use(demo: Demo) -> None:
    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", str(demo.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert "Serving" in holder.stdout.readline()
        try:
            with pytest.raises(AssertionError, match=rf"make demo PORT={demo.port + 1}"):
                demo.start()
        finally:
            holder.kill()
    assert not demo.folder.exists()


def test_a_full_disk_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="RENKEI_DATA"):
        launch.check_space(tmp_path / "data", needed=1 << 62)
    assert not (tmp_path / "data").exists()


def test_the_demo_never_goes_into_a_folder_in_real_use(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(Trouble, match="RENKEI_DATA"):
        launch._mark_as_demo(tmp_path)
    launch._delete_demo(tmp_path)
    assert (tmp_path / "postgres").exists()
