"""One request and one response as plain values, so that an entry of a batch is answered like a call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.reading import read_json
from renkei.fhirkit.server.refusals import BadRequest, TooLarge
from renkei.gate.actor import Actor
from renkei.kernel.errors import Invalid

Params = list[tuple[str, str]]
MOST_PARAMS = 100
_UNSTORABLE = re.compile("[\x00-\x1f\ud800-\udfff]")


@dataclass
class Request:
    """``path`` in segments below the base (``https://host/fhir``); ``header(name)`` is "" where there is none.

    ``received`` are the bytes of the body once it was read, empty for an entry of a batch.
    """

    actor: Actor
    method: str
    path: tuple[str, ...]
    base: str
    query: str = ""
    header: Callable[[str], str] = field(default=lambda name: "")
    body: Callable[[], bytes] = field(default=lambda: b"")
    content_type: str = ""
    parsed: Resource | None = None
    inside: bool = False
    received: bytes = b""

    def params(self) -> Params:
        """The parameters of the address."""
        return read_params(self.query)

    def resource(self) -> Resource:
        """The body as a JSON object; refused with 400 and a precise sentence when it is none."""
        if self.parsed is None:
            try:
                self.received = self.body()
                self.parsed = _without_nul(read_json(self.received))
            except Invalid as error:
                status = TooLarge if error.code == "json.too_big" else BadRequest
                raise status(error.code, error.message_ja, error.field) from None
        return self.parsed

    def prefers(self, name: str) -> str:
        """A preference: ``return`` or ``handling``."""
        for part in self.header("Prefer").replace(";", ",").split(","):
            key, _, value = part.strip().partition("=")
            if key.strip().lower() == name:
                return value.strip().strip('"')
        return ""


@dataclass
class Response:
    """``resource`` is written as JSON; ``raw`` (media type, bytes) instead where it is given."""

    status: int
    resource: Resource | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: tuple[str, bytes] | None = None


def read_params(query: str) -> Params:
    """Pairs of a query string or a form body. Raises ``BadRequest``."""
    if not query:
        return []
    try:
        found = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMS, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("params.encoding", "パラメータが UTF-8 ではありません。") from None
    except ValueError:
        raise BadRequest("params.too_many", f"パラメータは{MOST_PARAMS}個までです。") from None
    for name, value in found:
        if _UNSTORABLE.search(name) or _UNSTORABLE.search(value):
            raise BadRequest("params.control", f"「{name[:40]}」に使えない文字が入っています。")
    return found


def _without_nul(value: Resource) -> Resource:
    """Refuse what no column can hold: NUL and lone surrogates, anywhere."""
    level: list[Any] = [value]
    while level:
        node = level.pop()
        for child in node.values() if isinstance(node, dict) else node:
            if isinstance(child, dict | list):
                level.append(child)
            elif isinstance(child, str) and not child.isprintable() and _unstorable(child):
                raise Invalid("json.control", "文字列に保存できない文字(NUL など)が入っています。")
    return value


def _unstorable(text: str) -> bool:
    return any(c == "\x00" or 0xD800 <= ord(c) < 0xE000 for c in text)
