"""Making an edition ready: its month, its tables, its newsletter, its correction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from renkei.directory import queries as directory
from renkei.files.checking import PDF, check
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.text import clean_note, shorten
from renkei.letters import pages
from renkei.publications import members
from renkei.publications.editions import months, pdf, tables
from renkei.publications.models import (
    Edition,
    EditionFile,
    EditionState,
    EditionTable,
    Part,
    Source,
)
from renkei.publications.permissions import P

TABLES = (Part.OUTPATIENT, Part.DUTY)
NEWSLETTER_BYTES = 20 * 1024 * 1024


def name_of(edition: Edition) -> str:
    """``2026年6月号(第2版・訂正)``."""
    mark = f"(第{edition.number}版・訂正)" if edition.number > 1 else ""
    return f"{edition.month_on.year}年{edition.month_on.month}月号{mark}"


def must_own(actor: Actor, edition: Edition) -> None:
    """Only the house that issues; a receiver may read what was sent and nothing more."""
    if actor.facility_id != edition.facility_id:
        refuse(actor, "publications.editions.change", "毎月のお届けを変更", edition)
        raise NotAllowed("not_the_house", "変更できるのは、発行する病院の連携室だけです。")


def _must_be_draft(actor: Actor, edition: Edition) -> None:
    must_own(actor, edition)
    if edition.state != EditionState.DRAFT:
        raise NotPossibleNow(
            "edition_closed",
            f"{name_of(edition)}は「{edition.get_state_display()}」のため変更できません。"
            "発送前なら準備中に戻し、発送後なら訂正版を作ってください。",
        )


@action(P.EDIT_EDITION, says="毎月のお届けを始める")
def start(actor: Actor, *, month_on: date) -> Edition:
    """The first edition of a month. Raises ``Invalid`` when there is one."""
    if Edition.objects.visible_to(actor).filter(facility_id=actor.facility_id, month_on=month_on).exists():
        raise Invalid("edition_exists", f"{month_on.year}年{month_on.month}月号はもうあります。", "month_on")
    return new_month(actor, actor.facility_id, month_on)


def new_month(actor: Actor, owner_id: int, month_on: date) -> Edition:
    """A draft for a month with the tables of the month before carried on; inside an action."""
    mine = Edition.objects.visible_to(actor).filter(facility_id=owner_id)
    before = mine.filter(month_on__lt=month_on).order_by("-month_on", "-number").first()
    running = [scheme.pk for scheme in members.schemes_of(owner_id, month_on)]
    edition = Edition(
        facility_id=owner_id,
        month_on=month_on,
        tables_on=months.tables_month(owner_id, month_on),
        send_on=months.send_day(owner_id, month_on),
        scheme_ids=[key for key in before.scheme_ids if key in running] if before else running,
        greeting=before.greeting if before else "",
    )
    edition.save()
    last = {row.kind: row for row in before.tables.visible_to(actor)} if before else {}
    for kind in TABLES:
        _carry_on(edition, kind, last.get(kind))
    return edition


def _carry_on(edition: Edition, kind: Part, before: EditionTable | None) -> None:
    """The clinic table stays from month to month; of the duty table only the columns do."""
    columns = before.columns if before else list(tables.DUTY_COLUMNS)
    if kind == Part.OUTPATIENT:
        names = [d.name for d in directory.departments(edition.facility_id, accepting=True)]
        rows = before.rows if before else tables.blank_outpatient(names)
        columns = before.columns if before else list(tables.OUTPATIENT_COLUMNS)
    else:
        rows = tables.blank_duty(edition.tables_on, columns)
    EditionTable(
        edition=edition,
        facility_id=edition.facility_id,
        kind=kind,
        columns=columns,
        rows=rows,
        remarks=before.remarks if before else "",
        source=Source.COPIED if before else Source.MANUAL,
    ).save()


@action(P.EDIT_EDITION, says="毎月のお届けの内容を変更")
def set_details(
    actor: Actor, edition: Edition, *, send_on: date, scheme_ids: Sequence[int], greeting: str
) -> Edition:
    """Day of sending, schemes whose members receive it, words on the cover. Raises ``Invalid``.

    A correction may go out in a later month than its own.
    """
    _must_be_draft(actor, edition)
    if edition.number > 1:
        if send_on < clock.jst_date(edition.created_at):
            raise Invalid("send_on", "訂正版の発送日は、訂正版を作った日以降にしてください。", "send_on")
    elif months.first_of(send_on) != edition.month_on:
        raise Invalid("send_on", f"発送日は{edition.month_on.month}月の中から選んでください。", "send_on")
    known = {scheme.pk for scheme in members.schemes_of(edition.facility_id, send_on)}
    if not scheme_ids or not set(scheme_ids) <= known:
        raise Invalid("schemes", "届け先の制度を1つ以上選んでください。", "schemes")
    edition.send_on, edition.scheme_ids = send_on, sorted(scheme_ids)
    edition.greeting = clean_note(greeting, 300, "greeting").strip()
    edition.save()
    return edition


@action(P.EDIT_EDITION, says="外来表・当直医表を変更")
def save_table(
    actor: Actor,
    table: EditionTable,
    *,
    columns: Sequence[str],
    rows: Sequence[dict[str, Any]],
    remarks: str = "",
    source: Source = Source.MANUAL,
    source_note: str = "",
) -> EditionTable:
    """Keep a table; ``source`` says where its cells came from. Raises ``Invalid`` with the row."""
    _must_be_draft(actor, table.edition)
    table.columns, table.rows = tables.clean(table.kind, table.edition.tables_on, columns, rows)
    table.remarks = clean_note(remarks, 300, "remarks").strip()
    table.source, table.source_note = source, shorten(source_note, 120)
    table.changed_at, table.changed_by = clock.now(), shorten(actor.label, 120)
    table.save()
    say(
        f"{actor.label}が{name_of(table.edition)}の{table.get_kind_display()}を変更しました({Source(source).label})"
    )
    return table


@action(P.EDIT_EDITION, says="広報誌を登録")
def set_newsletter(actor: Actor, edition: Edition, *, name: str, content: bytes | None) -> EditionFile | None:
    """The newsletter as PDF, checked by content; None takes it away. Raises ``Invalid`` at ``file``."""
    _must_be_draft(actor, edition)
    row = edition.files.visible_to(actor).filter(kind=Part.NEWSLETTER).first()
    if content is None:
        if row is not None:
            row.delete()
        return None
    checked = check(name, content, most_bytes=NEWSLETTER_BYTES)
    if checked.media_type != PDF:
        raise Invalid(
            "file_kind_unknown", f"「{checked.name}」はPDFではありません。PDFで保存し直してください。", "file"
        )
    return _keep_file(edition, row, Part.NEWSLETTER, checked.name, checked.data)


def _keep_file(
    edition: Edition, row: EditionFile | None, kind: Part, name: str, content: bytes
) -> EditionFile:
    row = row or EditionFile(edition=edition, facility_id=edition.facility_id, kind=kind)
    row.name, row.content, row.pages = name, content, pages(content)
    row.sha256, row.made_at = hashlib.sha256(content).hexdigest(), clock.now()
    row.save()
    return row


@action(P.EDIT_EDITION, says="毎月のお届けの発送準備を完了")
def make_ready(actor: Actor, edition: Edition) -> Edition:
    """Both tables become PDFs that change no more. Raises ``Invalid`` for empty tables and for days without anybody."""
    _must_be_draft(actor, edition)
    found = {row.kind: row for row in edition.tables.visible_to(actor)}
    if not any(any(one["cells"]) for one in found[Part.OUTPATIENT].rows):
        raise Invalid(
            "outpatient_empty", "外来表が空です。担当医を入力するか、ファイルを取り込んでください。"
        )
    if empty := tables.empty_days(found[Part.DUTY].rows):
        shown = "、".join(tables.day_label(day) for day in empty[:5])
        more = f" ほか{len(empty) - 5}日" if len(empty) > 5 else ""
        raise Invalid("duty_days_empty", f"当直医が空の日があります: {shown}{more}。")
    kept = {row.kind: row for row in edition.files.visible_to(actor)}
    for kind in TABLES:
        made = pdf.table(edition, found[kind])
        name = f"{Part(kind).label}_{edition.tables_on:%Y-%m}.pdf"
        _keep_file(edition, kept.get(kind), kind, name, made)
    edition.state, edition.ready_at = EditionState.READY, clock.now()
    edition.save()
    say(f"{actor.label}が{name_of(edition)}の発送準備を完了しました")
    return edition


@action(P.EDIT_EDITION, says="毎月のお届けを準備中に戻す")
def reopen(actor: Actor, edition: Edition) -> Edition:
    """Back to the draft, as long as nothing was sent."""
    must_own(actor, edition)
    if edition.state != EditionState.READY:
        raise NotPossibleNow(
            "edition_not_ready", f"{name_of(edition)}は「{edition.get_state_display()}」です。"
        )
    edition.state, edition.ready_at = EditionState.DRAFT, None
    edition.save()
    return edition


@action(P.EDIT_EDITION, says="訂正版を作成", adds=True)
def correct(actor: Actor, edition: Edition, *, correction: str) -> Edition:
    """A new edition of the same month that replaces a sent one. Raises ``Invalid`` without what was corrected."""
    must_own(actor, edition)
    says = clean_note(correction, 300, "correction").strip()
    if not says:
        raise Invalid(
            "correction_empty", "訂正した内容を入力してください。届け先への案内に印刷されます。", "correction"
        )
    if edition.state != EditionState.SENT:
        raise NotPossibleNow(
            "edition_not_sent", "訂正版は発送したあとに作ります。発送前の号はそのまま直せます。"
        )
    if edition.replaced_by.visible_to(actor).exists():
        raise NotPossibleNow(
            "edition_replaced", "この号の訂正版はもうあります。新しいほうの版から作ってください。"
        )
    made = Edition(
        facility_id=edition.facility_id,
        month_on=edition.month_on,
        tables_on=edition.tables_on,
        send_on=max(clock.today(), edition.send_on),
        number=edition.number + 1,
        replaces=edition,
        correction=says,
        scheme_ids=edition.scheme_ids,
        greeting=edition.greeting,
    )
    made.save()
    _copy_parts(actor, edition, made)
    say(f"{actor.label}が{name_of(edition)}の訂正版を作りました: {says}")
    return made


def _copy_parts(actor: Actor, edition: Edition, made: Edition) -> None:
    """Tables and newsletter of the edition that is corrected."""
    for row in edition.tables.visible_to(actor):
        EditionTable(
            edition=made,
            facility_id=made.facility_id,
            kind=row.kind,
            columns=row.columns,
            rows=row.rows,
            remarks=row.remarks,
            source=Source.COPIED,
        ).save()
    for file in edition.files.visible_to(actor).filter(kind=Part.NEWSLETTER):
        _keep_file(made, None, Part.NEWSLETTER, file.name, bytes(file.content))


def table_of(actor: Actor, edition: Edition, kind: str) -> EditionTable:
    """One table of an edition of the actor's own house. Raises ``NotFound``."""
    found = (
        EditionTable.objects.visible_to(actor).select_related("edition").filter(edition=edition, kind=kind)
    )
    row = found.first()
    if not isinstance(row, EditionTable):
        raise NotFound("table_not_found", "この表は見つかりません。一覧から選び直してください。")
    return row
