"""Words of the notices that cross the fence: what kinds there are, and where letters by post go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renkei.ui.types import Tone


@dataclass(frozen=True)
class NoticeKind:
    """``mail_says`` is all that a mail ever says about it: never a name, never clinical text.

    ``opens`` are permissions of which a person needs one to open what it points to; nobody else is shown it.
    """

    code: str
    label: str
    mail_says: str
    tone: Tone = Tone.INFO
    opens: tuple[str, ...] = ()


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


def closed_kinds(may: Callable[..., bool]) -> list[str]:
    """Codes of the kinds that point to pages which do not open for whoever ``may`` speaks of."""
    return [kind.code for kind in _kinds.values() if kind.opens and not may(*kind.opens)]


def register_address_book(look_up: Callable[[int], Address | None]) -> None:
    """The floor above, which knows facilities, gives their addresses."""
    _address_books[:] = [look_up]


def address_of(facility_id: int) -> Address | None:
    """Where a facility is, or None."""
    return _address_books[0](facility_id) if _address_books else None


REFERRAL = ("referral.view",)
REVIEW = ("patient.review_emergency", "patient.emergency_access")
for _kind in (
    NoticeKind("referral_received", "新着の紹介", "新しい紹介が届きました", opens=REFERRAL),
    NoticeKind("referral_accepted", "紹介の受付", "紹介が受け付けられました", Tone.SUCCESS, opens=REFERRAL),
    NoticeKind(
        "referral_declined",
        "お断り",
        "紹介について相手の施設から返答がありました",
        Tone.WARNING,
        opens=REFERRAL,
    ),
    NoticeKind("referral_redirected", "転送", "紹介が別の宛先に回されました", Tone.WARNING, opens=REFERRAL),
    NoticeKind("referral_recalled", "取り戻し", "紹介が取り戻されました", Tone.WARNING, opens=REFERRAL),
    NoticeKind("date_offered", "日程の提案", "受診日の提案が届きました", opens=REFERRAL),
    NoticeKind("date_confirmed", "日程の確定", "受診日が決まりました", Tone.SUCCESS, opens=REFERRAL),
    NoticeKind("date_changed", "日程の変更", "受診日が変わりました", Tone.WARNING, opens=REFERRAL),
    NoticeKind("patient_arrived", "来院", "紹介した患者さんの来院が登録されました", opens=REFERRAL),
    NoticeKind(
        "patient_no_show", "未来院", "紹介した患者さんが来院されていません", Tone.WARNING, opens=REFERRAL
    ),
    NoticeKind("reply_arrived", "返書", "返書が届きました", opens=REFERRAL),
    NoticeKind("back_referral_received", "逆紹介", "逆紹介が届きました", opens=REFERRAL),
    NoticeKind("message_received", "連絡", "紹介についての連絡が届きました", opens=REFERRAL),
    NoticeKind("reminder", "催促", "期限を過ぎたものがあります", Tone.WARNING, opens=REFERRAL),
    NoticeKind("overdue", "期限切れ", "期限を過ぎたものがあります", Tone.WARNING, opens=REFERRAL),
    NoticeKind("referral_closed", "完了", "紹介が完了しました", Tone.SUCCESS, opens=REFERRAL),
    NoticeKind("emergency_access", "緊急参照", "緊急参照が行われました", Tone.DANGER, opens=REVIEW),
    OTHER,
):
    register_kind(_kind)
