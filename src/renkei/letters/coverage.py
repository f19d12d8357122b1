"""Which characters the shipped fonts can print, read from the fonts themselves.

A name with a character that no shipped font holds (外字, private use, a rare variant) must be known before the
letter goes out; the ``cmap`` table of each font file is the only list that cannot disagree with what is printed.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

FONT_FOLDER = Path(__file__).parent / "fonts"
MAIN_FONT = "BIZUDPGothic_400Regular.ttf"
BOLD_FONT = "BIZUDPGothic_700Bold.ttf"
RARE_FONT = "NotoSansJP_400Regular.ttf"

# No font holds these; ``base.typ`` draws them: lowered and raised digits and signs (SpO₂, 10⁹), check boxes.
DRAWN = frozenset("₀₁₂₃₄₅₆₇₈₉₊₋⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻☐☑☒✓✔")


@lru_cache(maxsize=4)
def font_characters(file_name: str) -> frozenset[int]:
    """The code points one font of ``fonts/`` maps to a glyph (OpenType ``cmap`` formats 4 and 12)."""
    table = _cmap_table((FONT_FOLDER / file_name).read_bytes())
    (count,) = struct.unpack_from(">H", table, 2)
    points: set[int] = set()
    for record in range(count):
        _, _, offset = struct.unpack_from(">HHI", table, 4 + 8 * record)
        (form,) = struct.unpack_from(">H", table, offset)
        if form == 4:
            points |= _format_4(table, offset)
        elif form == 12:
            points |= _format_12(table, offset)
    return frozenset(points)


@lru_cache(maxsize=4)
def font_variants(file_name: str) -> frozenset[str]:
    """The variation sequences (異体字, base + selector) of one font: OpenType ``cmap`` format 14."""
    table = _cmap_table((FONT_FOLDER / file_name).read_bytes())
    (count,) = struct.unpack_from(">H", table, 2)
    for record in range(count):
        _, _, offset = struct.unpack_from(">HHI", table, 4 + 8 * record)
        if struct.unpack_from(">H", table, offset) == (14,):
            return frozenset(_format_14(table, offset))
    return frozenset()


@lru_cache(maxsize=1)
def printable() -> frozenset[int]:
    """Every code point that a letter can show."""
    return font_characters(MAIN_FONT) | font_characters(RARE_FONT) | {ord(c) for c in DRAWN} | {9, 10, 13}


def _cmap_table(font: bytes) -> bytes:
    (count,) = struct.unpack_from(">H", font, 4)
    for record in range(count):
        tag, _, offset, length = struct.unpack_from(">4sIII", font, 12 + 16 * record)
        if tag == b"cmap":
            return font[offset : offset + length]
    raise ValueError("font without a cmap table")


def _format_4(table: bytes, start: int) -> set[int]:
    (double,) = struct.unpack_from(">H", table, start + 6)
    count = double // 2
    ends = struct.unpack_from(f">{count}H", table, start + 14)
    starts_at = start + 16 + double
    starts = struct.unpack_from(f">{count}H", table, starts_at)
    deltas = struct.unpack_from(f">{count}H", table, starts_at + double)
    ranges_at = starts_at + 2 * double
    ranges = struct.unpack_from(f">{count}H", table, ranges_at)
    points: set[int] = set()
    for i in range(count):
        for point in range(starts[i], min(ends[i], 0xFFFE) + 1):
            glyph = point + deltas[i]
            if ranges[i]:
                at = ranges_at + 2 * i + ranges[i] + 2 * (point - starts[i])
                (glyph,) = struct.unpack_from(">H", table, at)
            if glyph & 0xFFFF:
                points.add(point)
    return points


def _format_12(table: bytes, start: int) -> set[int]:
    (count,) = struct.unpack_from(">I", table, start + 12)
    points: set[int] = set()
    for group in range(count):
        first, last, _ = struct.unpack_from(">III", table, start + 16 + 12 * group)
        points.update(range(first, last + 1))
    return points


def _format_14(table: bytes, start: int) -> set[str]:
    (count,) = struct.unpack_from(">I", table, start + 6)
    found: set[str] = set()
    for record in range(count):
        head = start + 10 + 11 * record
        selector = chr(int.from_bytes(table[head : head + 3], "big"))
        plain, special = struct.unpack_from(">II", table, head + 3)
        if plain:
            (ranges,) = struct.unpack_from(">I", table, start + plain)
            for i in range(ranges):
                at = start + plain + 4 + 4 * i
                first = int.from_bytes(table[at : at + 3], "big")
                found.update(chr(point) + selector for point in range(first, first + table[at + 3] + 1))
        if special:
            (pairs,) = struct.unpack_from(">I", table, start + special)
            for i in range(pairs):
                at = start + special + 4 + 5 * i
                found.add(chr(int.from_bytes(table[at : at + 3], "big")) + selector)
    return found
