"""業務報告書 of a regional support hospital (規則9条の2, rules A.4): what is known is filled in, the rest is a marked blank."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from renkei.directory.queries import facility_by_id, representative
from renkei.gate.actor import Actor
from renkei.indicators.figures import closings, figures, judged
from renkei.indicators.types import Figure, Period
from renkei.kernel import clock
from renkei.kernel.eras import format_era

BLANK = "記入欄"
DUE = (10, 5)
"""To the governor by 5 October (10月5日まで)."""

Row = dict[str, Any]
REFERRAL, BACK = "referral_rate_medical_care_act", "back_referral_rate_medical_care_act"


def known(label: str, value: object, unit: str = "", note: str = "") -> Row:
    """A row that the product can fill in."""
    return {"label": label, "value": str(value), "unit": unit, "note": note, "blank": False}


class Ask(NamedTuple):
    """What a person fills in: in which unit, and how many lines of writing it wants."""

    label: str
    unit: str = ""
    lines: int = 1


def blank(label: str, unit: str = "", lines: int = 1, note: str = "") -> Row:
    """A row that a person fills in."""
    return {"label": label, "value": "", "unit": unit, "note": note, "blank": True, "lines": lines}


def blanks(*asked: Ask) -> list[Row]:
    """Several rows to fill in."""
    return [blank(*ask) for ask in asked]


def due_on(fiscal_year: int) -> date:
    """When the report of ``fiscal_year`` is due."""
    return date(fiscal_year + 1, *DUE)


def content_of(actor: Actor, period: Period) -> dict[str, Any]:
    """Everything that the report says, as plain values: the same bytes come from it for ever."""
    found = figures(actor, period)
    open_months = [m for m in period.months() if m not in closings(actor, period.months())]
    return {
        "title": "地域医療支援病院 業務報告書",
        "fiscal_year": period.first.year,
        "period": f"{format_era(period.first)}から{format_era(date.fromordinal(period.until.toordinal() - 1))}まで",
        "made_on": clock.today().isoformat(),
        "due_on": due_on(period.first.year).isoformat(),
        "facility": actor.facility_label,
        "open_months": [f"{m.year}年{m.month}月" for m in open_months],
        "definitions": [
            {**d.to_json(), "indicator": f.indicator.title, "related": len(d.related)}
            for f in (found[REFERRAL], found[BACK])
            for d in f.definitions
        ],
        "figures": {
            key: {"value": f.text, "unit": f.indicator.unit, "counts": dict(f.counts)}
            for key, f in found.items()
        },
        "verdicts": [
            {"law": j.law, "name": v.name, "label": v.label, "boundary": v.boundary}
            for j in judged(found)
            for v in j.verdicts
        ],
        "sections": [_cover(actor), _referrals(found, period), *_rest(found)],
    }


BUILDING = (
    Ask("集中治療室(病床数・設備概要)", lines=2),
    Ask("化学・細菌・病理の検査施設", lines=2),
    Ask("病理解剖室"),
    Ask("研究室"),
    Ask("講義室(室数・収容定員)"),
    Ask("図書室(室数・蔵書数)"),
    Ask("救急用又は患者搬送用自動車(主な設備・保有台数)"),
    Ask("医薬品情報管理室"),
)


def _cover(actor: Actor) -> Row:
    house = facility_by_id(actor.facility_id)
    head = representative(actor.facility_id)
    founder = house.organization.name if house and house.organization else ""
    rows = [
        blank("都道府県知事", note="宛先"),
        known("開設者の氏名", founder) if founder else blank("開設者の氏名"),
        blank("開設者の住所"),
        known("病院の名称", house.name if house else actor.facility_label),
        known("所在地", house.address if house else ""),
        known("管理者", head.holder) if head else blank("管理者"),
        known("病床数(計)", house.beds if house else "", "床"),
        *[blank(f"病床数({kind})", "床") for kind in ("精神", "感染症", "結核", "療養", "一般")],
        *blanks(*BUILDING),
    ]
    return {"number": 0, "title": "病院の概要", "rows": rows}


def _referrals(found: dict[str, Figure], period: Period) -> Row:
    rate, back = found[REFERRAL], found[BACK]
    top, bottom, given = rate.indicator.term("A"), rate.indicator.term("B"), back.indicator.term("C")
    rows = [
        known("算定期間", str(period)),
        known("紹介率", rate.text, "%", f"{rate.indicator.formula}"),
        known("逆紹介率", back.text, "%", f"{back.indicator.formula}"),
        known("A 紹介患者の数", f"{rate.counts.get('A', 0):,}", "人", top.note),
        known("B 初診患者の数", f"{rate.counts.get('B', 0):,}", "人", bottom.note),
        known("C 逆紹介患者の数", f"{back.counts.get('C', 0):,}", "人", given.note),
    ]
    return {
        "number": 1,
        "title": "他の病院又は診療所から紹介された患者に対し医療を提供した実績",
        "rows": rows,
    }


YES_NO = "有・無"
SHARED_USE = (
    Ask("共同利用を行った医療機関の延べ機関数", "機関"),
    Ask("うち開設者と直接関係のない医療機関の延べ機関数", "機関"),
    Ask("共同利用に係る病床の病床利用率", "%"),
    Ask("共同利用の範囲(建物・設備・器械)", lines=2),
    Ask("共同利用に関する規程の有無", YES_NO),
    Ask("利用医師等登録制度の担当者(氏名・職種)"),
    Ask("登録医療機関の名簿(別紙)"),
    Ask("常時共同利用可能な病床数", "床"),
)
EMERGENCY = (
    Ask("重症救急患者に対応できる医療従事者(別紙)"),
    Ask("優先的に使用できる病床・専用病床の数", "床"),
    Ask("診療施設の概要(24時間使用の可否)", lines=2),
    Ask("救急病院の告示等"),
    Ask("救急用又は患者輸送用自動車により搬入した救急患者の数", "人"),
)
OTHER_EMERGENCY = (Ask("上記以外の救急患者の数(うち初診)", "人"), Ask("救急車・搬送車の台数", "台"))
TRAINING = (
    Ask("研修の内容", lines=3),
    Ask("地域の医療従事者への研修の実施回数", "回"),
    Ask("研修者数(院内職員を除く)", "人"),
    Ask("研修プログラムの有無", YES_NO),
    Ask("研修委員会の有無", YES_NO),
    Ask("研修指導者(別紙)"),
    Ask("研修のための施設・設備", lines=2),
)
KEEPING = (
    Ask("管理責任者"),
    Ask("管理担当者"),
    Ask("記録の種別ごとの保管場所・分類方法", lines=3),
)
READING = (
    Ask("閲覧責任者"),
    Ask("閲覧担当者"),
    Ask("閲覧の求めに応じる場所"),
    Ask("総閲覧件数", "件"),
    Ask("内訳(医師・歯科医師・地方公共団体・その他)"),
)
COMMITTEE = (Ask("委員会の開催回数", "回"), Ask("委員会における議論の概要", lines=4))
COUNSEL = (
    Ask("相談を行う場所"),
    Ask("主に相談に対応した者"),
    Ask("相談件数", "件"),
    Ask("相談の概要(講じた対策)", lines=4),
)
ITEMS: tuple[tuple[int, str, tuple[Ask, ...]], ...] = (
    (2, "共同利用の実績", SHARED_USE),
    (3, "救急医療の提供の実績", EMERGENCY),
    (4, "地域の医療従事者の資質の向上を図るための研修の実績", TRAINING),
    (5, "診療並びに病院の管理及び運営に関する諸記録の管理方法", KEEPING),
    (6, "諸記録の閲覧方法及び閲覧の実績", READING),
    (7, "委員会の開催の実績", COMMITTEE),
    (8, "患者相談の実績", COUNSEL),
)
"""Items 2 to 8 with what a person fills in."""


def _rest(found: dict[str, Figure]) -> list[Row]:
    first_by_ambulance = found["referral_ratio_fee_schedule"].counts.get("E", 0)
    sections: list[Row] = [{"number": n, "title": title, "rows": blanks(*asked)} for n, title, asked in ITEMS]
    sections[1]["rows"] += [
        known("うち初診患者の数(受診の記録から)", f"{first_by_ambulance:,}", "人"),
        *blanks(*OTHER_EMERGENCY),
    ]
    return sections
