"""The clock of the demo: begins on the first morning, runs on, moves forward only, and every process follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from renkei.demo import DEMO_START, views
from renkei.demo import clock as demo_clock
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from testing.cast import Cast
from testing.fixtures import StaffClient


@pytest.fixture(autouse=True)
def own_clock(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A data folder of its own; the clock of the process stands as before afterwards."""
    settings.DATA, settings.DEMO = tmp_path, True
    monkeypatch.setattr(demo_clock, "_seen", 0)
    before = clock.offset()
    yield
    clock.shift(before)


def _close(instant: Any, wanted: Any) -> bool:
    return bool(abs(instant - wanted) < timedelta(minutes=1))


def test_the_first_start_is_the_first_morning_and_a_later_one_goes_on() -> None:
    demo_clock.start()
    assert _close(clock.now(), DEMO_START)
    demo_clock.move_to(DEMO_START + timedelta(days=9))
    demo_clock.start()
    assert _close(clock.now(), DEMO_START + timedelta(days=9))
    demo_clock.restart()
    assert _close(clock.now(), DEMO_START)


def test_the_clock_moves_forward_only_and_not_for_ever() -> None:
    demo_clock.start()
    for wrong in (DEMO_START - timedelta(days=1), DEMO_START + timedelta(days=20 * 365)):
        with pytest.raises(Invalid) as refusal:
            demo_clock.move_to(wrong)
        assert refusal.value.field == "to"
    assert _close(clock.now(), DEMO_START)


def test_a_request_takes_over_a_clock_that_another_process_moved() -> None:
    demo_clock.start()
    middleware = demo_clock.DemoClockMiddleware(lambda request: HttpResponse(clock.today().isoformat()))
    moved = clock.offset() + timedelta(days=3)
    demo_clock.path().write_text(f'{{"offset_seconds": {moved.total_seconds()}}}')
    assert middleware(HttpRequest()).content == b"2026-06-04"  # type: ignore[attr-defined]


def test_a_spoiled_file_leaves_the_clock_as_it_is() -> None:
    demo_clock.start()
    demo_clock.path().write_text("{}")
    assert not demo_clock.look()
    assert _close(clock.now(), DEMO_START)


def test_outside_the_demo_there_is_no_such_middleware(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(MiddlewareNotUsed):
        demo_clock.DemoClockMiddleware(lambda request: HttpResponse())


def test_moving_the_clock_is_an_action_that_the_trail_tells(cast: Cast) -> None:
    demo_clock.start()
    actor = cast.actor("sato")
    with acting(actor):
        views.move_clock(actor, to=clock.now() + timedelta(days=1))
    assert clock.today().isoformat() == "2026-06-02"
    assert demo_clock.clock_label().startswith("デモの時計 令和8年6月2日(火)")


def test_a_day_is_chosen_on_the_page_and_a_step_is_pressed(cast: Cast, browser: StaffClient) -> None:
    demo_clock.start()
    page, clerk = reverse("demo:clock"), browser.log_in(cast.actor("sato"))
    assert clerk.post(page, {"to_date": "2027-04-01", "to_time": "08:30"}).status_code == 302
    assert _close(clock.now(), clock.jst(2027, 4, 1, 8, 30))
    clerk = browser.log_in(cast.actor("sato"))
    assert clerk.post(page, {"step": "day"}).status_code == 302
    assert _close(clock.now(), clock.jst(2027, 4, 2, 8, 30))
    clerk = browser.log_in(cast.actor("sato"))
    for wrong in ({"to_date": "2026-06-01", "to_time": "08:30"}, {"to_date": "", "to_time": ""}):
        refused = clerk.post(page, wrong)
        assert refused.status_code == 422
        assert "日付" in refused.content.decode()
    assert _close(clock.now(), clock.jst(2027, 4, 2, 8, 30))
