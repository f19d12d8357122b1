"""The fixed cast of the acceptance scenarios: who everybody meets by name, and the patients of the first morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from renkei.kernel.roles import Role

R = Role

# login, name, kana, roles, department, title
CastRow = tuple[str, str, str, tuple[Role, ...], str, str]

STAFF: tuple[CastRow, ...] = (
    ("sato.h1", "佐藤 美咲", "サトウ ミサキ", (R.LIAISON_STAFF,), "地域医療連携室", "連携室員"),
    (
        "ishida.h1",
        "石田 志保",
        "イシダ シホ",
        (R.SOCIAL_WORKER, R.LIAISON_STAFF),
        "地域医療連携室",
        "医療ソーシャルワーカー",
    ),
    ("takahashi.h1", "髙橋 健一", "タカハシ ケンイチ", (R.PHYSICIAN,), "循環器内科", "部長"),
    ("mori.h1", "森 拓也", "モリ タクヤ", (R.PHYSICIAN,), "放射線科", "部長"),
    ("oka.h1", "岡 直子", "オカ ナオコ", (R.FACILITY_ADMINISTRATOR,), "総務課", "総務課長"),
    ("nagai.h1", "永井 修", "ナガイ オサム", (R.SYSTEM_ADMINISTRATOR,), "情報システム室", "システム管理者"),
    ("mochizuki.h1", "望月 恵", "モチヅキ メグミ", (R.AUDITOR,), "医療安全管理室", "監査担当"),
    ("miyamoto.h4", "宮本 亮", "ミヤモト リョウ", (R.PHYSICIAN,), "外科", "医長"),
    ("aoki.c1", "青木 正道", "アオキ マサミチ", (R.PHYSICIAN, R.FACILITY_ADMINISTRATOR), "内科", "院長"),
    ("kimura.c1", "木村 由香", "キムラ ユカ", (R.CLERK,), "", "事務"),
    ("hayashi.c2", "林 和彦", "ハヤシ カズヒコ", (R.PHYSICIAN, R.FACILITY_ADMINISTRATOR), "内科", "院長"),
    ("nakata.c3", "中田 理恵", "ナカタ リエ", (R.PHYSICIAN, R.FACILITY_ADMINISTRATOR), "内科", "院長"),
    ("hara.c4", "原 慎吾", "ハラ シンゴ", (R.PHYSICIAN, R.FACILITY_ADMINISTRATOR), "内科", "院長"),
    ("saeki.c6", "佐伯 悠", "サエキ ユウ", (R.PHYSICIAN, R.FACILITY_ADMINISTRATOR), "産婦人科", "院長"),
    ("kodama.c7", "児玉 智子", "コダマ トモコ", (R.PHYSICIAN, R.FACILITY_ADMINISTRATOR), "眼科", "院長"),
    ("yamane.c8", "山根 茂", "ヤマネ シゲル", (R.PHYSICIAN, R.FACILITY_ADMINISTRATOR), "内科", "院長"),
    ("ono.v1", "小野 麻衣", "オノ マイ", (R.NURSE,), "", "訪問看護師"),
    ("nishi.p1", "西 達也", "ニシ タツヤ", (R.PHARMACIST, R.FACILITY_ADMINISTRATOR), "", "管理薬剤師"),
    (
        "matsui.k1",
        "松井 陽子",
        "マツイ ヨウコ",
        (R.CARE_MANAGER, R.FACILITY_ADMINISTRATOR),
        "",
        "主任介護支援専門員",
    ),
    ("kawaguchi.f1", "川口 剛", "カワグチ ツヨシ", (R.DISPATCHER,), "", "通信指令員"),
    ("tamura.m1", "田村 久美子", "タムラ クミコ", (R.CLERK, R.FACILITY_ADMINISTRATOR), "", "事務局"),
    ("inoue.u1", "井上 千尋", "イノウエ チヒロ", (R.PUBLIC_OFFICER, R.NURSE), "", "保健師"),
    ("kuroda.g1", "黒田 英明", "クロダ ヒデアキ", (R.PUBLIC_OFFICER,), "", "医療課主査"),
    ("tomonaga.co1", "友永 彩", "トモナガ アヤ", (R.ALLIANCE_OFFICE,), "", "法人事務局"),
)

ALSO_AT = {"takahashi.h1": ("C14",), "inoue.u1": ("B1",), "hara.c4": ("C32",)}
"""People who work at two facilities: a weekly clinic, a counter of the town, holiday duty."""


@dataclass(frozen=True)
class CastPatient:
    """A patient whom scenarios name."""

    facility: str
    name: str
    kana: str
    birth_on: date
    sex: str
    also: tuple[tuple[str, str], ...] = ()
    """(facility, name as written there)."""
    contact: tuple[str, str] = ("", "")


PATIENTS: tuple[CastPatient, ...] = (
    CastPatient(
        "C1",
        "山田 花子",
        "ヤマダ ハナコ",
        date(1943, 11, 3),
        "female",
        (("H1", "山田 花子"), ("C3", "山田 花子")),
        ("山田 太郎", "長男"),
    ),
    CastPatient(
        "C1",
        "鈴木 一郎",
        "スズキ イチロウ",
        date(1959, 3, 4),
        "male",
        (("H1", "鈴木 一郎"),),
        ("鈴木 久子", "妻"),
    ),
    CastPatient(
        "C6",
        "加藤 ゆり",
        "カトウ ユリ",
        date(1995, 4, 18),
        "female",
        (("H3", "加藤 ゆり"),),
        ("加藤 翔", "夫"),
    ),
    CastPatient("H4", "田所 正", "タドコロ タダシ", date(1948, 2, 9), "male", (), ("田所 キヨ", "妻")),
    CastPatient("C1", "山本 フミ", "ヤマモト フミ", date(1944, 1, 22), "female"),
    CastPatient("C2", "髙橋 節子", "タカハシ セツコ", date(1951, 5, 6), "female", (("H1", "高橋 節子"),)),
    CastPatient("C8", "𠮷田 孝雄", "ヨシダ タカオ", date(1955, 2, 14), "male", (("H1", "吉田 孝雄"),)),
    CastPatient("C3", "佐々木 とよ", "ササキ トヨ", date(1938, 3, 30), "female"),
    CastPatient("C4", "小林 誠", "コバヤシ マコト", date(1969, 1, 8), "male"),
    CastPatient("C7", "中村 ひさ", "ナカムラ ヒサ", date(1942, 2, 27), "female"),
)


@dataclass(frozen=True)
class DeskEntry:
    """One named line of H1's desk on the first morning: lane, index in :data:`PATIENTS`, scenario."""

    lane: str
    patient: int
    scenario: str
    wish: str


DESK: tuple[DeskEntry, ...] = (
    DeskEntry("new", 4, "heart_failure", "CT希望 6/4〜6/10"),
    DeskEntry("new", 3, "chronic_subdural", "本日中"),
    DeskEntry("new", 6, "fecal_occult", "いつでも"),
    DeskEntry("date", 1, "diabetes", "木曜以外、午前。担当医の希望なし"),
    DeskEntry("date", 5, "hip_fracture", "早めに"),
    DeskEntry("today", 2, "preterm_labor", "本日"),
    DeskEntry("admitted", 7, "pneumonia", "至急"),
    DeskEntry("overdue", 8, "atrial_fibrillation", "6月中旬"),
    DeskEntry("back", 9, "cataract", "7月"),
)
