"""Who acts in this request: the person's session, and the facility they chose to work for."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from renkei.accounts.queries import actor_of, choose_membership, known_person
from renkei.gate.actor import ANONYMOUS, Actor, Kind
from renkei.gate.context import acting
from renkei.kernel.errors import NotPossibleNow

SESSION_KEY = "membership"
FACILITY_FIELD = "_facility"
LOGIN_PAGES = "/accounts/"


class ActorMiddleware:
    """Sets the actor that the gate, the audit trail and the database see for the whole request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Run the request as its actor; a form of another facility is refused with nothing lost."""
        actor = self._actor(request)
        request.actor = actor  # type: ignore[attr-defined]
        with acting(actor):
            opened_for = request.POST.get(FACILITY_FIELD, "") if request.method == "POST" else ""
            if opened_for and actor.is_staff and opened_for != str(actor.facility_id):
                return self._other_facility(request)
            return self.get_response(request)

    def _actor(self, request: HttpRequest) -> Actor:
        if request.path.startswith(LOGIN_PAGES):
            # allauth's own pages look people up before anybody is known; no patient's row opens to this actor.
            return Actor(Kind.SYSTEM, label="ログイン画面", reason="log-in pages")
        person_id = known_person(request)
        if not person_id:
            return ANONYMOUS
        with acting(Actor(Kind.PERSON, person_id=person_id)), transaction.atomic():
            membership = choose_membership(person_id, request.session.get(SESSION_KEY))
        if membership is None:
            return Actor(Kind.PERSON, person_id=person_id, label="所属なし")
        if request.session.get(SESSION_KEY) != membership.pk:
            request.session[SESSION_KEY] = membership.pk
        return actor_of(membership)

    def _other_facility(self, request: HttpRequest) -> HttpResponse:
        error = NotPossibleNow(
            "other_facility",
            "この画面は別の施設で開いたものです。右上で施設を切り替えてから、もう一度送信してください。入力した内容は前の画面に残っています。",
        )
        body = render_to_string("gate/refusal.html", {"error": error}, request=request)
        return HttpResponse(body, status=error.status)
