"""What an outside system does: Authlib's own client over Django's test client, keys and signed log-ins."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from django.test import Client as Browser
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from requests.adapters import BaseAdapter

from renkei.clients import actions
from renkei.clients.models import Client
from renkei.clients.types import ClientDraft, ClientKind, Login, NewKeys
from renkei.gate.actor import Actor
from renkei.kernel import clock

SITE = "https://localhost"
TOKEN = f"{SITE}/clients/oauth/token"
AUTHORIZE = f"{SITE}/clients/oauth/authorize"
INTROSPECT = f"{SITE}/clients/oauth/introspect"
REVOKE = f"{SITE}/clients/oauth/revoke"
RETURN = "https://app.example.jp/callback"
RSA = RSAKey.generate_key(2048, {"kid": "first"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "first"})
SECOND = ECKey.generate_key("P-384", {"kid": "second"})


class ThroughDjango(BaseAdapter):
    """Sends what ``requests`` would send to Django's test client."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__()
        self.address = address

    def send(self, request: Any, **kwargs: Any) -> requests.Response:
        """One request, one answer."""
        parts = urlsplit(request.url)
        headers = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in request.headers.items()}
        body = request.body or b""
        answer = Browser().generic(
            request.method,
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            body.encode() if isinstance(body, str) else body,
            request.headers.get("Content-Type", ""),
            secure=True,
            REMOTE_ADDR=self.address,
            **{**headers, "HTTP_HOST": parts.netloc},
        )
        response = requests.Response()
        response.status_code, response._content = answer.status_code, answer.content
        response.headers.update(dict(answer.items()))
        response.url, response.request = request.url, request
        return response

    def close(self) -> None:
        """Nothing is open."""


def session(client: Client, key: Any = RSA, alg: str = "RS384", **more: Any) -> OAuth2Session:
    """Authlib's client of a system that signs with ``key``."""
    method = str(Login.KEY)
    made = OAuth2Session(
        client.client_id,
        key,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        **more,
    )
    made.register_client_auth_method(
        PrivateKeyJWT(TOKEN, headers={"kid": key.kid}, alg=alg, claims=five_minutes())
    )
    made.mount("https://", ThroughDjango())
    return made


def five_minutes() -> dict[str, Any]:
    """Authlib's client would sign for an hour; SMART allows five minutes."""
    return {"exp": int(time.time()) + 240}


def app_session(client: Client, secret: str | None = None) -> OAuth2Session:
    """Authlib's client of an app, with or without a secret."""
    method = str(Login.SECRET) if secret else str(Login.NONE)
    made = OAuth2Session(
        client.client_id,
        secret,
        token_endpoint_auth_method=method,
        redirect_uri=RETURN,
        code_challenge_method="S256",
    )
    made.mount("https://", ThroughDjango())
    return made


def assertion(client: Client, key: Any = RSA, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A signed log-in by hand, with whatever is to be wrong about it; a claim of None is left out."""
    now = int(time.time())
    said = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": TOKEN,
        "jti": str(uuid4()),
        "exp": now + 240,
    }
    said = {name: value for name, value in {**said, **claims}.items() if value is not None}
    head = {"alg": "RS384", "kid": key.kid, **(header or {})}
    return jwt.encode(head, said, key, algorithms=[head["alg"]])


def post(url: str, address: str = "127.0.0.1", **form: str) -> requests.Response:
    """A form without any help."""
    made = requests.Session()
    made.mount("https://", ThroughDjango(address))
    return made.post(url, data=form)


def sign_in(
    client: Client, signed: str, scope: str = "system/Organization.rs", **more: str
) -> requests.Response:
    """The request of Backend Services."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return post(
        TOKEN,
        grant_type="client_credentials",
        scope=scope,
        client_assertion_type=kind,
        client_assertion=signed,
        **more,
    )


DRAFT = ClientDraft(
    name="みどり電子カルテ",
    purpose="紹介患者の来院予定を電子カルテに表示する",
    contact_name="緑川システム 田中 守",
    contact_email="tanaka@example.jp",
    scopes=("system/Organization.rs",),
)
APP_DRAFT = ClientDraft(
    name="往診メモ",
    purpose="往診先で連携先の連絡先を調べる",
    contact_name="野原ソフト 原 景子",
    contact_email="hara@example.jp",
    scopes=("user/Organization.rs", "user/Location.rs", "offline_access"),
    redirect_uris=(RETURN,),
)


def a_system(actor: Actor, key: Any = RSA, draft: ClientDraft = DRAFT) -> Client:
    """A system with one key for a year."""
    made = actions.create(actor, draft, kind=ClientKind.SYSTEM, login=Login.KEY)
    give_key(actor, made, key)
    return made


def give_key(actor: Actor, client: Client, key: Any, days: int = 365) -> None:
    """Paste the public part of ``key``."""
    text = json.dumps({"keys": [key.as_dict(private=False)]})
    actions.add_keys(actor, client, NewKeys(text, clock.today() + timedelta(days=days)))


def an_app(actor: Actor, login: Login = Login.NONE, draft: ClientDraft = APP_DRAFT) -> Client:
    """An app that people let in."""
    return actions.create(actor, draft, kind=ClientKind.APP, login=login)


@dataclass
class Consent:
    """A person's browser at the consent page."""

    browser: Any

    def ask(self, url: str) -> Any:
        """Open the address that the app sends the person to."""
        parts = urlsplit(url)
        return self.browser.get(f"{parts.path}?{parts.query}", secure=True, HTTP_HOST="localhost")

    def answer(self, url: str, *allow: str, decision: str = "allow", **more: str) -> Any:
        """Press a button of the page."""
        parts = urlsplit(url)
        form = {"decision": decision, "allow": list(allow), **more}
        return self.browser.post(f"{parts.path}?{parts.query}", form, secure=True, HTTP_HOST="localhost")


ALL = ("user/Organization.rs", "user/Location.rs", "offline_access")
WISH = " ".join(ALL)


def wish(made: OAuth2Session, verifier: str, scope: str = WISH, **more: str) -> str:
    """The address that an app opens in the person's browser."""
    url, _state = made.create_authorization_url(AUTHORIZE, code_verifier=verifier, scope=scope, **more)
    return str(url)


def connect(
    client: Client, person: Consent, *allow: str, secret: str | None = None
) -> tuple[OAuth2Session, Any]:
    """The whole way of an app, as Authlib's client walks it."""
    made, verifier = app_session(client, secret), generate_token(48)
    url = wish(made, verifier)
    answer = person.answer(url, *(allow or ALL))
    assert answer.status_code == 302, answer.content.decode()
    return made, made.fetch_token(TOKEN, authorization_response=answer["Location"], code_verifier=verifier)


def code_of(answer: Any) -> str:
    """The code in the address that the browser is sent to."""
    return parse_qs(urlsplit(answer["Location"]).query)["code"][0]
