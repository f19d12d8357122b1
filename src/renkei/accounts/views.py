"""One's own account, the facility switch, and the page that an invitation opens."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.accounts import actions, second_factor, sessions
from renkei.accounts.forms import AcceptForm, CodeEntryForm
from renkei.accounts.models import Person
from renkei.accounts.queries import (
    invitation_by_code,
    invitations_for,
    known_person,
    memberships_of,
)
from renkei.gate.actor import current
from renkei.gate.pages import public_page
from renkei.kernel.errors import DomainError, NotFound, NotPossibleNow
from renkei.ui.types import Row

View = Callable[..., HttpResponseBase]


def own_page(reason: str) -> Callable[[View], View]:
    """A page of one's own account: for whoever is logged in, with or without a facility."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not known_person(request):
                return redirect_to_login(request.get_full_path())
            return view(request, *args, **kwargs)

        return public_page(reason)(never_cache(guarded))

    return decorate


def _person(request: HttpRequest) -> Person:
    assert request.user.is_authenticated
    return request.user


def _back(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """To the page the person came from, if it is one of ours."""
    url = request.POST.get("next") or request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(url if ours and url else fallback)


@own_page("自分のアカウント。本人の情報だけを表示する")
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """Name, facilities, password, second factor, sessions, settings."""
    person = _person(request)
    about = [
        Row("氏名", f"{person.name} {person.kana}".strip()),
        Row("ログインID", person.login_id),
        Row("メール", person.email),
    ]
    context = {
        "person": person,
        "about": about,
        "memberships": memberships_of(person.pk),
        "membership_id": current().membership_id,
        "second_factor": second_factor.is_on(person.pk),
        "sessions": sessions.sessions_of(request),
        "invitations": invitations_for(person),
    }
    return render(request, "accounts/me.html", context)


@public_page("パスワードのない人に、どうすればよいかだけを伝える")
def no_password(request: HttpRequest) -> HttpResponse:
    """Somebody who logs in without a password (OIDC, passkey) has none to change."""
    raise NotPossibleNow(
        "no_password",
        "このアカウントにはパスワードがありません。必要なときは施設の管理者に再発行を依頼してください。",
    )


@own_page("自分のアカウントの画面設定だけを変える")
@require_POST
def shortcuts(request: HttpRequest) -> HttpResponse:
    """Single-key shortcuts on or off, back to where the person was."""
    on = actions.set_shortcuts(current(), request.POST.get("shortcuts") == "on")
    messages.success(request, "一文字キー操作を使います。" if on else "一文字キー操作を止めました。")
    return _back(request, reverse("accounts:me"))


@own_page("自分のログイン中の端末だけを終了する")
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Log out one other place, or all others."""
    given = request.POST.get("session", "")
    ended = sessions.end_others(request, int(given) if given.isdigit() else None)
    messages.success(
        request, f"{ended}か所のログインを終了しました。" if ended else "終了するログインはありませんでした。"
    )
    return HttpResponseRedirect(reverse("accounts:me"))


@own_page("働く施設の切り替え。本人の所属だけから選ぶ")
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Work for another of one's own facilities; ``facility`` is its key or the membership's."""
    wanted = request.POST.get("facility", "")
    own = memberships_of(known_person(request))
    chosen = next((m for m in own if wanted in (str(m.facility_id), str(m.facility.uid))), None)
    if chosen is None:
        raise NotFound("no_membership", "この施設には所属していません。右上の一覧から選び直してください。")
    actions.switch_facility(current(), chosen)
    request.session[sessions.MEMBERSHIP] = chosen.pk
    messages.success(request, f"{chosen.facility.name}に切り替えました。")
    return HttpResponseRedirect("/")


@own_page("自分のログインIDに宛てた招待の承諾")
@require_POST
def join(request: HttpRequest) -> HttpResponse:
    """Accept an invitation that is addressed to one's own log-in id."""
    person = _person(request)
    found = next((i for i in invitations_for(person) if str(i.uid) == request.POST.get("invitation")), None)
    if found is None:
        raise NotFound("invitation_gone", "この招待は使用済み、取消し、または期限切れです。")
    membership = actions.accept_as_self(found, person)
    request.session[sessions.MEMBERSHIP] = membership.pk
    messages.success(request, f"{found.facility.name}の所属が加わりました。")
    return HttpResponseRedirect("/")


@public_page("招待された人はまだアカウントを持っていない")
@never_cache
@require_http_methods(["GET", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Type the code of a printed invitation."""
    form = CodeEntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invitation_by_code(form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", error.message_ja)
        else:
            plain = "".join(c for c in form.cleaned_data["code"].lower() if c.isalnum())
            return HttpResponseRedirect(reverse("accounts:invitation", args=[plain]))
    status = 422 if form.errors else 200
    return render(request, "accounts/enter_code.html", {"form": form}, status=status)


@public_page("招待された人はまだアカウントを持っていない。番号を知る人だけに、招待の内容だけを表示する")
@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, code: str) -> HttpResponse:
    """Open an account with an invitation, or join with the account one has."""
    try:
        found = invitation_by_code(code)
    except NotFound as error:
        context = {"form": CodeEntryForm(), "gone": error.message_ja}
        return render(request, "accounts/enter_code.html", context, status=404)
    if found.login_id or known_person(request):
        return _invitation_of_known(request, found)
    form = AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.accept_as_new(
                code, login_id=form.cleaned_data["login_id"], password=form.cleaned_data["password"]
            )
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "アカウントを作りました。ログインしてください。")
            return HttpResponseRedirect(reverse("account_login"))
    context = {"form": form, "invitation": found}
    return render(request, "accounts/invitation.html", context, status=422 if form.errors else 200)


def _invitation_of_known(request: HttpRequest, found: Any) -> HttpResponse:
    """Somebody with an account: the invitation waits on their own page after log-in."""
    person_id = known_person(request)
    person = _person(request) if person_id else None
    if person is not None and (not found.login_id or found.login_id.lower() == person.login_id.lower()):
        if request.method == "POST":
            membership = actions.accept_as_self(found, person)
            request.session[sessions.MEMBERSHIP] = membership.pk
            messages.success(request, f"{found.facility.name}の所属が加わりました。")
            return HttpResponseRedirect("/")
        return render(request, "accounts/invitation.html", {"invitation": found, "person": person})
    return render(
        request, "accounts/invitation.html", {"invitation": found, "log_in_as": True, "other": person}
    )
