"""Forms made from manifests: what a scheme asks for stands in its folder, not here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

from renkei.directory.corporations.queries import corporations
from renkei.directory.queries import facility as facility_of
from renkei.directory.queries import look_up_facility
from renkei.enrolments.types import ApplicationDraft, Enrols, FormField, Manifest
from renkei.kernel import eras
from renkei.kernel.errors import DomainError
from renkei.ui.forms import EraDateField, NoteField, TypeAheadField, UiForm

_PHYSICIAN = {Enrols.PHYSICIAN, Enrols.PHYSICIAN_AT_FACILITY}
PREFIX = "answer_"
SEPARATOR = "、"


def _field_of(asked: FormField, *, required: bool) -> forms.Field:
    common: dict[str, Any] = {
        "label": asked.label,
        "required": asked.required and required,
        "help_text": asked.help,
    }
    if asked.kind in ("choice", "yes_no"):
        options = [(option, option) for option in asked.choices]
        return forms.ChoiceField(choices=options, widget=forms.RadioSelect, **common)
    if asked.kind == "choices":
        options = [(option, option) for option in asked.options]
        return forms.MultipleChoiceField(choices=options, widget=forms.CheckboxSelectMultiple, **common)
    if asked.kind == "note":
        return NoteField(max_length=1000, rows=3, **common)
    if asked.kind == "number":
        return forms.IntegerField(min_value=0, max_value=99_999, **common)
    if asked.kind == "date":
        common["help_text"] = asked.help or "例: 2026-06-01、R8.6.1"
        return EraDateField(**common)
    return forms.CharField(max_length=200, **common)


def _signature(recorded: str | None = "") -> dict[str, forms.Field]:
    """Whose name stands under a paper; where nobody is recorded, the clerk says that it is the representative's.

    ``recorded`` is the representative that the directory knows, "" when it knows none, None when the house is not chosen yet.
    """
    asked: dict[str, forms.Field] = {
        "signed_by": forms.CharField(
            label="用紙に署名した代表者",
            max_length=80,
            help_text=f"記録されている代表者: {recorded}" if recorded else "",
        )
    }
    if not recorded:
        when = (
            "この医療機関の代表者はまだ記録されていません。"
            if recorded is not None
            else "代表者の記録がない医療機関のときだけ、印を付けてください。"
        )
        asked["records_representative"] = forms.BooleanField(
            label="署名した人が代表者であることを確かめた(代表者として記録する)",
            required=False,
            help_text=f"{when}確かめた人の名前が監査の記録に残ります。",
        )
    return asked


class ApplicationForm(UiForm):
    """The application form of one scheme. ``office``: entered from paper, so gaps are allowed and the house is chosen.

    ``own`` are the corporations to choose from (all); ``known``: the house is that of a membership; ``signed``: the paper bears
    the signature of the representative, which is ``recorded`` ("": nobody is; None: the house is not chosen yet).
    """

    def __init__(
        self,
        *args: Any,
        manifest: Manifest,
        office: bool = False,
        own: Iterable[Any] | None = None,
        known: bool = False,
        signed: bool = False,
        recorded: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.manifest, self.office = manifest, office
        if office and not known:
            self.fields["facility"] = TypeAheadField(
                label="医療機関", url="directory:suggest", lookup=look_up_facility
            )
        self._add_subject(manifest, office=office, own=own)
        if manifest.categories:
            options = [(c.key, f"{c.label}({c.note})" if c.note else c.label) for c in manifest.categories]
            self.fields["category"] = forms.ChoiceField(
                label="区分", choices=options, widget=forms.RadioSelect, required=not office
            )
        for asked in manifest.fields:
            self.fields[f"{PREFIX}{asked.key}"] = _field_of(asked, required=not office)
        if signed:
            self.fields |= _signature(recorded)

    def _add_subject(self, manifest: Manifest, *, office: bool, own: Iterable[Any] | None) -> None:
        """Who is enrolled, in the words of this kind of scheme."""
        if manifest.enrols is Enrols.CORPORATION:
            choices = [
                ("", "選んでください"),
                *((str(o.id), o.name) for o in (corporations() if own is None else own)),
            ]
            self.fields["organization"] = forms.ChoiceField(
                label="法人", choices=choices, required=not office
            )
        if manifest.enrols is Enrols.SEAT:
            self.fields["seat"] = forms.CharField(label="席", max_length=60, required=not office)
        if manifest.enrols in _PHYSICIAN or manifest.enrols is Enrols.SEAT:
            needed = manifest.enrols in _PHYSICIAN and not office
            self.fields["physician_name"] = forms.CharField(
                label="医師の氏名", max_length=80, required=needed, help_text="姓と名の間を空けてください。"
            )
            self.fields["physician_kana"] = forms.CharField(label="フリガナ", max_length=120, required=False)

    def draft(self, facility_id: int) -> ApplicationDraft:
        """What was typed; for an institution's own application ``facility_id`` is its own."""
        given = self.cleaned_data
        chosen = given.get("facility")
        return ApplicationDraft(
            facility_of(chosen.code).pk if chosen else facility_id,
            given.get("physician_name", ""),
            given.get("physician_kana", ""),
            organization_id=int(given.get("organization") or 0),
            seat=given.get("seat", ""),
            category=given.get("category", ""),
            answers=tuple((f.key, as_text(given.get(f"{PREFIX}{f.key}"))) for f in self.manifest.fields),
        )

    def take(self, error: DomainError) -> None:
        """An answer's error stands at its field."""
        if f"{PREFIX}{error.field}" in self.fields:
            self.add_error(f"{PREFIX}{error.field}", error.message_ja)
            return
        super().take(error)


def as_text(value: Any) -> str:
    """An answer as it is kept."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return SEPARATOR.join(str(one) for one in value)
    return str(value)


def initial_of(manifest: Manifest, draft: ApplicationDraft) -> dict[str, Any]:
    """A draft as the form shows it."""
    said = dict(draft.answers)
    values: dict[str, Any] = {
        "physician_name": draft.physician_name,
        "physician_kana": draft.physician_kana,
        "organization": str(draft.organization_id or ""),
        "seat": draft.seat,
        "category": draft.category,
    }
    for asked in manifest.fields:
        text = said.get(asked.key, "")
        values[f"{PREFIX}{asked.key}"] = _initial(asked.kind, text)
    return values


def _initial(kind: str, text: str) -> Any:
    if kind == "choices":
        return text.split(SEPARATOR) if text else []
    if kind == "date" and text:
        return eras.parse_date(text)
    return text


class DecideForm(UiForm):
    """承認: where 原則 is not met, who allowed it and why."""

    def __init__(self, *args: Any, outside: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if list(outside):
            self.fields["allowed_by"] = forms.CharField(label="例外を認めた人", max_length=120)
            self.fields["why"] = forms.CharField(label="例外とする理由", max_length=300)


class AnswerForm(UiForm):
    """Why it goes back or is not approved; the institution reads it."""

    answer = forms.CharField(label="医療機関への返事", max_length=300)


class WithdrawForm(UiForm):
    """The last day of a membership."""

    last_on = EraDateField(label="最終日", help_text="この日まで登録が続きます。例: 2026-09-30、R8.9.30")
    reason = forms.CharField(label="理由", max_length=120, required=False)


class PaperWithdrawForm(WithdrawForm):
    """The same from paper, with whoever signed it; ``recorded`` is the representative that the directory knows."""

    def __init__(self, *args: Any, recorded: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= _signature(recorded)


class ReasonForm(UiForm):
    """Why a certificate is issued again."""

    reason = forms.CharField(label="再発行の理由", max_length=200)


class KeepForm(UiForm):
    """A signed paper as a scan."""

    file = forms.FileField(
        label="署名済みの書類",
        help_text="PDF、JPEG、PNG。10MBまで。",
        widget=forms.FileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )
    signed_on = EraDateField(label="署名日", help_text="例: 2026-05-28、R8.5.28")


class EndSchemeForm(UiForm):
    """The first day on which a scheme takes no applications and renews nothing."""

    ended_on = EraDateField(
        label="終了日", help_text="この日から申請も更新もありません。登録は今の期間の終わりまで続きます。"
    )


class SchemeForm(UiForm):
    """What the owner says about the scheme."""

    name = forms.CharField(label="名称", max_length=80)
    greeting = NoteField(label="公開ページの案内", max_length=500, rows=3, required=False)
    contact = forms.CharField(label="問い合わせ先", max_length=120, required=False)
    takes_applications = forms.BooleanField(label="Web申請を受け付ける", required=False)
    areas = forms.MultipleChoiceField(label="区域", widget=forms.CheckboxSelectMultiple, required=False)

    def __init__(self, *args: Any, areas: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = list(areas)
        if found:
            self.fields["areas"].choices = found  # type: ignore[attr-defined]
        else:
            del self.fields["areas"]


class StartForm(UiForm):
    """Which scheme of the catalog."""

    key = forms.ChoiceField(label="制度", widget=forms.RadioSelect)

    def __init__(self, *args: Any, manifests: Iterable[Manifest], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].choices = [(m.key, m.name) for m in manifests]  # type: ignore[attr-defined]


class ImportForm(UiForm):
    """A list of applications."""

    file = forms.FileField(label="CSVまたはXLSXのファイル")
