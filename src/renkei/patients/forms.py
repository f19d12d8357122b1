"""Forms about patients."""

from __future__ import annotations

from typing import Any

from django import forms

from renkei.gate.actor import Actor
from renkei.kernel import eras
from renkei.patients import queries
from renkei.patients.models import Patient, Sex
from renkei.ui.forms import EraDateField, UiForm

BIRTH_HELP = "例: S34.3.4、昭和34年3月4日、1959-03-04"
DETAILS = ("postal_code", "address", "phone", "occupation", "local_number")
BASICS = ("name", "kana", "birth_on", "sex", *DETAILS)


class PatientForm(UiForm):
    """What a facility knows of a person."""

    name = forms.CharField(label="氏名", max_length=100, help_text="姓と名の間を空けてください。")
    kana = forms.CharField(
        label="フリガナ", max_length=100, required=False, help_text="ひらがなでも入力できます。"
    )
    birth_on = EraDateField(label="生年月日", parse=eras.parse_birth_date, help_text=BIRTH_HELP)
    sex = forms.ChoiceField(label="性別", choices=Sex.choices, widget=forms.RadioSelect)
    postal_code = forms.CharField(label="郵便番号", max_length=20, required=False)
    address = forms.CharField(label="住所", max_length=200, required=False)
    phone = forms.CharField(label="電話", max_length=40, required=False)
    occupation = forms.CharField(label="職業", max_length=60, required=False)
    local_number = forms.CharField(label="患者番号(自施設)", max_length=20, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("name", "kana", "address", "phone", "local_number"):
            self.fields[name].widget.attrs["autocomplete"] = "off"

    def details(self) -> dict[str, Any]:
        """The values for ``actions.register`` and ``actions.change``."""
        return {name: self.cleaned_data[name] for name in BASICS}


class NewPatientForm(PatientForm):
    """A new patient; ``uid`` makes a form that is sent twice one patient. The insured number may come along."""

    uid = forms.UUIDField(widget=forms.HiddenInput)
    insurer = forms.CharField(label="保険者番号", max_length=20, required=False)
    symbol = forms.CharField(label="記号", max_length=40, required=False)
    number = forms.CharField(label="番号", max_length=40, required=False)
    branch = forms.CharField(label="枝番", max_length=4, required=False)

    def insured(self) -> dict[str, str]:
        """The boxes of the card; empty when none was filled."""
        boxes = {name: self.cleaned_data[name] for name in ("insurer", "symbol", "number", "branch")}
        return boxes if any(boxes.values()) else {}


class EditPatientForm(PatientForm):
    """Change a patient; ``version`` is what the person saw."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class InsuredForm(UiForm):
    """被保険者番号 as it stands on the card."""

    insurer = forms.CharField(
        label="保険者番号",
        max_length=20,
        help_text="8桁(国民健康保険は6桁)。12桁の個人番号は入力できません。",
    )
    symbol = forms.CharField(label="記号", max_length=40, required=False)
    number = forms.CharField(label="番号", max_length=40)
    branch = forms.CharField(label="枝番", max_length=4, required=False)
    valid_from = EraDateField(label="適用開始日", help_text="この日の前日で、今までの番号を終わりにします。")


class ContactForm(UiForm):
    """キーパーソン."""

    name = forms.CharField(label="氏名", max_length=80)
    relation = forms.CharField(label="続柄", max_length=40, required=False)
    phone_number = forms.CharField(label="電話", max_length=40, required=False)
    proxy = forms.BooleanField(label="代理人(本人に代わって決める人)", required=False)


class LinkForm(UiForm):
    """Why two rows are the same person."""

    reason = forms.CharField(
        label="同一人物と判断した根拠",
        max_length=200,
        help_text="例: 資格確認書と本人の申し出で確認。氏名と生年月日が同じだけでは対応づけません。",
    )


class UnlinkForm(UiForm):
    """Why a link ends."""

    reason = forms.CharField(label="解除する理由", max_length=200)


def initial_of(patient: Patient) -> dict[str, Any]:
    """The values of a row for ``EditPatientForm``."""
    return {name: getattr(patient, name) for name in (*BASICS, "version")}


def candidates_for(actor: Actor, data: dict[str, Any], member_key: str) -> list[queries.Candidate]:
    """Candidates from half-typed values."""
    return queries.candidates(
        actor,
        data.get("name", ""),
        data.get("kana", ""),
        data.get("birth_on"),
        data.get("sex", ""),
        data.get("phone", ""),
        member_key,
        postal_code=data.get("postal_code", ""),
    )
