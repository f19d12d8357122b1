"""Where a typed address may lead: outside only, and to nothing but what was judged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from renkei.kernel import outward
from renkei.kernel.errors import Invalid
from renkei.kernel.outward import Target, Unreachable, is_outside, judge, send

INSIDE = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.5",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "not an address",
]
OUTSIDE = ["8.8.8.8", "203.104.1.1", "2400:4000::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_however_it_is_written(address: str) -> None:
    assert not is_outside(address)
    with pytest.raises(Invalid) as refused:
        judge("https://hook.example.jp/x", look_up=lambda _h, _p: [address])
    assert refused.value.code == "url_inside"
    assert address not in refused.value.message_ja


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_kept_as_the_one_to_connect_to(address: str) -> None:
    target = judge("https://hook.example.jp/x?a=1", look_up=lambda _h, _p: [address])
    assert target == Target("https", "hook.example.jp", 443, "/x?a=1", address)


def test_one_inner_address_among_many_is_enough_to_refuse() -> None:
    with pytest.raises(Invalid):
        judge("https://hook.example.jp/", look_up=lambda _h, _p: ["8.8.8.8", "127.0.0.1"])


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
def test_numbers_in_any_notation_lead_nowhere_inside(url: str, socket_enabled: None) -> None:
    with pytest.raises(Invalid) as refused:
        judge(url)
    assert refused.value.code in {"url_inside", "url_unknown_host", "url_form"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hook.example.jp/", "url_scheme"),
        ("ftp://hook.example.jp/", "url_form"),
        ("file:///etc/passwd", "url_form"),
        ("gopher://hook.example.jp/", "url_form"),
        ("https://", "url_form"),
        ("https://user:pw@hook.example.jp/", "url_form"),
        ("https://hook.example.jp@127.0.0.1/", "url_form"),
        ("https://hook.example.jp/#x", "url_form"),
        ("https://hook.example.jp/\r\nX: y", "url_form"),
        ("https://hook.example.jp\\@inside/", "url_form"),
        ("https://例え.jp/", "url_form"),
        ("https://hook.example.jp:99999/", "url_form"),
        ("https://hook.example.jp:22/", "url_port"),
        ("https://hook.example.jp:5432/", "url_port"),
        ("https://hook.example.jp/" + "a" * 600, "url_form"),
    ],
)
def test_an_address_of_another_form_is_refused(url: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        judge(url, look_up=lambda _h, _p: ["8.8.8.8"])
    assert refused.value.code == code


def test_a_name_that_nobody_knows_is_told() -> None:
    def nobody(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "unknown")

    with pytest.raises(Invalid) as refused:
        judge("https://hook.example.jp/", look_up=nobody)
    assert refused.value.code == "url_unknown_host"


def test_the_installation_names_inner_hosts_with_their_port() -> None:
    target = judge("http://orca:8000/api", internal={"orca:8000"}, look_up=lambda _h, _p: ["10.0.0.5"])
    assert (target.host, target.port, target.address) == ("orca", 8000, "10.0.0.5")
    for url in ("http://orca:8001/api", "http://orca2:8000/api"):
        with pytest.raises(Invalid):
            judge(url, internal={"orca:8000"}, look_up=lambda _h, _p: ["10.0.0.5"])


@contextmanager
def answering(raw: bytes, *, drip: bool = False) -> Iterator[tuple[int, list[bytes]]]:
    """A server on loopback that sends ``raw`` to whoever asks; gives its port and what it was asked."""
    asked: list[bytes] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def serve() -> None:
            taken, _ = server.accept()
            with taken:
                asked.append(taken.recv(65536))
                if drip:
                    while not done.wait(0.05):
                        try:
                            taken.sendall(b"H")
                        except OSError:
                            return
                else:
                    taken.sendall(raw)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1]), asked
        finally:
            done.set()
            thread.join()


def _target(port: int, host: str = "hook.example.jp") -> Target:
    return Target("http", host, port, "/x", "127.0.0.1")


def test_the_connection_goes_to_the_judged_address_and_names_the_host(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: object) -> list[str]:
        raise AssertionError("the name was asked for again")

    monkeypatch.setattr(outward, "resolve", never)
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (port, asked):
        answer = send(_target(port), "POST", body=b"{}")
    assert (answer.status, answer.body) == (200, b"ok")
    assert f"Host: hook.example.jp:{port}".encode() in asked[0]


def test_a_redirect_is_not_followed(socket_enabled: None) -> None:
    raw = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with answering(raw) as (port, asked):
        answer = send(_target(port), "GET")
    assert answer.status == 302
    assert len(asked) == 1


def test_a_long_answer_is_cut(socket_enabled: None) -> None:
    body = b"x" * 3000
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + body
    with answering(raw) as (port, _asked), pytest.raises(Unreachable) as told:
        send(_target(port), "GET", most_bytes=2048)
    assert told.value.code == "too_long"


def test_an_answer_that_drips_ends_with_the_clock(socket_enabled: None) -> None:
    with answering(b"", drip=True) as (port, _asked), pytest.raises(Unreachable) as told:
        send(_target(port), "GET", seconds=0.5)
    assert told.value.code == "timed_out"


def test_what_is_no_http_is_told(socket_enabled: None) -> None:
    with answering(b"hello\r\n\r\n") as (port, _asked), pytest.raises(Unreachable) as told:
        send(_target(port), "GET")
    assert told.value.code == "not_http"


def test_a_closed_door_is_told(socket_enabled: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with pytest.raises(Unreachable) as told:
        send(_target(port), "GET")
    assert told.value.code == "refused"
