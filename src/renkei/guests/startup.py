"""Makes permissions, settings and the kind of notice known."""

from __future__ import annotations

from renkei.directory.types import Setting, register_setting
from renkei.guests import permissions
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
register_kind(
    NoticeKind("guest_asked", "ゲストの依頼", "ゲスト受付に新しい依頼が届きました", opens=(str(P.HANDLE),))
)
