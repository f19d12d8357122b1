"""Makes permissions, settings and kinds of notices known, and gives the gate the rules of shared rows."""

from __future__ import annotations

from renkei.directory.types import Setting, register_setting
from renkei.notices.papers import PaperKind, register_paper_kind
from renkei.notices.types import NoticeKind, register_kind
from renkei.publications import permissions, visibility
from renkei.publications.editions import pdf
from renkei.publications.editions.sending import FAX_KIND
from renkei.publications.functions import setup as functions
from renkei.ui.types import Tone

P = permissions.P
ISSUING = "リーフレット・毎月のお届け"

visibility.register()
functions.register()

for _setting in (
    Setting("leaflet.copies", ISSUING, "リーフレットを置く部数", "部", 1, 500, "登録医1件あたりの初期値"),
    Setting("edition.send_day", ISSUING, "毎月の発送日", "日", 1, 28, "外来表・当直医表・広報誌"),
    Setting(
        "edition.months_ahead",
        ISSUING,
        "表の月",
        "か月先",
        0,
        2,
        "6月号に7月の外来表・当直医表を載せるときは1",
    ),
):
    register_setting(_setting)

_LEAFLET = (str(P.WRITE_LEAFLET), str(P.APPROVE_LEAFLET))
_EDITION = (str(P.EDIT_EDITION), str(P.SEND_EDITION))
for _kind in (
    NoticeKind(
        "leaflet_submitted",
        "リーフレットの承認待ち",
        "リーフレットの承認依頼が届きました",
        opens=(str(P.APPROVE_LEAFLET),),
    ),
    NoticeKind(
        "leaflet_approved",
        "リーフレットの承認",
        "リーフレットが承認されました",
        Tone.SUCCESS,
        opens=_LEAFLET,
    ),
    NoticeKind(
        "leaflet_returned",
        "リーフレットの差し戻し",
        "リーフレットが差し戻されました",
        Tone.WARNING,
        opens=_LEAFLET,
    ),
    NoticeKind("leaflets_made", "リーフレットの印刷", "リーフレットのPDFができました", opens=_LEAFLET),
    NoticeKind(
        "edition_arrived",
        "外来表・当直医表・広報誌",
        "毎月のお届けが届きました",
        opens=(str(P.RECEIVE_EDITION),),
    ),
    NoticeKind("counter_request", "初診の依頼", "初診のご相談が届きました"),
    NoticeKind("edition_due", "毎月のお届けの発送日", "毎月のお届けの発送日です", opens=_EDITION),
    NoticeKind(
        "edition_bounced", "毎月のお届けの不達", "届かなかったものがあります", Tone.WARNING, opens=_EDITION
    ),
):
    register_kind(_kind)

register_paper_kind(PaperKind(FAX_KIND, "外来表・当直医表", pdf.fax, "publications:dispatch"))
