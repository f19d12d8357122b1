"""A referral as a clinic's system sends it, and the steps that tests take again and again."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from renkei.api.tests.conftest import Caller
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.referrals import actions, queries
from renkei.referrals.fhir import words
from testing.cast import Cast

PURPOSE = "HbA1c 9.2%、蛋白尿(2+)。教育入院を含めご高診をお願いします。"
ORDERS = "urn:oid:1.2.392.100495.20.3.999"
MEDIS = "http://medis.or.jp/CodeSystem/master-disease-keyNumber"
Json = dict[str, Any]


def order(cast: Cast, **more: Any) -> Json:
    """ServiceRequest from 青木内科 to みどり中央病院 about 鈴木."""
    return {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": ORDERS, "value": "2026-000017"}],
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "code": {"text": PURPOSE},
        "subject": {"reference": f"Patient/{cast.patient('suzuki').uid}"},
        "requester": {"reference": f"Organization/{cast.facility('C1').uid}"},
        "performerType": {"text": "糖尿病内科"},
        "performer": [{"reference": f"Organization/{cast.facility('H1').uid}"}],
        "occurrencePeriod": {"start": "2026-06-08", "end": "2026-06-19"},
        "reasonCode": [
            {"coding": [{"system": MEDIS, "code": "20060991"}], "text": "2型糖尿病"},
            {"text": "糖尿病性腎症の疑い"},
        ],
        "note": [
            {"text": "半年前から悪化しています。"},
            {
                "extension": [{"url": words.PART, "valueCode": "prescription_text"}],
                "text": "メトホルミン250mg 2錠 分2",
            },
        ],
        **more,
    }


def made(response: HttpResponse, status: int = 201) -> Json:
    """The resource of an answer."""
    assert response.status_code == status, response.content.decode()
    found: Json = response.json()
    return found


def sent(cast: Cast, call: Any) -> str:
    """The id of a referral that 青木 sent by his app."""
    return str(made(call(app="aoki").post("ServiceRequest", order(cast)))["id"])


def move(caller: Caller, uid: str, state: str, **more: Any) -> HttpResponse:
    """PUT the Task with another ``businessStatus``, as it was read."""
    read = made(caller.get(f"Task/{uid}"), 200)
    etag = f'W/"{read["meta"]["versionId"]}"'
    wanted = {**read, "businessStatus": {"coding": [{"system": words.STATE, "code": state}]}, **more}
    return caller.put(f"Task/{uid}", wanted, If_Match=etag)


def finalise(actor: Actor, uid: str) -> None:
    """The physician signs on the page."""
    with acting(actor):
        actions.finalise(actor, queries.one(actor, uid))
