"""Takes the rows of a CSV in, a few hundred in one transaction: good rows go in, bad ones are told, nothing is doubled."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from renkei.directory.models import Area, Facility
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.context import system
from renkei.gate.writing import say
from renkei.indicators.actions.months import closed_months, hold
from renkei.indicators.models import BackReferral, EventImport, EventImportProblem, Visit
from renkei.indicators.permissions import P
from renkei.indicators.reading import Parsed, Sheet
from renkei.indicators.types import Entered, Source, month_of
from renkei.jobs.queue import enqueue, job
from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from renkei.patients.models import Patient
from renkei.referrals.models import Referral

CHUNK = 500
LABELS = {Source.VISITS: "受診", Source.BACK_REFERRALS: "逆紹介"}


@action(P.IMPORT, says="集計用のCSVを取り込み")
def upload(
    actor: Actor, *, kind: Source, name: str, content: bytes, takes_late: bool = False, reason: str = ""
) -> EventImport:
    """Keep a file whose heading can be read, and queue its rows. Raises ``Invalid('file')`` or ``Invalid('reason')``."""
    if takes_late and not reason.strip():
        raise Invalid("reason", "締めた月の行を訂正として入れるときは、理由を入力してください。", "reason")
    sheet = Sheet(content, kind)
    kept = EventImport(
        facility_id=actor.facility_id,
        kind=kind.value,
        name=name[:255],
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        rows_total=len(sheet.rows),
        unknown_columns=sheet.unknown,
        takes_late=takes_late,
        reason=reason.strip()[:200],
        uploaded_by=actor.label[:120],
        uploaded_at=clock.now(),
    )
    kept.save()
    enqueue(read_import, import_uid=str(kept.uid))
    say(f"{actor.label}が{LABELS[kind]}のCSV「{name[:80]}」({len(sheet.rows):,}行)を取り込みに回しました")
    return kept


@job(retries=5)
def read_import(import_uid: str) -> None:
    """Take in the rows of an uploaded file, until none is left; a killed worker goes on where the last chunk ended."""
    with system("CSVの取り込み") as actor:
        while True:
            # The database is told who acts when a transaction opens: outside of one nobody sees the file.
            with transaction.atomic():
                rows = EventImport.objects.visible_to(actor).filter(uid=import_uid, finished_at=None)
                waiting = rows.first()
                if waiting is None:
                    return
                take_rows(actor, waiting)


@action(P.IMPORT, says="CSVの行を取り込み")
def take_rows(actor: Actor, kept: EventImport) -> EventImport:
    """The next rows of the file, all of them or none; the last ones finish it. The file itself is emptied then."""
    hold(kept.facility_id, alone=False)
    sheet = Sheet(bytes(kept.content), Source(kept.kind))
    rows = sheet.parse(kept.rows_done, CHUNK)
    _Taking(kept).take(rows)
    kept.rows_done += len(rows)
    kept.state = "running"
    if kept.rows_done >= kept.rows_total:
        kept.state, kept.finished_at, kept.content = "done", clock.now(), b""
    kept.save()
    say(f"CSV「{kept.name[:80]}」を{kept.rows_done:,}行まで取り込みました({kept.uploaded_by})")
    return kept


@dataclass
class _Known:
    """What the rows of one chunk refer to, in a handful of queries."""

    facilities: dict[str, Facility]
    patients: dict[str, int]
    referrals: dict[str, Referral]
    areas: set[str]
    closed: set[date]


class _Taking:
    """One chunk of one file."""

    def __init__(self, kept: EventImport) -> None:
        self.kept, self.house = kept, kept.facility_id
        self.visits = kept.kind == Source.VISITS
        self.model: Any = Visit if self.visits else BackReferral
        self.day = "visit_on" if self.visits else "issued_on"
        self.other = "from" if self.visits else "to"
        self.new: dict[str, Any] = {}
        self.changed: dict[int, Any] = {}
        self.problems: list[EventImportProblem] = []

    def take(self, rows: list[Parsed]) -> None:
        """Judge each row, then write what is new, what has changed, and what is wrong."""
        good = [row for row in rows if not row.problems]
        self.known = self._look_up(good)
        for row in rows:
            if not row.problems:
                self._refer(row)
            if row.problems:
                self._refuse(row)
        good = [row for row in rows if not row.problems]
        self.standing = self._standing(good)
        self.joinable = self._joinable(good)
        for row in good:
            self._place(row)
        self.model.objects.bulk_create(self.new.values())
        if self.changed:
            columns = [*self._columns(), *(["joined_key"] if self.visits else [])]
            self.model._base_manager.bulk_update(self.changed.values(), columns)
        EventImportProblem.objects.bulk_create(self.problems, ignore_conflicts=True)
        self.kept.rows_new += len(self.new)
        self.kept.rows_joined += len(self.changed)
        self.kept.rows_late += sum(row.late for row in self.new.values())

    def _look_up(self, rows: Iterable[Parsed]) -> _Known:
        values = [row.values for row in rows]
        numbers = {v[f"{self.other}_number"] for v in values} - {""}
        letters = {v["referral_number"] for v in values} - {""}
        side = {"receiver_id": self.house} if self.visits else {"sender_id": self.house}
        patients = Patient._base_manager.filter(
            facility_id=self.house, local_number__in={v["patient_number"] for v in values}
        )
        return _Known(
            {f.institution_number or "": f for f in Facility.objects.filter(institution_number__in=numbers)},
            dict(patients.values_list("local_number", "pk")),
            {r.number: r for r in Referral._base_manager.filter(number__in=letters, **side)},
            set(Area.objects.values_list("code", flat=True)) if self.visits else set(),
            closed_months(self.house),
        )

    def _refer(self, row: Parsed) -> None:
        """What the row names must exist; a closed month takes nothing but corrections."""
        values, known = row.values, self.known
        number = values[f"{self.other}_number"]
        if number and number not in known.facilities and not values[f"{self.other}_name"]:
            row.problems.append(
                (
                    "医療機関番号",
                    f"「{number}」は連携医療機関に登録がありません。名称の列も入力してください。",
                )
            )
        if values["referral_number"] and values["referral_number"] not in known.referrals:
            row.problems.append(
                (
                    "紹介番号",
                    f"「{values['referral_number']}」という自院の紹介はありません。番号を確かめてください。",
                )
            )
        if self.visits and values["municipality"] and values["municipality"] not in known.areas:
            row.problems.append(
                (
                    "市区町村コード",
                    f"「{values['municipality']}」は登録がありません。5桁のコードを確かめてください。",
                )
            )
        month = month_of(values[self.day])
        if month in known.closed and not self.kept.takes_late:
            row.problems.append(
                (
                    "受診日" if self.visits else "逆紹介日",
                    f"{month.year}年{month.month}月は締め済みです。月の締めを解くか、訂正として取り込んでください。",
                )
            )

    def _refuse(self, row: Parsed) -> None:
        self.kept.rows_bad += 1
        self.problems += [
            EventImportProblem(
                facility_id=self.house,
                event_import=self.kept,
                row_number=row.number,
                column=column[:60],
                says=says[:300],
            )
            for column, says in row.problems
        ]

    def _standing(self, rows: Iterable[Parsed]) -> dict[str, Any]:
        """Rows that came in before, by their own key or by the key under which they were joined."""
        keys = [row.values["key"] for row in rows]
        wanted = Q(key__in=keys)
        if self.visits:
            wanted |= Q(joined_key__in=keys)
        found = {}
        for row in self.model._base_manager.filter(wanted, facility_id=self.house):
            found[row.key] = row
            if self.visits and row.joined_key:
                found[row.joined_key] = row
        return found

    def _joinable(self, rows: list[Parsed]) -> dict[Any, Any]:
        """Rows that the product made of an arrival or a letter, by referral, and by day and patient number."""
        found: dict[Any, Any] = {}
        days = {row.values[self.day] for row in rows}
        numbers = {row.values["patient_number"] for row in rows} - {""}
        letters = [r.pk for r in self.known.referrals.values()]
        whose = Q(patient_number__in=numbers)
        if self.visits:
            whose |= Q(patient_number="", referral__receiver_patient__local_number__in=numbers)
        own = self.model._base_manager.filter(
            Q(**{f"{self.day}__in": days}) & whose | Q(referral_id__in=letters),
            facility_id=self.house,
            entered=Entered.PRODUCT,
        ).select_related("referral__receiver_patient")
        for row in own:
            registered = row.referral.receiver_patient if row.referral else None
            number = row.patient_number or (registered.local_number if registered else "")
            found[row.referral_id] = row
            found.setdefault((getattr(row, self.day), number), row)
        return found

    def _place(self, row: Parsed) -> None:
        values = row.values
        letter = self.known.referrals.get(values["referral_number"])
        before = self.standing.get(values["key"]) or self.new.get(values["key"])
        joined = self.joinable.get(letter.pk if letter else None) or self.joinable.get(
            (values[self.day], values["patient_number"])
        )
        if before is None and joined is not None and not (self.visits and joined.joined_key):
            before = joined
        if before is None:
            self.new[values["key"]] = self._event(row, letter)
        elif not self._update(before, row):
            self.kept.rows_same += 1

    def _event(self, row: Parsed, letter: Referral | None) -> Any:
        values = row.values
        late = month_of(values[self.day]) in self.known.closed
        return self.model(
            facility_id=self.house,
            key=values["key"],
            entered=Entered.CSV,
            entered_at=clock.now(),
            event_import=self.kept,
            row_number=row.number,
            referral=letter,
            late=late,
            late_reason=self.kept.reason if late else "",
            **self._written(values),
        )

    def _columns(self) -> list[str]:
        mine = ["department", "online_only", f"{self.other}_facility_id", f"{self.other}_name"]
        if self.visits:
            mine += ["is_first_visit", "arrival_mode", "is_holiday", "is_night", "via_emergency_program"]
            mine += ["checkup_detected", "referral_doc", "municipality", "fee_b005_11", "fee_b011"]
            mine += ["visit_time", "final_reply_on"]
        else:
            mine += ["consent", "document_issued", "fee_claimed"]
        return mine

    def _written(self, values: dict[str, Any]) -> dict[str, Any]:
        other = self.known.facilities.get(values[f"{self.other}_number"])
        told = {
            **values,
            f"{self.other}_facility_id": other.pk if other else None,
            f"{self.other}_name": values[f"{self.other}_name"] or (other.name if other else ""),
        }
        fields = [*self._columns(), self.day, "patient_number"]
        return {name: told[name] for name in fields} | {
            "patient_id": self.known.patients.get(values["patient_number"])
        }

    def _update(self, before: Any, row: Parsed) -> bool:
        """Bring a row that stands in line with the file; False when nothing differs or its month is closed."""
        if month_of(getattr(before, self.day)) in self.known.closed or before.pk is None:
            return False
        told = self._written(row.values)
        own = before.entered == Entered.PRODUCT
        keep = {
            f"{self.other}_facility_id",
            f"{self.other}_name",
            "referral_doc",
            "consent",
            "document_issued",
        }
        changed = False
        for name in self._columns():
            empty = told[name] in (None, "")
            if (own and (name in keep or empty)) or before.__dict__[name] == told[name]:
                continue
            setattr(before, name, told[name])
            changed = True
        if own and self.visits and before.joined_key != row.values["key"]:
            before.joined_key = row.values["key"]
            changed = True
        if changed:
            self.changed[before.pk] = before
        return changed
