"""A list of applications (CSV, XLSX): every row on its own, told row by row; a dry run changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from renkei.directory.corporations.queries import corporations
from renkei.directory.queries import facility_by_number, search_facilities
from renkei.enrolments import actions
from renkei.enrolments.models import Scheme
from renkei.enrolments.types import ApplicationDraft, Channel, Enrols, Manifest, manifest_of
from renkei.gate.actor import Actor
from renkei.kernel.errors import DomainError, Invalid
from renkei.kernel.tables import numbered_rows
from renkei.kernel.text import to_plain_number

MOST_ROWS = 2_000
NUMBER, NAME, PHYSICIAN, KANA, CATEGORY = "医療機関番号", "医療機関名", "医師名", "カナ", "区分"
CORPORATION, SEAT = "法人", "席"


@dataclass(frozen=True)
class Outcome:
    """What became of one row; ``number`` counts as the file does, the header being 1."""

    number: int
    who: str
    says: str
    good: bool


@dataclass(frozen=True)
class Report:
    """Every row in order."""

    rows: tuple[Outcome, ...]
    dry: bool

    @property
    def good(self) -> int:
        """How many were taken in, or would be."""
        return sum(row.good for row in self.rows)

    @property
    def bad(self) -> int:
        """How many were not."""
        return len(self.rows) - self.good


class _Undo(Exception):
    """Ends a dry run."""


def columns(manifest: Manifest) -> list[str]:
    """The headers that a list of this scheme may have."""
    named = {
        Enrols.FACILITY: [],
        Enrols.CORPORATION: [CORPORATION],
        Enrols.SEAT: [SEAT, PHYSICIAN, KANA],
    }.get(manifest.enrols, [PHYSICIAN, KANA])
    return [
        NUMBER,
        NAME,
        *named,
        *([CATEGORY] if manifest.categories else []),
        *(f.label for f in manifest.fields),
    ]


def take(actor: Actor, scheme: Scheme, name: str, content: bytes, *, dry: bool) -> Report:
    """Hand in one application for each row. Raises ``Invalid('file')`` for a file that cannot be read at all."""
    rows = numbered_rows(name, content, most_rows=MOST_ROWS)
    if not {NUMBER, NAME} & set(rows[0][1]):
        raise Invalid("file", f"見出しに「{NUMBER}」または「{NAME}」がありません。", "file")
    found: list[Outcome] = []
    try:
        with transaction.atomic():
            found.extend(_row(actor, scheme, number, row) for number, row in rows)
            if dry:
                raise _Undo
    except _Undo:
        pass
    return Report(tuple(found), dry)


def _row(actor: Actor, scheme: Scheme, number: int, row: dict[str, str]) -> Outcome:
    named = (row.get(NAME, "") or row.get(NUMBER, ""), row.get(SEAT, ""), row.get(PHYSICIAN, ""))
    who = " ".join(part for part in named if part)
    try:
        with transaction.atomic():
            made = actions.apply(
                actor, scheme=scheme, draft=_draft(manifest_of(scheme.key), row), channel=Channel.CSV
            )
            return Outcome(number, who, f"{made.facility.name}の申請として登録", True)
    except DomainError as error:
        return Outcome(number, who, error.message_ja, False)


def _draft(manifest: Manifest, row: dict[str, str]) -> ApplicationDraft:
    typed = row.get(CATEGORY, "")
    known = next((c.key for c in manifest.categories if typed in (c.key, c.label)), "")
    if typed and manifest.categories and not known:
        raise Invalid("category", f"区分「{typed}」はありません。", "category")
    return ApplicationDraft(
        _facility(row),
        row.get(PHYSICIAN, ""),
        row.get(KANA, ""),
        category=known,
        organization_id=_corporation(row) if manifest.enrols is Enrols.CORPORATION else 0,
        seat=row.get(SEAT, "") if manifest.enrols is Enrols.SEAT else "",
        answers=tuple((f.key, row.get(f.label, "")) for f in manifest.fields),
    )


def _corporation(row: dict[str, str]) -> int:
    name = row.get(CORPORATION, "").strip()
    if not name:
        return 0
    found = next((line.id for line in corporations() if line.name == name), 0)
    if not found:
        raise Invalid(
            "organization",
            f"法人「{name}」は登録されていません。先に法人を登録してください。",
            "organization",
        )
    return found


def _facility(row: dict[str, str]) -> int:
    number = to_plain_number(row.get(NUMBER, "")).replace("-", "").strip()
    if number:
        found = facility_by_number(number)
        if found is None:
            raise Invalid(
                "facility",
                f"医療機関番号 {number} は名簿にありません。先に医療機関を登録してください。",
                "facility",
            )
        return found.pk
    name = row.get(NAME, "").strip()
    only = [f for f in search_facilities(name, limit=3) if f.name == name]
    if len(only) != 1:
        says = "が複数あります" if only else "は名簿にありません"
        raise Invalid("facility", f"「{name}」{says}。医療機関番号を書いてください。", "facility")
    return only[0].id
