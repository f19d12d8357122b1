"""Fixtures of the pages of writing: a person's browser and the few things they do there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image
from pypdf import PdfWriter

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.referrals import queries
from renkei.referrals.models import Referral, ReferralLetter
from testing.cast import Cast
from testing.fixtures import StaffClient

MONDAY = clock.jst(2026, 6, 1, 9, 0)
PURPOSE = "HbA1c 9.2%、蛋白尿(2+)。教育入院を含めご高診をお願いします。"


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


class Desk:
    """One person's browser on the pages of writing."""

    def __init__(self, cast: Cast, browser: StaffClient, who: str) -> None:
        self.cast, self.actor = cast, cast.actor(who)
        self.browser = browser.log_in(self.actor)

    def start(self, patient: str = "suzuki") -> Referral:
        answer = self.browser.post(reverse("referrals:new"), {"patient": self.cast.patient(patient).uid})
        assert answer.status_code == 302
        return self.see(answer.url.split("/")[-3])

    def see(self, uid: object) -> Referral:
        with acting(self.actor):
            return queries.one(self.actor, str(uid))

    def letter(self, referral: Referral) -> ReferralLetter:
        with acting(self.actor):
            return queries.whole(self.actor, self.see(referral.uid)).letters[-1]

    def form(self, referral: Referral, **changed: Any) -> dict[str, Any]:
        to = self.cast.facility("H1")
        full = {
            "version": self.see(referral.uid).version,
            "_facility": self.actor.facility_id,
            "receiver": to.name,
            "receiver_code": str(to.uid),
            "receiver_department": "糖尿病内科",
            "urgency": "routine",
            "basis": "posted_notice",
            "purpose": PURPOSE,
            "dx-0-text": "2型糖尿病",
            "course": "半年前から悪化しています。",
        }
        return full | changed

    def post(self, referral: Referral, do: str = "save", **changed: Any) -> Any:
        return self.browser.post(url(referral), self.form(referral, do=do, **changed))

    def autosave(self, referral: Referral, **changed: Any) -> Any:
        data = self.form(referral, **changed)
        return self.browser.post(url(referral), data, headers={"X-Renkei-Autosave": "1"})


def url(referral: Referral) -> str:
    return reverse("referrals:edit", args=[referral.uid])


@pytest.fixture
def clerk(cast: Cast, browser: StaffClient) -> Desk:
    return Desk(cast, browser, "kimura")


@pytest.fixture
def physician(cast: Cast) -> Desk:
    return Desk(cast, StaffClient(), "aoki")


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    return out.getvalue()


def locked_pdf() -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def upload(desk: Desk, referral: Referral, *files: SimpleUploadedFile) -> Any:
    address = reverse("referrals:attach", args=[referral.uid])
    return desk.browser.post(address, {"files": list(files)}, headers={"HX-Request": "true"})
