"""Every page is one function with a declared permission; showing patients' data writes the read entry by itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from renkei.audit.models import Outcome
from renkei.audit.trail import record
from renkei.gate.actions import line_for, refuse
from renkei.gate.actor import Actor, Kind, current
from renkei.gate.guard import collecting
from renkei.kernel.errors import NotAllowed

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

POLL_HEADER = "X-Renkei-Poll"
"""A page that refreshes itself sends this: it neither extends the session nor repeats read-audit entries."""


def is_poll(request: HttpRequest) -> bool:
    """Whether the page refreshes itself, without a person asking."""
    return request.headers.get(POLL_HEADER) == "1"


def page(*permissions: StrEnum, reads: str = "") -> Callable[[View[P]], View[P]]:
    """A page for staff that any of ``permissions`` opens.

    ``reads`` is the sentence of the read entry; it is written when rows about patients were shown.
    """

    def decorate(view: View[P]) -> View[P]:
        name = f"{view.__module__.removeprefix('renkei.')}.{view.__name__}"

        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            actor = current()
            if actor.kind in (Kind.ANONYMOUS, Kind.PERSON):
                return _ask_to_log_in(request)
            if not actor.may(*permissions):
                refuse(actor, name, reads or "ページを開く")
                raise NotAllowed(
                    "not_allowed", "このページを開く権限がありません。施設の管理者に確認してください。"
                )
            with collecting() as shown:
                response = view(request, *args, **kwargs)
                if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                    response.render()
            if any(shown.values()) and response.status_code < 400 and not is_poll(request):
                record_reading(actor, name, reads or "閲覧", shown)
            return response

        guarded.gate = ("page", tuple(str(p) for p in permissions))  # type: ignore[attr-defined]
        return guarded

    return decorate


def public_page(reason: str) -> Callable[[View[P]], View[P]]:
    """A page that anybody may open, with the ``reason`` why."""
    if not reason:
        raise ValueError("a public page needs a reason")

    def decorate(view: View[P]) -> View[P]:
        view.gate = ("public", reason)  # type: ignore[attr-defined]
        return view

    return decorate


def _ask_to_log_in(request: HttpRequest) -> HttpResponse:
    wants_fragment = request.headers.get("HX-Request") == "true" or is_poll(request)
    if wants_fragment or request.headers.get("X-Renkei-Autosave") == "1":
        response = HttpResponse(
            "ログインの有効期限が切れました。", status=401, content_type="text/plain; charset=utf-8"
        )
        response["HX-Redirect" if request.headers.get("HX-Request") else "X-Login"] = "/accounts/login/"
        return response
    return redirect_to_login(request.get_full_path())


def machine_door(reason: str) -> Callable[[View[P]], View[P]]:
    """An address for machines: it knows no session, asks every caller for a token and writes the read entry itself.

    ``reason`` says what it serves. Only ``fhirkit.server`` may stand behind such a door, with ``acting`` and
    ``record_reading``.
    """
    if not reason:
        raise ValueError("a door for machines needs a reason")

    def decorate(view: View[P]) -> View[P]:
        view.gate = ("machines", reason)  # type: ignore[attr-defined]
        return view

    return decorate


def record_reading(actor: Actor, name: str, says: str, shown: dict[str, set[int]]) -> None:
    """One read entry of the trail for what :func:`collecting` found."""
    patients = shown.pop("patients", set())
    lists: dict[str, Any] = {label: sorted(keys) for label, keys in shown.items() if keys}
    record(line_for(actor, Outcome.READ, name, says, patient_ids=tuple(patients), shown=lists))
