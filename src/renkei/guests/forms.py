"""What a guest types, and what the desk notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from renkei.guests.models import GuestKind, GuestPage
from renkei.guests.queries import line_of
from renkei.guests.types import Identity, KindDraft, Told, Wish
from renkei.kernel import eras
from renkei.kernel.errors import Invalid
from renkei.kernel.identifiers import check_institution_number, phone
from renkei.patients.matching import Candidate
from renkei.ui.forms import AppointmentField, EraDateField, NoteField, UiForm

NEW = "new"
SEXES = (("male", "男"), ("female", "女"), ("other", "その他"), ("unknown", "不明"))


def _typed(field: str, read: Any, text: str) -> str:
    """``text`` as the house writes it; the reader's sentence becomes the field's error."""
    try:
        return str(read(text))
    except Invalid as error:
        raise forms.ValidationError(error.message_ja, code=error.code) from error


class GuestForm(UiForm):
    """A request of a physician without an account; nothing typed is looked up here."""

    ticket = forms.CharField(widget=forms.HiddenInput, max_length=200, required=False)
    kind = forms.ChoiceField(label="ご依頼の種類", widget=forms.RadioSelect)
    clinic = forms.CharField(label="医療機関名", max_length=120)
    institution_number = forms.CharField(
        label="医療機関番号(10桁)",
        max_length=20,
        help_text="都道府県2桁+点数表1桁+医療機関コード7桁。例: 1410000000",
    )
    physician = forms.CharField(label="医師の氏名", max_length=80, help_text="姓と名の間を空けてください。")
    phone = forms.CharField(
        label="医療機関の電話番号",
        max_length=40,
        help_text="病院からの確認は、名簿に載っている番号へお電話します。",
    )
    patient_name = forms.CharField(
        label="患者さんの氏名", max_length=100, help_text="姓と名の間を空けてください。"
    )
    patient_kana = forms.CharField(label="フリガナ", max_length=100)
    birth_on = EraDateField(label="生年月日", parse=eras.parse_birth_date)
    sex = forms.ChoiceField(label="性別", choices=SEXES, widget=forms.RadioSelect)
    patient_phone = forms.CharField(label="患者さんの電話番号", max_length=40, required=False)
    department = forms.ChoiceField(label="希望の診療科", required=False)
    wish_from = EraDateField(label="希望日(から)", required=False, help_text="例: 2026-06-10、R8.6.10")
    wish_until = EraDateField(label="希望日(まで)", required=False, help_text="例: 2026-06-20、R8.6.20")
    wish = forms.CharField(label="ほかのご希望", max_length=200, required=False)
    purpose = NoteField(
        label="目的・経過", max_length=1000, rows=5, help_text="紹介や検査の目的と、これまでの経過"
    )
    consent = forms.BooleanField(
        label="患者さんに、この病院へ情報を伝えることを説明しました(院内掲示などによる同意を含みます)"
    )

    def __init__(
        self, *args: Any, kinds: Sequence[GuestKind], departments: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(str(k.uid), _kind_line(k)) for k in kinds]  # type: ignore[attr-defined]
        chosen = [("", "決めていない"), *((d, d) for d in departments)]
        self.fields["department"].choices = chosen  # type: ignore[attr-defined]
        for name in ("patient_name", "patient_kana", "patient_phone"):
            self.fields[name].widget.attrs["autocomplete"] = "off"

    def clean_institution_number(self) -> str:
        """Ten digits with their check; whether the directory knows them is told to nobody."""
        text = self.cleaned_data["institution_number"]
        return _typed("institution_number", check_institution_number, text)

    def clean_phone(self) -> str:
        """A Japanese number."""
        return _typed("phone", lambda text: phone(text).display, self.cleaned_data["phone"])

    def wish_of(self) -> Wish:
        """What was entered."""
        data = {k: v for k, v in self.cleaned_data.items() if k not in ("ticket", "kind")}
        return Wish(kind_uid=self.cleaned_data["kind"], **data)


def _kind_line(kind: GuestKind) -> str:
    return f"{kind.label} — {kind.note}" if kind.note else kind.label


class StateForm(UiForm):
    """The pair that opens the public state."""

    code = forms.CharField(label="受付番号", max_length=20, help_text="例: K7QMX-4XTPF")
    phone = forms.CharField(label="医療機関の電話番号", max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autocomplete"] = "off"


class CallForm(UiForm):
    """折り返し電話."""

    called = forms.CharField(label="かけた番号", max_length=40)
    number_source = forms.CharField(
        label="番号を調べた先",
        max_length=100,
        required=False,
        help_text="例: 地方厚生局の保険医療機関一覧。依頼に書かれた番号だけを頼りにしないでください。",
    )
    confirmed_with = forms.CharField(label="確認した相手の氏名", max_length=80)
    note = forms.CharField(label="メモ", max_length=300, required=False)

    def __init__(self, *args: Any, known: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            del self.fields["number_source"]
            self.fields["called"].initial = known


class IdentityForm(UiForm):
    """医師確認."""

    identity = forms.ChoiceField(
        label="確かめた方法", choices=Identity.choices, widget=forms.RadioSelect, required=False
    )
    number = forms.CharField(label="医籍登録番号", max_length=10, required=False)
    note = forms.CharField(
        label="確かめた内容",
        max_length=200,
        help_text="例: 厚生労働省の医師等資格確認検索で氏名が一致した、医師ご本人から造影の目的を聞いた",
    )


class AcceptForm(UiForm):
    """Who the patient is, and the date if it was agreed on the telephone."""

    patient = forms.ChoiceField(label="患者", widget=forms.RadioSelect)
    department = forms.ChoiceField(label="診療科", required=False)
    starts_at = AppointmentField(
        label="電話で決めた来院日時", required=False, help_text="あとで紹介のページから決めることもできます。"
    )

    def __init__(
        self, *args: Any, alike: Sequence[Candidate], departments: Sequence[str], wanted: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(c.patient.uid), line_of(c)) for c in alike]
        self.fields["patient"].choices = [*known, (NEW, "新しい患者として登録する")]  # type: ignore[attr-defined]
        if not known:
            self.initial["patient"] = NEW
        self.fields["department"].choices = [("", "未定"), *((d, d) for d in departments)]  # type: ignore[attr-defined]
        self.initial["department"] = wanted


class RefuseForm(UiForm):
    """お断り."""

    reason = forms.CharField(
        label="お断りの理由", max_length=300, help_text="電話で伝える内容です。公開のページには出ません。"
    )


class ToldForm(UiForm):
    """日程の連絡."""

    told = forms.ChoiceField(label="伝え方", choices=Told.choices, widget=forms.RadioSelect, required=False)
    told_to = forms.CharField(label="伝えた相手", max_length=80)


class PageForm(UiForm):
    """The public page of the house."""

    is_open = forms.BooleanField(label="インターネットからの依頼を受け付ける", required=False)
    code = forms.CharField(
        label="アドレスの名前",
        max_length=30,
        required=False,
        help_text="案内に印刷しやすい短い名前。英小文字・数字・ハイフン、4〜30文字。例: midori-chuo",
    )
    greeting = NoteField(label="案内文", max_length=300, rows=3, required=False)

    def __init__(self, *args: Any, page: GuestPage | None = None, **kwargs: Any) -> None:
        if page is not None:
            kwargs.setdefault("initial", {}).update(
                is_open=page.is_open, code=page.code or "", greeting=page.greeting
            )
        super().__init__(*args, **kwargs)


class KindForm(UiForm):
    """One kind of request."""

    label = forms.CharField(label="名称", max_length=40)
    note = forms.CharField(label="説明", max_length=200, required=False)
    physician_check = forms.BooleanField(label="医師確認が必要(造影検査など)", required=False)
    is_offered = forms.BooleanField(label="受け付ける", required=False, initial=True)

    def draft(self) -> KindDraft:
        """What was entered."""
        data = self.cleaned_data
        return KindDraft(data["label"], physician_check=data["physician_check"], note=data["note"])
