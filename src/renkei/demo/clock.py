"""The clock of the demo: begins on the first morning, runs with real time, moves forward when somebody moves it.

How far it stands from the machine's clock lies in ``$RENKEI_DATA/clock.json``; every process looks there.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase

from renkei.demo.timeline import DEMO_START
from renkei.kernel import clock, eras
from renkei.kernel.errors import Invalid

LOOK_EVERY = 0.5
"""Seconds between two looks of a process that answers no requests."""
LATEST = DEMO_START + timedelta(days=3653)
_seen = 0


def path() -> Path:
    """Where the offset is kept."""
    return Path(settings.DATA) / "clock.json"


def look() -> bool:
    """Take over a changed offset; True when it changed. One ``stat`` when nothing happened."""
    global _seen
    try:
        stamp = path().stat().st_mtime_ns
        if stamp == _seen:
            return False
        offset = timedelta(seconds=float(json.loads(path().read_text())["offset_seconds"]))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    _seen = stamp
    clock.shift(offset)
    return True


def set_to(instant: datetime) -> None:
    """Let the clock of every process show ``instant`` (aware) now and run on from there."""
    offset = instant - (clock.now() - clock.offset())
    path().parent.mkdir(parents=True, exist_ok=True)
    fresh = path().with_suffix(f".{os.getpid()}.{threading.get_ident()}.new")
    fresh.write_text(json.dumps({"offset_seconds": offset.total_seconds()}) + "\n")
    fresh.replace(path())
    look()


def move_to(instant: datetime) -> None:
    """Forward only: what was written since would otherwise lie in the future and vanish from every list.

    Raises ``Invalid`` on field ``to`` for an instant that has passed or lies more than ten years after the start.
    """
    if instant < clock.now():
        raise Invalid(
            "clock_backwards",
            "時計は先へだけ動かせます。最初の朝に戻すには「make demo-reset」を実行してください。",
            "to",
        )
    if instant > LATEST:
        raise Invalid("clock_too_far", "動かせるのは2036年5月までです。近い日付を入力してください。", "to")
    set_to(instant)


def start() -> None:
    """The first morning begins now, unless a clock stands there already."""
    look()
    if not _seen:
        set_to(DEMO_START)


def restart() -> None:
    """The first morning begins now."""
    set_to(DEMO_START)


def clock_label() -> str:
    """``デモの時計 令和8年6月1日(月) 8:30``; empty where the clock is the real one."""
    if not settings.DEMO:
        return ""
    now = clock.now().astimezone(clock.JST)
    weekday = "月火水木金土日"[now.weekday()]
    return f"デモの時計 {eras.format_era(now.date())}({weekday}) {now.hour}:{now.minute:02d}"


def follow() -> threading.Thread:
    """Keep looking in the background, for a process of jobs; the thread ends with the process."""
    look()

    def keep_looking() -> None:
        while True:
            time.sleep(LOOK_EVERY)
            look()

    thread = threading.Thread(target=keep_looking, name="demo-clock", daemon=True)
    thread.start()
    return thread


class DemoClockMiddleware:
    """Takes a moved clock over before anything else of a request asks for the time; stands first, only in the demo."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.DEMO:
            raise MiddlewareNotUsed
        self.get_response = get_response
        look()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """One ``stat``, then the request."""
        look()
        return self.get_response(request)
