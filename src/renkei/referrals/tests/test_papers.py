"""Papers and files: what is printed, by whom it may be printed, and what stays out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from renkei.directory.models import MapPicture
from renkei.files.store import check
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow
from renkei.referrals import actions, queries
from renkei.referrals.models import Referral
from renkei.referrals.papers import pdf
from renkei.referrals.tests.test_the_loop import LETTER, MONDAY, Region
from renkei.referrals.types import LetterContent, ReplyKind
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


@pytest.fixture
def region(cast: Cast) -> Region:
    return Region(cast)


def words(content: bytes) -> str:
    """The text of a PDF without spaces and line ends, which a typesetter may put anywhere."""
    return "".join("".join(p.extract_text().split()) for p in PdfReader(io.BytesIO(content)).pages)


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    return out.getvalue()


def address(name: str, referral: Referral, **more: object) -> str:
    return reverse(f"referrals:{name}", kwargs={"uid": referral.uid, **more})


def test_the_letter_prints_its_fields_for_both_sides(region: Region, browser: StaffClient) -> None:
    referral = region.sent()
    for who in ("kimura", "sato"):
        response = browser.log_in(region.cast.actor(who)).get(address("letter_pdf", referral))
        assert response.status_code == 200
        assert response["Content-Type"] == "application/pdf"
        text = words(response.content)
        assert "診療情報提供書" in text
        assert "2型糖尿病" in text
        assert "鈴木一郎" in text
        assert "教育入院を含めご高診をお願いします" in text
        assert referral.number in text


def test_a_draft_says_that_it_is_one(region: Region, browser: StaffClient) -> None:
    referral = region.draft()
    response = browser.log_in(region.cast.actor("kimura")).get(address("letter_pdf", referral))
    assert "下書き・未確定" in words(response.content)


def test_a_stranger_gets_no_paper(region: Region, browser: StaffClient) -> None:
    referral = region.sent()
    client = browser.log_in(region.cast.actor("east_doctor"))
    for name in ("letter_pdf", "slip_pdf", "cover_pdf"):
        assert client.get(address(name, referral)).status_code == 404


def test_entered_on_behalf_is_printed(region: Region, browser: StaffClient) -> None:
    referral = region.sent()
    text = words(browser.log_in(region.cast.actor("sato")).get(address("letter_pdf", referral)).content)
    assert "木村あや" in text


def test_each_version_can_be_printed_and_the_newest_tells_why(region: Region, browser: StaffClient) -> None:
    referral = region.sent()
    corrected = LetterContent(**{**vars(LETTER), "course": "3か月前から悪化しています。"})
    region.do("aoki", "correct", referral, content=corrected, reason="経過の期間の誤り")
    client = browser.log_in(region.cast.actor("sato"))
    first = words(client.get(address("letter_version_pdf", referral, number=1)).content)
    newest = words(client.get(address("letter_pdf", referral)).content)
    assert "半年前から" in first
    assert "3か月前から" in newest
    assert "経過の期間の誤り" in newest
    assert client.get(address("letter_version_pdf", referral, number=3)).status_code == 404


def test_a_reply_is_printed_with_the_number_it_answers(region: Region, browser: StaffClient) -> None:
    referral = region.arrived()
    region.reply("takahashi", referral, ReplyKind.FIRST_REPORT, "教育入院を予定しました。")
    actor = region.cast.actor("aoki")
    with acting(actor):
        reply = queries.whole(actor, region.see(actor, referral)).replies[0]
    response = browser.log_in(actor).get(address("reply_pdf", referral, reply_uid=reply.uid))
    text = words(response.content)
    assert "初回経過報告書" in text
    assert "教育入院を予定しました" in text
    assert referral.number in text


def test_the_sender_cannot_print_a_reply_that_is_not_sent(region: Region, browser: StaffClient) -> None:
    referral = region.arrived()
    doctor = region.cast.actor("takahashi")
    with acting(doctor):
        reply = actions.write_reply(
            doctor, region.see(doctor, referral), kind=ReplyKind.FIRST_REPORT, text="まだ下書き"
        )
    where = address("reply_pdf", referral, reply_uid=reply.uid)
    assert browser.log_in(region.cast.actor("aoki")).get(where).status_code == 404
    own = browser.log_in(doctor).get(where)
    assert "下書き・未確定" in words(own.content)


def test_the_slip_tells_date_place_what_to_bring_and_shows_the_way(
    region: Region, browser: StaffClient
) -> None:
    referral = region.sent()
    with arranging():
        MapPicture.objects.create(
            facility=region.cast.facility("H1"), content=png(), media_type="image/png", sha256="0" * 64
        )
    region.do(
        "sato",
        "offer_date",
        referral,
        starts_at=MONDAY + timedelta(days=4),
        place="2階B受付",
        bring="保険証、お薬手帳",
        confirmed=True,
    )
    for who in ("sato", "kimura"):
        response = browser.log_in(region.cast.actor(who)).get(address("slip_pdf", referral))
        text = words(response.content)
        assert "6月5日" in text
        assert "2階B受付" in text
        assert "お薬手帳" in text
        assert "みどり中央病院" in text


def test_a_slip_without_a_date_says_what_to_do(region: Region, browser: StaffClient) -> None:
    referral = region.sent()
    response = browser.log_in(region.cast.actor("sato")).get(address("slip_pdf", referral))
    assert response.status_code == NotPossibleNow.status
    assert "日程を提案・確定してから" in response.content.decode()


def test_an_offered_date_is_marked_as_not_yet_agreed(region: Region, browser: StaffClient) -> None:
    referral = region.sent()
    region.do("sato", "offer_date", referral, starts_at=MONDAY + timedelta(days=4))
    response = browser.log_in(region.cast.actor("kimura")).get(address("slip_pdf", referral))
    assert "まだ確定していません" in words(response.content)


def test_the_fax_cover_counts_its_sheets_and_names_no_patient(region: Region, browser: StaffClient) -> None:
    referral = region.sent()
    content = browser.log_in(region.cast.actor("aoki")).get(address("cover_pdf", referral)).content
    sheets = PdfReader(io.BytesIO(content)).pages
    cover = "".join(sheets[0].extract_text().split())
    assert "鈴木" not in cover
    assert f"{len(sheets)}枚" in cover
    assert "鈴木一郎" in "".join(sheets[1].extract_text().split())


def test_an_attachment_comes_back_as_it_was_and_only_as_a_download(
    region: Region, browser: StaffClient
) -> None:
    clerk = region.cast.actor("kimura")
    referral = region.draft()
    with acting(clerk):
        attached = actions.attach(clerk, region.see(clerk, referral), checked=check("心電図.png", png()))
    region.do("aoki", "finalise", referral)
    region.do("aoki", "send", referral)
    where = address("file", referral, file_uid=attached.uid)
    response = browser.log_in(region.cast.actor("sato")).get(where)
    assert response.content == png()
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert browser.log_in(region.cast.actor("east_clerk")).get(where).status_code == 404


def test_characters_without_a_glyph_are_told_and_the_letter_is_printed(
    region: Region, browser: StaffClient
) -> None:
    odd = LetterContent(**{**vars(LETTER), "course": "記号\U0001f9ec の説明"})
    referral = region.draft(odd)
    response = browser.log_in(region.cast.actor("kimura")).get(address("letter_pdf", referral))
    assert response.status_code == 200
    assert response["X-Renkei-Unprintable"] == "U+1F9EC"


def test_the_code_on_a_paper_leads_to_the_referral_and_nothing_else(
    region: Region, browser: StaffClient
) -> None:
    referral = region.sent()
    path = pdf.qr_text(referral)
    assert str(referral.uid) not in path
    client = browser.log_in(region.cast.actor("sato"))
    assert client.get(path)["Location"] == address("show", referral)
    assert client.get(path[:-4] + "AAA/").status_code == 404
    assert browser.log_in(region.cast.actor("east_clerk")).get(path).status_code == 404
