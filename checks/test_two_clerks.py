"""Two people press in the same instant, over connections of their own: one wins, the other learns what happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from checks.faults import COLLEAGUE, Town, at_once, committed_town, logged_in_as, version_on
from renkei.config import pgroles
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import NotFound, NotPossibleNow, Stale
from renkei.referrals import actions
from renkei.referrals.models import Referral
from testing.fixtures import StaffClient


@pytest.fixture(scope="module")
def town(django_db_blocker: Any, worker_id: str) -> Iterator[Town]:
    with django_db_blocker.unblock(), committed_town(f"renkei_{worker_id}_two_clerks") as made:
        yield made


def browser_of(town: Town, login_id: str) -> StaffClient:
    with logged_in_as(pgroles.OWNER):  # the short way past the password page needs the worker's role
        return StaffClient(raise_request_exception=False).log_in(town.cast.actor(login_id))


def do(what: str, actor: Actor, row: Referral, **answers: Any) -> Referral:
    with acting(actor):
        return getattr(actions, what)(actor, row, **answers)


def moves(town: Town, referral: Referral) -> list[tuple[str, str]]:
    return town.ask(
        "SELECT name, person FROM referrals_referralmove WHERE referral_id = %s ORDER BY id", referral.pk
    )


REASON = {"reason": "満床のため"}
PAIRS: dict[str, tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "accept and decline": (("accept", {}), ("decline", REASON)),
    "decline twice": (("decline", REASON), ("decline", {"reason": "専門外のため"})),
    "receive twice": (("receive", {}), ("receive", {})),
}


@pytest.mark.parametrize("pair", list(PAIRS))
def test_of_two_clerks_who_answer_in_the_same_instant_exactly_one_wins(town: Town, pair: str) -> None:
    referral = town.sent()
    people = [town.seen("sato", referral), town.seen(COLLEAGUE, referral)]
    before = moves(town, referral)
    results = at_once(
        town,
        referral,
        *(
            lambda who=who, deed=deed: do(deed[0], *who, **deed[1])
            for who, deed in zip(people, PAIRS[pair], strict=True)
        ),
    )
    won = [i for i, result in enumerate(results) if isinstance(result, Referral)]
    lost = [result for result in results if isinstance(result, Stale | NotPossibleNow)]
    assert (len(won), len(lost)) == (1, 1), results
    name, winner = PAIRS[pair][won[0]][0], people[won[0]][0]
    assert moves(town, referral) == [*before, (name, winner.label)]
    query = (
        "SELECT person_id FROM audit_auditentry WHERE subject = 'referrals.referral' AND subject_id = %s"
        " AND outcome = 'done' AND facility_id = %s"
    )
    assert town.ask(query, referral.pk, winner.facility_id) == [(winner.person_id,)]


def test_the_sender_recalls_while_the_hospital_accepts_and_one_of_them_holds(town: Town) -> None:
    referral = town.sent()
    clinic, desk = town.seen("aoki", referral), town.seen("sato", referral)
    recalled, accepted = at_once(
        town,
        referral,
        lambda: do("withdraw", *clinic, reason="宛先を間違えたため"),
        lambda: do("accept", *desk),
    )
    ((state,),) = town.ask("SELECT state FROM referrals_referral WHERE id = %s", referral.pk)
    if isinstance(recalled, Referral):
        assert isinstance(accepted, Stale | NotFound)
        assert state == "withdrawn"
    else:
        assert isinstance(recalled, Stale)
        assert isinstance(accepted, Referral)
        assert state == "accepted"


def press(browser: StaffClient, referral: Referral, move: str, data: dict[str, Any], **headers: str) -> Any:
    address = reverse("referrals:make", args=[referral.uid, move])
    return browser.post(address, data, headers=headers)


def pressed_together(town: Town, referral: Referral, **headers: Any) -> tuple[Any, tuple[Actor, Actor]]:
    """The losing answer, and winner and loser; both clerks had the same page open."""
    people = [town.cast.actor("sato"), town.cast.actor(COLLEAGUE)]
    browsers = [browser_of(town, "sato"), browser_of(town, COLLEAGUE)]
    page = reverse("referrals:show", args=[referral.uid])
    versions = [version_on(b.get(page).content.decode()) for b in browsers]
    assert versions[0] == versions[1]
    day = clock.today() + timedelta(days=5)
    forms: list[tuple[str, dict[str, Any]]] = [
        ("accept", {"version": versions[0]}),
        (
            "offer_date",
            {"version": versions[1], "starts_at_date": str(day), "starts_at_time": "10:00"},
        ),
    ]
    answers = at_once(
        town,
        referral,
        *(lambda b=b, f=f: press(b, referral, *f, **headers) for b, f in zip(browsers, forms, strict=True)),
    )
    statuses = [answer.status_code for answer in answers]
    lost = statuses.index(409)
    assert sorted(statuses) == [200 if headers else 302, 409]
    assert [n for n, _who in moves(town, referral)[1:]] == [forms[1 - lost][0]]
    return answers[lost], (people[1 - lost], people[lost])


def test_the_page_of_the_slower_clerk_says_what_happened_and_who_did_it(town: Town) -> None:
    referral = town.sent()
    answer, (winner, loser) = pressed_together(town, referral)
    page = answer.content.decode()
    ((says,),) = town.ask(
        "SELECT says FROM referrals_referralmove WHERE referral_id = %s ORDER BY id DESC LIMIT 1", referral.pk
    )
    assert says in page
    assert f"{winner.label}({winner.facility_label})" in page
    assert f"{loser.label}({loser.facility_label})" not in page
    assert "いま押した操作は行われていません" in page
    assert f'href="{reverse("referrals:show", args=[referral.uid])}"' in page


def test_the_panel_of_the_slower_clerk_shows_the_latest_state_with_the_reason(town: Town) -> None:
    referral = town.sent()
    answer, (winner, _loser) = pressed_together(town, referral, **{"HX-Request": "true"})
    panel = answer.content.decode()
    assert f"{winner.label}({winner.facility_label})" in panel
    assert f'data-panel-of="{referral.uid}"' in panel
    ((version,),) = town.ask("SELECT version FROM referrals_referral WHERE id = %s", referral.pk)
    assert version_on(panel) == str(version)
    assert answer["HX-Trigger"] == "renkei:moved"


def counted(town: Town, query: str, *values: object) -> int:
    return int(town.ask(query, *values)[0][0])


def test_the_same_form_sent_twice_at_the_same_time_sends_one_letter(town: Town) -> None:
    draft = town.draft()
    h1 = town.cast.facility("H1").pk
    browsers = [browser_of(town, "aoki"), browser_of(town, "aoki")]
    address = reverse("referrals:edit", args=[draft.uid])
    form = {
        "version": version_on(browsers[0].get(address).content.decode()),
        "do": "send",
        "receiver": "みどり中央病院",
        "receiver_code": str(town.cast.facility("H1").uid),
        "receiver_department": "糖尿病内科",
        "urgency": "routine",
        "basis": "posted_notice",
        "purpose": "ご高診をお願いします。",
        "dx-0-text": "2型糖尿病",
    }
    answers = at_once(town, draft, *(lambda b=b: b.post(address, form) for b in browsers))
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    late = next(answer for answer in answers if answer.status_code == 409).content.decode()
    assert "紹介状を送りました" in late
    assert "青木 正道" in late
    assert reverse("referrals:show", args=[draft.uid]) in late
    letters = "SELECT count(*) FROM referrals_referralletter WHERE referral_id = %s"
    assert counted(town, letters, draft.pk) == 1
    members = "SELECT count(*) FROM circles_member WHERE circle_id = %s AND facility_id = %s"
    assert counted(town, members, draft.circle_id, h1) == 1
    told = "SELECT count(*) FROM events_outboxevent WHERE payload->>'referral_uid' = %s AND payload->>'move' = 'send'"
    assert counted(town, told, str(draft.uid)) == 1
    timers = "SELECT count(*), count(DISTINCT name) FROM referrals_deadline WHERE referral_id = %s"
    ((running, different),) = town.ask(timers, draft.pk)
    assert running == different
    assert [name for name, _who in moves(town, draft)] == ["send"]
