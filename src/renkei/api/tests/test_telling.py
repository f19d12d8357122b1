"""The line of the trail that goes with the question itself says what a line that is written afterwards would say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from renkei.api.tests.conftest import Caller, everything
from renkei.api.tests.test_patient import LOCAL, new_patient
from renkei.audit.models import AuditEntry, Outcome
from renkei.audit.trail import values_beside
from renkei.fhirkit.server import telling
from renkei.gate import compiled
from renkei.gate.backend.base import DatabaseWrapper
from renkei.referrals.permissions import P as REFERRALS
from testing.cast import Cast
from testing.database import arranging

Make = Callable[..., Caller]
APART = ("id", "at", "request_id")
"""What differs between any two lines."""


@pytest.fixture
def last(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Questions that took their line along."""
    asked: list[str] = []
    run = DatabaseWrapper.run_last

    def listen(self: DatabaseWrapper, sql: str, params: Any) -> Any:
        asked.append(sql)
        return run(self, sql, params)

    monkeypatch.setattr(DatabaseWrapper, "run_last", listen)
    return asked


def lines() -> list[dict[str, Any]]:
    """The read entries so far."""
    with arranging():
        return list(AuditEntry.objects.filter(outcome=Outcome.READ).order_by("id").values())


def line_of(caller: Caller, path: str) -> dict[str, Any]:
    """The one entry that a call leaves, without what differs between any two."""
    before = len(lines())
    assert caller.get(path).status_code == 200
    (line,) = lines()[before:]
    return {name: value for name, value in line.items() if name not in APART}


def somebody(number: int) -> dict[str, Any]:
    """A patient with a number, a day of birth and a telephone of their own."""
    return new_patient(
        identifier=[{"system": LOCAL, "value": f"90{number}"}],
        birthDate=f"19{5 + number}0-04-0{1 + number}",
        telecom=[{"system": "phone", "value": f"0463-00-010{number}"}],
    )


def order(patient: str, cast: Cast) -> dict[str, Any]:
    """A referral of C1 to H1."""
    here, there = (cast.facility(code).uid for code in ("C1", "H1"))
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"text": "精査をお願いします。"},
        "subject": {"reference": f"Patient/{patient}"},
        "requester": {"reference": f"Organization/{here}"},
        "performer": [{"reference": f"Organization/{there}"}],
    }


@pytest.mark.parametrize(
    "path",
    [
        "Patient/{patient}",
        "Patient?_id={patient},{other}",
        "Patient?_id={patient},{other}&_count=1",
        "Patient?_id={patient}&_elements=birthDate",
        "ServiceRequest/{referral}",
        "ServiceRequest?status=draft&_sort=-authored&_count=1",
        "ServiceRequest?status=draft",
    ],
)
def test_both_lines_say_the_same(
    path: str, cast: Cast, caller: Make, last: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    c1 = caller("C1", everything() | {str(permission) for permission in REFERRALS})
    first, second = (c1.post("Patient", somebody(number)).json()["id"] for number in (1, 2))
    referrals = [c1.post("ServiceRequest", order(first, cast)).json()["id"] for _ in range(2)]
    where = path.format(patient=first, other=second, referral=referrals[0])
    last.clear()
    with_it = line_of(c1, where)
    assert len(last) == 1
    for name in ("of_read", "of_search"):
        monkeypatch.setattr(telling, name, lambda *given: None)
    afterwards = line_of(c1, where)
    assert len(last) == 1
    assert with_it == afterwards
    assert with_it["patient_ids"]
    assert with_it["facility_id"] == cast.facility("C1").pk


def test_a_page_names_what_it_shows_and_not_the_row_behind_it(caller: Make, last: list[str]) -> None:
    c1 = caller("C1")
    for number in range(3):
        c1.post("Patient", somebody(number))
    line = line_of(c1, "Patient?_count=2")
    assert len(last) == 1
    assert [len(keys) for keys in line["shown"].values()] == [2]
    assert len(line["patient_ids"]) == 2


@pytest.mark.parametrize(
    "path", ["Patient/01900000-0000-7000-8000-000000000000", "ServiceRequest?status=active"]
)
def test_what_finds_nothing_leaves_no_line(path: str, caller: Make, last: list[str]) -> None:
    c1 = caller("C1")
    assert c1.get(path).status_code in (200, 404)
    assert len(last) == 1
    assert lines() == []


@pytest.mark.parametrize(
    "path",
    ["Patient?_total=accurate", "Patient?_revinclude=ServiceRequest:subject", "Patient?_summary=count"],
)
def test_what_asks_more_is_told_at_the_end(path: str, caller: Make, last: list[str]) -> None:
    c1 = caller("C1")
    c1.post("Patient", new_patient())
    last.clear()
    assert c1.get(path).status_code == 200
    assert last == []


def test_a_version_that_the_client_has_leaves_no_line(caller: Make, last: list[str]) -> None:
    c1 = caller("C1")
    made = c1.post("Patient", new_patient())
    last.clear()
    before = len(lines())
    assert c1.get(f"Patient/{made.json()['id']}", If_None_Match=made["ETag"]).status_code == 304
    assert (last, len(lines())) == ([], before)


def test_a_line_that_cannot_be_written_keeps_the_row_back(
    caller: Make, last: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    c1 = caller("C1")
    made = c1.post("Patient", new_patient()).json()["id"]
    monkeypatch.setattr(
        compiled, "values_beside", lambda line, label, most: [*values_beside(line, label, most)[:-1], None]
    )
    last.clear()
    answer = c1.get(f"Patient/{made}")
    assert len(last) == 1
    assert answer.status_code == 422
    assert "田中" not in answer.content.decode()
