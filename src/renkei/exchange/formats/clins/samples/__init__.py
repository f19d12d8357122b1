"""Two fictional letters and the documents that they become (``*.json``, written by :func:`write`).

``python -m renkei.exchange.formats.clins.samples`` writes the files anew; a test keeps them fresh.
"""

from __future__ import annotations

from pathlib import Path

from renkei.exchange.formats.clins.build import build
from renkei.exchange.formats.clins.codes import DISEASE_KEY, YJ
from renkei.referrals.types import (
    Diagnosis,
    LetterContent,
    LetterDocument,
    Party,
    PatientCard,
    Prescription,
    Section,
)

FOLDER = Path(__file__).parent

_CLINIC = Party(
    facility_name="さくら内科クリニック",
    institution_number="1410112345",
    department="内科",
    physician="佐倉 健一",
    postal_code="220-0001",
    address="神奈川県横浜市西区架空町1-2-3",
    phone="045-00-0101",
    fax="045-00-0102",
)
_HOSPITAL = Party(
    facility_name="架空総合病院",
    institution_number="1410167890",
    department="消化器内科",
    physician="山岸 直美",
    postal_code="220-0002",
    address="神奈川県横浜市西区架空町4-5-6",
    phone="045-00-0201",
)

REFERRAL = LetterDocument(
    uid="0192f3a4-7c1e-7b2a-9d3e-5f6a7b8c9d0e",
    number="R-2026-000123",
    version=1,
    issued_at="2026-06-01T09:30:00+09:00",
    sender=_CLINIC,
    receiver=_HOSPITAL,
    patient=PatientCard(
        name="𠮷田 花子",
        kana="ヨシダ ハナコ",
        birth_on="1958-03-09",
        sex="female",
        postal_code="220-0003",
        address="神奈川県横浜市西区架空町7-8-9",
        phone="045-00-0301",
        occupation="会社員",
        local_number="000123",
        insured_number="06140012:１２:３４５６:01",
    ),
    content=LetterContent(
        purpose="上部消化管内視鏡検査をお願いいたします。",
        diagnoses=(
            Diagnosis("胃潰瘍", "20054321", DISEASE_KEY, "K259", "2026-05", suspected=True),
            Diagnosis("高血圧症", onset_on="2015"),
        ),
        past_history="2003年　虫垂炎で手術",
        family_history="父　胃癌（70歳）",
        allergies="ペニシリンで発疹",
        course="2週間前から食後の心窩部痛があります。\n黒色便はありません。",
        results="Hb 10.2 g/dL（3か月前 12.8 g/dL）\n腹部エコー　異常なし",
        treatment="プロトンポンプ阻害薬を開始し、症状はやや軽快しています。",
        prescriptions=(
            Prescription("架空プラゾールOD錠15mg", "1日1回 朝食後", "1錠 14日分", "2329000F9999", YJ),
            Prescription("架空ジピン錠5mg", "1日1回 朝食後", "1錠 28日分"),
        ),
        remarks="6月中の平日午前を希望されています。ご家族が同伴されます。",
        extra_sections=(Section("610", "身体所見", "心窩部に軽い圧痛。反跳痛なし。"),),
    ),
    entered_by="事務 太郎",
)

BACK_REFERRAL = LetterDocument(
    uid="0192f3a4-9a00-7c44-8e21-00aa11bb22cc",
    number="B-2026-000045",
    version=2,
    issued_at="2026-07-15T16:05:00+09:00",
    sender=_HOSPITAL,
    receiver=Party(facility_name="架空町訪問看護ステーション"),
    patient=PatientCard(name="髙橋 𠮷之助", kana="タカハシ ヨシノスケ", birth_on="1925-12-01", sex="male"),
    content=LetterContent(
        purpose="在宅での療養の継続をお願いいたします。",
        course="肺炎で入院し、抗菌薬治療で軽快しました。",
        prescription_text="お薬手帳をご覧ください。",
    ),
    kind_title="逆紹介状",
)

LETTERS: dict[str, LetterDocument] = {"referral": REFERRAL, "back_referral": BACK_REFERRAL}


def write() -> None:
    """Write the sample documents into this folder."""
    for name, letter in LETTERS.items():
        (FOLDER / f"{name}.json").write_bytes(build(letter))
