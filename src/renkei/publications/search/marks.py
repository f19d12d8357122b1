"""Who is registered (登録医 and alike) today, from the public list of members; the one place that knows where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from renkei.enrolments.types import Enrols, manifests

FIRST = Enrols.PHYSICIAN_AT_FACILITY
IN_FORCE = (
    "l.from_on <= %s AND (l.until_on IS NULL OR l.until_on > %s) AND (s.ended_on IS NULL OR s.ended_on > %s)"
)
"""A scheme that the house gave up registers nobody any more, whatever its lines say."""


@dataclass(frozen=True)
class Registry:
    """Whose members come first inside an equal match: those of a house's schemes, or of every public scheme.

    ``owner_id`` 0: everybody asks.
    """

    owner_id: int
    day: date

    def condition(self) -> tuple[str, list[object]]:
        """SQL over ``enrolments_listing l`` and ``enrolments_scheme s``: what counts on the day.

        Registration ends by its date, whatever a job has or has not done yet.
        """
        days: list[object] = [self.day, self.day, self.day]
        if self.owner_id:
            return f"l.owner_id = %s AND {IN_FORCE}", [self.owner_id, *days]
        return f"s.key = ANY(%s) AND {IN_FORCE}", [[m.key for m in manifests() if m.public], *days]


def words_of(found: list[list[str]]) -> list[str]:
    """The marks of ``[scheme key, category]`` pairs, each once; the category stands behind where there is one."""
    known = {m.key: m for m in manifests()}
    marks: dict[str, None] = {}
    # 登録医 before whatever else a clinic has joined.
    for key, category in sorted(found, key=lambda f: (f[0] in known and known[f[0]].enrols != FIRST, f)):
        if key not in known:
            continue
        manifest = known[key]
        level = manifest.category(category)
        marks[f"{manifest.mark}({level.label})" if level else manifest.mark] = None
    return list(marks)
