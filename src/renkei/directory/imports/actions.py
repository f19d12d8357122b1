"""A list comes in: kept, its columns named, its good rows written, all or none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from renkei.directory.actions import founder, line
from renkei.directory.events import ProfileChanged
from renkei.directory.imports.judging import Line, Report, check
from renkei.directory.imports.mapping import Columns, guess, is_plain, saved_for
from renkei.directory.imports.tables import read
from renkei.directory.models import (
    Department,
    Facility,
    FacilityImport,
    FormerNumber,
    ImportMapping,
    ImportProgress,
)
from renkei.directory.permissions import P
from renkei.directory.profiles import queries as profiles
from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.jobs.queries import gave_up
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow

STEP = 25
"""After so many rows whoever looks at the page is told how far it is."""
APPLIED = "この一覧はもう取り込まれています。"
JOB = "renkei.directory.imports.running.take_in"
BROKEN = (
    "処理の途中で技術的な問題が起き、取り込みは止まりました。途中まで登録した行も、すべて元に戻っています。"
    "もう一度取り込んでください。くり返し止まるときは、システム管理者に「失敗したジョブ」の確認を依頼してください。"
)
"""One transaction writes the list, so whatever broke it left nothing behind."""


@action(P.EDIT_ALL, says="医療機関の一覧を読み込み")
def upload(actor: Actor, *, name: str, content: bytes) -> FacilityImport:
    """Keep a list; nothing of it is written yet. Raises ``Invalid('file')`` for what is no list.

    In our own columns, or in those of a saved mapping, its columns are known; else ``columns`` stays empty.
    """
    table = read(content)
    means = guess(table.heads)
    kept = FacilityImport(
        facility_id=actor.facility_id,
        person_id=actor.person_id,
        name=name[:255],
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        columns=means.as_json() if is_plain(means, table.heads) else {},
    )
    if kept.columns:
        kept.summary = check(content, means).summary()
    kept.save()
    return kept


def proposed(actor: Actor, kept: FacilityImport) -> tuple[Columns, ImportMapping | None]:
    """What the columns of a list mean as far as known: chosen before, saved for the same headings, or guessed."""
    heads = read(bytes(kept.content)).heads
    if kept.columns:
        return Columns.of_json(kept.columns), None
    saved = saved_for(actor, heads)
    return (Columns.of_json(saved.columns), saved) if saved else (guess(heads), None)


@action(P.EDIT_ALL, says="一覧の列の対応を決める")
def set_columns(actor: Actor, kept: FacilityImport, *, columns: Columns, save_as: str = "") -> FacilityImport:
    """Say which column means what; ``save_as`` keeps it under a name for lists with the same headings.

    Raises ``Invalid('columns')`` or ``Invalid('kind')``; ``NotPossibleNow`` for a list that was taken in.
    """
    _refuse_begun(kept)
    columns.check()
    kept.columns = columns.as_json()
    kept.summary = check(bytes(kept.content), columns).summary()
    kept.save()
    if name := line(save_as, 60, "save_as"):
        mine = ImportMapping.objects.visible_to(actor).filter(facility_id=actor.facility_id, name=name)
        row = mine.first() or ImportMapping(facility_id=actor.facility_id, name=name)
        row.columns, row.changed_at = columns.as_json(), clock.now()
        row.save()
    return kept


def report_of(kept: FacilityImport) -> Report:
    """The dry run of a kept list as the directory is now."""
    return check(bytes(kept.content), Columns.of_json(kept.columns))


@action(P.EDIT_ALL, says="医療機関の一覧を取り込み")
def apply(
    actor: Actor,
    kept: FacilityImport,
    *,
    leave_out_bad: bool = False,
    tell: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Write the rows of a checked list, all or none. Returns the counts of the report.

    ``tell`` is given the number of rows written so far, every ``STEP`` rows.

    The rows are judged again, since the directory may have changed. ``NotPossibleNow`` when it was applied before, and
    when there are bad rows and nobody said to leave them out: a list is never half taken in by accident.
    """
    if kept.applied_at is not None:
        raise NotPossibleNow("import_applied", APPLIED)
    found = report_of(kept)
    refuse_bad(found, leave_out_bad=leave_out_bad)
    written = [row for row in found.lines if row.outcome in ("new", "change")]
    for number, row in enumerate(written, 1):
        _write(row)
        if tell is not None and number % STEP == 0:
            tell(number)
    kept.applied_at, kept.summary, kept.problem = clock.now(), found.summary(), ""
    kept.leave_out_bad = leave_out_bad
    kept.save()
    counts = found.summary()
    say(f"医療機関の一覧「{kept.name[:80]}」を取り込み(新規{counts['new']}・更新{counts['change']})")
    return counts


def refuse_bad(found: Report, *, leave_out_bad: bool) -> None:
    """``NotPossibleNow`` when bad rows would be left out without anybody having said so."""
    bad = found.count("bad")
    if bad and not leave_out_bad:
        raise NotPossibleNow(
            "import_bad_rows",
            f"直しが必要な行が{bad}件あります。ファイルを直して選び直すか、「その行を除いて取り込む」を選んでください。",
        )


def problem_of(kept: FacilityImport) -> str:
    """Why nothing of the list was written: what it was refused for, or that the job broke for good; empty if neither."""
    if kept.problem or kept.applied_at is not None or kept.started_at is None:
        return "" if kept.applied_at is not None else kept.problem
    return BROKEN if gave_up(JOB, import_uid=str(kept.uid)) else ""


def at_work(kept: FacilityImport) -> bool:
    """Whether the job has the list: begun, and neither through nor broken."""
    return kept.applied_at is None and kept.started_at is not None and not problem_of(kept)


def _refuse_begun(kept: FacilityImport) -> None:
    if kept.applied_at is not None or at_work(kept):
        raise NotPossibleNow("import_applied", APPLIED)


@action(P.EDIT_ALL, says="医療機関の一覧の取り込みを開始")
def begin(actor: Actor, kept: FacilityImport, *, leave_out_bad: bool) -> FacilityImport:
    """Hand a long list to the job. The same refusals as :func:`apply`."""
    _refuse_begun(kept)
    refuse_bad(report_of(kept), leave_out_bad=leave_out_bad)
    kept.started_at, kept.leave_out_bad, kept.problem = clock.now(), leave_out_bad, ""
    kept.save()
    row = ImportProgress.objects.visible_to(actor).filter(import_uid=kept.uid).first()
    row = row or ImportProgress(import_uid=kept.uid, facility_id=kept.facility_id)
    row.done, row.changed_at = 0, clock.now()
    row.save()
    return kept


@action(P.EDIT_ALL, says="医療機関の一覧の取り込みが止まった")
def note_problem(actor: Actor, kept: FacilityImport, *, problem: str) -> FacilityImport:
    """Nothing of the list was written, and why."""
    kept.problem = problem[:300]
    kept.save()
    return kept


def _write(row: Line) -> None:
    facility = row.facility or Facility()
    values = dict(row.values)
    if "organization" in values:
        values["organization"] = founder(values["organization"] or "")
    former = facility.institution_number
    for name, value in values.items():
        setattr(facility, name, value)
    facility.save()
    if former and facility.institution_number and former != facility.institution_number:
        FormerNumber(facility=facility, institution_number=former, until_on=clock.today()).save()
    if row.departments:
        have = set(Department.objects.filter(facility=facility).values_list("name", flat=True))
        for position, name in enumerate(row.departments):
            if name not in have:
                Department(facility=facility, name=name, position=position).save()
    if row.website:
        profile = profiles.profile(facility)
        if profile.website != row.website:
            profile.website, profile.changed_at = row.website, clock.now()
            profile.save()
    emit(ProfileChanged(facility.pk))
