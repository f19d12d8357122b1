"""Pages of the directory that change something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from renkei.directory import actions, forms, queries
from renkei.directory.models import Facility
from renkei.directory.permissions import P
from renkei.directory.reach import OTHER_FACILITY_SAYS, may_change
from renkei.directory.speaking import tie_post
from renkei.directory.types import WEEKDAYS, Setting, people_of, setting
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotAllowed, NotFound
from renkei.ui.forms import UiForm


def own_facility(uid: UUID, *, own_only: bool = False) -> Facility:
    """The facility, if the actor may change it; the action checks again."""
    facility = queries.facility(uid)
    if not may_change(current(), facility, own_only=own_only):
        raise NotAllowed("other_facility", OTHER_FACILITY_SAYS)
    return facility


def saved(form: UiForm, save: Callable[[], Any]) -> bool:
    """Run the action; a refusal goes to the field it names and nothing is half saved."""
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            save()
    except DomainError as error:
        if error.status != 422:
            raise
        form.take(error)
        return False
    return True


def form_page(
    request: HttpRequest, form: UiForm, title: str, facility: Facility | None, **more: Any
) -> HttpResponse:
    """One form on a page of its own."""
    context = {"form": form, "title": title, "facility": facility, **more}
    return render(request, "directory/form.html", context, status=422 if form.is_bound else 200)


@page(P.EDIT_ALL)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new facility."""
    form = forms.FacilityForm(request.POST or None, everything=True, initial={"uses_renkei": True})
    made: list[Facility] = []
    if request.method == "POST" and saved(
        form, lambda: made.append(actions.add_facility(current(), **form.values()))
    ):
        messages.success(request, f"{made[0].name}を登録しました。")
        return redirect("directory:facility", made[0].uid)
    return form_page(request, form, "医療機関の登録", None)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Name, place and numbers."""
    facility, actor = own_facility(uid), current()
    initial = forms.FacilityForm.initial_of(facility)
    form = forms.FacilityForm(request.POST or None, everything=actor.may(P.EDIT_ALL), initial=initial)
    facility.expecting(request.POST.get("version") or facility.version)
    if request.method == "POST" and saved(
        form, lambda: actions.edit_facility(actor, facility, **form.values())
    ):
        messages.success(request, "変更を保存しました。")
        return redirect("directory:facility", uid)
    seen = request.POST.get("version") or facility.version
    return form_page(request, form, "基本情報の変更", facility, version=seen)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def hours(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The table of hours."""
    facility = own_facility(uid)
    form = forms.HoursForm(request.POST or None, hours=facility.hours)
    facility.expecting(request.POST.get("version") or facility.version)
    if request.method == "POST" and saved(
        form, lambda: actions.set_hours(current(), facility, hours=form.hours())
    ):
        messages.success(request, "診療時間を保存しました。")
        return redirect("directory:facility", uid)
    context = {"form": form, "facility": facility, "weekdays": WEEKDAYS, "version": facility.version}
    return render(request, "directory/hours.html", context, status=422 if form.is_bound else 200)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def department(request: HttpRequest, uid: UUID, department_id: int | None = None) -> HttpResponse:
    """Add or change a department."""
    facility = own_facility(uid)
    row = next((d for d in queries.departments(facility) if d.pk == department_id), None)
    if department_id is not None and row is None:
        raise NotFound("department_not_found", "この診療科・部署は見つかりません。")
    names = list(forms.DepartmentForm.base_fields)
    initial = {name: getattr(row, name) for name in names} if row else {}
    form = forms.DepartmentForm(request.POST or None, initial=initial)

    def save() -> None:
        values = {**form.cleaned_data, "position": form.cleaned_data["position"] or 0}
        actions.save_department(current(), facility, department_id=department_id, **values)

    if request.method == "POST" and saved(form, save):
        messages.success(request, f"{form.cleaned_data['name']}を保存しました。")
        return redirect("directory:facility", uid)
    return form_page(request, form, "診療科・部署の変更" if row else "診療科・部署の追加", facility)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def post(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Somebody takes a post."""
    facility = own_facility(uid)
    form = forms.PostForm(request.POST or None)
    if request.method == "POST" and saved(
        form, lambda: actions.add_post(current(), facility, **form.cleaned_data)
    ):
        messages.success(request, "役職を登録しました。")
        return redirect("directory:facility", uid)
    return form_page(request, form, "役職の登録", facility)


@page(P.EDIT_OWN)
@require_POST
def end_post(request: HttpRequest, uid: UUID, post_id: int) -> HttpResponse:
    """Somebody left a post today."""
    facility = own_facility(uid)
    if not any(held.pk == post_id for held in queries.posts(facility)):
        raise NotFound("post_not_found", "この役職は見つかりません。もう退任が記録されているかもしれません。")
    actions.end_post(current(), facility, post_id=post_id)
    messages.success(request, "退任を記録しました。")
    return redirect("directory:facility", uid)


@page(P.NAME_SPEAKER)
@require_http_methods(["GET", "POST"])
def speaker(request: HttpRequest, uid: UUID, post_id: int) -> HttpResponse:
    """Whose log-in is that of the post's holder."""
    facility = own_facility(uid, own_only=True)
    held = next((row for row in queries.posts(facility) if row.pk == post_id), None)
    if held is None:
        raise NotFound("post_not_found", "この役職は見つかりません。もう退任が記録されているかもしれません。")
    form = forms.SpeakerForm(
        request.POST or None,
        people=people_of(facility.pk),
        initial={"person": str(held.person_id or "")},
    )
    if request.method == "POST" and saved(
        form, lambda: tie_post(current(), facility, post_id=post_id, person_id=form.person_id())
    ):
        messages.success(request, f"{held.title} {held.holder}のログインを決めました。")
        return redirect("directory:facility", uid)
    return form_page(request, form, f"{held.title} {held.holder}のログイン", facility)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The facility closes, or opens again with an empty date."""
    facility = own_facility(uid)
    form = forms.CloseForm(request.POST or None, initial={"closed_on": facility.closed_on})
    if request.method == "POST" and saved(
        form, lambda: actions.close_facility(current(), facility, closed_on=form.cleaned_data["closed_on"])
    ):
        messages.success(request, "閉院の日付を保存しました。")
        return redirect("directory:facility", uid)
    note = "この日から新しい紹介の宛先に選べなくなります。制度の登録も終わります。これまでの記録は残ります。"
    note += "しばらく休むだけのときは「休止を登録する」を使ってください。空にすると閉院を取り消します。"
    return form_page(request, form, "閉院の登録", facility, note=note)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def relation(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A special relation is recorded, or taken back (``remove`` names the facility)."""
    facility = own_facility(uid)
    if request.method == "POST" and request.POST.get("remove"):
        actions.relate(current(), facility, other=queries.facility(request.POST["remove"]), related=False)
        messages.success(request, "特別の関係を取り消しました。")
        return redirect("directory:facility", uid)
    form = forms.RelationForm(request.POST or None)

    def save() -> None:
        actions.relate(current(), facility, other=queries.facility(form.cleaned_data["other"].code))

    if request.method == "POST" and saved(form, save):
        messages.success(request, "特別の関係を登録しました。")
        return redirect("directory:facility", uid)
    note = "開設者が同じなど「特別の関係」にある施設どうしでは、診療情報提供料は算定できません。"
    return form_page(request, form, "特別の関係の登録", facility, note=note)


@page(P.EDIT_ALL)
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Another row of the same house is joined to this one."""
    facility = own_facility(uid)
    form = forms.JoinForm(request.POST or None)

    def save() -> None:
        actions.join_facilities(current(), facility, other=queries.facility(form.cleaned_data["other"].code))

    if request.method == "POST" and saved(form, save):
        messages.success(request, "重複した登録をこの施設にまとめました。")
        return redirect("directory:facility", uid)
    note = (
        "選んだ登録は閉じられ、検索に出なくなります。その番号ではこの施設が見つかります。元には戻せません。"
    )
    return form_page(request, form, "重複した登録をまとめる", facility, note=note)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def picture(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The drawing of the way is put up, or taken away (``remove``)."""
    facility = own_facility(uid)
    if request.method == "POST" and request.POST.get("remove"):
        actions.set_map_picture(current(), facility, picture=None)
        messages.success(request, "案内図を外しました。")
        return redirect("directory:facility", uid)
    form = forms.PictureForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and saved(
        form,
        lambda: actions.set_map_picture(current(), facility, picture=form.cleaned_data["picture"].read()),
    ):
        messages.success(request, "案内図を登録しました。")
        return redirect("directory:facility", uid)
    return form_page(request, form, "案内図の登録", facility, has_map=queries.has_map(facility))


def _setting(code: str) -> Setting:
    known = setting(code)
    if known is None:
        raise NotFound("setting_unknown", "この設定はありません。")
    return known


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest, uid: UUID, code: str) -> HttpResponse:
    """One setting: its history, and a new value from a day on."""
    facility, known = own_facility(uid, own_only=True), _setting(code)
    initial = {"value": queries.rule(code, facility.pk, default=None), "valid_from": clock.today()}
    form = forms.RuleForm(request.POST or None, setting=known, initial=initial)

    def save() -> None:
        day: date = form.cleaned_data["valid_from"]
        actions.set_rule(current(), facility, code=code, value=form.cleaned_data["value"], valid_from=day)

    if request.method == "POST" and request.POST.get("reset"):
        actions.reset_rule(current(), facility, code=code, valid_from=clock.today())
        messages.success(request, f"「{known.label}」を今日から初期値に戻しました。")
        return redirect("directory:settings", uid)
    if request.method == "POST" and saved(form, save):
        messages.success(request, f"「{known.label}」を変更しました。")
        return redirect("directory:settings", uid)
    history = queries.rule_history(code, facility.pk)
    context = {
        "form": form,
        "facility": facility,
        "setting": known,
        "history": history,
        "own": any(line.own and line.in_force for line in history),
    }
    return render(request, "directory/rule.html", context, status=422 if form.is_bound else 200)
