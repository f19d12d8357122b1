"""What the authorization server writes: codes, tokens, used log-ins, ended connections. Each is an action with its line."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from renkei.clients import codes
from renkei.clients.models import AppGrant, AuthorizationCode, Client, IssuedToken, UsedAssertion
from renkei.clients.permissions import P
from renkei.clients.rules import CODE_SECONDS, number
from renkei.clients.scopes import OFFLINE
from renkei.clients.types import Ended, TokenKind
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel.errors import NotFound, NotPossibleNow
from renkei.notices.actions import notify


@action(P.CONNECT, says="署名つきのログインを受け付け")
def note_assertion(actor: Actor, *, client: Client, jti: str, expires_at: datetime) -> bool:
    """Remember a signed log-in; False when it was used before."""
    # Two of the same at one instant meet at the unique constraint, and one of them loses.
    _row, fresh = UsedAssertion.objects.visible_to(actor).get_or_create(
        client=client,
        jti_digest=codes.digest(jti),
        defaults={"facility_id": client.facility_id, "expires_at": expires_at},
    )
    say(f"「{client.name}」の署名つきのログインを{'受け付け' if fresh else '拒否(使用済み)'}")
    return bool(fresh)


@action(P.CONNECT, says="アプリの連携を許可")
def allow(
    actor: Actor, *, client: Client, scopes: list[str], redirect_uri: str, challenge: str, code: str
) -> AppGrant:
    """The person lets an app of the facility in; ``code`` is the plain authorization code, kept as a digest."""
    if client.facility_id != actor.facility_id:
        raise NotPossibleNow("other_house", "このアプリは別の施設のものです。施設を切り替えてください。")
    now = codes.real_now()
    stays = timedelta(days=number("client.app_days", actor.facility_id))
    once = timedelta(seconds=number("client.app_token_seconds", actor.facility_id) + CODE_SECONDS)
    grant = AppGrant(
        facility_id=actor.facility_id,
        person_id=actor.person_id,
        membership_id=actor.membership_id,
        client=client,
        client_name=client.name,
        scopes=scopes,
        granted_at=now,
        expires_at=now + (stays if OFFLINE in scopes else once),
    )
    grant.save()
    AuthorizationCode(
        facility_id=actor.facility_id,
        grant=grant,
        code_digest=codes.digest(code),
        redirect_uri=redirect_uri,
        challenge=challenge,
        expires_at=now + timedelta(seconds=CODE_SECONDS),
    ).save()
    say(f"アプリ「{client.name}」の連携を許可")
    return grant


@action(P.CONNECT, says="認可コードを使用")
def use_code(actor: Actor, code: AuthorizationCode) -> AuthorizationCode:
    """A code opens once."""
    if code.used_at is not None:
        raise NotPossibleNow("code_used", "この認可コードは使用済みです。")
    code.used_at = codes.real_now()
    code.save()
    return code


@action(P.CONNECT, says="アクセストークンを発行")
def issue(
    actor: Actor,
    *,
    client: Client,
    access: str,
    seconds: int,
    scopes: list[str],
    refresh: str = "",
    grant: AppGrant | None = None,
) -> IssuedToken:
    """Keep the digests of a new access token and, with a grant, of the refresh token that lives as long as it."""
    now = codes.real_now()
    row = IssuedToken(
        facility_id=client.facility_id,
        client=client,
        grant=grant,
        kind=TokenKind.ACCESS,
        token_digest=codes.digest(access),
        scopes=scopes,
        issued_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    row.save()
    if refresh and grant is not None:
        IssuedToken(
            facility_id=client.facility_id,
            client=client,
            grant=grant,
            kind=TokenKind.REFRESH,
            token_digest=codes.digest(refresh),
            scopes=grant.scopes,
            issued_at=now,
            expires_at=grant.expires_at,
        ).save()
    say(f"「{client.name}」にアクセストークンを発行({len(scopes)}件の範囲)")
    return row


@action(P.CONNECT, says="更新トークンを交換")
def replace(actor: Actor, token: IssuedToken) -> IssuedToken:
    """A refresh token was exchanged for the next one and opens nothing any more."""
    token.replaced_at = codes.real_now()
    token.save()
    return token


@action(P.CONNECT, says="トークンを返却")
def revoke(actor: Actor, token: IssuedToken) -> IssuedToken:
    """The client gives a token back; with a refresh token the whole connection ends (RFC 7009 2.1)."""
    token.revoked_at = codes.real_now()
    token.save()
    if token.kind == TokenKind.REFRESH and token.grant is not None:
        end_grant(token.grant, Ended.CLIENT)
    return token


@action(P.CONNECT, says="アプリの連携を不正の疑いで停止")
def end_reused(actor: Actor, grant: AppGrant) -> AppGrant:
    """A code or refresh token came a second time: one of two holders is a thief, so both lose (RFC 9700 4.14)."""
    if end_grant(grant, Ended.REUSED):
        notify(
            grant.facility_id,
            person_id=grant.person_id,
            kind="client_misuse",
            text=f"「{grant.client_name}」の使用済みの番号がもう一度使われたため、連携を停止しました。"
            "心当たりがなければ施設の管理者に知らせてください。",
            url=reverse("clients:connections"),
        )
    return grant


@action(P.CONNECT, says="アプリの連携を停止")
def end_own(actor: Actor, grant: AppGrant) -> AppGrant:
    """The person withdraws an app; every token that came of it ends."""
    if grant.person_id != actor.person_id:
        raise NotFound("no_connection", "このアプリの連携は、すでに終わっています。")
    end_grant(grant, Ended.PERSON)
    say(f"アプリ「{grant.client_name}」の連携を停止")
    return grant


def end_grant(grant: AppGrant, because: Ended) -> bool:
    """Inside an action: end a connection once; False when it was over already."""
    if grant.ended_at is not None:
        return False
    grant.ended_at, grant.ended_because = codes.real_now(), because
    grant.save()
    return True
