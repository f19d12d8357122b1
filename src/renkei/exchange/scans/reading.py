"""What a machine can see on one page: the codes of this house, which way is up, and whether it is a form of ours at all.

A code is only text here; whether it means anything is asked in :mod:`renkei.referrals.papers.tokens`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import zxingcpp
from PIL import Image, ImageFilter, ImageOps

_FORMATS = zxingcpp.barcode_formats_from_str("QRCode")
_BAR_WIDTH = 180
"""Pixels across in which the bars of a form are looked for: a bar of 4 mm is then 3 pixels high."""
_BAR_DARK = 150
_BAR_LEAST = 0.62
"""A printed bar is 83 % of the page's width; half of a page of writing never is dark in one line."""
_EDGE = 0.16
STEEPEST = 10


@dataclass(frozen=True)
class Seen:
    """One page: ``codes`` as read, ``turn`` in degrees clockwise that sets it upright, ``form`` if its bars were seen."""

    codes: tuple[str, ...] = ()
    turn: int = 0
    form: bool = False


def look(page: Image.Image) -> Seen:
    """Read a grey page. Tries harder and harder; a page without any code costs all the tries."""
    for attempt in _attempts(page):
        found = [c for c in zxingcpp.read_barcodes(attempt, formats=_FORMATS) if c.text]
        if found:
            turn = _turn_of(found[0])
            return Seen(tuple(dict.fromkeys(c.text for c in found)), turn, True)
    return Seen((), 0, has_bars(page))


def _attempts(page: Image.Image) -> Iterator[Image.Image]:
    """As it is; softened; at half size; with more contrast; without the specks of a fax line. Dear tries come last."""
    yield page
    soft = page.filter(ImageFilter.GaussianBlur(1.2))
    yield soft
    yield page.reduce(2)
    yield ImageOps.autocontrast(soft, cutoff=5)
    yield page.filter(ImageFilter.MedianFilter(3))


def _turn_of(code: zxingcpp.Barcode) -> int:
    """How far the page must be turned clockwise; the three corner marks of the code tell which way is up."""
    return round(-code.orientation / 90) * 90 % 360


def has_bars(page: Image.Image) -> bool:
    """Whether one of the two black bars of a form lies near an edge, at any of the four sides, up to 10 degrees askew."""
    small = page.copy()
    small.thumbnail((_BAR_WIDTH * 2, _BAR_WIDTH * 2))
    small = ImageOps.autocontrast(small)
    for quarter in (small, small.rotate(90, expand=True)):
        wide = quarter.resize((_BAR_WIDTH, max(1, quarter.height * _BAR_WIDTH // quarter.width)))
        for angle in range(-STEEPEST, STEEPEST + 1):
            if _bar_at(wide.rotate(angle, resample=Image.Resampling.BILINEAR, fillcolor=255)):
                return True
    return False


def _bar_at(page: Image.Image) -> bool:
    wide, high = page.size
    dots = page.point(_DARK).tobytes()
    near = max(3, round(high * _EDGE))
    rows = [*range(near), *range(high - near, high)]
    dark = [dots[row * wide : (row + 1) * wide].count(255) / wide for row in rows]
    return any(one >= _BAR_LEAST and two >= _BAR_LEAST for one, two in pairwise(dark))


_DARK = [255 if level < _BAR_DARK else 0 for level in range(256)]
