"""What a facility's administrator does with clients: let in, change, keys, secret, stop, end everything issued."""

from __future__ import annotations

import ipaddress
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from renkei.clients import codes
from renkei.clients.issuing import end_grant, end_own
from renkei.clients.models import AppGrant, Client, ClientKey
from renkei.clients.permissions import P
from renkei.clients.rules import number
from renkei.clients.scopes import OFFLINE, narrow
from renkei.clients.types import ClientDraft, ClientKind, Ended, Login, NewKeys
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow

__all__ = ["add_keys", "change", "create", "enable", "end_own", "end_tokens", "new_secret", "stop_key"]

LIVE_KEYS = 2
SMALLEST_RSA_BITS = 2048
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


@action(P.MANAGE, says="連携システム・アプリを登録")
def create(actor: Actor, draft: ClientDraft, *, kind: ClientKind, login: Login) -> Client:
    """A new client of the actor's facility; it can do nothing until it has a key or a secret (or is an app without)."""
    if kind is ClientKind.SYSTEM and login is not Login.KEY:
        raise Invalid("login", "システムは公開鍵で本人確認をします。", "login")
    row = Client(facility_id=actor.facility_id, kind=kind, login=login, created_by_id=actor.person_id)
    _take(row, draft)
    row.save()
    say(f"「{row.name}」を登録")
    return row


@action(P.MANAGE, says="連携システム・アプリの登録内容を変更")
def change(actor: Actor, client: Client, draft: ClientDraft) -> Client:
    """Narrower scopes count at once, for tokens that are out there too."""
    _take(client, draft)
    client.save()
    say(f"「{client.name}」の登録内容を変更")
    return client


def _take(row: Client, draft: ClientDraft) -> None:
    for field, label in (("name", "名称"), ("purpose", "何をするか"), ("contact_name", "担当者")):
        value = getattr(draft, field).strip()
        if not value:
            raise Invalid(field, f"{label}を入力してください。", field)
        setattr(row, field, value)
    row.contact_email, row.contact_phone = draft.contact_email.strip(), draft.contact_phone.strip()
    row.scopes = _scopes(ClientKind(row.kind), draft.scopes)
    row.redirect_uris = _redirect_uris(ClientKind(row.kind), draft.redirect_uris)
    row.addresses = [_network(text) for text in draft.addresses]
    if not 1 <= draft.rate_per_minute <= 60_000:
        raise Invalid("rate", "1分あたりの上限は1から60000までにしてください。", "rate_per_minute")
    row.rate_per_minute = draft.rate_per_minute


def _scopes(kind: ClientKind, wanted: tuple[str, ...]) -> list[str]:
    level = "system/" if kind is ClientKind.SYSTEM else "user/"
    whole = [f"{level}*.cruds", *([OFFLINE] if kind is ClientKind.APP else [])]
    found = narrow(wanted, whole)
    if not [scope for scope in found if scope != OFFLINE]:
        raise Invalid("scopes", "扱ってよい情報を1つ以上選んでください。", "scopes")
    return found


def _redirect_uris(kind: ClientKind, wanted: tuple[str, ...]) -> list[str]:
    found = [uri.strip() for uri in wanted if uri.strip()]
    if kind is ClientKind.SYSTEM:
        return []
    if not found:
        raise Invalid("redirect", "アプリに戻るアドレスを1つ以上入力してください。", "redirect_uris")
    for uri in found:
        if not _may_return_to(uri):
            raise Invalid(
                "redirect",
                f"「{uri[:60]}」には戻れません。https:// で始まるアドレス(#なし)、この端末(127.0.0.1)、"
                "または点を含む独自の名前(jp.example.app:/戻り先)にしてください。",
                "redirect_uris",
            )
    return found


def _may_return_to(uri: str) -> bool:
    """HTTPS, loopback for native apps (RFC 8252 7.3), or a private-use scheme in reverse domain notation (7.1)."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if len(uri) > 400 or "#" in uri or re.search(r"[\s\x00-\x1f*\\]", uri) or parts.username is not None:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return parts.hostname in {"127.0.0.1", "::1"}
    return _OWN_SCHEME.fullmatch(parts.scheme) is not None


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise Invalid(
            "address",
            f"「{text[:40]}」はIPアドレスの範囲ではありません。192.0.2.0/24 のように書いてください。",
            "addresses",
        ) from error


@action(P.MANAGE, says="連携の公開鍵を登録")
def add_keys(actor: Actor, client: Client, new: NewKeys) -> list[ClientKey]:
    """The keys of a pasted JWK set; at most two live at a time, so that old and new overlap while a system changes."""
    latest = clock.today() + timedelta(days=number("client.key_days", actor.facility_id))
    if not clock.today() <= new.expires_on <= latest:
        raise Invalid(
            "expires_on", f"期限は今日から {latest:%Y-%m-%d} までの日にしてください。", "expires_on"
        )
    if client.login != Login.KEY:
        raise NotPossibleNow("no_keys", "このアプリは公開鍵を使いません。")
    wanted = _public_keys(new.text)
    rows = ClientKey.objects.visible_to(actor).filter(client=client, revoked_at=None)
    standing = {key.kid: key for key in rows}
    fresh = [jwk for jwk in wanted if jwk["kid"] not in standing]
    changed = [j["kid"] for j in wanted if j["kid"] in standing and standing[j["kid"]].jwk != j]
    if changed:
        raise Invalid(
            "kid", f"鍵の番号「{changed[0]}」は別の鍵に使われています。新しい番号にしてください。", "keys"
        )
    if not fresh:
        raise Invalid("known", "この鍵はすべて登録済みです。", "keys")
    if len(fresh) + sum(key.is_live() for key in standing.values()) > LIVE_KEYS:
        raise NotPossibleNow(
            "too_many_keys", f"同時に使える鍵は{LIVE_KEYS}本までです。先に古い鍵を止めてください。"
        )
    made = []
    for jwk in fresh:
        key = ClientKey(
            facility_id=client.facility_id, client=client, kid=jwk["kid"], jwk=jwk, expires_on=new.expires_on
        )
        key.save()
        made.append(key)
    say(f"「{client.name}」の公開鍵を登録({'、'.join(key.kid for key in made)})")
    return made


def _public_keys(text: str) -> list[dict[str, Any]]:
    """Public keys for RS384 or ES384, each with a ``kid`` (its RFC 7638 thumbprint where none is given)."""
    try:
        given = json.loads(text)
        found = given["keys"] if isinstance(given, dict) and "keys" in given else [given]
        if not isinstance(found, list) or not 1 <= len(found) <= LIVE_KEYS or len(text) > 20_000:
            raise ValueError("one or two keys")
        if any(_PRIVATE & set(jwk) for jwk in found):
            raise Invalid(
                "private_key",
                "秘密鍵が含まれています。公開鍵だけを貼ってください。この秘密鍵はもう使わず、作り直してください。",
                "keys",
            )
        return [_one_key(jwk) for jwk in found]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Invalid(
            "keys",
            "公開鍵を読めません。JWK(JSON)で、RSA 2048ビット以上(RS384)または P-384(ES384)の鍵を1本か2本にしてください。",
            "keys",
        ) from error


def _one_key(jwk: dict[str, Any]) -> dict[str, Any]:
    if jwk.get("use", "sig") != "sig":
        raise ValueError("not a key for signatures")
    key = KeySet.import_key_set({"keys": [jwk]}).keys[0]
    suits = isinstance(key, RSAKey) and key.public_key.key_size >= SMALLEST_RSA_BITS
    suits = suits or (isinstance(key, ECKey) and key.curve_name == "P-384")
    if not suits:
        raise ValueError("weak or unknown")
    kid = jwk.get("kid") or key.thumbprint()
    if not isinstance(kid, str) or len(kid) > 120 or not kid.isprintable():
        raise ValueError("kid")
    return {**key.as_dict(private=False), "kid": kid}


@action(P.MANAGE, says="連携の公開鍵を停止")
def stop_key(actor: Actor, key: ClientKey) -> ClientKey:
    """A key that is no longer used, or that got lost; tokens already issued live on for their minutes."""
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save()
    return key


@action(P.MANAGE, says="連携の合言葉を発行")
def new_secret(actor: Actor, client: Client) -> str:
    """A fresh client secret, shown once; the former one is worthless from now on."""
    if client.login != Login.SECRET:
        raise NotPossibleNow("no_secret", "このアプリは合言葉を使いません。")
    secret = codes.fresh()
    client.secret_digest = codes.digest(secret)
    client.save()
    say(f"「{client.name}」の合言葉を発行")
    return secret


@action(P.MANAGE, says="連携システム・アプリの利用を切り替え")
def enable(actor: Actor, client: Client, *, on: bool) -> Client:
    """Stopped, it gets no token and its tokens open nothing; started again, it must fetch new ones."""
    client.enabled = on
    if not on:
        _end_everything(actor, client)
    client.save()
    say(f"「{client.name}」の利用を{'再開' if on else '停止'}")
    return client


@action(P.MANAGE, says="発行済みのトークンをすべて無効化")
def end_tokens(actor: Actor, client: Client) -> Client:
    """Whatever was issued until now is worthless: access and refresh tokens, of every person."""
    _end_everything(actor, client)
    client.save()
    say(f"「{client.name}」に発行したトークンをすべて無効化")
    return client


def _end_everything(actor: Actor, client: Client) -> None:
    client.tokens_valid_from = codes.real_now()
    for grant in AppGrant.objects.visible_to(actor).filter(client=client, ended_at=None):
        end_grant(grant, Ended.FACILITY)
