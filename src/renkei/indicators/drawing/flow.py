"""Streams from senders to departments: bars at both sides, ribbons between them, their width the number of patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

OTHERS = "その他"
REST = 8
"""The tone of その他, a grey; departments have 0 to 7."""
BAR = 12
GAP = 9
LEAST = 3.0


@dataclass(frozen=True)
class Node:
    """A sender or a department: its bar, and its words beside it."""

    label: str
    count: int
    x: float
    y: float
    height: float
    tone: int

    @property
    def middle(self) -> float:
        """Where its words stand."""
        return round(self.y + self.height / 2, 1)


@dataclass(frozen=True)
class Ribbon:
    """One stream; ``path`` is the ``d`` of an SVG path."""

    sender: str
    department: str
    count: int
    path: str
    tone: int


@dataclass(frozen=True)
class Flow:
    """The whole picture in units of ``width`` x ``height``."""

    width: int
    height: int
    senders: list[Node]
    departments: list[Node]
    ribbons: list[Ribbon]
    bar: int = BAR


def _kept(totals: dict[str, int], most: int) -> list[str]:
    ranked = sorted((n for n in totals if n != OTHERS), key=lambda name: (-totals[name], name))
    return ranked[:most]


def merged(
    streams: Iterable[tuple[str, str, int]], senders: int, departments: int
) -> dict[tuple[str, str], int]:
    """The largest senders and departments; everything else goes into その他, so that no patient is lost."""
    rows = list(streams)
    left: dict[str, int] = defaultdict(int)
    right: dict[str, int] = defaultdict(int)
    for sender, department, n in rows:
        left[sender] += n
        right[department] += n
    kept_left, kept_right = set(_kept(left, senders)), set(_kept(right, departments))
    found: dict[tuple[str, str], int] = defaultdict(int)
    for sender, department, n in rows:
        key = (sender if sender in kept_left else OTHERS, department if department in kept_right else OTHERS)
        found[key] += n
    return dict(found)


def flow(
    streams: Iterable[tuple[str, str, int]],
    *,
    width: int,
    words: int,
    senders: int = 10,
    departments: int = 8,
) -> Flow:
    """Lay out the streams; ``words`` is the room for names at each side, in the same unit as ``width``."""
    found = merged(streams, senders, departments)
    total = sum(found.values())
    lefts, rights = _totals(found, 0), _totals(found, 1)
    rows = max(len(lefts), len(rights), 1)
    height = 40 * rows
    tones = {name: REST if name == OTHERS else i % REST for i, name in enumerate(rights)}
    scale = (height - GAP * (rows - 1) - LEAST * rows) / total if total else 0.0
    left = _stack(lefts, words, scale, height, dict.fromkeys(lefts, -1))
    right = _stack(rights, width - words - BAR, scale, height, tones)
    ribbons = _ribbons(found, left, right, scale)
    return Flow(width, height, list(left.values()), list(right.values()), ribbons)


def _totals(found: dict[tuple[str, str], int], side: int) -> dict[str, int]:
    """Name → count, largest first and その他 last."""
    totals: dict[str, int] = defaultdict(int)
    for key, n in found.items():
        totals[key[side]] += n
    return dict(sorted(totals.items(), key=lambda pair: (pair[0] == OTHERS, -pair[1], pair[0])))


def _stack(
    totals: dict[str, int], x: float, scale: float, height: int, tones: dict[str, int]
) -> dict[str, Node]:
    used = sum(n * scale + LEAST for n in totals.values()) + GAP * max(len(totals) - 1, 0)
    y = (height - used) / 2
    nodes = {}
    for name, n in totals.items():
        tall = n * scale + LEAST
        nodes[name] = Node(name, n, round(x, 1), round(y, 1), round(tall, 1), tones[name])
        y += tall + GAP
    return nodes


def _ribbons(
    found: dict[tuple[str, str], int], left: dict[str, Node], right: dict[str, Node], scale: float
) -> list[Ribbon]:
    from_y = {name: node.y + LEAST / 2 for name, node in left.items()}
    to_y = {name: node.y + LEAST / 2 for name, node in right.items()}
    order = {name: i for i, name in enumerate(right)}
    ribbons = []
    for sender, node in left.items():
        for (s, department), n in sorted(found.items(), key=lambda pair: order[pair[0][1]]):
            if s != sender:
                continue
            thick = n * scale
            x1, x2 = node.x + BAR, right[department].x
            y1, y2 = from_y[sender], to_y[department]
            from_y[sender] += thick
            to_y[department] += thick
            ribbons.append(
                Ribbon(sender, department, n, _band(x1, y1, x2, y2, thick), right[department].tone)
            )
    return ribbons


def _band(x1: float, y1: float, x2: float, y2: float, thick: float) -> str:
    middle = (x1 + x2) / 2
    return (
        f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        f"V{y2 + thick:.1f}C{middle:.1f} {y2 + thick:.1f} {middle:.1f} {y1 + thick:.1f} {x1:.1f} {y1 + thick:.1f}Z"
    )
