"""What a code on a returned paper is worth: something at the house that printed it, nothing anywhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed, NotPossibleNow
from renkei.referrals import papercodes
from renkei.referrals.actions.on_paper import issue_codes
from renkei.referrals.papers import outgoing
from renkei.referrals.papers.pdf import qr_text
from renkei.referrals.papers.queries import Worth, resolve
from renkei.referrals.tests.test_the_loop import MONDAY, Region
from testing.cast import Cast


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


def test_a_code_is_worth_something_at_its_own_house_only(cast: Cast) -> None:
    region = Region(cast)
    referral = region.draft(to="H2")
    region.do("aoki", "finalise", referral)
    region.do("aoki", "send", referral, electronic=False)
    clerk, desk = cast.actor("kimura"), cast.actor("sato")
    with acting(clerk):
        codes = issue_codes(clerk, region.see(clerk, referral), kinds=("", "final_report"))
        again = issue_codes(clerk, region.see(clerk, referral), kinds=("final_report",))
        assert again["final_report"].pk == codes["final_report"].pk, "a code that counts is used again"
        good = outgoing.text_of(codes["final_report"])
        assert resolve(clerk, clerk.facility_id, good).worth is Worth.GOOD
        assert resolve(clerk, clerk.facility_id, outgoing.text_of(codes[""])).worth is Worth.NO_KIND
        assert resolve(clerk, clerk.facility_id, qr_text(referral)).worth is Worth.NO_KIND
        forged = papercodes.write(papercodes.new_key(), "final_report", codes[""].valid_until)
        assert resolve(clerk, clerk.facility_id, forged).worth is Worth.UNKNOWN
        assert resolve(clerk, clerk.facility_id, good[:-5] + "AAAAA").worth is Worth.FORGED
        assert resolve(clerk, clerk.facility_id, "https://example.jp/").worth is Worth.FOREIGN
        other_kind = papercodes.write(codes["final_report"].key, "arrival_notice", codes[""].valid_until)
        assert resolve(clerk, clerk.facility_id, other_kind).worth is Worth.UNKNOWN
    with acting(desk):
        assert resolve(desk, desk.facility_id, good).worth is Worth.UNKNOWN
        assert resolve(desk, desk.facility_id, good).referral is None


def test_codes_are_given_out_by_the_sender_for_letters_on_paper_only(cast: Cast) -> None:
    region = Region(cast)
    referral = region.sent()
    with acting(cast.actor("kimura")), pytest.raises(NotPossibleNow):
        issue_codes(cast.actor("kimura"), region.see(cast.actor("kimura"), referral), kinds=("",))
    with acting(cast.actor("sato")), pytest.raises(NotAllowed):
        issue_codes(cast.actor("sato"), region.see(cast.actor("sato"), referral), kinds=("",))
