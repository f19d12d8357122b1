"""Papers that come back: filed by their code, by hand, undone; and everything that must not be filed by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from renkei.exchange.models import Misfiling, ScanFile, ScanPartState
from renkei.exchange.scans import filing, queries, working
from renkei.exchange.scans.tests.desks import PaperDesk, blank
from renkei.files.store import fetch
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.notices.models import Notice
from renkei.referrals import actions
from renkei.referrals import queries as referrals
from renkei.referrals.actions.on_paper import close_answered, revoke_codes
from renkei.referrals.models import ReplyLetter
from renkei.referrals.types import ReplyKind, State
from testing import scans
from testing.database import arranging


def test_the_form_finds_its_referral_and_says_which_reply_it_is(desk: PaperDesk) -> None:
    referral = desk.sent()
    [part] = desk.scan(desk.form(referral, "arrival_notice"))
    assert (part.state, part.kind, part.referral_id) == ("filed", "arrival_notice", referral.pk)
    assert desk.see(referral).state == State.ARRIVED
    [last] = desk.scan(desk.form(referral, "final_report"))
    assert (last.kind, last.by_code) == ("final_report", True)
    now = desk.see(referral)
    assert now.state == State.FINAL_REPLY
    assert now.final_report_at is not None
    with acting(desk.clerk):
        whole = referrals.whole(desk.clerk, now)
        assert [(r.kind, r.on_paper) for r in whole.replies] == [
            ("arrival_notice", True),
            ("final_report", True),
        ]
        assert "システムがQRコードで登録しました" in whole.moves[-1].says
        assert whole.moves[-1].facility_id == desk.clerk.facility_id
        close_answered(desk.clerk, now)
    assert desk.see(referral).state == State.CLOSED


def test_the_original_is_kept_byte_for_byte(desk: PaperDesk) -> None:
    referral = desk.sent()
    data = scans.as_pdf([desk.form(referral, "final_report")], 150)
    row = desk.take(data)
    [part] = desk.read(row)
    with arranging():
        assert bytes(ScanFile._base_manager.get(pk=row.pk).content) == data
    with acting(desk.clerk):
        assert bytes(fetch(desk.clerk, part.file_uid or "").content) == data


def test_two_letters_in_one_file_are_parted_and_no_sheet_without_a_code_is_filed_by_itself(
    desk: PaperDesk,
) -> None:
    one, two = desk.sent("suzuki"), desk.sent("yamada")
    parts = desk.scan(
        desk.form(one, "final_report"), blank(), desk.form(two, "arrival_notice"), blank(), blank()
    )
    assert [(p.first_page, p.last_page, p.referral_id) for p in parts] == [
        (0, 0, one.pk),
        (1, 1, None),
        (2, 2, two.pk),
        (3, 4, None),
    ]
    with acting(desk.clerk):
        shown = [queries.neighbour(queries.one(desk.clerk, p.uid)) for p in parts]
    assert shown == [
        None,
        queries.Neighbour(one, "final_report", filed=True),
        None,
        queries.Neighbour(two, "arrival_notice", filed=True),
    ]


def test_a_form_whose_codes_are_gone_never_travels_with_the_letter_before_it(desk: PaperDesk) -> None:
    one, two = desk.sent("suzuki"), desk.sent("yamada")
    page = desk.form(two, "final_report")
    page.paste(255, (850, 60, 1240, 400))
    page.paste(255, (0, 1350, 400, 1650))
    first, second = desk.scan(desk.form(one, "final_report"), page)
    assert (first.referral_id, first.last_page) == (one.pk, 0)
    assert (second.state, second.referral_id, second.why) == ("unmatched", None, working.UNREADABLE)


def test_the_cover_and_the_letter_that_come_back_with_the_form_go_with_it(desk: PaperDesk) -> None:
    referral = desk.sent()
    cover, letter, *forms = desk.papers(referral)
    [part] = desk.scan(cover, forms[2], letter)
    assert (part.state, part.kind, part.page_count) == ("filed", "final_report", 3)


def test_the_cover_alone_names_the_referral_but_no_reply(desk: PaperDesk) -> None:
    referral = desk.sent()
    [part] = desk.scan(desk.papers(referral)[0])
    assert (part.state, part.proposed_id) == ("unmatched", referral.pk)
    assert "種類が分かりません" in part.why


def test_a_sheet_that_bears_two_codes_is_left_to_a_person(desk: PaperDesk) -> None:
    one, two = desk.sent("suzuki"), desk.sent("yamada")
    page = desk.form(one, "final_report")
    other = desk.form(two, "final_report")
    page.paste(other.crop((0, 1350, 400, 1650)), (0, 1350))
    [part] = desk.scan(page)
    assert (part.state, part.referral_id, part.proposed_id) == ("unmatched", None, None)


def test_expired_revoked_foreign_and_forged_codes_file_nothing(desk: PaperDesk) -> None:
    referral = desk.sent()
    form = desk.form(referral, "final_report")
    with clock.frozen(clock.jst(2027, 7, 1, 9, 0)):
        [late] = desk.scan(form, name="late.pdf")
    assert (late.state, late.why) == ("unmatched", "QRコードの期限が切れています。")
    [elsewhere] = desk.scan(form, who="sato", name="elsewhere.pdf")
    assert (elsewhere.state, elsewhere.proposed_id) == ("unmatched", None)
    with acting(desk.clerk):
        revoke_codes(desk.clerk, desk.see(referral))
    # The very same bytes would be known: it comes once more from another machine.
    gone, _sheet = desk.scan(form, blank(), name="gone.pdf")
    assert (gone.state, gone.why) == ("unmatched", "QRコードは無効にされています。")
    assert desk.see(referral).state == State.SENT


def test_a_recalled_letter_is_not_answered_by_itself(desk: PaperDesk) -> None:
    referral = desk.sent()
    form = desk.form(referral, "final_report")
    with acting(desk.clerk):
        actions.withdraw(desk.clerk, desk.see(referral), reason="転居のため")
    [part] = desk.scan(form)
    assert part.state == "unmatched"


def test_a_reply_to_a_closed_case_reopens_nothing_and_is_told(desk: PaperDesk) -> None:
    referral = desk.sent()
    form = desk.form(referral, "final_report")
    with acting(desk.clerk):
        actions.close_paper(desk.clerk, desk.see(referral), reason="電話で結果を確認")
    [part] = desk.scan(form)
    assert (part.state, part.late, desk.see(referral).state) == ("filed", True, State.CLOSED)
    with arranging():
        told = Notice._base_manager.filter(facility_id=desk.clerk.facility_id, number=referral.number)
        assert [n.text for n in told if "状態は変えていません" in n.text]


def test_the_same_file_comes_in_once(desk: PaperDesk) -> None:
    referral = desk.sent()
    data = scans.as_pdf([desk.form(referral, "final_report")], 150)
    first = desk.take(data)
    desk.read(first)
    again = desk.take(data, "another name.pdf")
    assert again.pk == first.pk
    desk.read(again)
    with arranging():
        assert ReplyLetter._base_manager.filter(referral=referral).count() == 1


def test_a_worker_that_is_killed_in_the_middle_goes_on_and_doubles_nothing(
    desk: PaperDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    referral = desk.sent()
    row = desk.take(scans.as_pdf([desk.form(referral, "final_report"), blank(), blank()], 150))

    class Killed(BaseException):
        pass

    seen: list[int] = []
    look = working.look

    def dying(page: object) -> object:
        if len(seen) == 2:
            raise Killed
        seen.append(1)
        return look(page)  # type: ignore[arg-type]

    monkeypatch.setattr(working, "look", dying)
    with arranging("the worker"), pytest.raises(Killed):
        working.read_scan(scan_uid=str(row.uid))
    with arranging():
        half = ScanFile._base_manager.get(pk=row.pk)
        assert (half.state, half.pages_read) == ("reading", 2)
    monkeypatch.setattr(working, "look", look)
    parts = desk.read(row)
    assert desk.read(row) == parts
    with arranging():
        assert ReplyLetter._base_manager.filter(referral=referral).count() == 1
        assert [p.follows_id for p in parts] == [None, parts[0].pk]


def test_a_clerk_files_what_has_no_code_and_the_proposal_is_the_newest_letter(desk: PaperDesk) -> None:
    old = desk.sent("yamada")
    with clock.frozen(clock.jst(2026, 6, 2, 9, 0)):
        new = desk.sent("suzuki")
        [part] = desk.scan(blank())
        assert (part.state, part.why) == ("unmatched", working.NO_CODE)
        with acting(desk.clerk):
            found = queries.candidates(desk.clerk, queries.one(desk.clerk, part.uid))
            assert [r.pk for r in found] == [new.pk, old.pk]
            named = queries.candidates(desk.clerk, part, "ヤマダ")
            assert [r.pk for r in named] == [old.pk]
        filed = desk.file(part, old, ReplyKind.INTERIM_REPORT)
        assert (filed.state, filed.filed_by) == ("filed", desk.clerk.label)
        assert desk.see(old).state == State.ARRIVED
        with pytest.raises(NotPossibleNow):
            desk.file(part, new)


def test_a_misfiling_is_undone_and_both_referrals_keep_the_record(desk: PaperDesk) -> None:
    wrong, right = desk.sent("suzuki"), desk.sent("yamada")
    [part] = desk.scan(blank())
    desk.file(part, wrong)
    assert desk.see(wrong).state == State.FINAL_REPLY
    with clock.frozen(clock.jst(2026, 6, 1, 9, 12)):
        with acting(desk.clerk):
            filing.undo(desk.clerk, queries.one(desk.clerk, part.uid), reason="山田さんの書類だった")
        now = desk.see(wrong)
        assert (now.state, now.final_report_at) == (State.SENT, None)
        desk.file(part, right)
    with acting(desk.clerk):
        gone = referrals.whole(desk.clerk, desk.see(wrong))
        assert gone.replies == []
        assert gone.attachments == []
        note = gone.moves[-1].note
        assert "12分間" in note
        assert "青木内科" in note
        assert "山田さんの書類だった" in note
        assert any("誤登録の記録" in m.says for m in gone.moves)
        other = referrals.whole(desk.clerk, desk.see(right))
        assert any(f"紹介 {wrong.number} に登録されていました" in m.note for m in other.moves)
        [record] = Misfiling.objects.visible_to(desk.clerk)
        assert (record.wrong_id, record.right_id) == (wrong.pk, right.pk)


def test_undoing_the_last_of_two_replies_goes_back_one_step(desk: PaperDesk) -> None:
    referral = desk.sent()
    desk.scan(desk.form(referral, "arrival_notice"))
    [part] = desk.scan(desk.form(referral, "final_report"))
    with acting(desk.clerk):
        filing.undo(desk.clerk, queries.one(desk.clerk, part.uid), reason="")
    assert desk.see(referral).state == State.ARRIVED


def test_another_house_sees_no_scan_and_files_nothing(desk: PaperDesk) -> None:
    referral = desk.sent()
    [part] = desk.scan(blank())
    for stranger in ("sato", "east_clerk", "hayashi"):
        actor = desk.cast.actor(stranger)
        with acting(actor):
            assert not list(queries.parts(actor))
            with pytest.raises(NotFound):
                queries.one(actor, part.uid)
            with pytest.raises(NotFound):
                filing.file_on(actor, part, referral=referral, kind="final_report")
    with acting(desk.clerk), pytest.raises(Invalid):
        filing.file_on(desk.clerk, part, referral=referral, kind="referral")


def test_a_paper_is_not_filed_on_a_letter_that_went_electronically(desk: PaperDesk) -> None:
    with acting(desk.clerk):
        made = actions.draft(desk.clerk, desk.cast.patient("suzuki"))
        made = actions.write(
            desk.clerk,
            made,
            content=referrals.whole(desk.clerk, desk.sent()).letters[-1].read_content(),
            receiver=desk.cast.facility("H1"),
        )
    with acting(desk.doctor):
        actions.finalise_and_send(desk.doctor, desk.see(made, desk.doctor))
    [part] = desk.scan(blank())
    with pytest.raises(Invalid):
        desk.file(part, made)
    with acting(desk.cast.actor("sato")), pytest.raises((NotAllowed, NotFound)):
        filing.file_on(desk.cast.actor("sato"), part, referral=made, kind="final_report")


def test_what_is_no_reply_leaves_the_list_with_a_reason(desk: PaperDesk) -> None:
    [part] = desk.scan(blank())
    with acting(desk.clerk):
        with pytest.raises(Invalid):
            filing.discard(desk.clerk, queries.one(desk.clerk, part.uid), reason=" ")
        gone = filing.discard(desk.clerk, queries.one(desk.clerk, part.uid), reason="広告")
        assert gone.state == ScanPartState.DISCARDED
        assert queries.unmatched_count(desk.clerk) == 0
    assert clock.now() - gone.changed_at < timedelta(minutes=1)
