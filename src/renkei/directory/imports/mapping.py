"""Which column of a list means what (列の対応), and what counts where no column says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from renkei.directory.imports.columns import BY_FIELD, fold, meanings
from renkei.directory.models import ImportMapping
from renkei.directory.types import FacilityKind
from renkei.gate.actor import Actor
from renkei.kernel.errors import Invalid


@dataclass(frozen=True)
class Columns:
    """``fields`` heading → field ('' unused); ``kind``, ``prefecture`` and ``uses_renkei`` for new rows without a column."""

    fields: Mapping[str, str]
    kind: str = ""
    prefecture: str = ""
    uses_renkei: bool = True
    used: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "used", frozenset(name for name in self.fields.values() if name))

    def as_json(self) -> dict[str, Any]:
        """As stored."""
        return {
            "fields": dict(self.fields),
            "kind": self.kind,
            "prefecture": self.prefecture,
            "uses_renkei": self.uses_renkei,
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Columns:
        """Read back; meanings that are no longer known are left out."""
        fields = {head: name if name in BY_FIELD else "" for head, name in stored.get("fields", {}).items()}
        return cls(
            fields,
            str(stored.get("kind", "")),
            str(stored.get("prefecture", "")),
            bool(stored.get("uses_renkei", True)),
        )

    def check(self) -> None:
        """Raises ``Invalid('columns')`` when two columns mean the same or name or kind come from nowhere."""
        taken: dict[str, str] = {}
        for head, name in self.fields.items():
            if name and name in taken:
                raise Invalid(
                    "columns",
                    f"「{taken[name]}」と「{head}」の両方が{BY_FIELD[name].name}になっています。どちらかを「使わない」にしてください。",
                    "columns",
                )
            taken[name] = head
        if "name" not in self.used:
            raise Invalid(
                "columns", "「名称」にあたる列がありません。どの列が名称かを選んでください。", "columns"
            )
        if "kind" not in self.used and self.kind not in FacilityKind.values:
            raise Invalid(
                "kind", "「種別」にあたる列がありません。列を選ぶか、全行の種別を決めてください。", "kind"
            )


def guess(heads: Iterable[str]) -> Columns:
    """What the headings say by themselves; a meaning goes to the first column that has it."""
    known, fields, taken = meanings(), {}, set()
    for head in heads:
        name = known.get(fold(head), "")
        fields[head] = "" if name in taken else name
        taken.add(name)
    return Columns(fields, uses_renkei="uid" in taken or "uses_renkei" in taken)


def is_plain(columns: Columns, heads: Iterable[str]) -> bool:
    """Whether the list is written in our own columns, so that nobody has to be asked."""
    names = {column.name for column in BY_FIELD.values() if column.own}
    return {"name", "kind"} <= columns.used and all(head in names for head in heads if head)


def saved_for(actor: Actor, heads: Iterable[str]) -> ImportMapping | None:
    """The mapping that was last saved for exactly these headings, or None."""
    wanted = {head for head in heads if head}
    for row in ImportMapping.objects.visible_to(actor).order_by("-changed_at", "-pk"):
        if {head for head in row.columns.get("fields", {}) if head} == wanted:
            found: ImportMapping = row
            return found
    return None
