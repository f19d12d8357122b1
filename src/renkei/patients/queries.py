"""Finding patients within what the actor may see."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from renkei.audit.queries import NEWEST, Access, history_of_patient
from renkei.gate.actor import Actor
from renkei.gate.compiled import compiled, fetch
from renkei.kernel import names
from renkei.kernel.errors import NotFound
from renkei.patients.matching import WORTH_SHOWING, Candidate, Wanted, weigh
from renkei.patients.models import InsuredNumber, KeyContact, Patient, PatientLink
from renkei.patients.searching import Number, Terms, ends_like_phone, read_box

Key = tuple[str, int]
PREFIX, INSIDE = "p", "i"
FIRST: Key = ("", 0)
PARTS = ("own", "shared")
PHONE_PREFIX = 4
CANDIDATES = 8
_LOOKED_AT = 200
_COMPARED = (
    "id",
    "name",
    "kana",
    "kanji_key",
    "kana_key",
    "birth_on",
    "sex",
    "phone_digits",
    "postal_code",
)  # fmt: skip

FIND_INSIDE = "SELECT * FROM patients_search(%s::text[], %s::text[], %s::text[], %s, %s, %s, %s, %s, %s)"
FIND_ALIKE = "SELECT * FROM patients_alike(%s, %s, %s, %s)"
FIND_SHARED = "SELECT * FROM patients_shared(%s, %s, %s::text[], %s, %s, %s, %s)"

SharedIds = Callable[[Actor], QuerySet[Any]]
_shared: list[SharedIds] = []


def register_shared(ids: SharedIds) -> None:
    """``circles`` gives the keys of patients that others share with a facility (it lies one floor up)."""
    _shared[:] = [ids]


@dataclass(frozen=True)
class Found:
    """One page of patients by reading; ``after`` opens the next page, empty on the last; ``terms`` as understood."""

    rows: list[Patient]
    after: str
    terms: Terms


def one(actor: Actor, uid: UUID | str) -> Patient:
    """The patient row of ``uid`` with its facility. Raises ``NotFound`` for strangers."""
    try:
        found = _by_uid(actor, UUID(str(uid)))
    except ValueError:
        found = []
    if not found:
        raise NotFound(
            "patient_not_found", "この患者は見つかりません。共有範囲の外か、共有が終わった可能性があります。"
        )
    patient: Patient = found[0]
    return patient


@compiled
def _by_uid(actor: Actor, uid: UUID) -> QuerySet[Patient]:
    return Patient.objects.visible_to(actor).select_related("facility").filter(uid=uid).order_by()


def by_keys(actor: Actor, keys: Iterable[int]) -> dict[int, Patient]:
    """Database key → patient, as far as ``actor`` may see them; for modules that hold keys only."""
    return {p.pk: p for p in Patient.objects.visible_to(actor).filter(pk__in=set(keys))}


def search(actor: Actor, text: str = "", limit: int = 50, after: str = "", *, within: str = "") -> Found:
    """Patients that fit every word of ``text``; names that begin with it first, then names that contain it.

    ``within`` is ``own`` (the facility's own rows), ``shared`` or empty for both. Without text: everybody, by reading.
    """
    terms = read_box(text)
    asked = _Asked(actor, terms, within, limit + 1)
    phase, start = _cursor(actor, after)
    keys: list[tuple[str, Key]] = []
    if phase == PREFIX:
        keys = [(PREFIX, key) for key in _beginning(asked, start)]
        start = FIRST
    if len(keys) <= limit and terms.named:
        rest = replace(asked, size=limit + 1 - len(keys))
        keys += [(INSIDE, key) for key in _inside(rest, start)]
    page = keys[:limit]
    following = f"{page[-1][0]}{page[-1][1][1]}" if len(keys) > limit else ""
    return Found(_rows(actor, [key[1] for _, key in page]), following, terms)


@dataclass(frozen=True)
class _Asked:
    actor: Actor
    terms: Terms
    within: str
    size: int


def _cursor(actor: Actor, after: str) -> tuple[str, Key]:
    """Where a page starts; a cursor that nobody gave out starts at the beginning."""
    found = re.fullmatch(rf"([{PREFIX}{INSIDE}])([0-9]{{1,18}})", after)
    if not found:
        return PREFIX, FIRST
    rows = Patient.objects.visible_to(actor).filter(pk=int(found[2]))
    key = rows.values_list("kana_key", "id").first()
    return found[1], key or FIRST


def starts_with(field: str, text: str) -> Q:
    """``field ^@ text`` (``gate.lookups``): keeps its index behind the wall."""
    return Q(**{f"{field}__begins": text})


def _beginning(asked: _Asked, start: Key) -> list[Key]:
    """Keys in order of reading: own rows and shared rows each by their own index, merged."""
    parts = [_part(asked, start, part) for part in PARTS if asked.within not in PARTS or asked.within == part]
    return list(itertools.islice(heapq.merge(*parts), asked.size))


def _part(asked: _Asked, start: Key, part: str) -> list[Key]:
    """First pages by the beginning of a name, or of everybody, are what people ask for all day."""
    terms = asked.terms
    if part == "shared" and not terms.numbers:
        return _shared_keys(asked, start)
    if start != FIRST or terms.born or terms.numbers or (terms.kanji and terms.kana):
        found: list[Any] = list(_keys(asked, start, part))
        return found

    def first_page(somebody: Actor, word: str = "") -> QuerySet[Any]:
        like = replace(terms, kanji=(word,) if terms.kanji else (), kana=(word,) if terms.kana else ())
        return _keys(replace(asked, actor=somebody, terms=like), start, part)

    name = f"patients {part} {asked.size} {bool(terms.kanji)} {bool(terms.kana)}"
    words = ("".join(terms.kanji or terms.kana),) if terms.named else ()
    return fetch(asked.actor, name, first_page, *words)


def _shared_keys(asked: _Asked, start: Key) -> list[Key]:
    """Through the house's open periods, inside the database: behind the wall every namesake of the region is visited."""
    terms = asked.terms
    kanji, kana = "".join(terms.kanji), "" if terms.kanji else "".join(terms.kana)
    inside = list(terms.kana) if terms.kanji else []
    return run(FIND_SHARED, [kanji, kana, inside, terms.born, *start, asked.size])


def run(sql: str, values: list[Any]) -> list[Key]:
    """What one of the functions of the database finds: (reading, key) in order of reading."""
    found: list[Key] = connection.run_prepared(sql, values)  # type: ignore[attr-defined]
    return found


def among_known(actor: Actor) -> Q:
    """The patients that the house knows, as a set made first: for conditions that no index serves."""
    own = Patient.objects.visible_to(actor).filter(facility_id=actor.facility_id).order_by().values("pk")
    return Q(pk__in=own.union(_shared[0](actor)) if _shared else own)


def _keys(asked: _Asked, start: Key, part: str) -> QuerySet[Any]:
    rows = _narrow(Patient.objects.visible_to(asked.actor), asked)
    if part == "own":
        rows = rows.filter(facility_id=asked.actor.facility_id)
    else:
        rows = rows.exclude(facility_id=asked.actor.facility_id)
        rows = rows.filter(pk__in=_shared[0](asked.actor)) if _shared else rows.none()
    if start != FIRST:
        # Equal reading goes by key: (kana_key, id) > start as two terms, so that the index serves the first.
        later = Q(kana_key__gt=start[0]) | Q(kana_key=start[0], id__gt=start[1])
        rows = rows.filter(later, kana_key__gte=start[0])
    return rows.order_by("kana_key", "id").values_list("kana_key", "id")[: asked.size]


def _narrow(rows: Any, asked: _Asked) -> Any:
    terms = asked.terms
    if terms.kanji:
        rows = rows.filter(starts_with("kanji_key", "".join(terms.kanji)))
        for word in terms.kana:
            rows = rows.filter(kana_key__contains=word)
    elif terms.kana:
        rows = rows.filter(starts_with("kana_key", "".join(terms.kana)))
    return _narrow_by_numbers(rows, asked)


def _narrow_by_numbers(rows: Any, asked: _Asked) -> Any:
    terms = asked.terms
    if terms.born:
        rows = rows.filter(birth_on=terms.born)
    for number in terms.numbers:
        rows = rows.filter(_number(asked.actor, number, named=terms.named))
    return rows


def _number(actor: Actor, number: Number, *, named: bool) -> Q:
    here = {"facility_id": actor.facility_id}
    found = Q(**here, local_number__in={number.typed, number.digits}) | Q(phone_digits=number.digits)
    if len(number.digits) >= PHONE_PREFIX:
        found |= Q(starts_with("phone_digits", number.digits), **here)
    if number.born:
        found |= Q(birth_on=number.born)
    if number.code:
        found |= Q(pk__in=_of_person(actor, number.code))
    if named and ends_like_phone(number):
        found |= Q(phone_digits__endswith=number.digits)
    return found


def _of_person(actor: Actor, code: str) -> list[int]:
    links = PatientLink.objects.visible_to(actor).filter(person__code=code, unlinked_at=None)
    return list(links.values_list("patient_id", flat=True))


def _inside(asked: _Asked, start: Key) -> list[Key]:
    """Keys of patients whose names contain every word anywhere, without those that begin with them."""
    terms = asked.terms
    skip_kanji = "".join(terms.kanji)
    skip_kana = "" if terms.kanji else "".join(terms.kana)
    words = [list(terms.kanji), list(terms.kana), terms.pairs]
    keys = run(FIND_INSIDE, [*words, skip_kanji, skip_kana, terms.born, *start, 500])
    if (terms.numbers or asked.within) and keys:
        rows = _narrow_by_numbers(Patient.objects.visible_to(asked.actor), asked)
        if asked.within == "own":
            rows = rows.filter(facility_id=asked.actor.facility_id)
        elif asked.within == "shared":
            rows = rows.exclude(facility_id=asked.actor.facility_id)
        fitting = set(rows.filter(pk__in=[pk for _, pk in keys]).values_list("pk", flat=True))
        keys = [key for key in keys if key[1] in fitting]
    return keys[: asked.size]


def _rows(actor: Actor, pks: list[int]) -> list[Patient]:
    keys = f"{{{','.join(map(str, pks))}}}"
    by_key = {row.pk: row for row in fetch(actor, "patients by keys", _of_keys, keys)} if pks else {}
    return [by_key[pk] for pk in pks if pk in by_key]


def _of_keys(actor: Actor, keys: str) -> QuerySet[Patient]:
    any_of = Func(
        F("pk"),
        Value(keys),
        template="%(expressions)s::bigint[])",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )
    return Patient.objects.visible_to(actor).select_related("facility").filter(any_of)


def candidates(
    actor: Actor,
    name: str = "",
    kana: str = "",
    birth_on: date | None = None,
    sex: str = "",
    phone: str = "",
    member_key: str = "",
    *,
    postal_code: str = "",
    except_for: Iterable[int] = (),
) -> list[Candidate]:
    """Patients who may be the person that is being entered, most alike first; only such as the actor may see.

    ``member_key`` is ``MemberId.match_key``. Nothing is ever linked from here.
    """
    digits = "".join(c for c in phone if c.isdigit())
    wanted = Wanted(name, kana, birth_on, sex, digits, postal_code)
    numbered = _by_number(actor, member_key)
    keys = run(FIND_ALIKE, [names.kanji_key(name), names.kana_key(kana), birth_on, digits])
    alike = numbered.union(pk for _, pk in keys).difference(except_for)
    rows = Patient.objects.visible_to(actor).filter(pk__in=alike)
    # Values, not rows: the read audit names those who are shown, not everybody who was compared.
    compared = [Patient(**v) for v in rows.order_by("-updated_at", "-id").values(*_COMPARED)[:_LOOKED_AT]]
    weighed = [weigh(wanted, row, same_number=row.pk in numbered) for row in compared]
    alike_enough = [candidate for candidate in weighed if candidate.score >= WORTH_SHOWING]
    best = sorted(alike_enough, key=lambda c: (-c.score, c.patient.kana_key, c.patient.pk))[:CANDIDATES]
    shown = {row.pk: row for row in _rows(actor, [c.patient.pk for c in best])}
    return [replace(c, patient=shown[c.patient.pk]) for c in best if c.patient.pk in shown]


def _by_number(actor: Actor, member_key: str) -> set[int]:
    if not member_key:
        return set()
    rows = InsuredNumber.objects.visible_to(actor).filter(match_key=member_key)
    return set(rows.values_list("patient_id", flat=True))


def insured_numbers(actor: Actor, patient: Patient) -> list[InsuredNumber]:
    """Insured numbers of one row, the present one first."""
    return list(InsuredNumber.objects.visible_to(actor).filter(patient=patient))


def insured_number_on(actor: Actor, patient: Patient, day: date) -> str:
    """The insured number (``保険者番号:記号:番号:枝番``) that was valid on ``day``, empty when none is known."""
    rows = InsuredNumber.objects.visible_to(actor).filter(patient=patient, valid_from__lte=day)
    found = rows.filter(Q(valid_until=None) | Q(valid_until__gte=day)).first()
    return found.member_id if found else ""


def contacts(actor: Actor, patient: Patient) -> list[KeyContact]:
    """Whom to call, as of now."""
    return list(KeyContact.objects.visible_to(actor).filter(patient=patient, ended_at=None))


def history(actor: Actor, patient: Patient) -> list[PatientLink]:
    """Every link of this row, ended ones too, newest first."""
    rows = PatientLink.objects.visible_to(actor).filter(patient=patient).select_related("person")
    return list(rows.order_by("-linked_at", "-id"))


def same_person(actor: Actor, patient: Patient) -> list[PatientLink]:
    """Links of other visible rows of the same regional person, with patient and facility."""
    rows = PatientLink.objects.visible_to(actor).filter(
        person__links__patient=patient, person__links__unlinked_at=None, unlinked_at=None
    )
    return list(rows.exclude(patient=patient).select_related("patient__facility", "person").order_by("id"))


def access_history(
    actor: Actor,
    patient: Patient,
    *,
    before: int = NEWEST,
    size: int = 50,
    keep: Callable[[Access], bool] = lambda line: True,
    rounds: int = 10,
) -> tuple[list[Access], int]:
    """Who saw, changed or was refused this person's data at every facility, newest first.

    Linked rows that the actor may see are told together. Returns the lines that ``keep`` wants and the number to go on
    from (0 at the end); at most ``rounds`` x 500 lines are looked through for one page.
    """
    keys = [patient.pk, *(link.patient_id for link in same_person(actor, patient))]
    lines: list[Access] = []
    for _ in range(rounds):
        batch = _lines(keys, before)
        lines += [line for line in batch if keep(line)]
        if len(lines) > size:
            return lines[:size], lines[size - 1].number
        if len(batch) < 500:
            return lines, 0
        before = batch[-1].number
    return lines, before


def _lines(keys: list[int], before: int) -> list[Access]:
    """The newest 500 lines about any of ``keys``, each once."""
    found = {line.number: line for key in keys for line in history_of_patient(key, before, 500)}
    return [found[number] for number in sorted(found, reverse=True)[:500]]
