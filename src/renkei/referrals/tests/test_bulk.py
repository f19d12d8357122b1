"""まとめて印刷: asked for by one key, set by the worker, opened at the desk; restarted workers double nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlparse

import pytest
from django.http import HttpResponse
from django.urls import reverse

from renkei.audit.models import AuditEntry
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.notices.models import Notice
from renkei.referrals.models import PrintJob, PrintSheet, Referral
from renkei.referrals.papers import bulk, pdf
from renkei.referrals.tests.test_papers import words
from renkei.referrals.tests.test_the_loop import LETTER, MONDAY, Region
from renkei.referrals.types import LetterContent
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


def press(client: StaffClient, **tile: str) -> HttpResponse:
    """P on the desk."""
    return client.post(f"{reverse('referrals:bulk')}?tab={tile.get('tab', 'new')}")  # type: ignore[return-value]


def the_job() -> PrintJob:
    with arranging():
        return PrintJob._base_manager.get()


def work(uid: object) -> PrintJob:
    """What the worker does."""
    with arranging("the worker"):
        bulk.set_letters(job_uid=str(uid))
    return the_job()


def opened(client: StaffClient, row: PrintJob) -> HttpResponse:
    return client.get(reverse("referrals:print_pdf", args=[row.uid]))  # type: ignore[return-value]


def test_the_desk_asks_by_one_key_watches_the_progress_and_opens_the_file(
    region: Region, browser: StaffClient
) -> None:
    sent = [region.sent(), region.sent()]
    region.draft()
    client = browser.log_in(region.cast.actor("sato"))
    desk = client.get(reverse("referrals:desk")).content.decode()
    assert '<button type="submit" class="btn" data-key="P"' in desk
    answer = press(client)
    row = the_job()
    assert (answer.status_code, row.total, row.done, row.state) == (302, 2, 0, "waiting")
    assert parse_qs(urlparse(answer["Location"]).query) == {"tab": ["new"], "print": [str(row.uid)]}
    waiting = client.get(answer["Location"]).content.decode()
    assert f'data-live="{reverse("referrals:print_live", args=[row.uid])}"' in waiting
    assert "0/2件" in waiting
    assert opened(client, row).status_code == 409
    row = work(row.uid)
    assert (row.state, row.done) == ("done", 2)
    live = client.get(reverse("referrals:print_live", args=[row.uid]), headers={"X-Renkei-Poll": "1"})
    assert reverse("referrals:print_pdf", args=[row.uid]) in live.content.decode()
    text = words(opened(client, row).content)
    assert all(r.number in text for r in sent)
    with arranging():
        [told] = Notice._base_manager.filter(kind="print_ready")
        assert (told.person_id, told.url) == (row.person_id, reverse("referrals:print_job", args=[row.uid]))
        read = AuditEntry.objects.filter(says="まとめて印刷した紹介状を閲覧").latest("id")
        assert set(read.patient_ids) >= {r.patient_id for r in sent}
        assert not PrintSheet._base_manager.exclude(content=b"").exists(), "the bytes lie in one place"
    assert client.get(told.url).status_code == 200


def test_ticked_rows_are_printed_in_their_order_and_drafts_and_strangers_rows_are_not(
    region: Region, browser: StaffClient
) -> None:
    one, two, draft = region.sent(), region.sent(), region.draft()
    uids = [str(two.uid), str(one.uid), str(draft.uid)]
    client = browser.log_in(region.cast.actor("aoki"))
    assert client.post(reverse("referrals:bulk"), {"uids": uids}).status_code == 302
    text = words(opened(client, work(the_job().uid)).content)
    assert text.index(two.number) < text.index(one.number)
    assert draft.number not in text
    stranger = browser.log_in(region.cast.actor("hayashi"))
    assert stranger.post(reverse("referrals:bulk"), {"uids": uids}).status_code == 422


def test_another_house_finds_neither_the_job_nor_the_file(region: Region, browser: StaffClient) -> None:
    region.sent()
    press(browser.log_in(region.cast.actor("sato")))
    row = work(the_job().uid)
    for stranger in ("aoki", "east_clerk", "hayashi"):
        client = browser.log_in(region.cast.actor(stranger))
        for name in ("print_job", "print_live", "print_pdf"):
            assert client.get(reverse(f"referrals:{name}", args=[row.uid])).status_code == 404
        actor = region.cast.actor(stranger)
        with acting(actor):
            assert bulk.asked_here(actor, str(row.uid)) is None


def test_a_killed_worker_goes_on_where_it_stood(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = region.cast.actor("sato")
    sent = [region.see(desk, region.sent()) for _ in range(3)]
    with acting(desk):
        row = bulk.ask(desk, sent)

    class Killed(BaseException):
        pass

    made: list[str] = []
    letter_pdf = pdf.letter_pdf

    def dying(referral: Referral, *rest: object) -> bytes:
        if len(made) == 2:
            raise Killed
        made.append(referral.number)
        return letter_pdf(referral, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pdf, "letter_pdf", dying)
    with arranging("the worker"), pytest.raises(Killed):
        bulk.set_letters(job_uid=str(row.uid))
    assert (the_job().state, the_job().done) == ("waiting", 2)
    made.clear()
    assert work(row.uid).state == "done"
    assert made == [sent[2].number], "the two that were set are not set again"
    before = the_job().finished_at
    assert work(row.uid).finished_at == before
    with arranging():
        assert Notice._base_manager.filter(kind="print_ready").count() == 1


def test_what_was_recalled_meanwhile_is_not_given_out(region: Region, browser: StaffClient) -> None:
    referral = region.sent()
    client = browser.log_in(region.cast.actor("sato"))
    press(client)
    row = work(the_job().uid)
    region.do("kimura", "withdraw", referral, reason="転居のため")
    answer = opened(client, row)
    assert answer.status_code == 409
    assert "もう一度印刷してください" in answer.content.decode()


def test_the_file_is_emptied_after_a_day(region: Region, browser: StaffClient) -> None:
    region.sent()
    client = browser.log_in(region.cast.actor("sato"))
    press(client)
    row = work(the_job().uid)
    with clock.frozen(MONDAY + timedelta(hours=25)), arranging("the worker"):
        assert bulk.forget_old() == 1
        assert bulk.forget_old() == 0
    assert (the_job().state, bytes(the_job().content)) == ("gone", b"")
    assert opened(client, row).status_code == 409


def test_more_than_fifty_letters_are_refused_with_the_remedy(region: Region, browser: StaffClient) -> None:
    client = browser.log_in(region.cast.actor("sato"))
    uids = [f"0192f3a4-7c1e-7b2a-9d3e-{n:012d}" for n in range(51)]
    answer = client.post(reverse("referrals:bulk"), {"uids": uids})
    assert answer.status_code == 422
    assert "絞り込んでください" in answer.content.decode()


def test_nothing_to_print_is_a_clear_refusal(region: Region) -> None:
    desk = region.cast.actor("sato")
    with acting(desk), pytest.raises(Invalid) as refusal:
        bulk.ask(desk, [])
    assert refusal.value.code == "nothing_to_print"
    with arranging():
        assert not PrintJob._base_manager.exists()


def test_a_letter_that_cannot_be_set_is_told_and_stops(
    region: Region, browser: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    region.sent()
    client = browser.log_in(region.cast.actor("sato"))
    press(client)

    def broken(*_given: object) -> bytes:
        raise NotPossibleNow("broken", "この紹介状は印刷できません。")

    monkeypatch.setattr(pdf, "letter_pdf", broken)
    row = work(the_job().uid)
    assert (row.state, row.error) == ("failed", "この紹介状は印刷できません。")
    assert (
        "この紹介状は印刷できません。"
        in client.get(reverse("referrals:print_job", args=[row.uid])).content.decode()
    )


def test_characters_without_a_glyph_are_told_on_the_desk(region: Region, browser: StaffClient) -> None:
    referral = region.draft(LetterContent(**{**vars(LETTER), "course": "記号\U0001f9ec の説明"}))
    region.do("aoki", "finalise", referral)
    region.do("aoki", "send", referral)
    client = browser.log_in(region.cast.actor("sato"))
    press(client)
    row = work(the_job().uid)
    assert row.lost_codes == "U+1F9EC"
    assert "U+1F9EC" in client.get(reverse("referrals:print_job", args=[row.uid])).content.decode()
    assert opened(client, row)["X-Renkei-Unprintable"] == "U+1F9EC"
