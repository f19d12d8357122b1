"""A house searches among the patients it knows: its own, and those that others share with it now."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection, transaction

from renkei.circles.actions import let_in, let_out, open_circle
from renkei.circles.models import Circle, Member
from renkei.circles.types import Source
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.gate.writing import writing
from renkei.kernel import clock
from renkei.patients import naming
from renkei.patients.models import Patient
from renkei.patients.queries import candidates, search
from renkei.patients.searching import read_box
from renkei.patients.tests.factories import register
from testing.cast import Cast
from testing.database import arranging

TEXTS = ("", "吉田", "よしだ", "ヨ", "孝雄", "吉田 タカオ", "タカ", "ヨシ", "田", "S30.5.5", "よしだ S30.5.5")


def share(owner: Actor, patient: Patient, house: Actor) -> Circle:
    """One more circle of the patient with both houses in it."""
    with transaction.atomic(), acting(owner), writing("test", owner):
        circle = open_circle(owner, patient, purpose="test")
        let_in(circle, house.facility_id, source=Source.REFERRAL)
    return circle


def many_shared(owner: Actor, house: Actor, count: int) -> None:
    """Patients of ``owner`` whom ``house`` knows by an open period; their names have nothing to do with the texts."""
    with arranging(), connection.cursor() as cursor:
        cursor.execute(
            """WITH people AS (
                 INSERT INTO patients_patient (version, uid, facility_id, local_number, name, kana, kanji_key, kana_key,
                   bigrams, birth_on, sex, postal_code, address, phone, phone_digits, occupation, created_at, updated_at)
                 SELECT 1, gen_random_uuid(), %s, '', '患 ' || n, 'ワ', '患' || n, 'ワ' || n, ARRAY['患一'], date '1930-01-01',
                   'male', '', '', '', '', '', now(), now() FROM generate_series(1, %s) n RETURNING id),
               circles AS (
                 INSERT INTO circles_circle (version, uid, purpose, opened_at, owner_facility_id, patient_id)
                 SELECT 1, gen_random_uuid(), 'test', now(), %s, id FROM people RETURNING id, patient_id)
               INSERT INTO circles_member (version, uid, circle_id, patient_id, facility_id, level, source, valid_from,
                 valid_until, reason)
               SELECT 1, gen_random_uuid(), id, patient_id, %s, 3, 'referral', '2000-01-01', '9999-01-01', '' FROM circles""",
            [owner.facility_id, count, owner.facility_id, house.facility_id],
        )


def expected(actor: Actor, text: str) -> list[int]:
    """Every visible patient compared by hand, in the order of the search."""
    terms = read_box(text)
    begin, kana = "".join(terms.kanji or terms.kana), terms.kana if terms.kanji else ()
    found = []
    for row in Patient.objects.visible_to(actor):
        first = row.kanji_key if terms.kanji else row.kana_key
        begins = first.startswith(begin) and all(word in row.kana_key for word in kana)
        holds = all(word in row.kanji_key for word in terms.kanji) and all(
            word in row.kana_key for word in terms.kana
        )
        inside = terms.named and bool(terms.pairs) and holds
        if (begins or inside) and terms.born in (None, row.birth_on):
            found.append((not begins, row.kana_key, row.pk))
    return [pk for *_, pk in sorted(found)]


def paged(actor: Actor, text: str, size: int) -> list[int]:
    """The keys of all pages."""
    seen: list[int] = []
    after = ""
    while True:
        page = search(actor, text, size, after)
        seen += [row.pk for row in page.rows]
        after = page.after
        if not after:
            return seen


def people(cast: Cast) -> Actor:
    """The hospital knows two of its own, one shared twice, one shared and its own by another row, one no longer."""
    clinic, hospital = cast.actor("aoki"), cast.actor("sato")
    register(hospital, name="吉田 孝", kana="ヨシダ タカシ")
    register(hospital, name="大吉田 義雄", kana="オオヨシダ ヨシオ", birth_on=date(1955, 5, 5))
    for _circle in range(2):
        share(clinic, cast.patient("yoshida"), hospital)
    share(clinic, register(clinic, name="吉田 孝", kana="ヨシダ タカシ"), hospital)
    gone = share(clinic, register(clinic, name="吉田 貴子", kana="ヨシダ タカコ"), hospital)
    with transaction.atomic(), acting(clinic), writing("test", clinic):
        let_out(clinic, gone, hospital.facility_id, reason="終了")
    register(clinic, name="吉田 知", kana="ヨシダ トモ")
    return hospital


@pytest.mark.parametrize("others", [0, 5_001])
def test_what_is_found_is_what_the_house_may_see_each_once_and_in_order(cast: Cast, others: int) -> None:
    hospital = people(cast)
    many_shared(cast.actor("aoki"), hospital, others)
    with transaction.atomic(), acting(hospital):
        for text in ("吉田", "ヨ", "孝雄") if others else TEXTS:
            wanted = expected(hospital, text)
            assert paged(hospital, text, 2 if len(wanted) < 20 else 500) == wanted, text
        assert len(expected(hospital, "吉田")) == 4
        row = cast.patient("yoshida")
        alike = candidates(hospital, row.name, row.kana, row.birth_on)
        assert alike[0].patient.pk == row.pk
        assert "吉田 貴子" not in [c.patient.name for c in alike]


def test_own_and_shared_can_be_told_apart(cast: Cast) -> None:
    hospital = people(cast)
    with transaction.atomic(), acting(hospital):
        for text in TEXTS:
            own = {row.pk for row in search(hospital, text, within="own").rows}
            shared = {row.pk for row in search(hospital, text, within="shared").rows}
            assert not own & shared
            assert own | shared == {row.pk for row in search(hospital, text).rows}, text
            mine = Patient.objects.visible_to(hospital).filter(facility_id=hospital.facility_id)
            assert own <= set(mine.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(-2, -1, False), (-1, 0, False), (1, 2, False), (0, 1, True), (-1, 1, True)],
)
def test_a_period_counts_from_its_first_instant_until_before_its_last(
    cast: Cast, start: int, end: int, found: bool
) -> None:
    hospital, patient = cast.actor("sato"), cast.patient("yoshida")
    now = clock.jst(2026, 6, 1, 9)
    with arranging():
        circle = Circle.objects.create(patient=patient, owner_facility_id=patient.facility_id, purpose="test")
        Member.objects.create(
            circle=circle, patient=patient, facility_id=hospital.facility_id, source=Source.REFERRAL,
            valid_from=hours(now, start), valid_until=hours(now, end),
        )  # fmt: skip
    with clock.frozen(now), transaction.atomic(), acting(hospital):
        for text in ("吉田", "孝雄", "ヨ", "", "吉田 タカオ"):
            assert ("𠮷田 孝雄" in [row.name for row in search(hospital, text).rows]) is found, text
        alike = candidates(hospital, "吉田 孝雄", "ヨシダ タカオ", patient.birth_on)
        assert [c.patient.pk for c in alike] == [patient.pk] * found
        for part, text, how in (("name", "吉田", ""), ("given", "孝雄", ""), ("name", "𠮷田", "exact")):
            rows = Patient.objects.visible_to(hospital).filter(naming.where(hospital, part, text, how))
            assert [row.pk for row in rows] == [patient.pk] * found, (part, how)


def hours(now: datetime, count: int) -> datetime:
    return now + timedelta(hours=count)


@pytest.mark.parametrize("most", [2, 500])
@pytest.mark.parametrize("how", ["", "contains", "exact"])
@pytest.mark.parametrize("part", ["name", "family", "given"])
def test_the_names_of_the_api_find_the_same_with_few_and_with_many_shared(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, part: str, how: str, most: int
) -> None:
    hospital = people(cast)
    monkeypatch.setattr(naming, "MOST", most)
    texts = {"name": "吉田", "family": "ヨシダ", "given": "孝"}
    wanted = {
        ("name", ""): ["吉田 孝", "吉田 孝", "𠮷田 孝雄"],
        ("name", "contains"): ["吉田 孝", "吉田 孝", "大吉田 義雄", "𠮷田 孝雄"],
        ("name", "exact"): ["吉田 孝", "吉田 孝"],
        ("family", ""): ["吉田 孝", "吉田 孝", "𠮷田 孝雄"],
        ("family", "contains"): ["吉田 孝", "吉田 孝", "大吉田 義雄", "𠮷田 孝雄"],
        ("family", "exact"): ["吉田 孝", "吉田 孝", "𠮷田 孝雄"],
        ("given", ""): ["吉田 孝", "吉田 孝", "𠮷田 孝雄"],
        ("given", "contains"): ["吉田 孝", "吉田 孝", "𠮷田 孝雄"],
        ("given", "exact"): ["吉田 孝", "吉田 孝"],
    }[part, how]
    with transaction.atomic(), acting(hospital):
        condition = naming.where(hospital, part, texts[part], how)
        rows = Patient.objects.visible_to(hospital).filter(condition)
        assert sorted(row.name for row in rows) == wanted
