"""Forms of the directory; saving goes through the actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from renkei.directory.models import Area, Facility
from renkei.directory.queries import look_up_facility
from renkei.directory.types import WEEKDAYS, AreaLevel, FacilityKind, Setting
from renkei.ui.forms import EraDateField, NoteField, TypeAheadField, UiForm

HOURS_LINES = 6


def area_choices() -> list[tuple[str, Any]]:
    """Municipalities under their secondary area (which may be chosen as a whole), prefectures for everywhere else."""
    groups: dict[str, list[tuple[int, str]]] = {}
    rows = list(Area.objects.select_related("parent"))
    for area in rows:
        if area.level == AreaLevel.SECONDARY_AREA:
            groups.setdefault(f"{area.name}二次医療圏", []).insert(0, (area.pk, f"{area.name}(全体)"))
        elif area.level == AreaLevel.MUNICIPALITY and area.parent:
            groups.setdefault(f"{area.parent.name}二次医療圏", []).append((area.pk, area.name))
    prefectures = [(area.pk, area.name) for area in rows if area.level == AreaLevel.PREFECTURE]
    grouped: list[tuple[str, Any]] = list(groups.items())
    return [("", "選んでください"), *grouped, ("都道府県", prefectures)]


class FacilityForm(UiForm):
    """Name, place and numbers of a facility. Without ``everything`` only what a facility itself may change."""

    name = forms.CharField(label="名称", max_length=120)
    kana = forms.CharField(label="カナ", max_length=200, required=False)
    kind = forms.ChoiceField(label="種別", choices=FacilityKind.choices)
    institution_number = forms.CharField(
        label="医療機関番号",
        required=False,
        max_length=20,
        help_text="10桁(都道府県2桁+点数表1桁+7桁)。保険医療機関でなければ空にします。",
    )
    organization = forms.CharField(label="開設者", required=False, max_length=120)
    postal_code = forms.CharField(label="郵便番号", required=False, max_length=10)
    address = forms.CharField(label="住所", required=False, max_length=200)
    area = forms.TypedChoiceField(label="地域", required=False, coerce=int, empty_value=None)
    phone = forms.CharField(label="電話", required=False, max_length=30)
    fax = forms.CharField(label="FAX", required=False, max_length=30)
    email = forms.EmailField(
        label="メール",
        required=False,
        help_text="お知らせの宛先。患者さんの情報はメールに書かれません。",
    )
    beds = forms.IntegerField(label="病床数", required=False, min_value=0, max_value=9999)
    access = NoteField(
        label="交通案内", required=False, max_length=2000, help_text="患者さん用の案内に載ります。"
    )
    opened_on = EraDateField(label="開設日", required=False)
    uses_renkei = forms.BooleanField(label="Renkeiを使っている", required=False)
    second_factor_forced = forms.BooleanField(label="この施設では二要素認証を必須にする", required=False)

    reserved = ("kind", "institution_number", "organization", "opened_on", "uses_renkei")
    narrow = ("kind", "institution_number", "postal_code", "phone", "fax", "beds")

    def __init__(self, *args: Any, everything: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        area = self.fields["area"]
        assert isinstance(area, forms.TypedChoiceField)
        area.choices = area_choices()
        for name in self.narrow:
            self.fields[name].ui_width = "s"  # type: ignore[attr-defined]
        if not everything:
            for name in self.reserved:
                del self.fields[name]

    @classmethod
    def initial_of(cls, facility: Facility) -> dict[str, Any]:
        """The present values."""
        values = {name: getattr(facility, name) for name in cls.base_fields if hasattr(facility, name)}
        values["organization"] = facility.organization.name if facility.organization else ""
        values["area"] = facility.area_id
        return values

    def values(self) -> dict[str, Any]:
        """The cleaned values as the action takes them; ``organization`` is still the founder's name."""
        values: dict[str, Any] = dict(self.cleaned_data)
        values["beds"] = values.get("beds") or 0
        values["area"] = Area.objects.filter(pk=values["area"]).first() if values["area"] else None
        return values


class DepartmentForm(UiForm):
    """One department."""

    name = forms.CharField(label="名称", max_length=60)
    kana = forms.CharField(label="カナ", max_length=100, required=False)
    place = forms.CharField(
        label="受付場所",
        max_length=100,
        required=False,
        help_text="患者さん用の案内に載ります。例: 1階 3番受付",
    )
    position = forms.IntegerField(label="並び順", min_value=0, max_value=999, required=False)
    accepts_referrals = forms.BooleanField(label="紹介を受ける", required=False, initial=True)


class PostForm(UiForm):
    """Who holds a post from when on."""

    title = forms.CharField(label="役職", max_length=40, help_text="例: 病院長、事務長")
    holder = forms.CharField(label="氏名", max_length=80)
    from_on = EraDateField(label="就任日", required=False)
    representative = forms.BooleanField(
        label="代表者", required=False, help_text="これまでの代表者は、この日で退任になります。"
    )


class SpeakerForm(UiForm):
    """Whose log-in acts as the holder of a post."""

    person = forms.ChoiceField(
        label="ログインする人",
        required=False,
        help_text="この人だけが、登録の変更や辞退のような代表者の届け出をできます。",
    )

    def __init__(self, *args: Any, people: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["person"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [("", "決めない"), *((str(key), name) for key, name in people)]

    def person_id(self) -> int | None:
        """Who was chosen."""
        return int(self.cleaned_data["person"]) if self.cleaned_data["person"] else None


class CloseForm(UiForm):
    """The day from which a facility takes no new referrals."""

    closed_on = EraDateField(label="閉院日", required=False)


class PictureForm(UiForm):
    """A drawing of the way."""

    picture = forms.FileField(
        label="案内図",
        help_text="PNGかJPEG、10MBまで。自動で縮小し、撮影場所などの情報は取り除きます。",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )


class RelationForm(UiForm):
    """A facility in a special relation."""

    other = TypeAheadField(label="相手の施設", url="directory:suggest", lookup=look_up_facility)


class JoinForm(UiForm):
    """Another row of the same house."""

    other = TypeAheadField(
        label="この施設と同じ、もう1つの登録", url="directory:suggest", lookup=look_up_facility
    )


class RuleForm(UiForm):
    """A setting with the day from which it counts."""

    value = forms.IntegerField(label="値")
    valid_from = EraDateField(
        label="適用日", help_text="この日から変わります。過ぎた日の判定は変わりません。"
    )

    def __init__(self, *args: Any, setting: Setting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        value = self.fields["value"]
        value.label = f"{setting.label}({setting.unit})"
        value.help_text = f"{setting.minimum}〜{setting.maximum}{setting.unit}。{setting.help_text}"
        value.ui_width = "xs"  # type: ignore[attr-defined]


class HoursForm(UiForm):
    """Up to six spans with their weekdays, as the table at the door."""

    def __init__(self, *args: Any, hours: Iterable[dict[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        spans: dict[tuple[str, str], list[str]] = {}
        for entry in hours:
            spans.setdefault((entry["opens"], entry["closes"]), []).append(str(entry["weekday"]))
        lines = [*sorted(spans.items()), *[(("", ""), [])] * HOURS_LINES][: max(HOURS_LINES, len(spans))]
        for n, ((opens, closes), days) in enumerate(lines, start=1):
            self.fields[f"opens_{n}"] = _time(f"{n}行目の始まり", opens)
            self.fields[f"closes_{n}"] = _time(f"{n}行目の終わり", closes)
            self.fields[f"days_{n}"] = forms.MultipleChoiceField(
                label=f"{n}行目の曜日",
                required=False,
                choices=[(str(i), day) for i, day in enumerate(WEEKDAYS)],
                widget=forms.CheckboxSelectMultiple,
                initial=days,
            )
        self.count = len(lines)

    def lines(self) -> list[tuple[Any, Any, Any]]:
        """The bound fields, three to a line."""
        return [
            (self[f"opens_{n}"], self[f"closes_{n}"], self[f"days_{n}"]) for n in range(1, self.count + 1)
        ]

    def clean(self) -> dict[str, Any]:
        """A line is whole or empty."""
        values: dict[str, Any] = super().clean() or {}
        for n in range(1, self.count + 1):
            parts = [values.get(f"opens_{n}"), values.get(f"closes_{n}"), values.get(f"days_{n}")]
            if any(parts) and not all(parts):
                self.add_error(f"opens_{n}", f"{n}行目は、始まり・終わり・曜日の3つをそろえてください。")
        return values

    def hours(self) -> list[dict[str, Any]]:
        """What the action takes."""
        return [
            {
                "weekday": int(day),
                "opens": f"{self.cleaned_data[f'opens_{n}']:%H:%M}",
                "closes": f"{self.cleaned_data[f'closes_{n}']:%H:%M}",
            }
            for n in range(1, self.count + 1)
            for day in self.cleaned_data.get(f"days_{n}") or ()
        ]


def _time(label: str, initial: str) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        initial=initial or None,
        error_messages={"invalid": f"{label}は 09:00 のように入力してください。"},
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "step": 300}),
    )
