"""Requests to addresses that people typed: never into this house's own network (SSRF), never anywhere else than what was judged.

The name is resolved once, every address it has is judged, and the connection goes to the judged address itself: a name that
answers differently a moment later (DNS rebinding) leads nowhere. Redirects are not followed, answers are read up to a limit, and a
clock ends what drips. ``internal`` names hosts that the installation allows by hand, as ``host`` or ``host:port``; for these only,
plain HTTP and inner addresses are allowed.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from renkei.kernel.errors import DomainError, Invalid

PORTS = (443, 8443)
SECONDS = 10.0
MOST_BYTES = 1024 * 1024
MOST_URL = 500
_DEFAULT_PORT = {"http": 80, "https": 443}
_CARRIERS = [
    ipaddress.ip_network(net)
    for net in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::ffff:0:0:0/96")
]
"""IPv6 that carries an IPv4 address inside: it would be a way round the judgement of the latter."""
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")

Resolve = Callable[[str, int], Collection[str]]


class Unreachable(DomainError):
    """The other side did not answer as it should; ``message_ja`` says how."""

    status = 502


@dataclass(frozen=True)
class Target:
    """An address that was judged: ``address`` is where the connection goes, ``host`` what the certificate must name."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


@dataclass(frozen=True)
class Answer:
    """Status and the first bytes of what came back."""

    status: int
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """Every address of ``host``. Raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_outside(address: str) -> bool:
    """Whether an IP address belongs to the public internet: neither private, loopback, link-local (metadata of clouds), shared,
    multicast, reserved nor unspecified, and no IPv6 that carries an IPv4 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_outside(str(found.ipv4_mapped))
        if found.is_site_local or any(found in net for net in _CARRIERS):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def judge(
    url: str, *, internal: Collection[str] = (), look_up: Resolve | None = None, field: str = "url"
) -> Target:
    """Where ``url`` leads, if a request may go there.

    Raises ``Invalid`` at ``field``: ``url_form``, ``url_scheme``, ``url_port``, ``url_unknown_host``, ``url_inside``. The sentence of the
    last tells no address: what is inside stays unknown outside.
    """
    scheme, host, port, path = _parts(url, field)
    known = host in internal or f"{host}:{port}" in internal
    if scheme != "https" and not known:
        raise Invalid("url_scheme", "https:// で始まるアドレスだけを登録できます。", field)
    if port not in PORTS and not known:
        raise Invalid("url_port", f"ポートは {'・'.join(map(str, PORTS))} だけを使えます。", field)
    try:
        addresses = list((look_up or resolve)(host, port))
    except (OSError, UnicodeError) as error:
        raise _unknown_host(host, field) from error
    if not addresses:
        raise _unknown_host(host, field)
    if not known and not all(is_outside(found) for found in addresses):
        raise Invalid(
            "url_inside",
            "このアドレスは内部のネットワークを指すため使えません。"
            "院内のサーバーを使うときは、システム管理者が許可するホストに加えてください。",
            field,
        )
    return Target(scheme, host, port, path, addresses[0])


def _unknown_host(host: str, field: str) -> Invalid:
    return Invalid("url_unknown_host", f"「{host}」が見つかりません。アドレスを確かめてください。", field)


def _parts(url: str, field: str) -> tuple[str, str, int, str]:
    wrong = Invalid(
        "url_form",
        "アドレスを読み取れません。https://example.jp/hook の形で、利用者名・#を付けずに入力してください。",
        field,
    )
    if len(url) > MOST_URL or not url.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _DEFAULT_PORT or not host or "@" in parts.netloc or parts.fragment:
        raise wrong
    if not _HOST.fullmatch(host) and not _is_address(host):
        raise wrong
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port or _DEFAULT_PORT[parts.scheme], path


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def send(
    target: Target,
    method: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> Answer:
    """One request to the judged address; a redirect is an answer like any other.

    Raises ``Unreachable``: ``refused``, ``timed_out``, ``certificate``, ``too_long``, ``not_http``.
    """
    connection = _connection(target, seconds)
    ended = threading.Event()
    clock = threading.Timer(seconds, _end, (connection, ended))
    clock.daemon = True
    clock.start()
    try:
        connection.request(method, target.path, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        kept = answer.read(most_bytes + 1)
        if len(kept) > most_bytes:
            raise Unreachable("too_long", f"応答が長すぎます({most_bytes // 1024}KBまで)。")
        return Answer(answer.status, kept)
    except (OSError, http.client.HTTPException) as error:
        raise _told(error, ended.is_set(), seconds) from error
    finally:
        clock.cancel()
        connection.close()


def _end(connection: http.client.HTTPConnection, ended: threading.Event) -> None:
    """Cut what drips byte by byte: a time-out of the socket counts from each byte anew."""
    ended.set()
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _told(error: Exception, ended: bool, seconds: float) -> Unreachable:
    if ended or isinstance(error, TimeoutError):
        return Unreachable("timed_out", f"{seconds:.0f}秒以内に応答がありませんでした。")
    if isinstance(error, ssl.SSLError):
        return Unreachable("certificate", "TLSの証明書を確かめられませんでした。")
    if isinstance(error, http.client.HTTPException):
        return Unreachable("not_http", "HTTPの応答として読み取れませんでした。")
    return Unreachable("refused", "接続できませんでした。")


def _connection(target: Target, seconds: float) -> http.client.HTTPConnection:
    if target.scheme == "https":
        return _Pinned(target, seconds, ssl.create_default_context())
    return _Pinned(target, seconds, None)


class _Pinned(http.client.HTTPConnection):
    """Connects to the judged address; the Host header and the certificate still go by the name."""

    def __init__(self, target: Target, seconds: float, context: ssl.SSLContext | None) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self._target, self._context = target, context
        self.default_port = _DEFAULT_PORT[target.scheme]

    def connect(self) -> None:
        """No name is asked for again."""
        self.sock = socket.create_connection((self._target.address, self._target.port), self.timeout)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self._target.host)
