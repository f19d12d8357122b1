"""Forms of indicators: which months, which file, how is counted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict

from renkei.indicators.types import Option, Period, Source, month_of
from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from renkei.ui.forms import UiForm

MOST_MONTHS = 36


def month_from(text: str, field: str = "") -> date:
    """``2026-04`` as its first day. Raises ``Invalid``."""
    found = re.fullmatch(r"(20[1-9]\d)-(0[1-9]|1[0-2])", text)
    if not found:
        raise Invalid("month", "月は 2026-04 の形で選んでください。", field)
    return date(int(found[1]), int(found[2]), 1)


def period_from(asked: QueryDict) -> Period:
    """``?fy=2025`` or ``?from=2025-04&to=2026-03``; the last twelve months without either. Raises ``Invalid``."""
    year = asked.get("fy", "")
    if year:
        if not re.fullmatch(r"20[1-9]\d", year):
            raise Invalid("fy", "年度は西暦4桁で選んでください。", "fy")
        return Period.fiscal(int(year))
    if not asked.get("from") and not asked.get("to"):
        return Period.latest_year()
    first = month_from(asked.get("from", ""), "from")
    last = month_from(asked.get("to", "") or asked.get("from", ""), "to")
    if first > last:
        raise Invalid("period", "終わりの月が始まりの月より前です。月を選び直してください。", "to")
    period = Period(first, last)
    if len(list(period.months())) > MOST_MONTHS:
        raise Invalid("period", f"一度に見られるのは{MOST_MONTHS}か月までです。", "to")
    return period


def fiscal_years() -> list[int]:
    """This fiscal year and the two before."""
    now = clock.fiscal_year(clock.today())
    return [now, now - 1, now - 2]


class ImportForm(UiForm):
    """A CSV; rows of closed months come in only as corrections with a reason."""

    kind = forms.ChoiceField(
        label="内容",
        choices=((Source.VISITS.value, "受診(初診・再診)"), (Source.BACK_REFERRALS.value, "逆紹介")),
        widget=forms.RadioSelect,
        initial=Source.VISITS.value,
    )
    file = forms.FileField(label="CSVファイル", help_text="UTF-8かShift_JIS、10MB・20,000行まで。")
    takes_late = forms.BooleanField(label="締めた月の行を訂正として入れる", required=False)
    reason = forms.CharField(
        label="訂正の理由", required=False, max_length=200, help_text="締めた月の行があるときだけ入力します。"
    )


class MonthForm(UiForm):
    """One month."""

    month = forms.CharField(max_length=7)

    def clean_month(self) -> date:
        """Its first day."""
        try:
            return month_from(self.cleaned_data["month"])
        except Invalid as error:
            raise forms.ValidationError(error.message_ja) from error


class ReasonForm(UiForm):
    """Why."""

    reason = forms.CharField(label="理由", max_length=200)


class DefinitionForm(UiForm):
    """What a house may set in one definition, from a month on."""

    def __init__(
        self, *args: Any, options: Iterable[Option], now: dict[str, Any], prefix_id: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, auto_id=f"{prefix_id}_%s", **kwargs)
        self.options = tuple(options)
        for option in self.options:
            made: forms.Field = (
                forms.ChoiceField(label=option.label, help_text=option.help_text, choices=option.choices)
                if option.choices
                else forms.BooleanField(label=option.label, help_text=option.help_text, required=False)
            )
            made.initial = now.get(option.name)
            self.fields[option.name] = made
        self.fields["valid_from"] = forms.CharField(
            label="この月から",
            max_length=7,
            initial=f"{month_of(clock.today()):%Y-%m}",
            help_text="2026-04 の形。締めた月の数字は変わりません。",
        )
        self.fields["reason"] = forms.CharField(label="変更の理由", max_length=200)

    def values(self) -> dict[str, Any]:
        """The options as chosen."""
        return {option.name: self.cleaned_data[option.name] for option in self.options}

    def clean_valid_from(self) -> date:
        """The first day of the month."""
        try:
            return month_from(self.cleaned_data["valid_from"])
        except Invalid as error:
            raise forms.ValidationError(error.message_ja) from error
