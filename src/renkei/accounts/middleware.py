"""Who acts in this request: the person's session, and the facility they chose to work for."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string

from renkei.accounts import second_factor, sessions
from renkei.accounts.models import Membership
from renkei.accounts.permissions import P
from renkei.accounts.queries import (
    actor_of,
    at_hand,
    choose_membership,
    claimed_person,
    known_person,
    memberships_of,
)
from renkei.gate.actor import ANONYMOUS, Actor, Kind
from renkei.gate.context import acting
from renkei.gate.pages import is_poll
from renkei.kernel.errors import NotPossibleNow

SESSION_KEY = sessions.MEMBERSHIP
FACILITY_FIELD = "_facility"
PERSON_FIELD = "_person"
AUTOSAVE = "X-Renkei-Autosave"
LOGIN_PAGES = "/accounts/"
OWN_PAGES = ("/accounts/me/", "/accounts/switch/", "/accounts/members/")
"""Under the address of log-in, but pages of ours: they act as the person, not as the log-in screen."""
# What a person may still open before the password is changed or the second factor is set up, beside the log-in pages.
ALWAYS_OPEN = ("/accounts/switch/", "/static/", "/ui/token/")
CHANGE_PASSWORD = "/accounts/password/change/"  # noqa: S105
SET_UP_SECOND_FACTOR = "/accounts/2fa/"


class ActorMiddleware:
    """Sets the actor that the gate, the audit trail and the database see for the whole request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Run the request as its actor; a form of another facility is refused with nothing lost."""
        sessions.end_if_idle(request)
        actor, first = self._actor(request)
        sessions.touch(request, actor.facility_id)
        request.actor = actor  # type: ignore[attr-defined]
        with acting(actor):
            if first:
                return _send_to(request, first)
            refusal = _opened_by_another(request, actor)
            return _refused(request, refusal) if refusal else _named(self.get_response(request), actor)

    def _actor(self, request: HttpRequest) -> tuple[Actor, str]:
        """The actor, and the page the person must deal with before any other (empty: none)."""
        if request.path.startswith(LOGIN_PAGES) and not request.path.startswith(OWN_PAGES):
            # allauth's own pages look people up before anybody is known; no patient's row opens to this actor. They are
            # filled in behind the view's transaction, and ask for the factors then.
            return Actor(Kind.SYSTEM, label="ログイン画面", reason="log-in pages", in_the_open=True), ""
        person_id = claimed_person(request)
        if not person_id:
            return ANONYMOUS, ""
        with acting(Actor(Kind.PERSON, person_id=person_id)), transaction.atomic():
            memberships = memberships_of(person_id)
            with at_hand(memberships):
                if not known_person(request):
                    return ANONYMOUS, ""
        request.memberships = memberships  # type: ignore[attr-defined]
        membership = choose_membership(memberships, request.session.get(SESSION_KEY))
        first = _first_duty(request, person_id, membership)
        if membership is None:
            permissions = frozenset({str(P.USE)})
            return Actor(Kind.PERSON, person_id=person_id, label="所属なし", permissions=permissions), first
        if request.session.get(SESSION_KEY) != membership.pk:
            request.session[SESSION_KEY] = membership.pk
        return actor_of(membership), first


def _opened_by_another(request: HttpRequest, actor: Actor) -> NotPossibleNow | None:
    """A form that was opened by another person, or for another facility, than the one who sends it now."""
    if request.method != "POST" or not actor.is_staff:
        return None
    if request.POST.get(PERSON_FIELD) not in (None, "", sessions.mark_of(actor.person_id)):
        return NotPossibleNow(
            "other_person",
            "この画面は別の人が開いたものなので、保存も送信もしていません。開いた人がログインし直すと続けられます。",
        )
    if request.POST.get(FACILITY_FIELD) not in (None, "", str(actor.facility_id)):
        return NotPossibleNow(
            "other_facility",
            "この画面は別の施設で開いたものです。右上で施設を切り替えてから、もう一度送信してください。入力した内容は前の画面に残っています。",
        )
    return None


def _refused(request: HttpRequest, error: NotPossibleNow) -> HttpResponse:
    if request.headers.get(AUTOSAVE) == "1":
        return JsonResponse({"message": error.message_ja}, status=error.status)
    body = render_to_string("gate/refusal.html", {"error": error}, request=request)
    return HttpResponse(body, status=error.status)


def _named(response: HttpResponseBase, actor: Actor) -> HttpResponseBase:
    """Say whose page this is, by a mark without a name; scripts of the page itself can read this header.

    ``autosave.js`` puts the mark into its forms, so that nothing is saved in the name of who logs in later elsewhere.
    """
    if actor.person_id:
        response["Server-Timing"] = f'{PERSON_FIELD};desc="{sessions.mark_of(actor.person_id)}"'
    return response


def _first_duty(request: HttpRequest, person_id: int, membership: Membership | None) -> str:
    """Where the person must go first: a password to change, a second factor to set up."""
    if request.path.startswith(ALWAYS_OPEN):
        return ""
    if getattr(request.user, "must_change_password", False):
        return CHANGE_PASSWORD
    forced = membership is not None and membership.facility.second_factor_forced
    if forced and not second_factor.is_on(person_id):
        return SET_UP_SECOND_FACTOR
    return ""


def _send_to(request: HttpRequest, url: str) -> HttpResponse:
    """Send a page there; a fragment, a poll or an autosave is answered 401, and its page keeps what was typed."""
    by_htmx = request.headers.get("HX-Request") == "true"
    if by_htmx or is_poll(request) or request.headers.get(AUTOSAVE) == "1":
        response = HttpResponse("先に設定が必要です。", status=401, content_type="text/plain; charset=utf-8")
        response["HX-Redirect" if by_htmx else "X-Login"] = url
        return response
    return HttpResponseRedirect(url)
