"""What happens to a membership between its first and its last day: changes, moves, renewals, ends told in advance."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from renkei.directory.joining import join_facilities
from renkei.directory.models import Facility, FacilityProfile
from renkei.enrolments import actions, jobs, queries
from renkei.enrolments.models import Application, Certificate, Enrolment, Listing, Scheme
from renkei.enrolments.tests.conftest import FIRST_DAY, HAYASHI, answers, draft
from renkei.enrolments.tests.test_membership import by_night, join
from renkei.enrolments.types import ApplicationDraft, ApplicationKind, Channel
from renkei.events.bus import deliver_pending
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.notices.models import Notice
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

pytestmark = pytest.mark.django_db
AUGUST = clock.jst(2026, 8, 1)


def texts(region: Cast, who: str) -> list[tuple[str, str]]:
    """What a house was told, with the link, once the worker has delivered what happened."""
    with arranging():
        deliver_pending()
    with acting(region.actor(who)) as actor:
        rows = Notice.objects.visible_to(actor).filter(kind__startswith="enrolment_")
        return [(n.text, n.url) for n in rows.order_by("pk")]


def again(actor: Any, row: Enrolment) -> Enrolment:
    return queries.enrolment(actor, row.uid)


def test_an_end_told_before_the_turn_leaves_a_good_certificate_until_that_day(
    region: Cast, scheme: Scheme
) -> None:
    member, office = join(region, scheme), region.actor("sato")
    with clock.frozen(clock.jst(2027, 2, 1)):
        actions.withdraw(region.actor("hayashi"), member, last_on=date(2027, 9, 30))
    for _twice in range(2):
        with clock.frozen(clock.jst(2027, 4, 1, 0, 5)):
            by_night(jobs.turn_terms)
    found = [(t.from_on, t.until_on) for t in queries.terms(office, member)]
    assert found == [(date(2026, 6, 1), date(2027, 3, 31)), (date(2027, 4, 1), date(2027, 9, 30))]
    assert queries.good_certificate(member, date(2027, 9, 30))
    assert queries.good_certificate(member, date(2027, 10, 1)) is None
    with clock.frozen(clock.jst(2027, 10, 1, 0, 5)):
        by_night(jobs.turn_terms)
    assert len(queries.terms(office, member)) == 2


def test_a_physician_who_leaves_on_a_later_day_is_not_registered_a_second_time(
    region: Cast, scheme: Scheme
) -> None:
    member = join(region, scheme)
    with clock.frozen(clock.jst(2026, 7, 1)):
        actions.withdraw(region.actor("hayashi"), member, last_on=date(2026, 9, 30))
        with pytest.raises(NotPossibleNow, match="すでに登録"):
            actions.apply(region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2")))
    with clock.frozen(clock.jst(2026, 10, 1)):
        row = actions.apply(region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2")))
        assert actions.approve(region.actor("sato"), row).joined_on == date(2026, 10, 1)


def test_a_paper_issued_again_after_the_end_was_told_is_void_on_that_day_too(
    region: Cast, scheme: Scheme
) -> None:
    member, office = join(region, scheme), region.actor("sato")
    with clock.frozen(clock.jst(2026, 7, 1)):
        actions.withdraw(region.actor("hayashi"), member, last_on=date(2026, 9, 30))
    with clock.frozen(clock.jst(2026, 7, 2)):
        made = actions.reissue(office, again(office, member), reason="紛失")
    good = {day: queries.good_certificate(member, day) for day in (date(2026, 9, 30), date(2026, 10, 1))}
    assert good == {date(2026, 9, 30): made, date(2026, 10, 1): None}
    assert made.valid_until == date(2026, 9, 30)
    assert sum(queries.is_good(c, date(2026, 7, 3)) for c in Certificate.objects.all()) == 1


def test_a_change_is_asked_for_by_the_representative_and_not_by_the_staff(
    region: Cast, scheme: Scheme
) -> None:
    office = region.actor("sato")
    with clock.frozen(FIRST_DAY):
        row = actions.apply(
            region.actor("kimura"), scheme=scheme, draft=draft(region.facility("C1"), "青木 正道")
        )
        member = actions.approve(office, row)
        changed = draft(region.facility("C1"), "青木 正道", answers=answers(departments="内科、皮膚科"))
        asked: dict[str, Any] = {"scheme": scheme, "draft": changed, "kind": ApplicationKind.CHANGE}
        with pytest.raises(NotAllowed):
            actions.apply(region.actor("kimura"), enrolment=member, **asked)
        with pytest.raises(Invalid, match="代表者"):
            actions.apply(office, enrolment=member, channel=Channel.PAPER, signed_by="木村 あや", **asked)
        assert Application.objects.visible_to(office).count() == 1
        row = actions.apply(region.actor("aoki"), enrolment=member, **asked)
        assert actions.approve(office, row).answers["departments"] == "内科、皮膚科"


def test_a_move_by_staff_is_refused(region: Cast, scheme: Scheme) -> None:
    join(region, scheme)
    with clock.frozen(AUGUST), pytest.raises(NotAllowed):
        actions.apply(
            region.actor("kimura"),
            scheme=scheme,
            draft=draft(region.facility("C1")),
            kind=ApplicationKind.MOVE,
        )


def test_a_change_names_a_membership_of_the_same_scheme(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    with clock.frozen(FIRST_DAY):
        other = actions.start_scheme(region.actor("sato"), key="itsunet", from_on=date(2026, 4, 1))
        said = draft(region.facility("C2"), answers=(("departments", "内科"), ("diseases", "糖尿病")))
        for membership in (member, None):
            with pytest.raises(Invalid, match="登録"):
                actions.apply(
                    region.actor("hayashi"),
                    scheme=other,
                    draft=said,
                    kind=ApplicationKind.CHANGE,
                    enrolment=membership,
                )


def test_nobody_is_renamed_into_a_colleague_who_is_registered(region: Cast, scheme: Scheme) -> None:
    join(region, scheme)
    with clock.frozen(FIRST_DAY):
        row = actions.apply(
            region.actor("hayashi"), scheme=scheme, draft=draft(region.facility("C2"), "林 京子")
        )
        second = actions.approve(region.actor("sato"), row)
        with pytest.raises(NotPossibleNow, match="すでに登録"):
            actions.apply(
                region.actor("hayashi"),
                scheme=scheme,
                draft=draft(region.facility("C2"), HAYASHI),
                kind=ApplicationKind.CHANGE,
                enrolment=second,
            )


def moved(region: Cast, scheme: Scheme) -> Enrolment:
    with clock.frozen(AUGUST):
        row = actions.apply(
            region.actor("aoki"),
            scheme=scheme,
            draft=draft(region.facility("C1")),
            kind=ApplicationKind.MOVE,
        )
        return actions.approve(region.actor("sato"), row)


def test_after_a_move_the_new_house_is_told_of_the_renewal_and_the_old_one_of_the_move(
    region: Cast, scheme: Scheme
) -> None:
    join(region, scheme)
    member = moved(region, scheme)
    with clock.frozen(clock.jst(2027, 3, 1, 7, 10)):
        by_night(jobs.tell_before)
    old, new = texts(region, "hayashi"), texts(region, "aoki")
    assert [t for t, _ in old if "ほかの医療機関に移りました" in t and "2026年8月1日" in t]
    assert not [t for t, _ in old if "2027年3月31日まで" in t]
    assert [t for t, _ in new if "2027年3月31日まで" in t]
    with acting(region.actor("aoki")) as clinic:
        (term,) = queries.terms(clinic, member)
    assert (term.from_on, term.until_on) == (date(2026, 8, 1), date(2027, 3, 31))


def test_the_list_of_the_days_before_a_move_still_names_the_old_house(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    moved(region, scheme)
    old, new = region.facility("C2").pk, region.facility("C1").pk
    on = {day: queries.member_facilities(scheme, day) for day in (date(2026, 7, 31), date(2026, 8, 1))}
    assert on == {date(2026, 7, 31): [old], date(2026, 8, 1): [new]}
    left = queries.left_between(scheme, date(2026, 7, 1), date(2026, 8, 31))
    assert [row.facility_id for row in left] == [old]
    assert Listing.objects.filter(enrolment=member).count() == 2


def test_where_a_term_goes_on_by_application_it_is_asked_for_when_the_end_is_near(
    region: Cast, scheme: Scheme
) -> None:
    office = region.actor("sato")
    said = (("beds", "2"), ("night_phone", "0463-00-0001"))
    with clock.frozen(FIRST_DAY):
        other = actions.start_scheme(office, key="cooperating_hospital_wakayama")
        asked = ApplicationDraft(region.facility("H2").pk, answers=said)
        row = actions.apply(office, scheme=other, draft=asked, channel=Channel.PAPER)
        member = actions.approve(office, row, why="救急の体制がある", allowed_by="会長")
        renewal: dict[str, Any] = {
            "scheme": other,
            "draft": asked,
            "channel": Channel.PAPER,
            "kind": ApplicationKind.RENEW,
            "enrolment": member,
        }
        with pytest.raises(NotPossibleNow, match="2029年3月2日"):
            actions.apply(office, **renewal)
    with clock.frozen(clock.jst(2029, 5, 1)):
        assert queries.may_ask_for_renewal(office, member)
        row = actions.apply(office, **renewal)
        member = actions.approve(office, row, why="救急の体制がある", allowed_by="会長")
    with clock.frozen(clock.jst(2029, 6, 1, 0, 5)):
        by_night(jobs.turn_terms)
    found = [(t.from_on, t.until_on) for t in queries.terms(office, member)]
    assert found == [(date(2026, 6, 1), date(2029, 5, 31)), (date(2029, 6, 1), date(2032, 5, 31))]
    assert queries.good_certificate(member, date(2032, 5, 31))
    assert queries.member_facilities(other, date(2032, 5, 31)) == [region.facility("H2").pk]
    assert again(office, member).ended_on is None


def test_a_scheme_that_renews_by_itself_takes_no_application_for_it(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    with clock.frozen(clock.jst(2027, 3, 20)), pytest.raises(NotPossibleNow, match="更新の申請はありません"):
        actions.apply(
            region.actor("hayashi"),
            scheme=scheme,
            draft=draft(region.facility("C2")),
            kind=ApplicationKind.RENEW,
            enrolment=member,
        )


def test_nobody_joins_a_scheme_whose_fixed_days_are_over(region: Cast, scheme: Scheme) -> None:
    office = region.actor("sato")
    with clock.frozen(clock.jst(2029, 4, 1)):
        other = actions.start_scheme(office, key="diabetes_registered")
        asked = ApplicationDraft(
            region.facility("C2").pk,
            category="family",
            answers=(("training", "R11.2.1"), ("physicians", HAYASHI)),
        )
        row = actions.apply(office, scheme=other, draft=asked, channel=Channel.PAPER)
        with pytest.raises(NotPossibleNow, match="2029-03-31"):
            actions.approve(office, row)


def test_when_the_scheme_is_over_memberships_run_out_with_their_terms(region: Cast, scheme: Scheme) -> None:
    member, office = join(region, scheme), region.actor("sato")
    with clock.frozen(clock.jst(2026, 12, 1)):
        actions.end_scheme(office, queries.scheme(scheme.uid), ended_on=date(2027, 1, 1))
    with clock.frozen(clock.jst(2027, 4, 1, 0, 5)):
        by_night(jobs.turn_terms)
    over = again(office, member)
    assert (over.ended_on, over.end_reason) == (date(2027, 4, 1), "制度の終了")


def test_a_house_that_was_a_duplicate_takes_its_membership_along(region: Cast, scheme: Scheme) -> None:
    office = region.actor("sato")
    with arranging():
        twin = Facility.objects.create(
            kind="clinic", name="林医院(旧)", area=region.facility("C2").area, uses_renkei=False
        )
    with clock.frozen(FIRST_DAY):
        row = actions.apply(office, scheme=scheme, draft=draft(twin), channel=Channel.PAPER)
        member = actions.approve(office, row)
    with clock.frozen(clock.jst(2026, 7, 1)):
        with arranging():
            join_facilities(current(), region.facility("C2"), other=twin)
        by_night(jobs.turn_terms)
    kept = again(office, member)
    assert (kept.facility_id, kept.ended_on) == (region.facility("C2").pk, None)
    assert queries.member_facilities(scheme, date(2026, 7, 1)) == [region.facility("C2").pk]
    with acting(region.actor("hayashi")) as clinic:
        assert len(queries.terms(clinic, kept)) == 1


def test_the_notice_of_an_end_names_the_day_and_leads_to_the_membership(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    member = join(region, scheme)
    with clock.frozen(clock.jst(2026, 7, 1)):
        actions.withdraw(region.actor("hayashi"), member, last_on=date(2026, 9, 30))
        ((text, url),) = [(t, u) for t, u in texts(region, "sato") if "終了" in t]
        assert "2026年10月1日から" in text
        browser.log_in(region.actor("sato"))
        assert browser.get(url).status_code == 200


def test_a_house_that_is_left_out_of_the_public_search_is_left_out_of_the_public_list(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    join(region, scheme)
    with clock.frozen(FIRST_DAY):
        url = f"/enrolments/list/{scheme.uid}/"
        assert "林医院" in browser.get(url).content.decode()
        with arranging():
            FacilityProfile.objects.update_or_create(
                facility=region.facility("C2"), defaults={"listed": False}
            )
        assert "林医院" not in browser.get(url).content.decode()


def test_the_office_enters_a_change_from_paper_with_the_signature(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    member = join(region, scheme)
    url = f"/enrolments/schemes/{scheme.uid}/paper/?member={member.uid}"
    form = {"physician_name": HAYASHI, "answer_departments": "内科、眼科", "signed_by": "木村 あや"}
    with clock.frozen(FIRST_DAY):
        browser.log_in(region.actor("sato"))
        assert browser.post(url, form).status_code == 422
        assert browser.post(url, form | {"signed_by": HAYASHI}).status_code == 302
    row = Application.objects.visible_to(region.actor("sato")).get(kind="change")
    assert (row.facility_id, row.channel) == (region.facility("C2").pk, "paper")
    assert "林 和彦" in row.reason


def test_another_level_asks_for_what_it_needs_and_gives_a_certificate_that_says_it(
    region: Cast, scheme: Scheme
) -> None:
    office = region.actor("sato")

    def asked(category: str, *said: tuple[str, str]) -> ApplicationDraft:
        return ApplicationDraft(region.facility("C2").pk, category=category, answers=said)

    with clock.frozen(FIRST_DAY):
        net = actions.start_scheme(office, key="tm_net")
        paper: dict[str, Any] = {"scheme": net, "channel": Channel.PAPER, "signed_by": HAYASHI}
        agreed = ("agreement", "はい")
        row = actions.apply(office, draft=asked("view", agreed), **paper)
        member = actions.approve(office, row)
        raised: dict[str, Any] = paper | {"kind": ApplicationKind.CHANGE, "enrolment": member}
        row = actions.apply(office, draft=asked("share", agreed), **raised)
        with pytest.raises(Invalid, match="研修"):
            actions.approve(office, row)
        actions.cancel(office, queries.application(office, row.uid))
        row = actions.apply(office, draft=asked("share", agreed, ("training", "R8.5.20")), **raised)
        assert actions.approve(office, row).category == "share"
        diabetes = actions.start_scheme(office, key="diabetes_registered")
        said = (("training", "2026-02-01"), ("physicians", HAYASHI))
        row = actions.apply(office, draft=asked("family", *said), **(paper | {"scheme": diabetes}))
        member = actions.approve(office, row)
        raised |= {"scheme": diabetes, "enrolment": member}
        row = actions.apply(office, draft=asked("specialist", *said), **raised)
        actions.approve(office, row)
    numbers = [(c.number, queries.is_good(c, date(2026, 6, 1))) for c in queries.certificates(member)]
    assert numbers == [("DM-0002", True), ("DM-0001", False)]


def test_a_physician_who_comes_from_elsewhere_is_asked_for_by_the_representative_on_the_page(
    region: Cast, scheme: Scheme, browser: StaffClient
) -> None:
    join(region, scheme)
    url = f"/enrolments/apply/{scheme.uid}/?kind=move"
    form = {"physician_name": HAYASHI, "answer_departments": "内科"}
    with clock.frozen(AUGUST):
        browser.log_in(region.actor("kimura"))
        assert url not in browser.get("/enrolments/").content.decode()
        assert browser.post(url, form).status_code == 403
        browser.log_in(region.actor("aoki"))
        assert url in browser.get("/enrolments/").content.decode()
        assert browser.post(url, form).status_code == 302
    row = Application.objects.visible_to(region.actor("sato")).get(kind="move")
    assert row.facility_id == region.facility("C1").pk
