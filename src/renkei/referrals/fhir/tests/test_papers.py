"""Messages, replies, documents, attachments and who signed, by API."""

from __future__ import annotations

import base64
from typing import Any

from renkei.api.tests.conftest import Caller, issue
from renkei.referrals.fhir import words
from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import Json, made, move, order, sent
from renkei.referrals.tests.desks import picture
from testing.cast import Cast


def line(uid: str, text: str = "来院前に絶食は必要でしょうか。", **more: Any) -> Json:
    return {
        "resourceType": "Communication",
        "status": "completed",
        "basedOn": [{"reference": f"ServiceRequest/{uid}"}],
        "payload": [{"contentString": text}],
        **more,
    }


def reply(uid: str, kind: str, **more: Any) -> Json:
    category = [{"coding": [{"system": words.REPLY, "code": kind}]}]
    return line(uid, "教育入院を行い、HbA1c 7.1%まで改善しました。", category=category, **more)


def arrived(cast: Cast, call: Call) -> str:
    uid, hospital = sent(cast, call), call("H1")
    for state in ("received", "arrived"):
        made(move(hospital, uid, state), 200)
    return uid


def picture_of(caller: Caller, **more: Any) -> Any:
    return caller.post(
        "DocumentReference",
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "content": [
                {
                    "attachment": {
                        "contentType": "image/png",
                        "title": "足の写真.png",
                        "data": base64.b64encode(picture()).decode(),
                    }
                }
            ],
            **more,
        },
    )


def test_a_line_reaches_the_other_side(cast: Cast, call: Call) -> None:
    uid, clinic, hospital = sent(cast, call), call("C1"), call("H1")
    wrote = made(clinic.post("Communication", line(uid)))
    assert wrote["category"][0]["coding"][0]["code"] == "message"
    assert wrote["sender"]["reference"] == f"Organization/{cast.facility('C1').uid}"
    read = made(hospital.get("Communication", {"based-on": f"ServiceRequest/{uid}"}), 200)
    assert [e["resource"] for e in read["entry"]] == [wrote]
    for query, wanted in (
        ({"sender": f"Organization/{cast.facility('C1').uid}"}, 1),
        ({"sender": f"Organization/{cast.facility('H1').uid}"}, 0),
        ({"recipient": f"Organization/{cast.facility('H1').uid}"}, 1),
        ({"category": "message"}, 1),
        ({"category": "final_report"}, 0),
        ({"part-of": f"Task/{uid}"}, 1),
        ({"patient": f"Patient/{cast.patient('suzuki').uid}"}, 1),
        ({"sent": "2026-06-01"}, 1),
        ({"_lastUpdated": "lt2026-06-01"}, 0),
        ({"_id": wrote["id"]}, 1),
    ):
        assert made(hospital.get("Communication", query), 200)["total"] == wanted, query
    again = clinic.put(f"Communication/{wrote['id']}", {**wrote, "payload": [{"contentString": "x"}]})
    assert again.status_code == 409
    empty = clinic.post("Communication", line(uid, " "))
    assert (empty.status_code, issue(empty)["expression"]) == (422, ["Communication.payload"])


def test_a_physicians_reply_ends_the_loop(cast: Cast, call: Call) -> None:
    uid = arrived(cast, call)
    doctor, hospital, clinic = call(app="takahashi"), call("H1"), call("C1")
    final = made(doctor.post("Communication", reply(uid, "final_report")))
    assert (final["status"], final["sender"]["display"][:3]) == ("completed", "医師 ")
    task = made(clinic.get(f"Task/{uid}"), 200)
    assert task["businessStatus"]["coding"][0]["code"] == "final_reply"
    assert task["output"][0]["valueReference"]["reference"] == f"Communication/{final['id']}"
    told = made(clinic.get(f"Communication/{final['id']}"), 200)
    assert told["payload"][0]["contentString"].startswith("教育入院")
    paper = told["payload"][-1]["contentReference"]["reference"]
    document = made(clinic.get(paper), 200)
    assert document["type"]["text"] == "最終報告"
    pdf = clinic.get(document["content"][0]["attachment"]["url"], Accept="application/pdf")
    assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert "received" not in told
    read = made(clinic.put(f"Communication/{final['id']}", {**told, "received": told["sent"]}), 200)
    assert read["received"] == "2026-06-01T00:00:00Z"
    assert made(doctor.get(f"Communication/{final['id']}"), 200) == read
    assert hospital.put(f"Communication/{final['id']}", read).status_code == 409
    closed = made(move(hospital, uid, "closed"), 200)
    assert (closed["status"], closed["executionPeriod"]["end"]) == ("completed", "2026-06-01T00:00:00Z")
    assert made(clinic.get(f"ServiceRequest/{uid}"), 200)["status"] == "completed"


def test_a_system_reports_the_arrival_and_drafts_the_rest(cast: Cast, call: Call) -> None:
    uid = arrived(cast, call)
    hospital, clinic = call("H1"), call("C1")
    notice = made(hospital.post("Communication", reply(uid, "arrival_notice")))
    assert notice["status"] == "completed"
    draft = made(hospital.post("Communication", reply(uid, "final_report")))
    assert draft["status"] == "preparation"
    assert clinic.get(f"Communication/{draft['id']}").status_code == 404
    assert clinic.get(f"DocumentReference/{draft['id']}").status_code == 404
    assert clinic.get(f"Binary/reply-{draft['id']}").status_code == 404
    related = {"related": [{"reference": f"Communication/{draft['id']}"}]}
    file = made(picture_of(hospital, context=related))
    assert clinic.get(f"DocumentReference/{file['id']}").status_code == 404
    sent_by = made(
        call(app="takahashi").put(f"Communication/{draft['id']}", {**draft, "status": "completed"}), 200
    )
    assert sent_by["status"] == "completed"
    assert clinic.get(f"Communication/{draft['id']}").status_code == 200
    assert clinic.get(f"DocumentReference/{file['id']}").status_code == 200
    late = picture_of(hospital, context=related)
    assert (late.status_code, issue(late)["details"]["coding"][0]["code"]) == (409, "reply_sent")


def test_a_letter_is_read_as_paper_with_its_files_and_signer(cast: Cast, call: Call) -> None:
    app, hospital = call(app="aoki"), call("H1")
    draft = made(app.post("ServiceRequest", order(cast, status="draft")))
    context = {"related": [{"reference": f"ServiceRequest/{draft['id']}"}]}
    file = made(picture_of(app, context=context))
    assert app.ids("DocumentReference") == [file["id"]]
    assert hospital.ids("DocumentReference") == []
    made(app.put(f"ServiceRequest/{draft['id']}", {**draft, "status": "active"}), 200)
    found = made(hospital.get("DocumentReference", {"related": draft["id"], "_total": "accurate"}), 200)
    letter, same_file = (e["resource"] for e in found["entry"])
    assert same_file == {**file}
    assert letter["type"]["coding"][0]["code"] == "57133-1"
    urls = [c["attachment"]["url"] for c in letter["content"]]
    assert urls == [f"Binary/letter-{letter['id']}", f"Bundle/{letter['id']}"]
    assert hospital.get(urls[0], Accept="application/pdf").content.startswith(b"%PDF-")
    as_json = made(hospital.get(f"Binary/attachment-{file['id']}"), 200)
    assert base64.b64decode(as_json["data"]) == picture()
    assert hospital.get(f"Binary/original-{letter['id']}").status_code == 404
    signed = made(hospital.get(f"Provenance/{letter['id']}"), 200)
    assert signed["agent"][0]["who"]["display"].startswith("医師 青木 正道")
    assert signed["recorded"] == "2026-06-01T00:00:00Z"
    late = picture_of(app, context=context)
    assert late.status_code == 409


def test_files_that_are_not_what_they_say_are_refused_with_the_element(cast: Cast, call: Call) -> None:
    app = call(app="aoki")
    draft = made(app.post("ServiceRequest", order(cast, status="draft")))
    context = {"related": [{"reference": f"ServiceRequest/{draft['id']}"}]}
    for attachment, element in (
        ({"title": "x.png", "data": "###"}, "DocumentReference.content[0].attachment.data"),
        ({"title": "x.png", "data": "aGVsbG8="}, "DocumentReference.content[0].attachment.data"),
        ({"data": "aGVsbG8="}, "DocumentReference.content[0].attachment.title"),
        ({"title": "x.png"}, "DocumentReference.content[0].attachment.data"),
    ):
        refused = picture_of(app, context=context, content=[{"attachment": attachment}])
        assert (refused.status_code, issue(refused)["expression"]) == (422, [element])
    assert picture_of(app).status_code == 422
    assert picture_of(app, content=[]).status_code == 422


def test_includes_bring_the_papers_of_a_referral(cast: Cast, call: Call) -> None:
    uid, hospital = sent(cast, call), call("H1")
    made(hospital.post("Communication", line(uid)))

    def kinds(path: str, *query: tuple[str, str]) -> list[str]:
        bundle = made(hospital.get(path, list(query)), 200)
        return sorted(e["resource"]["resourceType"] for e in bundle["entry"])

    assert kinds(
        "ServiceRequest",
        ("_include", "ServiceRequest:subject"),
        ("_include", "ServiceRequest:requester"),
        ("_include", "ServiceRequest:performer"),
        ("_revinclude", "Task:focus"),
        ("_revinclude", "Communication:based-on"),
        ("_revinclude", "DocumentReference:related"),
    ) == [
        "Communication",
        "DocumentReference",
        "Organization",
        "Organization",
        "Patient",
        "ServiceRequest",
        "Task",
    ]
    assert kinds("Task", ("_include", "Task:focus"), ("_include", "Task:patient")) == [
        "Patient",
        "ServiceRequest",
        "Task",
    ]
    assert kinds("DocumentReference", ("_include", "DocumentReference:subject")) == [
        "DocumentReference",
        "Patient",
    ]
    assert kinds("Provenance", ("_include", "Provenance:target")) == ["DocumentReference", "Provenance"]


def test_pages_over_several_tables_lose_and_repeat_nothing(cast: Cast, call: Call) -> None:
    uid, hospital = arrived(cast, call), call("H1")
    for number in range(5):
        made(hospital.post("Communication", line(uid, f"連絡{number}")))
    for kind in ("arrival_notice", "first_report"):
        made(call(app="takahashi").post("Communication", reply(uid, kind)))
    bundle = made(hospital.get("Communication", {"_count": "3"}), 200)
    assert bundle["total"] == 7
    seen = [e["resource"]["id"] for e in bundle["entry"]]
    while link := next((x["url"] for x in bundle["link"] if x["relation"] == "next"), ""):
        bundle = made(hospital.get(link.split("/fhir/")[1]), 200)
        seen += [e["resource"]["id"] for e in bundle["entry"]]
    assert (len(seen), len(set(seen))) == (7, 7)
    assert made(hospital.get("Communication", {"_summary": "count"}), 200)["total"] == 7
