"""The report of a facility from draft to confirmation. 2号 opens only when 1号 is fulfilled (医療法30条の18の4)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from renkei.directory.actions import set_functions
from renkei.directory.models import Facility
from renkei.directory.queries import facility as facility_by_uid
from renkei.directory.queries import facility_by_id
from renkei.events.bus import emit
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.notices.actions import notify
from renkei.publications.functions import catalog, queries
from renkei.publications.functions.events import FunctionsReported
from renkei.publications.functions.prefill import linked, prefill
from renkei.publications.functions.types import Answers, Form, Item, Kind, ReportState
from renkei.publications.models import FunctionReport
from renkei.publications.permissions import P

OPEN = (ReportState.DRAFT, ReportState.RETURNED)


@action(P.REPORT_FUNCTIONS, says="かかりつけ医機能の報告を作成")
def start_report(actor: Actor, *, year: int, copy: bool = False) -> FunctionReport:
    """A draft for a year; ``copy`` takes the answers of the report before, without what is counted anew each year.

    Raises ``NotPossibleNow`` where the facility does not report or the year's report stands already.
    """
    house = facility_by_id(actor.facility_id)
    if house is None or not queries.is_concerned(house, year):
        raise NotPossibleNow(
            "not_concerned",
            "この施設は報告の対象ではありません。対象は特定機能病院と歯科を除く病院・診療所で、"
            f"{year}年1月1日に休止している施設は報告しません。",
        )
    if FunctionReport.objects.visible_to(actor).filter(facility_id=house.pk, year=year).exists():
        raise NotPossibleNow("report_exists", f"{year}年の報告はもうあります。一覧から開いてください。")
    form = queries.form_of(year)
    row = FunctionReport(facility=house, year=year, **queries.codes_of(house.area))
    earlier = queries.earlier_report(actor, year) if copy else None
    if earlier is not None:
        row.earlier = earlier
        row.part_one = _carried(form.part_one, earlier.part_one)
        row.part_two = _still_there(form.part_two, _carried(form.part_two, earlier.part_two))
    row.prefilled = prefill(actor, form, year)
    for key, value in row.prefilled.items():
        item = form.item(key)
        if item is not None and item.kind is not Kind.FACILITIES:
            row.part_two[key] = value
    if not catalog.holds_part_one(form, row.part_one):
        row.part_two = {}
    _judge(row, form)
    row.save()
    return row


def _carried(items: tuple[Item, ...], answers: Answers) -> dict[str, Any]:
    """Last year's answers that the new form still knows; counts of a period belong to their own year."""
    kept = {i.key: answers[i.key] for i in items if i.key in answers and not i.of_its_year}
    found: dict[str, Any] = {}
    for item in items:
        try:
            found |= catalog.clean([item], kept)
        except Invalid:
            continue
    return found


def _still_there(items: tuple[Item, ...], answers: dict[str, Any]) -> dict[str, Any]:
    """Linked institutions by today's names, without those that closed since."""
    found = dict(answers)
    for item in items:
        if item.kind is Kind.FACILITIES and item.key in found:
            known = [_known(one["uid"]) for one in found.pop(item.key)]
            if named := [linked(one) for one in known if one is not None and one.is_open()]:
                found[item.key] = named
    return found


def _known(uid: str) -> Facility | None:
    try:
        return facility_by_uid(uid)
    except NotFound:
        return None


def _judge(row: FunctionReport, form: Form) -> None:
    row.part_one_held = catalog.holds_part_one(form, row.part_one)
    row.functions = catalog.functions_present(form, row.part_two) if row.part_one_held else []
    row.changed_at = clock.now()


def _own(actor: Actor, row: FunctionReport, name: str) -> None:
    if row.facility_id != actor.facility_id:
        refuse(actor, f"publications.functions.actions.{name}", "ほかの施設の報告を変更", row)
        raise NotAllowed("other_facility", "ほかの施設の報告は変更できません。")


def _writable(actor: Actor, row: FunctionReport, name: str) -> None:
    _own(actor, row, name)
    if row.state not in OPEN:
        raise NotPossibleNow(
            "report_closed",
            "提出した報告は変更できません。直すときは、提出を取り消すか、都道府県に差し戻しを依頼してください。",
        )


@action(P.REPORT_FUNCTIONS, says="1号機能の回答を保存")
def save_part_one(actor: Actor, row: FunctionReport, *, answers: Answers) -> FunctionReport:
    """Keep the answers of 1号. Raises ``Invalid`` at the item; ``NotPossibleNow`` once the report was handed in."""
    _writable(actor, row, "save_part_one")
    form = queries.form_of(row.year)
    row.part_one = catalog.clean(form.part_one, answers)
    _open_again(row)
    _judge(row, form)
    row.save()
    return row


@action(P.REPORT_FUNCTIONS, says="2号機能の回答を保存")
def save_part_two(actor: Actor, row: FunctionReport, *, answers: Answers) -> FunctionReport:
    """Keep the answers of 2号. Raises ``NotPossibleNow('part_one_first')`` as long as 1号 is not fulfilled.

    Linked institutions are given as uids of the directory; a name that matches none is ``Invalid``.
    """
    _writable(actor, row, "save_part_two")
    form = queries.form_of(row.year)
    if not row.part_one_held:
        raise NotPossibleNow(
            "part_one_first",
            "2号機能は、1号機能の報告がすべて要件を満たしてから入力できます。先に1号を完成させてください。",
        )
    ready = catalog.clean(form.part_two, answers)
    for item in form.part_two:
        if item.kind is Kind.FACILITIES and item.key in ready:
            ready[item.key] = _institutions(row, item, ready[item.key])
    row.part_two = ready
    _open_again(row)
    _judge(row, form)
    row.save()
    return row


def _institutions(row: FunctionReport, item: Item, uids: list[Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for uid in uids:
        known = _known(str(uid))
        if known is None:
            raise Invalid(
                "institution_unknown",
                f"「{item.label}」: 「{str(uid)[:60]}」は医療機関の一覧にありません。候補から選んでください。",
                item.key,
            )
        if not known.is_open():
            raise Invalid(
                "institution_closed",
                f"「{item.label}」: {known.name}は閉院しています。今ある病院・診療所を選んでください。",
                item.key,
            )
        if known.pk == row.facility_id or known.kind not in queries.CONCERNED:
            raise Invalid(
                "institution_unfit",
                f"「{item.label}」: {known.name}は選べません。ほかの病院・診療所を選んでください。",
                item.key,
            )
        if linked(known) not in found:
            found.append(linked(known))
    return found


def _open_again(row: FunctionReport) -> None:
    """What was returned becomes a draft again with the first change; the reason stays until it is handed in."""
    row.state = ReportState.DRAFT
    row.submitted_at = None
    row.submitted_by = ""


@action(P.REPORT_FUNCTIONS, says="かかりつけ医機能の報告を提出")
def submit_report(actor: Actor, row: FunctionReport) -> FunctionReport:
    """Hand the report in and let the directory say the functions. Raises ``Invalid`` for what is missing."""
    _writable(actor, row, "submit_report")
    form = queries.form_of(row.year)
    house = facility_by_id(row.facility_id)
    assert house is not None
    _judge(row, form)
    _refuse_unfinished(row, form)
    for name, code in queries.codes_of(house.area).items():
        setattr(row, name, code)
    row.state = ReportState.SUBMITTED
    row.submitted_at, row.submitted_by = clock.now(), actor.label
    row.returned_reason = ""
    row.save()
    set_functions(actor, house, functions=row.functions, year=row.year)
    emit(FunctionsReported(row.pk, row.facility_id, row.year))
    return row


def _refuse_unfinished(row: FunctionReport, form: Form) -> None:
    if gaps := catalog.missing(form.part_one, row.part_one):
        raise Invalid("part_one_missing", f"1号にまだ回答がありません: {_names(gaps)}", gaps[0].key)
    if row.part_two and not row.part_one_held:
        said = _names(catalog.unmet(form, row.part_one))
        raise NotPossibleNow(
            "part_one_unmet",
            f"1号機能の要件を満たさないまま2号機能を報告することはできません。{said}の回答を見直すか、2号の回答を消してください。",
        )
    if row.part_one_held and (gaps := catalog.missing(form.part_two, row.part_two)):
        raise Invalid("part_two_missing", f"2号にまだ回答がありません: {_names(gaps)}", gaps[0].key)
    for item in form.part_two:
        if item.kind is Kind.FACILITIES and item.key in row.part_two:
            _institutions(row, item, [one["uid"] for one in row.part_two[item.key]])


def _names(items: list[Item]) -> str:
    more = f" ほか{len(items) - 3}項目" if len(items) > 3 else ""
    return "、".join(f"「{i.label}」" for i in items[:3]) + more


@action(P.REPORT_FUNCTIONS, says="2号機能の回答を消す")
def clear_part_two(actor: Actor, row: FunctionReport) -> FunctionReport:
    """Take the answers of 2号 away, for a facility that turns out not to hold 1号."""
    _writable(actor, row, "clear_part_two")
    row.part_two = {}
    _open_again(row)
    _judge(row, queries.form_of(row.year))
    row.save()
    return row


@action(P.REPORT_FUNCTIONS, says="かかりつけ医機能の報告の提出を取り消す")
def take_back(actor: Actor, row: FunctionReport) -> FunctionReport:
    """Back to the draft as long as the prefecture has not confirmed it."""
    _own(actor, row, "take_back")
    if row.state != ReportState.SUBMITTED:
        raise NotPossibleNow("not_submitted", "取り消せるのは、提出済みで都道府県の確認がまだの報告です。")
    _open_again(row)
    row.changed_at = clock.now()
    row.save()
    return row


# The prefecture -------------------------------------------------------------------------------------------------------


def _to_check(actor: Actor, row: FunctionReport, name: str) -> None:
    if row.facility_id == actor.facility_id or not queries.stands_for_prefecture(actor):
        refuse(actor, f"publications.functions.actions.{name}", "報告を確認", row)
        raise NotAllowed("not_prefecture", "報告を確認・差し戻しできるのは都道府県の担当者です。")
    if row.state != ReportState.SUBMITTED:
        raise NotPossibleNow("not_submitted", "確認・差し戻しできるのは、提出済みの報告です。")


def _decide(actor: Actor, row: FunctionReport, state: ReportState, text: str) -> FunctionReport:
    row.state = state
    row.decided_at, row.decided_by = clock.now(), actor.label
    row.save()
    url = reverse("publications:function_report", args=[row.uid])
    notify(row.facility_id, kind="function_report_decided", text=text, url=url)
    return row


@action(P.CHECK_FUNCTIONS, says="かかりつけ医機能の報告を確認")
def confirm_report(actor: Actor, row: FunctionReport) -> FunctionReport:
    """The prefecture found the report in order."""
    _to_check(actor, row, "confirm_report")
    text = f"{row.year}年のかかりつけ医機能の報告が確認されました。"
    return _decide(actor, row, ReportState.CONFIRMED, text)


@action(P.CHECK_FUNCTIONS, says="かかりつけ医機能の報告を差し戻す")
def return_report(actor: Actor, row: FunctionReport, *, reason: str) -> FunctionReport:
    """Give the report back with a reason; the functions in the directory stay until it is handed in again."""
    _to_check(actor, row, "return_report")
    said = clean_note(reason, 300, "reason").strip()
    if not said:
        raise Invalid("reason_empty", "差し戻しの理由を入力してください。", "reason")
    row.returned_reason = said
    return _decide(actor, row, ReportState.RETURNED, f"{row.year}年の報告が差し戻されました: {said}")
