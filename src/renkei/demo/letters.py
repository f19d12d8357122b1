"""Fills the texts of a scenario for one patient: letter content and replies that agree with each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from renkei.demo.model import PatientPlan
from renkei.demo.scenarios import Scenario, Slot
from renkei.referrals.types import Diagnosis, LetterContent, Prescription, ReplyKind

GREETINGS = (
    "いつも大変お世話になっております。",
    "平素より大変お世話になっております。",
    "いつもご高配を賜り、誠にありがとうございます。",
    "お世話になっております。",
)
CLOSINGS = (
    "ご多忙のところ恐れ入りますが、ご高診のほどよろしくお願い申し上げます。",
    "ご高診・ご加療のほど、何卒よろしくお願い申し上げます。",
    "お忙しいところ誠に恐縮ですが、よろしくお願い申し上げます。",
)
ALLERGIES = ("特記事項なし",) * 7 + (
    "ペニシリン系抗菌薬で発疹",
    "サバで蕁麻疹",
    "造影剤使用歴なし、薬剤アレルギーなし",
    "花粉症",
    "そば",
    "セフェム系抗菌薬で発疹",
)

# text, ICD-10, youngest age, usual drug; left out where the scenario names the same disease
COMORBID = (
    ("高血圧症", "I10", 50, "アムロジピン錠5mg|1回1錠 1日1回 朝食後|{days}日分"),
    ("脂質異常症", "E78.5", 45, "ロスバスタチン錠2.5mg|1回1錠 1日1回 夕食後|{days}日分"),
    ("逆流性食道炎", "K21.0", 50, "ランソプラゾールOD錠15mg|1回1錠 1日1回 朝食後|{days}日分"),
    ("不眠症", "G47.0", 60, "スボレキサント錠15mg|1回1錠 1日1回 就寝前|{days}日分"),
    ("高尿酸血症", "E79.0", 45, "フェブキソスタット錠10mg|1回1錠 1日1回 朝食後|{days}日分"),
    ("便秘症", "K59.0", 65, "酸化マグネシウム錠330mg|1回1錠 1日2回 朝夕食後|{days}日分"),
)

# text, youngest age at the event, sex, scenarios with which it would not agree
PAST = (
    ("虫垂切除術", 12, "any", ("appendicitis",)),
    ("胆嚢摘出術", 45, "any", ("gallstone",)),
    ("白内障手術（両眼）", 70, "any", ("cataract",)),
    ("大腸ポリープ切除", 50, "any", ("fecal_occult",)),
    ("橈骨遠位端骨折（保存的加療）", 45, "any", ()),
    ("肺炎で入院", 55, "any", ("pneumonia",)),
    ("尿管結石", 35, "male", ()),
    ("前立腺肥大症で加療", 62, "male", ("psa",)),
    ("子宮筋腫手術", 45, "female", ("myoma",)),
    ("ヘリコバクター・ピロリ除菌", 45, "any", ("gastric",)),
)


class _Slots(dict[str, str]):
    def __missing__(self, key: str) -> str:
        raise KeyError(f"the scenario uses a slot without a value: {key}")


@dataclass(frozen=True)
class Case:
    """One patient in one scenario with the drawn values, from which every text of the referral is made."""

    scenario: Scenario
    patient: PatientPlan
    sent_at: datetime
    values: dict[str, str]
    content: LetterContent

    def text(self, template: str, **more: str) -> str:
        """The template with this case's values."""
        return template.format_map(_Slots(self.values, **more))


def _draw(rng: Random, slot: Slot) -> str:
    first = slot[0]
    if isinstance(first, str):
        return str(rng.choice(slot))
    low, high, decimals = float(first), float(slot[1]), int(slot[2])
    value = round(rng.uniform(low, high), decimals)
    return f"{value:.{max(decimals, 0)}f}"


def month_day(at: datetime) -> str:
    """``6月5日``."""
    return f"{at.month}月{at.day}日"


def _onset(rng: Random, scenario: Scenario, at: datetime) -> str:
    days = rng.randint(*scenario.onset)
    if days <= 24:
        return f"{days}日前"
    then = at - timedelta(days=days)
    third = "上旬" if then.day <= 10 else "中旬" if then.day <= 20 else "下旬"
    return f"{then.month}月{third}頃"


def _egfr(creatinine: float, age: int, sex: str) -> str:
    """Japanese eGFR in mL/min/1.73 m² (rules K): 194·Cr^-1.094·age^-0.287, ×0.739 for women."""
    value = 194 * creatinine**-1.094 * max(age, 18) ** -0.287 * (0.739 if sex == "female" else 1.0)
    return f"{value:.1f}"


def _values(rng: Random, scenario: Scenario, patient: PatientPlan, at: datetime) -> dict[str, str]:
    age = patient.age_on(at.date())
    recent = at - timedelta(days=rng.randint(0, 3) if scenario.urgency[0] else 0)
    before = at - timedelta(days=rng.randint(70, 120))
    values = {
        "age": str(age),
        "onset": _onset(rng, scenario, at),
        "d0": f"{before.year}/{before.month}/{before.day}",
        "d1": f"{recent.year}/{recent.month}/{recent.day}",
        "bps": str(rng.randint(122, 158)),
        "bpd": str(rng.randint(66, 92)),
        "pulse": str(rng.randint(62, 92)),
        "spo2": str(rng.randint(95, 98)),
        "days": str(rng.choice((14, 28, 28, 30))),
    }
    values |= {name: _draw(rng, slot) for name, slot in scenario.slots.items()}
    if "cr" in values:
        values["egfr"] = _egfr(float(values["cr"]), age, patient.sex)
    return values


def _diagnosis(line: str) -> Diagnosis:
    text, icd10, mark = line.split("|")
    return Diagnosis(text=text, icd10=icd10, suspected=mark == "s")


def _prescription(line: str) -> Prescription:
    name, usage, amount = line.split("|")
    return Prescription(name, usage, amount)


def _past(rng: Random, scenario: Scenario, patient: PatientPlan, at: datetime) -> str:
    age = patient.age_on(at.date())
    fitting = [
        (text, youngest)
        for text, youngest, sex, excluded in PAST
        if youngest + 2 <= age and sex in {"any", patient.sex} and scenario.key not in excluded
    ]
    chosen = rng.sample(fitting, min(len(fitting), rng.choice((0, 1, 1, 2))))
    lines = sorted(
        (at.year - rng.randint(2, max(2, min(age - youngest, 25))), text) for text, youngest in chosen
    )
    return "、".join(f"{year}年 {text}" for year, text in lines) or "特記事項なし"


def _comorbid(rng: Random, scenario: Scenario, age: int) -> list[tuple[str, str, int, str]]:
    named = {line.split("|")[1][:3] for line in scenario.diagnoses}
    own = {drug.split("|")[0] for drug in scenario.drugs}
    fitting = [
        row
        for row in COMORBID
        if age >= row[2] and row[1][:3] not in named and row[3].split("|")[0] not in own
    ]
    return rng.sample(fitting, min(len(fitting), rng.choice((0, 0, 1, 2))))


def draw_case(rng: Random, scenario: Scenario, patient: PatientPlan, at: datetime) -> Case:
    """A case with a complete letter, coherent with the patient's age and sex on the day of writing."""
    values = _values(rng, scenario, patient, at)
    slots = _Slots(values)
    comorbid = _comorbid(rng, scenario, patient.age_on(at.date()))
    diagnoses = [_diagnosis(line.format_map(slots)) for line in scenario.diagnoses]
    diagnoses += [Diagnosis(text=text, icd10=icd10) for text, icd10, _, _ in comorbid]
    drugs = [
        _prescription(line.format_map(slots)) for line in (*scenario.drugs, *(row[3] for row in comorbid))
    ]
    course = rng.choice(GREETINGS) + rng.choice(scenario.course).format_map(slots) + rng.choice(CLOSINGS)
    content = LetterContent(
        purpose=rng.choice(scenario.purpose).format_map(slots),
        diagnoses=tuple(diagnoses),
        past_history=_past(rng, scenario, patient, at),
        family_history=rng.choice(scenario.family).format_map(slots),
        allergies=rng.choice(ALLERGIES) if patient.age_on(at.date()) >= 15 else "特記事項なし",
        course=course,
        results=scenario.results.format_map(slots),
        treatment=scenario.treatment.format_map(slots),
        prescriptions=tuple(drugs),
        prescription_text="" if drugs else "処方なし",
        remarks=rng.choice(scenario.remarks).format_map(slots),
    )
    return Case(scenario, patient, at, values, content)


def reply_text(case: Case, kind: ReplyKind, *, department: str, visited_at: datetime, admitted: bool) -> str:
    """The text of one of the five replies, in the voice of the receiving department."""
    name, day = case.patient.name.replace(" ", ""), month_day(visited_at)
    body = {
        ReplyKind.ARRIVAL_NOTICE: f"ご紹介いただきました{name}様は、{day}に当院{department}を受診されました。"
        "診療の経過は改めてご報告申し上げます。",
        ReplyKind.FIRST_REPORT: case.text(case.scenario.first),
        ReplyKind.INTERIM_REPORT: "その後の経過をご報告いたします。"
        + (
            "入院加療を継続しており、全身状態は改善傾向です。"
            if admitted
            else "外来で治療を継続しており、経過は安定しております。"
        )
        + "方針に変更があれば改めてご連絡申し上げます。",
        ReplyKind.DISCHARGE_REPORT: "退院のご報告を申し上げます。" + case.text(case.scenario.discharge),
        ReplyKind.FINAL_REPORT: case.text(case.scenario.final) + case.text(case.scenario.back),
    }[kind]
    thanks = (
        "ご紹介ありがとうございました。"
        if kind is not ReplyKind.INTERIM_REPORT
        else "お世話になっております。"
    )
    return f"{thanks}{body}今後ともよろしくお願い申し上げます。"


def back_content(case: Case, admitted: bool) -> LetterContent:
    """The letter with which the hospital gives the patient back (逆紹介)."""
    stay = case.text(case.scenario.discharge) if admitted else case.text(case.scenario.first)
    confirmed = tuple(
        Diagnosis(text=d.text, icd10=d.icd10, suspected=d.suspected and index > 0)
        for index, d in enumerate(case.content.diagnoses)
    )
    return LetterContent(
        purpose="症状が安定しましたので、貴院での継続診療をお願い申し上げます",
        diagnoses=confirmed,
        past_history=case.content.past_history,
        family_history=case.content.family_history,
        allergies=case.content.allergies,
        course="平素より大変お世話になっております。先日ご紹介いただきました患者様です。"
        + stay
        + case.text(case.scenario.final),
        results=case.content.results,
        treatment=case.text(case.scenario.back),
        prescriptions=case.content.prescriptions,
        prescription_text=case.content.prescription_text,
        remarks="急変時は当院地域医療連携室までご連絡ください。",
    )
