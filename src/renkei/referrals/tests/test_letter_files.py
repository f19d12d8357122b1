"""Attachments: taken in by content, listed, removed; what is bad is refused by name and reason."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pypdf import PdfReader

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.referrals import queries
from renkei.referrals.models import Attachment, Referral
from renkei.referrals.tests.desks import (
    MONDAY,
    PURPOSE,
    Desk,
    clerk,
    locked_pdf,
    monday,
    physician,
    picture,
    text_of,
    upload,
    url,
)
from testing.cast import Cast
from testing.fixtures import StaffClient

__all__ = ["clerk", "monday", "physician"]

# attachments


def test_a_picture_is_attached_listed_and_taken_off(clerk: Desk) -> None:
    referral = clerk.start()
    version = referral.version
    answer = upload(clerk, referral, SimpleUploadedFile("胸部.png", picture()))
    assert answer.status_code == 200
    assert "胸部.png" in text_of(answer)
    assert clerk.see(referral.uid).version == version
    with acting(clerk.actor):
        row = queries.whole(clerk.actor, clerk.see(referral.uid)).attachments[0]
    gone = clerk.browser.post(
        reverse("referrals:detach", args=[referral.uid, row.uid]), headers={"HX-Request": "true"}
    )
    assert gone.status_code == 200
    assert "胸部.png" not in text_of(gone)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("空.pdf", b"", "0バイト"),
        ("実行.pdf", b"MZ\x90\x00program", "受け付けられない形式"),
        ("写真.pdf", picture(), "名前と中身が合いません"),
        ("鍵.pdf", locked_pdf(), "パスワード"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_reason(clerk: Desk, name: str, content: bytes, says: str) -> None:
    referral = clerk.start()
    answer = upload(
        clerk, referral, SimpleUploadedFile(name, content), SimpleUploadedFile("良い.png", picture())
    )
    page = text_of(answer)
    assert answer.status_code == 422
    assert name in page
    assert says in page
    assert "良い.png" in page


def test_a_file_that_is_too_big_is_refused_before_it_is_read(
    clerk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renkei.referrals.writing.files.MOST_BYTES", 100)
    referral = clerk.start()
    answer = upload(clerk, referral, SimpleUploadedFile("大きい.png", picture() + b"0" * 200))
    assert answer.status_code == 422
    assert "までです" in text_of(answer)


def test_without_scripts_the_file_goes_with_the_form_and_the_text_is_kept(clerk: Desk) -> None:
    referral = clerk.start()
    bad = clerk.post(referral, files=SimpleUploadedFile("空.pdf", b""))
    assert bad.status_code == 422
    assert "0バイト" in text_of(bad)
    assert clerk.letter(referral).read_content().purpose == PURPOSE
    good = clerk.post(referral, files=SimpleUploadedFile("心電図.png", picture()))
    assert good.status_code == 302
    assert "心電図.png" in text_of(clerk.browser.get(url(referral)))


def test_a_letter_that_is_written_anew_keeps_its_files(clerk: Desk, physician: Desk) -> None:
    referral = clerk.start()
    upload(clerk, referral, SimpleUploadedFile("胸部.png", picture()))
    upload(clerk, referral, SimpleUploadedFile("誤り.png", picture()))
    with acting(clerk.actor):
        wrong = queries.whole(clerk.actor, clerk.see(referral.uid)).attachments[1]
    clerk.browser.post(reverse("referrals:detach", args=[referral.uid, wrong.uid]))
    clerk.post(referral)
    physician.post(referral, "finalise")
    seen = {"do": "again", "version": physician.see(referral.uid).version}
    answer = physician.browser.post(url(referral), seen)
    anew = physician.see(answer.url.split("/")[-3])
    assert anew.uid != referral.uid
    with acting(physician.actor):
        [kept] = queries.whole(physician.actor, anew).attachments
    assert kept.name == "胸部.png"
    there = reverse("referrals:file", args=[anew.uid, kept.uid])
    assert clerk.browser.get(there).content == picture()
    assert "胸部.png" in text_of(clerk.browser.get(url(anew)))


def test_a_recalled_letter_goes_to_another_house_with_its_files(clerk: Desk, physician: Desk) -> None:
    referral = clerk.start()
    upload(clerk, referral, SimpleUploadedFile("胸部.png", picture()))
    clerk.post(referral)
    physician.post(referral, "send")
    withdraw = reverse("referrals:make", args=[referral.uid, "withdraw"])
    clerk.browser.post(withdraw, {"reason": "宛先の誤り", "version": clerk.see(referral.uid).version})
    answer = clerk.browser.post(reverse("referrals:again", args=[referral.uid]))
    with acting(clerk.actor):
        kept = queries.whole(clerk.actor, clerk.see(answer.url.split("/")[-3])).attachments
    assert [a.name for a in kept] == ["胸部.png"]


# files of a corrected version


def _corrected(physician: Desk, referral: Referral, **changed: Any) -> Any:
    data = physician.form(referral, reason="別の患者のファイルを付けた", **changed)
    return physician.browser.post(reverse("referrals:correct", args=[referral.uid]), data)


def _sent_with(clerk: Desk, physician: Desk, *names: str) -> Referral:
    referral = clerk.start()
    upload(clerk, referral, *(SimpleUploadedFile(name, picture()) for name in names))
    clerk.post(referral)
    physician.post(referral, "send")
    return referral


def _files(desk: Desk, referral: Referral) -> dict[str, Attachment]:
    with acting(desk.actor):
        return {a.name: a for a in queries.whole(desk.actor, desk.see(referral.uid)).attachments}


def test_a_correction_takes_a_wrong_file_off_and_adds_the_right_one(
    clerk: Desk, physician: Desk, cast: Cast
) -> None:
    referral = _sent_with(clerk, physician, "胸部.png", "別の人.png")
    receiver = Desk(cast, StaffClient(), "sato")
    wrong = _files(receiver, referral)["別の人.png"]
    there = reverse("referrals:file", args=[referral.uid, wrong.uid])
    assert receiver.browser.get(there).status_code == 200
    change = {"remove": str(wrong.uid), "files": SimpleUploadedFile("心電図.png", picture())}
    with clock.frozen(MONDAY + timedelta(minutes=1)):
        preview = text_of(_corrected(physician, referral, do="preview", **change))
        assert "別の人.png</del>" in preview
        assert "心電図.png</ins>" in preview
        assert set(_files(physician, referral)) == {"胸部.png", "別の人.png"}
        change["files"].seek(0)
        assert _corrected(physician, referral, do="issue", **change).status_code == 302
    assert set(_files(receiver, referral)) == {"胸部.png", "心電図.png"}
    assert receiver.browser.get(there).status_code == 404
    page = text_of(receiver.browser.get(reverse("referrals:show", args=[referral.uid])))
    told = page.split("第2版で変わったところ")[-1]
    assert "別の人.png</del>" in told
    assert "心電図.png</ins>" in told
    names = {1: ("胸部.png", "別の人.png"), 2: ("胸部.png", "心電図.png")}
    for number, listed in names.items():
        address = reverse("referrals:letter_version_pdf", args=[referral.uid, number])
        paper = PdfReader(io.BytesIO(receiver.browser.get(address).content))
        text = "".join(page.extract_text() for page in paper.pages)
        assert [name in text for name in ("胸部.png", "別の人.png", "心電図.png")] == [
            name in listed for name in ("胸部.png", "別の人.png", "心電図.png")
        ]


def test_a_bad_file_refuses_the_correction_and_what_was_typed_stays(clerk: Desk, physician: Desk) -> None:
    referral = _sent_with(clerk, physician, "胸部.png")
    bad = SimpleUploadedFile("実行.pdf", b"MZ\x90\x00program")
    answer = _corrected(physician, referral, do="issue", files=bad, course="3か月前から")
    assert answer.status_code == 422
    assert "受け付けられない形式" in text_of(answer)
    assert "3か月前から" in text_of(answer)
    with acting(physician.actor):
        assert len(queries.whole(physician.actor, physician.see(referral.uid)).letters) == 1
