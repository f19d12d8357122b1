"""People who log in (利用者) and their memberships of facilities."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from renkei.gate.guard import Scope
from renkei.gate.models import FacilityData, PersonData, SystemData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.kernel.roles import Role


class PersonManager(BaseUserManager["Person"]):
    """Django's log-in asks here; the wall decides which rows exist for whom."""

    def get_by_natural_key(self, username: str | None) -> Person:
        """By log-in id, without regard to case."""
        return self.get(login_id__iexact=username)


class Person(AbstractBaseUser):
    """One human being with one personal account (共用IDは不可); works at one or more facilities."""

    scope: ClassVar[Scope] = Scope.PERSON
    secret_fields: ClassVar[frozenset[str]] = frozenset({"password"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    login_id = models.CharField("ログインID", max_length=80, unique=True)
    name = models.CharField("氏名", max_length=80)
    kana = models.CharField("カナ", max_length=120, blank=True)
    email = models.EmailField("メール", blank=True)
    license_number = models.CharField("医籍・免許登録番号", max_length=20, blank=True)
    is_active = models.BooleanField("有効", default=True)
    must_change_password = models.BooleanField("次回ログイン時に変更", default=False)
    password_changed_at = models.DateTimeField(default=clock.now)
    code_valid_until = models.DateTimeField("一回限りの番号の期限", null=True, blank=True)
    shortcuts_on = models.BooleanField("一文字キー操作", default=True)
    created_at = models.DateTimeField(default=clock.now)

    objects = PersonManager()
    _loaded: dict[str, Any]

    USERNAME_FIELD = "login_id"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **kwargs: Any) -> Self:
        """Remember what was loaded, so that the audit trail can say before and after."""
        row = super().from_db(db, field_names, values, **kwargs)
        row._loaded = dict(zip(field_names, values, strict=False))
        return row

    def set_password(self, raw_password: str | None) -> None:
        """Hash and remember when, for the rule of periodic change."""
        super().set_password(raw_password)
        self.password_changed_at = clock.now()

    def code_expired(self) -> bool:
        """Whether the password is a one-time code (本人がまだ変更していない) whose time is over."""
        return self.code_valid_until is not None and self.code_valid_until <= clock.now()


class Membership(PersonData):
    """A person works at a facility with roles, for a period (所属)."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="memberships")
    department = models.ForeignKey("directory.Department", models.PROTECT, null=True, blank=True)
    roles = ArrayField(
        models.CharField(max_length=30, choices=[(r.value, r.label) for r in Role]), default=list
    )
    title = models.CharField("肩書", max_length=40, blank=True)
    started_on = models.DateField("開始日", default=clock.today)
    ended_on = models.DateField("終了日", null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "facility"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.person_id}@{self.facility_id}"

    def in_force(self) -> bool:
        """Started and not ended, as of today."""
        today = clock.today()
        return self.started_on <= today and (self.ended_on is None or self.ended_on > today)

    def role_set(self) -> frozenset[Role]:
        """The roles as words of the kernel."""
        return frozenset(Role(r) for r in self.roles)

    def label(self) -> str:
        """``連携室員 佐藤 恵``: how the timeline names the person."""
        first: Any = next(iter(self.roles), "")
        word = self.title or (Role(first).label if first else "")
        return f"{word} {self.person.name}".strip()


class Invitation(FacilityData):
    """A facility asks somebody to work with it here (招待); used once, by mail link or by a printed code.

    ``login_id`` names an account that exists (the person works elsewhere already); empty for a new person. Only the
    digest of the code is kept.
    """

    secret_fields = frozenset({"code_digest"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="invitations")
    name = models.CharField("氏名", max_length=80)
    kana = models.CharField("カナ", max_length=120, blank=True)
    email = models.EmailField("メール", blank=True)
    login_id = models.CharField("ログインID", max_length=80, blank=True)
    roles = ArrayField(models.CharField(max_length=30), default=list)
    title = models.CharField("肩書", max_length=40, blank=True)
    department = models.ForeignKey("directory.Department", models.PROTECT, null=True, blank=True)
    code_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | models.Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.expires_at:%Y-%m-%d}"

    def is_open(self) -> bool:
        """Neither used nor withdrawn, and still in time."""
        return self.accepted_at is None and self.withdrawn_at is None and self.expires_at > clock.now()


class LoginAttempt(SystemData):
    """Failed log-ins in a row of one log-in id, kept as a digest: a password typed into the wrong field stays unread."""

    login_digest = models.CharField(max_length=64, unique=True)
    failures = models.PositiveSmallIntegerField(default=0)
    last_failed_at = models.DateTimeField(null=True, blank=True)
    locked_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.login_digest[:8]} {self.failures}"
