"""What somebody looks for, and what was found: plain values between the form, the statement and the pages."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from renkei.directory.profiles.types import FLAGS

WEEKDAYS = ("月曜", "火曜", "水曜", "木曜", "金曜", "土曜", "日曜", "祝日")
ATTRIBUTES = FLAGS
"""Yes-or-no columns of the profile: tag ``a:<column>``, and the name of the wish."""
SLOTS = 48
FIRST_SLOT, LAST_SLOT = 14, 43
"""Half hours that the form offers: 7:00 to 21:30."""


def slot_of(hour: str) -> int:
    """The half hour that ``HH:MM`` lies in, 0–47. Raises ``ValueError``."""
    hours, minutes = hour.split(":")
    slot = int(hours) * 2 + int(minutes) // 30
    if not 0 <= slot < SLOTS:
        raise ValueError(hour)
    return slot


def hour_of(slot: int) -> str:
    """``36`` → ``18:00``."""
    return f"{slot // 2}:{slot % 2 * 30:02}"


@dataclass(frozen=True)
class Wish:
    """One wish: a tag that an entry must carry, a distance, or a day without a closing day (with the tag of its hours).

    ``key`` is the parameter (and its value, where there may be several) that ``Wishes.without`` takes away.
    """

    key: str
    label: str
    tag: str = ""
    within_km: float = 0
    day: date | None = None
    words: str = ""

    @property
    def essential(self) -> bool:
        """Whoever asks for a name or a department does not want another one: no near miss lacks it."""
        return bool(self.words) or self.key == "department"


@dataclass(frozen=True)
class Wishes:
    """What somebody looks for; empty fields are no wish. ``near`` is a point (latitude, longitude) and is no wish either.

    ``day`` wins over ``weekday`` (0–7 as text); ``hour`` is ``HH:MM``. ``words`` looks into names and readings.
    """

    department: str = ""
    area: str = ""
    area_label: str = ""
    district: str = ""
    kind: str = ""
    kind_label: str = ""
    day: date | None = None
    weekday: str = ""
    hour: str = ""
    attributes: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    language: str = ""
    within_km: float = 0
    words: str = ""
    near: tuple[float, float] | None = None
    near_label: str = ""

    def to_json(self) -> dict[str, Any]:
        """What is not empty, for a JSON column."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        if self.day:
            found["day"] = self.day.isoformat()
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in found.items() if value
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Wishes:
        """Read it back; a key that is not known any more is left out."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {
            key: tuple(v) if isinstance(v, list) else v for key, v in raw.items() if key in known
        }
        if values.get("day"):
            values["day"] = date.fromisoformat(values["day"])
        return cls(**values)

    @property
    def has_place(self) -> bool:
        """Whether there is a point to measure from: a given one, or the middle of an area."""
        return bool(self.near or self.district or self.area)


@dataclass(frozen=True)
class Closing:
    """Days on which a facility is closed out of turn; both count. ``until_on`` None: suspended, nobody knows how long."""

    from_on: date
    until_on: date | None
    suspension: bool
    note: str

    def on(self, day: date) -> bool:
        """Whether the facility is closed by it on ``day``."""
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True)
class Hit:
    """One facility of a list, with the reason of its position in words."""

    id: int
    uid: str
    name: str
    kana: str
    kind: str
    address: str
    phone: str
    hours: list[dict[str, Any]]
    latitude: float | None
    longitude: float | None
    departments: list[str]
    tags: list[str]
    message: str
    closings: list[Closing]
    marks: list[str]
    listed: bool
    distance: float | None
    band: int
    registered: bool
    reason: str = ""
    missing: str = ""

    def suspended_on(self, day: date) -> bool:
        """Whether it rests (休止中) on ``day``."""
        return any(one.suspension and one.on(day) for one in self.closings)


@dataclass(frozen=True)
class Found:
    """One page of a search. ``after`` is the key of the next page, empty on the last one."""

    hits: list[Hit]
    total: int
    after: str
    near_misses: list[Hit] = field(default_factory=list)


@dataclass(frozen=True)
class Relaxation:
    """How many are found without one wish; ``more`` when there are more than were counted."""

    wish: Wish
    count: int
    more: bool
