"""The press of each main flow, ready to be sent: what a person or a system does at the worst moment."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pypdfium2
from django.db import transaction
from django.urls import reverse

from checks.processes import Press
from checks.stage import Stage, Subject, as_system, in_a_week, keys_of
from renkei.exchange.actions import import_document
from renkei.exchange.formats.clins.tests.helpers import composition
from renkei.exchange.tests.conftest import addressed, raw
from renkei.gate.context import acting
from renkei.indicators.tests.conftest import csv_of
from renkei.kernel import clock
from renkei.notices.models import OutgoingPaper
from renkei.referrals.fhir.tests.support import ORDERS, order
from renkei.referrals.models import Referral
from renkei.referrals.papers import outgoing

JSON = "application/fhir+json"


def press(who: str, referral: Referral, move: str, **form: Any) -> Subject:
    """The button of a move."""
    path = reverse("referrals:make", args=[referral.uid, move])
    return Subject(Press(who, path, {"version": _version(referral)} | form), keys_of(referral))


def _version(referral: Referral) -> int:
    with as_system():
        return int(Referral._base_manager.values_list("version", flat=True).get(pk=referral.pk))


def letter_form(stage: Stage, referral: Referral, to: str) -> dict[str, Any]:
    """The editor's form, with a press on 送信."""
    house = stage.town.cast.facility(to)
    return {
        "do": "send",
        "version": _version(referral),
        "receiver": house.name,
        "receiver_code": str(house.uid),
        "urgency": "routine",
        "basis": "posted_notice",
        "purpose": "ご高診をお願いします。",
        "dx-0-text": "2型糖尿病",
    }


def send(stage: Stage) -> Subject:
    referral = stage.draft()
    form = letter_form(stage, referral, "H1")
    return Subject(Press("aoki", reverse("referrals:edit", args=[referral.uid]), form), keys_of(referral))


def receive(stage: Stage) -> Subject:
    return press("sato", stage.sent(), "receive")


def offer(stage: Stage) -> Subject:
    day = in_a_week().date().isoformat()
    return press("sato", stage.received(), "offer_date", starts_at_date=day, starts_at_time="10:00")


def confirm(stage: Stage) -> Subject:
    return press("kimura", stage.offered(), "confirm_date")


def arrive(stage: Stage) -> Subject:
    return press("sato", stage.received(), "arrive")


def reply(kind: str) -> Callable[[Stage], Subject]:
    def made(stage: Stage) -> Subject:
        referral = stage.arrived()
        form = {"do": "send", "kind": kind, "text": "診察しました。"}
        path = reverse("referrals:reply", args=[referral.uid])
        return Subject(Press("takahashi", path, form), keys_of(referral, kind=kind))

    return made


def begin_back(stage: Stage) -> Subject:
    referral = stage.arrived()
    return Subject(Press("takahashi", reverse("referrals:back", args=[referral.uid])), keys_of(referral))


def give_back(stage: Stage) -> Subject:
    back = stage.do("takahashi", "draft_back_referral", stage.arrived())
    form = letter_form(stage, back, "C1")
    return Subject(Press("takahashi", reverse("referrals:edit", args=[back.uid]), form), keys_of(back))


def by_api(stage: Stage) -> Subject:
    """An order and its sending in one Bundle, by the app of a physician."""
    value, request = f"2026-{stage.turn:06d}", f"urn:uuid:{uuid4()}"
    resource = order(stage.town.cast, identifier=[{"system": ORDERS, "value": value}], status="draft")
    resource["subject"] = {"reference": f"Patient/{stage.patient().uid}"}
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "focus": {"reference": request},
        "for": resource["subject"],
    }
    once = {"method": "POST", "url": "ServiceRequest", "ifNoneExist": f"identifier={ORDERS}|{value}"}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": request, "resource": resource, "request": once},
            {"resource": task, "request": {"method": "POST", "url": "Task"}},
        ],
    }
    headers = {"Authorization": f"Bearer {stage.token}", "Content-Type": JSON}
    return Subject(Press("", "/fhir/", body=json.dumps(bundle).encode(), headers=headers), {"value": value})


def take_in_first(stage: Stage) -> None:
    """A document of the same sender came before: whoever takes one in finds them in the directory."""
    sato, file = stage.town.cast.actor("sato"), document(stage).press.file
    assert file is not None
    with acting(sato):
        import_document(sato, file[2], file[1])


def document(stage: Stage) -> Subject:
    stage.turn += 1
    birth = (date(1930, 1, 1) + timedelta(days=401 * stage.turn)).isoformat()
    name = [{"use": "official", "text": f"文書 {stage.turn}", "family": "文書", "given": [str(stage.turn)]}]
    bundle = addressed(birthDate=birth, name=name, telecom=[])
    composition(bundle)["identifier"]["value"] = f"R-2026-{stage.turn:06d}"
    data = raw(bundle)
    file = ("files", "紹介状.json", data, "application/json")
    return Subject(Press("sato", reverse("exchange:upload"), file=file), {"sha256": digest(data)})


def fax_comes(stage: Stage) -> Subject:
    """The form of a final report as the fax server of C1 hands it over."""
    referral, kimura = stage.sent("H2"), stage.town.cast.actor("kimura")
    with acting(kimura), transaction.atomic():
        forms = pypdfium2.PdfDocument(outgoing.forms_pdf(kimura, referral.uid))
    page, out = pypdfium2.PdfDocument.new(), io.BytesIO()
    page.import_pages(forms, [len(outgoing.FORMS) - 1])
    page.save(out)
    page.close()
    forms.close()
    data = out.getvalue()
    file = ("files", "fax.pdf", data, "application/pdf")
    path = reverse("exchange:scan_upload")
    return Subject(Press("kimura", path, file=file), keys_of(referral, sha256=digest(data)))


def visits(stage: Stage) -> Subject:
    stage.turn += 1
    number = f"V{stage.turn:05d}"
    day = (clock.today() - timedelta(days=1)).isoformat()
    data = csv_of(f"{day},{number},初診,09:30,循環器内科,自力,紹介状,青木内科")
    file = ("file", "初診.csv", data, "text/csv")
    keys = {"sha256": digest(data), "patient": number}
    return Subject(Press("sato", reverse("indicators:upload"), {"kind": "visits"}, file=file), keys)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def close_month(stage: Stage) -> Subject:
    """A month of its own, at a house beside: two closings of one house would wait for each other."""
    stage.months += 1
    month = clock.today().replace(day=1)
    for _ in range(stage.months):
        month = (month - timedelta(days=1)).replace(day=1)
    form = {"month": f"{month:%Y-%m}"}
    chief = f"x{stage.months % 2 + 1}_facility_administrator"
    return Subject(Press(chief, reverse("indicators:close"), form), {"month": month})


def _paper(stage: Stage) -> OutgoingPaper:
    referral = stage.sent("H2")
    with as_system():
        return OutgoingPaper._base_manager.get(subject_uid=referral.uid)


def print_paper(stage: Stage) -> Subject:
    paper = _paper(stage)
    return Subject(Press("kimura", reverse("notices:paper_pdf", args=[paper.uid]), {}), {"pk": paper.pk})


def fax_goes(stage: Stage) -> Subject:
    paper = _paper(stage)
    form = {"uids": [str(paper.uid)], f"number-{paper.uid}": stage.town.cast.facility("H2").fax}
    return Subject(
        Press("kimura", reverse("notices:papers_fax"), form), {"pk": paper.pk, "paper": str(paper.uid)}
    )
