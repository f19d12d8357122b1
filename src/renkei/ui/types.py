"""Plain values that views hand to the components. Labels arrive ready to show: nothing here decides anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Shown:
    """A value that templates show. They ask for ``row["name"]`` before ``row.name``: an answer spares a caught error."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


class Tone(StrEnum):
    """Meaning of a colour. A tone never stands alone: the text beside it says the same."""

    NEUTRAL = "neutral"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"
    PURPLE = "purple"


@dataclass(frozen=True, slots=True)
class NavItem(Shown):
    """One line of the navigation. ``count`` None shows no number; ``tab`` asks for a place in the phone's tab bar,
    where ``short`` stands if the label is too long for a fifth of the width."""

    label: str
    url: str
    count: int | None = None
    current: bool = False
    tab: bool = False
    short: str = ""


@dataclass(frozen=True, slots=True)
class NavGroup(Shown):
    """Lines under one small heading; an empty ``label`` shows no heading."""

    label: str
    items: Sequence[NavItem]


@dataclass(frozen=True, slots=True)
class FacilityChoice(Shown):
    """A facility the person may switch to; ``value`` is posted as ``facility`` to ``Frame.switch_url``."""

    label: str
    value: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Link(Shown):
    """A plain link of the person menu."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Frame(Shown):
    """What the page frame shows, as the context variable ``frame``; the portal builds it, empty strings hide parts.

    ``clock_label`` is shown when the clock is not the real one (demo). ``nav_live_url`` refreshes the side navigation's
    counts. ``person_short`` is the family name, for a phone. ``shortcuts`` False writes ``data-shortcuts="off"`` on the body: no single key acts any more.
    """

    nav: Sequence[NavGroup] = ()
    facility_label: str = ""
    facilities: Sequence[FacilityChoice] = ()
    switch_url: str = ""
    person_label: str = ""
    person_short: str = ""
    person_links: Sequence[Link] = ()
    logout_url: str = ""
    login_url: str = ""
    notice_count: int = 0
    notices_url: str = ""
    search_url: str = ""
    search_label: str = "さがす"
    home_url: str = "/"
    clock_label: str = ""
    nav_live_url: str = ""
    shortcuts: bool = True
    shortcuts_url: str = ""

    @property
    def tabs(self) -> list[NavItem]:
        """Up to four items for the phone's tab bar: those marked ``tab``, else the first ones."""
        items = [item for group in self.nav for item in group.items]
        return ([item for item in items if item.tab] or items)[:4]


@dataclass(frozen=True, slots=True)
class Counter(Shown):
    """A number that is also a filter. ``value`` is shown as given ("7", "58.3")."""

    label: str
    value: str | int
    url: str = ""
    current: bool = False
    tone: Tone = Tone.NEUTRAL
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tab(Shown):
    """One tab: a link, so that it works without scripts and has an address."""

    label: str
    url: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Moment(Shown):
    """One line of a timeline: a sentence a person would say, when (aware instant), and a small addition."""

    says: str
    at: datetime
    detail: str = ""
    url: str = ""
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True)
class Row(Shown):
    """One line of a definition list; ``url`` makes the value a link."""

    label: str
    value: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A type-ahead value. ``code`` is empty when the person wrote free text instead of taking a suggestion.

    ``warning`` is what whoever takes it must know (休止中); it stands in the list and stays at the field.
    """

    code: str
    text: str
    detail: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart; None is a missing value and leaves a gap."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Band:
    """A shaded reference range between ``low`` and ``high`` in the unit of the chart."""

    label: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """A horizontal line at ``value`` in the unit of the chart."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A line chart over dates. ``days`` are ISO dates (yyyy-mm-dd), as many as each series has values; ``by_month``:
    they are first days of months, and the axis and the table name the months."""

    title: str
    unit: str
    days: Sequence[str]
    series: Sequence[Series]
    bands: Sequence[Band] = ()
    thresholds: Sequence[Threshold] = ()
    digits: int = 1
    by_month: bool = False
    rows: list[tuple[str, list[float | None]]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Lay out the table that stands behind the picture; every series must be as long as ``days``."""
        if any(len(line.values) != len(self.days) for line in self.series):
            raise ValueError("every series needs one value (or None) per day")
        shown = [day[:7].replace("-", "/") if self.by_month else day for day in self.days]
        self.rows.extend((day, [line.values[i] for line in self.series]) for i, day in enumerate(shown))
