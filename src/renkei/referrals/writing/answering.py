"""Writing a reply (返書), the list of what waits for a physician, the read mark, the way back (逆紹介)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel import clock, eras
from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotPossibleNow, Stale
from renkei.referrals import actions, queries
from renkei.referrals.actions.drafting import SIGNING_ROLES
from renkei.referrals.actions.replying import MEETS, REPLY_LABELS, WITHOUT_PHYSICIAN
from renkei.referrals.models import Referral, ReplyLetter
from renkei.referrals.permissions import P
from renkei.referrals.present import DEADLINES
from renkei.referrals.types import LetterContent, ReplyKind
from renkei.referrals.writing import queries as letter_queries
from renkei.referrals.writing.compare import diagnosis_line, prescription_line
from renkei.referrals.writing.files import attach_posted, enclosed
from renkei.referrals.writing.forms import ReplyForm

AUTOSAVE = "X-Renkei-Autosave"


@dataclass(frozen=True)
class KindChoice:
    """One of the five kinds on the page: which timers it meets, whether this person may send it."""

    value: str
    label: str
    meets: str
    checked: bool
    sendable: bool


def _receiving(uid: UUID) -> tuple[Actor, Referral]:
    actor = current()
    referral = queries.one(actor, uid)
    if referral.receiver_id != actor.facility_id:
        raise NotAllowed("wrong_party", "返書を書けるのは紹介先です。")
    return actor, referral


@require_http_methods(["GET", "POST"])
@page(P.DRAFT_REPLY, reads="返書を作成")
def reply(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Write or rewrite a draft; the physician sends, the desk leaves it for the physician."""
    actor, referral = _receiving(uid)
    if request.method == "POST":
        return _posted(request, actor, referral)
    wanted = request.GET.get("draft", "")
    draft = letter_queries.reply_draft(actor, referral, wanted)
    if draft is not None and draft.sent_at:
        return redirect("referrals:show", uid=uid)
    kind = request.GET.get("kind", "")
    return _page(request, actor, referral, draft, ReplyForm(initial=_initial(actor, referral, draft, kind)))


def _initial(actor: Actor, referral: Referral, draft: ReplyLetter | None, kind: str) -> dict[str, Any]:
    if draft is not None:
        values = {name: getattr(draft, name) for name in ("kind", "text", "plan", "prescriptions")}
        return values | ({"kind": kind} if kind in set(ReplyKind) else {})
    chosen = kind if kind in set(ReplyKind) else _likely(actor, referral)
    return {"kind": chosen, "text": _greeting(referral) if chosen == ReplyKind.ARRIVAL_NOTICE else ""}


def _likely(actor: Actor, referral: Referral) -> str:
    """The next report that is due; after the last one the final report."""
    order = [k.value for k in ReplyKind]
    running = {d.name for d in queries.whole(actor, referral).deadlines}
    return next((name for name in order if name in running), ReplyKind.FINAL_REPORT.value)


def _greeting(referral: Referral) -> str:
    came = referral.arrived_at.astimezone(clock.JST).date() if referral.arrived_at else clock.today()
    where = f"当院{referral.receiver_department}" if referral.receiver_department else "当院"
    return (
        "このたびはご紹介いただきありがとうございます。\n"
        f"{referral.patient.name} 様は{eras.format_era(came)}に{where}を受診されました。\n"
        "経過は改めてご報告いたします。"
    )


def _known(content: LetterContent) -> str:
    """Diagnoses of the letter that is answered, ready to go into the text."""
    lines = [f"・{diagnosis_line(d)}" for d in content.diagnoses]
    return "\n".join(["ご紹介時の傷病名", *lines])


def _page(
    request: HttpRequest,
    actor: Actor,
    referral: Referral,
    draft: ReplyLetter | None,
    form: ReplyForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    whole = queries.whole(actor, referral)
    physician = bool(actor.roles & SIGNING_ROLES)
    chosen = str(form["kind"].value() or "")
    context = {
        "referral": referral,
        "letter": whole.letters[-1] if whole.letters else None,
        "attachments": [a for a in whole.attachments if a.reply_id is None],
        "reply_files": enclosed(actor, referral, draft) if draft else [],
        "draft": draft,
        "version": draft.version if draft else "",
        "form": form,
        "kinds": [_choice(kind, chosen, physician) for kind in ReplyKind],
        "physician": physician,
        "may_send": actor.may(P.REPLY) or chosen in WITHOUT_PHYSICIAN,
        "due": [DEADLINES[d.name] for d in whole.deadlines if d.name in MEETS[ReplyKind.FINAL_REPORT]],
    }
    return render(request, "referrals/reply.html", context | more, status=status)


def _choice(kind: ReplyKind, chosen: str, physician: bool) -> KindChoice:
    meets = "・".join(DEADLINES[name] for name in MEETS[kind])
    return KindChoice(
        kind.value, REPLY_LABELS[kind], meets, kind.value == chosen, physician or kind in WITHOUT_PHYSICIAN
    )


def _posted(request: HttpRequest, actor: Actor, referral: Referral) -> HttpResponse:
    wanted = request.POST.get("reply", "")
    draft = letter_queries.reply_draft(actor, referral, wanted)
    form = ReplyForm(request.POST)
    by_itself = request.headers.get(AUTOSAVE) == "1"
    if draft is not None and draft.sent_at:
        return _already_sent(request, referral, draft)
    if draft is None and request.POST.get("do") == "send" and form.is_valid():
        # A double click on a form without a draft yet: the first click has sent exactly this.
        kind, text = form.cleaned_data["kind"], form.cleaned_data["text"]
        if twin := letter_queries.same_reply(actor, referral, kind, text):
            return _already_sent(request, referral, twin)
    if not form.is_valid():
        if by_itself:
            first = next(str(e) for errors in form.errors.values() for e in errors)
            return JsonResponse({"message": f"まだ保存できない入力があります。{first}"}, status=422)
        return _page(request, actor, referral, draft, form, status=422)
    try:
        saved = _save(request, actor, referral, draft, form)
        if by_itself:
            now = clock.now().astimezone(clock.JST)
            return JsonResponse({"saved_at": f"{now:%H:%M}", "version": saved.version})
        attach_posted(request, actor, referral, saved)
        return _next_step(request, actor, referral, saved)
    except (Stale, NotPossibleNow) as error:
        return _lost_the_race(request, actor, referral, form, error)
    except (Invalid, NotAllowed) as error:
        if by_itself:
            return JsonResponse({"message": error.message_ja}, status=error.status)
        form.take(error)
        return _page(
            request, actor, referral, letter_queries.reply_draft(actor, referral), form, status=error.status
        )


def _save(
    request: HttpRequest, actor: Actor, referral: Referral, draft: ReplyLetter | None, form: ReplyForm
) -> ReplyLetter:
    """The draft as typed. A form opened before anybody began a draft does not overwrite one that came meanwhile."""
    seen = request.POST.get("version", "")
    if draft is not None:
        if not seen and draft.entered_by_id != actor.person_id:
            raise Stale(
                "stale", f"{draft.entered_by}がこの紹介の返書を書き始めています。内容を確認してください。"
            )
        draft.expecting(seen)
    return actions.write_reply(actor, referral, reply=draft, **form.cleaned_data)


def _next_step(request: HttpRequest, actor: Actor, referral: Referral, saved: ReplyLetter) -> HttpResponse:
    step, _, which = request.POST.get("do", "save").partition(":")
    label = REPLY_LABELS[ReplyKind(saved.kind)]
    there = redirect("referrals:reply", uid=referral.uid)
    if step == "send":
        actions.send_reply(actor, referral, reply=saved)
        messages.success(request, _said_of(actor, referral, label))
        return redirect("referrals:show", uid=referral.uid)
    if step == "diagnoses":
        known = _known(_letter_content(actor, referral))
        if known not in saved.text:
            _rewrite(actor, referral, saved, text=f"{saved.text.rstrip()}\n{known}".strip())
    elif step == "prescriptions":
        lines = [prescription_line(p) for p in _letter_content(actor, referral).prescriptions]
        known = "\n".join(lines)
        if known not in saved.prescriptions:
            _rewrite(actor, referral, saved, prescriptions=f"{saved.prescriptions.rstrip()}\n{known}".strip())
    elif step == "detach":
        actions.detach(actor, referral, attachment=letter_queries.attachment(actor, referral, which))
    elif saved.kind in WITHOUT_PHYSICIAN or actor.roles & SIGNING_ROLES:
        messages.success(request, f"{label}の下書きを保存しました。")
    else:
        messages.success(request, f"{label}の下書きを保存しました。医師の「確定・送信待ち」に並びます。")
    return there


def _said_of(actor: Actor, referral: Referral, label: str) -> str:
    """A sender who is not in the circle gets the reply on paper."""
    if queries.opens_for(actor, referral.uid, referral.sender_id):
        return f"{label}を送りました。"
    return f"{label}を確定しました。{referral.sender.name}は画面で読めないため、印刷して送ってください。"


def _letter_content(actor: Actor, referral: Referral) -> LetterContent:
    letters = queries.whole(actor, referral).letters
    return letters[-1].read_content() if letters else LetterContent()


def _rewrite(actor: Actor, referral: Referral, saved: ReplyLetter, **changed: str) -> None:
    values = {name: getattr(saved, name) for name in ("kind", "text", "plan", "prescriptions")}
    actions.write_reply(actor, referral, reply=saved, **(values | changed))


def _lost_the_race(
    request: HttpRequest, actor: Actor, referral: Referral, form: ReplyForm, error: DomainError
) -> HttpResponse:
    if request.headers.get(AUTOSAVE) == "1":
        return JsonResponse({"message": error.message_ja}, status=error.status)
    wanted = request.POST.get("reply", "")
    now = letter_queries.reply_draft(actor, referral, wanted)
    if now is not None and now.sent_at:
        return _already_sent(request, referral, now)
    return _page(
        request, actor, referral, now, form, status=error.status, other=now, problem=error.message_ja
    )


def _already_sent(request: HttpRequest, referral: Referral, sent: ReplyLetter) -> HttpResponse:
    says = f"{sent.author}がこの{REPLY_LABELS[ReplyKind(sent.kind)]}を送りました。"
    if request.headers.get(AUTOSAVE) == "1":
        return JsonResponse({"message": f"{says} この画面の内容は保存していません。"}, status=409)
    context = {"referral": referral, "says": says, "at": sent.sent_at}
    return render(request, "referrals/edit_too_late.html", context, status=409)


@require_POST
@page(P.VIEW, reads="返書を確認")
def reply_read(request: HttpRequest, uid: UUID, reply_uid: UUID) -> HttpResponse:
    """確認しました: the unread mark goes, the receiver sees that it was read."""
    actor = current()
    referral = queries.one(actor, uid)
    actions.read_reply(actor, referral, reply=letter_queries.sent_reply(actor, referral, reply_uid))
    return redirect("referrals:show", uid=uid)


@require_POST
@page(P.DRAFT, reads="逆紹介状を作成")
def back(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The back-referral's draft with what is known, the sender as receiver; a draft already begun is opened again."""
    actor, referral = _receiving(uid)
    begun = letter_queries.open_back_referral(actor, referral) or actions.draft_back_referral(actor, referral)
    return redirect("referrals:edit", uid=begun.uid)


@require_GET
@page(P.DRAFT, P.DRAFT_REPLY, reads="確定・送信待ちを閲覧")
def waiting(request: HttpRequest) -> HttpResponse:
    """確定・送信待ち: letters that wait for a signature or to be sent, replies that wait to be sent."""
    actor = current()
    letters: list[Any] = list(letter_queries.waiting_letters(actor))
    context = {
        "to_sign": [r for r in letters if r.finalised_at is None],
        "to_send": [r for r in letters if r.finalised_at is not None],
        "replies": [
            {"reply": r, "label": REPLY_LABELS[ReplyKind(r.kind)]}
            for r in letter_queries.waiting_replies(actor)
        ],
        "physician": bool(actor.roles & SIGNING_ROLES),
    }
    return render(request, "referrals/waiting.html", context)
