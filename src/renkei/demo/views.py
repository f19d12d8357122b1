"""The page that moves the demo's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from renkei.accounts.permissions import P
from renkei.demo import clock as demo_clock
from renkei.gate.actions import action
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.gate.writing import say
from renkei.jobs.queue import enqueue_passed
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotFound
from renkei.ui.forms import AppointmentField, UiForm

STEPS: tuple[tuple[str, str, timedelta], ...] = (
    ("hour", "1時間進める", timedelta(hours=1)),
    ("half_day", "4時間進める", timedelta(hours=4)),
    ("day", "1日進める", timedelta(days=1)),
    ("week", "1週間進める", timedelta(days=7)),
)
MORNING = time(8, 30)


class ClockForm(UiForm):
    """To a date and a time of one's choice."""

    to = AppointmentField(label="日付と時刻を選んで進める")


@action(P.USE, says="デモの時計を進める")
def move_clock(actor: Actor, *, to: datetime) -> None:
    """Move the clock of every process forward to ``to`` (aware), and do the nightly work that lies in between.

    Raises what ``clock.move_to`` raises.
    """
    before = clock.now()
    demo_clock.move_to(to)
    enqueue_passed(before, to)
    say(f"{actor.label}がデモの時計を進めました")


def _only_in_the_demo(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.DEMO:
            raise NotFound("not_found", "ページが見つかりません。")
        return view(request, *args, **kwargs)

    return guarded


@page(P.USE)
@require_http_methods(["GET", "POST"])
@_only_in_the_demo
def clock_page(request: HttpRequest) -> HttpResponse:
    """Steps of hours and days, the next morning, or any later moment."""
    chosen = request.method == "POST" and "step" not in request.POST
    form = ClockForm(request.POST if chosen else None)
    wanted = _wanted(request, form)
    if wanted is not None:
        try:
            move_clock(current(), to=wanted)
        except DomainError as error:
            form = form if form.is_bound else ClockForm({})
            form.take(error)
        else:
            messages.success(request, f"{demo_clock.clock_label()} になりました。")
            return redirect("demo:clock")
    context = {"form": form, "steps": STEPS, "now": clock.now(), "label": demo_clock.clock_label()}
    return render(request, "demo/clock.html", context, status=422 if form.errors else 200)


def _wanted(request: HttpRequest, form: ClockForm) -> datetime | None:
    if request.method != "POST":
        return None
    step = request.POST.get("step", "")
    if step == "morning":
        tomorrow = clock.today() + timedelta(days=1)
        return datetime.combine(tomorrow, MORNING, clock.JST)
    for name, _label, length in STEPS:
        if name == step:
            return clock.now() + length
    return form.cleaned_data["to"] if form.is_bound and form.is_valid() else None
