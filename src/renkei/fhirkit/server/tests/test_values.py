"""Search values as they are written: tokens, references, and dates with their precision in Japan."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from renkei.fhirkit.server.messages import read_params
from renkei.fhirkit.server.refusals import BadRequest
from renkei.fhirkit.server.values import Ref, Token, read_reference, read_span, read_token, read_uuid
from renkei.kernel.clock import jst


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2026", jst(2026, 1, 1), jst(2027, 1, 1)),
        ("2026-12", jst(2026, 12, 1), jst(2027, 1, 1)),
        ("2024-02", jst(2024, 2, 1), jst(2024, 3, 1)),
        ("2026-06-01", jst(2026, 6, 1), jst(2026, 6, 2)),
        ("2026-06-01T09:30", jst(2026, 6, 1, 9, 30), jst(2026, 6, 1, 9, 31)),
        (
            "2026-06-01T00:30:00Z",
            datetime(2026, 6, 1, 0, 30, tzinfo=UTC),
            datetime(2026, 6, 1, 0, 30, 1, tzinfo=UTC),
        ),
        ("2026-06-01T09:30:00+09:00", jst(2026, 6, 1, 9, 30), datetime(2026, 6, 1, 0, 30, 1, tzinfo=UTC)),
        ("2026-06-01T09:30:00 09:00", jst(2026, 6, 1, 9, 30), datetime(2026, 6, 1, 0, 30, 1, tzinfo=UTC)),
    ],
)
def test_a_date_stands_for_all_the_time_its_precision_leaves_open(
    written: str, start: datetime, end: datetime
) -> None:
    found = read_span(written)
    assert found is not None
    assert (found.prefix, found.start, found.end) == ("eq", start, end)


def test_a_fraction_of_a_second_is_exact() -> None:
    found = read_span("ge2026-06-01T00:00:00.25Z")
    assert found is not None
    assert (found.prefix, (found.end - found.start).microseconds) == ("ge", 10_000)


@pytest.mark.parametrize(
    "written",
    ["", "26", "2026-13", "2026-02-30", "2026-06-01T25:00", "xx2026", "0000", "9999", "2026-6-1", "２０２６"],
)
def test_what_is_no_date_is_none(written: str) -> None:
    assert read_span(written) is None


def test_tokens_with_and_without_system() -> None:
    assert read_token("male") == Token("male", None)
    assert read_token("http://a|b") == Token("b", "http://a")
    assert read_token("|b") == Token("b", "")
    assert read_token("http://a|") == Token("", "http://a")
    assert read_token("male").fits("anything")
    assert not read_token("|b").fits("http://a")


def test_references_in_their_three_spellings() -> None:
    one = ("Patient",)
    for written in ("Patient/x", "x", "http://h/fhir/Patient/x", "Patient/x/_history/3"):
        assert read_reference(written, one, "http://h/fhir/") == Ref("Patient", "x")
    assert read_reference("x", ("Patient", "Group"), "") == Ref("", "x")
    for written in (
        "Group/x",
        "http://elsewhere/fhir/Patient/x",
        "urn:uuid:1",
        "Patient/",
        "Patient/x y",
        "a/b/c",
    ):
        assert read_reference(written, one, "http://h/fhir/") is None


def test_an_id_in_another_spelling_is_no_row() -> None:
    assert read_uuid("0190a000-0000-7000-8000-000000000000") is not None
    for written in ("0190a000000070008000000000000000", "{0190a000-0000-7000-8000-000000000000}", "1", ""):
        assert read_uuid(written) is None


def test_parameters_with_what_no_column_holds_are_refused() -> None:
    assert read_params("name=%E9%88%B4&name=") == [("name", "鈴"), ("name", "")]
    for query in ("a=%00", "a%0a=1", "a=%ff", "&".join("a=1" for _ in range(101))):
        with pytest.raises(BadRequest):
            read_params(query)
