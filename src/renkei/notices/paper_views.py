"""Pages of the print queue (紙の送付) and of the fax service."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError, Invalid
from renkei.notices import paper_actions, paper_queries
from renkei.notices.faxing import gateway_of
from renkei.notices.models import OutgoingPaper
from renkei.notices.papers import printer
from renkei.notices.permissions import P
from renkei.ui.forms import UiForm
from renkei.ui.types import Tab

PER_PAGE = 30
MOST_AT_ONCE = 50


@require_GET
@page(P.PAPERS, reads="紙の送付を閲覧")
def paper_list(request: HttpRequest) -> HttpResponse:
    """What must be printed or faxed, and what became of it."""
    actor = current()
    counts = paper_queries.counts(actor)
    wanted = request.GET.get("tab", "")
    tab = wanted if wanted in paper_queries.TABS else "waiting"
    found = Paginator(paper_queries.papers(actor, tab), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "lines": [paper_queries.line(row) for row in found.object_list],
        "tabs": [
            Tab(label, f"?tab={key}", key == tab, counts[key] if key != "sent" else None)
            for key, (label, _states) in paper_queries.TABS.items()
        ],
        "tab": tab,
        "gateway": gateway_of(actor, actor.facility_id) is not None,
        "may_set": actor.may(P.FAX_SETTINGS),
        "print_card": printer().card(request, actor, request.GET.get("print", "")),
    }
    return render(request, "notices/papers.html", context)


def _chosen(request: HttpRequest, actor: Actor) -> list[OutgoingPaper]:
    """The ticked papers, in the order of the list."""
    uids = []
    for text in dict.fromkeys(request.POST.getlist("uids")):
        try:
            uids.append(UUID(text))
        except ValueError as error:
            raise Invalid(
                "uid_unreadable", "選択した行を読み取れません。選び直してください。", "uids"
            ) from error
    if not uids:
        raise Invalid("nothing_chosen", "書類が選ばれていません。一覧で1件以上選んでください。", "uids")
    if len(uids) > MOST_AT_ONCE:
        raise Invalid("too_many_chosen", f"一度に扱えるのは{MOST_AT_ONCE}件までです。", "uids")
    return paper_queries.chosen(actor, uids)


@require_POST
@page(P.PAPERS, reads="紙の送付書類を閲覧")
def bulk(request: HttpRequest) -> HttpResponse:
    """The ticked papers: have them printed as one file, look at the numbers before faxing, or mark as sent."""
    actor = current()
    rows = _chosen(request, actor)
    do = request.POST.get("do", "")
    if do == "print":
        job = paper_actions.print_together(actor, rows)
        return redirect(f"{reverse('notices:papers')}?{urlencode({'print': str(job)})}")
    if do == "fax":
        return _confirm(request, rows)
    if do == "sent":
        for row in rows:
            paper_actions.mark_sent(actor, row)
        messages.success(request, f"{len(rows)}件を送信済にしました。")
    return redirect("notices:papers")


def _confirm(request: HttpRequest, rows: Sequence[OutgoingPaper], problem: str = "") -> HttpResponse:
    """The wrong-number guard: name and number of every facility, large, before anything goes out."""
    context = {"lines": [paper_queries.line(row) for row in rows], "problem": problem}
    return render(request, "notices/fax_confirm.html", context, status=409 if problem else 200)


@require_POST
@page(P.PAPERS, reads="紙の送付書類を閲覧")
def send_faxes(request: HttpRequest) -> HttpResponse:
    """What was looked at goes out; the first number that is not the directory's any more stops everything."""
    actor = current()
    rows = _chosen(request, actor)
    try:
        for row in rows:
            paper_actions.fax(actor, row, number=request.POST.get(f"number-{row.uid}", ""))
    except DomainError as error:
        request_rows = [paper_queries.one(actor, row.uid) for row in rows]
        return _confirm(request, [r for r in request_rows if paper_queries.line(r).open], error.message_ja)
    messages.success(request, f"{len(rows)}件のFAXを送信しています。結果はこの一覧に出ます。")
    return redirect("notices:papers")


@require_POST
@page(P.PAPERS)
def resend(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One press: a fax that failed goes out again to the number that stands beside the button."""
    actor = current()
    row = paper_queries.one(actor, uid)
    paper_actions.fax(actor, row, number=request.POST.get("number", ""))
    messages.success(request, f"{row.to_name}へもう一度送信しています。")
    return redirect("notices:papers")


@require_POST
@page(P.PAPERS)
def cancel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """取りやめ."""
    actor = current()
    paper_actions.cancel(actor, paper_queries.one(actor, uid))
    messages.success(request, "送付を取りやめました。")
    return redirect("notices:papers")


@require_http_methods(["GET", "POST"])
@page(P.PAPERS, reads="紙の送付書類を閲覧")
def paper_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The sheets; opening them for the first time makes them, as printing does."""
    actor = current()
    return _pdf(paper_actions.print_out(actor, paper_queries.one(actor, uid)))


def _pdf(content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="papers.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


class GatewayForm(UiForm):
    """The fax service of the house."""

    address = forms.CharField(
        label="宛先アドレスの形",
        max_length=200,
        required=False,
        help_text="{number} が相手のFAX番号になります。例: {number}@fax.example.jp。空にすると使いません。",
    )
    password = forms.CharField(
        label="件名に入れるパスワード",
        max_length=100,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="サービスが件名での認証を求めるときだけ。変えないときは空のままにします。",
    )
    from_address = forms.EmailField(
        label="差出人アドレス", required=False, help_text="サービスに登録した送信元。空なら既定の差出人です。"
    )


@require_http_methods(["GET", "POST"])
@page(P.FAX_SETTINGS)
def fax_settings(request: HttpRequest) -> HttpResponse:
    """Address pattern, password and sender of the gateway."""
    actor = current()
    row = paper_queries.gateway_row(actor)
    known = {"address": row.address, "from_address": row.from_address} if row else {}
    form = GatewayForm(request.POST or None, initial=known)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                paper_actions.set_gateway(
                    actor,
                    address=form.cleaned_data["address"],
                    password=form.cleaned_data["password"] or None,
                    from_address=form.cleaned_data["from_address"],
                )
            except Invalid as error:
                form.take(error)
            else:
                messages.success(request, "FAXサービスの設定を保存しました。")
                return redirect("notices:fax_settings")
    return render(request, "notices/fax_settings.html", {"form": form, "row": row}, status=status)
