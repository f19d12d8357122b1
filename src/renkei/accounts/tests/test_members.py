"""Inviting, changing, leaving, and help at the desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from renkei.accounts import actions, codes, queries, throttle
from renkei.accounts.middleware import SESSION_KEY
from renkei.accounts.models import Invitation, Membership, Person
from renkei.accounts.types import MemberDraft, NewMember
from renkei.audit.models import AuditEntry
from renkei.directory.models import Facility
from renkei.events.models import OutboxEvent
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.roles import Role
from renkei.notices.models import OutgoingMail
from testing.cast import PASSWORD, Cast
from testing.database import arranging
from testing.fixtures import StaffClient

CLERK = MemberDraft(roles=(Role.CLERK,), title="受付")
NEW_PASSWORD = "yamano-asagiri-88"


def _membership(actor: Actor) -> Membership:
    with arranging():
        return (
            Membership.objects.all()
            .select_related("person", "facility")
            .visible_to(_system())
            .get(pk=actor.membership_id)
        )


def _system() -> Actor:
    from renkei.gate.actor import Kind

    return Actor(Kind.SYSTEM, reason="arranging")


def _invite(actor: Actor, **more: Any) -> actions.Issued:
    with acting(actor):
        return actions.invite(actor, NewMember(name="新井 透", kana="アライ トオル", draft=CLERK, **more))


def _also_at(actor: Actor, facility: Facility, roles: list[Role]) -> Membership:
    with arranging():
        return Membership.objects.create(
            person_id=actor.person_id,
            facility=facility,
            roles=[r.value for r in roles],
            started_on="2021-04-01",
        )


def _log_in(client: Client, login_id: str, password: str) -> Any:
    return client.post("/accounts/login/", {"login": login_id, "password": password})


def test_an_invited_person_chooses_id_and_password_and_works_there(cast: Cast, client: Client) -> None:
    issued = _invite(cast.actor("oka"))
    url = f"/accounts/invitation/{issued.code}/"
    assert "みどり中央病院からの招待" in client.get(url).content.decode()
    answer = client.post(url, {"login_id": "t.arai", "password": NEW_PASSWORD, "again": NEW_PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    assert _log_in(client, "t.arai", NEW_PASSWORD).status_code == 302
    page = client.get("/accounts/me/").content.decode()
    assert "みどり中央病院" in page
    assert "受付" in page


def test_an_invitation_is_used_once(cast: Cast, client: Client) -> None:
    code = _invite(cast.actor("oka")).code
    actions.accept_as_new(code, login_id="arai", password=NEW_PASSWORD)
    with pytest.raises(NotFound):
        actions.accept_as_new(code, login_id="arai2", password=NEW_PASSWORD)
    assert client.get(f"/accounts/invitation/{code}/").status_code == 404
    with arranging():
        assert not Person.objects.filter(login_id="arai2").exists()


def test_two_uses_in_the_same_instant_make_one_member(cast: Cast) -> None:
    code = _invite(cast.actor("oka")).code
    seen_by_both = queries.invitation_by_code(code)
    actions.accept_as_new(code, login_id="arai", password=NEW_PASSWORD)
    with arranging():
        kimura = Person.objects.get(login_id="kimura")
    with pytest.raises(NotPossibleNow):
        actions.accept_as_self(seen_by_both, kimura)


def test_a_late_a_withdrawn_and_a_renewed_code_are_refused(cast: Cast) -> None:
    oka = cast.actor("oka")
    late, withdrawn, renewed = (_invite(oka) for _ in range(3))
    with clock.frozen(clock.now() + timedelta(days=15)), pytest.raises(NotFound):
        queries.invitation_by_code(late.code)
    with acting(oka):
        assert withdrawn.invitation is not None
        assert renewed.invitation is not None
        actions.withdraw_invitation(oka, withdrawn.invitation)
        fresh = actions.renew_invitation(oka, renewed.invitation)
    for code in (withdrawn.code, renewed.code):
        with pytest.raises(NotFound):
            queries.invitation_by_code(code)
    assert queries.invitation_by_code(fresh.code.upper().replace("-", " ")).name == "新井 透"


def test_the_code_is_kept_nowhere(cast: Cast) -> None:
    issued = _invite(cast.actor("oka"))
    with arranging():
        row = Invitation.objects.all().visible_to(_system()).get(pk=issued.invitation.pk)  # type: ignore[union-attr]
        line = AuditEntry.objects.filter(action="accounts.actions.invite").latest("id")
    assert issued.code not in str(vars(row))
    assert row.code_digest == codes.digest(issued.code)
    assert codes.digest(issued.code) not in str(line.changes)


@pytest.mark.parametrize(
    ("login_id", "password", "field"),
    [
        ("sato", NEW_PASSWORD, "login_id"),
        ("SATO", NEW_PASSWORD, "login_id"),
        ("新井", NEW_PASSWORD, "login_id"),
        ("arai", "short-1", "password"),
        ("arai", "arai-no-password-1", "password"),
        ("arai", "onlylettersinside", "password"),
    ],
)
def test_a_taken_id_and_a_weak_password_are_named(
    cast: Cast, login_id: str, password: str, field: str
) -> None:
    code = _invite(cast.actor("oka")).code
    with pytest.raises(Invalid) as refusal:
        actions.accept_as_new(code, login_id=login_id, password=password)
    assert refusal.value.field == field
    assert queries.invitation_by_code(code).is_open()


def test_somebody_with_an_account_is_invited_by_its_id_and_accepts_on_their_own_page(
    cast: Cast, client: Client
) -> None:
    issued = _invite(cast.actor("oka"), login_id="Kimura")
    assert "承諾" not in client.get(f"/accounts/invitation/{issued.code}/").content.decode()
    _log_in(client, "kimura", PASSWORD)
    page = client.get("/accounts/me/").content.decode()
    assert "招待が届いています" in page
    uid = issued.invitation.uid  # type: ignore[union-attr]
    assert client.post("/accounts/me/join/", {"invitation": str(uid)}).status_code == 302
    page = client.get("/accounts/me/").content.decode()
    assert "みどり中央病院" in page
    assert "青木内科" in page


def test_nobody_else_uses_an_invitation_that_names_an_account(cast: Cast, client: Client) -> None:
    issued = _invite(cast.actor("oka"), login_id="kimura")
    _log_in(client, "hayashi", PASSWORD)
    page = client.post(f"/accounts/invitation/{issued.code}/").content.decode()
    assert "別の方" in page
    with arranging():
        rows = Membership.objects.all().visible_to(_system())
        assert not rows.filter(person__login_id="hayashi", facility=cast.facility("H1")).exists()


def test_a_person_at_two_facilities_switches_and_an_open_form_of_the_other_one_is_refused(
    cast: Cast, browser: StaffClient
) -> None:
    kimura, h1 = cast.actor("kimura"), cast.facility("H1")
    second = _also_at(kimura, h1, [Role.CLERK])
    browser.log_in(kimura)
    assert browser.get("/accounts/me/").context["membership_id"] == kimura.membership_id
    assert browser.post("/accounts/switch/", {"facility": str(h1.pk)}).status_code == 302
    assert browser.session[SESSION_KEY] == second.pk
    assert browser.get("/accounts/me/").context["membership_id"] == second.pk
    answer = browser.post(
        "/accounts/me/shortcuts/", {"shortcuts": "off", "_facility": str(kimura.facility_id)}
    )
    assert answer.status_code == 409


def test_nobody_switches_to_a_facility_they_do_not_work_for(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("kimura"))
    assert browser.post("/accounts/switch/", {"facility": str(cast.facility("H1").pk)}).status_code == 404


def test_only_the_administrator_opens_the_members_page(cast: Cast, browser: StaffClient) -> None:
    assert browser.log_in(cast.actor("sato")).get("/accounts/members/").status_code == 403
    page = browser.log_in(cast.actor("oka")).get("/accounts/members/").content.decode()
    assert "佐藤 恵" in page
    assert "青木" not in page


def test_a_member_of_another_facility_is_not_found(cast: Cast, browser: StaffClient) -> None:
    other = _membership(cast.actor("aoki"))
    browser.log_in(cast.actor("oka"))
    assert browser.get(f"/accounts/members/{other.uid}/").status_code == 404
    assert browser.post(f"/accounts/members/{other.uid}/password/").status_code == 404


def test_an_administrator_cannot_change_the_own_roles_at_another_facility(cast: Cast) -> None:
    oka = cast.actor("oka")
    elsewhere = _also_at(oka, cast.facility("C1"), [Role.CLERK])
    with acting(oka), pytest.raises(NotFound):
        actions.change_member(oka, elsewhere, MemberDraft(roles=(Role.FACILITY_ADMINISTRATOR,)))


def test_a_facility_administrator_makes_nobody_system_administrator(cast: Cast) -> None:
    oka = cast.actor("oka")
    with acting(oka), pytest.raises(NotAllowed):
        actions.change_member(
            oka, _membership(cast.actor("sato")), MemberDraft(roles=(Role.SYSTEM_ADMINISTRATOR,))
        )


def test_the_last_administrator_stays(cast: Cast) -> None:
    oka = cast.actor("oka")
    own = _membership(oka)
    with acting(oka), pytest.raises(NotPossibleNow):
        actions.change_member(oka, own, CLERK)
    with acting(oka), pytest.raises(NotPossibleNow):
        actions.end_membership(oka, own)


def test_who_leaves_is_out_at_once_and_the_house_is_told(cast: Cast, browser: StaffClient) -> None:
    oka, sato = cast.actor("oka"), cast.actor("sato")
    browser.log_in(sato)
    with acting(oka):
        actions.end_membership(oka, _membership(sato))
    assert "所属している施設はありません" in browser.get("/accounts/me/").content.decode()
    with arranging():
        event = OutboxEvent.objects.get(name="accounts.MembershipEnded")
    assert event.payload["membership_id"] == sato.membership_id


def test_who_comes_back_gets_the_old_membership_again(cast: Cast) -> None:
    oka, sato = cast.actor("oka"), cast.actor("sato")
    with acting(oka):
        actions.end_membership(oka, _membership(sato))
    issued = _invite(oka, login_id="sato")
    with arranging():
        person = Person.objects.get(login_id="sato")
    back = actions.accept_as_self(issued.invitation, person)  # type: ignore[arg-type]
    assert (back.pk, back.ended_on, back.title) == (sato.membership_id, None, "受付")


def test_a_password_reset_at_the_desk_is_a_one_time_code(
    cast: Cast, browser: StaffClient, client: Client
) -> None:
    _log_in(client, "sato", PASSWORD)
    member = _membership(cast.actor("sato"))
    answer = browser.log_in(cast.actor("oka")).post(f"/accounts/members/{member.uid}/password/")
    code = answer.context["issued"].code
    assert code in answer.content.decode()
    assert client.get("/accounts/me/").status_code == 302
    assert "違います" in _log_in(client, "sato", PASSWORD).content.decode()
    assert _log_in(client, "sato", code).status_code == 302
    assert client.get("/").url == "/accounts/password/change/"
    letter = browser.post(f"/accounts/members/{member.uid}/password/letter/", {"code": code})
    assert letter["Content-Type"] == "application/pdf"
    assert letter.content.startswith(b"%PDF")


def test_a_one_time_code_runs_out(cast: Cast, client: Client) -> None:
    oka = cast.actor("oka")
    with acting(oka):
        code = actions.reset_password(oka, _membership(cast.actor("sato"))).code
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert "期限が切れています" in _log_in(client, "sato", code).content.decode()


def test_one_house_cannot_open_another_by_resetting_a_shared_person(cast: Cast) -> None:
    oka, sato = cast.actor("oka"), cast.actor("sato")
    _also_at(sato, cast.facility("C1"), [Role.CLERK])
    with acting(oka), pytest.raises(NotAllowed):
        actions.reset_password(oka, _membership(sato))
    with acting(oka), pytest.raises(NotAllowed):
        actions.remove_second_factor(oka, _membership(sato))


def test_the_desk_unlocks_at_once(cast: Cast, browser: StaffClient) -> None:
    for _ in range(10):
        throttle.admit("sato")
        throttle.failed("sato")
    browser.log_in(cast.actor("oka"))
    member = _membership(cast.actor("sato"))
    assert "ロック中" in browser.get("/accounts/members/").content.decode()
    assert browser.post(f"/accounts/members/{member.uid}/unlock/").status_code == 302
    assert throttle.admit("sato") is None


def test_an_invitation_goes_out_by_mail_and_on_paper(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("oka"))
    data = {"name": "新井 透", "roles": ["clerk"], "title": "", "department": "", "email": "arai@example.jp"}
    answer = browser.post("/accounts/members/invite/", data)
    code = answer.context["issued"].code
    with arranging():
        mail = OutgoingMail._base_manager.latest("pk")
    assert (mail.to, mail.secret) == ("arai@example.jp", True)
    assert f"/accounts/invitation/{code}/" in mail.body
    uid = answer.context["invitation"].uid
    letter = browser.post(f"/accounts/members/invitations/{uid}/letter/", {"code": code})
    assert letter.content.startswith(b"%PDF")
    guessed = browser.post(f"/accounts/members/invitations/{uid}/letter/", {"code": "guessed"})
    assert guessed.status_code == 404


def test_an_invitation_without_a_role_says_so(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("oka"))
    answer = browser.post("/accounts/members/invite/", {"name": "新井 透", "department": ""})
    assert answer.status_code == 422
    assert "「役割」を選んでください" in answer.content.decode()


def test_another_facilitys_invitation_is_invisible(cast: Cast) -> None:
    issued = _invite(cast.actor("oka"))
    aoki = cast.actor("aoki")
    with acting(aoki):
        assert queries.open_invitations(aoki) == []
        with pytest.raises(DomainError):
            actions.withdraw_invitation(aoki, issued.invitation)  # type: ignore[arg-type]


def test_the_list_of_members_costs_the_same_for_many(
    cast: Cast, browser: StaffClient, django_assert_max_num_queries: Any
) -> None:
    oka = cast.actor("oka")
    with acting(oka), django_assert_max_num_queries(20):
        assert len(queries.members(oka)) == 4


def test_shortcuts_are_switched_off_by_the_person(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    browser.post("/accounts/me/shortcuts/", {"shortcuts": "off"})
    with arranging():
        assert Person.objects.get(login_id="sato").shortcuts_on is False
