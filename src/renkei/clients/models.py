"""Systems and apps that may use the API, their keys, and what was issued to them. Nothing that opens a door is kept in clear."""

from __future__ import annotations

import secrets as random
from datetime import date, datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from renkei.clients.codes import real_now
from renkei.clients.types import ClientKind, Ended, Login, TokenKind
from renkei.gate.models import FacilityData, PersonData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


def fresh_client_id() -> str:
    """``rk-`` and 96 random bits: public, but not to be guessed one from another."""
    return f"rk-{random.token_hex(12)}"


class Client(FacilityData):
    """A system or an app that one facility lets in (連携システム・アプリ).

    ``scopes`` is the most it may ask for. ``tokens_valid_from``: whatever was issued before is worthless.
    """

    versioned = True
    secret_fields: ClassVar[frozenset[str]] = frozenset({"secret_digest"})

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    client_id = models.CharField("クライアントID", max_length=40, unique=True, default=fresh_client_id)
    kind = models.CharField("種類", max_length=8, choices=ClientKind.choices)
    login = models.CharField("本人確認の方法", max_length=24, choices=Login.choices)
    name = models.CharField("名称", max_length=60)
    purpose = models.CharField("何をするか", max_length=200)
    contact_name = models.CharField("担当者", max_length=80)
    contact_email = models.EmailField("担当者のメール")
    contact_phone = models.CharField("担当者の電話", max_length=20, blank=True)
    scopes = ArrayField(models.CharField(max_length=120), default=list)
    redirect_uris = ArrayField(models.CharField(max_length=400), default=list, blank=True)
    addresses = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    rate_per_minute = models.PositiveIntegerField("1分あたりの上限", default=600)
    secret_digest = models.CharField(max_length=64, blank=True)
    enabled = models.BooleanField("有効", default=True)
    tokens_valid_from = models.DateTimeField(default=real_now)
    created_by = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kind="system") | models.Q(login="private_key_jwt"),
                name="client_system_signs",
            ),
            models.CheckConstraint(condition=models.Q(rate_per_minute__gte=1), name="client_rate"),
        ]

    def __str__(self) -> str:
        return self.name


class ClientKey(FacilityData):
    """A public key of a client (JWK, RFC 7517); two may live at a time, so that a change needs no pause."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.PROTECT, related_name="keys")
    kid = models.CharField("鍵の番号", max_length=120)
    jwk = models.JSONField()
    expires_on = models.DateField("期限")
    added_at = models.DateTimeField(default=clock.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    told_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "kid"], condition=models.Q(revoked_at=None), name="client_key_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kid} {self.expires_on}"

    def is_live(self, on: date | None = None) -> bool:
        """Not stopped, and still in time (the last day counts)."""
        return self.revoked_at is None and self.expires_on >= (on or clock.today())


class AppGrant(PersonData):
    """A person let an app in (連携の許可), with these scopes, until then. Ending it ends every token that came of it.

    ``client_name`` is what the consent page said, so that the person still reads it while working for another house.
    """

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    membership = models.ForeignKey("accounts.Membership", models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.PROTECT, related_name="grants")
    client_name = models.CharField(max_length=60)
    scopes = ArrayField(models.CharField(max_length=120), default=list)
    granted_at = models.DateTimeField(default=real_now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=10, choices=Ended.choices, blank=True)

    def __str__(self) -> str:
        return f"{self.client_id} {self.person_id}"


class AuthorizationCode(FacilityData):
    """The short-lived code between consent page and token (RFC 6749 4.1), bound to a PKCE challenge; used once."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"code_digest", "challenge"})

    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    grant = models.OneToOneField(AppGrant, models.PROTECT, related_name="code")
    code_digest = models.CharField(max_length=64, unique=True)
    redirect_uri = models.CharField(max_length=400)
    challenge = models.CharField(max_length=128)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.grant_id}"

    # What Authlib asks of a code.
    code_challenge_method = "S256"

    @property
    def code_challenge(self) -> str:
        """The challenge of RFC 7636."""
        return self.challenge

    def get_redirect_uri(self) -> str:
        """Exactly what the authorization request named."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What the person ticked."""
        return " ".join(self.grant.scopes)


class IssuedToken(FacilityData):
    """An opaque token, kept as its digest. ``replaced_at``: a refresh token that was exchanged for the next one."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"token_digest"})

    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.PROTECT, related_name="tokens")
    grant = models.ForeignKey(AppGrant, models.PROTECT, null=True, blank=True, related_name="tokens")
    kind = models.CharField(max_length=8, choices=TokenKind.choices)
    token_digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=120), default=list)
    issued_at = models.DateTimeField(default=real_now)
    expires_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.client_id} {self.expires_at:%Y-%m-%d %H:%M}"

    def check_client(self, client: object) -> bool:
        """Authlib asks whether the token was issued to this client."""
        return bool(self.client_id == getattr(client, "pk", None))

    def get_scope(self) -> str:
        """Of a refresh token everything the person granted, whatever the last access token was narrowed to."""
        return " ".join(self.grant.scopes if self.grant is not None else self.scopes)

    def get_expires_in(self) -> int:
        """Seconds of its whole life."""
        return int((self.expires_at - self.issued_at).total_seconds())

    def is_expired(self) -> bool:
        """Its time is over."""
        return self.expires_at <= real_now()

    def is_revoked(self) -> bool:
        """Worthless for any reason but time."""
        ended = self.grant is not None and _is_over(self.grant.ended_at, self.grant.expires_at)
        early = self.issued_at < self.client.tokens_valid_from
        gone = self.revoked_at is not None or self.replaced_at is not None
        return gone or ended or early or not self.client.enabled


def _is_over(ended_at: datetime | None, expires_at: datetime) -> bool:
    return ended_at is not None or expires_at <= real_now()


class UsedAssertion(FacilityData):
    """A signed log-in (client assertion) that was used; its ``jti`` opens nothing a second time while it lives."""

    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.PROTECT, related_name="+")
    jti_digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "jti_digest"], name="assertion_once")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.expires_at:%H:%M:%S}"


class ClientUse(FacilityData):
    """The bucket of a client's requests, shared by all web processes, and its last use.

    Plain keys instead of foreign ones: it is written on the second connection, where the client's row may not be
    visible yet.
    """

    facility_id = models.BigIntegerField()
    client_id = models.BigIntegerField(unique=True)
    permits = models.FloatField(default=0)
    filled_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_address = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return f"{self.client_id} {self.permits:.0f}"
