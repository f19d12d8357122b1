"""The map of areas as drawn squares: no tiles from anywhere, and every shade has its sign and its number beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from renkei.publications.functions.catalog import DATA
from renkei.publications.functions.present import AreaLine, Cell
from renkei.ui.types import Shown

WIDE, HIGH, GAP = 168, 112, 10
COLUMNS = 5
BOX_WIDE, BOX_HIGH = 36, 44


@dataclass(frozen=True)
class Box(Shown):
    """One function inside an area's square."""

    cell: Cell
    x: int
    y: int
    middle: int


@dataclass(frozen=True)
class Square(Shown):
    """One area: its corner, its words and four boxes."""

    line: AreaLine
    x: int
    y: int
    boxes: Sequence[Box]


@dataclass(frozen=True)
class AreaMap(Shown):
    """The squares and the frame around them."""

    squares: Sequence[Square]
    width: int
    height: int
    wide: int = WIDE
    high: int = HIGH


@cache
def _positions() -> dict[str, tuple[int, int]]:
    told = tomllib.loads((DATA / "positions.toml").read_text(encoding="utf-8"))
    return {code: (x, y) for places in told.values() for code, (x, y) in places.items()}


def area_map(lines: Sequence[AreaLine]) -> AreaMap:
    """Areas roughly where they lie; where any of them has no known place, all stand in rows by code."""
    known = _positions()
    codes = [line.area.code for line in lines]
    places = {code: known[code] for code in codes if code in known}
    if len(places) < len(codes):
        places = {code: (i % COLUMNS, i // COLUMNS) for i, code in enumerate(codes)}
    left = min((x for x, _ in places.values()), default=0)
    top = min((y for _, y in places.values()), default=0)
    squares = [_square(line, places[line.area.code], left, top) for line in lines]
    width = max((s.x for s in squares), default=0) + WIDE
    height = max((s.y for s in squares), default=0) + HIGH
    return AreaMap(squares, width, height)


def _square(line: AreaLine, place: tuple[int, int], left: int, top: int) -> Square:
    x, y = (place[0] - left) * (WIDE + GAP), (place[1] - top) * (HIGH + GAP)
    boxes = []
    for number, cell in enumerate(line.cells):
        at = x + 8 + number * (BOX_WIDE + 3)
        boxes.append(Box(cell, at, y + 58, at + BOX_WIDE // 2))
    return Square(line, x, y, boxes)
