"""Pages of scanned papers: 未照合 by two keys, what is filed and its undoing, files that come in, the panel of a referral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from renkei.exchange.models import ScanPart, ScanPartState
from renkei.exchange.permissions import P
from renkei.exchange.scans import filing, queries, taking
from renkei.files.checking import MOST_BYTES
from renkei.files.store import fetch
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import Invalid, NotFound
from renkei.referrals import queries as referrals
from renkei.referrals.actions.on_paper import close_answered, revoke_codes
from renkei.referrals.models import Referral
from renkei.referrals.papers.queries import row as as_row
from renkei.referrals.permissions import P as Referrals
from renkei.referrals.types import REPLY_LABELS, ReplyKind, State
from renkei.ui.fragments import live_response
from renkei.ui.types import Tab

PER_PAGE = 30
MOST_FILES = 50
KEYS = {
    ReplyKind.ARRIVAL_NOTICE: "A",
    ReplyKind.INTERIM_REPORT: "C",
    ReplyKind.FINAL_REPORT: "S",
}
TABS = {"unmatched": "未照合", "filed": "登録済", "discarded": "破棄", "files": "取り込んだファイル"}


@dataclass(frozen=True)
class Candidate:
    """A referral that the paper may answer, with the key that takes it."""

    key: str
    uid: str
    name: str
    line: str
    number: str
    to: str
    purpose: str
    state: str
    tone: str
    checked: bool


def _candidates(actor: Actor, part: ScanPart, text: str) -> list[Candidate]:
    rows, first = queries.candidates(actor, part, text), queries.suggested(part)
    made = []
    for at, referral in enumerate(rows):
        row = as_row(actor, referral)
        made.append(
            Candidate(
                str(at + 1),
                row.uid,
                row.name,
                row.line,
                row.number,
                row.other,
                row.purpose,
                row.state,
                str(row.tone),
                at == 0 and (bool(text) or referral.pk == first),
            )
        )
    return made


def _panel_context(actor: Actor, part: ScanPart, text: str = "") -> dict[str, Any]:
    is_open = part.state != ScanPartState.FILED
    before = queries.neighbour(part)
    return {
        "part": part,
        "pages": queries.pages_of(actor, part),
        "is_open": is_open,
        "candidates": _candidates(actor, part, text) if is_open else [],
        "q": text,
        "kinds": [(kind.value, REPLY_LABELS[kind], key) for kind, key in KEYS.items()],
        "kind_label": _kind(part),
        "likely": part.kind or (before.kind if before else "") or ReplyKind.FINAL_REPORT.value,
        "before": _before(part),
    }


def _tab(request: HttpRequest) -> str:
    wanted = request.GET.get("tab", "")
    return wanted if wanted in TABS else "unmatched"


@require_GET
@page(P.FILE_SCAN, reads="紙の返書の一覧を閲覧")
def scan_list(request: HttpRequest) -> HttpResponse:
    """The desk of papers."""
    return render(request, "exchange/scans/list.html", _list_context(request))


def _list_context(request: HttpRequest) -> dict[str, Any]:
    actor = current()
    tab = _tab(request)
    count = queries.unmatched_count(actor)
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": [
            Tab(label, f"?tab={key}", key == tab, count if key == "unmatched" else None)
            for key, label in TABS.items()
        ],
        "progress": queries.progress(actor),
        "most_files": MOST_FILES,
    }
    if tab == "files":
        return context | {"files": queries.files(actor)}
    found = Paginator(queries.parts(actor, tab), PER_PAGE).get_page(request.GET.get("page"))
    shown = list(found.object_list)
    first = queries.first_pages(actor, shown)
    context |= {
        "page": found,
        "rows": [
            {"part": p, "first": first.get(p.pk), "kind": _kind(p), "before": _before(p)} for p in shown
        ],
    }
    if tab == "unmatched" and shown:
        context |= _panel_context(actor, queries.one(actor, shown[0].uid))
    return context


def _before(part: ScanPart) -> str:
    """``前のページは 鈴木 一郎 様 R-2026-000123 の最終報告です``; '' for a paper of its own."""
    found = queries.neighbour(part)
    if found is None:
        return ""
    label = REPLY_LABELS[ReplyKind(found.kind)] if found.kind else "返書"
    end = "です" if found.filed else "とみられます(未照合)"
    return f"前のページは {found.referral.patient.name} 様 {found.referral.number} の{label}{end}"


def _kind(part: ScanPart) -> str:
    return REPLY_LABELS[ReplyKind(part.kind)] if part.kind else ""


@require_GET
@page(P.FILE_SCAN)
def live(request: HttpRequest) -> HttpResponse:
    """How far the worker is."""
    context = {"progress": queries.progress(current()), "count": queries.unmatched_count(current())}
    return live_response(request, render_to_string("exchange/scans/_progress.html", context, request=request))


@require_POST
@page(P.SCAN, reads="紙の返書の一覧を閲覧")
def upload(request: HttpRequest) -> HttpResponse:
    """Files in; what was refused is told, the rest is read by the worker."""
    posted = request.FILES.getlist("files")
    if not posted or len(posted) > MOST_FILES:
        says = (
            f"一度に取り込めるのは{MOST_FILES}件までです。分けて選んでください。"
            if posted
            else "ファイルが選ばれていません。スキャンしたPDFか画像を選んでください。"
        )
        return render(
            request, "exchange/scans/list.html", _list_context(request) | {"error": says}, status=422
        )
    reports = [_taken(current(), one) for one in posted]
    context = _list_context(request) | {"reports": reports}
    refused = all(r.refused for r in reports)
    return render(request, "exchange/scans/list.html", context, status=422 if refused else 200)


def _taken(actor: Actor, posted: Any) -> taking.Report:
    size = int(posted.size or 0)
    data = b"" if size > MOST_BYTES else posted.read()
    return taking.take_upload(actor, str(posted.name or ""), data, size=size)


@require_GET
@page(P.FILE_SCAN, reads="届いた書類を閲覧")
def panel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One paper beside the list; ``q`` looks for another referral."""
    actor = current()
    context = _panel_context(actor, queries.one(actor, uid), request.GET.get("q", "").strip())
    part = "_candidates" if request.GET.get("only") == "candidates" else "_panel"
    return render(request, f"exchange/scans/{part}.html", context)


@require_GET
@page(P.FILE_SCAN, reads="届いた書類を閲覧")
def show(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One paper as a page of its own."""
    actor = current()
    context = _panel_context(actor, queries.one(actor, uid), request.GET.get("q", "").strip())
    return render(request, "exchange/scans/show.html", context)


@require_POST
@page(P.FILE_SCAN, reads="届いた書類を閲覧")
def file_on(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Press a number, press a letter."""
    actor = current()
    part = queries.one(actor, uid)
    chosen, kind = request.POST.get("referral", ""), request.POST.get("kind", "")
    if not chosen:
        raise Invalid(
            "referral_missing", "紹介が選ばれていません。番号のキーか一覧で選んでください。", "referral"
        )
    try:
        referral = referrals.one(actor, UUID(chosen))
    except ValueError as error:
        raise NotFound("not_found", "紹介が見つかりません。一覧から選び直してください。") from error
    filed = filing.file_on(actor, part, referral=referral, kind=kind)
    label = REPLY_LABELS[ReplyKind(kind)]
    late = "完了・取り下げ済の紹介のため、状態は変えていません。" if filed.late else ""
    messages.success(
        request, f"{referral.patient.name} 様({referral.number})に{label}として登録しました。{late}"
    )
    return redirect("exchange:scans")


@require_POST
@page(P.FILE_SCAN, reads="届いた書類を閲覧")
def undo(request: HttpRequest, uid: UUID) -> HttpResponse:
    """登録を取り消す; the paper is on the list again."""
    actor = current()
    filing.undo(actor, queries.one(actor, uid), reason=request.POST.get("reason", ""))
    messages.success(request, "登録を取り消し、誤登録の記録を残しました。書類は未照合に戻りました。")
    return redirect(f"{reverse('exchange:scans')}?tab=unmatched")


@require_POST
@page(P.FILE_SCAN, reads="届いた書類を閲覧")
def discard(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Not ours, not anything."""
    actor = current()
    filing.discard(actor, queries.one(actor, uid), reason=request.POST.get("reason", ""))
    messages.success(request, "書類を破棄の一覧に移しました。")
    return redirect("exchange:scans")


@require_GET
@page(P.FILE_SCAN, Referrals.VIEW)
def picture(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The small picture of a page; the page that shows it has told the trail."""
    return _bytes(queries.page_picture(current(), uid), "image/png", "page.png")


@require_GET
@page(P.FILE_SCAN, Referrals.VIEW, reads="届いた書類をPDFで閲覧")
def pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The paper as PDF, upright."""
    actor = current()
    part = queries.one(actor, uid)
    if part.file_uid and part.referral is not None:
        referrals.one(actor, part.referral.uid)
        return _bytes(bytes(fetch(actor, part.file_uid).content), "application/pdf", "reply.pdf")
    if not actor.may(P.FILE_SCAN):
        raise NotFound("scan_not_found", "この書類は見つかりません。")
    return _bytes(filing.paper_of(actor, part).data, "application/pdf", "paper.pdf")


def _bytes(content: bytes, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@page(Referrals.VIEW, reads="紙の返書を閲覧")
def of_referral(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The panel on a referral that went out on paper: what came back, the records of misfiling, the end."""
    actor = current()
    return render(
        request, "exchange/scans/_of_referral.html", _referral_context(actor, referrals.one(actor, uid))
    )


def _referral_context(actor: Actor, referral: Referral) -> dict[str, Any]:
    mine = referral.sender_id == actor.facility_id and not referral.electronic
    rows = queries.of_referral(actor, referral) if mine else []
    first = queries.first_pages(actor, rows)
    return {
        "referral": referral,
        "mine": mine,
        "rows": [{"part": p, "first": first.get(p.pk), "kind": _kind(p)} for p in rows],
        "records": [
            filing.record_of(m) for m in queries.misfilings_of(actor, referral) if m.wrong_id == referral.pk
        ],
        "may_file": actor.may(P.FILE_SCAN),
        "may_close": actor.may(Referrals.SEND) and referral.state == State.FINAL_REPLY,
        "may_send": actor.may(Referrals.SEND),
    }


@require_POST
@page(Referrals.SEND)
def close(request: HttpRequest, uid: UUID) -> HttpResponse:
    """完了 after the final report on paper."""
    actor = current()
    referral = referrals.one(actor, uid)
    close_answered(actor, referral)
    messages.success(request, "紹介を完了にしました。")
    return redirect("referrals:show", uid=uid)


@require_POST
@page(Referrals.SEND)
def revoke(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A fax went astray: its codes count no more."""
    actor = current()
    count = revoke_codes(actor, referrals.one(actor, uid))
    messages.success(
        request, f"QRコード{count}個を無効にしました。次に印刷する用紙には新しいQRコードが付きます。"
    )
    return redirect("referrals:show", uid=uid)
