"""Scopes in plain Japanese, and the rows of the pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from renkei.clients.models import AppGrant
from renkei.clients.queries import ClientLine
from renkei.clients.scopes import LETTERS, OFFLINE, label_of, parse, permissions_of, vocabulary
from renkei.clients.types import ClientKind, Login
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.ui.types import Row, Tone

WORDS = {"r": "見る", "s": "さがす", "c": "登録する", "u": "変更する", "d": "取り消す"}
READING, WRITING = "rs", "cud"
SOON_DAYS = 30


@dataclass(frozen=True)
class ScopeLine:
    """One line of the consent page, or of a list of what a client may do."""

    value: str
    label: str
    does: str
    writes: bool = False


def scope_lines(texts: Iterable[str]) -> list[ScopeLine]:
    """``user/Patient.rs`` → 患者の基本情報: 見る・さがす. Reading and writing are separate lines, to be ticked apart."""
    found = []
    for scope in sorted(filter(None, map(parse, texts)), key=lambda s: (label_of(s.resource), s.resource)):
        for part in (READING, WRITING):
            letters = "".join(c for c in LETTERS if c in scope.letters and c in part)
            if letters:
                words = "・".join(WORDS[c] for c in letters)
                value = f"{scope.level}/{scope.resource}.{letters}"
                found.append(ScopeLine(value, label_of(scope.resource), words, part == WRITING))
    return found


def says(texts: Iterable[str]) -> str:
    """All of it in one line."""
    texts = list(texts)
    parts = [f"{line.label}を{line.does}" for line in scope_lines(texts)]
    return "、".join([*parts, *(["利用者がいない間も使う"] if OFFLINE in texts else [])])


def within_person(texts: Iterable[str], actor: Actor) -> list[str]:
    """What of ``texts`` the person may do themselves: an app never gets more than who lets it in."""
    found = []
    for line in scope_lines(texts):
        scope = parse(line.value)
        assert scope is not None
        letters = "".join(c for c in scope.letters if _may(actor, f"{scope.level}/{scope.resource}.{c}"))
        if letters:
            found.append(f"{scope.level}/{scope.resource}.{letters}")
    return found


def _may(actor: Actor, text: str) -> bool:
    needed = [p for p in permissions_of([text]) if not p.startswith("fhir:")]
    return all(p in actor.permissions for p in needed)


@dataclass(frozen=True)
class GrantLine:
    """One connection as its person or the administrator reads it."""

    grant: AppGrant
    says: str
    since: datetime
    until: datetime


def grant_line(grant: AppGrant) -> GrantLine:
    """Times by the product's calendar: the demo's may stand elsewhere than the machine's, which the tokens follow."""
    return GrantLine(grant, says(grant.scopes), shown(grant.granted_at), shown(grant.expires_at))


def shown(at: datetime) -> datetime:
    """An instant of a token's life in the calendar that the pages show."""
    return at + clock.offset()


def scope_choices(kind: ClientKind) -> list[tuple[str, str]]:
    """Everything that can be ticked in the form: resource by resource, reading before writing."""
    level = "system" if kind is ClientKind.SYSTEM else "user"
    lines = scope_lines(f"{level}/{name}.{letters}" for name, letters in vocabulary().items())
    found = [(line.value, f"{line.label} を {line.does}") for line in lines]
    if kind is ClientKind.APP:
        found.append((OFFLINE, "利用者がいない間も使う(更新トークン)"))
    return found


def ticked(texts: Iterable[str]) -> list[str]:
    """The values of :func:`scope_choices` that a client has."""
    texts = list(texts)
    return [*(line.value for line in scope_lines(texts)), *([OFFLINE] if OFFLINE in texts else [])]


@dataclass(frozen=True)
class ListRow:
    """One row of the administrator's list."""

    line: ClientLine
    kind: str
    login: str
    state: str
    tone: Tone


def list_row(line: ClientLine) -> ListRow:
    """State first: stopped, without a key, key about to end, in use."""
    state, tone = _state(line)
    kind = "システム" if line.client.kind == ClientKind.SYSTEM else "アプリ"
    return ListRow(line, kind, Login(line.client.login).label, state, tone)


def _state(line: ClientLine) -> tuple[str, Tone]:
    client = line.client
    if not client.enabled:
        return "停止中", Tone.NEUTRAL
    if client.login == Login.KEY:
        if line.key_until is None:
            return "鍵がありません", Tone.DANGER
        if days_left(line.key_until) <= SOON_DAYS:
            return f"鍵の期限まで{days_left(line.key_until)}日", Tone.WARNING
    if client.login == Login.SECRET and not client.secret_digest:
        return "合言葉が未発行", Tone.DANGER
    return "利用中", Tone.SUCCESS


def days_left(day: date) -> int:
    """Days from today to ``day``."""
    return (day - clock.today()).days


def about(line: ClientLine, came_from: str) -> list[Row]:
    """The facts at the side of a client's page."""
    client = line.client
    rows = [
        Row("クライアントID", client.client_id),
        Row("種類", ClientKind(client.kind).label),
        Row("本人確認", Login(client.login).label),
        Row("最後の利用", _last(line, came_from)),
    ]
    if client.kind == ClientKind.APP:
        rows.append(Row("許可している人", f"{line.people}人"))
    return rows


def _last(line: ClientLine, came_from: str) -> str:
    if line.last_used_at is None:
        return "まだありません"
    when = line.last_used_at.astimezone(clock.JST)
    return f"{when:%Y-%m-%d %H:%M}" + (f"({came_from})" if came_from else "")
