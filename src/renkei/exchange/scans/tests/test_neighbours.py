"""Pages without a code behind a coded one: never filed by themselves, shown with the answer before them, filed by one key."""

from __future__ import annotations

from django.urls import reverse

from renkei.exchange.scans import filing, queries, working
from renkei.exchange.scans.tests.desks import PaperDesk, blank
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.fixtures import StaffClient


def test_the_list_names_the_answer_before_it_and_one_key_files_it_there(
    desk: PaperDesk, browser: StaffClient
) -> None:
    referral, newer = desk.sent("suzuki"), desk.sent("yamada")
    first, behind = desk.scan(desk.form(referral, "interim_report"), blank())
    assert (first.state, behind.state, behind.why) == ("filed", "unmatched", working.NO_CODE)
    client = browser.log_in(desk.clerk)
    listed = client.get(reverse("exchange:scans")).content.decode()
    sentence = f"前のページは 鈴木 一郎 様 {referral.number} の中間報告です"
    assert listed.count(sentence) == 2, "in the row and beside the pages"
    with acting(desk.clerk):
        shown = queries.candidates(desk.clerk, queries.one(desk.clerk, behind.uid))
    assert [r.pk for r in shown] == [referral.pk, newer.pk]
    assert f'value="{referral.uid}" data-key="1"' in listed
    assert listed.count("required checked") == 1
    assert 'class="btn btn-primary" name="kind" value="interim_report"' in listed
    data = {"referral": str(referral.uid), "kind": "interim_report"}
    assert client.post(reverse("exchange:scan_file", args=[behind.uid]), data).status_code == 302
    with acting(desk.clerk):
        now = queries.one(desk.clerk, behind.uid)
        assert (now.state, now.referral_id, now.by_code) == ("filed", referral.pk, False)
        assert queries.unmatched_count(desk.clerk) == 0


def test_a_paper_before_it_that_waits_itself_is_named_as_far_as_its_code_says(desk: PaperDesk) -> None:
    referral = desk.sent()
    form = desk.form(referral, "final_report")
    with clock.frozen(clock.jst(2027, 7, 1, 9, 0)):
        _late, behind = desk.scan(form, blank())
        with acting(desk.clerk):
            found = queries.neighbour(queries.one(desk.clerk, behind.uid))
    assert found == queries.Neighbour(referral, "final_report", filed=False)


def test_nothing_is_suggested_behind_a_strange_code_or_a_form_that_cannot_be_read(desk: PaperDesk) -> None:
    referral = desk.sent()
    form = desk.form(referral, "final_report")
    strange = desk.scan(form, blank(), who="sato", name="elsewhere.pdf")
    form.paste(255, (850, 60, 1240, 400))
    form.paste(255, (0, 1350, 400, 1650))
    [together] = desk.scan(form, blank(), name="unreadable.pdf")
    assert (together.page_count, together.follows_id) == (2, None)
    sato = desk.cast.actor("sato")
    with acting(sato):
        assert queries.neighbour(queries.one(sato, strange[1].uid)) is None


def test_a_wrong_filing_suggests_nothing_any_more(desk: PaperDesk) -> None:
    referral = desk.sent()
    first, behind = desk.scan(desk.form(referral, "final_report"), blank())
    desk.file(behind, referral)
    with acting(desk.clerk):
        filing.undo(desk.clerk, queries.one(desk.clerk, behind.uid), reason="別の患者さんの書類だった")
        assert queries.suggested(queries.one(desk.clerk, behind.uid)) == 0

    other, after = desk.scan(desk.form(referral, "arrival_notice"), blank(), name="second.pdf")
    with acting(desk.clerk):
        assert queries.suggested(queries.one(desk.clerk, after.uid)) == referral.pk
        filing.undo(desk.clerk, queries.one(desk.clerk, other.uid), reason="別の患者さんの書類だった")
        assert queries.suggested(queries.one(desk.clerk, after.uid)) == 0
    assert first.state == "filed"
