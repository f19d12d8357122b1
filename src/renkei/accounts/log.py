"""The trail of log-in (ログインの記録): what allauth does outside of our actions, told to the audit trail by signals."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.http import HttpRequest

from renkei.accounts import second_factor
from renkei.accounts.models import Membership, Person
from renkei.audit.models import Outcome
from renkei.audit.trail import Line, record, record_refusal
from renkei.gate.actor import Kind
from renkei.gate.context import system

_FACTORS = {
    str(Authenticator.Type.TOTP): "認証アプリ",
    str(Authenticator.Type.WEBAUTHN): "パスキー",
    str(Authenticator.Type.RECOVERY_CODES): "予備コード",
}


def told(person: Person, action: str, says: str, outcome: Outcome = Outcome.DONE) -> None:
    """One line about ``person`` at the first facility they work for; refusals outlive the request."""
    first = _first_work(person.pk)
    line = Line(
        outcome=outcome,
        action=f"accounts.{action}",
        says=says,
        actor_kind=str(Kind.PERSON),
        person_id=person.pk,
        actor_label=person.name,
        facility_id=first.facility_id if first else 0,
        facility_label=first.facility.name if first else "",
        subject="accounts.person",
        subject_id=person.pk,
    )
    (record_refusal if outcome is Outcome.DENIED else record)(line)


def _first_work(person_id: int) -> Membership | None:
    with system("record of log-in") as actor, transaction.atomic():
        rows = Membership.objects.visible_to(actor).filter(person_id=person_id).select_related("facility")
        return next((m for m in rows.order_by("id") if m.in_force()), None)


def refused(login_id: str, says: str) -> None:
    """A log-in that was refused; an unknown log-in id is not written down, it may be a password."""
    with system("record of a refused log-in"), transaction.atomic():
        person = Person.objects.filter(login_id__iexact=login_id.strip()).first()
    if person is not None:
        told(person, "log_in", says, Outcome.DENIED)
        return
    _first_work(0)  # the same work as for somebody who exists: the time of the answer tells nothing
    refused_before(f"{says}(知らないログインID)")


def refused_before(says: str) -> None:
    """A log-in that was refused before anybody said who they are."""
    record_refusal(
        Line(Outcome.DENIED, "accounts.log_in", says, str(Kind.ANONYMOUS), actor_label="ログイン前")
    )


def _logged_in(sender: Any, user: Person, **kwargs: Any) -> None:
    told(user, "log_in", "ログイン")


def _logged_out(sender: Any, user: Person | None, **kwargs: Any) -> None:
    if user is not None:
        told(user, "log_out", "ログアウト")


def _password_changed(sender: Any, user: Person, **kwargs: Any) -> None:
    told(user, "change_password", "パスワードを変更")


def _factor(authenticator: Authenticator) -> str:
    return _FACTORS.get(str(authenticator.type), str(authenticator.type))


def _added(
    sender: Any, user: Person, authenticator: Authenticator, request: HttpRequest, **kwargs: Any
) -> None:
    told(user, "add_second_factor", f"二要素認証に{_factor(authenticator)}を登録")
    if authenticator.type == Authenticator.Type.TOTP and request is not None:
        # The code that activated the app counts as used: it must not open a log-in in the same half minute.
        authenticator.wrap().validate_code(request.POST.get("code", ""))


def _removed(sender: Any, user: Person, authenticator: Authenticator, **kwargs: Any) -> None:
    told(user, "remove_second_factor", f"二要素認証の{_factor(authenticator)}を解除")
    if not second_factor.is_on(user.pk) and not user.must_change_password:
        # Eight characters were enough with a second factor; without one the longer rule counts again.
        user.must_change_password = True
        user.save(update_fields=["must_change_password"])


def _reset(sender: Any, user: Person, authenticator: Authenticator, **kwargs: Any) -> None:
    told(user, "reset_second_factor", f"二要素認証の{_factor(authenticator)}を作り直し")


def _failed(sender: Any, user: Person, authenticator: Authenticator, **kwargs: Any) -> None:
    told(user, "second_factor", f"二要素認証の失敗({_factor(authenticator)})", Outcome.DENIED)


def listen() -> None:
    """Connect the signals; called once when the module starts."""
    user_logged_in.connect(_logged_in, dispatch_uid="accounts.logged_in")
    user_logged_out.connect(_logged_out, dispatch_uid="accounts.logged_out")
    password_changed.connect(_password_changed, dispatch_uid="accounts.password_changed")
    authenticator_added.connect(_added, dispatch_uid="accounts.factor_added")
    authenticator_removed.connect(_removed, dispatch_uid="accounts.factor_removed")
    authenticator_reset.connect(_reset, dispatch_uid="accounts.factor_reset")
    authentication_failed.connect(_failed, dispatch_uid="accounts.factor_failed")
