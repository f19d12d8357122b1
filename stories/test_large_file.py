"""A film of 200 MB with a letter: refused in words, without the server growing, and nothing of it is kept."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from stories.conftest import Site
from stories.journeys import start_letter
from stories.steps import Desk, given, then, when

MEGABYTE = 1024 * 1024
SIZE = 200 * MEGABYTE
GROWTH = 60 * MEGABYTE
BOUNDARY = "renkei-large-file"
KEPT = ("files_storedfile", "referrals_attachment", "exchange_waitingdocument", "exchange_importeddocument")


def web_processes(site: Site) -> list[int]:
    """The server's processes, known by the site's own data folder in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"RENKEI_DATA={site.data}".encode() in environment and b"granian" in command:
            found.append(int(folder.name))
    return found


def memory(pid: int, line: str) -> int:
    """Bytes of ``VmRSS`` or ``VmHWM``."""
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith(line + ":"):
            return int(row.split()[1]) * 1024
    return 0


def body(fields: dict[str, str], field: str, name: str) -> tuple[int, Iterator[bytes]]:
    """Length and pieces of a form with a file of zeros, made while it is sent."""
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    )
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    start = (head + "Content-Type: application/pdf\r\n\r\n").encode()
    end = f"\r\n--{BOUNDARY}--\r\n".encode()

    def pieces() -> Iterator[bytes]:
        yield start
        piece = bytes(MEGABYTE)
        for _ in range(SIZE // MEGABYTE):
            yield piece
        yield end

    return len(start) + SIZE + len(end), pieces()


def send(site: Site, page: Page, path: str, field: str, name: str) -> tuple[int, str]:
    """Post the file as the person of ``page``: status and what the page says."""
    cookies = {c["name"]: c["value"] for c in page.context.cookies(site.url)}
    length, pieces = body({"csrfmiddlewaretoken": cookies["csrftoken"]}, field, name)
    address = urlsplit(site.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    headers = {
        "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()),
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(length),
        "HX-Request": "true",
    }
    try:
        connection.request("POST", path, pieces, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_file_of_200_megabytes_is_refused_and_costs_no_memory(people: Desk, site: Site) -> None:
    with given("a letter of the clinic and the desk of the hospital"):
        clinic = people.at("aoki.c1")
        uid = start_letter(people, clinic, "鈴木")
        desk = people.at("sato.h1")
        kept = {table: site.count(table) for table in KEPT}
        processes = web_processes(site)
        assert processes
        for pid in processes:
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak starts anew from here
        before = {pid: memory(pid, "VmRSS") for pid in processes}
    with when("a film is sent as an attachment, and as a document to take in"):
        attached = send(site, clinic, f"/referrals/{uid}/attachments/", "files", "douga.pdf")
        taken = send(site, desk, "/exchange/upload/", "files", "douga.json")
    with then("both are refused by name, size and limit"):
        for status, says in (attached, taken):
            assert status == 422, says
            assert "「douga." in says
            assert "200" in says
            assert "50MBまで" in says
    with then("no process grew by a film, and nothing is kept"):
        grown = {pid: memory(pid, "VmHWM") - before[pid] for pid in processes}
        print("  grown by MB:", {pid: round(size / MEGABYTE, 1) for pid, size in grown.items()})
        assert max(grown.values()) < GROWTH, grown
        assert {table: site.count(table) for table in KEPT} == kept
