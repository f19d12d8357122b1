"""What one may look for. The form is sent by GET, so that a search has an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms

from renkei.directory.profiles.types import LANGUAGES
from renkei.directory.queries import areas, facility
from renkei.directory.types import AreaLevel, CareFunction, FacilityKind
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.publications.search import queries
from renkei.publications.search.entries import SEARCHED
from renkei.publications.search.types import (
    ATTRIBUTES,
    FIRST_SLOT,
    LAST_SLOT,
    WEEKDAYS,
    Wishes,
    hour_of,
)
from renkei.ui.forms import TypeAheadField, UiForm
from renkei.ui.types import Choice

ANY = [("", "指定なし")]
FURTHEST_DAY = 366
MORE = ("kind", "language", "within_km", "attributes", "functions")
"""Fields that stand folded away until one of them is used."""


def _areas() -> list[Any]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for area in areas():
        if area.level == AreaLevel.MUNICIPALITY and area.parent:
            groups.setdefault(area.parent.name, []).append((area.code, area.name))
        elif area.level == AreaLevel.SECONDARY_AREA:
            groups.setdefault(area.name, []).insert(0, (area.code, f"{area.name}全体"))
    return [*ANY, *groups.items()]


def _department(code: str, text: str) -> Choice | None:
    return Choice(code, text)


class FindForm(UiForm):
    """Wishes of one person. ``wishes()`` after ``is_valid()``."""

    focus_errors = False

    q = TypeAheadField(
        label="医療機関名・診療科", url="find:suggest", lookup=_department, free_text=True, required=False
    )
    department = forms.ChoiceField(label="診療科", required=False)
    area = forms.ChoiceField(label="地域", required=False)
    district = forms.CharField(label="町名", max_length=30, required=False)
    day = forms.DateField(
        label="受診したい日",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "日付は 2026-06-05 のように入力してください。"},
    )
    weekday = forms.ChoiceField(
        label="曜日", required=False, choices=[*ANY, *((str(n), name) for n, name in enumerate(WEEKDAYS))]
    )
    hour = forms.ChoiceField(
        label="時刻",
        required=False,
        choices=[*ANY, *((hour_of(s), hour_of(s)) for s in range(FIRST_SLOT, LAST_SLOT + 1))],
    )
    kind = forms.ChoiceField(
        label="種別",
        required=False,
        choices=[*ANY, *((k.value, k.label) for k in FacilityKind if k in SEARCHED)],
    )
    language = forms.ChoiceField(label="通じる言葉", required=False, choices=[*ANY, *LANGUAGES.items()])
    within_km = forms.ChoiceField(label="近さ", required=False)
    attributes = forms.MultipleChoiceField(
        label="希望", required=False, choices=list(ATTRIBUTES.items()), widget=forms.CheckboxSelectMultiple
    )
    functions = forms.MultipleChoiceField(
        label="かかりつけ医機能(2号)",
        required=False,
        choices=CareFunction.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    base = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, house: tuple[float, float, str] | None = None, **kwargs: Any) -> None:
        """``house``: where to measure from when no place is given (latitude, longitude, name)."""
        super().__init__(*args, **kwargs)
        self.house = house
        self.near: tuple[float, float] | None = None
        self.near_label = ""
        self._choices("department", [*ANY, *((name, name) for name in queries.departments())])
        self._choices("area", _areas())
        self._choices("within_km", [*ANY, *((f"{km:g}", f"{km:g}km以内") for km in queries.bands())])

    def _choices(self, name: str, choices: list[Any]) -> None:
        found = self.fields[name]
        assert isinstance(found, forms.ChoiceField)
        found.choices = choices

    @property
    def more_used(self) -> bool:
        """Whether one of the folded fields holds something."""
        return any(self.data.get(name) for name in MORE) or bool(self.errors)

    def clean_day(self) -> Any:
        """A day to come, within a year."""
        day = self.cleaned_data["day"]
        if day and not clock.today() <= day <= clock.today() + timedelta(days=FURTHEST_DAY):
            raise forms.ValidationError("今日から1年以内の日付を入力してください。")
        return day

    def clean_base(self) -> UUID | None:
        """The facility to measure from; one without a place is none."""
        uid: UUID | None = self.cleaned_data["base"]
        if uid is None:
            return None
        try:
            found = facility(uid)
        except NotFound:
            return None
        if found.latitude is not None and found.longitude is not None:
            self.near, self.near_label = (found.latitude, found.longitude), found.name
        return uid

    def clean(self) -> dict[str, Any]:
        """A distance needs a place; an hour that is not typed right is no wish."""
        found: dict[str, Any] = super().clean() or {}
        place = self.near or found.get("area") or found.get("district")
        if self.house and not place:
            self.near, self.near_label = self.house[:2], self.house[2]
        elif found.get("within_km") and not place:
            self.add_error("within_km", "近さで探すときは、地域か町名も選んでください。")
        return found

    def wishes(self) -> Wishes:
        """What was asked for; a name that is a department's is one."""
        found = self.cleaned_data
        words = found["q"].text if found.get("q") else ""
        department = found["department"]
        if words and not department and (named := queries.department_named(words)):
            department, words = named, ""
        labels = self._labels()
        return Wishes(
            department=department,
            area=found["area"],
            area_label=labels["area"],
            district=found["district"].strip(),
            kind=found["kind"],
            kind_label=labels["kind"],
            day=found["day"],
            weekday="" if found["day"] else found["weekday"],
            hour=found["hour"],
            attributes=tuple(found["attributes"]),
            functions=tuple(found["functions"]),
            language=found["language"],
            within_km=float(found["within_km"] or 0),
            words=words[:60],
            near=self.near,
            near_label=self.near_label,
        )

    def _labels(self) -> dict[str, str]:
        """The words of what was chosen from a list."""
        labels = {}
        for name in ("area", "kind"):
            flat: dict[str, str] = {}
            for value, label in self.fields[name].choices:  # type: ignore[attr-defined]
                pairs = label if isinstance(label, list) else [(value, label)]
                flat |= {str(v): str(text) for v, text in pairs}
            chosen = self.cleaned_data.get(name) or ""
            labels[name] = flat.get(chosen, "") if chosen else ""
        return labels


def parameters(wishes: Wishes, base: object = "") -> list[tuple[str, str]]:
    """The address of the same search, for links that take one wish away."""
    pairs: list[tuple[str, str]] = [
        (name, str(getattr(wishes, name)))
        for name in ("department", "area", "district", "weekday", "hour", "kind", "language")
        if getattr(wishes, name)
    ]
    if wishes.words:
        pairs.append(("q", wishes.words))
    if wishes.day:
        pairs.append(("day", wishes.day.isoformat()))
    if wishes.within_km:
        pairs.append(("within_km", f"{wishes.within_km:g}"))
    pairs += [("attributes", value) for value in wishes.attributes]
    pairs += [("functions", value) for value in wishes.functions]
    if base:
        pairs.append(("base", str(base)))
    return pairs
