"""訂正版: a sent letter is never changed; a physician issues a new version that shows what it changes."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from renkei.files.store import CheckedFile
from renkei.gate.pages import page
from renkei.kernel.errors import Invalid, NotPossibleNow, Stale
from renkei.referrals import actions
from renkei.referrals.models import Attachment
from renkei.referrals.permissions import P
from renkei.referrals.types import LetterContent
from renkei.referrals.writing.compare import FieldChange, content_changes, file_changes
from renkei.referrals.writing.files import checked_uploads, enclosed
from renkei.referrals.writing.forms import CorrectionForm, content_initial
from renkei.referrals.writing.views import Opened, open_letter, shown_lines, too_late


@require_http_methods(["GET", "POST"])
@page(P.FINALISE, reads="訂正版を作成")
def correct(request: HttpRequest, uid: UUID) -> HttpResponse:
    """訂正版: a new version of a sent letter; what changes is shown before it is issued."""
    opened = open_letter(uid)
    if opened.writable:
        return redirect("referrals:edit", uid=uid)
    if request.method == "GET":
        form = CorrectionForm(kind=opened.kind, initial=content_initial(opened.content))
        return _correction(request, opened, form)
    form = CorrectionForm(request.POST, kind=opened.kind)
    valid = form.is_valid()
    preview = request.POST.get("do") == "preview"
    if not valid and not (preview and set(form.errors) <= {"reason"}):
        return _correction(request, opened, form, status=422)
    typed = form.content(request.POST, opened.content)
    kept = _kept(request, opened)
    try:
        added = checked_uploads(request, len(kept))
        if preview:
            form.errors.clear()
            files = file_changes(enclosed(opened.actor, opened.referral), [*kept, *added])
            differs = content_changes(opened.content, typed, opened.kind) + files
            return _correction(request, opened, form, differs=differs)
        _issue(request, opened, typed, form.cleaned_data["reason"], added)
    except Invalid as error:
        form.take(error)
        return _correction(request, opened, form, status=error.status)
    except (Stale, NotPossibleNow):
        return too_late(request, open_letter(uid))
    messages.success(request, "訂正版を出しました。前の版も読めます。")
    return redirect("referrals:show", uid=uid)


def _issue(
    request: HttpRequest, opened: Opened, typed: LetterContent, reason: str, added: list[CheckedFile]
) -> None:
    seen = opened.referral.expecting(request.POST.get("version"))
    wrong = _taken_off(request)
    actions.correct(opened.actor, seen, content=typed, reason=reason, add=added, remove=wrong)


def _taken_off(request: HttpRequest) -> list[UUID]:
    """The uids of the files whose box is ticked."""
    try:
        return [UUID(uid) for uid in request.POST.getlist("remove")]
    except ValueError as error:
        raise Invalid("file_unknown", "外す添付を読み取れません。選び直してください。", "file") from error


def _kept(request: HttpRequest, opened: Opened) -> list[Attachment]:
    wrong = set(request.POST.getlist("remove"))
    return [a for a in enclosed(opened.actor, opened.referral) if str(a.uid) not in wrong]


def _correction(
    request: HttpRequest,
    opened: Opened,
    form: CorrectionForm,
    *,
    status: int = 200,
    differs: list[FieldChange] | None = None,
) -> HttpResponse:
    context = {
        "referral": opened.referral,
        "letter": opened.letter,
        "kind": opened.kind,
        "form": form,
        "version": request.POST.get("version") or opened.referral.version,
        **shown_lines(opened.content, request.POST if form.is_bound else None),
        "attachments": enclosed(opened.actor, opened.referral),
        "taken_off": request.POST.getlist("remove"),
        "chosen": [upload.name for upload in request.FILES.getlist("files")],
        "differs": differs,
        "shows_differs": differs is not None,
    }
    return render(request, "referrals/correct.html", context, status=status)
