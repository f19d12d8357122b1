"""The typed values of search parameters: what a client wrote, read once and precisely (FHIR R4 search, 3.1.1.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from renkei.kernel import clock

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_DATE = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(?P<fraction>\.\d+)?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


class Kind(StrEnum):
    """The types of search parameters that the engine reads."""

    TOKEN = "token"  # noqa: S105 - FHIR's word, no secret
    STRING = "string"
    DATE = "date"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Token:
    """``code``, ``system|code``, ``|code`` (``system == ""``) or ``system|`` (``code == ""``).

    ``system`` None means that any system fits.
    """

    code: str
    system: str | None = None

    def fits(self, system: str) -> bool:
        """Whether a code of ``system`` may match."""
        return self.system is None or self.system == system


@dataclass(frozen=True)
class Text:
    """A piece of text; ``how`` is ``""`` (begins with), ``exact`` or ``contains``."""

    text: str
    how: str = ""


@dataclass(frozen=True)
class Span:
    """A date as written stands for the whole time that its precision leaves open, in Japan unless a zone is given.

    ``start`` (inclusive) and ``end`` (exclusive) are aware instants in UTC; ``first_day`` and ``last_day`` are the
    Japanese dates that they cover.
    """

    prefix: str
    start: datetime
    end: datetime

    @property
    def first_day(self) -> date:
        """The first Japanese date of the span."""
        return clock.jst_date(self.start)

    @property
    def last_day(self) -> date:
        """The last Japanese date of the span."""
        return clock.jst_date(self.end - timedelta(microseconds=1))

    def slack(self, share: float) -> timedelta:
        """How much ``ap`` gives on either side: ``share`` of the distance to now, at least a day."""
        return max(timedelta(days=1), abs(clock.now() - self.start) * share)


@dataclass(frozen=True)
class Ref:
    """A reference: ``type`` is empty where the client gave the bare id and several types are possible."""

    type: str
    id: str


Value = Token | Text | Span | Ref


def read_uuid(text: str) -> UUID | None:
    """A logical id that is a UUID in its usual spelling, else None: such a row does not exist."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def read_token(text: str) -> Token:
    """``system|code`` and its short forms."""
    if "|" not in text:
        return Token(text)
    system, _, code = text.partition("|")
    return Token(code, system)


def read_reference(text: str, targets: tuple[str, ...], base: str) -> Ref | None:
    """``Type/id``, bare ``id``, or an address of this server; None for anything that cannot be a row here."""
    local = text.removeprefix(base) if base and text.startswith(base) else text
    if local.startswith(("http://", "https://", "urn:")):
        return None
    kind, slash, identity = local.split("/_history/")[0].rpartition("/")
    if not slash:
        kind = targets[0] if len(targets) == 1 else ""
    if not ID.fullmatch(identity) or (kind and kind not in targets):
        return None
    return Ref(kind, identity)


def read_span(text: str) -> Span | None:
    """A date or dateTime with an optional prefix; None when it is none."""
    found = _DATE.fullmatch(
        text.replace(" ", "+")
    )  # a plus sign of a zone that was not escaped arrives as a space
    if not found or (found["prefix"] or "eq") not in PREFIXES:
        return None
    try:
        start, end = _bounds(found)
        return Span(found["prefix"] or "eq", start.astimezone(UTC), end.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _bounds(found: re.Match[str]) -> tuple[datetime, datetime]:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    if not 1 < year < 9999:
        raise ValueError(year)
    zone = (
        clock.JST
        if found["zone"] is None
        else datetime.fromisoformat(f"2000-01-01T00:00{found['zone']}").tzinfo
    )
    start = datetime.combine(date(year, month, day), time(), zone)
    if found["month"] is None:
        return start, start.replace(year=year + 1)
    if found["day"] is None:
        following = start.replace(day=28) + timedelta(days=4)
        return start, following.replace(day=1)
    if found["hour"] is None:
        return start, start + timedelta(days=1)
    start = start.replace(hour=int(found["hour"]), minute=int(found["minute"]))
    if found["second"] is None:
        return start, start + timedelta(minutes=1)
    start = start.replace(second=int(found["second"]))
    if found["fraction"] is None:
        return start, start + timedelta(seconds=1)
    digits = found["fraction"][1:7]
    step = timedelta(microseconds=10 ** (6 - len(digits)))
    start = start.replace(microsecond=int(digits.ljust(6, "0")))
    return start, start + step
