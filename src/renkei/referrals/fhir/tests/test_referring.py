"""A referral by API from the order to its end: who may sign, what is refused, what each side sees."""

from __future__ import annotations

from renkei.api.tests.conftest import issue
from renkei.referrals.fhir import words
from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import (
    ORDERS,
    PURPOSE,
    Json,
    finalise,
    made,
    move,
    order,
    sent,
)
from renkei.referrals.models import ReferralMove
from testing.cast import Cast
from testing.database import arranging


def codes(task: Json) -> tuple[str, str]:
    return task["status"], task["businessStatus"]["coding"][0]["code"]


def test_an_app_of_a_physician_signs_and_sends_at_once(cast: Cast, call: Call) -> None:
    request = made(call(app="aoki").post("ServiceRequest", order(cast)))
    assert request["status"] == "active"
    assert request["code"]["text"] == PURPOSE
    assert [r["text"] for r in request["reasonCode"]] == ["2型糖尿病", "糖尿病性腎症の疑い"]
    assert request["requester"]["display"] == "青木内科 青木 正道"
    assert request["performer"][0]["reference"] == f"Organization/{cast.facility('H1').uid}"
    assert request["performerType"]["text"] == "糖尿病内科"
    assert request["occurrencePeriod"] == {"start": "2026-06-08", "end": "2026-06-19"}
    assert {n["extension"][0]["valueCode"] for n in request["note"]} == {"course", "prescription_text"}
    assert request["priority"] == "urgent"
    own, placer = request["identifier"]
    assert own["system"] == words.NUMBER
    assert (placer["system"], placer["value"]) == (ORDERS, "2026-000017")
    assert len(request["supportingInfo"]) == 1
    received = made(call("H1").get(f"ServiceRequest/{request['id']}"), 200)
    assert received == request


def test_what_a_system_orders_waits_for_the_signature_of_a_physician(cast: Cast, call: Call) -> None:
    system = call("C1")
    aoki = str(made(system.get("Practitioner", {"name": "青木"}), 200)["entry"][0]["resource"]["id"])
    request = made(
        system.post("ServiceRequest", order(cast, requester={"reference": f"Practitioner/{aoki}"}))
    )
    assert request["status"] == "draft"
    assert request["requester"]["display"] == "青木内科 青木 正道"
    assert "supportingInfo" not in request
    assert call("H1").get(f"ServiceRequest/{request['id']}").status_code == 404
    with arranging():
        names = list(ReferralMove._base_manager.values_list("name", flat=True))
    assert names == ["ask_finalise"]
    assert codes(made(move(system, request["id"], "sent"), 200)) == ("draft", "draft")
    finalise(cast.actor("aoki"), request["id"])
    assert codes(made(move(system, request["id"], "sent"), 200)) == ("requested", "sent")
    assert made(call("H1").get(f"ServiceRequest/{request['id']}"), 200)["status"] == "active"


def test_an_app_of_a_clerk_signs_nothing_either(cast: Cast, call: Call) -> None:
    assert made(call(app="kimura").post("ServiceRequest", order(cast)))["status"] == "draft"


def test_a_colleagues_letter_is_not_signed_in_his_name(cast: Cast, call: Call) -> None:
    app = call(app="takahashi")
    patient = made(
        app.post(
            "Patient",
            {"resourceType": "Patient", "name": [{"text": "試験 太郎"}], "birthDate": "1960-01-01"},
        )
    )
    found = made(app.get("Practitioner", {"family": "石田"}), 200)["entry"][0]["resource"]
    sent_by = order(
        cast,
        identifier=[],
        subject={"reference": f"Patient/{patient['id']}"},
        requester={"reference": f"Practitioner/{found['id']}"},
        performer=[{"reference": f"Organization/{cast.facility('C1').uid}"}],
    )
    request = made(app.post("ServiceRequest", sent_by))
    assert (request["status"], request["requester"]["display"]) == ("draft", "みどり中央病院 石田 真由美")


def test_what_is_wrong_with_an_order_is_told_with_the_element(cast: Cast, call: Call) -> None:
    system = call("C1")
    clerk = made(system.get("Practitioner", {"family": "木村"}), 200)["entry"][0]["resource"]["id"]
    foreign = cast.facility("H1").uid
    for change, element in (
        ({"code": {}}, "ServiceRequest.code.text"),
        ({"code": None}, "ServiceRequest.code.text"),
        ({"reasonCode": []}, "ServiceRequest.reasonCode"),
        ({"performer": []}, "ServiceRequest.performer"),
        ({"performer": [{"reference": "Organization/x"}]}, "ServiceRequest.performer[0]"),
        ({"performer": [{"reference": "Patient/x"}]}, "ServiceRequest.performer[0]"),
        ({"subject": {}}, "ServiceRequest.subject"),
        ({"subject": {"reference": f"Patient/{cast.patient('kato').uid}"}}, "ServiceRequest.subject"),
        ({"requester": {"reference": f"Practitioner/{clerk}"}}, "ServiceRequest.requester"),
        ({"requester": {"reference": f"Practitioner/{foreign}"}}, "ServiceRequest.requester"),
        ({"requester": {"reference": f"Organization/{foreign}"}}, "ServiceRequest.requester"),
        ({"status": "completed"}, "ServiceRequest.status"),
        ({"intent": "option"}, "ServiceRequest.intent"),
        ({"priority": "now"}, "ServiceRequest.priority"),
        ({"doNotPerform": True}, "ServiceRequest.doNotPerform"),
        ({"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}, "ServiceRequest.modifierExtension"),
        ({"identifier": [{"value": "1"}]}, "ServiceRequest.identifier[0]"),
        ({"occurrencePeriod": {"start": "来週"}}, "ServiceRequest.occurrencePeriod.start"),
        ({"code": {"coding": [{"system": words.KIND, "code": "dance"}]}}, "ServiceRequest.code"),
        (
            {"note": [{"extension": [{"url": words.PART, "valueCode": "secret"}], "text": "x"}]},
            "ServiceRequest.note[0].extension.valueCode",
        ),
    ):
        refused = system.post("ServiceRequest", order(cast, **change))
        assert refused.status_code == 422, (change, refused.content.decode())
        assert issue(refused)["expression"] == [element], (change, issue(refused))
    assert made(system.get("ServiceRequest"), 200)["total"] == 0


def test_a_draft_may_be_incomplete_and_is_written_anew(cast: Cast, call: Call) -> None:
    app = call(app="aoki")
    draft = made(app.post("ServiceRequest", order(cast, status="draft", code={}, reasonCode=[])))
    assert draft["status"] == "draft"
    assert codes(made(app.get(f"Task/{draft['id']}"), 200)) == ("draft", "draft")
    etag = f'W/"{draft["meta"]["versionId"]}"'
    whole = {**draft, **{k: order(cast)[k] for k in ("code", "reasonCode")}}
    written = made(app.put(f"ServiceRequest/{draft['id']}", whole, If_Match=etag), 200)
    assert (written["status"], written["code"]["text"]) == ("draft", PURPOSE)
    assert app.put(f"ServiceRequest/{draft['id']}", whole, If_Match=etag).status_code == 412
    task = made(
        app.post(
            "Task",
            {
                "resourceType": "Task",
                "status": "requested",
                "intent": "order",
                "focus": {"reference": f"ServiceRequest/{draft['id']}"},
            },
        )
    )
    assert (task["id"], *codes(task)) == (draft["id"], "requested", "sent")
    refused = app.put(f"ServiceRequest/{draft['id']}", {**written, "status": "active"})
    assert (refused.status_code, issue(refused)["details"]["coding"][0]["code"]) == (409, "already_final")


def test_the_receiver_moves_the_task_and_both_sides_see_it(cast: Cast, call: Call) -> None:
    uid, hospital, clinic = sent(cast, call), call("H1"), call("C1")
    for state, status, more in (
        ("received", "received", {}),
        ("accepted", "accepted", {}),
        ("offered", "accepted", {"executionPeriod": {"start": "2026-06-10T10:00:00+09:00"}}),
    ):
        task = made(move(hospital, uid, state, **more), 200)
        assert codes(task) == (status, state)
        assert codes(made(clinic.get(f"Task/{uid}"), 200)) == (status, state)
    booked = made(move(clinic, uid, "booked"), 200)
    assert booked["executionPeriod"]["start"] == "2026-06-10T01:00:00Z"
    request = made(clinic.get(f"ServiceRequest/{uid}"), 200)
    assert request["occurrenceDateTime"] == "2026-06-10T01:00:00Z"
    arrived = move(hospital, uid, "booked", status="in-progress")
    assert codes(made(arrived, 200)) == ("in-progress", "arrived")
    assert codes(made(move(hospital, uid, "admitted"), 200)) == ("in-progress", "admitted")
    assert codes(made(move(hospital, uid, "arrived"), 200)) == ("in-progress", "arrived")


def test_a_bare_status_moves_the_task_too(cast: Cast, call: Call) -> None:
    uid, hospital = sent(cast, call), call("H1")
    read = made(hospital.get(f"Task/{uid}"), 200)
    rejected = {**read, "status": "rejected", "statusReason": {"text": "満床のため"}}
    refused = hospital.put(f"Task/{uid}", {**read, "status": "rejected"})
    assert (refused.status_code, issue(refused)["expression"]) == (422, ["Task.statusReason"])
    declined = made(hospital.put(f"Task/{uid}", rejected), 200)
    assert codes(declined) == ("rejected", "declined")
    assert declined["statusReason"]["text"] == "満床のため"
    assert made(call("C1").get(f"ServiceRequest/{uid}"), 200)["status"] == "revoked"


def test_moves_of_the_other_side_and_out_of_turn_are_refused(cast: Cast, call: Call) -> None:
    uid, hospital, clinic = sent(cast, call), call("H1"), call("C1")
    assert move(clinic, uid, "received").status_code == 403
    assert move(hospital, uid, "withdrawn", statusReason={"text": "x"}).status_code == 403
    for state in ("no_show", "admitted", "booked", "final_reply", "draft"):
        assert move(hospital, uid, state).status_code == 409, state
    assert move(hospital, uid, "offered").status_code == 422
    past = move(hospital, uid, "offered", executionPeriod={"start": "2026-05-01T10:00:00+09:00"})
    assert issue(past)["expression"] == ["Task.executionPeriod.start"]
    both = move(hospital, uid, "received", status="rejected")
    assert (both.status_code, issue(both)["expression"]) == (422, ["Task.status"])
    assert codes(made(hospital.get(f"Task/{uid}"), 200)) == ("requested", "sent")
    stale = made(hospital.get(f"Task/{uid}"), 200)
    made(move(hospital, uid, "received"), 200)
    etag = f'W/"{stale["meta"]["versionId"]}"'
    assert hospital.put(f"Task/{uid}", {**stale, "status": "accepted"}, If_Match=etag).status_code == 412


def test_nothing_closes_without_a_final_report_or_a_reason(cast: Cast, call: Call) -> None:
    uid, hospital = sent(cast, call), call("H1")
    made(move(hospital, uid, "received"), 200)
    refused = move(hospital, uid, "closed")
    assert (refused.status_code, issue(refused)["expression"]) == (422, ["Task.statusReason"])
    closed = move(hospital, uid, "closed", statusReason={"text": "患者さんの希望で他院を受診"})
    assert codes(made(closed, 200)) == ("completed", "closed")


def test_the_same_order_never_becomes_two_letters(cast: Cast, call: Call) -> None:
    system = call("C1")
    first = made(system.post("ServiceRequest", order(cast)))
    again = system.post("ServiceRequest", order(cast))
    assert (again.status_code, issue(again)["expression"]) == (409, ["ServiceRequest.identifier"])
    exist = f"identifier={ORDERS}|2026-000017"
    assert made(system.post("ServiceRequest", order(cast), If_None_Exist=exist), 200)["id"] == first["id"]
    assert made(system.get("ServiceRequest"), 200)["total"] == 1
    other = order(cast, identifier=[{"system": ORDERS, "value": "2026-000018"}])
    made(system.post("ServiceRequest", other, If_None_Exist=f"identifier={ORDERS}|2026-000018"))
    assert made(system.get("ServiceRequest"), 200)["total"] == 2
