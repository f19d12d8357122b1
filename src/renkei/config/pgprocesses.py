"""Which processes of this machine really are PostgreSQL over a given data directory.

A process id in a file says nothing: after a crash or a reboot it may belong to any program.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_PROC = Path("/proc")


def is_alive(pid: int) -> bool:
    """Whether any process has this id, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_postmaster_of(pid: int, data_dir: Path) -> bool:
    """Whether process ``pid`` is the PostgreSQL server over ``data_dir``."""
    arguments = _arguments(pid)
    if not arguments or Path(arguments[0]).name != "postgres":
        return False
    return str(data_dir) in arguments or _works_in(pid, data_dir)


def processes_of(data_dir: Path) -> list[int]:
    """Ids of every PostgreSQL process, server or its children, that works in ``data_dir`` (Linux; else
    none)."""
    found = []
    for entry in _PROC.glob("[0-9]*"):
        pid = int(entry.name)
        if _program(pid) == "postgres" and _works_in(pid, data_dir):
            found.append(pid)
    return found


def _arguments(pid: int) -> list[str]:
    if _PROC.is_dir():
        try:
            return (
                (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
            )
        except OSError:
            return []
    shown = subprocess.run(  # noqa: S603 - a fixed program, no shell
        ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)],
        check=False,
        capture_output=True,
        text=True,
    )
    return shown.stdout.split()


def _program(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def _works_in(pid: int, data_dir: Path) -> bool:
    try:
        return (_PROC / str(pid) / "cwd").samefile(data_dir)
    except OSError:
        return False
