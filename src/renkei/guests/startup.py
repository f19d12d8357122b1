"""Makes permissions, settings and the kind of notice known."""

from __future__ import annotations

from renkei.directory.types import Setting, register_setting
from renkei.guests import date_notice, permissions
from renkei.guests.actions import PAPER_KIND
from renkei.notices.papers import PaperKind, register_paper_kind
from renkei.notices.types import NoticeKind, register_kind

P = permissions.P
GROUP = "ゲスト受付"

register_setting(
    Setting(
        "guest.open_limit",
        GROUP,
        "同時に出せる依頼",
        "件",
        1,
        50,
        "同じ電話番号または医療機関番号から、処理が済むまでに受け付ける件数",
    )
)
register_setting(
    Setting("guest.asks_per_hour", GROUP, "1時間の依頼の回数", "回", 1, 200, "同じ接続元から送れる回数")
)
register_setting(
    Setting(
        "guest.open_days",
        GROUP,
        "受付の期限",
        "日",
        7,
        180,
        "処理されない依頼は、届いてからこの日数で期限切れになります",
    )
)
register_setting(
    Setting(
        "guest.keep_days",
        GROUP,
        "お断り・期限切れの依頼の保存",
        "日",
        1,
        1825,
        "この日数が過ぎた夜に、患者情報と添付を消去します。お断りの理由と件数は残ります",
    )
)
register_paper_kind(PaperKind(PAPER_KIND, "予約通知", date_notice.make, "guests:request"))
register_kind(
    NoticeKind(
        "guest_expired",
        "ゲストの依頼の期限切れ",
        "ゲストの依頼が期限切れになりました",
        opens=(str(P.HANDLE),),
    )
)
register_kind(
    NoticeKind("guest_asked", "ゲストの依頼", "ゲスト受付に新しい依頼が届きました", opens=(str(P.HANDLE),))
)
