"""The members page of a facility: for its administrator."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.accounts import actions, codes, letters, queries, second_factor, throttle
from renkei.accounts.actions import Issued
from renkei.accounts.forms import InviteForm, MemberForm
from renkei.accounts.models import Membership
from renkei.accounts.permissions import P
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError, NotFound
from renkei.ui.types import Row, Tab


@page(P.MANAGE_MEMBERS, reads="利用者の一覧を閲覧")
@require_GET
def members(request: HttpRequest) -> HttpResponse:
    """Who works here, who left, and whose invitation is open."""
    ended = request.GET.get("show") == "ended"
    actor = current()
    url = reverse("accounts:members")
    context = {
        "members": queries.members(actor, ended=ended),
        "invitations": [] if ended else queries.open_invitations(actor),
        "ended": ended,
        "tabs": [
            Tab("利用中", url, current=not ended),
            Tab("退職・異動", f"{url}?show=ended", current=ended),
        ],
    }
    return render(request, "accounts/members.html", context)


@page(P.MANAGE_MEMBERS)
@never_cache
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody; the answer shows the code once."""
    actor = current()
    form = InviteForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            issued = actions.invite(actor, form.who())
        except DomainError as error:
            form.take(error)
        else:
            return _show_invitation(request, issued)
    return render(request, "accounts/invite.html", {"form": form}, status=422 if form.errors else 200)


def _show_invitation(request: HttpRequest, issued: Issued) -> HttpResponse:
    row = issued.invitation
    assert row is not None
    url = request.build_absolute_uri(reverse("accounts:invitation", args=[issued.code]))
    if row.email:
        letters.mail_invitation(row, url)
    context = {"issued": issued, "invitation": row, "url": url}
    return render(request, "accounts/invited.html", context)


@page(P.MANAGE_MEMBERS)
@never_cache
@require_POST
def renew(request: HttpRequest, uid: str) -> HttpResponse:
    """A new code for an invitation that got lost."""
    actor = current()
    return _show_invitation(request, actions.renew_invitation(actor, queries.invitation(actor, uid)))


@page(P.MANAGE_MEMBERS)
@require_POST
def withdraw(request: HttpRequest, uid: str) -> HttpResponse:
    """Make an open invitation worthless."""
    actor = current()
    found = actions.withdraw_invitation(actor, queries.invitation(actor, uid))
    messages.success(request, f"{found.name}さんへの招待を取り消しました。")
    return HttpResponseRedirect(reverse("accounts:members"))


@page(P.MANAGE_MEMBERS)
@never_cache
@require_POST
def print_invitation(request: HttpRequest, uid: str) -> HttpResponse:
    """The letter of an invitation; only who holds the code on the screen can print it."""
    found, code = queries.invitation(current(), uid), request.POST.get("code", "")
    if found.code_digest != codes.digest(code):
        raise NotFound("code", "この番号は出し直されています。一覧から番号を出し直して印刷してください。")
    url = request.build_absolute_uri(reverse("accounts:invitation", args=[code]))
    return _pdf(letters.invitation_letter(found, code, url), "invitation.pdf")


@page(P.MANAGE_MEMBERS)
@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, uid: str) -> HttpResponse:
    """One member: roles, and help at the desk."""
    actor = current()
    found = queries.member(actor, uid)
    form = MemberForm(actor, request.POST or None, member=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_member(actor, found, form.draft())
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, f"{found.person.name}さんの役割を変更しました。")
            return HttpResponseRedirect(reverse("accounts:members"))
    return render(
        request, "accounts/member.html", _member_context(found, form), status=422 if form.errors else 200
    )


def _member_context(found: Membership, form: MemberForm) -> dict[str, object]:
    person = found.person
    about = [
        Row("ログインID", person.login_id),
        Row("カナ", person.kana),
        Row("メール", person.email),
        Row("所属開始", f"{found.started_on:%Y-%m-%d}"),
    ]
    return {
        "member": found,
        "person": person,
        "form": form,
        "about": about,
        "locked": bool(throttle.locked([person.login_id])),
        "second_factor": second_factor.is_on(person.pk),
        "in_force": found.in_force(),
    }


def _desk(does: Callable[..., object], says: str) -> Callable[..., HttpResponseBase]:
    """A button of the member's page: run the action, say what was done, go back."""

    def view(request: HttpRequest, uid: str) -> HttpResponse:
        actor = current()
        found = queries.member(actor, uid)
        does(actor, found)
        messages.success(request, says.format(name=found.person.name))
        return HttpResponseRedirect(reverse("accounts:members"))

    view.__name__ = does.__name__
    return page(P.MANAGE_MEMBERS)(require_POST(view))


end = _desk(actions.end_membership, "{name}さんの所属を終了しました。書きかけの紹介状は施設に残っています。")
unlock = _desk(actions.unlock, "{name}さんのロックを解除しました。")
remove_second_factor = _desk(
    actions.remove_second_factor, "{name}さんの二要素認証を解除し、ログイン中の端末をすべて終了しました。"
)


@page(P.MANAGE_MEMBERS)
@never_cache
@require_POST
def reset_password(request: HttpRequest, uid: str) -> HttpResponse:
    """A one-time code as password, shown once."""
    actor = current()
    issued = actions.reset_password(actor, queries.member(actor, uid))
    found = queries.member(actor, uid)
    context = {"issued": issued, "member": found, "person": found.person}
    return render(request, "accounts/password_reset.html", context)


@page(P.MANAGE_MEMBERS)
@never_cache
@require_POST
def print_password(request: HttpRequest, uid: str) -> HttpResponse:
    """The letter of a one-time password; only who holds the code on the screen can print it."""
    found, code = queries.member(current(), uid), request.POST.get("code", "")
    if not found.person.must_change_password or not found.person.check_password(code):
        raise NotFound("code", "この番号は使用済みか、出し直されています。もう一度再発行してください。")
    url = request.build_absolute_uri(reverse("account_login"))
    return _pdf(letters.password_letter(found, code, url), "password.pdf")


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
