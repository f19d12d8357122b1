"""Words of the notices that cross the fence: what kinds there are, and where letters by post go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renkei.ui.types import Tone


@dataclass(frozen=True)
class NoticeKind:
    """``mail_says`` is all that a mail ever says about it: never a name, never clinical text."""

    code: str
    label: str
    mail_says: str
    tone: Tone = Tone.INFO


@dataclass(frozen=True)
class Address:
    """A facility as printed on a letter by post."""

    name: str
    postal_code: str = ""
    address: str = ""
    phone: str = ""
    fax: str = ""
    institution_number: str = ""


OTHER = NoticeKind("other", "お知らせ", "新しいお知らせがあります")
_kinds: dict[str, NoticeKind] = {}
_address_books: list[Callable[[int], Address | None]] = []


def register_kind(kind: NoticeKind) -> None:
    """Make a kind of notice known; modules do this when they start."""
    _kinds[kind.code] = kind


def kind_of(code: str) -> NoticeKind:
    """The kind called ``code``; a kind nobody registered is a plain notice."""
    return _kinds.get(code, OTHER)


def register_address_book(look_up: Callable[[int], Address | None]) -> None:
    """The floor above, which knows facilities, gives their addresses."""
    _address_books[:] = [look_up]


def address_of(facility_id: int) -> Address | None:
    """Where a facility is, or None."""
    return _address_books[0](facility_id) if _address_books else None


for _kind in (
    NoticeKind("referral_received", "新着の紹介", "新しい紹介が届きました"),
    NoticeKind("referral_accepted", "紹介の受付", "紹介が受け付けられました", Tone.SUCCESS),
    NoticeKind("referral_declined", "お断り", "紹介について相手の施設から返答がありました", Tone.WARNING),
    NoticeKind("referral_redirected", "転送", "紹介が別の宛先に回されました", Tone.WARNING),
    NoticeKind("referral_recalled", "取り戻し", "紹介が取り戻されました", Tone.WARNING),
    NoticeKind("date_offered", "日程の提案", "受診日の提案が届きました"),
    NoticeKind("date_confirmed", "日程の確定", "受診日が決まりました", Tone.SUCCESS),
    NoticeKind("date_changed", "日程の変更", "受診日が変わりました", Tone.WARNING),
    NoticeKind("patient_arrived", "来院", "紹介した患者さんの来院が登録されました"),
    NoticeKind("patient_no_show", "未来院", "紹介した患者さんが来院されていません", Tone.WARNING),
    NoticeKind("reply_arrived", "返書", "返書が届きました"),
    NoticeKind("back_referral_received", "逆紹介", "逆紹介が届きました"),
    NoticeKind("message_received", "連絡", "紹介についての連絡が届きました"),
    NoticeKind("reminder", "催促", "期限を過ぎたものがあります", Tone.WARNING),
    NoticeKind("overdue", "期限切れ", "期限を過ぎたものがあります", Tone.WARNING),
    NoticeKind("emergency_access", "緊急参照", "緊急参照が行われました", Tone.DANGER),
    OTHER,
):
    register_kind(_kind)
