"""Papers and files of a referral: PDFs to look at and print, attachments to save."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from renkei.files.store import fetch
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import NotFound
from renkei.referrals import queries
from renkei.referrals.models import Attachment, Referral, ReferralLetter
from renkei.referrals.papers import pdf
from renkei.referrals.permissions import P
from renkei.referrals.writing.compare import files_of
from renkei.referrals.writing.files import ever_enclosed

GONE = "この文書は見つかりません。取り下げられたか、共有範囲の外です。"


def shown(request: HttpRequest, content: bytes, name: str, lost: Sequence[str] = ()) -> HttpResponse:
    """A PDF in the browser, kept by no cache; characters without a glyph are told in a header and a message."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    if lost:
        codes = " ".join("+".join(f"U+{ord(c):04X}" for c in char) for char in lost)
        response["X-Renkei-Unprintable"] = codes
        messages.warning(
            request,
            f"印刷できない文字があり〓で印刷しました: {codes}。表記を確かめるか、手書きで補ってください。",
        )
    return response


def _letters_of(actor: Actor, referral: Referral) -> list[ReferralLetter]:
    """Every version that the actor's house may read; drafts only for the house that writes them."""
    rows = ReferralLetter.objects.visible_to(actor).filter(referral=referral).order_by("number")
    mine = referral.sender_id == actor.facility_id
    return [x for x in rows if mine or x.finalised_at]


def _enclosed(actor: Actor, referral: Referral, reply_id: int | None = None) -> list[Attachment]:
    rows = Attachment.objects.visible_to(actor).filter(referral=referral, removed_at=None, reply_id=reply_id)
    return list(rows.order_by("id"))


@require_GET
@page(P.VIEW, reads="紹介状を印刷")
def letter_pdf(request: HttpRequest, uid: UUID, number: int | None = None) -> HttpResponse:
    """The newest version of the letter, or version ``number``."""
    actor = current()
    referral = queries.one(actor, uid)
    versions = _letters_of(actor, referral)
    places = [i for i, x in enumerate(versions) if number in (None, x.number)]
    if not places:
        raise NotFound("letter_not_found", GONE)
    letter = versions[places[-1]]
    files = files_of(versions, places[-1], ever_enclosed(actor, referral))
    content = pdf.letter_pdf(referral, letter, files)
    name = f"紹介状_{referral.number}_第{letter.number}版.pdf"
    return shown(request, content, name, pdf.unprintable(referral, letter))


@require_GET
@page(P.VIEW, reads="FAX送付状と紹介状を印刷")
def cover_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """FAX送付状 with the letter behind it, for a letter that goes out on paper."""
    actor = current()
    referral = queries.one(actor, uid)
    found = _letters_of(actor, referral)
    if not found:
        raise NotFound("letter_not_found", GONE)
    content = pdf.cover_pdf(referral, found[-1], _enclosed(actor, referral))
    return shown(request, content, f"送付状_{referral.number}.pdf", pdf.unprintable(referral, found[-1]))


@require_GET
@page(P.VIEW, reads="返書を印刷")
def reply_pdf(request: HttpRequest, uid: UUID, reply_uid: UUID) -> HttpResponse:
    """A reply; a draft only for the house that writes it."""
    actor = current()
    referral = queries.one(actor, uid)
    reply = next((r for r in queries.whole(actor, referral).replies if r.uid == reply_uid), None)
    if reply is None:
        raise NotFound("reply_not_found", GONE)
    content = pdf.reply_pdf(referral, reply, _enclosed(actor, referral, reply.pk))
    name = f"返書_{referral.number}.pdf"
    return shown(request, content, name, pdf.unprintable_in_reply(reply))


@require_GET
@page(P.VIEW, reads="受診案内を印刷")
def slip_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """受診のご案内: date, place, what to bring and the way."""
    actor = current()
    referral = queries.one(actor, uid)
    standing = [o for o in queries.whole(actor, referral).offers if o.status in ("confirmed", "offered")]
    content = pdf.slip_pdf(referral, standing[0] if standing else None)
    return shown(request, content, f"受診案内_{referral.number}.pdf")


@require_GET
@page(P.VIEW, reads="添付ファイルを取得")
def file(request: HttpRequest, uid: UUID, file_uid: UUID) -> HttpResponse:
    """An attachment's bytes as they came. Files with a reply's draft are given to the house that writes it only."""
    actor = current()
    referral = queries.one(actor, uid)
    rows = Attachment.objects.visible_to(actor).filter(referral=referral, uid=file_uid, removed_at=None)
    found = rows.select_related("reply").first()
    unsent = found.reply if found and found.reply and found.reply.sent_at is None else None
    if found is None or (unsent is not None and unsent.facility_id != actor.facility_id):
        raise NotFound(
            "file_unknown", "ファイルが見つかりません。共有範囲の外か、取り外された可能性があります。"
        )
    stored = fetch(actor, found.file_uid)
    response = HttpResponse(bytes(stored.content), content_type=stored.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(stored.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@page(P.VIEW, reads="QRコードから紹介を閲覧")
def scanned(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the referral whose paper was held to a reader."""
    referral = queries.one(current(), pdf.read_qr(token))
    return redirect("referrals:show", uid=referral.uid)
