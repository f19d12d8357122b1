"""A wire between the program and its database that can be cut, also at a chosen word of the conversation."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections


class Relay:
    """Listens on a socket of its own and passes every byte on to the database's socket.

    ``cut()`` ends all conversations and refuses new ones. ``cut_at_commit(deed)`` waits until a program said ``deed``; the
    COMMIT that follows is then not passed on, or, with ``heard=True``, passed on while its answer is lost.
    """

    def __init__(self, real: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="relay-"))
        self.host = str(self.folder)
        self._real = real
        self._whole = True
        self._deed = b""
        self._heard = self._done = self._answer_is_lost = False
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / Path(real).name))
        self._listener.listen()
        self._begin(self._take_calls)

    def cut(self) -> None:
        """No conversation goes on, and none begins."""
        self._whole = False
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut_at_commit(self, deed: bytes, *, heard: bool) -> None:
        """Cut the wire at the COMMIT of the transaction in which the program says ``deed``."""
        self._deed, self._heard, self._done = deed, heard, False

    def mend(self) -> None:
        """New conversations begin again."""
        self._deed, self._done, self._answer_is_lost = b"", False, False
        self._whole = True

    def close(self) -> None:
        """End everything and remove the socket."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)
        for end in self._ends:
            end.close()
        shutil.rmtree(self.folder)

    def _begin(self, work: Callable[..., None], *given: socket.socket) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _take_calls(self) -> None:
        while True:
            try:
                caller, _address = self._listener.accept()
            except OSError:
                return
            self._ends.append(caller)
            if not self._whole:
                caller.shutdown(socket.SHUT_RDWR)
                continue
            database = socket.socket(socket.AF_UNIX)
            self._ends.append(database)
            database.connect(self._real)
            self._begin(self._speak, caller, database)
            self._begin(self._answer, database, caller)

    def _speak(self, caller: socket.socket, database: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := caller.recv(65536):
                self._done = self._done or (bool(self._deed) and self._deed in said)
                if self._done and b"COMMIT" in said:
                    if not self._heard:
                        self.cut()
                        break
                    self._answer_is_lost = True
                database.sendall(said)
        _hang_up(caller, database)

    def _answer(self, database: socket.socket, caller: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while answer := database.recv(65536):
                if self._answer_is_lost:
                    self.cut()
                    break
                caller.sendall(answer)
        _hang_up(caller, database)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire_between() -> Iterator[Relay]:
    """Every connection of this process runs over a relay inside the block."""
    known = connections["default"].settings_dict
    relay = Relay(f"{known['HOST']}/.s.PGSQL.{known['PORT'] or 5432}")
    before = {alias: connections[alias].settings_dict["HOST"] for alias in ("default", "trail")}
    try:
        for alias in before:
            connections[alias].close()
            connections[alias].settings_dict["HOST"] = relay.host
        yield relay
    finally:
        for alias, host in before.items():
            connections[alias].close()
            connections[alias].settings_dict["HOST"] = host
        relay.close()
