"""What is kept of the past can be read again as it was; and papers of several tables come in the order of their dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from renkei.directory.models import Facility
from renkei.fhirkit.server.mapping import all_mappings
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.referrals import actions, queries
from renkei.referrals.fhir.tests.conftest import MONDAY, Call
from renkei.referrals.fhir.tests.support import Json, made, move, sent
from renkei.referrals.fhir.tests.test_papers import line, reply
from testing.cast import Cast
from testing.database import arranging

KEPT = {"DocumentReference", "Provenance", "Composition"}


def correct(cast: Cast, uid: str) -> None:
    """Dr Aoki puts it right two days later."""
    aoki = cast.actor("aoki")
    with clock.frozen(MONDAY + timedelta(days=2)), acting(aoki):
        referral = queries.one(aoki, uid)
        content = queries.whole(aoki, referral).letters[-1].read_content()
        fixed = replace(content, allergies="ペニシリンで発疹")
        actions.correct(aoki, referral, content=fixed, reason="アレルギーの記載もれ")


def letter_of(call: Call) -> str:
    """The one letter that the hospital sees."""
    [uid] = call("H1").ids("DocumentReference")
    return uid


def test_only_what_keeps_its_past_offers_it(call: Call) -> None:
    statement = call("H1").get("metadata").json()
    for code in ("vread", "history-instance"):
        told = {
            row["type"]
            for row in statement["rest"][0]["resource"]
            if code in {i["code"] for i in row["interaction"]}
        }
        assert told == KEPT == {m.resource_type for m in all_mappings() if m.history is not None}


def test_a_letter_is_shown_as_it_was_before_its_correction(cast: Cast, call: Call) -> None:
    uid, hospital = sent(cast, call), call("H1")
    paper = f"DocumentReference/{letter_of(call)}"
    read = hospital.get(paper)
    before, old_tag = made(read, 200), read["ETag"]
    correct(cast, uid)
    now = made(hospital.get(paper, If_None_Match=old_tag), 200)
    assert (before["status"], now["status"]) == ("current", "superseded")
    assert now["meta"]["lastUpdated"] > before["meta"]["lastUpdated"]
    newest, oldest = made(hospital.get(f"{paper}/_history"), 200)["entry"]
    assert (newest["resource"], oldest["resource"]) == (now, before)
    assert (newest["response"]["lastModified"], oldest["response"]["lastModified"]) == (
        now["meta"]["lastUpdated"],
        before["meta"]["lastUpdated"],
    )
    again = hospital.get(f"{paper}/_history/1")
    assert (again.json(), again["ETag"]) == (before, old_tag)
    assert made(hospital.get(f"{paper}/_history/2"), 200) == now
    assert hospital.get(f"{paper}/_history/3").status_code == 404


def test_who_asks_what_changed_since_learns_of_the_letter_that_was_replaced(cast: Cast, call: Call) -> None:
    uid = sent(cast, call)
    first = letter_of(call)
    correct(cast, uid)
    since = (MONDAY + timedelta(days=1)).isoformat()
    found = call("H1").ids("DocumentReference", {"_lastUpdated": f"ge{since}"})
    assert (len(found), first in found) == (2, True)


@pytest.mark.parametrize("kind", ["Provenance", "Composition"])
def test_what_was_signed_has_one_version_whatever_comes_later(cast: Cast, call: Call, kind: str) -> None:
    uid, hospital = sent(cast, call), call("H1")
    place = f"{kind}/{letter_of(call)}"
    before = made(hospital.get(place), 200)
    correct(cast, uid)
    with arranging():
        Facility.objects.filter(pk=cast.facility("C1").pk).update(name="青木内科クリニック新館")
    assert made(hospital.get(place), 200) == before
    [only] = made(hospital.get(f"{place}/_history"), 200)["entry"]
    assert (only["resource"], only["request"]) == (before, {"method": "POST", "url": kind})
    assert made(hospital.get(f"{place}/_history/{before['meta']['versionId']}"), 200) == before


def test_the_drafts_of_a_reply_are_not_kept_and_the_sent_one_is(cast: Cast, call: Call) -> None:
    uid, hospital = sent(cast, call), call("H1")
    for state in ("received", "arrived"):
        made(move(hospital, uid, state), 200)
    draft = made(hospital.post("Communication", reply(uid, "final_report")))
    paper = f"DocumentReference/{draft['id']}"
    assert made(hospital.get(paper), 200)["meta"]["versionId"].startswith("0.")
    made(call(app="takahashi").put(f"Communication/{draft['id']}", {**draft, "status": "completed"}), 200)
    final = made(hospital.get(paper), 200)
    done = made(call("C1").get(f"Communication/{draft['id']}"), 200)
    with clock.frozen(MONDAY + timedelta(hours=3)):
        seen = made(call("C1").put(f"Communication/{draft['id']}", {**done, "received": "2026-06-01"}), 200)
    assert seen["meta"]["lastUpdated"] > done["meta"]["lastUpdated"]
    assert made(hospital.get(paper), 200) == final
    [only] = made(hospital.get(f"{paper}/_history"), 200)["entry"]
    assert (only["resource"], final["meta"]["versionId"]) == (final, "1")


def test_the_past_is_as_closed_as_the_present(cast: Cast, call: Call) -> None:
    sent(cast, call)
    uid = letter_of(call)
    for kind in KEPT:
        for tail in ("_history", "_history/1"):
            assert call("X1").get(f"{kind}/{uid}/{tail}").status_code == 404
            narrow = call("H1", scopes="system/Task.rs")
            assert narrow.get(f"{kind}/{uid}/{tail}").status_code == 403


def conversation(cast: Cast, call: Call) -> None:
    """Lines, replies and files of two referrals, one every ten minutes, two of them at the same instant."""
    uid, hospital, clinic = sent(cast, call), call("H1"), call("C1")
    for state in ("received", "arrived"):
        made(move(hospital, uid, state), 200)
    steps = [
        lambda: clinic.post("Communication", line(uid, "一")),
        lambda: hospital.post("Communication", reply(uid, "arrival_notice")),
        lambda: hospital.post("Communication", line(uid, "二")),
        lambda: call(app="takahashi").post("Communication", reply(uid, "first_report")),
        lambda: clinic.post("Communication", line(uid, "三")),
        lambda: call(app="takahashi").post("Communication", reply(uid, "final_report")),
    ]
    for minutes, step in zip((10, 20, 30, 40, 40, 50), steps, strict=True):
        with clock.frozen(MONDAY + timedelta(minutes=minutes)):
            made(step())


def walk(caller: Any, kind: str, query: dict[str, str]) -> list[Json]:
    """Every page of a search."""
    found: list[Json] = []
    while True:
        bundle = made(caller.get(kind, query), 200)
        found += [e["resource"] for e in bundle.get("entry", [])]
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        if not following:
            return found
        query = dict(parse_qsl(urlsplit(following[0]).query))


@pytest.mark.parametrize("size", ["1", "2", "3", "100"])
@pytest.mark.parametrize(
    ("kind", "order", "element"),
    [
        ("Communication", "sent", "sent"),
        ("Communication", "_lastUpdated", ""),
        ("DocumentReference", "date", "date"),
        ("DocumentReference", "_lastUpdated", ""),
    ],
)
def test_papers_of_several_tables_come_in_the_order_of_their_dates(
    cast: Cast, call: Call, kind: str, order: str, element: str, size: str
) -> None:
    conversation(cast, call)
    hospital = call("H1")
    all_ids = set(hospital.ids(kind))
    for sign in ("", "-"):
        found = walk(hospital, kind, {"_sort": f"{sign}{order}", "_count": size})
        dates = [row[element] if element else row["meta"]["lastUpdated"] for row in found]
        assert dates == sorted(dates, reverse=bool(sign))
        assert sorted(row["id"] for row in found) == sorted(all_ids)
    assert len(all_ids) == {"Communication": 6, "DocumentReference": 4}[kind]


def test_an_order_that_is_not_offered_is_named(cast: Cast, call: Call) -> None:
    answer = call("H1").get("DocumentReference", {"_sort": "title"}, Prefer="handling=strict")
    assert answer.status_code == 400
    assert "date、_lastUpdated" in answer.content.decode()
