"""Fictional content of the gallery page. Words of the domain appear here as sample text only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django import forms

from renkei.kernel import clock
from renkei.ui.forms import AppointmentField, EraDateField, NoteField, TypeAheadField, UiForm
from renkei.ui.types import (
    Band,
    Chart,
    Choice,
    Counter,
    FacilityChoice,
    Frame,
    Link,
    Moment,
    NavGroup,
    NavItem,
    Row,
    Series,
    Tab,
    Threshold,
    Tone,
)

WORDS = (
    "2型糖尿病",
    "2型糖尿病性腎症",
    "高血圧症",
    "心房細動",
    "慢性硬膜下血腫",
    "大腿骨頸部骨折",
    "誤嚥性肺炎",
    "白内障",
)
STEPS = ("送信", "受付", "日程", "来院", "返書", "完了")

_COLUMNS = (
    "at",
    "urgent",
    "name",
    "kana",
    "source",
    "author",
    "to",
    "purpose",
    "wish",
    "state",
    "tone",
    "note",
)
_ROWS = (
    ("10:42", True, "山本 フミ", "ヤマモト フミ・昭和19年(82)・女", "青木内科", "青木 正道", "循環器内科",
     "労作時息切れの増悪、下腿浮腫。精査をお願いします", "CT希望 6/4〜6/10", "受付待ち", "info", ""),
    ("10:31", False, "鈴木 一郎", "スズキ イチロウ・昭和34年(67)・男", "青木内科", "青木 正道", "糖尿病内科",
     "HbA1c 9.2%、蛋白尿(2+)。教育入院を含めご高診を", "木曜以外", "日程調整中", "warning", "残り 3時間"),
    ("10:05", False, "髙橋 節子", "タカハシ セツコ・昭和26年(75)・女", "林医院", "林 和彦", "整形外科",
     "右大腿骨頸部骨折術後のリハビリテーション", "早めに", "日程調整中", "warning", "残り 21時間"),
    ("09:20", False, "加藤 ゆり", "カトウ ユリ・平成7年(31)・女", "さくら産科", "佐伯 悠", "産婦人科",
     "妊娠30週、切迫早産。入院管理をお願いします", "本日", "本日 13:30", "success", "来院予定"),
    ("08:55", False, "𠮷田 孝雄", "ヨシダ タカオ・昭和30年(71)・男", "FAX", "山根医院", "消化器内科",
     "便潜血陽性、下部内視鏡検査", "いつでも", "紙で受信", "purple", "QRで自動登録"),
    ("昨日", False, "小林 誠", "コバヤシ マコト・昭和44年(57)・男", "原医院", "原 慎吾", "循環器内科",
     "発作性心房細動、アブレーションの適応について", "6月中旬", "返書遅れ 2日", "danger", "初回経過報告"),
    ("昨日", False, "中村 ひさ", "ナカムラ ヒサ・昭和17年(84)・女", "こだま眼科", "", "眼科",
     "白内障術前評価、術後は当院で経過をみます", "7月", "返書済", "neutral", "逆紹介 準備中"),
)  # fmt: skip
ROWS = [dict(zip(_COLUMNS, row, strict=True)) for row in _ROWS]


def suggest(text: str) -> Iterator[Choice]:
    """Sample names that contain ``text``."""
    return (Choice(f"S{i:02d}", word, "見本") for i, word in enumerate(WORDS) if text in word)


def lookup(code: str, text: str) -> Choice | None:
    """The sample name behind ``code``, else the one written exactly so."""
    return next((c for c in suggest("") if c.code == code or c.text == text), None)


class SampleForm(UiForm):
    """Every kind of field once."""

    name = forms.CharField(label="氏名", max_length=60, help_text="姓と名の間を空けてください。")
    born_on = EraDateField(label="生年月日")
    sex = forms.ChoiceField(
        label="性別", choices=[("f", "女"), ("m", "男"), ("x", "不明")], widget=forms.RadioSelect
    )
    disease = TypeAheadField(
        label="病名", url="ui:gallery_suggest", lookup=lookup, free_text=True, required=False
    )
    department = forms.ChoiceField(
        label="診療科", choices=[("", "選んでください"), ("1", "循環器内科"), ("2", "整形外科")]
    )
    visit_at = AppointmentField(label="来院日時", required=False, help_text="5分きざみです。")
    note = NoteField(label="連絡事項", max_length=400, required=False)
    wishes = forms.MultipleChoiceField(
        label="希望",
        choices=[("a", "午前"), ("p", "午後"), ("c", "送迎")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    paper = forms.FileField(label="添付", required=False, help_text="PDF、JPEG、PNG。10MBまで。")
    told = forms.BooleanField(label="説明して、同意をいただいた")


def initial() -> dict[str, Any]:
    """A form that somebody has begun."""
    return {"name": "鈴木 一郎", "born_on": date(1959, 3, 4), "sex": "m", "disease": Choice("S00", WORDS[0])}


def broken_form() -> SampleForm:
    """A form that came back with errors."""
    typed = {
        "name": "",
        "born_on": "昭和65年1月1日",
        "visit_at_date": "2026-06-05",
        "note": "あ" * 410,
        "sex": "m",
        "told": "on",
    }
    form = SampleForm({f"broken-{name}": value for name, value in typed.items()}, prefix="broken")
    form.focus_errors = False
    form.add_error(None, "同じ内容がすでに登録されています。一覧を確かめてください。")
    return form


def frame() -> Frame:
    """A page frame as a clerk sees it."""
    work = NavGroup(
        "",
        [
            NavItem("受付デスク", "#", 23, current=True),
            NavItem("予約カレンダー", "#"),
            NavItem("返書", "#", 6),
            NavItem("逆紹介", "#", 9),
            NavItem("未照合", "#", 2),
        ],
    )
    region = NavGroup(
        "地域", [NavItem(label, "#") for label in ("連携医療機関", "登録医", "共同利用", "研修会")]
    )
    return Frame(
        nav=[work, region, NavGroup("数字", [NavItem("紹介率・逆紹介率", "#"), NavItem("報告書", "#")])],
        facility_label="みどり中央病院 地域医療連携室",
        facilities=[
            FacilityChoice("みどり中央病院 地域医療連携室", "1", current=True),
            FacilityChoice("みどり中央クリニック", "2"),
        ],
        switch_url="#",
        person_label="連携室 佐藤",
        person_links=[Link("個人設定", "#"), Link("ログイン中の端末", "#")],
        logout_url="#",
        notice_count=4,
        notices_url="#",
        search_url="#",
        search_label="患者・医療機関・紹介番号をさがす",
        shortcuts_url="#",
    )


def context() -> dict[str, Any]:
    """All sample values of the gallery."""
    now = clock.now()
    return {
        "rows": ROWS,
        "step_labels": STEPS,
        "counters_sample": [
            Counter("新着・受付待ち", 7, "#", current=True),
            Counter("日程調整中", 5, "#"),
            Counter("本日の来院", 11, "#"),
            Counter("返書の遅れ", 6, "#", tone=Tone.DANGER),
            Counter("逆紹介の予定", 9, "#"),
            Counter("紹介率(年度)", "58.3", unit="%"),
        ],
        "tones": [(tone.value, text) for tone, text in zip(Tone, ("返書済", "受付待ち", "来院", "日程調整中", "返書遅れ 2日", "紙で受信"), strict=True)],
        "tabs_sample": [Tab("経過", "#", current=True), Tab("連絡", "#", count=2), Tab("添付", "#"), Tab("閲覧履歴", "#")],
        "moments": [
            Moment("佐藤(連携室)が受け付け、糖尿病内科へ回しました", now - timedelta(minutes=3)),
            Moment("青木内科が紹介状を送りました", now - timedelta(minutes=6), "検査結果・処方つき", url="#"),
            Moment("返書の期限を過ぎました", now - timedelta(days=1), tone=Tone.DANGER),
            Moment("青木 正道 医師が紹介状を確定しました(代行入力: 木村)", now - timedelta(days=400)),
        ],
        "facts": [
            Row("紹介元", "青木内科　青木 正道 医師"),
            Row("紹介目的", "HbA1c 9.2%、蛋白尿(2+)。教育入院を含めご高診を"),
            Row("傷病名", "2型糖尿病 E11.2、高血圧症 I10"),
            Row("添付", "検査結果.pdf", "#"),
            Row("備考", ""),
        ],
        "hba1c": Chart(
            "HbA1c", "%",
            ["2025-07-03", "2025-09-04", "2025-11-06", "2026-01-08", "2026-03-05", "2026-05-14"],
            [Series("HbA1c", [7.4, 7.8, None, 8.3, 8.8, 9.2])], [Band("目標", 6.0, 7.0)], [Threshold("紹介の目安 8.0", 8.0)],
        ),
        "pressure": Chart(
            "血圧", "mmHg", ["2026-05-10", "2026-05-17", "2026-05-24", "2026-05-31", "2026-06-01"],
            [Series("上", [148, 142, None, 138, 134]), Series("下", [88, 86, None, 84, 80])], digits=0,
        ),
    }  # fmt: skip
