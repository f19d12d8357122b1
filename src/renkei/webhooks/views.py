"""外部通知: receivers of the house, their deliveries, one key to send again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError
from renkei.ui.types import Tone
from renkei.webhooks import actions, queries
from renkei.webhooks.forms import ReceiverForm
from renkei.webhooks.models import Delivery, Subscription
from renkei.webhooks.permissions import P
from renkei.webhooks.types import KINDS, TONES, State

PER_PAGE = 50


@require_GET
@page(P.MANAGE)
def receivers(request: HttpRequest) -> HttpResponse:
    """The list."""
    return render(request, "webhooks/list.html", {"rows": queries.receivers(current())})


@never_cache
@require_http_methods(["GET", "POST"])
@page(P.MANAGE)
def new(request: HttpRequest) -> HttpResponse:
    """Register a receiver; its secret stands on the answer and never again."""
    form = ReceiverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = actions.subscribe(current(), **form.cleaned_data)
        except DomainError as error:
            form.take(error)
        else:
            return _page(request, made, secret=secret)
    return render(request, "webhooks/new.html", {"form": form}, status=422 if form.errors else 200)


def _row(delivery: Delivery) -> dict[str, object]:
    state = State(delivery.state)
    again = state is State.WAITING and delivery.attempts > 0
    return {
        "delivery": delivery,
        "kind": KINDS.get(delivery.kind, delivery.kind),
        "state": "再送待ち" if again else state.label,
        "tone": Tone.WARNING if again else TONES[state],
    }


def _page(
    request: HttpRequest,
    receiver: Subscription,
    *,
    form: ReceiverForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    shown = Paginator(queries.deliveries(current(), receiver), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "receiver": receiver,
        "form": form or ReceiverForm(receiver=receiver),
        "rows": [_row(d) for d in shown.object_list],
        "page": shown,
        "secret": secret,
    }
    return render(request, "webhooks/receiver.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@page(P.MANAGE)
def receiver(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One receiver with its deliveries."""
    actor = current()
    found = queries.receiver(actor, uid).expecting(request.POST.get("version"))
    if request.method == "GET":
        return _page(request, found)
    form = ReceiverForm(request.POST)
    if form.is_valid():
        try:
            actions.change(actor, found, **form.cleaned_data)
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "送信先を変更しました。")
            return redirect("webhooks:receiver", uid=uid)
    return _page(request, found, form=form, status=422)


@never_cache
@require_POST
@page(P.MANAGE)
def renew(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A new secret, on this answer and never again."""
    actor = current()
    secret = actions.renew_secret(actor, queries.receiver(actor, uid))
    return _page(request, queries.receiver(actor, uid), secret=secret)


@require_POST
@page(P.MANAGE)
def switch(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Stop, or begin again."""
    actor = current()
    found = queries.receiver(actor, uid)
    actions.switch(actor, found, enabled=not found.enabled)
    messages.success(request, "外部通知を停止しました。" if found.enabled else "外部通知を再開しました。")
    return redirect("webhooks:receiver", uid=uid)


@require_POST
@page(P.MANAGE)
def resend(request: HttpRequest, uid: UUID, delivery_uid: UUID) -> HttpResponse:
    """The same event once more."""
    actor = current()
    actions.resend(actor, queries.delivery(actor, queries.receiver(actor, uid), delivery_uid))
    messages.success(request, "もう一度送ります。")
    return redirect("webhooks:receiver", uid=uid)
