"""Pages of exchange: drop documents in, decide about those that wait, read what came, give letters out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.exchange import actions, queries
from renkei.exchange.forms import NEW, DecisionForm
from renkei.exchange.models import WaitingDocument
from renkei.exchange.permissions import P
from renkei.exchange.reading import birth_date, readable
from renkei.exchange.registry import all_formats, format_for, format_named
from renkei.exchange.types import Outcome, Report
from renkei.files.store import fetch
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.eras import format_both
from renkei.kernel.errors import Invalid, NotFound, NotPossibleNow
from renkei.patients import queries as patients
from renkei.referrals import queries as referrals
from renkei.referrals.models import Referral
from renkei.referrals.permissions import P as Referrals
from renkei.ui.types import Row

MOST_FILES = 50


def _upload_page(
    request: HttpRequest, reports: list[Report], *, error: str = "", status: int = 200
) -> HttpResponse:
    made = sum(r.outcome is Outcome.ACCEPTED for r in reports)
    context = {
        "reports": reports,
        "accepted": made,
        "refused": sum(r.outcome is Outcome.REFUSED for r in reports),
        "waiting_now": sum(r.outcome is Outcome.WAITING for r in reports),
        "waiting": queries.waiting(current()),
        "formats": all_formats(),
        "endings": ",".join(e for f in all_formats() for e in f.EXTENSIONS),
        "error": error,
        "most_files": MOST_FILES,
    }
    return render(request, "exchange/upload.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(P.IMPORT, reads="文書の取り込みを閲覧")
def upload(request: HttpRequest) -> HttpResponse:
    """Files in, a report of one row for each out; every file stands for itself."""
    if request.method == "GET":
        return _upload_page(request, [])
    files = request.FILES.getlist("files")
    if not files:
        return _upload_page(
            request, [], error="ファイルが選ばれていません。文書を選んでください。", status=422
        )
    if len(files) > MOST_FILES:
        says = f"一度に取り込めるのは{MOST_FILES}件までです(選択は{len(files)}件)。分けて選んでください。"
        return _upload_page(request, [], error=says, status=422)
    actor = current()
    reports = [
        actions.take_file(actor, _bytes(upload), upload.name or "名前なし", size=upload.size or 0)
        for upload in files
    ]
    nothing = all(r.outcome is Outcome.REFUSED for r in reports)
    return _upload_page(request, reports, status=422 if nothing else 200)


def _bytes(upload: Any) -> bytes:
    """The bytes, or none of a file that is too large to be read at all; its size is told by the action."""
    return b"" if (upload.size or 0) > actions.MOST_BYTES else bytes(upload.read())


def _summary(document: Any) -> list[Row]:
    card, doc = document.patient, document
    born = birth_date(card)
    return [
        Row("患者", f"{card.name} {card.kana}".strip()),
        Row("生年月日", format_both(born) if born else (card.birth_on or "記載なし")),
        Row("住所", card.address or "記載なし"),
        Row("電話", card.phone or "記載なし"),
        Row("紹介元", " ".join(x for x in (doc.sender.facility_name, doc.sender.physician) if x)),
        Row(
            "宛先",
            " ".join(
                x for x in (doc.receiver.facility_name, doc.receiver.department, doc.receiver.physician) if x
            ),
        ),
        Row("紹介目的", doc.content.purpose),
        Row("傷病名", "、".join(d.text for d in doc.content.diagnoses) or "記載なし"),
    ]


def _decision(actor: Actor, waiting: WaitingDocument, data: Any = None) -> dict[str, Any]:
    """The document, what is asked, and the form; the document is read anew from its bytes."""
    if waiting.decided_at:
        raise NotPossibleNow(
            "already_decided",
            f"この文書は{waiting.decided_by}がすでに処理しました。一覧を開き直してください。",
        )
    kept = readable(format_for(waiting.name).parse(bytes(waiting.content)))
    asked = {q["code"] for q in waiting.questions}
    form = DecisionForm(
        data,
        alike=actions.alike(actor, kept.document.patient),
        asks_birth=birth_date(kept.document.patient) is None,
        asks_receiver="other_receiver" in asked,
    )
    return {
        "waiting": waiting,
        "rows": _summary(kept.document),
        "warnings": kept.warnings,
        "form": form,
    }


@require_http_methods(["GET", "POST"])
@page(P.IMPORT, reads="確認待ちの文書を閲覧")
def decide(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Who is the patient, is it meant for us: then take it in."""
    actor = current()
    waiting = queries.waiting_one(actor, uid)
    if request.method == "GET":
        return render(request, "exchange/decide.html", _decision(actor, waiting))
    context = _decision(actor, waiting, request.POST)
    form = context["form"]
    if not form.is_valid():
        return render(request, "exchange/decide.html", context, status=422)
    chosen = form.cleaned_data["patient"]
    try:
        made = actions.decide(
            actor,
            waiting,
            patient=None if chosen == NEW else patients.one(actor, chosen),
            birth_on=form.cleaned_data.get("birth_on"),
            force=bool(form.cleaned_data.get("force")),
        )
    except Invalid as error:
        form.take(error)
        return render(request, "exchange/decide.html", context, status=error.status)
    return redirect("referrals:show", uid=made.referral.uid)


@require_POST
@page(P.IMPORT, reads="確認待ちの文書を閲覧")
def discard(request: HttpRequest, uid: UUID) -> HttpResponse:
    """取り込まない."""
    actor = current()
    actions.discard(actor, queries.waiting_one(actor, uid))
    return redirect("exchange:upload")


def _document_context(actor: Actor, referral: Referral) -> dict[str, Any]:
    document = queries.of_referral(actor, referral)
    may_export = document is None and actor.may(P.EXPORT) and referral.sent_at is not None
    return {
        "referral": referral,
        "document": document,
        "format": format_named(document.format).TITLE_JA if document else "",
        "gaps": queries.gaps(actor, referral) if may_export else (),
        "may_export": may_export,
    }


@require_GET
@page(Referrals.VIEW, reads="受け取った文書を閲覧")
def document(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The document behind a referral, every section readable; and what a letter lacks before it goes out."""
    actor = current()
    referral = referrals.one(actor, uid)
    return render(request, "exchange/document.html", _document_context(actor, referral))


@require_GET
@page(Referrals.VIEW, reads="受け取った文書を閲覧")
def panel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The same as a part of the referral's page."""
    actor = current()
    referral = referrals.one(actor, uid)
    return render(request, "exchange/_document.html", _document_context(actor, referral))


def _download(content: bytes, name: str, media_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@page(Referrals.VIEW, reads="受け取った文書の原本を取得")
def original(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The bytes as they came."""
    actor = current()
    found = queries.of_referral(actor, referrals.one(actor, uid))
    if found is None:
        raise NotFound("no_document", "この紹介は文書から取り込んだものではないため、原本がありません。")
    stored = fetch(actor, found.file_uid)
    return _download(bytes(stored.content), found.name, stored.media_type)


@require_GET
@page(P.EXPORT, reads="紹介状を文書として書き出し")
def export(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The letter as a document of the format, with its attachments inside."""
    actor = current()
    referral = referrals.one(actor, uid)
    content = actions.export_document(actor, referral)
    found = format_named(actions.DEFAULT)
    return _download(content, f"{referral.number}{found.EXTENSIONS[0]}", found.MEDIA_TYPES[0])
