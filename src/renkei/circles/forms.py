"""Forms about sharing."""

from __future__ import annotations

from django import forms

from renkei.circles.types import ConsentMethod, ConsentReach, ConsentType, ConsentWords
from renkei.directory.queries import facility, look_up_facility
from renkei.kernel import clock, eras
from renkei.ui.forms import EraDateField, NoteField, TypeAheadField, UiForm

NAMED = "named"
REACHES = (
    (ConsentReach.ALL.value, "参加するすべての施設"),
    (NAMED, "下に名を挙げた施設"),
    (ConsentReach.PERSON.value, "特定の人"),
)
PLACES = ("facility_1", "facility_2", "facility_3")


class EmergencySearchForm(UiForm):
    """Exact name and birth date."""

    name = forms.CharField(
        label="氏名(漢字またはカナ)", max_length=100, help_text="姓名とも正確に入力してください。"
    )
    birth_on = EraDateField(label="生年月日", parse=eras.parse_birth_date)


class EmergencyReasonForm(UiForm):
    """Why it is needed now."""

    token = forms.CharField(widget=forms.HiddenInput)
    reason = NoteField(
        label="理由",
        max_length=200,
        rows=2,
        help_text="例: 意識障害で救急搬送。服薬とアレルギーを確認するため。登録した施設が後で確認します。",
    )


class ReviewForm(UiForm):
    """The later look at an emergency access."""

    justified = forms.ChoiceField(
        label="判断", choices=(("yes", "妥当"), ("no", "妥当でない")), widget=forms.RadioSelect
    )
    review = NoteField(label="確認した内容", max_length=500, rows=3)


class ConsentForm(UiForm):
    """What the patient said about sharing."""

    type = forms.ChoiceField(label="種類", choices=ConsentType.choices)
    reach = forms.ChoiceField(label="範囲", choices=REACHES, widget=forms.RadioSelect)
    facility_1 = TypeAheadField(
        label="施設", url="directory:suggest", lookup=look_up_facility, required=False
    )
    facility_2 = TypeAheadField(
        label="施設(2つ目)", url="directory:suggest", lookup=look_up_facility, required=False
    )
    facility_3 = TypeAheadField(
        label="施設(3つ目)", url="directory:suggest", lookup=look_up_facility, required=False
    )
    named_person = forms.CharField(label="相手の人", max_length=80, required=False)
    purpose = forms.CharField(label="目的", max_length=200)
    given_by = forms.CharField(label="同意した人", max_length=80)
    relation = forms.CharField(label="続柄", max_length=40, required=False, help_text="本人なら「本人」。")
    method = forms.ChoiceField(label="方法", choices=ConsentMethod.choices, widget=forms.RadioSelect)
    valid_from = EraDateField(label="同意した日", required=False, help_text="空なら今日。")
    evidence = forms.CharField(
        label="根拠の所在", max_length=200, required=False, help_text="例: 同意書 第3棚、診療録 6月5日。"
    )
    reservation = forms.CharField(
        label="留保(共有してほしくないこと)",
        max_length=300,
        required=False,
        help_text="入力すると、この患者の情報は紙だけで渡す扱いになります。",
    )

    def words(self) -> ConsentWords:
        """The values for ``actions.give_consent``."""
        data = self.cleaned_data
        chosen = [facility(data[name].code).pk for name in PLACES if data[name]]
        reach = data["reach"]
        if reach == NAMED:
            reach = ConsentReach.ORG_LIST if len(chosen) > 1 else ConsentReach.ORG
        said_on = data["valid_from"]
        said_at = clock.jst(said_on.year, said_on.month, said_on.day) if said_on else None
        plain = (
            "type",
            "purpose",
            "given_by",
            "method",
            "named_person",
            "relation",
            "evidence",
            "reservation",
        )
        return ConsentWords(
            reach=str(reach), facility_ids=chosen, valid_from=said_at, **{name: data[name] for name in plain}
        )


class WithdrawForm(UiForm):
    """The patient takes it back."""

    reason = forms.CharField(label="撤回の理由(任意)", max_length=200, required=False)
