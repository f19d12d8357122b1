"""What both sides read: the page of one's own memberships, one application, one member, the certificate."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from renkei.enrolments import paper, present, queries
from renkei.enrolments.forms import (
    AnswerForm,
    DecideForm,
    KeepForm,
    PaperWithdrawForm,
    ReasonForm,
    WithdrawForm,
)
from renkei.enrolments.models import Application, Enrolment
from renkei.enrolments.permissions import P
from renkei.enrolments.types import State, manifest_of
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import NotFound


@require_GET
@page(P.VIEW, reads="制度の登録を閲覧")
def home(request: HttpRequest) -> HttpResponse:
    """Schemes that one's house runs, memberships of one's own, schemes that take applications."""
    actor = current()
    mine = {e.scheme_id for e in queries.own_memberships(actor).filter(ended_on=None)}
    running = queries.running()
    may_handle = actor.may(P.HANDLE)
    context = {
        "runs": [
            (s, manifest_of(s.key), queries.applications(actor, s, State.SUBMITTED).count())
            for s in running
            if may_handle and s.owner_id == actor.facility_id
        ],
        "memberships": present.member_lines(queries.own_memberships(actor)[:100]),
        "applications": [present.application_line(row) for row in queries.own_applications(actor)[:20]],
        "open": [
            (s, manifest_of(s.key), present.about(manifest_of(s.key)), s.pk in mine)
            for s in running
            if s.takes_applications and s.owner_id != actor.facility_id
        ],
        "may_start": actor.may(P.MANAGE),
        "may_apply": actor.may(P.APPLY),
        "may_move": actor.may(P.APPLY) and queries.may_represent(actor, actor.facility_id),
    }
    return render(request, "enrolments/home.html", context)


@require_GET
@page(P.VIEW, reads="制度への申請を閲覧")
def application(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One application with what review found."""
    return application_page(request, queries.application(current(), uid))


def application_page(
    request: HttpRequest, row: Application, *, filled: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The page with whatever form was refused."""
    actor = current()
    office = row.owner_id == actor.facility_id
    found = queries.review(row) if row.state == State.SUBMITTED else []
    outside = [f.says for f in found if f.kind == "outside"]
    forms: dict[str, Any] = {}
    if office and row.state == State.SUBMITTED:
        forms["approve"] = DecideForm(outside=outside)
        forms |= {"send_back": AnswerForm(prefix="back"), "refuse": AnswerForm(prefix="no")}
    context = {
        "row": row,
        "line": present.application_line(row),
        "manifest": manifest_of(row.scheme.key),
        "said": present.said(row),
        "missing": [f.says for f in found if f.kind == "missing"],
        "barred": [f.says for f in found if f.kind == "barred"],
        "outside": outside,
        "reviewed": row.state == State.SUBMITTED,
        "office": office,
        "forms": forms | (filled or {}),
        "may_decide": office and actor.may(P.DECIDE),
        "may_complete": row.state == State.RETURNED and actor.may(P.APPLY),
        "may_cancel": row.state in (State.SUBMITTED, State.RETURNED) and actor.may(P.APPLY),
        "version": row.version,
    }
    return render(request, "enrolments/application.html", context, status=status)


@require_GET
@page(P.VIEW, reads="制度の登録を閲覧")
def member(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One membership: terms, certificates, what may be done."""
    return member_page(request, queries.enrolment(current(), uid))


def member_page(
    request: HttpRequest, row: Enrolment, *, filled: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The page with whatever form was refused."""
    actor = current()
    context = {
        "row": row,
        "line": present.member_lines([row])[0],
        "manifest": manifest_of(row.scheme.key),
        "said": present.said(row),
        "exceptions": present.exceptions(row),
        "terms": present.term_rows(queries.terms(actor, row)),
        "certificates": [present.certificate_line(c) for c in queries.certificates(row)],
        "forms": member_forms(actor, row) | (filled or {}),
        "papers": queries.papers(actor, row),
        "office": row.owner_id == actor.facility_id,
        "ended": row.ended_on is not None and row.ended_on <= clock.today(),
        "may_change": _may_change(actor, row),
        "may_renew": actor.may(P.APPLY) and queries.may_ask_for_renewal(actor, row),
        "version": row.version,
    }
    return render(request, "enrolments/member.html", context, status=status)


def _may_change(actor: Actor, row: Enrolment) -> bool:
    """Whether this person may ask for a change: the office from paper, else whoever the manifest names."""
    if row.owner_id == actor.facility_id:
        return actor.may(P.HANDLE)
    free = manifest_of(row.scheme.key).change == "staff"
    return actor.may(P.APPLY) and (free or queries.may_represent(actor, row.facility_id))


def member_forms(actor: Actor, row: Enrolment) -> dict[str, Any]:
    """What this person may do with the membership now."""
    if row.ended_on is not None and row.ended_on <= clock.today():
        return {}
    forms: dict[str, Any] = {"keep": KeepForm(prefix="keep")} if actor.may(P.APPLY) else {}
    represents = queries.may_represent(actor, row.facility_id)
    if manifest_of(row.scheme.key).withdraw == "staff" and actor.facility_id == row.facility_id:
        represents = True
    if represents and actor.may(P.REPRESENT):
        forms["withdraw"] = WithdrawForm()
        forms["object"] = True
    if row.owner_id == actor.facility_id and actor.may(P.HANDLE):
        forms["paper"] = PaperWithdrawForm(prefix="paper", recorded=queries.represented_by(row))
        if manifest_of(row.scheme.key).certificate:
            forms["reissue"] = ReasonForm(prefix="again")
    return forms


@require_GET
@page(P.VIEW, reads="登録証を閲覧")
def certificate(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The good certificate as PDF."""
    row = queries.enrolment(current(), uid)
    found = queries.good_certificate(row)
    if found is None:
        raise NotFound("no_good_certificate", "有効な登録証はありません。")
    response = HttpResponse(
        paper.certificate(found, request.build_absolute_uri("/")), content_type="application/pdf"
    )
    name = quote(f"{manifest_of(row.scheme.key).name}_{found.number}.pdf")
    response["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
    return response


@require_GET
@page(P.VIEW, reads="署名済みの書類を閲覧")
def signed_paper(request: HttpRequest, uid: UUID, paper_uid: UUID) -> HttpResponse:
    """One signed paper, to be saved; it is never shown inside the product's own page."""
    actor = current()
    found = queries.paper(actor, queries.enrolment(actor, uid), paper_uid)
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name)}"
    return response
