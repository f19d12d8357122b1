"""Every write about people: invitations, roles, leaving, help at the desk, and one's own account."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from renkei.accounts import codes, second_factor, sessions, throttle
from renkei.accounts.adapters import AccountAdapter
from renkei.accounts.events import MembershipEnded, MembershipStarted
from renkei.accounts.models import Invitation, Membership, Person
from renkei.accounts.permissions import P
from renkei.accounts.queries import grantable_roles, invitation_by_code, login_id_taken, works_elsewhere
from renkei.accounts.rules import number
from renkei.accounts.types import MemberDraft, NewMember
from renkei.directory.queries import departments
from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor, Kind
from renkei.gate.context import acting, system
from renkei.gate.writing import note_change
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.roles import Role

LOGIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{2,79}")


@dataclass(frozen=True)
class Issued:
    """A code that is shown once: ``code`` in plain, kept nowhere."""

    code: str
    invitation: Invitation | None = None
    membership: Membership | None = None


def _draft_ok(actor: Actor, draft: MemberDraft) -> None:
    if not draft.roles:
        raise Invalid("no_role", "役割を1つ以上選んでください。", "roles")
    if Role.SYSTEM_ADMINISTRATOR in draft.roles and not actor.may(P.MANAGE_ALL):
        raise NotAllowed("role_too_high", "システム管理者の役割は、システム管理者だけが付けられます。")
    strange = [r for r in draft.roles if r not in grantable_roles(actor)]
    if strange:
        raise Invalid("role", f"この施設では「{strange[0].label}」の役割を付けられません。", "roles")
    known = {d.pk for d in departments(actor.facility_id)} if draft.department_id else set()
    if draft.department_id and draft.department_id not in known:
        raise Invalid("department", "この施設の診療科・部署から選んでください。", "department")


def _own_member(actor: Actor, membership: Membership) -> Membership:
    """A member of the facility the actor works for now, and nobody above them."""
    if membership.facility_id != actor.facility_id:
        raise NotFound("no_member", "この施設の利用者に見つかりません。一覧から選び直してください。")
    if Role.SYSTEM_ADMINISTRATOR in membership.role_set() and not actor.may(P.MANAGE_ALL):
        raise NotAllowed("member_above", "システム管理者の設定は、システム管理者だけが変えられます。")
    return membership


def _keep_an_administrator(membership: Membership, roles: Sequence[Role]) -> None:
    if Role.FACILITY_ADMINISTRATOR in roles or Role.FACILITY_ADMINISTRATOR not in membership.role_set():
        return
    with system("is there another administrator") as actor:
        rows = Membership.objects.visible_to(actor).filter(facility_id=membership.facility_id)
        others = [m for m in rows.exclude(pk=membership.pk) if m.in_force()]
    if not any(Role.FACILITY_ADMINISTRATOR in m.role_set() for m in others):
        raise NotPossibleNow(
            "last_administrator", "施設管理者が一人もいなくなります。先に別の方を施設管理者にしてください。"
        )


@action(P.MANAGE_MEMBERS, says="利用者を招待")
def invite(actor: Actor, who: NewMember) -> Issued:
    """Invite somebody to the actor's facility; the code is in the answer and nowhere else."""
    if not who.name.strip():
        raise Invalid("name", "氏名を入力してください。", "name")
    _draft_ok(actor, who.draft)
    code = codes.fresh()
    row = Invitation(
        facility_id=actor.facility_id,
        name=who.name.strip(),
        kana=who.kana.strip(),
        email=who.email.strip(),
        login_id=who.login_id.strip(),
        roles=[r.value for r in who.draft.roles],
        title=who.draft.title.strip(),
        department_id=who.draft.department_id or None,
        code_digest=codes.digest(code),
        invited_by_id=actor.person_id,
        expires_at=clock.now() + timedelta(days=number("invitation.days", actor.facility_id)),
    )
    row.save()
    return Issued(code, invitation=row)


@action(P.MANAGE_MEMBERS, says="招待を取消し")
def withdraw_invitation(actor: Actor, invitation: Invitation) -> Invitation:
    """Make a code worthless that was not used yet."""
    if invitation.accepted_at is not None:
        raise NotPossibleNow(
            "invitation_used", "この招待は承諾されたあとです。利用者の一覧から操作してください。"
        )
    invitation.withdrawn_at = clock.now()
    invitation.save()
    return invitation


@action(P.MANAGE_MEMBERS, says="招待の番号を出し直し")
def renew_invitation(actor: Actor, invitation: Invitation) -> Issued:
    """A new code and a new period; the old code is worthless from now on."""
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        raise NotPossibleNow(
            "invitation_closed", "この招待は承諾または取消し済みです。新しく招待してください。"
        )
    code = codes.fresh()
    invitation.code_digest = codes.digest(code)
    invitation.expires_at = clock.now() + timedelta(days=number("invitation.days", actor.facility_id))
    invitation.save()
    return Issued(code, invitation=invitation)


def _welcome(label: str, person_id: int = 0) -> Actor:
    """Who acts on the page of an invitation: nobody works here yet, so the system in the person's name."""
    return Actor(Kind.SYSTEM, person_id=person_id, label=label, reason="招待の承諾")


def accept_as_new(code: str, *, login_id: str, password: str) -> Membership:
    """A new person uses an invitation. Raises ``NotFound`` for a used code, ``Invalid`` naming the field."""
    found = invitation_by_code(code)
    with acting(_welcome(found.name)) as actor:
        return _open_account(actor, found, login_id.strip(), password)


def accept_as_self(invitation: Invitation, person: Person) -> Membership:
    """A person who has an account joins the facility of an invitation."""
    with acting(_welcome(person.name, person.pk)) as actor:
        return _join(actor, invitation, person)


@action(P.USE, says="招待を承諾してアカウントを作成")
def _open_account(actor: Actor, invitation: Invitation, login_id: str, password: str) -> Membership:
    person = new_person(invitation.name, login_id, password, kana=invitation.kana, email=invitation.email)
    return _use(invitation, person)


@action(P.USE, says="招待を承諾して所属を追加")
def _join(actor: Actor, invitation: Invitation, person: Person) -> Membership:
    return _use(invitation, person)


def new_person(name: str, login_id: str, password: str, *, kana: str = "", email: str = "") -> Person:
    """A saved person with a password by the rules; the caller acts as the system. Raises ``Invalid``."""
    if not LOGIN_ID.fullmatch(login_id):
        raise Invalid(
            "login_id", "ログインIDは半角の英数字と . _ @ - で3文字以上80文字までにしてください。", "login_id"
        )
    if login_id_taken(login_id):
        raise Invalid(
            "login_id_taken", "このログインIDは使われています。別のものにしてください。", "login_id"
        )
    person = Person(login_id=login_id, name=name, kana=kana, email=email)
    check_password(password, person)
    person.set_password(password)
    person.save()
    note_change(person, adding=True)
    return person


def check_password(password: str, person: Person) -> None:
    """Raise ``Invalid`` for ``password`` with everything that is wrong with it."""
    try:
        AccountAdapter().clean_password(password, person)
    except ValidationError as error:
        raise Invalid("password", " ".join(error.messages), "password") from error


def _use(invitation: Invitation, person: Person) -> Membership:
    """The one time an invitation is used; it came here locked."""
    if not invitation.is_open():
        raise NotPossibleNow("invitation_used", "この招待は使用済み、取消し、または期限切れです。")
    with system("membership by invitation") as actor:
        rows = Membership.objects.visible_to(actor).filter(facility_id=invitation.facility_id, person=person)
        membership = rows.first() or Membership(facility_id=invitation.facility_id, person=person)
        if membership.pk and membership.in_force():
            raise NotPossibleNow("member_already", "すでにこの施設に所属しています。")
        membership.roles = invitation.roles
        membership.title = invitation.title
        membership.department_id = invitation.department_id
        membership.started_on, membership.ended_on = clock.today(), None
        membership.save()
        invitation.accepted_at, invitation.accepted_by = clock.now(), person
        invitation.save()
        emit(MembershipStarted(membership.pk, person.pk, membership.facility_id))
    return membership


@action(P.MANAGE_MEMBERS, says="利用者の役割を変更")
def change_member(actor: Actor, membership: Membership, draft: MemberDraft) -> Membership:
    """Roles, title and department."""
    _own_member(actor, membership)
    _draft_ok(actor, draft)
    _keep_an_administrator(membership, draft.roles)
    membership.roles = [r.value for r in draft.roles]
    membership.title = draft.title.strip()
    membership.department_id = draft.department_id or None
    membership.save()
    return membership


@action(P.MANAGE_MEMBERS, says="利用者の所属を終了")
def end_membership(actor: Actor, membership: Membership, *, on: date | None = None) -> Membership:
    """From ``on`` (today) the person no longer works here; what they wrote and their drafts stay with the facility."""
    _own_member(actor, membership)
    _keep_an_administrator(membership, ())
    last = on or clock.today()
    if last < membership.started_on:
        raise Invalid("ended_on", "終了日は開始日より後にしてください。", "ended_on")
    membership.ended_on = last
    membership.save()
    emit(MembershipEnded(membership.pk, membership.person_id, membership.facility_id))
    return membership


@action(P.MANAGE_MEMBERS, says="窓口でパスワードを再発行")
def reset_password(actor: Actor, membership: Membership) -> Issued:
    """A one-time code as password, to be changed at the next log-in; ends every session and any lock.

    Somebody who works at other facilities too must have a second factor: else this desk could enter the other house.
    """
    person = _own_member(actor, membership).person
    if works_elsewhere(membership) and not second_factor.is_on(person.pk) and not actor.may(P.MANAGE_ALL):
        raise NotAllowed(
            "works_elsewhere",
            "ほかの施設にも所属し、二要素認証のない方のパスワードは、システム管理者だけが再発行できます。",
        )
    code = codes.fresh()
    person.set_password(code)
    person.must_change_password = True
    person.code_valid_until = clock.now() + timedelta(days=number("password.code_days", actor.facility_id))
    person.save()
    note_change(person)
    throttle.clear(person.login_id)
    sessions.end_all_of(person.pk)
    return Issued(code, membership=membership)


@action(P.MANAGE_MEMBERS, says="窓口で二要素認証を解除")
def remove_second_factor(actor: Actor, membership: Membership) -> Membership:
    """For somebody who lost the phone and the recovery codes; asks for a new password too, ends every session."""
    person = _own_member(actor, membership).person
    if works_elsewhere(membership) and not actor.may(P.MANAGE_ALL):
        raise NotAllowed(
            "works_elsewhere", "ほかの施設にも所属する方の二要素認証は、システム管理者だけが解除できます。"
        )
    second_factor.remove(person.pk)
    person.must_change_password = True
    person.save()
    note_change(person)
    sessions.end_all_of(person.pk)
    return membership


@action(P.MANAGE_MEMBERS, says="ロックを解除")
def unlock(actor: Actor, membership: Membership) -> Membership:
    """Let somebody try again at once who failed too often."""
    throttle.clear(_own_member(actor, membership).person.login_id)
    return membership


@action(P.USE, says="働く施設を切り替え")
def switch_facility(actor: Actor, membership: Membership) -> Membership:
    """Work for another of one's own facilities."""
    if membership.person_id != actor.person_id or not membership.in_force():
        raise NotFound("no_membership", "この施設には所属していません。右上の一覧から選び直してください。")
    return membership


@action(P.USE, says="自分の画面設定を変更")
def set_shortcuts(actor: Actor, on: bool) -> bool:
    """Single-key shortcuts on or off (WCAG 2.1.4)."""
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=actor.person_id)
        person.shortcuts_on = on
        person.save(update_fields=["shortcuts_on"])
        note_change(person)
    return on
