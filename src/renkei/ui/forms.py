"""The form layer: the fields of the house and the base every form stands on.

One way to enter a date, a note, a looked-up name and an appointment; every form renders through the ``field`` component
with its label, 必須 mark, help, errors and an error summary (``{{ form }}`` is enough).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import JsonResponse
from django.urls import NoReverseMatch, reverse

from renkei.kernel import clock, eras
from renkei.kernel.errors import DomainError, Invalid
from renkei.ui.types import Choice


def _url(name: str) -> str:
    """The address of ``name`` or nothing where the urls are not mounted: then the field works without its helper."""
    if not name or name.startswith("/"):
        return name
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


class EraDateWidget(forms.TextInput):
    """One text input for a date in any style, with what it was read as beside it (``eradate.js``)."""

    template_name = "ui/widgets/era_date.html"

    def format_value(self, value: Any) -> str | None:
        """A date as ``S34.3.4``, the shortest form that can be typed back; typed text stays as typed."""
        if isinstance(value, date):
            return eras.format_short(value)
        return super().format_value(value)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Adds the id of the echo and the address that parses."""
        context = super().get_context(name, value, attrs)
        own = context["widget"]["attrs"]
        echo_id = f"{own.get('id', name)}_echo"
        own |= {"autocomplete": "off", "data-eradate": _url("ui:era_date"), "data-echo": echo_id}
        context["echo_id"] = echo_id
        context["echo"] = eras.format_both(value) if isinstance(value, date) else ""
        return context


class EraDateField(forms.Field):
    """A date typed as 昭和34年3月4日, S34.3.4 or 1959-03-04; cleans to ``date`` or None.

    ``parse`` is another reader of the kernel's shape, such as ``eras.parse_birth_date``. Errors are the reader's sentences.
    """

    widget = EraDateWidget
    ui_width = "s"

    def __init__(self, *, parse: Callable[[str], date] = eras.parse_date, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "例: S34.3.4、昭和34年3月4日、1959-03-04")
        super().__init__(**kwargs)
        self.parse = parse

    def to_python(self, value: Any) -> date | None:
        """The date read from ``value``. Raises ``ValidationError`` with the reader's sentence."""
        if isinstance(value, date):
            return value
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return self.parse(text)
        except Invalid as error:
            raise ValidationError(error.message_ja, code=error.code) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another date was entered; another way to write the same date is no change."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class TypeAheadWidget(forms.Widget):
    """Text input with suggestions and a hidden ``<name>_code`` (``typeahead.js``); plain text without scripts."""

    template_name = "ui/widgets/typeahead.html"

    def __init__(
        self,
        url: str = "",
        min_chars: int = 1,
        attrs: dict[str, Any] | None = None,
        warns: Callable[[str], str] | None = None,
        warning_note: str = "",
    ) -> None:
        super().__init__(attrs)
        self.url = url
        self.min_chars = min_chars
        self.warns = warns
        self.warning_note = warning_note

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Choice | None:
        """What was posted under ``name`` and ``<name>_code``; None when the text is empty."""
        text = str(data.get(name) or "").strip()
        return Choice(str(data.get(f"{name}_code") or "").strip(), text) if text else None

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """Whether the form was posted without this field at all."""
        return name not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Adds the two values and the address of the suggestions."""
        context = super().get_context(name, value, attrs)
        chosen = value if isinstance(value, Choice) else Choice("", str(value or ""))
        context["chosen"] = chosen
        context["url"] = _url(self.url)
        context["min_chars"] = self.min_chars
        word = self.warns(chosen.code) if chosen.code and self.warns else ""
        context |= {"warning": f"{word}。{self.warning_note}" if word else "", "note": self.warning_note}
        own = context["widget"]["attrs"]
        context["warning_id"] = f"{own.get('id', name)}_warning"
        own["aria-describedby"] = f"{own.get('aria-describedby', '')} {context['warning_id']}".strip()
        return context


class TypeAheadField(forms.Field):
    """A name looked up while typing; cleans to ``Choice`` or None.

    ``url`` (a URL name or path) answers ``GET ?q=`` with ``suggestions(...)``. ``lookup(code, text)`` returns the true
    ``Choice`` or None when there is no such thing: the posted pair is never trusted. ``free_text`` lets text without code
    pass as it is (then ``lookup`` is asked only when there is a code). ``warns(code)`` is what must be known of what is
    chosen, "" for nothing: it is shown below the field, with ``warning_note`` (what follows from it), and stops nobody.
    """

    widget = TypeAheadWidget
    ui_width = "m"
    default_error_messages = {"unknown": "「%(text)s」は見つかりません。候補から選んでください。"}

    def __init__(
        self,
        *,
        url: str = "",
        lookup: Callable[[str, str], Choice | None] | None = None,
        free_text: bool = False,
        min_chars: int = 1,
        warns: Callable[[str], str] | None = None,
        warning_note: str = "",
        **kwargs: Any,
    ) -> None:
        widget = TypeAheadWidget(url, min_chars, warns=warns, warning_note=warning_note)
        kwargs.setdefault("widget", widget)
        super().__init__(**kwargs)
        self.lookup = lookup
        self.free_text = free_text

    def to_python(self, value: Any) -> Choice | None:
        """The looked-up choice. Raises ``ValidationError('unknown')``."""
        if not isinstance(value, Choice):
            return None
        if not value.code and self.free_text:
            return value
        found = self.lookup(value.code, value.text) if self.lookup else (value if value.code else None)
        if found is None:
            raise ValidationError(self.error_messages["unknown"], code="unknown", params={"text": value.text})
        return found


def suggestions(choices: Iterable[Choice]) -> JsonResponse:
    """The answer of a type-ahead address: ``{"results": [{"code", "text", "detail"}]}``, at most 20.

    A choice of which something must be known has its ``warning`` besides.
    """
    found = [
        {"code": c.code, "text": c.text, "detail": c.detail} | ({"warning": c.warning} if c.warning else {})
        for c, _ in zip(choices, range(20), strict=False)
    ]
    return JsonResponse({"results": found}, json_dumps_params={"ensure_ascii": False})


class NoteWidget(forms.Textarea):
    """Text area that grows, with a count of characters (``charcount.js``)."""

    template_name = "ui/widgets/note.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Adds the counter. ``maxlength`` is taken away: a paste must not be cut silently, the form says what is too much."""
        context = super().get_context(name, value, attrs)
        own = context["widget"]["attrs"]
        maximum = own.pop("maxlength", None)
        if maximum:
            context["count_id"] = f"{own.get('id', name)}_count"
            context["count_text"] = f"{len(str(value or ''))} / {maximum} 文字"
            own |= {"data-charcount": context["count_id"], "data-max": maximum}
        return context


class NoteField(forms.CharField):
    """Longer text. Line ends become ``\\n``, so that the count is the same here, in the browser and in the database."""

    widget = NoteWidget
    default_error_messages = {
        "max_length": "%(limit_value)d文字までです(今は%(show_value)d文字)。短くしてください。"
    }

    def __init__(self, *, max_length: int = 10_000, rows: int = 4, **kwargs: Any) -> None:
        kwargs.setdefault("widget", NoteWidget(attrs={"rows": rows}))
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> str:
        """The text with plain line ends."""
        return super().to_python(str(value or "").replace("\r\n", "\n").replace("\r", "\n")) or ""


class AppointmentWidget(forms.MultiWidget):
    """Date and time side by side, the browser's own pickers, posted as ``<name>_date`` and ``<name>_time``."""

    template_name = "ui/widgets/appointment.html"
    use_fieldset = True

    def __init__(self, step_minutes: int = 5) -> None:
        day = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "aria-label": "日付"})
        hour = forms.TimeInput(
            format="%H:%M", attrs={"type": "time", "step": step_minutes * 60, "aria-label": "時刻"}
        )
        super().__init__({"date": day, "time": hour})

    def decompress(self, value: Any) -> list[Any]:
        """An aware instant as Japanese date and time."""
        if not isinstance(value, datetime):
            return [None, None]
        local = value.astimezone(clock.JST)
        return [local.date(), local.time().replace(second=0, microsecond=0)]


class AppointmentField(forms.MultiValueField):
    """A date and a time in Japan in steps of ``step_minutes``; cleans to an aware ``datetime`` or None."""

    default_error_messages = {
        "incomplete": "日付と時刻の両方を入力してください。",
        "step": "時刻は%(step)d分きざみで入力してください。",
    }

    def __init__(self, *, step_minutes: int = 5, **kwargs: Any) -> None:
        self.step_minutes = step_minutes
        kwargs.setdefault("widget", AppointmentWidget(step_minutes))
        parts = (
            forms.DateField(error_messages={"invalid": "日付は 2026-06-05 のように入力してください。"}),
            forms.TimeField(error_messages={"invalid": "時刻は 13:30 のように入力してください。"}),
        )
        super().__init__(fields=parts, **kwargs)

    def compress(self, data_list: list[Any]) -> datetime | None:
        """The instant of ``[date, time]`` on the Japanese clock. Raises ``ValidationError('incomplete' | 'step')``."""
        if not data_list:
            return None
        day, hour = data_list
        if not isinstance(day, date) or not isinstance(hour, time):
            raise ValidationError(self.error_messages["incomplete"], code="incomplete")
        if hour.minute % self.step_minutes or hour.second:
            raise ValidationError(
                self.error_messages["step"], code="step", params={"step": self.step_minutes}
            )
        return datetime.combine(day, hour, tzinfo=clock.JST)


class UiMixin:
    """What every form of the house does: renders with the ``field`` component, speaks to the person, takes domain errors."""

    template_name = "ui/components/form.html"
    template_name_label = "django/forms/label.html"
    use_required_attribute = False
    focus_errors = True
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def full_clean(self) -> None:
        """Speaks in the fields' own words first: many forms add fields after their beginning."""
        for name, field in self.fields.items():
            _speak(field, str(field.label or name))
        super().full_clean()  # type: ignore[misc]

    def take(self, error: DomainError) -> None:
        """Show a refusal of an action at the field it names, or at the top; the page answers with ``error.status``."""
        field = error.field if error.field in self.fields else None
        self.add_error(field, ValidationError(error.message_ja, code=error.code))  # type: ignore[attr-defined]


def _speak(field: forms.Field, label: str) -> None:
    """Say which field and what to do, where Django would say only that a value is missing."""
    if field.error_messages.get("required") != forms.Field.default_error_messages["required"]:
        return
    picks = isinstance(field, forms.ChoiceField | forms.BooleanField | forms.FileField)
    field.error_messages["required"] = f"「{label}」を{'選んで' if picks else '入力して'}ください。"


class UiForm(UiMixin, forms.Form):
    """A form of the house."""


class UiModelForm(UiMixin, forms.ModelForm):
    """A form of the house over a model; saving still goes through an action."""
