"""The wordings that the country's rules make suspicious, as the first rows of the list; houses add their own on the page."""

from __future__ import annotations

from datetime import date
from typing import Any

# 医療法施行規則1条の9 and the guideline of 2018-06-01 (revised since); a row is ended and replaced when the text changes.
FROM = date(2018, 6, 1)
GUIDELINE = "医業若しくは歯科医業又は病院若しくは診療所に関する広告等に関する指針(医療広告ガイドライン)"
LAW = "医療法6条の5第2項"
RULE = "医療法施行規則1条の9"


def _word(
    word: str, kind: str, source: str, advice: str, *, forbids: bool = False, except_for: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "word": word,
        "kind": kind,
        "source": source,
        "advice": advice,
        "forbids": forbids,
        "except_for": list(except_for),
    }


_BEST = "最上級の表現は、事実でも比較優良広告になります。行っている診療の内容を具体的に書いてください。"
_BETTER = "ほかの医療機関と比べる表現は使えません。自院で行っていることだけを書いてください。"
_FALSE = "医学上あり得ない表現です。削除してください。"
_TOO_MUCH = "言い切る表現は誇大広告になります。内容や件数など、客観的な事実に書き換えてください。"
_VOICE = "患者さんの主観に基づく体験談は広告できません。削除してください。"
_SALE = "費用を強調する表現は、内容の正しさにかかわらず控えることとされています。"

NATIONAL: tuple[dict[str, Any], ...] = (
    *(
        _word(w, "comparative", f"{LAW}1号、{GUIDELINE}", _BEST, except_for=harmless)
        for w, harmless in (
            ("日本一", ("日本一周",)),
            ("最高", ("最高血圧", "最高齢", "最高気温")),
            ("最上", ("最上階",)),
        )
    ),
    *(
        _word(w, "comparative", f"{LAW}1号、{GUIDELINE}", _BEST)
        for w in (
            "世界一",
            "県内一",
            "地域一番",
            "No.1",
            "ナンバーワン",
            "最良",
            "随一",
            "トップクラス",
        )
    ),
    *(
        _word(w, "comparative", f"{LAW}1号、{GUIDELINE}", _BETTER)
        for w in ("他院より", "どこよりも", "他の医院より", "名医", "著名人", "芸能人", "有数の")
    ),
    *(
        _word(w, "false", f"{LAW}柱書、{GUIDELINE}", _FALSE, forbids=True)
        for w in (
            "必ず治",
            "絶対安全",
            "絶対に治",
            "100%治",
            "どんな病気でも",
            "副作用はありません",
            "再発しません",
        )
    ),
    _word(
        "絶対",
        "exaggerated",
        f"{LAW}2号、{GUIDELINE}",
        _TOO_MUCH,
        except_for=("絶対安静", "絶対安全", "絶対に治"),
    ),
    _word(
        "完全",
        "exaggerated",
        f"{LAW}2号、{GUIDELINE}",
        _TOO_MUCH,
        except_for=("完全予約", "完全個室", "不完全", "完全禁煙", "完全分煙", "完全分離"),
    ),
    *(
        _word(w, "exaggerated", f"{LAW}2号、{GUIDELINE}", _TOO_MUCH)
        for w in ("確実に", "最先端", "最新鋭", "画期的", "万全", "痛くない", "安心安全", "奇跡")
    ),
    *(
        _word(w, "testimonial", f"{RULE}第1号", _VOICE, forbids=True)
        for w in ("体験談", "患者様の声", "患者さんの声", "患者さまの声", "口コミ", "クチコミ")
    ),
    *(
        _word(
            w,
            "pictures",
            f"{RULE}第2号",
            "治療前後の写真は、内容・費用・危険性の詳しい説明なしには載せられません。",
        )
        for w in ("ビフォーアフター", "治療前後の写真", "術前術後の写真")
    ),
    *(
        _word(
            w,
            "unapproved",
            GUIDELINE,
            "承認されていない医薬品・機器を使う治療は、リーフレットでは広告できません。",
        )
        for w in ("未承認", "適応外", "個人輸入", "再生医療")
    ),
    *(
        _word(w, "dignity", GUIDELINE, _SALE)
        for w in ("キャンペーン", "今だけ", "無料相談", "激安", "割引", "プレゼント")
    ),
)
"""Columns of ``AdvertisingWord``. The examples are the guideline's own where it gives some."""
