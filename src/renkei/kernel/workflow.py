"""Table-driven workflow: states, moves, who may, what it needs, which timer starts.

One table per kind. Buttons, diagram, permission matrix, timers, database CHECK and random-walk tests come from it.
Guards take plain values, never models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow

Facts = Mapping[str, Any]
Guard = Callable[[Facts], str]
"""A guard returns an empty string, or the Japanese sentence that says what is missing and what to do."""


@dataclass(frozen=True)
class Timer:
    """A deadline that starts with a move; its length is an effective-dated setting of the facility."""

    name: str
    setting: str


@dataclass(frozen=True)
class Move:
    """One arrow of the diagram. ``target`` None keeps the state (a note, a message)."""

    name: str
    sources: frozenset[StrEnum]
    target: StrEnum | None
    by: frozenset[str]
    permission: StrEnum
    label: str
    needs: tuple[Guard, ...] = ()
    asks: tuple[str, ...] = ()
    starts: tuple[Timer, ...] = ()
    stops: tuple[str, ...] = ()


def move(
    name: str,
    sources: Iterable[StrEnum],
    target: StrEnum | None,
    *,
    by: Iterable[str],
    permission: StrEnum,
    label: str,
    needs: Iterable[Guard] = (),
    asks: Iterable[str] = (),
    starts: Iterable[Timer] = (),
    stops: Iterable[str] = (),
) -> Move:
    """A move from plain collections; see :class:`Move`."""
    return Move(
        name,
        frozenset(sources),
        target,
        frozenset(by),
        permission,
        label,
        tuple(needs),
        tuple(asks),
        tuple(starts),
        tuple(stops),
    )


@dataclass(frozen=True)
class Workflow:
    """The table of one kind. ``labels`` give each state its Japanese word."""

    name: str
    states: type[StrEnum]
    start: StrEnum
    moves: tuple[Move, ...]
    labels: Mapping[Any, str]
    ends: frozenset[StrEnum] = field(default_factory=frozenset)

    def __getitem__(self, name: str) -> Move:
        for candidate in self.moves:
            if candidate.name == name:
                return candidate
        raise KeyError(f"{self.name} has no move {name}")

    def open_moves(self, state: StrEnum, party: str, permissions: frozenset[str]) -> list[Move]:
        """The moves this ``party`` may make now, in the order of the table; guards are asked only on the move."""
        return [
            m for m in self.moves if state in m.sources and party in m.by and str(m.permission) in permissions
        ]

    def check(self, name: str, *, state: StrEnum, party: str, facts: Facts) -> Move:
        """The move ``name`` if it may happen now.

        Raises ``NotAllowed`` for the wrong party, ``NotPossibleNow`` for the wrong state, ``Invalid`` for a missing
        answer (``asks``) or an unmet guard (``needs``).
        """
        found = self[name]
        if party not in found.by:
            raise NotAllowed("wrong_party", f"「{found.label}」は相手側の操作です。")
        if state not in found.sources:
            raise NotPossibleNow(
                "wrong_state",
                f"「{self.labels[state]}」の状態では「{found.label}」はできません。画面を更新して今の状態を確認してください。",
            )
        for name_asked in found.asks:
            if not str(facts.get(name_asked) or "").strip():
                raise Invalid(
                    f"{name_asked}_missing", f"「{found.label}」には理由の入力が必要です。", name_asked
                )
        for guard in found.needs:
            if problem := guard(facts):
                raise Invalid(guard.__name__, problem, getattr(guard, "field", ""))
        return found

    def diagram(self) -> str:
        """The table as a Mermaid state diagram, for README and the gallery."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        for m in self.moves:
            for source in sorted(m.sources):
                if m.target is not None:
                    lines.append(f"    {source} --> {m.target}: {m.label}")
        lines += [f"    {end} --> [*]" for end in sorted(self.ends)]
        return "\n".join(lines)
