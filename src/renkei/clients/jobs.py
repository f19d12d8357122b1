"""Work of the clock: telling of keys that end, and forgetting what can open nothing any more."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.urls import reverse

from renkei.accounts.queries import administrators_of
from renkei.clients import codes
from renkei.clients.models import AuthorizationCode, ClientKey, IssuedToken, UsedAssertion
from renkei.clients.queries import keys_that_end
from renkei.clients.rules import TELL_DAYS
from renkei.gate.actor import Actor
from renkei.gate.context import system
from renkei.jobs.queue import periodic
from renkei.kernel import clock
from renkei.notices.actions import notify

KEPT_DAYS = 7
"""A used code or replaced refresh token is kept this long after its end, so that a second use is noticed."""


@periodic("0 23 * * *")
def tell_of_ending_keys() -> None:
    """08:00 in Japan."""
    with system("連携の鍵の期限のお知らせ") as actor, transaction.atomic():
        for key in keys_that_end(actor, clock.today() + timedelta(days=max(TELL_DAYS))):
            _tell(actor, key)


def _tell(actor: Actor, key: ClientKey) -> None:
    """Once for each of ``TELL_DAYS``; a day on which no worker ran is made up for on the next."""
    days_left = (key.expires_on - clock.today()).days
    due = min(days for days in TELL_DAYS if days >= days_left)
    if key.told_days is not None and key.told_days <= due:
        return
    when = "今日まで" if days_left == 0 else f"あと{days_left}日"
    for person in administrators_of(key.facility_id):
        notify(
            key.facility_id,
            person_id=person.pk,
            kind="client_key",
            text=f"「{key.client.name}」の公開鍵({key.kid})の期限は{when}です({key.expires_on:%Y-%m-%d})。"
            f"{key.client.contact_name}に新しい公開鍵を依頼してください。",
            url=reverse("clients:client", args=[key.client.uid]),
            mail_to=person.email or None,
        )
    key.told_days = due
    key.save(update_fields=["told_days"])


@periodic("40 18 * * *")
def forget_old_tokens() -> None:
    """03:40 in Japan."""
    before = codes.real_now() - timedelta(days=KEPT_DAYS)
    with system("期限の切れたトークンの削除") as actor, transaction.atomic():
        UsedAssertion.objects.visible_to(actor).filter(expires_at__lt=codes.real_now()).delete()
        AuthorizationCode.objects.visible_to(actor).filter(grant__expires_at__lt=before).delete()
        IssuedToken.objects.visible_to(actor).filter(expires_at__lt=before).delete()
