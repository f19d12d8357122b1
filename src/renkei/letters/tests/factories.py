"""Fictional letters of the demo region for the tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO

import pypdf

from renkei.kernel import clock
from renkei.letters.types import (
    Attachment,
    CoverSheetData,
    Diagnosis,
    LetterContent,
    NoticeLetterData,
    Party,
    PatientCard,
    PatientSlipData,
    Prescription,
    ReferralLetterData,
    ReplyContent,
    ReplyLetterData,
)

HOSPITAL = Party(
    "青葉県立中央病院",
    "9912345678",
    "循環器内科",
    "髙橋 健一",
    "999-0001",
    "青葉県青葉市中央1-1-1",
    "0999-00-1000",
    "0999-00-1001",
)
CLINIC = Party(
    "みどり町診療所",
    "9911111111",
    "",
    "山﨑 由美子",
    "999-0000",
    "青葉県みどり町緑1-2-3",
    "0999-00-0000",
    "0999-00-0001",
)
PATIENT = PatientCard(
    "𠮷田 花子",
    "ヨシダ ハナコ",
    "1950-05-05",
    "female",
    "999-0002",
    "青葉県みどり町栁田123",
    "0999-00-2345",
    "農業",
    "0012345",
)
LABORATORY = "検査項目\t2026-09-14\t2026-11-16\t単位\nBNP\t246.0\t612.5\tpg/mL\neGFR\t38.6\t34.0\tmL/分"
CONTENT = LetterContent(
    purpose="☑精査・加療 ☐手術\n労作時息切れの精査をお願いします。",
    diagnoses=(
        Diagnosis("慢性心不全", icd10="I50.9", onset_on="2024-05"),
        Diagnosis("虚血性心疾患", suspected=True),
    ),
    past_history="2018年 大腿骨頸部骨折",
    family_history="父：脳梗塞",
    allergies="ペニシリン系（発疹）",
    course="本年9月頃より坂道での息切れを自覚されました。SpO₂ 94%、血小板 15×10⁴/μL。",
    results=LABORATORY,
    treatment="フロセミドを40mgに増量しました。",
    prescriptions=(Prescription("フロセミド錠40mg", "1回1錠 1日1回 朝食後", "28日分"),),
    remarks="同意取得：本人（書面）。",
)
ISSUED_ON = date(2026, 11, 21)
LETTER = ReferralLetterData(
    uid="0198",
    number="REF-2026-000123",
    version=1,
    issued_on=ISSUED_ON,
    sender=CLINIC,
    receiver=HOSPITAL,
    patient=PATIENT,
    content=CONTENT,
    entered_by="川辺 まり",
    urgency="urgent",
    attachments=(Attachment("胸部X線画像", "CD-R 1枚"),),
    qr="https://renkei.example/r/0198",
)
BARE_LETTER = ReferralLetterData(
    "0199",
    "REF-2026-000124",
    1,
    ISSUED_ON,
    Party("みどり町診療所"),
    Party("青葉県立中央病院"),
    PatientCard("栁 剛"),
    LetterContent(purpose="精査をお願いします。"),
)
LONG_LETTER = replace(LETTER, content=replace(CONTENT, course="坂道で息切れを自覚されました。" * 300))
REPLY = ReplyLetterData(
    uid="0200",
    number="REP-2026-000456",
    version=1,
    issued_on=date(2026, 12, 18),
    kind="first_report",
    sender=HOSPITAL,
    receiver=CLINIC,
    patient=PATIENT,
    content=ReplyContent(
        visited_on="2026-12-03",
        next_visit_on="2027-01-14",
        diagnoses=(Diagnosis("慢性心不全（HFpEF）"),),
        course="循環器内科外来を受診されました。",
        plan="貴院での継続加療をお願いします。",
    ),
    referral_number="REF-2026-000123",
    referred_on="2026-11-21",
)
SLIP = PatientSlipData(
    number="SLP-2026-000789",
    issued_on=date(2026, 11, 24),
    patient=PATIENT,
    facility=HOSPITAL,
    starts_at=clock.jst(2026, 12, 3, 13, 30),
    come_at="13時10分までに受付へお越しください",
    desk="1階 2番 紹介患者受付",
    bring=("この予約票", "お薬手帳"),
    cautions=("来られなくなったときは、お電話ください。",),
    access="青葉中央駅から徒歩8分",
    qr="renkei:slip:0198",
)
NOTICE = NoticeLetterData(
    number="NTC-2026-000012",
    issued_on=date(2026, 11, 24),
    title="ご利用のご案内",
    recipient_name="山﨑 由美子",
    recipient_honorific="先生",
    recipient_postal_code="999-0000",
    recipient_address="青葉県みどり町緑1-2-3",
    sender=HOSPITAL,
    body="利用登録の準備が整いました。",
    credentials=(("ログイン名", "yamasaki-yumiko"), ("初回コード", "7K4P-92QX-MD3R")),
    valid_until="令和8年12月8日",
    steps=("アドレスを開きます。",),
    qr="https://renkei.example/start",
)
COVER = CoverSheetData(
    number="FAX-2026-000345",
    issued_on=ISSUED_ON,
    sender=CLINIC,
    receiver=HOSPITAL,
    subject="診療情報提供書の送付",
    page_count=4,
    message="受診日が決まりましたらお知らせください。",
    enclosures=(Attachment("診療情報提供書", "3枚"),),
    qr="renkei:fax:0198",
)


def page_texts(pdf: bytes) -> list[str]:
    """The text of each page, spaces and line breaks taken out, since both depend on the layout."""
    return ["".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(pdf)).pages]


def text_of(pdf: bytes) -> str:
    """The text of the whole PDF without spaces."""
    return "".join(page_texts(pdf))
