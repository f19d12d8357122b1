"""Makes permissions, the setting and the kind of notice known."""

from __future__ import annotations

from renkei.directory.types import Setting, register_setting
from renkei.notices.types import NoticeKind, register_kind
from renkei.ui.types import Tone
from renkei.webhooks import permissions
from renkei.webhooks.rules import FAILURES

P = permissions.P

register_setting(
    Setting(FAILURES, "外部通知", "停止するまでの失敗", "回", 1, 200, "続けて届かないと送信を止めます")
)
register_kind(
    NoticeKind(
        "webhook_stopped",
        "外部通知の停止",
        "外部への通知が停止しました",
        Tone.DANGER,
        opens=(str(P.MANAGE),),
    )
)
