"""S02 from the application to the withdrawal, with what the server refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from renkei.audit.models import AuditEntry
from renkei.directory import actions as directory
from renkei.directory.models import Post
from renkei.enrolments import actions, jobs, queries, turning
from renkei.enrolments.models import Application, Certificate, Enrolment, Scheme
from renkei.enrolments.tests.conftest import FIRST_DAY, HAYASHI, draft
from renkei.enrolments.types import ApplicationDraft, ApplicationKind, Channel
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.notices.models import Notice
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

pytestmark = pytest.mark.django_db


def by_night(run: Callable[..., object]) -> None:
    """As the worker runs it."""
    with arranging():
        run(timestamp=0)


def join(region: Cast, scheme: Scheme, **more: object) -> Enrolment:
    """林医師 of C2 applies by web and is approved on 2026-06-01."""
    with clock.frozen(FIRST_DAY):
        row = actions.apply(
            region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2"), **more)
        )
        return actions.approve(region.actor("sato"), row)


def test_an_approved_physician_has_a_term_to_the_end_of_the_fiscal_year_and_a_certificate(
    region: Cast, scheme: Scheme
) -> None:
    member = join(region, scheme)
    (term,) = queries.terms(region.actor("sato"), member)
    assert (term.from_on, term.until_on) == (date(2026, 6, 1), date(2027, 3, 31))
    certificate = queries.good_certificate(member, date(2026, 6, 1))
    assert certificate is not None
    assert (certificate.number, certificate.holder) == ("2026-0001", HAYASHI)
    assert (certificate.valid_from, certificate.valid_until) == (date(2026, 6, 1), date(2027, 3, 31))
    marks = queries.marks_on([region.facility("C2").pk], date(2026, 6, 1))
    assert [(m.mark, m.names) for m in marks[region.facility("C2").pk]] == [("登録医", (HAYASHI,))]


def test_at_the_turn_of_the_year_the_term_is_renewed_with_no_action_and_history_shows_both(
    region: Cast, scheme: Scheme
) -> None:
    member = join(region, scheme)
    for _twice in range(2):
        with clock.frozen(clock.jst(2027, 4, 1, 0, 5)):
            by_night(jobs.turn_terms)
    found = [(t.from_on, t.until_on, t.automatic) for t in queries.terms(region.actor("sato"), member)]
    assert found == [
        (date(2026, 6, 1), date(2027, 3, 31), False),
        (date(2027, 4, 1), date(2028, 3, 31), True),
    ]
    certificate = queries.good_certificate(member, date(2028, 3, 31))
    assert certificate is not None
    assert certificate.number == "2026-0001"


def test_nights_that_were_missed_are_made_up(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    with clock.frozen(clock.jst(2029, 5, 1)):
        by_night(jobs.turn_terms)
    assert [t.until_on for t in queries.terms(region.actor("sato"), member)][-1] == date(2030, 3, 31)


def test_the_representative_withdraws_and_the_mark_is_gone_the_day_after(
    region: Cast, scheme: Scheme
) -> None:
    member = join(region, scheme)
    house = region.facility("C2").pk
    with clock.frozen(clock.jst(2026, 9, 1)):
        actions.withdraw(region.actor("hayashi"), member, last_on=date(2026, 9, 30))
    assert queries.marks_on([house], date(2026, 9, 30))
    assert not queries.marks_on([house], date(2026, 10, 1))
    assert queries.good_certificate(member, date(2026, 9, 30))
    assert queries.good_certificate(member, date(2026, 10, 1)) is None
    with clock.frozen(clock.jst(2027, 4, 1)):
        by_night(jobs.turn_terms)
    assert len(queries.terms(region.actor("sato"), member)) == 1


def test_staff_who_are_not_the_representative_do_not_withdraw_the_clinic(
    region: Cast, scheme: Scheme
) -> None:
    with clock.frozen(FIRST_DAY):
        row = actions.apply(
            region.actor("kimura"), scheme=scheme, draft=draft(region.facility("C1"), "青木 正道")
        )
        member = actions.approve(region.actor("sato"), row)
        with pytest.raises(NotAllowed):
            actions.withdraw(region.actor("kimura"), member, last_on=date(2026, 6, 30))
        with pytest.raises(NotAllowed):
            actions.withdraw(region.actor("sato"), member, last_on=date(2026, 6, 30))
        unchanged = queries.enrolment(region.actor("sato"), member.uid)
        assert unchanged.ended_on is None
        assert unchanged.version == member.version
        assert actions.withdraw(region.actor("aoki"), unchanged, last_on=date(2026, 6, 30)).ended_on


def test_a_withdrawal_on_paper_bears_the_name_of_the_representative(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    with clock.frozen(FIRST_DAY):
        with pytest.raises(Invalid, match="林 和彦"):
            actions.withdraw_on_paper(
                region.actor("sato"), member, last_on=date(2026, 6, 30), signed_by="木村 あや"
            )
        ended = actions.withdraw_on_paper(
            region.actor("sato"), member, last_on=date(2026, 6, 30), signed_by="林　和彦"
        )
    assert ended.ended_on == date(2026, 7, 1)
    assert "用紙" in ended.end_reason


def test_a_paper_of_a_house_without_a_recorded_representative_needs_the_statement_who_it_is(
    region: Cast, scheme: Scheme
) -> None:
    member, office = join(region, scheme), region.actor("sato")
    with arranging():
        Post.objects.filter(facility=region.facility("C2")).update(until_on=date(2026, 5, 1))
    told: dict[str, Any] = {"last_on": date(2026, 6, 30), "signed_by": "林 和彦"}
    with clock.frozen(FIRST_DAY):
        with pytest.raises(Invalid, match="代表者が記録されていません") as refused:
            actions.withdraw_on_paper(office, member, **told)
        assert refused.value.field == "records_representative"
        assert queries.enrolment(office, member.uid).ended_on is None
        assert Post.objects.filter(facility=region.facility("C2")).count() == 1
        actions.withdraw_on_paper(office, member, **told, records_representative=True)
    post = Post.objects.get(facility=region.facility("C2"), until_on=None)
    assert (post.holder, post.representative, post.person_id) == ("林 和彦", True, None)
    with arranging():
        said = " ".join(AuditEntry.objects.values_list("says", flat=True))
    assert "林 和彦を代表者と確認して記録し、用紙の辞退を登録しました" in said


def test_the_page_asks_for_that_statement_only_where_nobody_is_recorded(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    member = join(region, scheme)
    url = f"/enrolments/members/{member.uid}/"
    form = {"paper-last_on": "2026-06-30", "paper-signed_by": HAYASHI, "version": member.version}
    with clock.frozen(FIRST_DAY):
        browser.log_in(region.actor("sato"))
        assert "records_representative" not in browser.get(url).content.decode()
        with arranging():
            Post.objects.filter(facility=region.facility("C2")).update(until_on=date(2026, 5, 1))
        empty = browser.post(f"{url}paper/", form | {"paper-signed_by": ""}).content.decode()
        assert "「用紙に署名した代表者」を入力してください。" in empty
        answer = browser.post(f"{url}paper/", form)
        assert answer.status_code == 422
        assert "この医療機関の代表者はまだ記録されていません。" in answer.content.decode()
        assert "paper-records_representative" in answer.content.decode()
        assert browser.post(f"{url}paper/", form | {"paper-records_representative": "on"}).status_code == 302
    assert queries.enrolment(region.actor("sato"), member.uid).ended_on == date(2026, 7, 1)


def test_the_same_physician_is_not_registered_twice_at_one_institution(region: Cast, scheme: Scheme) -> None:
    join(region, scheme)
    with clock.frozen(FIRST_DAY), pytest.raises(NotPossibleNow, match="すでに登録"):
        actions.apply(region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2"), "林　和彦"))
    assert queries.members(region.actor("sato"), scheme, on=date(2026, 6, 1)).count() == 1


def test_two_applications_that_wait_do_not_become_two_members(region: Cast, scheme: Scheme) -> None:
    office = region.actor("sato")
    with clock.frozen(FIRST_DAY):
        first = actions.apply(region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2")))
        with pytest.raises(NotPossibleNow, match="審査"):
            actions.apply(region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2")))
        second = actions.apply(
            office, scheme=scheme, draft=draft(region.facility("C2"), "林 和彥"), channel=Channel.PAPER
        )
        actions.approve(office, first)
        with pytest.raises(NotPossibleNow):
            actions.approve(office, second)


def test_an_application_on_paper_without_a_name_is_taken_in_and_not_approved(
    region: Cast, scheme: Scheme
) -> None:
    office = region.actor("sato")
    with clock.frozen(FIRST_DAY):
        row = actions.apply(
            office, scheme=scheme, draft=draft(region.facility("C2"), ""), channel=Channel.PAPER
        )
        assert [f.says for f in queries.review(row) if f.kind == "missing"] == ["医師名"]
        with pytest.raises(Invalid, match="医師名"):
            actions.approve(office, row)
        assert queries.application(office, row.uid).state == "submitted"
        assert not Certificate.objects.exists()


def test_outside_the_area_only_with_a_reason_and_who_allowed_it(region: Cast, scheme: Scheme) -> None:
    office = region.actor("sato")
    with clock.frozen(FIRST_DAY):
        row = actions.apply(
            office, scheme=scheme, draft=draft(region.facility("X1"), "遠山 渉"), channel=Channel.PAPER
        )
        for given in ({}, {"why": "隣の圏域で連携が多い"}, {"allowed_by": "病院長 緑川"}):
            with pytest.raises(Invalid, match="原則の例外"):
                actions.approve(office, row, **given)
        member = actions.approve(office, row, why="隣の圏域で連携が多い", allowed_by="病院長 緑川")
    assert [(e["rule"], e["allowed_by"]) for e in member.exceptions] == [("area", "病院長 緑川")]
    assert [m.pk for m in queries.exceptions(office, scheme)] == [member.pk]


def test_a_physician_who_moved_has_a_new_certificate_and_the_old_one_is_void(
    region: Cast, scheme: Scheme
) -> None:
    member = join(region, scheme)
    before = queries.good_certificate(member, date(2026, 6, 1))
    with clock.frozen(clock.jst(2026, 8, 1)):
        row = actions.apply(
            region.actor("aoki"),
            scheme=scheme,
            draft=draft(region.facility("C1")),
            kind=ApplicationKind.MOVE,
            enrolment=None,
        )
        assert row.enrolment is None
        moved = actions.approve(region.actor("sato"), row)
    assert before is not None
    assert moved.pk == member.pk
    assert moved.facility_id == region.facility("C1").pk
    good = queries.good_certificate(moved, date(2026, 8, 1))
    assert good is not None
    assert good.number == "2026-0002"
    assert good.replaces_id == before.pk
    assert not queries.is_good(Certificate.objects.get(pk=before.pk), date(2026, 8, 1))
    assert not queries.marks_on([region.facility("C2").pk], date(2026, 8, 1))


def test_who_objects_to_renewal_is_out_when_the_term_is_over(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    with clock.frozen(clock.jst(2027, 3, 1)):
        actions.object_to_renewal(region.actor("hayashi"), member)
        (preview,) = turning.renewal_preview(region.actor("sato"), scheme, date(2027, 3, 31))
    assert not preview.goes_on
    assert not queries.marks_on([region.facility("C2").pk], date(2027, 4, 1))
    with clock.frozen(clock.jst(2027, 4, 1)):
        by_night(jobs.turn_terms)
    over = queries.enrolment(region.actor("sato"), member.uid)
    assert over.ended_on == date(2027, 4, 1)
    assert over.end_reason == "更新しない旨の申し出"


def test_institutions_are_told_thirty_days_before(region: Cast, scheme: Scheme) -> None:
    join(region, scheme)
    with clock.frozen(clock.jst(2027, 3, 1, 7, 10)):
        by_night(jobs.tell_before)
    with clock.frozen(clock.jst(2027, 3, 2, 7, 10)):
        by_night(jobs.tell_before)
    with acting(region.actor("hayashi")) as clinic:
        told = Notice.objects.visible_to(clinic).filter(kind="enrolment_renewal")
        assert told.count() == 1


def test_the_membership_of_an_institution_that_closed_ends_with_it(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    with clock.frozen(clock.jst(2026, 7, 1)):
        with arranging():
            directory.close_facility(current(), region.facility("C2"), closed_on=date(2026, 7, 15))
        by_night(jobs.turn_terms)
        assert queries.enrolment(region.actor("sato"), member.uid).ended_on is None
    with clock.frozen(clock.jst(2026, 7, 15)):
        by_night(jobs.turn_terms)
    assert queries.enrolment(region.actor("sato"), member.uid).ended_on == date(2026, 7, 15)


def test_duplicates_found_are_joined_and_both_histories_stay(region: Cast, scheme: Scheme) -> None:
    first = join(region, scheme)
    office = region.actor("sato")
    with clock.frozen(clock.jst(2026, 7, 1)):
        row = actions.apply(office, scheme=scheme, draft=draft(region.facility("C1")), channel=Channel.PAPER)
        second = actions.approve(office, row)
        (pair,) = queries.alike(office, scheme)
        assert {m.pk for m in pair} == {first.pk, second.pk}
        kept = actions.join_duplicates(office, queries.enrolment(office, second.uid), other=first)
    gone = queries.enrolment(office, first.uid)
    assert gone.joined_into_id == kept.pk
    assert kept.joined_on == date(2026, 6, 1)
    assert queries.good_certificate(gone, date(2026, 7, 1)) is None
    assert len(queries.terms(office, gone)) == 1


def test_what_came_back_is_completed_and_handed_in_again(region: Cast, scheme: Scheme) -> None:
    office, clinic = region.actor("sato"), region.actor("hayashi")
    with clock.frozen(FIRST_DAY):
        row = actions.apply(clinic, scheme=scheme, draft=draft(region.facility("C2")))
        with pytest.raises(Invalid, match="理由"):
            actions.send_back(office, row, answer=" ")
        back = actions.send_back(office, row, answer="診療科をすべて書いてください。")
        with pytest.raises(NotPossibleNow):
            actions.approve(office, back)
        again = actions.hand_in_again(
            clinic,
            back,
            draft=draft(region.facility("C2"), answers=(("departments", "内科、小児科"),)),
        )
        member = actions.approve(office, again)
    assert member.answers["departments"] == "内科、小児科"


def test_a_refused_application_says_why_and_makes_no_member(region: Cast, scheme: Scheme) -> None:
    with clock.frozen(FIRST_DAY):
        row = actions.apply(region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2")))
        refused = actions.refuse(region.actor("sato"), row, answer="登録の対象ではありません。")
    assert refused.state == "refused"
    assert not queries.members(region.actor("sato"), scheme).exists()


def test_an_institution_applies_only_in_its_own_name(region: Cast, scheme: Scheme) -> None:
    with clock.frozen(FIRST_DAY):
        with pytest.raises(NotAllowed):
            actions.apply(region.actor("kimura"), scheme=scheme, draft=draft(region.facility("C2")))
        with pytest.raises(NotAllowed):
            actions.apply(
                region.actor("east_clerk"),
                scheme=scheme,
                draft=draft(region.facility("C2")),
                channel=Channel.PAPER,
            )
    assert not Application.objects.visible_to(region.actor("sato")).exists()


def test_another_hospital_and_another_clinic_see_nothing_of_it(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    for stranger in ("east_clerk", "aoki"):
        with acting(region.actor(stranger)) as actor:
            with pytest.raises(NotFound):
                queries.enrolment(actor, member.uid)
            assert not queries.applications(actor, scheme).exists()


def test_a_form_of_the_web_names_the_field_that_is_empty(region: Cast, scheme: Scheme) -> None:
    empty = ApplicationDraft(region.facility("C2").pk, HAYASHI)
    with clock.frozen(FIRST_DAY), pytest.raises(Invalid) as refused:
        actions.apply(region.actor("hayashi"), scheme=scheme, draft=empty)
    assert refused.value.field == "departments"
