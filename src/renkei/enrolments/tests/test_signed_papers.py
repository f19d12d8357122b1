"""The agreement as it was signed is kept with its day (S48)."""

from __future__ import annotations

import io
from datetime import date

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from renkei.enrolments import actions
from renkei.enrolments.models import Scheme, SignedPaper
from renkei.enrolments.tests.conftest import FIRST_DAY, HAYASHI
from renkei.enrolments.types import ApplicationDraft
from renkei.kernel import clock
from testing.cast import Cast
from testing.fixtures import StaffClient

pytestmark = pytest.mark.django_db


def scan(words: str = "地域医療協定書") -> bytes:
    """A page as a scanner makes it."""
    kept = io.BytesIO()
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width=595, height=842)
    writer.add_metadata({"/Title": words})
    writer.write(kept)
    return kept.getvalue()


def test_the_signed_agreement_is_kept_with_its_day_and_read_by_both_sides_alone(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    office = region.actor("sato")
    with clock.frozen(FIRST_DAY):
        net = actions.start_scheme(office, key="rinku_agreement")
        said = ApplicationDraft(
            region.facility("C2").pk, answers=(("signed_on", "R8.5.28"), ("signed_by", HAYASHI))
        )
        row = actions.apply(region.actor("hayashi"), scheme=net, draft=said)
        member = actions.approve(office, row)
        url = f"/enrolments/members/{member.uid}/"

        def hand_in(day: str, name: str = "協定書.pdf", content: bytes | None = None) -> int:
            file = SimpleUploadedFile(name, content or scan(), "application/pdf")
            form = {"keep-file": file, "keep-signed_on": day}
            return int(browser.post(f"{url}papers/", form).status_code)

        browser.log_in(region.actor("hayashi"))
        assert [hand_in("R8.6.2"), hand_in("R8.5.28", content=b"MZ no paper")] == [422, 422]
        assert not SignedPaper.objects.visible_to(office).exists()
        assert [hand_in("R8.5.28"), hand_in("R8.5.28")] == [302, 422]
        kept = SignedPaper.objects.visible_to(office).get()
        assert (kept.signed_on, kept.name) == (date(2026, 5, 28), "協定書.pdf")
        for who, status in (("sato", 200), ("hayashi", 200), ("east_clerk", 404), ("aoki", 404)):
            browser.log_in(region.actor(who))
            answer = browser.get(f"{url}papers/{kept.uid}/")
            assert answer.status_code == status, who
            if status == 200:
                assert "2026年5月28日" in browser.get(url).content.decode()
                assert bytes(answer.content) == bytes(kept.content)
        browser.log_in(region.actor("east_clerk"))
        assert hand_in("R8.5.28", content=scan("別")) == 404
