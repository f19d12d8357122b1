"""The rules alone: class of an area, what makes a function present, rounding, the casebook as read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from renkei.kernel.errors import Invalid
from renkei.publications.functions import catalog, reference
from renkei.publications.functions.prefill import fiscal_year_before, monthly_code
from renkei.publications.functions.tests.conftest import NOTHING_OF_PART_TWO, PART_ONE
from renkei.publications.functions.types import AreaClass, Form, area_class


def _form() -> Form:
    form = catalog.shipped(2026)
    assert form is not None
    return form


@pytest.mark.parametrize(
    ("population", "km2", "expected"),
    [
        (199_999, "1000", AreaClass.SPARSE),
        (100_000, "500", AreaClass.REGIONAL),
        (99_999, "10", AreaClass.LARGE),
        (200_000, "5000", AreaClass.REGIONAL),
        (150_000, "600", AreaClass.REGIONAL),
        (150_000, "833.34", AreaClass.SPARSE),
        (1_000_000, "100000", AreaClass.LARGE),
        (999_999, "100000", AreaClass.REGIONAL),
        (4_000, "2", AreaClass.LARGE),
        (3_999, "2", AreaClass.SPARSE),
        (100_000, "500.01", AreaClass.SPARSE),
    ],
)
def test_the_class_of_an_area_follows_population_and_density(
    population: int, km2: str, expected: str
) -> None:
    assert area_class(population, Decimal(km2), _form().classes) == expected


def test_part_one_is_held_only_when_every_requirement_is_fulfilled() -> None:
    form = _form()
    assert catalog.holds_part_one(form, PART_ONE)
    for key, value in (("posted", "0"), ("consultation", "0"), ("domains", ["0"])):
        assert not catalog.holds_part_one(form, PART_ONE | {key: value}), key
        assert [i.key for i in catalog.unmet(form, PART_ONE | {key: value})] == [key]


def test_training_asks_only_whether_there_is_somebody() -> None:
    without = {k: v for k, v in PART_ONE.items() if k != "training_fte"} | {"training": "0"}
    assert catalog.holds_part_one(_form(), without)
    lacking = {k: v for k, v in PART_ONE.items() if k != "training_fte"}
    assert [i.key for i in catalog.missing(_form().part_one, lacking)] == ["training_fte"]


@pytest.mark.parametrize(
    ("key", "value", "function"),
    [
        ("duty_rota", "2", "after_hours"),
        ("overtime_count", "1", "after_hours"),
        ("backup_beds", "5", "discharge"),
        ("referred_outpatients", "1", "discharge"),
        ("home_deaths", "2", "home_care"),
        ("home_visit_count", "12", "home_care"),
        ("care_opinion", "2", "care_link"),
    ],
)
def test_any_one_item_that_is_done_makes_its_function_present(key: str, value: str, function: str) -> None:
    form = _form()
    assert catalog.functions_present(form, NOTHING_OF_PART_TWO) == []
    assert catalog.functions_present(form, NOTHING_OF_PART_TWO | {key: value}) == [function]


def test_an_intention_is_data_but_no_function() -> None:
    meant = NOTHING_OF_PART_TWO | {"duty_rota": "1", "backup_beds": "3", "overtime_count": "0"}
    assert catalog.functions_present(_form(), meant) == []


@pytest.mark.parametrize(
    ("typed", "kept"), [("1.29", "1.2"), ("0.99", "0.9"), ("2", "2.0"), ("1.55", "1.5"), ("0.09", "0.0")]
)
def test_full_time_equivalents_lose_their_second_decimal_place(typed: str, kept: str) -> None:
    assert catalog.clean(_form().part_one, PART_ONE | {"training_fte": typed})["training_fte"] == kept


@pytest.mark.parametrize(
    "answers",
    [
        {"posted": "7"},
        {"domains": ["0", "3"]},
        {"domains": ["99"]},
        {"training": "1", "training_fte": "たくさん"},
        {"training": "1", "training_fte": "-1"},
        {"training": "1", "training_fte": "Infinity"},
    ],
)
def test_an_answer_that_the_form_does_not_know_is_refused_at_its_item(answers: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        catalog.clean(_form().part_one, answers)
    assert refused.value.field in answers


def test_an_item_that_is_not_asked_any_more_is_not_kept() -> None:
    assert "training_fte" not in catalog.clean(_form().part_one, PART_ONE | {"training": "0"})


def test_the_form_names_17_fields_40_diseases_and_says_what_is_uncertain() -> None:
    form = _form()
    domains, diseases = form.item("domains"), form.item("diseases")
    assert domains is not None
    assert diseases is not None
    assert (len(domains.options) - 1, len(diseases.options)) == (17, 40)
    assert not diseases.certain
    assert [i.key for i in form.part_two if i.number == "11"] == ["referred_outpatients"]
    assert not form.certain


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("year = 2026", "year = ", "TOML"),
        ('section = "posted"', 'section = "nowhere"', "nowhere"),
        ('met = ["1"]', 'met = ["9"]', "9"),
        ('key = "training"', 'key = "posted"', "posted"),
        ('period = "calendar_year"', 'period = "someday"', "someday"),
        ("[sections]", "[other]", "sections"),
    ],
)
def test_a_form_that_contradicts_itself_is_refused_with_the_place(before: str, after: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        catalog.read(_form().text.replace(before, after, 1))
    assert says in refused.value.message_ja
    assert refused.value.field == "text"


def test_the_year_before_ends_in_march_of_the_year_before_the_report() -> None:
    first, last = fiscal_year_before(2026)
    assert (first.isoformat(), last.isoformat()) == ("2024-04-01", "2025-03-31")


@pytest.mark.parametrize(
    ("mean", "code"),
    [(0, "0"), (0.08, "1"), (0.99, "1"), (1, "2"), (3, "3"), (5, "4"), (9.99, "4"), (10, "5")],
)
def test_the_monthly_mean_of_referred_outpatients_becomes_its_code(mean: float, code: str) -> None:
    assert monthly_code(mean) == code


def test_the_casebook_keeps_sure_likely_unread_and_blank_apart() -> None:
    cases = {row["number"]: row for row in reference.shipped()}
    assert len(cases) == 16
    assert cases[1]["marks"] == {"discharge": "sure", "care_link": "likely"}
    assert not cases[1]["other_certain"]
    assert cases[11]["marks"] == {
        "after_hours": "likely",
        "discharge": "unread",
        "home_care": "likely",
        "care_link": "unread",
    }
    assert cases[16]["marks"] == {"home_care": "likely"}
    assert all(cases[n]["marks"] == dict.fromkeys(cases[3]["marks"], "sure") for n in (3, 4, 8, 9, 10))
    assert cases[7]["printed_class"] == "sparse"
