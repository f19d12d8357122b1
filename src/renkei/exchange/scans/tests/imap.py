"""A mail server small enough for a test: IMAP4rev1 as far as fetching needs it, on loopback, with one mailbox."""

from __future__ import annotations

import re
import socket
import threading
from types import TracebackType


class FakeImap:
    """``with FakeImap([mail, …]) as server`` answers at ``server.port``; ``server.seen`` are the numbers marked as read."""

    def __init__(self, mails: list[bytes]) -> None:
        self.mails = mails
        self.seen: set[int] = set()
        self.log: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> FakeImap:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.listener.close()
        self.thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as wire:
                self._talk(wire)

    def _talk(self, wire: object) -> None:
        out, lines = wire.write, wire  # type: ignore[attr-defined]
        out(b"* OK ready\r\n")
        wire.flush()  # type: ignore[attr-defined]
        for raw in lines:  # type: ignore[attr-defined]
            tag, _, rest = raw.decode().strip().partition(" ")
            self.log.append(re.sub(r"(LOGIN \S+) .*", r"\1 ***", rest))
            out(self._answer(tag, rest))
            wire.flush()  # type: ignore[attr-defined]
            if rest.upper().startswith("LOGOUT"):
                return

    def _answer(self, tag: str, line: str) -> bytes:
        word = line.split(" ")[0].upper()
        if word == "CAPABILITY":
            return f"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n".encode()
        if word == "LOGIN" and '"secret"' not in line and " secret" not in line:
            return f"{tag} NO wrong password\r\n".encode()
        if word == "SELECT":
            return f"* {len(self.mails)} EXISTS\r\n{tag} OK [READ-WRITE]\r\n".encode()
        if word == "SEARCH":
            unread = [str(n + 1) for n in range(len(self.mails)) if n + 1 not in self.seen]
            return f"* SEARCH {' '.join(unread)}\r\n{tag} OK done\r\n".encode()
        if word == "FETCH":
            return self._fetched(tag, line)
        if word == "STORE":
            number = int(line.split(" ")[1])
            self.seen.add(number)
            return f"* {number} FETCH (FLAGS (\\Seen))\r\n{tag} OK done\r\n".encode()
        if word == "LOGOUT":
            return f"* BYE\r\n{tag} OK done\r\n".encode()
        return f"{tag} OK done\r\n".encode()

    def _fetched(self, tag: str, line: str) -> bytes:
        number = int(line.split(" ")[1])
        body = self.mails[number - 1]
        if "RFC822.SIZE" in line:
            return f"* {number} FETCH (RFC822.SIZE {len(body)})\r\n{tag} OK done\r\n".encode()
        head = f"* {number} FETCH (BODY[] {{{len(body)}}}\r\n".encode()
        return head + body + f")\r\n{tag} OK done\r\n".encode()
