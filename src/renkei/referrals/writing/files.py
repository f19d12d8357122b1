"""Files with a letter or a reply while it is written: taken in by content, listed, removed."""

from __future__ import annotations

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from renkei.files.checking import MEGABYTE, MOST_BYTES, clean_name
from renkei.files.store import CheckedFile, check
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.referrals import actions, queries
from renkei.referrals.models import Attachment, Referral, ReplyLetter
from renkei.referrals.permissions import P
from renkei.referrals.writing import queries as letter_queries

MOST_FILES = 20


def enclosed(actor: Actor, referral: Referral, reply: ReplyLetter | None = None) -> list[Attachment]:
    """The files of the letter, or of one reply."""
    rows = Attachment.objects.visible_to(actor).filter(referral=referral, removed_at=None, reply=reply)
    return list(rows.order_by("id"))


def attach_posted(
    request: HttpRequest, actor: Actor, referral: Referral, reply: ReplyLetter | None = None
) -> None:
    """Attach every posted file that passes. Raises ``Invalid`` on field ``file`` naming each one that does not."""
    problems = []
    posted = request.FILES.getlist("files")
    if len(posted) + len(enclosed(actor, referral, reply)) > MOST_FILES:
        raise Invalid(
            "too_many_files", f"添付は{MOST_FILES}個までです。分けて送るか、まとめてください。", "file"
        )
    for upload in posted:
        try:
            _attach(actor, referral, upload, reply)
        except Invalid as error:
            problems.append(error)
    if problems:
        raise Invalid(problems[0].code, " ".join(p.message_ja for p in problems), "file")


def ever_enclosed(actor: Actor, referral: Referral) -> list[Attachment]:
    """The files of the letter in all its versions, those that a correction took off too."""
    return list(Attachment.objects.visible_to(actor).filter(referral=referral, reply=None).order_by("id"))


def checked_uploads(request: HttpRequest, beside: int) -> list[CheckedFile]:
    """The posted files, ``beside`` so many others. Raises ``Invalid`` on ``file`` naming each that does not pass."""
    posted = request.FILES.getlist("files")
    if len(posted) + beside > MOST_FILES:
        raise Invalid("too_many_files", f"添付は{MOST_FILES}個までです。まとめてください。", "file")
    passed, problems = [], []
    for upload in posted:
        try:
            passed.append(_checked(upload))
        except Invalid as error:
            problems.append(error)
    if problems:
        raise Invalid(problems[0].code, " ".join(p.message_ja for p in problems), "file")
    return passed


def _attach(actor: Actor, referral: Referral, upload: UploadedFile, reply: ReplyLetter | None) -> None:
    actions.attach(actor, referral, checked=_checked(upload), reply=reply)


def _checked(upload: UploadedFile) -> CheckedFile:
    """A file that is too big is refused before its bytes are read into memory."""
    name, size = str(upload.name or ""), int(upload.size or 0)
    if size > MOST_BYTES:
        raise Invalid(
            "file_too_big",
            f"「{clean_name(name)}」は{size / MEGABYTE:.0f}MBあります。{MOST_BYTES // MEGABYTE}MBまでです。"
            "ページや枚数を分けるか、解像度を下げて保存し直してください。",
            "file",
        )
    return check(name, upload.read())


def _listed(
    request: HttpRequest, referral: Referral, reply: ReplyLetter | None, error: Invalid | None = None
) -> HttpResponse:
    context = {
        "referral": referral,
        "reply": reply,
        "attachments": enclosed(current(), referral, reply),
        "file_error": error.message_ja if error else "",
    }
    return render(request, "referrals/_letter_files.html", context, status=error.status if error else 200)


def _back(referral: Referral, reply: ReplyLetter | None) -> HttpResponse:
    return redirect("referrals:reply" if reply else "referrals:edit", uid=referral.uid)


@require_POST
@page(P.DRAFT, reads="紹介状・返書に添付")
def attach(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take files in beside the form, so that nothing typed is touched; ``reply`` names the reply's draft."""
    actor = current()
    referral = queries.one(actor, uid)
    wanted = request.POST.get("reply", "")
    reply = letter_queries.reply_draft(actor, referral, wanted) if wanted else None
    problem = None
    try:
        attach_posted(request, actor, referral, reply)
    except Invalid as error:
        problem = error
    except (NotPossibleNow, NotAllowed) as error:
        problem = Invalid(error.code, error.message_ja, "file")
    return _listed(request, referral, reply, problem)


@require_POST
@page(P.DRAFT, reads="添付を取り外す")
def detach(request: HttpRequest, uid: UUID, attachment: UUID) -> HttpResponse:
    """Take one file off; the list comes back."""
    actor = current()
    referral = queries.one(actor, uid)
    found = letter_queries.attachment(actor, referral, attachment)
    actions.detach(actor, referral, attachment=found)
    if request.headers.get("HX-Request") != "true":
        return _back(referral, found.reply)
    return _listed(request, referral, found.reply)
