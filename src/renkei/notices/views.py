"""Pages of the notices and the outbox."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from renkei.gate.actor import current
from renkei.gate.compiled import counted
from renkei.gate.pages import page
from renkei.notices import actions, queries
from renkei.notices.models import MailState, Notice
from renkei.notices.permissions import P
from renkei.notices.types import kind_of
from renkei.ui.types import Tab, Tone

PER_PAGE = 30
MAIL_TONES = {
    MailState.QUEUED: Tone.INFO,
    MailState.SENT: Tone.SUCCESS,
    MailState.KEPT: Tone.NEUTRAL,
    MailState.FAILED: Tone.DANGER,
}


def _shown(rows: list[Notice]) -> list[dict[str, object]]:
    return [{"notice": row, "kind": kind_of(row.kind)} for row in rows]


def _tabs(current_tab: str, unread: int, unprinted: int) -> list[Tab]:
    return [
        Tab("未読", "?tab=unread", current_tab == "unread", unread),
        Tab("すべて", "?tab=all", current_tab == "all"),
        Tab("郵送するもの", "?tab=post", current_tab == "post", unprinted),
    ]


@page(P.VIEW, reads="お知らせを閲覧")
@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    """Unread, all, or those to be posted."""
    actor = current()
    numbers = counted(actor, {"unread": queries.unread, "unprinted": queries.unprinted})
    unread = numbers["unread"]
    post = queries.letters_to_post(actor)
    chosen = request.GET.get("tab", "unread" if unread else "all")
    rows = post if chosen == "post" else queries.notices(actor, unread=chosen == "unread")
    found = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "lines": _shown(list(found.object_list)),
        "tabs": _tabs(chosen, unread, numbers["unprinted"]),
        "tab": chosen,
        "unread": unread,
        "may_outbox": actor.may(P.OUTBOX),
    }
    return render(request, "notices/list.html", context)


@page(P.VIEW, reads="お知らせを閲覧")
@require_GET
def open_notice(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Mark as read and go where it points; a notice without a link goes back to the list."""
    actor = current()
    notice = queries.one(actor, uid)
    if notice.read_at is None:
        actions.mark_read(actor, notice)
    return HttpResponseRedirect(notice.url) if notice.url else redirect("notices:list")


@page(P.VIEW, reads="お知らせを印刷")
@require_POST
def print_letter(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The letter as PDF."""
    actor = current()
    notice = queries.one(actor, uid)
    pdf = queries.print_notice(notice)
    actions.mark_printed(actor, notice)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="notice-{notice.uid}.pdf"'
    return response


@page(P.VIEW)
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Everything is read."""
    count = actions.mark_all_read(current())
    messages.success(request, f"{count}件を既読にしました。")
    return redirect("notices:list")


@page(P.OUTBOX, reads="送信箱を閲覧")
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """Mails that went out or wait: of one's facility, or all for the system administrator."""
    actor = current()
    asked = request.GET.get("page", "")
    number = max(1, int(asked)) if asked.isdecimal() and len(asked) < 7 else 1
    if actor.may(P.OUTBOX_ALL):
        lines, total = queries.all_mails(PER_PAGE, (number - 1) * PER_PAGE)
    else:
        lines, total = queries.facility_mails(actor, PER_PAGE, (number - 1) * PER_PAGE)
    found = Paginator(range(total), PER_PAGE).get_page(number)
    shown = [{"mail": line, "tone": MAIL_TONES[MailState(line.state)]} for line in lines]
    return render(
        request, "notices/outbox.html", {"page": found, "lines": shown, "all": actor.may(P.OUTBOX_ALL)}
    )


@page(P.OUTBOX)
@require_POST
def resend(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Try a failed mail again."""
    actions.resend(current(), uid)
    messages.success(request, "もう一度送ります。1分ほどしてから一覧を確認してください。")
    return redirect("notices:outbox")
