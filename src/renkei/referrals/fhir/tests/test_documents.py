"""Letters as JP-CLINS documents by API, in both directions; consent; the trail."""

from __future__ import annotations

import json

from renkei.api.tests.conftest import issue
from renkei.audit.models import AuditEntry
from renkei.circles import actions as circles
from renkei.circles.types import ConsentMethod, ConsentReach, ConsentType, ConsentWords
from renkei.exchange import queries as exchange
from renkei.exchange.formats.clins.tests.helpers import FOLDER
from renkei.gate.context import acting
from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import PURPOSE, made, order, sent
from testing.cast import Cast
from testing.database import arranging


def incoming(cast: Cast) -> bytes:
    """A letter of a house outside to みどり中央病院, with blanks that a parser would not keep."""
    raw = (FOLDER / "referral.json").read_text()
    number = str(cast.facility("H1").institution_number)
    return f"  {raw.replace('1410167890', number).replace('0167890', number[3:])}\n".encode()


def test_a_letter_is_read_as_document_and_composition(cast: Cast, call: Call) -> None:
    uid, hospital = sent(cast, call), call("H1")
    letter = hospital.ids("DocumentReference", {"related": uid})[0]
    bundle = made(hospital.get(f"Bundle/{letter}"), 200)
    assert (bundle["type"], bundle["id"]) == ("document", letter)
    assert bundle["entry"][0]["resource"]["resourceType"] == "Composition"
    assert PURPOSE in json.dumps(bundle, ensure_ascii=False)
    composition = made(hospital.get(f"Composition/{letter}"), 200)
    sections = {s["code"]["coding"][0]["code"]: s["text"]["div"] for s in composition["section"]}
    assert PURPOSE in sections["950"]
    assert "2型糖尿病" in sections["340"]
    found = made(hospital.get("Composition", {"patient": str(cast.patient("suzuki").uid)}), 200)
    assert [e["resource"]["id"] for e in found["entry"]] == [letter]
    assert hospital.get("Bundle").status_code == 403


def test_a_document_that_is_sent_in_becomes_a_received_referral(cast: Cast, call: Call) -> None:
    hospital, raw = call("H1"), incoming(cast)
    taken = hospital.post("Bundle", raw)
    bundle = made(taken)
    letter = bundle["id"]
    requests = made(hospital.get("ServiceRequest"), 200)["entry"]
    assert requests[0]["resource"]["status"] == "active"
    task = made(hospital.get(f"Task/{requests[0]['resource']['id']}"), 200)
    assert task["status"] == "received"
    original = hospital.get(f"Binary/original-{letter}", Accept="*/*")
    assert original.content == raw
    document = made(hospital.get(f"DocumentReference/{letter}"), 200)
    assert document["content"][-1]["attachment"]["title"] == "受け取った原本"
    again = hospital.post("Bundle", raw)
    assert (again.status_code, issue(again)["details"]["coding"][0]["code"]) == (409, "document_known")
    assert call("C1").get(f"Bundle/{letter}").status_code == 404


def test_a_document_that_a_person_must_decide_about_waits(cast: Cast, call: Call) -> None:
    hospital = call("H1")
    body = (FOLDER / "referral.json").read_bytes()
    waits = hospital.post("Bundle", body)
    assert waits.status_code == 202
    assert "確認待ちに保存しました" in issue(waits)["details"]["text"]
    assert made(hospital.get("ServiceRequest"), 200)["total"] == 0
    sato = cast.actor("sato")
    with acting(sato):
        (kept,) = exchange.waiting(sato)
        assert bytes(exchange.waiting_one(sato, kept.uid).content) == body


def test_a_bundle_that_is_no_letter_leaves_no_row(cast: Cast, call: Call) -> None:
    hospital = call("H1")
    for body, element in (
        ({"resourceType": "Bundle", "type": "collection"}, "Bundle.type"),
        ({"resourceType": "Bundle", "type": "document", "entry": []}, None),
    ):
        refused = hospital.post("Bundle", body)
        assert refused.status_code == 422
        if element:
            assert issue(refused)["expression"] == [element]
    assert made(hospital.get("ServiceRequest"), 200)["total"] == 0


def test_consent_is_read_where_the_patient_is_seen(cast: Cast, call: Call) -> None:
    aoki, suzuki = cast.actor("aoki"), cast.patient("suzuki")
    with acting(aoki):
        circles.give_consent(
            aoki,
            suzuki,
            ConsentWords(
                type=ConsentType.EXPLICIT_NETWORK,
                reach=ConsentReach.ORG,
                purpose="糖尿病の地域連携",
                given_by="鈴木 一郎",
                method=ConsentMethod.PAPER,
                facility_ids=[cast.facility("H1").pk],
                reservation="精神科の記録は共有しない",
            ),
        )
    for who in ("C1", "H1"):
        found = made(call(who).get("Consent", {"patient": str(suzuki.uid)}), 200)
        (consent,) = [e["resource"] for e in found["entry"]]
        assert consent["status"] == "active"
        assert consent["provision"]["provision"][0]["type"] == "deny"
        assert consent["provision"]["actor"][0]["reference"]["display"] == "みどり中央病院"
    assert made(call("C1").get("Consent", {"status": "inactive"}), 200)["total"] == 0
    assert made(call("H2").get("Consent"), 200)["total"] == 0
    refused = call(app="aoki").post("ServiceRequest", order(cast))
    assert (refused.status_code, issue(refused)["expression"]) == (422, ["ServiceRequest.subject"])


def test_the_trail_is_read_by_who_audits_it_and_that_is_on_record(cast: Cast, call: Call) -> None:
    uid = sent(cast, call)
    made(call("H1").get(f"ServiceRequest/{uid}"), 200)
    patient = {"patient": f"Patient/{cast.patient('suzuki').uid}"}
    events = [e["resource"] for e in made(call("C1").get("AuditEvent", patient), 200)["entry"]]
    assert any("確定" in e["outcomeDesc"] for e in events)
    assert all(e["source"]["observer"]["display"] == "青木内科" for e in events)
    with arranging():
        assert AuditEntry.objects.latest("id").says == "APIで監査証跡を検索"
    (read,) = made(call("H1").get("AuditEvent", patient), 200)["entry"]
    assert read["resource"]["action"] == "R"
    assert made(call("X1").get("AuditEvent"), 200)["total"] == 0
    assert call(app="takahashi").get("AuditEvent").status_code == 403
    weak = call("C1", scopes="system/ServiceRequest.rs system/Patient.rs")
    assert weak.get("AuditEvent").status_code == 403
