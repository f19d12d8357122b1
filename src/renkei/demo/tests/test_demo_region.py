"""The demo region: complete, the same every time, and coherent as medicine and as workflow."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from renkei.demo import DEMO_START, Region, region
from renkei.demo.model import ReferralPlan
from renkei.demo.names import romanise
from renkei.demo.scenarios import scenario, scenarios
from renkei.demo.timeline import TARGETS
from renkei.kernel.clock import jst_date
from renkei.kernel.roles import Role
from renkei.referrals.types import LetterContent, ReplyKind, State

RENKEI = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo() -> Region:
    """The region of the default seed."""
    return region()


@pytest.fixture(scope="module")
def plans(demo: Region) -> list[ReferralPlan]:
    """All referrals of the default seed."""
    return list(demo.referrals())


def _lane(plans: list[ReferralPlan], *states: State) -> list[ReferralPlan]:
    return [p for p in plans if p.kind == "referral" and p.receiver == "H1" and p.state in states]


def test_the_region_has_the_promised_size(demo: Region, plans: list[ReferralPlan]) -> None:
    assert len(demo.facilities) == 62
    assert len(demo.staff) == 200
    assert len(demo.patients) == 2000
    assert len(plans) == 3000
    assert 40 <= len(scenarios()) <= 60


def test_the_same_seed_gives_the_same_region_and_another_seed_another(
    demo: Region, plans: list[ReferralPlan]
) -> None:
    again = region()
    assert again == demo
    assert list(again.referrals()) == plans
    assert region(seed=7).patients != demo.patients


def test_institution_numbers_are_well_formed_fictional_and_unique(demo: Region) -> None:
    numbers = [f.institution_number for f in demo.facilities if f.kind in {"hospital", "clinic", "dental"}]
    assert all(re.fullmatch(r"14[1-3]99[0-9]{5}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    others = {f.institution_number for f in demo.facilities if f.kind not in {"hospital", "clinic", "dental"}}
    assert others == {""}


def test_phone_numbers_belong_to_nobody(demo: Region) -> None:
    phones = [f.phone for f in demo.facilities] + [p.phone for p in demo.patients]
    assert all(re.fullmatch(r"0463-00-\d{4}|090-0000-\d{4}", phone) for phone in phones)


def test_the_alliance_has_fifteen_facilities_in_five_corporations(demo: Region) -> None:
    members = Counter(f.alliance for f in demo.facilities if f.alliance)
    assert members == {"a": 7, "b": 2, "c": 1, "d": 1, "e": 4}


def test_logins_and_keys_are_unique_and_point_at_known_facilities(demo: Region) -> None:
    keys = {f.key for f in demo.facilities}
    for names in (
        [s.login for s in demo.staff],
        [p.key for p in demo.patients],
        [d.key for d in demo.departments],
        [f.key for f in demo.facilities],
    ):
        assert len(set(names)) == len(names)
    assert {s.facility for s in demo.staff} <= keys
    assert {p.facility for p in demo.patients} <= keys
    assert all(re.fullmatch(r"[a-z]+[0-9]*\.[a-z]+[0-9]*", s.login) for s in demo.staff)
    assert {"sato.h1", "ishida.h1", "takahashi.h1", "mori.h1", "oka.h1", "aoki.c1", "kimura.c1"} <= {
        s.login for s in demo.staff
    }


def test_every_role_is_played_and_every_clinic_has_a_physician(demo: Region) -> None:
    assert {role for s in demo.staff for role in s.roles} == set(Role)
    doctors = {s.facility for s in demo.staff if {Role.PHYSICIAN, Role.DENTIST} & set(s.roles)}
    assert doctors >= {f.key for f in demo.facilities if f.kind in {"hospital", "clinic", "dental"}}


def test_variant_characters_and_second_facilities_are_among_the_patients(demo: Region) -> None:
    letters = {letter for p in demo.patients for letter in p.name}
    assert set("髙﨑邉𠮷濵齋") <= letters
    assert sum(bool(p.also) for p in demo.patients) > 250
    assert any(p.also and p.also[0].name != p.name for p in demo.patients)
    old = sum(p.age_on(DEMO_START.date()) >= 65 for p in demo.patients)
    assert old / len(demo.patients) > 0.5


def test_kana_is_katakana_and_romanised_without_long_vowels(demo: Region) -> None:
    assert all(re.fullmatch(r"[ァ-ヶー]+ [ァ-ヶー]+", p.kana) for p in demo.patients)
    assert [romanise(k) for k in ("サトウ", "オオノ", "イノウエ", "キョウゴク")] == [
        "sato",
        "ono",
        "inoue",
        "kyogoku",
    ]


def test_all_states_occur(plans: list[ReferralPlan]) -> None:
    assert {p.state for p in plans} == set(State)


def test_every_timeline_runs_forward_and_ends_in_its_state(plans: list[ReferralPlan]) -> None:
    for plan in plans:
        instants = [move.at for move in plan.moves]
        assert instants == sorted(set(instants)), plan.key
        assert all(at < DEMO_START for at in instants)
        assert not instants or plan.created_at < instants[0]
        state = State.DRAFT
        for move in plan.moves:
            final = move.name == "send_reply" and move.note == ReplyKind.FINAL_REPORT
            state = State.FINAL_REPLY if final else TARGETS[move.name] or state
        assert state is plan.state, plan.key


def test_replies_match_their_moves_and_closed_letters_have_a_report_or_a_reason(
    plans: list[ReferralPlan],
) -> None:
    for plan in plans:
        sent = [(m.at, m.note) for m in plan.moves if m.name == "send_reply"]
        assert sent == [(r.at, r.kind) for r in plan.replies]
        if plan.state is State.CLOSED:
            final = any(r.kind is ReplyKind.FINAL_REPORT for r in plan.replies)
            assert final or (plan.moves[-1].name == "close_without_report" and plan.moves[-1].note)
    assert {r.kind for p in plans for r in p.replies} == set(ReplyKind)


def test_age_and_sex_fit_the_scenario_on_the_day_of_writing(demo: Region, plans: list[ReferralPlan]) -> None:
    patients = {p.key: p for p in demo.patients}
    profile = {f.key: f.profile for f in demo.facilities}
    for plan in plans:
        if plan.kind == "referral":
            patient, told = patients[plan.patient], scenario(plan.scenario)
            day = jst_date(plan.moves[0].at) if plan.moves else jst_date(plan.created_at)
            assert patient.facility == plan.sender
            assert told.fits(profile[plan.sender], patient.sex, patient.age_on(day)), plan.key


def test_letters_are_complete_and_free_of_control_characters(plans: list[ReferralPlan]) -> None:
    for plan in plans:
        content = plan.content
        assert content.purpose
        assert content.diagnoses
        assert content.course
        assert len(content.purpose) <= 200
        assert LetterContent.from_json(content.to_json()) == content
        texts = [str(value) for value in content.to_json().values()]
        texts += (
            [r.text for r in plan.replies] + [m.text for m in plan.messages] + [m.note for m in plan.moves]
        )
        for text in texts:
            assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Co"} for letter in text)
            assert not re.search(r"\{[a-z_0-9]+\}", text)


def test_actors_work_at_the_side_they_act_for(demo: Region, plans: list[ReferralPlan]) -> None:
    logins = {s.login: {s.facility, *s.also_at} for s in demo.staff}
    for plan in plans:
        assert plan.sender in logins[plan.physician]
        for move in plan.moves:
            assert logins[move.actor] & {plan.sender, plan.receiver}
        for reply in plan.replies:
            assert plan.receiver in logins[reply.author], plan.key


def test_back_referrals_answer_a_referral_of_the_same_patient(plans: list[ReferralPlan]) -> None:
    by_key = {p.key: p for p in plans}
    back = [p for p in plans if p.kind == "back_referral"]
    assert len(back) > 300
    for plan in back:
        origin = by_key[plan.origin]
        assert (origin.sender, origin.receiver, origin.patient) == (plan.receiver, plan.sender, plan.patient)


def test_the_first_morning_desk_of_h1_holds_what_it_should(plans: list[ReferralPlan]) -> None:
    assert len(_lane(plans, State.SENT, State.RECEIVED)) == 7
    assert len(_lane(plans, State.ACCEPTED, State.OFFERED)) == 5
    booked = [p.appointment_at for p in _lane(plans, State.BOOKED)]
    assert sum(at is not None and at.date() == DEMO_START.date() for at in booked) == 11
    assert all(at is not None and at > DEMO_START for at in booked)
    assert sum(p.back_referral_planned for p in _lane(plans, State.FINAL_REPLY)) == 9
    assert len(_lane(plans, State.FINAL_REPLY)) == 9


def test_exactly_six_replies_of_h1_are_late(plans: list[ReferralPlan]) -> None:
    """Late: no arrival notice after 3 days, no first report after 14, no final report after 30 (rules B.5)."""
    late = []
    for plan in _lane(plans, State.ARRIVED, State.ADMITTED):
        days = (DEMO_START - next(m.at for m in plan.moves if m.name == "arrive")).days
        kinds = {r.kind for r in plan.replies}
        if (
            (days >= 3 and ReplyKind.ARRIVAL_NOTICE not in kinds)
            or (days >= 14 and ReplyKind.FIRST_REPORT not in kinds)
            or days >= 30
        ):
            late.append(plan.desk)
    assert late == ["overdue"] * 6


def test_the_cast_stands_on_the_desk(demo: Region, plans: list[ReferralPlan]) -> None:
    names = {p.key: p.name for p in demo.patients}
    lanes = {names[p.patient]: p.desk for p in plans if p.desk}
    assert lanes["鈴木 一郎"] == "date"
    assert lanes["加藤 ゆり"] == "today"
    assert lanes["田所 正"] == "new"
    ages = {p.name: p.age_on(DEMO_START.date()) for p in demo.patients[:4]}
    assert ages == {"山田 花子": 82, "鈴木 一郎": 67, "加藤 ゆり": 31, "田所 正": 78}


def test_the_access_map_is_a_small_picture() -> None:
    picture = (Path(__file__).parents[1] / "midori_map.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 60_000


def _rows(path: str) -> list[dict[str, str]]:
    with (RENKEI / path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_areas_hold_all_prefectures_and_kanagawa_in_full() -> None:
    rows = _rows("directory/data/areas.csv")
    codes = {row["code"]: row for row in rows}
    assert len(codes) == len(rows)
    levels = Counter(row["level"] for row in rows)
    assert levels == {"prefecture": 47, "secondary_area": 9, "municipality": 61}
    assert all(row["parent"] in codes for row in rows if row["level"] != "prefecture")
    assert all(re.fullmatch(r"[ァ-ヶー]+", row["kana"]) for row in rows)
    assert codes[codes["14214"]["parent"]]["name"] == "湘南西部"


def test_disease_names_and_departments_are_unique_with_kana() -> None:
    diseases = _rows("terms/data/diseases.csv")
    assert len(diseases) >= 400
    assert len({row["label"] for row in diseases}) == len(diseases)
    assert all(re.fullmatch(r"[ァ-ヶー]+", row["kana"]) for row in diseases)
    assert all(re.fullmatch(r"([A-Z]\d\d(\.\d)?)?", row["icd10"]) for row in diseases)
    assert {row["management_number"] for row in diseases} == {""}
    departments = _rows("terms/data/departments.csv")
    assert len({row["label"] for row in departments}) == len(departments) >= 45
    assert all(re.fullmatch(r"(\d\d)?", row["code"]) for row in departments)
