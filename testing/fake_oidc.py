"""An identity provider on loopback: OpenID Connect's code flow with PKCE, honest until a test tells it to lie."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET, KEY_ID = "renkei", "himitsu-for-tests", "key-1"


@functools.cache
def key(number: int = 1) -> rsa.RSAPrivateKey:
    """A key of a provider; another number is another key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class FakeProvider:
    """Who is logged in there (``person``), and the lies it tells: other claims, another key, other user info."""

    url: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "s-1", "preferred_username": "sato"})
    lies: dict[str, Any] = field(default_factory=dict)
    """Claims of the id token that replace the true ones; None leaves a claim out."""
    info_lies: dict[str, Any] = field(default_factory=dict)
    config_lies: dict[str, Any] = field(default_factory=dict)
    signs_with: Any = None
    """Another key than the published one; a text with ``algorithm`` HS256, "" with none."""
    algorithm: str = "RS256"
    key_id: str = KEY_ID
    without_id_token: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def config(self) -> dict[str, Any]:
        """The discovery document."""
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
        return {k: v for k, v in (told | self.config_lies).items() if v is not None}

    def jwks(self) -> dict[str, Any]:
        """The published key."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key().public_key()))
        return {"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes after the person was recognised: back to the client with a code."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: dict[str, str]) -> dict[str, Any] | None:
        """Tokens for a code that was not used yet; None where client, code or PKCE do not fit."""
        given = self.codes.pop(asked.get("code", ""), None)
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = given and (asked["client_id"], asked["client_secret"]) == (CLIENT, SECRET)
        if not given or not fits or challenge != given["code_challenge"]:
            return None
        answer = {"access_token": "a-token", "token_type": "Bearer", "expires_in": 300}
        return answer if self.without_id_token else answer | {"id_token": self.id_token(given["nonce"])}

    def id_token(self, nonce: str) -> str:
        """The signed claims."""
        now = int(time.time())
        true = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.person}
        claims = {k: v for k, v in (true | self.lies).items() if v is not None}
        signer = key() if self.signs_with is None else self.signs_with
        return jwt.encode(claims, signer or None, self.algorithm, headers={"kid": self.key_id})


@contextmanager
def running() -> Iterator[FakeProvider]:
    """A provider that answers on 127.0.0.1 inside the block."""
    provider = FakeProvider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            provider.asked.append(path.path)
            if path.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(_flat(path.query)))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            answers = {
                "/.well-known/openid-configuration": provider.config,
                "/jwks": provider.jwks,
                "/userinfo": lambda: provider.person | provider.info_lies,
            }
            self.say(answers[path.path]())

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.say(provider.token(_flat(body)) or {"error": "invalid_grant"})

        def say(self, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(400 if "error" in told else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    return Handler


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
