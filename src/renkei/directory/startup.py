"""The settings that the product itself knows, and the addresses for letters by post."""

from __future__ import annotations

from renkei.directory import permissions
from renkei.directory.queries import facility_by_id
from renkei.directory.types import Setting, register_setting
from renkei.notices.types import Address, NoticeKind, register_address_book, register_kind

P = permissions.P

REFERRALS, REPLIES, DIRECTORY, SECURITY = "紹介の期限", "返書の期限", "掲載内容", "安全管理"

for _setting in (
    Setting(
        "referral.accept_hours", REFERRALS, "受付の期限", "時間", 1, 336, "紹介が届いてから受け付けるまで"
    ),
    Setting(
        "referral.date_answer_hours",
        REFERRALS,
        "日程への回答の期限",
        "時間",
        1,
        336,
        "受診日の提案に答えるまで",
    ),
    Setting("reply.arrival_notice_days", REPLIES, "来院報告", "日", 1, 30, "来院してから"),
    Setting("reply.first_report_days", REPLIES, "初回経過報告", "日", 1, 90, "来院してから"),
    Setting("reply.interim_report_days", REPLIES, "中間報告", "日", 7, 365, "前の報告から"),
    Setting("reply.discharge_report_days", REPLIES, "退院時報告", "日", 1, 90, "退院してから"),
    Setting("reply.final_report_days", REPLIES, "最終報告", "日", 1, 365, "来院してから"),
    Setting("reply.unread_days", REPLIES, "未読の返書の知らせ", "日", 1, 30, "返書が届いてから"),
    Setting(
        "directory.confirm_months",
        DIRECTORY,
        "掲載内容の確認",
        "か月",
        3,
        24,
        "前の確認から。過ぎると施設に一度お知らせします",
    ),
    Setting(
        "session.idle_minutes",
        SECURITY,
        "操作がないときの自動ログアウト",
        "分",
        5,
        240,
        "入力した内容は残ります",
    ),
    Setting(
        "password.min_length",
        SECURITY,
        "パスワードの文字数(二要素認証なし)",
        "文字以上",
        13,
        64,
        "英数字・記号の混在",
    ),
    Setting(
        "password.min_length_second_factor",
        SECURITY,
        "パスワードの文字数(二要素認証あり)",
        "文字以上",
        8,
        64,
    ),
    Setting(
        "password.max_age_days",
        SECURITY,
        "パスワードの有効期間",
        "日",
        0,
        365,
        "0は期限なし。13文字未満で二要素認証を使わない運用では60日以内にします",
    ),
    Setting("password.code_days", SECURITY, "再設定コードの有効期間", "日", 1, 30, "窓口で渡す再設定コード"),
    Setting("invitation.days", SECURITY, "招待の有効期間", "日", 1, 60, "新しい利用者への招待"),
    Setting(
        "login.failures_until_lock", SECURITY, "ログインの失敗", "回", 3, 20, "続けて失敗すると止まります"
    ),
    Setting("login.lock_minutes", SECURITY, "ログインを止める時間", "分", 5, 1440, "失敗が続いたとき"),
    Setting("attachment.max_mb", SECURITY, "添付ファイルの大きさの上限", "MB", 1, 100, "1つあたり"),
):
    register_setting(_setting)

register_kind(
    NoticeKind("confirm_profile", "掲載内容の確認", "掲載内容の確認をお願いします", opens=(P.EDIT_OWN,))
)


def _address(facility_id: int) -> Address | None:
    found = facility_by_id(facility_id)
    if found is None:
        return None
    return Address(
        name=found.name,
        postal_code=found.postal_code,
        address=found.address,
        phone=found.phone,
        fax=found.fax,
        institution_number=found.institution_number or "",
    )


register_address_book(_address)
