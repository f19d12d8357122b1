"""The office's side: applications, members, the turn of the year, exceptions, what the public page says."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.directory.queries import areas
from renkei.directory.types import AreaLevel
from renkei.enrolments import actions, importing, present, queries, turning
from renkei.enrolments.actions.applying import BY_REPRESENTATIVE, draft_of
from renkei.enrolments.conditions.lapsed import Lapsed, lapsed
from renkei.enrolments.forms import (
    AnswerForm,
    ApplicationForm,
    DecideForm,
    EndSchemeForm,
    ImportForm,
    SchemeForm,
    StartForm,
    initial_of,
)
from renkei.enrolments.models import Application, Enrolment, Scheme
from renkei.enrolments.periods import fiscal_year_end
from renkei.enrolments.permissions import P
from renkei.enrolments.types import ApplicationKind, Channel, State, manifest_of
from renkei.enrolments.views import application_page
from renkei.enrolments.views_edit import about, saved
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotAllowed, NotFound

ROWS = 100


def _own(uid: UUID) -> Scheme:
    scheme = queries.scheme(uid)
    if scheme.owner_id != current().facility_id:
        raise NotAllowed("not_the_owner", "この制度を運営する施設だけが開けます。")
    return scheme


def _frame(scheme: Scheme, at: str) -> dict[str, Any]:
    waiting = queries.applications(current(), scheme, State.SUBMITTED).count()
    return {"scheme": scheme, "manifest": manifest_of(scheme.key), "tabs": present.tabs(scheme, at, waiting)}


@page(P.MANAGE)
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Choose a scheme of the catalog; it runs from today."""
    actor = current()
    found = queries.to_start(actor.facility_id)
    form = StartForm(request.POST or None, manifests=found)
    made: list[Scheme] = []
    if request.method == "POST" and saved(
        form, lambda: made.append(actions.start_scheme(actor, key=form.cleaned_data["key"]))
    ):
        messages.success(request, f"「{made[0].name}」を始めました。案内と区域を確認してください。")
        return redirect("enrolments:settings", made[0].uid)
    context = {"form": form, "manifests": [(m, present.about(m)) for m in found]}
    return render(request, "enrolments/start.html", context, status=422 if form.is_bound else 200)


@require_GET
@page(P.HANDLE, reads="制度への申請の一覧を閲覧")
def applications(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What waits, what came back, what was decided."""
    scheme = _own(uid)
    state = request.GET.get("state", State.SUBMITTED)
    rows = queries.applications(current(), scheme, "" if state == "decided" else state)
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    clear = []
    if state == State.SUBMITTED:
        clear = [row.pk for row in shown if not queries.review(row)]
    context = _frame(scheme, "applications") | {
        "lines": [(present.application_line(row), row.pk in clear) for row in shown],
        "page": shown,
        "state": state,
        "states": [
            (State.SUBMITTED.value, "審査待ち"),
            (State.RETURNED.value, "差し戻し中"),
            ("decided", "決定済み"),
        ],
        "clear": len(clear),
    }
    return render(request, "enrolments/applications.html", context)


def _paper_form(request: HttpRequest, scheme: Scheme, before: Enrolment | None, kind: str) -> ApplicationForm:
    """The form, with what is known of the membership that the paper is about."""
    manifest = manifest_of(scheme.key)
    known = before is not None and kind != ApplicationKind.MOVE
    return ApplicationForm(
        request.POST or None,
        manifest=manifest,
        office=True,
        known=known,
        signed=kind in BY_REPRESENTATIVE and manifest.change == "representative",
        recorded=queries.represented_by(before) if before and known else None,
        initial=initial_of(manifest, draft_of(before)) if before else {},
    )


@page(P.HANDLE)
@require_http_methods(["GET", "POST"])
def paper(request: HttpRequest, uid: UUID) -> HttpResponse:
    """An application on paper is typed in; ``?member=<uid>`` is about that membership, ``?kind=`` says what it asks for."""
    actor, scheme = current(), _own(uid)
    before, kind = about(request)
    form = _paper_form(request, scheme, before, kind)
    made: list[Application] = []

    def save() -> None:
        row = actions.apply(
            actor,
            scheme=scheme,
            draft=form.draft(before.facility_id if before else 0),
            channel=Channel.PAPER,
            kind=kind,
            enrolment=before,
            signed_by=form.cleaned_data.get("signed_by", ""),
            records_representative=form.cleaned_data.get("records_representative", False),
        )
        made.append(row)

    if request.method == "POST" and saved(form, save):
        messages.success(request, "用紙の申請を登録しました。")
        return redirect("enrolments:application", made[0].uid)
    context = {
        "form": form,
        "scheme": scheme,
        "manifest": manifest_of(scheme.key),
        "title": f"{scheme.name}: 用紙の申請を登録({ApplicationKind(kind).label})",
    }
    return render(request, "enrolments/apply.html", context, status=422 if form.is_bound else 200)


@page(P.HANDLE)
@require_POST
def decide(request: HttpRequest, uid: UUID, how: str) -> HttpResponse:
    """承認, 差し戻し or 不承認."""
    actor = current()
    row = queries.application(actor, uid).expecting(request.POST.get("version"))
    form: Any
    if how == "approve":
        outside = [f.says for f in queries.review(row) if f.kind == "outside"]
        form = DecideForm(request.POST, outside=outside)
    elif how in ("send_back", "refuse"):
        form = AnswerForm(request.POST, prefix="back" if how == "send_back" else "no")
    else:
        raise NotFound("way_unknown", "この操作はありません。")
    if saved(form, lambda: getattr(actions, how)(actor, row, **form.cleaned_data)):
        said = {"approve": "承認しました。", "send_back": "差し戻しました。", "refuse": "不承認としました。"}
        messages.success(request, said[how])
        return redirect("enrolments:application", uid)
    return application_page(request, queries.application(actor, uid), filled={how: form}, status=422)


@page(P.DECIDE)
@require_POST
def approve_many(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Every ticked application that review finds nothing against; the others stay and are named."""
    actor, scheme = current(), _own(uid)
    done, left = 0, []
    for chosen in request.POST.getlist("application")[:ROWS]:
        try:
            with transaction.atomic():
                actions.approve(actor, queries.application(actor, chosen))
                done += 1
        except DomainError as error:
            left.append(error.message_ja)
    if done:
        messages.success(request, f"{done}件を承認しました。")
    if left:
        messages.warning(request, f"{len(left)}件は承認できませんでした: {left[0]}")
    if not done and not left:
        messages.warning(request, "承認する申請に印を付けてください。")
    return redirect("enrolments:applications", scheme.uid)


@page(P.HANDLE)
@require_http_methods(["GET", "POST"])
def take_list(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A CSV or XLSX of applications: first what would happen, row by row, then the same for good."""
    actor, scheme = current(), _own(uid)
    form = ImportForm(request.POST or None, request.FILES or None)
    context = _frame(scheme, "applications") | {
        "form": form,
        "columns": importing.columns(manifest_of(scheme.key)),
    }
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                file = form.cleaned_data["file"]
                report = importing.take(actor, scheme, file.name, file.read(), dry="dry" in request.POST)
                context["report"], status = report, 200
            except DomainError as error:
                form.take(error)
    return render(request, "enrolments/import.html", context, status=status)


@require_GET
@page(P.HANDLE, reads="制度の名簿を閲覧")
def members(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The list of members, present or past."""
    scheme, text = _own(uid), request.GET.get("q", "").strip()[:60]
    ended = request.GET.get("tab") == "ended"
    rows = queries.members(current(), scheme, ended=ended, text=text)
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = _frame(scheme, "members") | {
        "lines": present.member_lines(shown),
        "page": shown,
        "text": text,
        "ended": ended,
    }
    return render(request, "enrolments/members.html", context)


@require_GET
@page(P.HANDLE, reads="更新の予告を閲覧")
def renewals(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Whose term ends by a day (the end of the fiscal year), and what will become of it."""
    scheme = _own(uid)
    until = fiscal_year_end(clock.today())
    if asked := request.GET.get("until", ""):
        try:
            until = date.fromisoformat(asked)
        except ValueError:
            messages.warning(request, "日付は 2027-03-31 の形で指定してください。")
    found = turning.renewal_preview(current(), scheme, until)
    shown = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = _frame(scheme, "renewals") | {
        "until": until,
        "page": shown,
        "rows": [(p, present.who(p.enrolment)) for p in shown],
        "going": sum(p.goes_on for p in found),
    }
    return render(request, "enrolments/renewals.html", context)


@require_GET
@page(P.HANDLE, reads="登録の例外を閲覧")
def exceptions(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Members outside a condition, for the committee; those that a condition no longer fits; members that look like one."""
    return _exceptions_page(request, _own(uid))


def _exceptions_page(
    request: HttpRequest, scheme: Scheme, filled: dict[int, DecideForm] | None = None, status: int = 200
) -> HttpResponse:
    actor = current()
    context = _frame(scheme, "exceptions") | {
        "rows": [
            (present.member_line(row), present.exceptions(row)) for row in queries.exceptions(actor, scheme)
        ],
        "lapsed": [_lapsed_line(one, filled) for one in lapsed(actor, scheme)],
        "may_allow": actor.may(P.DECIDE),
        "alike": [[present.member_line(row) for row in group] for group in queries.alike(actor, scheme)],
    }
    return render(request, "enrolments/exceptions.html", context, status=status)


def _lapsed_line(one: Lapsed, filled: dict[int, DecideForm] | None) -> dict[str, Any]:
    row = one.enrolment
    return {
        "line": present.member_line(row),
        "says": [f.says for f in one.found],
        "form": _allow_form(one, (filled or {}).get(row.pk)) if one.may_be_allowed else None,
    }


def _allow_form(one: Lapsed, filled: DecideForm | None) -> DecideForm:
    outside = [f.says for f in one.found if f.kind == "outside"]
    return filled or DecideForm(outside=outside, prefix=f"e{one.enrolment.pk}")


@page(P.DECIDE)
@require_POST
def allow_exception(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A member that a condition no longer fits stays, and the list of the committee says who allowed it."""
    actor = current()
    row = queries.enrolment(actor, uid).expecting(request.POST.get("version"))
    form = DecideForm(request.POST, outside=["原則"], prefix=f"e{row.pk}")
    if saved(form, lambda: actions.allow_exception(actor, row, **form.cleaned_data)):
        messages.success(request, "原則の例外として記録しました。")
        return redirect("enrolments:exceptions", row.scheme.uid)
    return _exceptions_page(request, _own(row.scheme.uid), {row.pk: form}, 422)


@page(P.DECIDE)
@require_POST
def join_two(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Two memberships become the one that is kept."""
    actor, scheme = current(), _own(uid)
    keep = queries.enrolment(actor, request.POST.get("keep", ""))
    other = queries.enrolment(actor, request.POST.get("other", ""))
    actions.join_duplicates(actor, keep, other=other)
    messages.success(request, "登録をまとめました。")
    return redirect("enrolments:exceptions", scheme.uid)


def _scheme_form(scheme: Scheme, sent: Any = None) -> SchemeForm:
    asks = any("scheme_areas" in rule.values for rule in manifest_of(scheme.key).eligibility)
    names = [(a.code, a.name) for a in areas(AreaLevel.MUNICIPALITY)] if asks else []
    fields = ("name", "greeting", "contact", "takes_applications", "areas")
    return SchemeForm(sent, areas=names, initial={name: getattr(scheme, name) for name in fields})


@page(P.MANAGE)
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Name, words of the public page, areas."""
    actor, scheme = current(), _own(uid)
    form = _scheme_form(scheme, request.POST or None)
    scheme.expecting(request.POST.get("version") or scheme.version)
    if request.method == "POST" and saved(
        form, lambda: actions.edit_scheme(actor, scheme, **form.cleaned_data)
    ):
        messages.success(request, "案内を保存しました。")
        if count := len(lapsed(actor, _own(uid))):
            messages.warning(
                request, f"{count}件の登録が条件に合わなくなっています。「例外と重複」で確認してください。"
            )
        return redirect("enrolments:settings", scheme.uid)
    return _settings_page(request, scheme, form, EndSchemeForm())


def _settings_page(
    request: HttpRequest, scheme: Scheme, form: SchemeForm, end_form: EndSchemeForm
) -> HttpResponse:
    manifest = manifest_of(scheme.key)
    context = _frame(scheme, "settings") | {
        "form": form,
        "end_form": end_form,
        "about": present.about(manifest),
        "version": scheme.version,
    }
    refused = form.is_bound or end_form.is_bound
    return render(request, "enrolments/settings.html", context, status=422 if refused else 200)


@page(P.MANAGE)
@require_POST
def end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The scheme takes no applications from a day on."""
    actor, scheme = current(), _own(uid)
    form = EndSchemeForm(request.POST)
    scheme.expecting(request.POST.get("version") or scheme.version)
    if saved(form, lambda: actions.end_scheme(actor, scheme, ended_on=form.cleaned_data["ended_on"])):
        messages.success(request, "制度の終了日を記録しました。")
        return redirect("enrolments:settings", scheme.uid)
    return _settings_page(request, scheme, _scheme_form(scheme), form)
