"""Pages on which a facility keeps its own data, and the notes of one's own house."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from renkei.directory import queries as directory
from renkei.directory.models import ClosingDay, Facility, StaffNote
from renkei.directory.permissions import P
from renkei.directory.profiles import actions, forms, present, queries, suspending
from renkei.directory.views_edit import form_page, own_facility, saved
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel.errors import NotFound


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The profile of a facility."""
    facility, actor = own_facility(uid), current()
    row = queries.profile(facility)
    year = row.functions_year
    initial = forms.ProfileForm.initial_of(row)
    form = forms.ProfileForm(request.POST or None, initial=initial, reported=year is not None)
    seen = request.POST.get("version", "")
    version = int(seen) if seen.isdigit() else row.version
    if request.method == "POST" and saved(
        form, lambda: actions.edit_profile(actor, facility, values=form.values(), seen_version=version)
    ):
        messages.success(request, "掲載内容を保存しました。")
        return redirect("directory:facility", uid)
    says = f"かかりつけ医機能(2号)は{year}年の報告の内容です。変えるときは、報告を直して提出してください。"
    note = says if year is not None else ""
    return form_page(request, form, "掲載内容の変更", facility, version=version, note=note)


@page(P.EDIT_OWN)
@require_POST
def confirm(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The data is right as it stands."""
    actions.confirm_profile(current(), own_facility(uid))
    messages.success(request, "今日の日付で確認済みにしました。ありがとうございました。")
    return redirect("directory:facility", uid)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def closing_days(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The days ahead on which the facility is closed, and a form for more."""
    facility, actor = own_facility(uid), current()
    form = forms.ClosingDayForm(request.POST or None)
    if request.method == "POST" and saved(
        form, lambda: actions.add_closing_day(actor, facility, **form.cleaned_data)
    ):
        messages.success(request, "休診日を登録しました。検索と施設のページにもう出ています。")
        return redirect("directory:closing_days", uid)
    days = [(day, present.span(day)) for day in queries.closing_days(facility)]
    context = {"form": form, "facility": facility, "days": days}
    return render(request, "directory/closing_days.html", context, status=422 if form.is_bound else 200)


@page(P.EDIT_OWN)
@require_POST
def remove_closing_day(request: HttpRequest, uid: UUID, closing_day_id: int) -> HttpResponse:
    """The facility is open after all."""
    actions.remove_closing_day(current(), own_facility(uid), closing_day_id=closing_day_id)
    messages.success(request, "休診日を取り消しました。")
    return redirect("directory:closing_days", uid)


@page(P.EDIT_OWN)
@require_http_methods(["GET", "POST"])
def suspension(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The facility rests for a time; or, while it does, when it comes back."""
    facility, actor = own_facility(uid), current()
    said = queries.coming_suspension(facility)
    if said is not None:
        return _resume(request, facility, said)
    form = forms.SuspendForm(request.POST or None)
    if request.method == "POST" and saved(
        form, lambda: suspending.suspend(actor, facility, **form.cleaned_data)
    ):
        messages.success(request, "休止を登録しました。その日から検索と案内で「休止中」と示されます。")
        return redirect("directory:facility", uid)
    note = (
        "しばらく診療を休むときに使います。休止中は紹介の宛先や案内の候補にならず、定期の送付も止まります。"
        "登録医などの登録は続き、再開すると元に戻ります。閉院するときは「閉院を登録する」を使ってください。"
    )
    return form_page(request, form, "休止の登録", facility, note=note)


def _resume(request: HttpRequest, facility: Facility, said: ClosingDay) -> HttpResponse:
    planned = said.until_on + suspending.DAY if said.until_on else None
    form = forms.ResumeForm(request.POST or None, initial={"back_on": planned})
    kept: list[ClosingDay | None] = []
    if request.method == "POST" and saved(
        form,
        lambda: kept.append(suspending.resume(current(), facility, back_on=form.cleaned_data["back_on"])),
    ):
        says = "再開日を登録しました。" if kept[0] else "休止を取りやめました。"
        messages.success(request, says)
        return redirect("directory:facility", facility.uid)
    first = f"{said.from_on.month}月{said.from_on.day}日"
    note = (
        f"登録されている休止: {present.span(said)}。"
        f"再開日を、休止のはじめの日({first})かそれより前にすると、休止そのものを取りやめます。"
    )
    return form_page(request, form, "再開の登録", facility, note=note)


@page(P.EDIT_ALL)
@require_http_methods(["GET", "POST"])
def number(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The facility got another institution number."""
    facility, actor = own_facility(uid), current()
    form = forms.NumberForm(request.POST or None)
    if request.method == "POST" and saved(
        form, lambda: actions.change_institution_number(actor, facility, **form.cleaned_data)
    ):
        messages.success(request, "新しい医療機関番号を登録しました。前の番号でも見つかります。")
        return redirect("directory:facility", uid)
    note = (
        "移転や開設者の変更で番号が変わったときに使います。前の番号は残り、検索や取り込みで同じ施設として扱われます。"
        "打ち間違いを直すだけのときは「変更する」から直してください。"
    )
    return form_page(request, form, "医療機関番号の変更", facility, note=note)


@page(P.WRITE_NOTE)
@require_http_methods(["GET", "POST"])
def write_note(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A note about the facility for one's own house."""
    facility, actor = directory.facility(uid), current()
    form = forms.NoteForm(request.POST or None)
    if request.method == "POST" and saved(
        form, lambda: actions.write_note(actor, facility, text=form.cleaned_data["text"])
    ):
        messages.success(request, "院内メモを書きました。ほかの施設には見えません。")
        return redirect("directory:facility", uid)
    return form_page(
        request, form, "院内メモ", facility, note="このメモは、あなたの施設の職員だけに見えます。"
    )


@page(P.WRITE_NOTE)
@require_POST
def remove_note(request: HttpRequest, uid: UUID, note_uid: UUID) -> HttpResponse:
    """A note of one's own house goes."""
    note = StaffNote.objects.visible_to(current()).filter(uid=note_uid, removed_at=None).first()
    if note is None:
        raise NotFound("note_not_found", "このメモは見つかりません。もう消されたかもしれません。")
    actions.remove_note(current(), note)
    messages.success(request, "院内メモを消しました。")
    return redirect("directory:facility", uid)
