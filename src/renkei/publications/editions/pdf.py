"""Paper of an edition: both tables, address labels, the fax with its cover."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.eras import format_both, format_era
from renkei.kernel.errors import Invalid, NotFound
from renkei.letters import Attachment, CoverSheetData, Party, cover_sheet, join, pages, render
from renkei.notices.papers import MadePaper
from renkei.publications.editions import tables
from renkei.publications.editions.receivers import Receiver
from renkei.publications.models import Dispatch, Edition, EditionTable, Part

SHEETS = Path(__file__).parent / "data" / "label_sheets.json"
TITLES = {Part.OUTPATIENT: "外来担当医表", Part.DUTY: "当直医表"}
MOST_ROWS_ACROSS = 22
"""A longer outpatient table stands upright, so that it still is one sheet for the wall."""
FAXED = (Part.OUTPATIENT, Part.DUTY)


@dataclass(frozen=True)
class LabelSheet:
    """A kind of ready-cut A4 sheet; measures in mm from the top left corner of the paper."""

    key: str
    name: str
    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    gap_x: float
    gap_y: float
    note: str

    @property
    def labels(self) -> int:
        """On one sheet."""
        return self.columns * self.rows


@lru_cache(maxsize=1)
def label_sheets() -> dict[str, LabelSheet]:
    """The sheets that offices buy, by key; a new kind is a line of the file."""
    return {one["key"]: LabelSheet(**one) for one in json.loads(SHEETS.read_text(encoding="utf-8"))}


def labels(house: str, found: Sequence[Receiver], *, sheet: str, start: int = 1, mark: str = "") -> bytes:
    """Address labels; ``start`` is the first unused label of the first sheet (from 1). Raises ``Invalid``."""
    kind = label_sheets().get(sheet)
    if kind is None:
        raise Invalid("label_sheet", "ラベル用紙の種類を選んでください。", "sheet")
    if not 1 <= start <= kind.labels:
        raise Invalid("label_start", f"使い始める位置は1〜{kind.labels}の間で入力してください。", "start")
    if not found:
        raise Invalid("nothing_to_print", "郵送の届け先がありません。")
    lines = [
        {
            "postal_code": one.facility.postal_code,
            "address": one.facility.address,
            "name": one.facility.name,
            "person": "地域医療連携ご担当者 様",
            "mark": mark,
        }
        for one in found
    ]
    data = {
        "title": "宛名ラベル",
        "sender": {"facility_name": house},
        "sheet": asdict(kind),
        "skip": start - 1,
        "labels": lines,
    }
    return render("labels", data, issued_on=clock.today())


def table(edition: Edition, row: EditionTable) -> bytes:
    """The outpatient table across, the duty table upright."""
    house = edition.facility
    duty = row.kind == Part.DUTY
    has_note = any(one["note"] for one in row.rows)
    data = {
        "title": TITLES[Part(row.kind)],
        "month": _month(edition.tables_on),
        "landscape": not duty and len(row.rows) <= MOST_ROWS_ACROSS,
        "sender": {"facility_name": house.name},
        "phone": house.phone,
        "edition": f"{edition.month_on.year}年{edition.month_on.month}月号",
        "issued": format_both(clock.today()),
        "mark": "登録医療機関限り" if duty else "",
        "version_mark": f"第{edition.number}版（訂正）" if edition.number > 1 else "",
        "correction_note": edition.correction,
        "heads": ["日付"] if duty else ["診療科", "時間"],
        "columns": [*row.columns, *(["備考"] if has_note else [])],
        "widths": _widths(duty, row, has_note),
        "rows": _rows(row, duty, has_note),
        "remarks": row.remarks.splitlines(),
    }
    return render("edition_table", data, issued_on=clock.today())


def _month(month_on: date) -> str:
    return f"{format_era(month_on).split('年')[0]}年{month_on.month}月"


def _widths(duty: bool, row: EditionTable, has_note: bool) -> list[str]:
    heads = ["32"] if duty else ["32", "11"]
    return [*heads, *["fr"] * len(row.columns), *(["26"] if has_note else [])]


def _rows(row: EditionTable, duty: bool, has_note: bool) -> list[dict[str, Any]]:
    found = []
    spans = _spans([one["head"][0] for one in row.rows])
    for one, span in zip(row.rows, spans, strict=True):
        head, rest = list(one["head"]), False
        if duty:
            day = date.fromisoformat(head[0])
            head, rest, span = [tables.day_label(day)], tables.is_rest(day), 1
        cells = [*one["cells"], *([one["note"]] if has_note else [])]
        found.append({"head": head, "cells": cells, "rest": rest, "span": span})
    return found


def _spans(names: Sequence[str]) -> list[int]:
    """How many rows the first of equal neighbours covers; 0 for the others."""
    spans = [1] * len(names)
    first = 0
    for at in range(1, len(names)):
        if names[at] == names[first]:
            spans[first] += 1
            spans[at] = 0
        else:
            first = at
    return spans


def fax(actor: Actor, uid: UUID) -> MadePaper:
    """Cover and both tables of a dispatch, for the print queue. Raises ``NotFound``."""
    row = (
        Dispatch.objects.visible_to(actor)
        .select_related("edition", "facility", "owner")
        .filter(uid=uid)
        .first()
    )
    if not isinstance(row, Dispatch):
        raise NotFound("dispatch_not_found", "この送付は見つかりません。")
    edition = row.edition
    files = {file.kind: file for file in edition.files.visible_to(actor).filter(kind__in=FAXED)}
    kept = [files[kind] for kind in FAXED if kind in files]
    cover = cover_sheet(
        CoverSheetData(
            number=f"{edition.month_on:%Y-%m}-{edition.number}",
            issued_on=clock.today(),
            sender=_party(row.owner),
            receiver=_party(row.facility),
            subject=f"外来表・当直医表のお届け（{edition.month_on.year}年{edition.month_on.month}月号）",
            page_count=1 + sum(file.pages for file in kept),
            message="\n".join(
                part
                for part in (edition.greeting, edition.correction and f"訂正の内容: {edition.correction}")
                if part
            ),
            enclosures=tuple(Attachment(TITLES[Part(file.kind)], f"{file.pages}枚") for file in kept),
            clinical=False,
        )
    )
    whole = join([cover, *(bytes(file.content) for file in kept)])
    return MadePaper(whole, pages(whole))


def _party(facility: Any) -> Party:
    return Party(
        facility_name=facility.name,
        postal_code=facility.postal_code,
        address=facility.address,
        phone=facility.phone,
        fax=facility.fax,
    )
