"""What a move asks before it happens, one small form per move."""

from __future__ import annotations

from typing import Any

from django import forms

from renkei.directory.profiles.queries import resting_word
from renkei.directory.queries import look_up_facility
from renkei.gate.actor import Actor
from renkei.referrals.models import DateOffer, Referral
from renkei.referrals.queries import opens_for
from renkei.ui.forms import AppointmentField, NoteField, TypeAheadField, UiForm


class ReasonForm(UiForm):
    """A move that needs a reason."""

    reason = NoteField(label="理由", max_length=500, rows=3)


class CloseForm(UiForm):
    """完了: the reason is asked for when no final report was sent."""

    reason = NoteField(label="理由(最終報告を送っていない場合は必須)", max_length=500, rows=3, required=False)


class RedirectForm(UiForm):
    """Another facility is suggested to the sender."""

    to = TypeAheadField(
        label="案内する医療機関",
        url="directory:suggest",
        lookup=look_up_facility,
        warns=resting_word,
        warning_note="再開するまで紹介状を受け取れません。",
    )
    reason = NoteField(label="理由", max_length=500, rows=3)


class ReassignForm(UiForm):
    """別の科へ."""

    department = forms.ChoiceField(label="診療科")
    physician = forms.CharField(label="医師(任意)", max_length=80, required=False)

    def __init__(self, *args: Any, departments: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [(d, d) for d in departments]  # type: ignore[attr-defined]


class OfferForm(UiForm):
    """来院日時の提案."""

    starts_at = AppointmentField(label="来院日時")
    department = forms.ChoiceField(label="診療科", required=False)
    physician = forms.CharField(label="担当医(任意)", max_length=80, required=False)
    place = forms.CharField(label="受付場所", max_length=100, required=False)
    bring = forms.CharField(label="持ち物", max_length=300, required=False)
    confirmed = forms.BooleanField(label="電話で相手と決めた(提案ではなく確定にする)", required=False)

    def __init__(self, *args: Any, departments: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "指定なし"), *((d, d) for d in departments)]
        self.fields["department"].choices = choices  # type: ignore[attr-defined]


class ChangeDateForm(UiForm):
    """来院日時の変更: the other side confirms the new date."""

    starts_at = AppointmentField(label="新しい来院日時")
    note = forms.CharField(label="理由・連絡(任意)", max_length=200, required=False)


class WardForm(UiForm):
    """入院."""

    ward = forms.CharField(label="病棟(任意)", max_length=40, required=False)


class NoteForm(UiForm):
    """未来院 with what is known."""

    note = forms.CharField(label="わかっていること(任意)", max_length=200, required=False)


class MessageForm(UiForm):
    """A line to the other side."""

    text = NoteField(label="連絡", max_length=2000, rows=3)
    by_telephone = forms.BooleanField(label="電話で話した内容として記録", required=False)


REASON_MOVES = {"decline", "withdraw", "refuse_date", "cancel_date", "close_paper", "correct"}


def form_for(move: str, actor: Actor, referral: Referral, departments: list[str], data: Any = None) -> UiForm:
    """The form that ``move`` asks for; raises ``KeyError`` for a move without one."""
    if move in REASON_MOVES:
        return ReasonForm(data)
    if move == "reassign":
        return ReassignForm(
            data, departments=departments, initial={"department": referral.receiver_department}
        )
    if move == "offer_date":
        last = DateOffer.objects.visible_to(actor).filter(referral=referral).order_by("-id").first()
        initial = {
            "department": referral.receiver_department,
            "physician": referral.receiver_physician,
            "place": last.place if last else "総合受付",
            "bring": last.bring if last else "保険証(マイナ保険証)、お薬手帳、紹介状、検査画像",
            # Whoever cannot open the referral is asked on the telephone.
            "confirmed": not opens_for(actor, referral.uid, referral.sender_id),
        }
        return OfferForm(data, departments=departments, initial=initial)
    simple: dict[str, type[UiForm]] = {
        "redirect": RedirectForm,
        "change_date": ChangeDateForm,
        "admit": WardForm,
        "no_show": NoteForm,
        "close": CloseForm,
    }
    return simple[move](data)
