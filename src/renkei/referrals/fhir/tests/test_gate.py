"""What a facility outside sees of a referral: nothing, by any address, search or include; and what a page costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.api.tests.conftest import Caller
from renkei.audit.models import AuditEntry, Outcome
from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import made, move, order, sent
from renkei.referrals.fhir.tests.test_papers import arrived, line, picture_of, reply
from testing.cast import Cast
from testing.database import arranging

OURS = (
    "ServiceRequest",
    "Task",
    "Communication",
    "DocumentReference",
    "Binary",
    "Provenance",
    "Bundle",
    "Composition",
    "Consent",
)
SEARCHED = tuple(kind for kind in OURS if kind not in ("Binary", "Bundle"))


def everything_of(cast: Cast, call: Call) -> dict[str, list[str]]:
    """A referral with a file, a line and two replies: the ids of all that is about it."""
    app, hospital = call(app="aoki"), call("H1")
    draft = made(app.post("ServiceRequest", order(cast, status="draft")))
    context = {"related": [{"reference": f"ServiceRequest/{draft['id']}"}]}
    made(picture_of(app, context=context))
    made(app.put(f"ServiceRequest/{draft['id']}", {**draft, "status": "active"}), 200)
    for state in ("received", "arrived"):
        made(move(hospital, draft["id"], state), 200)
    made(hospital.post("Communication", line(draft["id"])))
    made(hospital.post("Communication", reply(draft["id"], "arrival_notice")))
    found = {kind: hospital.ids(kind) for kind in SEARCHED}
    papers = made(hospital.get("DocumentReference"), 200)["entry"]
    urls = [c["attachment"]["url"] for e in papers for c in e["resource"]["content"]]
    for kind in ("Binary", "Bundle"):
        found[kind] = [u.split("/")[1] for u in urls if u.startswith(kind)]
    return found


def test_a_strange_facility_gets_404_and_empty_pages(cast: Cast, call: Call) -> None:
    known = everything_of(cast, call)
    assert all(known[kind] for kind in OURS if kind != "Consent"), known
    suzuki = cast.patient("suzuki").uid
    with arranging():
        before = AuditEntry.objects.filter(outcome=Outcome.READ).count()
    for house in ("X1", "H2", "C2"):
        stranger = call(house)
        for kind, ids in known.items():
            for identity in ids:
                assert stranger.get(f"{kind}/{identity}").status_code == 404, (house, kind)
        for kind in SEARCHED:
            for query in (
                {},
                {"_id": ",".join(known[kind])},
                {"patient": str(suzuki)},
                {"_summary": "count"},
            ):
                bundle = stranger.get(kind, query)
                assert (bundle.status_code, "entry" in bundle.json()) == (200, False), (kind, query)
                assert bundle.json()["total"] == 0
    with arranging():
        assert AuditEntry.objects.filter(outcome=Outcome.READ).count() == before


def test_includes_never_leak(cast: Cast, call: Call) -> None:
    everything_of(cast, call)
    statement = call("X1").get("metadata").json()
    for resource in statement["rest"][0]["resource"]:
        kind = resource["type"]
        wanted = [("_include", v) for v in resource.get("searchInclude", [])]
        wanted += [("_revinclude", v) for v in resource.get("searchRevInclude", [])]
        if not wanted or kind == "AuditEvent":
            continue
        bundle = made(call("X1").get(kind, wanted), 200)
        kinds = {e["resource"]["resourceType"] for e in bundle.get("entry", [])}
        assert not kinds & {*OURS, "Patient"}, (kind, kinds)


def test_a_stranger_changes_nothing(cast: Cast, call: Call) -> None:
    known = everything_of(cast, call)
    stranger, uid = call("H2"), known["Task"][0]
    read = made(call("H1").get(f"Task/{uid}"), 200)
    assert stranger.put(f"Task/{uid}", {**read, "status": "completed"}).status_code == 404
    focus = {"reference": f"ServiceRequest/{uid}"}
    task = {"resourceType": "Task", "status": "requested", "intent": "order", "focus": focus}
    assert stranger.post("Task", task).status_code == 422
    assert stranger.post("Communication", line(uid)).status_code == 422
    assert picture_of(stranger, context={"related": [focus]}).status_code == 422
    assert stranger.post("ServiceRequest", order(cast)).status_code == 422


def test_reading_a_letter_is_on_record_with_the_patient(cast: Cast, call: Call) -> None:
    known = everything_of(cast, call)
    hospital = call("H1")
    for path, says in (
        (f"Binary/letter-{known['DocumentReference'][0]}", "APIで紹介の文書の中身を閲覧"),
        (f"Communication/{known['Communication'][0]}", "APIで連絡と返書を閲覧"),
        ("DocumentReference", "APIで紹介の文書を検索"),
        (f"Bundle/{known['Bundle'][0]}", "APIで診療情報提供書の文書を閲覧"),
    ):
        made(hospital.get(path), 200)
        with arranging():
            entry = AuditEntry.objects.latest("id")
        assert (entry.says, entry.patient_ids) == (says, [cast.patient("suzuki").pk])


@pytest.fixture
def statements() -> Callable[[Caller, str, Any], int]:
    def count(caller: Caller, path: str, query: Any) -> int:
        with CaptureQueriesContext(connection) as seen:
            made(caller.get(path, query), 200)
        return len(seen)

    return count


def test_a_page_of_twenty_costs_what_a_page_of_one_does(
    cast: Cast, call: Call, statements: Callable[[Caller, str, Any], int]
) -> None:
    uid, hospital = arrived(cast, call), call("H1")
    made(hospital.post("Communication", line(uid)))
    includes = {
        "ServiceRequest": [("_include", "ServiceRequest:subject"), ("_revinclude", "Task:focus")],
        "Task": [("_include", "Task:focus"), ("_include", "Task:patient")],
        "Communication": [("_include", "Communication:based-on")],
        "DocumentReference": [("_include", "DocumentReference:subject")],
        "Provenance": [("_include", "Provenance:target")],
        "Composition": [("_include", "Composition:patient")],
    }
    for kind, wanted in includes.items():
        hospital.get(kind, wanted)
    one = {kind: statements(hospital, kind, wanted) for kind, wanted in includes.items()}
    app = call(app="aoki")
    for number in range(19):
        request = made(app.post("ServiceRequest", order(cast, identifier=[])))
        made(hospital.post("Communication", line(request["id"], f"連絡{number}")))
    twenty = {kind: statements(hospital, kind, wanted) for kind, wanted in includes.items()}
    assert made(hospital.get("ServiceRequest"), 200)["total"] == 20
    assert twenty == one


def test_a_token_reads_only_the_types_of_its_scopes(cast: Cast, call: Call) -> None:
    uid = sent(cast, call)
    narrow = call("H1", scopes="system/Task.rs")
    bundle = made(narrow.get("Task", [("_include", "Task:focus"), ("_include", "Task:patient")]), 200)
    assert [e["resource"]["id"] for e in bundle["entry"]] == [uid]
    for path in (f"ServiceRequest/{uid}", "Communication", "DocumentReference", "AuditEvent", "Consent"):
        assert narrow.get(path).status_code == 403, path
    read = made(narrow.get(f"Task/{uid}"), 200)
    assert narrow.put(f"Task/{uid}", {**read, "status": "received"}).status_code == 403
