"""A small map drawn by the server: numbered markers on the tiles of a map server, or on a plain grid where none is set.

Web Mercator, as tile servers use it. The grid asks nobody outside; with tiles the browser asks the one server that the
settings name; the Content-Security-Policy of such a page, and of no other, allows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import HttpResponse

TILE = 256
MAX_ZOOM = 16.0
MARGIN = 34
RADIUS = 11
KM_PER_DEGREE = 111.195
STEPS_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True)
class Spot:
    """One thing on the map: its number in the list, name, place; ``url`` makes the marker a link."""

    number: str
    label: str
    latitude: float
    longitude: float
    url: str = ""
    tone: str = "plain"


@dataclass(frozen=True)
class Marker:
    """A spot at its pixel; ``x0``, ``y0`` where it really lies when it had to make room for another one."""

    spot: Spot
    x: float
    y: float
    x0: float
    y0: float


@dataclass(frozen=True)
class Tile:
    """One picture of the tile server."""

    url: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Drawing:
    """The whole map in pixels. ``bar`` is the length of the scale bar, which stands for ``bar_label``."""

    width: int
    height: int
    markers: list[Marker]
    tiles: list[Tile]
    columns: list[float]
    rows: list[float]
    bar: float
    bar_label: str
    place: Marker | None = None


def let_tiles_in(response: HttpResponse, drawing: Drawing | None) -> HttpResponse:
    """The page may ask the tile server for the pictures of its map; every other page asks nobody outside."""
    if drawing is not None and drawing.tiles:
        parts = urlsplit(drawing.tiles[0].url)
        response._csp_update = {"img-src": [f"{parts.scheme}://{parts.netloc}"]}  # type: ignore[attr-defined]
    return response


def _world(latitude: float, longitude: float) -> tuple[float, float]:
    """Fractions of the world's width from the west and from the north."""
    sine = math.sin(math.radians(max(-85.0, min(85.0, latitude))))
    return (longitude + 180) / 360, 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)


def draw(
    spots: Sequence[Spot], *, place: Spot | None = None, width: int = 640, height: int = 420, tiles: str = ""
) -> Drawing | None:
    """The map of ``spots`` with the place one measures from; None when nothing has a place.

    ``tiles`` is the address of the tile server with ``{z}``, ``{x}`` and ``{y}``, or empty.
    """
    every = [*spots, *([place] if place else [])]
    if not every:
        return None
    points = [_world(s.latitude, s.longitude) for s in every]
    zoom = _zoom(points, width, height)
    if tiles:
        zoom = float(math.floor(zoom))
    scale = TILE * 2**zoom
    middle = [(min(axis) + max(axis)) / 2 for axis in zip(*points, strict=True)]
    left, top = middle[0] * scale - width / 2, middle[1] * scale - height / 2
    at = [(x * scale - left, y * scale - top) for x, y in points]
    markers = _apart([Marker(s, x, y, x, y) for s, (x, y) in zip(spots, at, strict=False)], width, height)
    latitude = sum(s.latitude for s in every) / len(every)
    km = scale / (360 * KM_PER_DEGREE * math.cos(math.radians(latitude)))
    step = next((s for s in STEPS_KM if s * km >= 60), STEPS_KM[-1])
    return Drawing(
        width=width,
        height=height,
        markers=markers,
        tiles=_tiles(tiles, int(zoom), left, top, width, height) if tiles else [],
        columns=_lines(width, step * km),
        rows=_lines(height, step * km),
        bar=step * km,
        bar_label=f"{step:g}km" if step >= 1 else f"{step * 1000:g}m",
        place=Marker(place, *at[-1], *at[-1]) if place else None,
    )


def _zoom(points: Sequence[tuple[float, float]], width: int, height: int) -> float:
    spans = [max(axis) - min(axis) for axis in zip(*points, strict=True)]
    room = [(side - 2 * MARGIN) / TILE for side in (width, height)]
    fitting = [math.log2(r / span) for r, span in zip(room, spans, strict=True) if span > 0]
    return max(0.0, min([MAX_ZOOM, *fitting]))


def _lines(length: int, step: float) -> list[float]:
    """Grid lines on both sides of the middle."""
    first = (length / 2) % step
    return [round(first + n * step, 1) for n in range(int((length - first) / step) + 1)]


def _apart(markers: list[Marker], width: int, height: int) -> list[Marker]:
    """Markers that would cover each other step aside, round the place where they belong, and stay on the sheet."""
    edge = RADIUS + 2
    placed: list[Marker] = []
    for marker in markers:
        x, y, turn = marker.x, marker.y, 0
        while any(math.hypot(x - p.x, y - p.y) < 2 * RADIUS for p in placed) and turn < 60:
            turn += 1
            reach = RADIUS * (1 + turn / 5)
            x = min(max(marker.x + reach * math.cos(turn * 1.1), edge), width - edge)
            y = min(max(marker.y + reach * math.sin(turn * 1.1), edge), height - edge)
        placed.append(Marker(marker.spot, round(x, 1), round(y, 1), round(marker.x, 1), round(marker.y, 1)))
    return placed


def _tiles(address: str, zoom: int, left: float, top: float, width: int, height: int) -> list[Tile]:
    most = 2**zoom
    return [
        Tile(
            address.replace("{z}", str(zoom)).replace("{x}", str(x % most)).replace("{y}", str(y)),
            round(x * TILE - left, 1),
            round(y * TILE - top, 1),
            TILE,
        )
        for x in range(math.floor(left / TILE), math.floor((left + width) / TILE) + 1)
        for y in range(max(0, math.floor(top / TILE)), min(most - 1, math.floor((top + height) / TILE)) + 1)
    ]
