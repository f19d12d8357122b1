"""A map of tiles (カルトグラム): one square per municipality, roughly where it lies, its shade by the count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from renkei.directory.models import Area

DATA = Path(__file__).parent.parent / "data"
SIZE, GAP = 74, 5
COLUMNS = 12
STEPS = 5


@dataclass(frozen=True)
class Tile:
    """One municipality: its corner in the picture, its words, and a shade from 0 (none) to ``STEPS``."""

    code: str
    name: str
    short: str
    count: int
    x: int
    y: int
    shade: int

    @property
    def middle(self) -> int:
        """Where its words are centred."""
        return self.x + SIZE // 2


@dataclass(frozen=True)
class TileMap:
    """The tiles and the frame around them; ``steps`` are the upper bounds of the shades."""

    tiles: list[Tile]
    width: int
    height: int
    size: int
    steps: list[tuple[int, str]]


@cache
def _places(prefecture: str) -> dict[str, tuple[int, int]]:
    path = DATA / f"tiles_{prefecture}.json"
    if not path.exists():
        return {}
    return {code: (x, y) for code, (x, y) in json.loads(path.read_text(encoding="utf-8")).items()}


def short_name(name: str) -> str:
    """横浜市鶴見区 → 鶴見; 伊勢原市 → 伊勢原."""
    word = name.split("市", 1)[1] if "市" in name[:-1] and name.endswith("区") else name
    return word[:-1] if len(word) > 2 else word


def tile_map(areas: list[Area], counts: Mapping[str, int], prefecture: str) -> TileMap:
    """The municipalities of a prefecture; without a drawn arrangement they stand in rows, by code."""
    places = _places(prefecture)
    if not places:
        places = {area.code: (i % COLUMNS, i // COLUMNS) for i, area in enumerate(areas)}
    most = max((counts.get(code, 0) for code in places), default=0)
    bounds = _bounds(most)
    tiles = []
    for area in areas:
        if area.code in places:
            x, y = places[area.code]
            n = counts.get(area.code, 0)
            shade = next((i for i, bound in enumerate(bounds, start=1) if n <= bound), STEPS) if n else 0
            corner = (x * (SIZE + GAP), y * (SIZE + GAP))
            tiles.append(Tile(area.code, area.name, short_name(area.name), n, *corner, shade))
    right = max((t.x for t in tiles), default=0) + SIZE
    bottom = max((t.y for t in tiles), default=0) + SIZE
    lows = [1, *(b + 1 for b in bounds[:-1])][: len(bounds)]
    steps = [
        (i, f"{low:,}〜{high:,}" if low < high else f"{high:,}")
        for i, (low, high) in enumerate(zip(lows, bounds, strict=True), start=1)
        if low <= high
    ]
    return TileMap(tiles, right, bottom, SIZE, steps)


def _bounds(most: int) -> list[int]:
    """Upper bounds of the shades: each about three times the one before, so that small places still show."""
    if not most:
        return []
    found = [max(1, round(most / 3 ** (STEPS - 1 - i))) for i in range(STEPS)]
    return sorted(set(found))
