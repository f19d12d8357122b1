"""Two texts line by line, with words for what happened: the table reads the same without colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from renkei.ui.types import Shown

SAME, CHANGED, ADDED, REMOVED = "同じ", "変更", "追加", "削除"
ALIKE = 0.4
"""Two lines less alike than this are one line removed and another added."""


@dataclass(frozen=True)
class Piece(Shown):
    """A part of a line; ``marked`` where it differs from the other text."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Line(Shown):
    """One row of the comparison. Numbers count from 1, None where a side has no such line."""

    what: str
    old_number: int | None
    old: Sequence[Piece]
    new_number: int | None
    new: Sequence[Piece]


def compare(old: str, new: str) -> list[Line]:
    """Every line of both texts in order."""
    before, after = old.splitlines(), new.splitlines()
    found: list[Line] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [
                Line(SAME, i + n + 1, [Piece(text)], j + n + 1, [Piece(text)])
                for n, text in enumerate(before[i:i_end])
            ]
        else:
            found += _block(before[i:i_end], i, after[j:j_end], j)
    return found


def _block(before: Sequence[str], i: int, after: Sequence[str], j: int) -> Iterator[Line]:
    for n, (old, new) in enumerate(zip_longest(before, after)):
        here, there = i + n + 1, j + n + 1
        if old is None:
            yield Line(ADDED, None, [], there, [Piece(new, marked=True)])
        elif new is None:
            yield Line(REMOVED, here, [Piece(old, marked=True)], None, [])
        else:
            left, right, alike = _pieces(old, new)
            if alike >= ALIKE:
                yield Line(CHANGED, here, left, there, right)
            else:
                yield Line(REMOVED, here, [Piece(old, marked=True)], None, [])
                yield Line(ADDED, None, [], there, [Piece(new, marked=True)])


def _pieces(old: str, new: str) -> tuple[list[Piece], list[Piece], float]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    left, right = [], []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        differs = tag != "equal"
        if i < i_end:
            left.append(Piece(old[i:i_end], differs))
        if j < j_end:
            right.append(Piece(new[j:j_end], differs))
    return left, right, matcher.ratio()


def summary(lines: Sequence[Line]) -> dict[str, int]:
    """How many lines were changed, added and removed."""
    return {word: sum(line.what == word for line in lines) for word in (CHANGED, ADDED, REMOVED)}
