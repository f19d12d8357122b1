"""The text blocks of a leaflet: what is asked, how much fits on its panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from renkei.kernel.errors import Invalid
from renkei.kernel.text import char_count, clean_note, refuse_controls, refuse_gaiji


@dataclass(frozen=True)
class Block:
    """One text block; ``lines`` is how many line ends fit, ``required`` before it is handed in."""

    key: str
    label: str
    limit: int
    lines: int
    help_text: str
    required: bool = False


FIELDS: tuple[Block, ...] = (
    Block("catch", "表紙のことば", 34, 2, "医院名の下に大きく入ります。", True),
    Block("greeting", "ごあいさつ", 260, 10, "中面の左。院長・医師の紹介など。", True),
    Block("strengths", "診療の特色", 260, 10, "中面の右。1行に1つずつ書くと箇条書きになります。", True),
    Block("for_whom", "こんなときにご相談ください", 160, 8, "中面の右下。1行に1つずつ。"),
    Block("first_visit", "はじめて受診される方へ", 220, 9, "折り込み面。予約の要否、持ち物など。"),
    Block("hours_note", "診療時間の補足", 80, 3, "診療時間の表は施設の基本情報から入ります。"),
    Block("access", "交通・駐車場", 100, 4, "裏面。空のときは施設の基本情報から入ります。"),
)
LABELS = {block.key: block.label for block in FIELDS}


def clean(values: Mapping[str, Any]) -> dict[str, str]:
    """The texts ready to store. Raises ``Invalid`` at the field for what is too long or cannot be shown elsewhere."""
    ready = {}
    for block in FIELDS:
        text = clean_note(str(values.get(block.key) or ""), 10_000, block.key).strip()
        refuse_controls(text, block.key)
        refuse_gaiji(text, block.key)
        _fits(block, text)
        ready[block.key] = text
    return ready


def _fits(block: Block, text: str) -> None:
    if (length := char_count(text)) > block.limit:
        raise Invalid(
            "too_long",
            f"「{block.label}」は{block.limit}文字までのところ、{length}文字あります。紙面に入るよう短くしてください。",
            block.key,
        )
    if (lines := text.count("\n") + 1) > block.lines:
        raise Invalid(
            "too_many_lines",
            f"「{block.label}」は{block.lines}行までのところ、{lines}行あります。改行を減らしてください。",
            block.key,
        )


def missing(texts: Mapping[str, Any]) -> Block | None:
    """The first required block without words."""
    return next((block for block in FIELDS if block.required and not texts.get(block.key)), None)
