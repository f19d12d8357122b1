"""Leaflets on paper: A4 三つ折り, the rack list, the list of what to take out; and pictures of the pages for the screen."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from typing import Any

import pypdfium2 as pdfium

from renkei.kernel import clock
from renkei.kernel.eras import format_both, format_era
from renkei.letters import pages, render
from renkei.letters.values import map_svg, qr_svg
from renkei.publications.leaflets.rack import GoneLine, RackLine
from renkei.publications.leaflets.texts import FIELDS

PAGES = 2
PREVIEW_DPI = 84


def leaflet(
    texts: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    picture: bytes | None,
    house: str,
    mark: str,
    number: int,
    approved_on: date | None,
    url: str = "",
) -> bytes:
    """Two pages, outside and inside. ``approved_on`` None prints 下書き across; ``url`` is what the code holds."""
    lines = {block.key: _lines(texts.get(block.key)) for block in FIELDS}
    lines["access"] = lines["access"] or _lines(facts.get("access"))
    data = {
        "title": f"{facts['name']}のご案内",
        "facts": dict(facts),
        "texts": lines,
        "picture": bool(picture),
        "house": house,
        "mark": mark,
        "number": number,
        "approved": f"{format_era(approved_on)} 承認" if approved_on else "未承認",
        "draft": approved_on is None,
        "qr": bool(url) and approved_on is not None,
    }
    pictures = {"photo.svg": map_svg(picture)} if picture else {}
    if data["qr"]:
        pictures["qr.svg"] = qr_svg(url)
    return render("leaflet", data, pictures=pictures, issued_on=approved_on)


def _lines(text: Any) -> list[str]:
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]


def overflows(made: bytes) -> bool:
    """Whether the words ran over the two pages."""
    return pages(made) != PAGES


def page_pictures(made: bytes) -> list[str]:
    """Each page as a small PNG in a data address, for the preview beside the form."""
    found = []
    document = pdfium.PdfDocument(made)
    try:
        for page in document:
            out = BytesIO()
            picture = page.render(scale=PREVIEW_DPI / 72).to_pil()
            picture.quantize(128).save(out, "PNG")
            found.append(f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}")
    finally:
        document.close()
    return found


def rack_list(house: str, district: str, lines: Sequence[RackLine]) -> bytes:
    """Kana order, with the copies to print."""
    rows = [
        {
            "kana": line.kana,
            "cells": [
                "□",
                line.name,
                line.district,
                f"第{line.number}版" + ("（交換）" if line.outdated else ""),
                str(line.copies),
                str(line.left),
                str(line.to_print),
            ],
        }
        for line in lines
    ]
    whole = sum(line.to_print for line in lines)
    return _list(
        house,
        "リーフレット ラック一覧",
        district or "すべての地区",
        ["", "医療機関", "地区", "版", "置く部数", "残り", "刷る部数"],
        ["8", "fr", "26", "26", "17", "13", "17"],
        [False, False, False, False, True, True, True],
        rows,
        total=f"{len(lines)}件　刷る部数の合計 {whole}部",
        notes=["「交換」は旧版が置いてある医療機関です。旧版を外し、置く部数をすべて刷ります。"],
    )


def removal_list(house: str, lines: Sequence[GoneLine]) -> bytes:
    """What to take out of the rack."""
    rows = [
        {
            "kana": line.kana,
            "cells": [
                "□",
                line.name,
                line.district,
                f"{format_era(line.ended_on)}から{'休止' if line.resting else '登録なし'}",
                str(line.left),
            ],
        }
        for line in lines
    ]
    return _list(
        house,
        "ラックから外すリーフレット",
        "登録が終了した医療機関と、休止中の医療機関",
        ["", "医療機関", "地区", "外す理由", "残り"],
        ["8", "fr", "30", "54", "16"],
        [False, False, False, False, True],
        rows,
        total=f"{len(lines)}件",
        notes=[],
    )


def _list(
    house: str,
    title: str,
    place: str,
    heads: list[str],
    widths: list[str],
    numeric: list[bool],
    rows: list[dict[str, Any]],
    *,
    total: str,
    notes: list[str],
) -> bytes:
    today = clock.today()
    data = {
        "title": title,
        "place": place,
        "sender": {"facility_name": house},
        "issued": format_both(today),
        "heads": heads,
        "widths": widths,
        "numeric": numeric,
        "rows": rows,
        "total": total,
        "notes": notes,
        "nothing": "該当するリーフレットはありません。",
    }
    return render("rack_list", data, issued_on=today)
