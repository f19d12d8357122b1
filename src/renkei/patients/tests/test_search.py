"""One box finds a patient by whatever the person at the desk has in hand."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from renkei.circles.actions import let_in, open_circle
from renkei.circles.types import Source
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.gate.writing import writing
from renkei.kernel import names
from renkei.patients import actions
from renkei.patients.models import Patient
from renkei.patients.queries import candidates, search, starts_with
from renkei.patients.searching import read_box
from renkei.patients.tests.factories import register
from testing.cast import Cast
from testing.database import arranging


def found(actor: Actor, text: str, **more: str) -> list[str]:
    with transaction.atomic(), acting(actor):
        return [row.name for row in search(actor, text, **more).rows]


@pytest.mark.parametrize(
    "text",
    [
        "𠮷田",
        "吉田",
        "吉田孝雄",
        "吉田　孝雄",
        "よしだ",
        "ﾖｼﾀﾞ",
        "ヨシダ タカオ",
        "孝雄",
        "たかお",
        "孝雄 吉田",
        "吉田 タカオ",
        "S30.5.5",
        "昭和30年5月5日",
        "昭和30年 5月5日",
        "1955-05-05",
        "19550505",
        "よしだ S30.5.5",
        "3300505",
    ],
)
def test_the_same_man_is_found_however_he_is_written(cast: Cast, text: str) -> None:
    assert found(cast.actor("kimura"), text) == ["𠮷田 孝雄"]


def test_variants_of_a_kanji_find_each_other(cast: Cast) -> None:
    actor = cast.actor("kimura")
    register(actor)
    register(actor, name="高田 かえで", kana="タカタ カエデ")
    for text in ("髙田", "高田"):
        assert found(actor, text) == ["高田 かえで", "髙田 さくら"]


def test_numbers_find_by_patient_number_telephone_and_regional_id(cast: Cast) -> None:
    actor = cast.actor("kimura")
    one = register(actor, local_number="00123", phone="0463-00-5678")
    other = register(actor, name="別 人", kana="ベツ ジン")
    with transaction.atomic(), acting(actor):
        code = actions.link(actor, one, other=other, reason="資格確認書で確認").code
    for text in ("00123", "０４６３－００－５６７８", "0463005678", "046300", "たかた 5678", "髙田 S35.4.2"):
        assert found(actor, text) == ["髙田 さくら"], text
    assert sorted(found(actor, code)) == ["別 人", "髙田 さくら"]
    assert found(actor, "99999") == []


def test_names_that_begin_with_the_word_stand_before_names_that_contain_it(cast: Cast) -> None:
    actor = cast.actor("kimura")
    register(actor, name="花田 誠", kana="ハナダ マコト")
    assert found(actor, "ハナ") == ["花田 誠", "山田 花子"]


def test_pages_follow_each_other_without_gap_or_repeat(cast: Cast) -> None:
    actor = cast.actor("kimura")
    for number in range(7):
        register(actor, name=f"花田 {'一二三四五六七'[number]}郎", kana="ハナダ ジロウ")
    with transaction.atomic(), acting(actor):
        seen: list[int] = []
        after = ""
        for _ in range(20):
            page = search(actor, "ハナ", 3, after)
            seen += [row.pk for row in page.rows]
            after = page.after
            if not after:
                break
        everybody = set(
            Patient.objects.visible_to(actor).filter(kana_key__contains="ハナ").values_list("pk", flat=True)
        )
    assert len(seen) == len(set(seen)) == 8
    assert set(seen) == everybody


def test_nobody_finds_a_patient_outside_their_circles(cast: Cast) -> None:
    for text in ("吉田", "孝雄", "S30.5.5", ""):
        assert "𠮷田 孝雄" not in found(cast.actor("hayashi"), text)
        assert found(cast.outsiders()[0], text) == []


def test_a_shared_patient_is_found_and_can_be_listed_apart(cast: Cast) -> None:
    clinic, hospital = cast.actor("aoki"), cast.actor("sato")
    with transaction.atomic(), acting(clinic), writing("test", clinic):
        circle = open_circle(clinic, cast.patient("yoshida"), purpose="test")
        let_in(circle, hospital.facility_id, source=Source.REFERRAL)
    register(hospital, name="吉田 次郎", kana="ヨシダ ジロウ")
    assert found(hospital, "吉田") == ["吉田 次郎", "𠮷田 孝雄"]
    assert found(hospital, "", within="shared") == ["𠮷田 孝雄"]
    assert found(hospital, "孝雄", within="own") == []
    assert found(hospital, "孝雄", within="shared") == ["𠮷田 孝雄"]


@pytest.mark.parametrize(
    "text", ["%", "_", "'; DROP", "\\", "x" * 5000, "i99999", "　", "ー", "-", "(", "\x00髙"]
)
def test_odd_input_finds_nobody_or_somebody_but_never_breaks(cast: Cast, text: str) -> None:
    assert isinstance(found(cast.actor("kimura"), text), list)
    assert isinstance(found(cast.actor("kimura"), "", after=text), list)


def test_words_are_read_as_what_they_are() -> None:
    terms = read_box("山田 ハナコ S19.2.10 0463-00-0001")
    assert (terms.kanji, terms.kana, terms.born) == (("山田",), ("ハナコ",), date(1944, 2, 10))
    assert [n.digits for n in terms.numbers] == ["0463000001"]


SCANS = "SELECT pg_stat_get_xact_numscans('patient_by_part'::regclass)"


def many(facility_id: int, count: int = 20_000) -> None:
    """Rows enough that the planner has a choice."""
    with arranging(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO patients_patient (version, uid, facility_id, local_number, name, kana, kanji_key, kana_key,
                 bigrams, birth_on, sex, postal_code, address, phone, phone_digits, occupation, created_at, updated_at)
               SELECT 1, gen_random_uuid(), %s, '', '患' || n, 'カ', '患' || chr(19968 + n %% 9000) || n, 'カ' || chr(12450 + n %% 80) || n,
                 ARRAY['患' || chr(19968 + n %% 9000), chr(19968 + n %% 9000) || '一']::varchar[], date '1930-01-01' + n %% 30000,
                 'male', '', '', '', '', '', now(), now() FROM generate_series(1, %s) n""",
            [facility_id, count],
        )
        cursor.execute("RESET ROLE")
        cursor.execute("ANALYZE patients_patient")
        cursor.execute("SET ROLE renkei_worker")


def test_a_prefix_uses_the_index_under_the_role_of_the_web(cast: Cast) -> None:
    actor = cast.actor("kimura")
    many(actor.facility_id)
    with transaction.atomic(), acting(actor), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("renkei_app",)
        rows = Patient.objects.visible_to(actor).filter(facility_id=actor.facility_id)
        for field in ("kana_key", "kanji_key"):
            prefix = "カタ" if field == "kana_key" else "患丂"
            plan = rows.filter(starts_with(field, prefix)).order_by("kana_key", "id")[:50].explain()
            assert "Seq Scan on patients_patient" not in plan, plan
            assert f"{field})::text >= " in plan or f"{field} >= " in plan.replace("(", "").replace(
                ")::text", ""
            ), plan


def test_a_part_of_a_name_uses_the_index_on_pairs_inside_the_function(cast: Cast) -> None:
    actor = cast.actor("kimura")
    many(actor.facility_id)
    register(actor, name="最上 義光", kana="モガミ ヨシミツ")
    with transaction.atomic(), acting(actor):
        with connection.cursor() as cursor:
            cursor.execute(SCANS)
            before = cursor.fetchone()[0]
        assert [row.name for row in search(actor, "義光").rows] == ["最上 義光"]
        with connection.cursor() as cursor:
            cursor.execute(SCANS)
            assert cursor.fetchone()[0] > before


def test_a_search_asks_the_database_the_same_number_of_times_for_one_and_for_many(cast: Cast) -> None:
    actor = cast.actor("kimura")
    counts = []
    for _ in range(2):
        with transaction.atomic(), acting(actor), CaptureQueriesContext(connection) as asked:
            search(actor, "ハナ")
        counts.append(len(asked))
        for number in range(12):
            register(actor, name=f"花田 {number}", kana="ハナダ")
    assert counts[0] == counts[1]


def test_candidates_say_why_and_come_only_from_visible_patients(cast: Cast) -> None:
    actor = cast.actor("kimura")
    mine = register(actor, phone="0463-00-1111")
    register(cast.actor("hayashi"))
    with transaction.atomic(), acting(actor):
        proposed = candidates(actor, "高田 さくら", "タカタ サクラ", date(1960, 4, 2), "female", "0463001111")
    assert [c.patient.pk for c in proposed] == [mine.pk]
    assert proposed[0].reasons == (
        "カナが同じ",
        "漢字氏名が異体字まで同じ",
        "生年月日が同じ",
        "電話番号が同じ",
    )
    assert not proposed[0].certain
    with transaction.atomic(), acting(cast.actor("sato")) as other:
        assert candidates(other, "高田 さくら", "タカタ サクラ", date(1960, 4, 2), "female") == []


def test_an_insured_number_with_birth_date_and_sex_is_certain(cast: Cast) -> None:
    actor = cast.actor("kimura")
    mine = register(actor)
    with transaction.atomic(), acting(actor):
        row = actions.add_insured_number(
            actor, mine, insurer="138057", symbol="あ", number="１８７", valid_from=date(2025, 4, 1)
        )
        proposed = candidates(actor, birth_on=mine.birth_on, sex="female", member_key=row.match_key)
        assert proposed[0].certain
        other_day = candidates(actor, birth_on=date(1961, 4, 2), sex="female", member_key=row.match_key)
        assert not other_day[0].certain


def test_twins_and_people_of_the_same_name_are_flagged(cast: Cast) -> None:
    actor = cast.actor("kimura")
    register(actor, name="髙田 さくら", kana="タカタ サクラ")
    with transaction.atomic(), acting(actor):
        twin = candidates(actor, "髙田 もみじ", "タカタ モミジ", date(1960, 4, 2), "female")
        namesake = candidates(actor, "髙田 さくら", "タカタ サクラ", date(1981, 9, 9), "female")
    assert "双子" in twin[0].cautions[0]
    assert "別人" in namesake[0].cautions[0]


def test_a_reading_that_differs_only_in_voicing_is_proposed_but_weaker(cast: Cast) -> None:
    actor = cast.actor("kimura")
    register(actor, name="山崎 進", kana="ヤマザキ ススム")
    with transaction.atomic(), acting(actor):
        loose = candidates(actor, "", "ヤマサキ ススム", date(1960, 4, 2))
        exact = candidates(actor, "", "ヤマザキ ススム", date(1960, 4, 2))
    assert "カナが濁点だけ違う" in loose[0].reasons
    assert loose[0].score < exact[0].score
    assert names.kana_key("ヤマサキ") != names.kana_key("ヤマザキ")


@pytest.mark.parametrize("told", [True, False])
def test_a_prepared_question_for_a_number_uses_the_index_of_those_that_have_one(
    cast: Cast, told: bool
) -> None:
    aoki = cast.actor("aoki")
    wanted = Q(local_number="A-1", local_number__said=True) if told else Q(local_number="A-1")
    with acting(aoki), transaction.atomic(), connection.cursor() as cursor:
        sql, values = (
            Patient.objects.visible_to(aoki).filter(wanted).order_by().values("pk").query.sql_with_params()
        )
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"PREPARE asked AS {sql.replace('%s', '${}')}".format(*range(1, len(values) + 1)))
        cursor.execute(f"EXPLAIN EXECUTE asked({', '.join(['%s'] * len(values))})", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE asked")
    by_number = "local_number_once" in plan or "patient_of_region_by_number" in plan
    assert by_number is told, plan
