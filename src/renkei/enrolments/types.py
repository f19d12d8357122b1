"""Words of enrolment that cross the fence: what a scheme's manifest says, the states of an application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db import models


class Enrols(models.TextChoices):
    """What is enrolled in a scheme (登録の単位)."""

    FACILITY = "facility", "医療機関"
    PHYSICIAN_AT_FACILITY = "physician_at_facility", "医療機関と医師"
    PHYSICIAN = "physician", "医師個人"
    CORPORATION = "corporation", "法人"
    SEAT = "seat", "席"

    @property
    def names_a_physician(self) -> bool:
        """Whether a member is a physician by name."""
        return self in (Enrols.PHYSICIAN, Enrols.PHYSICIAN_AT_FACILITY)


class State(models.TextChoices):
    """Where an application (申請) stands."""

    SUBMITTED = "submitted", "審査待ち"
    RETURNED = "returned", "差し戻し"
    APPROVED = "approved", "承認"
    REFUSED = "refused", "不承認"
    CANCELLED = "cancelled", "取り下げ"


class ApplicationKind(models.TextChoices):
    """What is asked for."""

    JOIN = "join", "新規登録"
    CHANGE = "change", "登録内容の変更"
    MOVE = "move", "所属の変更"
    REISSUE = "reissue", "登録証の再発行"
    RENEW = "renew", "更新"


class Channel(models.TextChoices):
    """How an application came."""

    WEB = "web", "Web"
    PAPER = "paper", "用紙"
    CSV = "csv", "CSV"


class TermKind(StrEnum):
    """How long a membership lasts before it is renewed."""

    FISCAL_YEAR = "fiscal_year"
    FROM_ISSUE = "from_issue"
    FIXED = "fixed"
    OPEN = "open"


class Renewal(StrEnum):
    """How a membership goes on: by itself unless the institution objects, by a new application, or not at all."""

    AUTOMATIC = "automatic"
    APPLICATION = "application"
    NONE = "none"


CHECK_NAMES = frozenset({"area", "facility_kind", "function", "department", "answer"})
"""Checks that a manifest may name; ``eligibility`` has each."""
FIELD_KINDS = frozenset({"text", "note", "choice", "choices", "yes_no", "number", "date"})


@dataclass(frozen=True)
class Category:
    """A level, kind or role inside a scheme (TM-Netの二段階, Dr.ネットの三つの役割)."""

    key: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Eligibility:
    """One condition of a scheme. ``principle`` (原則): an exception may be allowed, with who allowed it and why.

    ``check`` names a check of ``eligibility``; ``values`` are what it compares with, any of them being enough.
    """

    check: str
    label: str
    values: tuple[str, ...] = ()
    principle: bool = False


YES_NO = ("はい", "いいえ")


@dataclass(frozen=True)
class FormField:
    """One field of the application form; ``kind`` is text, note, choice, choices, yes_no, number or date."""

    key: str
    label: str
    kind: str = "text"
    required: bool = False
    options: tuple[str, ...] = ()
    help: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """What may be answered where it is chosen."""
        return YES_NO if self.kind == "yes_no" else self.options


@dataclass(frozen=True)
class TermRule:
    """``months`` for ``FROM_ISSUE``; ``from_on`` and ``until_on`` (last day) for ``FIXED``; days of notice before the end."""

    kind: TermKind
    renewal: Renewal
    months: int = 12
    from_on: date | None = None
    until_on: date | None = None
    notice_days: int = 30


@dataclass(frozen=True)
class CertificateStyle:
    """How the certificate (登録証) reads; ``numbering`` knows ``{year}`` (fiscal, 4 digits), ``{era}`` (R8) and ``{number}``."""

    title: str
    text: str
    numbering: str = "{year}-{number:04}"


@dataclass(frozen=True)
class Manifest:
    """A scheme as its folder describes it; what differs between two schemes stands here and nowhere else.

    ``mark`` is the word beside a member in the search. ``change`` and ``withdraw`` say who may: ``representative`` or
    ``staff``. ``systems`` are rows of the inventory.
    """

    key: str
    name: str
    mark: str
    enrols: Enrols
    term: TermRule
    summary: str = ""
    source: str = ""
    certain: bool = True
    systems: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    eligibility: tuple[Eligibility, ...] = ()
    fields: tuple[FormField, ...] = ()
    steps: tuple[str, ...] = ("申請", "審査", "承認", "登録証の交付")
    certificate: CertificateStyle | None = None
    change: str = "representative"
    withdraw: str = "representative"
    benefits: tuple[str, ...] = ()
    also_called: tuple[str, ...] = ()
    public: bool = True

    def category(self, key: str) -> Category | None:
        """The category called ``key``."""
        return next((c for c in self.categories if c.key == key), None)


_manifests: dict[str, Manifest] = {}


def register_manifest(manifest: Manifest) -> Manifest:
    """Make a scheme known; another one under the same key is a programming error."""
    known = _manifests.get(manifest.key)
    if known is not None and known != manifest:
        raise ValueError(f"scheme {manifest.key} exists already")
    _manifests[manifest.key] = manifest
    return manifest


def unregister_manifest(key: str) -> None:
    """Take it back (tests only)."""
    _manifests.pop(key, None)


def manifest_of(key: str) -> Manifest:
    """The manifest called ``key``; ``KeyError`` when no folder has it."""
    return _manifests[key]


def manifests() -> list[Manifest]:
    """Every manifest, in the order of the keys."""
    return [_manifests[key] for key in sorted(_manifests)]


@dataclass(frozen=True)
class ApplicationDraft:
    """What an application says. ``facility_id`` is the institution; ``organization_id`` for corporations, ``seat`` for seats.

    ``answers`` are by the key of the manifest's fields, all of them text (several choices joined by 、).
    """

    facility_id: int
    physician_name: str = ""
    physician_kana: str = ""
    person_id: int = 0
    organization_id: int = 0
    seat: str = ""
    category: str = ""
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Finding:
    """What review found: ``missing`` must be completed, ``outside`` needs an exception, ``barred`` cannot be approved."""

    kind: str
    rule: str
    says: str
    field: str = ""


@dataclass(frozen=True)
class Mark:
    """That a facility stands in a scheme on a day, as everybody may see it."""

    scheme_key: str
    scheme_name: str
    mark: str
    category: str
    names: tuple[str, ...]
