"""Idle time-out (無操作によるログアウト) and the list of one's sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY as PERSON_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from renkei.accounts import log
from renkei.accounts.models import Person
from renkei.accounts.rules import number
from renkei.gate.pages import is_poll
from renkei.kernel import clock

MEMBERSHIP = "membership"
SEEN = "seen_at"
LIMIT = "idle_minutes"
TOUCH_SECONDS = 60


def _real_now() -> float:
    """Seconds on the machine's clock: moving the demo's calendar logs nobody out."""
    return (clock.now() - clock.offset()).timestamp()


def end_if_idle(request: HttpRequest) -> bool:
    """Log out a session that nobody touched for too long; True when it was. A poll of the page is not a touch.

    Which facility the person worked for is kept, so that after logging in again an open form still fits.
    """
    session = request.session
    if PERSON_KEY not in session:
        return False
    now, seen = _real_now(), session.get(SEEN)
    if seen is not None and now - seen > float(session.get(LIMIT, 30)) * 60:
        membership = session.get(MEMBERSHIP)
        if isinstance(request.user, AnonymousUser) or not request.user.is_authenticated:
            session.flush()
            return True
        log.told(_person(request), "log_out", "無操作によるログアウト")
        UserSession.objects.filter(session_key=session.session_key).delete()
        session.flush()
        if membership:
            session[MEMBERSHIP] = membership
        request.user = AnonymousUser()
        return True
    return False


def mark_of(person_id: int) -> str:
    """A mark by which pages know their person again; it tells nobody who that is."""
    return salted_hmac("renkei.person", str(person_id)).hexdigest()[:16] if person_id else ""


def _person(request: HttpRequest) -> Person:
    person = request.user
    assert person.is_authenticated
    return person


def touch(request: HttpRequest, facility_id: int) -> None:
    """Remember that a person did something, at most once a minute, with the limit in force at their facility."""
    if PERSON_KEY not in request.session:
        return
    now, seen = _real_now(), request.session.get(SEEN)
    if seen is not None and (is_poll(request) or 0 <= now - seen < TOUCH_SECONDS):
        return
    request.session[SEEN] = now
    request.session[LIMIT] = number("session.idle_minutes", facility_id or None)
    seen_at = datetime.fromtimestamp(now, UTC)
    UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=seen_at)


@dataclass(frozen=True)
class SessionLine:
    """One place where the person is logged in, as the page shows it."""

    pk: int
    device: str
    address: str
    started_at: datetime
    seen_at: datetime
    is_this: bool


def sessions_of(request: HttpRequest) -> list[SessionLine]:
    """Where the person is logged in, this place first, then by last use."""
    this = request.session.session_key
    rows = UserSession.objects.purge_and_list(_person(request))
    lines = [
        SessionLine(
            row.pk, device(row.user_agent), row.ip, row.created_at, row.last_seen_at, row.session_key == this
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: (not line.is_this, -line.seen_at.timestamp()))


def end_others(request: HttpRequest, pk: int | None = None) -> int:
    """Log out one other place (``pk``) or all of them; returns how many ended."""
    rows = UserSession.objects.filter(user_id=_person(request).pk).exclude(
        session_key=request.session.session_key
    )
    found = list(rows.filter(pk=pk) if pk else rows)
    for row in found:
        row.end()
    if found:
        log.told(_person(request), "end_session", f"他の場所のログインを終了({len(found)}件)")
    return len(found)


def end_all_of(person_id: int) -> int:
    """Log a person out everywhere (password reset at the desk); returns how many sessions ended."""
    found = list(UserSession.objects.filter(user_id=person_id))
    for row in found:
        row.end()
    return len(found)


_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)  # fmt: skip
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))


def device(user_agent: str) -> str:
    """``Windows の Edge``: enough to recognise one's own machine."""
    machine = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    program = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    return f"{machine} の {program}" if machine and program else machine or program or "不明な端末"
