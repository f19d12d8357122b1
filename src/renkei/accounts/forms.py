"""Forms about people."""

from __future__ import annotations

from typing import Any

from django import forms

from renkei.accounts import queries
from renkei.accounts.models import Membership
from renkei.accounts.password_rules import GuidelineValidator
from renkei.accounts.types import MemberDraft, NewMember
from renkei.directory.queries import departments
from renkei.gate.actor import Actor
from renkei.kernel.roles import LABELS, Role
from renkei.ui.forms import UiForm


class MemberForm(UiForm):
    """Roles, title and department of a member."""

    roles = forms.MultipleChoiceField(label="役割", widget=forms.CheckboxSelectMultiple)
    title = forms.CharField(label="肩書", required=False, max_length=40, help_text="例: 連携室 主任")
    department = forms.ChoiceField(label="診療科・部署", required=False)

    def __init__(self, actor: Actor, *args: Any, member: Membership | None = None, **kwargs: Any) -> None:
        if member is not None:
            kwargs.setdefault("initial", {}).update(
                roles=member.roles, title=member.title, department=member.department_id or ""
            )
        super().__init__(*args, **kwargs)
        granted = queries.grantable_roles(actor)
        choices = [("", "(なし)"), *((str(d.pk), d.name) for d in departments(actor.facility_id))]
        self.fields["roles"].choices = [(r.value, LABELS[r]) for r in granted]  # type: ignore[attr-defined]
        self.fields["department"].choices = choices  # type: ignore[attr-defined]

    def draft(self) -> MemberDraft:
        """What was entered."""
        data = self.cleaned_data
        return MemberDraft(
            roles=tuple(Role(r) for r in data["roles"]),
            title=data["title"],
            department_id=int(data["department"] or 0),
        )


class InviteForm(MemberForm):
    """Whom to invite, and how the code reaches them."""

    name = forms.CharField(label="氏名", max_length=80)
    kana = forms.CharField(label="カナ", max_length=120, required=False)
    email = forms.EmailField(
        label="メール",
        required=False,
        help_text="入力すると招待のメールを送ります。ない場合は印刷して渡します。",
    )
    login_id = forms.CharField(
        label="すでに使っているログインID",
        required=False,
        max_length=80,
        help_text="ほかの施設でRenkeiを使っている方だけ。本人が承諾すると、この施設の所属が加わります。",
    )
    field_order = ("name", "kana", "roles", "title", "department", "email", "login_id")

    def who(self) -> NewMember:
        """What was entered."""
        data = self.cleaned_data
        return NewMember(
            name=data["name"],
            kana=data["kana"],
            email=data["email"],
            login_id=data["login_id"],
            draft=self.draft(),
        )


class CodeEntryForm(UiForm):
    """The code of a printed invitation."""

    code = forms.CharField(
        label="招待の番号",
        max_length=40,
        help_text="案内状にある、4文字ずつ4組の番号。大文字・小文字やハイフンは違っていてもかまいません。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "autofocus": True}),
    )


class AcceptForm(UiForm):
    """Log-in id and password of a new person."""

    login_id = forms.CharField(
        label="ログインID",
        max_length=80,
        help_text="自分で決めます。半角の英数字と . _ @ - で3文字以上。",
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label="パスワード", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label="パスワード(確認)",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="同じものをもう一度入力します。",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = GuidelineValidator().get_help_text()

    def clean(self) -> dict[str, Any]:
        """Both passwords are the same."""
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", "2つのパスワードが違います。同じものを入力してください。")
        return data
