"""The pages of a facility's administrator: which systems and apps are let in, their keys, and the emergency brake."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.clients import actions, queries
from renkei.clients.forms import ClientForm, KeysForm
from renkei.clients.models import Client
from renkei.clients.permissions import P
from renkei.clients.present import about, grant_line, list_row
from renkei.clients.types import ClientKind, Login
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError


@page(P.MANAGE, reads="連携システム・アプリの一覧を閲覧")
@require_GET
def clients(request: HttpRequest) -> HttpResponse:
    """The facility's clients."""
    actor = current()
    rows = [list_row(line) for line in queries.clients(actor)]
    context = {"rows": rows}
    return render(request, "clients/list.html", context)


@page(P.MANAGE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Register a system or an app."""
    if kind not in ClientKind.values:
        raise Http404
    chosen = ClientKind(kind)
    form = ClientForm(chosen, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create(current(), form.draft(), kind=chosen, login=form.chosen_login())
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, f"「{made.name}」を登録しました。")
            return HttpResponseRedirect(reverse("clients:client", args=[made.uid]))
    context = {"form": form, "kind": chosen}
    return render(request, "clients/new.html", context, status=422 if form.errors else 200)


@page(P.MANAGE)
@never_cache
@require_http_methods(["GET", "POST"])
def client(request: HttpRequest, uid: str) -> HttpResponse:
    """One client: what it may do, its keys, who let it in."""
    actor = current()
    found = queries.client(actor, uid).expecting(request.POST.get("version"))
    form = ClientForm(ClientKind(found.kind), request.POST or None, client=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(actor, found, form.draft())
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, f"「{form.draft().name}」の登録内容を変更しました。")
            return HttpResponseRedirect(reverse("clients:client", args=[uid]))
    return _page(request, found, form=form, status=422 if form.errors else 200)


def _page(
    request: HttpRequest,
    found: Client,
    *,
    form: ClientForm | None = None,
    keys_form: KeysForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = current()
    use, line = queries.use_of(actor, found), queries.line_of(actor, found)
    context = {
        "client": found,
        "form": form or ClientForm(ClientKind(found.kind), client=found),
        "keys_form": keys_form or KeysForm(),
        "keys": queries.keys(actor, found),
        "signs": found.login == Login.KEY,
        "has_secret": found.login == Login.SECRET,
        "row": list_row(line),
        "about": about(line, use.last_address if use else ""),
        "people": [grant_line(grant) for grant in queries.people_of(actor, found)],
        "secret": secret,
        "token_url": request.build_absolute_uri(reverse("clients:token")),
        "live_keys": actions.LIVE_KEYS,
    }
    return render(request, "clients/client.html", context, status=status)


@page(P.MANAGE)
@never_cache
@require_POST
def add_keys(request: HttpRequest, uid: str) -> HttpResponse:
    """Paste the next public key."""
    actor = current()
    found = queries.client(actor, uid)
    form = KeysForm(request.POST)
    if form.is_valid():
        try:
            actions.add_keys(actor, found, form.new_keys())
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "公開鍵を登録しました。古い鍵は、切り替えが済んだら止めてください。")
            return HttpResponseRedirect(reverse("clients:client", args=[uid]))
    return _page(request, found, keys_form=form, status=422)


@page(P.MANAGE)
@require_POST
def stop_key(request: HttpRequest, uid: str, key_uid: str) -> HttpResponse:
    """A key counts no more."""
    actor = current()
    key = actions.stop_key(actor, queries.key(actor, queries.client(actor, uid), key_uid))
    messages.success(request, f"鍵「{key.kid}」を止めました。")
    return HttpResponseRedirect(reverse("clients:client", args=[uid]))


@page(P.MANAGE)
@never_cache
@require_POST
def new_secret(request: HttpRequest, uid: str) -> HttpResponse:
    """A client secret, shown on this answer and never again."""
    actor = current()
    secret = actions.new_secret(actor, queries.client(actor, uid))
    return _page(request, queries.client(actor, uid), secret=secret)


def _button(does: Callable[[Client], object], says: str) -> Callable[..., HttpResponseBase]:
    """A button of the client's page: run the action, say what was done, go back."""

    def view(request: HttpRequest, uid: str) -> HttpResponse:
        found = queries.client(current(), uid)
        does(found)
        messages.success(request, says.format(name=found.name))
        return HttpResponseRedirect(reverse("clients:client", args=[uid]))

    view.__name__ = says
    return page(P.MANAGE)(require_POST(view))


stop = _button(
    lambda found: actions.enable(current(), found, on=False),
    "「{name}」を停止しました。発行済みのトークンも使えません。",
)
start = _button(lambda found: actions.enable(current(), found, on=True), "「{name}」の利用を再開しました。")
end_tokens = _button(
    lambda found: actions.end_tokens(current(), found),
    "「{name}」に発行したトークンをすべて無効にしました。",
)


@page(P.CONNECT)
@never_cache
@require_GET
def connections(request: HttpRequest) -> HttpResponse:
    """The apps that the person let in (連携中のアプリ)."""
    found = [grant_line(grant) for grant in queries.connections(current())]
    return render(request, "clients/connections.html", {"connections": found})


@page(P.CONNECT)
@require_POST
def end_connection(request: HttpRequest, uid: str) -> HttpResponse:
    """Withdraw an app."""
    actor = current()
    ended = actions.end_own(actor, queries.one_connection(actor, uid))
    messages.success(request, f"「{ended.client_name}」の連携を止めました。")
    return HttpResponseRedirect(reverse("clients:connections"))
